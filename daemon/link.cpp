#include "daemon/link.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "daemon/problems.h"

namespace ferry::daemon {

using control::LinkState;

namespace {
constexpr Duration kFirstRetry = std::chrono::seconds(1);
constexpr Duration kLongestRetry = std::chrono::seconds(30);
constexpr Duration kCausePatience =
    std::chrono::seconds(3);  // until the cause of waiting is looked for
}  // namespace

Link::Link(const LinkHouse& house, std::string id, control::LinkSpec spec, bool keep_trying,
           LinkEvents& events)
    : house_(house),
      id_(std::move(id)),
      spec_(std::move(spec)),
      keep_trying_(keep_trying),
      events_(events),
      since_(control::unix_millis_now()),
      created_(since_),
      backoff_(kFirstRetry, kLongestRetry),
      retry_(house.loop, [this] { look_up_target(); }),
      ending_(house.loop, [this] { give_up(*last_error_); }),
      cut_short_(house.loop, [this] { give_up(*last_error_); }),
      health_(house.loop, spec_.ports.size(), house.test_every, [this] { assess(); }),
      waiting_cause_(house.loop, house.workers, kCausePatience,
                     [this](const std::string& line) { notice(line); }) {}

Link::~Link() { take_down(); }

void Link::start() { retry_.start(backoff_.next()); }

control::LinkStatus Link::status() const {
  control::LinkStatus status{.id = id_,
                             .target = spec_.target,
                             .context = cluster_.context,
                             .kube_namespace = plan_.ns,
                             .detached = spec_.detach,
                             .state = state_,
                             .reason = reason_,
                             .since = since_,
                             .created = created_,
                             .traffic = meter_.read(open_traffic()),
                             .last_error = last_error_};
  for (std::size_t i = 0; i < spec_.ports.size(); ++i) {
    control::PortStatus port{.local = spec_.ports[i].local, .remote = spec_.ports[i].remote};
    if (i < plan_.ports.size()) {
      port.remote_port = plan_.ports[i].remote;
      port.target_port = plan_.ports[i].target;
    }
    if (i < ports_.size()) port.addresses = ports_[i]->addresses();
    status.ports.push_back(std::move(port));
  }
  if (route_) {
    status.route = route_->kind();
    status.tunnel = route_->tunnel_id();
  }
  status.test = health_.last_test();
  status.test.way = "a connection to " + to_string(spec_.target);
  return status;
}

OpenTraffic Link::open_traffic() const { return route_ ? route_->traffic(*this) : OpenTraffic{}; }

void Link::test_now() {
  if (health_.watching()) return health_.test_now();
  health_.not_tested(not_tested(reason_));
}

Error Link::not_tested(const std::string& why) const {
  return Error{problem::kNotTested, "testing " + to_string(spec_.target),
               why.empty() ? "the way there is still being made" : why};
}

// --- the state -----------------------------------------------------------------------------------

// Nothing is said while the first answer is still to come.
void Link::assess() {
  if (!route_ || ending_.active()) return;
  if (lacks_pods() && end_if_hopeless(*follow_error_)) return;
  if (const auto why = obstacle()) {
    health_.stop(not_tested(*why));
    const bool first_time = state_ == LinkState::kStarting && why->empty();
    if (!first_time) set_state(LinkState::kWaiting, *why);
    return;
  }
  health_.watch(*route_);
  if (const auto error = health_.trouble()) {
    last_error_ = error;
    if (end_if_hopeless(*error)) return;
    set_state(LinkState::kWaiting, error->summary());
  } else if (health_.proven()) {
    set_state(LinkState::kActive, {});
  }
}

// A new link that isn't allowed to do what it is for doesn't wait until it is.
bool Link::end_if_hopeless(const Error& error) {
  const bool refused =
      error.code == ErrorCode::kForbidden || error.code == ErrorCode::kUnauthenticated;
  if (!refused || state_ != LinkState::kStarting || keep_trying_) return false;
  last_error_ = error;
  health_.stop(error);
  ending_.start({});
  return true;
}

// Connections go to the target's pods, and these couldn't be found out once.
bool Link::lacks_pods() const {
  const bool needs_pods = tunnel_ == nullptr || plan_.dial_host.empty();
  return follow_error_ && needs_pods && !view_;
}

// Why connections can't be served now, as far as that is known without trying; empty text while the
// answer is still to come.
std::optional<std::string> Link::obstacle() const {
  if (auto blocked = route_->blocked(); !blocked.empty()) {
    const bool trying_first =
        !tunnel_->ever_ready() && (!tunnel_->status().last_error || cut_short_.active());
    return trying_first ? std::string() : blocked;
  }
  if (plan_.follow == TargetPlan::Follow::kNothing) return {};
  if (lacks_pods()) return follow_error_->summary();
  if (view_ && view_->pods.empty()) return "no ready endpoints: " + view_->trouble;
  if (view_ || follow_error_) return {};
  return std::string();  // its pods are still to be heard of
}

void Link::set_state(LinkState state, const std::string& reason) {
  if (state_ == state && reason_ == reason) return;
  // While the way to the cluster is cut, the target is not to blame.
  if (state == LinkState::kWaiting && route_ && route_->blocked().empty()) {
    waiting_cause_.waits(cluster_, spec_.target);
  } else {
    waiting_cause_.goes_on();
  }
  if (state_ != state) since_ = control::unix_millis_now();
  state_ = state;
  reason_ = reason;
  spdlog::info("link {}: {}{}{}", id_, name_of(state), reason.empty() ? "" : ": ", reason);
  events_.on_link_changed(*this);
}

void Link::give_up(const Error& error) {
  spdlog::warn("link {}: {}", id_, error.summary());
  last_error_ = error;
  take_down();
  if (!keep_trying_) {
    state_ = LinkState::kFailed;
    reason_ = error.summary();
    since_ = control::unix_millis_now();
    events_.on_link_failed(*this, error);
    return;
  }
  retry_.start(backoff_.next());
  set_state(LinkState::kStarting, error.summary() + "; trying again");
}

void Link::take_down() {
  retry_.stop();
  ending_.stop();
  look_up_.reset();
  waiting_cause_.goes_on();
  follower_.reset();
  health_.stop(not_tested(last_error_ ? last_error_->summary() : reason_));
  ports_.clear();
  if (route_) route_->forget(*this);
  route_.reset();
  leave_tunnel();
  view_.reset();
  follow_error_.reset();
}

void Link::notice(const std::string& message) {
  spdlog::info("link {}: {}", id_, message);
  events_.on_link_message(*this, control::EventKind::kNotice, message);
}

// --- connections ---------------------------------------------------------------------------------

void Link::accepted(std::size_t port, std::unique_ptr<net::ByteStream> stream) {
  meter_.began();
  route_->carry(port, std::move(stream), *this);
}

void Link::on_connected(std::size_t port) { health_.connected(port); }

void Link::on_ended(std::size_t port, const ConnectionEnd& end) {
  meter_.ended(end);
  if (!end.error) return;
  spdlog::debug("link {}: {}", id_, end.error->summary());
  last_error_ = end.error;
  if (!end.opened) health_.refused(port, *end.error);
}

}  // namespace ferry::daemon
