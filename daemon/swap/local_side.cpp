#include "daemon/swap/local_side.h"

#include <utility>

#include "daemon/own_environment.h"

namespace ferry::daemon {

using control::EventKind;

LocalSide::LocalSide(const LinkHouse& house, const control::SwapSpec& spec,
                     LocalSideOptions options, LocalSideEvents& events)
    : house_(house),
      options_(std::move(options)),
      probed_(options_.probes.readiness && spec.probes != control::ProbeMode::kNone),
      events_(events) {
  std::vector<LocalPorts::Port> ports;
  ProbeSetOptions probes{
      .probes = options_.probes,
      .surroundings = {.environment = spec.kube.environment.empty() ? own_environment()
                                                                    : spec.kube.environment},
      .mode = spec.probes,
      .restarts = spec.restart};
  if (!options_.kubernetes_version.empty()) {
    probes.surroundings.kubernetes_version = options_.kubernetes_version;
  }
  for (const auto& port : options_.ports) {
    ports.push_back({.remote = port.remote, .local = port.local});
    probes.surroundings.ports.emplace(port.remote, port.local);
  }
  const StandInPlace& place = options_.place;
  tunnel_ = &house_.tunnels.acquire(
      "swap " + place.swap_id, [&] { return house_.backend.stand_in(place); },
      {.route = control::Route::kProxy,
       .context = place.cluster.context,
       .kube_namespace = place.cluster.ns},
      *this);
  ServiceCheckEvents& check_events = *this;
  check_ = std::make_unique<ServiceCheck>(house_.loop, *tunnel_, options_.ways, house_.test_every,
                                          check_events);
  ProbeEvents& probe_events = *this;
  probes_ =
      std::make_unique<ProbeSet>(house_.loop, house_.workers, std::move(probes), probe_events);
  LocalPortsEvents& port_events = *this;
  ports_ =
      std::make_unique<LocalPorts>(house_.loop, *tunnel_, ports, spec.proxy_protocol, port_events);
  environment_follower_ =
      std::make_unique<EnvironmentFollower>(house_.loop, *tunnel_, [this](std::string line) {
        environment_ = std::move(line);
        events_.on_local_side_message(EventKind::kFiles, {});
      });
}

LocalSide::~LocalSide() {
  environment_follower_.reset();
  check_.reset();  // may still tell the ports
  ports_.reset();
  probes_.reset();
  house_.tunnels.release(*tunnel_, *this);
}

void LocalSide::start() { probes_->start(); }

std::vector<control::ExposedPort> LocalSide::ports() const {
  std::vector<control::ExposedPort> ports;
  for (const auto& port : options_.ports) {
    ports.push_back({port.local, port.remote, ports_->open(port.remote)});
  }
  return ports;
}

// A readiness probe tells whether it takes callers; without one, that is when all its ports do.
bool LocalSide::process_runs() const { return probed_ ? ports_->any_open() : ports_->all_open(); }

std::string LocalSide::obstacle() const {
  if (!connected()) return tunnel_->status().reason;
  if (probes_->ready()) return {};
  for (const auto& port : options_.ports) {
    if (process_runs()) break;
    if (!ports_->open(port.remote)) {
      return "nothing listens on 127.0.0.1:" + std::to_string(port.local);
    }
  }
  return probes_->why();
}

void LocalSide::on_tunnel_changed() {
  const bool complete = environment_follower_ != nullptr;
  if (complete) events_.on_local_side_changed();
}

void LocalSide::on_tunnel_progress(const std::string& message) {
  events_.on_local_side_message(EventKind::kProgress, message);
}

void LocalSide::on_ready_changed(bool ready, const std::string& /*why*/) {
  tunnel_->set_ready(ready);
  events_.on_local_side_changed();
}

void LocalSide::on_probe_event(const std::string& line) {
  events_.on_local_side_message(EventKind::kNotice, line);
  events_.on_local_side_changed();
}

void LocalSide::on_liveness_failed(const std::string& why) {
  events_.on_local_side_message(EventKind::kLiveness, why);
}

void LocalSide::on_ports_changed() {
  probes_->set_port_open(process_runs());
  events_.on_local_side_changed();
}

void LocalSide::on_port_refused(std::uint16_t remote, const std::string& why) {
  events_.on_local_side_message(EventKind::kNotice, "the stand-in can't listen on port " +
                                                        std::to_string(remote) + ": " + why +
                                                        "; callers of that port are refused");
}

}  // namespace ferry::daemon
