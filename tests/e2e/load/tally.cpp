#include "tally.h"

#include <nlohmann/json.hpp>

namespace ferry::test_load {
namespace {

constexpr std::size_t kMostFailuresTold = 20;

std::int64_t unix_millis() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

}  // namespace

void Tally::add(const std::string& mode, const Outcome& outcome, bool retried,
                Clock::duration took) {
  const std::int64_t at = unix_millis();
  const std::lock_guard lock(mutex_);
  if (answers_.empty() && !outcome.failure.empty()) return;
  Mode& of = modes_[mode];
  ++of.requests;
  if (retried) ++of.retried;
  const std::int64_t millis = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  slowest_ = std::max(slowest_, millis);
  if (!outcome.failure.empty()) {
    ++of.failed[outcome.failure];
    if (failures_.size() < kMostFailuresTold)
      failures_.push_back({at, millis, outcome.port, mode, outcome.failure});
    return;
  }
  Answers& answers = answers_[outcome.name];
  if (answers.count++ == 0) answers.first = at;
  answers.last = at;
}

std::string Tally::line() const {
  const std::lock_guard lock(mutex_);
  nlohmann::json made = {{"at", unix_millis()},
                         {"slowest", slowest_},
                         {"modes", nlohmann::json::object()},
                         {"answers", nlohmann::json::object()},
                         {"failures", nlohmann::json::array()}};
  for (const auto& [name, mode] : modes_) {
    made["modes"][name] = {
        {"requests", mode.requests}, {"retried", mode.retried}, {"failed", mode.failed}};
  }
  for (const auto& [name, answers] : answers_) {
    made["answers"][name] = {
        {"count", answers.count}, {"first", answers.first}, {"last", answers.last}};
  }
  for (const Failure& failure : failures_) {
    made["failures"].push_back({{"at", failure.at},
                                {"took", failure.took},
                                {"port", failure.port},
                                {"mode", failure.mode},
                                {"what", failure.what}});
  }
  return made.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace ferry::test_load
