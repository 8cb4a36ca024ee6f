#include "kube/diagnose/reading.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "kube/json_field.h"
#include "kube/object_names.h"

namespace ferry::diagnose {
namespace {

using kube::Json;

constexpr int kLogLines = 20;
constexpr int kLogBytes = 16 * 1024;

// With both policies, the library falls back to `deferred` where no thread can be had.
template <typename Call>
auto at_once(Call call) {
  return std::async(std::launch::async | std::launch::deferred, std::move(call));
}

std::string time_of(const Json& event) {
  auto time = kube::text_field(event, "lastTimestamp");
  return time.empty() ? kube::text_field(event, "eventTime") : time;
}

}  // namespace

std::future<Result<Json>> Reading::object(const kube::Resource& resource, std::string name) const {
  return at_once([this, resource, name = std::move(name)] {
    return kube::get_named(api_, resource, ns_, name, cancel_);
  });
}

std::future<Result<std::vector<Json>>> Reading::list(const kube::Resource& resource,
                                                     std::string labels) const {
  return at_once([this, resource, labels = std::move(labels)]() -> Result<std::vector<Json>> {
    auto list = api_.list(resource, ns_, {.labels = labels, .fields = {}}, cancel_);
    if (!list) return fail(list.error());
    return std::move(list->items);
  });
}

std::future<std::vector<Json>> Reading::events() const {
  return at_once([this] {
    auto list = api_.list(kube::kEvents, ns_, {}, cancel_);
    if (!list) return std::vector<Json>();
    auto events = std::move(list->items);
    std::stable_sort(events.begin(), events.end(),
                     [](const Json& a, const Json& b) { return time_of(a) < time_of(b); });
    return events;
  });
}

std::future<std::vector<std::string>> Reading::log(std::string pod, WantedLog wanted) const {
  return at_once([this, pod = std::move(pod), wanted = std::move(wanted)] {
    kube::Request request;
    request.path = kube::path_of(kube::kPods, ns_, pod, "log");
    request.query = {{"container", wanted.container},
                     {"tailLines", std::to_string(kLogLines)},
                     {"limitBytes", std::to_string(kLogBytes)}};
    if (wanted.previous) request.query.emplace_back("previous", "true");
    std::vector<std::string> lines;
    const auto take = [&](std::string_view line) {
      lines.emplace_back(line);
      return true;
    };
    const auto read = api_.stream(request, take, cancel_);
    return read ? lines : std::vector<std::string>();
  });
}

std::vector<Json> events_about(const std::vector<Json>& events, std::string_view uid) {
  std::vector<Json> about;
  std::copy_if(events.begin(), events.end(), std::back_inserter(about), [&](const Json& event) {
    return kube::text_field(kube::field(event, "involvedObject"), "uid") == uid;
  });
  return about;
}

}  // namespace ferry::diagnose
