#include "daemon/daemon.h"

#include <unistd.h>

#include <future>
#include <utility>

#include "base/version.h"

namespace ferry::daemon {
namespace {

constexpr Duration kTick = std::chrono::seconds(2);

tl::unexpected<Error> no_swaps(std::string what) {
  return fail(ErrorCode::kUnsupported, std::move(what), "this daemon swaps nothing yet");
}

}  // namespace

Daemon::Daemon(net::Loop& loop, Backend& backend, DaemonOptions options,
               std::function<void()> on_quit)
    : loop_(loop),
      options_(std::move(options)),
      on_quit_(std::move(on_quit)),
      started_(control::unix_millis_now()),
      store_(options_.links_file),
      workers_(loop),
      tunnels_(loop, options_.tunnels,
               [this](const control::TunnelStatus& status) {
                 control::Event event{.kind = control::EventKind::kTunnel};
                 event.tunnel = status;
                 events_.publish(std::move(event));
               }),
      links_(LinkHouse{loop, workers_, tunnels_, backend}, store_, events_),
      ticker_(loop, [this] { tick(); }) {}

Daemon::~Daemon() { links_.close(); }

void Daemon::start() {
  links_.restore();
  ticker_.start(kTick);
}

void Daemon::close() {
  links_.close();
  ticker_.stop();
}

void Daemon::tick() {
  links_.sample_rates();
  if (wake_watch_.woke_up()) tunnels_.check_now();
  ticker_.start(kTick);
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
  return no_swaps("swapping " + to_string(spec.workload));
}

Result<control::SwapPlanText> Daemon::plan_swap(control::SwapSpec spec) {
  return no_swaps("planning to swap " + to_string(spec.workload));
}

Result<std::vector<control::SwapListing>> Daemon::list_swaps(control::KubeAccess /*kube*/) {
  return no_swaps("listing swaps");
}

Result<std::string> Daemon::restore(control::RestoreSpec spec,
                                    std::function<void(const control::Event&)> /*on_event*/) {
  return no_swaps("restoring " + to_string(spec.workload));
}

Result<std::string> Daemon::environment(const std::string& id) {
  return no_swaps("reading the environment of " + id);
}

Status Daemon::remove_link(const std::string& id) {
  return on_loop([&] { return links_.remove(id); });
}

Result<control::LinkStatus> Daemon::link(const std::string& id) {
  return on_loop([&] { return std::as_const(links_).status(id); });
}

std::vector<control::LinkStatus> Daemon::links() {
  return on_loop([&] { return links_.status(); });
}

control::DaemonStatus Daemon::status() {
  control::DaemonStatus status{.version = std::string(version()),
                               .pid = static_cast<std::uint32_t>(getpid()),
                               .started = started_,
                               .socket = options_.socket,
                               .log_file = options_.log_file};
  return on_loop([&] {
    status.links = links_.status();
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
