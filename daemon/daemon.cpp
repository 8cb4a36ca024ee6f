#include "daemon/daemon.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <future>
#include <utility>

#include "base/version.h"
#include "daemon/diagnosis.h"
#include "daemon/door_check.h"
#include "daemon/holder.h"
#include "daemon/swap/swap_requests.h"
#include "daemon/swap/swap_steps.h"

namespace ferry::daemon {
namespace {

constexpr Duration kTick = std::chrono::seconds(2);

TunnelOptions with_holder(TunnelOptions options, Backend& backend) {
  options.session.holder = make_holder(backend.installation_id(), local_owner());
  return options;
}

}  // namespace

Daemon::Daemon(net::Loop& loop, Backend& backend, DaemonOptions options,
               std::function<void()> on_quit)
    : loop_(loop),
      options_(std::move(options)),
      on_quit_(std::move(on_quit)),
      started_(control::unix_millis_now()),
      backend_(backend),
      store_(options_.links_file),
      swap_store_(options_.swaps_file),
      workers_(loop),
      tunnels_(loop, with_holder(options_.tunnels, backend), options_.tunnel_memory,
               [this](const control::TunnelStatus& status) {
                 control::Event event{.kind = control::EventKind::kTunnel};
                 event.tunnel = status;
                 events_.publish(std::move(event));
               }),
      links_(LinkHouse{loop, workers_, tunnels_, backend, pace_, options_.test_every}, store_,
             events_),
      swaps_(LinkHouse{loop, workers_, tunnels_, backend, pace_, options_.test_every}, swap_store_,
             events_),
      wake_watch_(kTick, WakeWatch::clock()),
      address_watch_(loop, [this] { look_around("the network changed"); }),
      ticker_(loop, [this] { tick(); }) {}

Daemon::~Daemon() { links_.close(); }

void Daemon::start() {
  links_.restore();
  swaps_.restore();
  ticker_.start(kTick);
}

void Daemon::close(std::function<void()> done) {
  closing_.cancel();
  links_.close();
  swaps_.end_all([this, done = std::move(done)] {
    ticker_.stop();
    done();
  });
}

void Daemon::tick() {
  links_.sample_rates();
  swaps_.sample_rates();
  if (wake_watch_.was_away(WakeWatch::clock())) look_around("woke up");
  ticker_.start(kTick);
}

void Daemon::look_around(const char* why) {
  spdlog::info("{}: probing the tunnels", why);
  tunnels_.check_now();
}

// --- the service ---------------------------------------------------------------------------------

template <typename Work>
auto Daemon::on_loop(Work work) {
  std::promise<decltype(work())> promise;
  auto answer = promise.get_future();
  // The caller waits, so what it captured stays where it is.
  loop_.post([&promise, &work] { promise.set_value(work()); });
  return answer.get();
}

Result<control::LinkStatus> Daemon::add_link(control::LinkSpec spec) {
  return on_loop([&] { return links_.add(std::move(spec)); });
}

Result<control::LinkStatus> Daemon::add_swap(control::SwapSpec spec) {
  return on_loop([&] { return swaps_.add(std::move(spec)); });
}

Result<control::SwapPlanText> Daemon::plan_swap(control::SwapSpec spec) {
  return plan_text(backend_, spec, closing_);
}

Result<std::vector<control::SwapListing>> Daemon::list_swaps(control::KubeAccess kube) {
  return daemon::list_swaps(backend_, kube, closing_);
}

Result<control::Diagnosis> Daemon::diagnose(control::DiagnoseSpec spec) {
  if (!spec.link.empty()) return diagnose_link(spec.link);
  return diagnose_target(
             backend_, spec.kube, spec.target,
             [this](const Cluster& cluster, std::vector<diagnose::Door> doors) {
               return try_doors(cluster, std::move(doors));
             },
             closing_)
      .map(for_clients);
}

Result<control::Diagnosis> Daemon::diagnose_link(const std::string& id) {
  const auto place = on_loop([&]() -> Result<LinkPlace> {
    const bool swap = swaps_.has(id);
    auto link = swap ? std::as_const(swaps_).status(id) : std::as_const(links_).status(id);
    if (!link) return fail(link.error());
    auto kube = swap ? swaps_.place(id) : links_.place(id);
    return LinkPlace{std::move(*link), std::move(*kube), tunnels_.status()};
  });
  if (!place) return fail(place.error());
  return for_clients(daemon::diagnose_link(backend_, *place, closing_));
}

std::vector<diagnose::Knock> Daemon::try_doors(const Cluster& cluster,
                                               std::vector<diagnose::Door> doors) {
  using Knocks = std::vector<diagnose::Knock>;
  const auto promise = std::make_shared<std::promise<Knocks>>();
  auto answer = promise->get_future();
  loop_.post([this, promise, cluster, doors = std::move(doors)] {
    const auto check = std::make_shared<std::unique_ptr<DoorCheck>>();
    *check = std::make_unique<DoorCheck>(loop_, tunnels_, proxy_key(cluster),
                                         backend_.pod_dialer(cluster), doors,
                                         [this, promise, check](Knocks knocks) {
                                           loop_.delete_later(std::move(*check));
                                           promise->set_value(std::move(knocks));
                                         });
  });
  return answer.get();
}

Result<std::string> Daemon::restore(control::RestoreSpec spec,
                                    std::function<void(const control::Event&)> on_event) {
  return restore_swap(backend_, spec, on_event, closing_);
}

Result<std::string> Daemon::environment(const std::string& id) {
  return on_loop([&] { return std::as_const(swaps_).environment(id); });
}

Status Daemon::remove_link(const std::string& id) {
  return on_loop([&] { return swaps_.has(id) ? swaps_.remove(id) : links_.remove(id); });
}

Result<control::LinkStatus> Daemon::link(const std::string& id) {
  return on_loop([&] {
    return swaps_.has(id) ? std::as_const(swaps_).status(id) : std::as_const(links_).status(id);
  });
}

Result<control::LinkStatus> Daemon::test_link(const std::string& id) {
  on_loop([&] {
    swaps_.has(id) ? swaps_.test_now(id) : links_.test_now(id);
    return true;
  });
  return link(id);
}

std::vector<control::LinkStatus> Daemon::all_links() const {
  auto all = links_.status();
  for (auto& swap : swaps_.status()) all.push_back(std::move(swap));
  return all;
}

std::vector<control::LinkStatus> Daemon::links() {
  return on_loop([&] { return all_links(); });
}

control::DaemonStatus Daemon::status() {
  control::DaemonStatus status{.version = std::string(version()),
                               .pid = static_cast<std::uint32_t>(getpid()),
                               .started = started_,
                               .socket = options_.socket,
                               .log_file = options_.log_file};
  return on_loop([&] {
    status.links = all_links();
    status.tunnels = tunnels_.status();
    return std::move(status);
  });
}

std::unique_ptr<control::Subscription> Daemon::subscribe(
    std::function<void(const control::Event&)> on_event) {
  return events_.subscribe(std::move(on_event));
}

void Daemon::quit() {
  loop_.post([this] { on_quit_(); });
}

}  // namespace ferry::daemon
