#include "kube/logs/seam.h"

#include <algorithm>
#include <functional>

#include "kube/certificate.h"

namespace ferry::logs {
namespace {

// Lines of standard output and of standard error are stamped apart: one of the second before may
// still come after one of this second.
constexpr std::int64_t kSecondsBack = 1;

// More lines than a container logs in two seconds; of more, the oldest might be shown twice.
constexpr std::size_t kMostRecent = std::size_t{1} << 18U;

}  // namespace

bool Seam::take(std::string_view time, std::string_view text) {
  const auto second = kube::parse_time(std::string(time));
  if (!second) return true;
  const std::size_t hash =
      std::hash<std::string_view>()(time) * 31 + std::hash<std::string_view>()(text);
  if (was_taken(time, hash)) return false;
  if (first_.empty()) first_ = time;
  newest_ = std::max(newest_, *second);
  recent_.push_back({*second, hash});
  while (recent_.front().second < newest_ - kSecondsBack || recent_.size() > kMostRecent) {
    recent_.pop_front();
  }
  return true;
}

bool Seam::was_taken(std::string_view time, std::size_t hash) {
  if (const auto found = again_.find(hash); found != again_.end()) {
    again_.erase(found);
    return true;
  }
  // What a reader who wanted the last lines only has not asked for. Fractions have nine digits, so
  // that times of one node compare as texts.
  return reopened_ && time.size() == first_.size() && time < first_;
}

void Seam::reopen() {
  reopened_ = true;
  again_.clear();
  for (const Taken& taken : recent_) again_.insert(taken.hash);
}

std::string Seam::since() const {
  if (newest_ == 0) return {};
  return kube::rfc3339_time(newest_ - kSecondsBack);
}

}  // namespace ferry::logs
