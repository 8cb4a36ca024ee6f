#include "daemon/swap/service_check.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "daemon/idle_stream.h"
#include "daemon/problems.h"

namespace ferry::daemon {
namespace {

constexpr std::size_t kMaxWays = 4;
// Connections inside a cluster take milliseconds.
constexpr Duration kPatience = std::chrono::seconds(3);
constexpr Duration kLinger = std::chrono::milliseconds(300);
constexpr Duration kFirstWait = std::chrono::seconds(1);
constexpr Duration kLongestWait = std::chrono::seconds(30);

bool is_refusal(const Error& error) { return error.id == problem::kTargetRefused.id; }

}  // namespace

std::vector<ServiceWay> service_ways(const swap::SwapPlan& plan) {
  std::vector<ServiceWay> ways;
  for (const auto& service : plan.services) {
    if (service.address.empty()) continue;
    for (const auto& port : service.ports) {
      if (ways.size() == kMaxWays) return ways;
      ways.push_back({"svc/" + service.name, {service.address, port.port}, port.remote});
    }
  }
  return ways;
}

ServiceCheck::ServiceCheck(net::Loop& loop, Tunnel& tunnel, std::vector<ServiceWay> ways,
                           Duration test_every, std::function<void()> on_change)
    : loop_(loop),
      tunnel_(tunnel),
      ways_(std::move(ways)),
      test_every_(test_every),
      on_change_(std::move(on_change)),
      backoff_(kFirstWait, kLongestWait),
      due_(loop, [this] { test_or_wait(); }),
      limit_(loop, [this] { out_of_time(); }),
      next_(loop, [this] { next_way(); }) {
  std::string services;
  for (std::size_t i = 0; i < ways_.size(); ++i) {
    if (i > 0 && ways_[i].service == ways_[i - 1].service) continue;
    services += (services.empty() ? "" : ", ") + ways_[i].service;
  }
  if (services.empty()) return;
  last_test_.way = "from inside the cluster through " + services + " to here";
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
  settled_ = false;
  asked_ = false;
  trouble_.reset();
  due_.stop();
  limit_.stop();
  next_.stop();
  if (std::exchange(last_test_.under_way, false)) tunnel_.forget(*this);
}

void ServiceCheck::test_now() {
  if (!watching_ || ways_.empty()) return;
  asked_ = true;
  if (!last_test_.under_way) due_.start(Duration{});
}

void ServiceCheck::not_tested(const std::string& why) {
  if (ways_.empty()) return;
  last_test_.tested = control::unix_millis_now();
  last_test_.error = Error{problem::kNotTested, "testing the swap " + last_test_.way,
                           why.empty() ? "it is not in place" : why};
}

void ServiceCheck::caller_came(std::uint16_t remote) {
  proven_ = loop_.now();
  last_test_.tested = last_test_.passed = control::unix_millis_now();
  if (last_test_.under_way) {
    came_ = came_ || ways_[at_].remote == remote;
    if (came_ && connected_ && !ending_) end_way();
    return;
  }
  last_test_.error.reset();
  if (trouble_) {
    trouble_.reset();
    backoff_.reset();
    on_change_();
  }
}

// --- one test ------------------------------------------------------------------------------------

void ServiceCheck::test_or_wait() {
  const auto quiet = loop_.now() - proven_;
  if (!asked_ && settled_ && quiet < test_every_) {
    due_.start(test_every_ - quiet);
  } else {
    begin();
  }
}

void ServiceCheck::begin() {
  last_test_.under_way = true;
  failure_.reset();
  refused_ = false;
  at_ = 0;
  try_way();
}

void ServiceCheck::try_way() {
  connected_ = came_ = ending_ = false;
  limit_.start(kPatience);
  const auto& address = ways_[at_].address;
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
  const auto& way = ways_[at_];
  settle_way(Error{problem::kWayBackCut,
                   "connecting to " + way.service + " inside the cluster",
                   "the connection was closed before it came here",
                   {}});
}

// It has come here. Whoever took it reads its end, and a reset only if that is not enough.
void ServiceCheck::end_way() {
  ending_ = true;
  local_.hang_up();
  limit_.start(kLinger);
}

void ServiceCheck::out_of_time() {
  if (ending_) return settle_way({});
  const auto& way = ways_[at_];
  settle_way(Error{problem::kWayBackLate, "connecting to " + way.service + " inside the cluster",
                   connected_ ? "another pod has answered"
                              : "no answer came to the stand-in's own pod within 3 s",
                   connected_ ? "see which pods it has: ferry diagnose " + way.service
                              : "other pods may get one: try it from there"});
}

void ServiceCheck::settle_way(std::optional<Error> error) {
  if (next_.active()) return;
  limit_.stop();
  if (error && !failure_) {
    refused_ = is_refusal(*error);
    failure_ = std::move(error);
  }
  next_.start(Duration{});
}

void ServiceCheck::next_way() {
  tunnel_.forget(*this);
  if (!failure_ && ++at_ < ways_.size()) return try_way();
  finish();
}

void ServiceCheck::finish() {
  asked_ = false;
  last_test_.under_way = false;
  last_test_.tested = control::unix_millis_now();
  if (!failure_) last_test_.passed = last_test_.tested;
  last_test_.error = failure_;
  settled_ = true;
  trouble_ = refused_ ? failure_ : std::nullopt;
  if (!trouble_) backoff_.reset();
  Duration wait = trouble_ ? backoff_.next() : test_every_;
  if (wait == Duration{}) wait = backoff_.next();
  due_.start(wait);
  on_change_();
}

control::SelfTest ServiceCheck::last_test() const {
  auto test = last_test_;
  test.under_way = test.under_way || asked_;
  return test;
}

}  // namespace ferry::daemon
