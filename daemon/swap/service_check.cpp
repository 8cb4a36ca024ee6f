#include "daemon/swap/service_check.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "daemon/idle_stream.h"
#include "daemon/problems.h"

namespace ferry::daemon {
namespace {

// Connections inside a cluster take milliseconds.
constexpr Duration kWayPatience = std::chrono::seconds(3);
constexpr Duration kWayLinger = std::chrono::milliseconds(300);
constexpr Duration kFirstWayRetry = std::chrono::seconds(1);
constexpr Duration kLongestWayRetry = std::chrono::seconds(30);

bool is_refusal(const Error& error) { return error.id == problem::kTargetRefused.id; }

// "svc/a, svc/b"; those of one Service follow each other.
std::string services_of(const std::vector<ServiceWay>& ways) {
  std::string names;
  for (std::size_t i = 0; i < ways.size(); ++i) {
    if (i > 0 && ways[i].service == ways[i - 1].service) continue;
    names += (names.empty() ? "" : ", ") + ways[i].service;
  }
  return names;
}

}  // namespace

std::vector<ServiceWay> service_ways(const swap::SwapPlan& plan) {
  std::vector<ServiceWay> ways;
  for (const auto& service : plan.services) {
    if (service.address.empty()) continue;
    for (const auto& port : service.ports) {
      ways.push_back({"svc/" + service.name, {service.address, port.port}, port.remote});
    }
  }
  return ways;
}

ServiceCheck::ServiceCheck(net::Loop& loop, Tunnel& tunnel, std::vector<ServiceWay> ways,
                           Duration test_every, ServiceCheckEvents& events)
    : loop_(loop),
      tunnel_(tunnel),
      test_every_(test_every),
      events_(events),
      backoff_(kFirstWayRetry, kLongestWayRetry),
      due_(loop, [this] { test_or_wait(); }),
      limit_(loop, [this] { out_of_time(); }),
      next_(loop, [this] { next_way(); }) {
  if (ways.empty()) return;
  std::string untested;
  if (ways.size() > kMaxWays) {
    untested = "; not tested: " + std::to_string(ways.size() - kMaxWays) + " more";
    ways.resize(kMaxWays);
  }
  last_test_.way = "from inside the cluster through " + services_of(ways) + " to here" + untested;
  for (auto& way : ways) ways_.push_back({.to = std::move(way), .error = {}});
}

ServiceCheck::~ServiceCheck() { stop(std::string()); }

void ServiceCheck::watch() {
  if (std::exchange(watching_, true) || ways_.empty()) return;
  backoff_.reset();
  due_.start(Duration{});
}

void ServiceCheck::stop(const std::string& why) {
  if (asked_) not_tested(why);
  watching_ = false;
  asked_ = false;
  for (auto& way : ways_) {
    way.known = way.refused = false;
    way.error.reset();
  }
  due_.stop();
  limit_.stop();
  next_.stop();
  if (!std::exchange(last_test_.under_way, false)) return;
  tunnel_.forget(*this);
  events_.on_way_test_over(true);
}

void ServiceCheck::test_now() {
  if (!watching_ || ways_.empty()) return;
  asked_ = true;
  if (!last_test_.under_way) return due_.start(Duration{});
  for (std::size_t i = 0; i < ways_.size(); ++i) {
    if (std::find(run_.begin(), run_.end(), i) == run_.end()) run_.push_back(i);
  }
}

void ServiceCheck::not_tested(const std::string& why) {
  if (ways_.empty()) return;
  last_test_.tested = control::unix_millis_now();
  last_test_.error = Error{problem::kNotTested, "testing the swap " + last_test_.way,
                           why.empty() ? "it is not in place" : why};
}

void ServiceCheck::caller_came(std::uint16_t remote) {
  if (last_test_.under_way && under_test().to.remote == remote) {
    came_ = true;
    if (connected_ && !ending_ && !next_.active()) end_way();
    return;
  }
  Way* way = only_way_to(remote);
  if (way == nullptr) return;
  const bool in_trouble = trouble().has_value();
  passed(*way);
  note_result();
  if (!in_trouble || trouble()) return;
  backoff_.reset();
  events_.on_check_changed();
}

ServiceCheck::Way* ServiceCheck::only_way_to(std::uint16_t remote) {
  Way* only = nullptr;
  for (auto& way : ways_) {
    if (way.to.remote != remote) continue;
    if (only != nullptr) return nullptr;
    only = &way;
  }
  return only;
}

void ServiceCheck::passed(Way& way) {
  way.known = true;
  way.looked = loop_.now();
  way.passed = control::unix_millis_now();
  way.error.reset();
  way.refused = false;
}

// --- the tests -----------------------------------------------------------------------------------

bool ServiceCheck::due(const Way& way) const {
  return asked_ || !way.known || way.refused || loop_.now() - way.looked >= test_every_;
}

void ServiceCheck::test_or_wait() {
  run_.clear();
  for (std::size_t i = 0; i < ways_.size(); ++i) {
    if (due(ways_[i])) run_.push_back(i);
  }
  if (run_.empty()) return plan_next_test();
  last_test_.under_way = true;
  at_ = 0;
  try_way();
}

void ServiceCheck::plan_next_test() {
  const auto oldest = std::min_element(
      ways_.begin(), ways_.end(), [](const Way& a, const Way& b) { return a.looked < b.looked; });
  Duration wait = std::max(Duration{}, oldest->looked + test_every_ - loop_.now());
  if (trouble()) {
    Duration retry = backoff_.next();
    if (retry == Duration{}) retry = backoff_.next();
    wait = std::min(wait, retry);
  } else {
    backoff_.reset();
  }
  due_.start(wait);
}

void ServiceCheck::try_way() {
  connected_ = came_ = ending_ = false;
  limit_.start(kWayPatience);
  events_.on_way_test_begins(under_test().to.remote);
  const auto& address = under_test().to.address;
  auto local = std::make_unique<IdleStream>(loop_);
  local_ = IdleStream::Handle(*local);
  tunnel_.carry({address.host, address.port}, std::move(local), at_, *this);
}

void ServiceCheck::on_connected(std::size_t) {
  connected_ = true;
  if (came_) end_way();
}

void ServiceCheck::on_ended(std::size_t, const ConnectionEnd& end) {
  if (ending_) return settle_way({});
  if (!end.opened && end.error) return settle_way(end.error);
  settle_way(Error{problem::kWayBackCut,
                   "connecting to " + under_test().to.service + " inside the cluster",
                   "the connection was closed before it came here",
                   {}});
}

// It has come here. Whoever took it reads its end, and a reset only if that is not enough.
void ServiceCheck::end_way() {
  ending_ = true;
  local_.hang_up();
  limit_.start(kWayLinger);
}

void ServiceCheck::out_of_time() {
  if (ending_) return settle_way({});
  const auto& service = under_test().to.service;
  settle_way(Error{problem::kWayBackLate, "connecting to " + service + " inside the cluster",
                   connected_ ? "another pod has answered"
                              : "no answer came to the stand-in's own pod within 3 s",
                   connected_ ? "see which pods it has: ferry diagnose " + service
                              : "other pods may get one: try it from there"});
}

void ServiceCheck::settle_way(std::optional<Error> error) {
  if (next_.active()) return;
  limit_.stop();
  Way& way = under_test();
  if (error) {
    way.known = true;
    way.looked = loop_.now();
    way.refused = is_refusal(*error);
    way.error = std::move(error);
  } else {
    passed(way);
  }
  next_.start(Duration{});
}

void ServiceCheck::next_way() {
  tunnel_.forget(*this);
  events_.on_way_test_over(connected_);
  const bool failed = under_test().error.has_value();
  if (++at_ == run_.size()) return finish();
  try_way();
  if (failed) events_.on_check_changed();  // that is known without the others
}

void ServiceCheck::finish() {
  asked_ = false;
  last_test_.under_way = false;
  note_result();
  plan_next_test();
  events_.on_check_changed();
}

// --- what is known -------------------------------------------------------------------------------

void ServiceCheck::note_result() {
  last_test_.tested = control::unix_millis_now();
  last_test_.passed = std::min_element(ways_.begin(), ways_.end(), [](const Way& a, const Way& b) {
                        return a.passed < b.passed;
                      })->passed;
  last_test_.error.reset();
  for (const auto& way : ways_) {
    if (way.error && !last_test_.error) last_test_.error = way.error;
  }
}

bool ServiceCheck::settled() const {
  const auto known = [](const Way& way) { return way.known; };
  const auto failed = [](const Way& way) { return way.error.has_value(); };
  return std::all_of(ways_.begin(), ways_.end(), known) ||
         std::any_of(ways_.begin(), ways_.end(), failed);
}

std::optional<Error> ServiceCheck::trouble() const {
  for (const auto& way : ways_) {
    if (way.refused) return way.error;
  }
  return {};
}

control::SelfTest ServiceCheck::last_test() const {
  auto test = last_test_;
  test.under_way = test.under_way || asked_;
  return test;
}

}  // namespace ferry::daemon
