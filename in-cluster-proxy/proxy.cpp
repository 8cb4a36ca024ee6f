#include "in-cluster-proxy/proxy.h"

#include <spdlog/spdlog.h>

#include <optional>
#include <utility>

#include "base/process_memory.h"

namespace ferry::proxy {
namespace {

// While a stand-in drains: a connection that was quiet for so long isn't in the middle of anything.
// Those that are never that quiet are let go between two requests, shortly before the end.
constexpr Duration kQuiet = std::chrono::seconds(2);
constexpr Duration kQuietAtTheEnd = std::chrono::milliseconds(30);
constexpr Duration kTheEnd = std::chrono::seconds(3);
constexpr Duration kLookEvery = std::chrono::milliseconds(10);
// That a daemon doesn't come back for its streams is no event; so often it is looked at.
constexpr Duration kDrainedLookEvery = std::chrono::milliseconds(100);

std::unique_ptr<StandIn> make_stand_in(net::Loop& loop, const Config& config,
                                       OrphanRestore* restore) {
  if (!config.stand_in) return nullptr;
  return std::make_unique<StandIn>(loop, *config.stand_in, restore);
}

}  // namespace

Result<std::unique_ptr<Proxy>> Proxy::create(net::Loop& loop, Config config,
                                             std::function<void()> on_over,
                                             OrphanRestore* restore) {
  net::TlsMutualOptions options;
  options.identity = {config.tls.certificate_pem, std::exchange(config.tls.key_pem, {})};
  options.trusted_pem = config.tls.ca_pem;
  Result<net::TlsContext> tls = net::TlsContext::mutual_server(options);
  wipe(options.identity.key_pem);  // OpenSSL has it now
  if (!tls) return fail(tls.error());
  std::unique_ptr<Proxy> proxy(
      new Proxy(loop, std::move(config), std::move(*tls), std::move(on_over), restore));
  if (Status listening = proxy->listen(); !listening) return fail(listening.error());
  proxy->on_change();
  return proxy;
}

Proxy::Proxy(net::Loop& loop, Config config, net::TlsContext tls, std::function<void()> on_over,
             OrphanRestore* restore)
    : loop_(loop),
      config_(std::move(config)),
      on_over_(std::move(on_over)),
      stand_in_(make_stand_in(loop, config_, restore)),
      policy_(config_.rules),
      dialer_(loop, policy_, config_.dial_timeout, config_.limits.pending_dials,
              config_.limits.sessions),
      idle_(loop, [this] { end("nobody was attached for a while"); }),
      drain_deadline_(loop, [this] { end("the time for draining is over"); }),
      accepting_(loop, [this] { stop_accepting(); }),
      quiet_look_(loop, [this] { let_go_of_quiet(); }),
      drained_look_(loop, [this] { on_change(); }),
      sessions_(loop, dialer_, stand_in_.get(), config_, metrics_, [this] { on_change(); }),
      gate_(loop, std::move(tls), config_.limits, metrics_, sessions_),
      health_(loop, {.not_ready = [this] { return not_ready(); },
                     .metrics = [this] { return prometheus_text(metrics_, gauges()); }}) {}

Proxy::~Proxy() = default;

Status Proxy::listen() {
  if (Status status = gate_.listen(config_.listen); !status) return status;
  std::optional<Error> refused;
  for (const net::HostPort& address : config_.health_listen) {
    if (Status status = health_.listen(address); !status) {
      spdlog::debug("not listening on {}: {}", net::to_string(address), status.error().why);
      refused = status.error();
    }
  }
  std::vector<std::uint16_t> own_ports = {gate_.address().port};
  for (const net::HostPort& address : health_.addresses()) own_ports.push_back(address.port);
  policy_.refuse_own_ports(own_ports);
  // A pod may have one address family only: one of the addresses is enough.
  if (refused && health_.addresses().empty()) return fail(*refused);
  return {};
}

void Proxy::drain() {
  if (draining_) return end("asked to end twice");
  spdlog::info("draining: {} streams of {} sessions", sessions_.live_streams(),
               sessions_.attached());
  draining_ = true;
  gate_.end_of_sessions();
  drain_deadline_.start(config_.drain_timeout);
  drained_by_ = loop_.now() + config_.drain_timeout;
  if (stand_in_) accepting_.start(config_.stand_in->drain_accept);
  sessions_.drain();
  on_change();
}

void Proxy::stop_accepting() {
  stand_in_->links.close_all();
  let_go_of_quiet();
  on_change();
}

void Proxy::let_go_of_quiet() {
  const bool at_the_end = loop_.now() + kTheEnd >= drained_by_;
  sessions_.let_go_of_quiet(at_the_end ? kQuietAtTheEnd : kQuiet);
  quiet_look_.start(kLookEvery);
}

std::string_view Proxy::not_ready() const {
  if (draining_) return "draining";
  if (!stand_in_ || sessions_.ready()) return {};
  return sessions_.attached() == 0 ? "no daemon is attached" : "the local process is not ready";
}

Gauges Proxy::gauges() const {
  return {.waiting = gate_.waiting(),
          .attached = sessions_.attached(),
          .kept = sessions_.size() - sessions_.attached(),
          .streams = sessions_.streams(),
          .memory = sessions_.memory()};
}

void Proxy::on_change() {
  if (over_) return;
  if (stand_in_) stand_in_->orphan.set_attached(sessions_.attached() > 0);
  if (draining_) {
    if (sessions_.live_streams() == 0 && !accepting_.active()) return end("drained");
    drained_look_.start(kDrainedLookEvery);
    return;
  }
  const bool idle = sessions_.needed() == 0 && config_.idle_exit > Duration::zero();
  if (!idle) {
    idle_.stop();
  } else if (!idle_.active()) {
    idle_.start(config_.idle_exit);
  }
}

void Proxy::end(const std::string& why) {
  if (std::exchange(over_, true)) return;
  spdlog::info("ending: {}", why);
  on_over_();
}

}  // namespace ferry::proxy
