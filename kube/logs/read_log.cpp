#include "kube/logs/read_log.h"

namespace ferry::logs {
namespace {

constexpr std::size_t kLongestTime = 40;

kube::Request to_request(const std::string& ns, const LoggedContainer& container,
                         const LogRequest& request) {
  kube::Request out;
  out.path = kube::path_of(kube::kPods, ns, container.pod, "log");
  out.query = {{"container", container.name}, {"timestamps", "true"}};
  if (request.follow) out.query.emplace_back("follow", "true");
  if (request.previous) out.query.emplace_back("previous", "true");
  if (!request.since_time.empty()) out.query.emplace_back("sinceTime", request.since_time);
  if (request.since_seconds) {
    out.query.emplace_back("sinceSeconds", std::to_string(*request.since_seconds));
  }
  if (request.tail) out.query.emplace_back("tailLines", std::to_string(*request.tail));
  // One more than is shown tells whether there was more.
  out.longest_line = kLongestTime + kLongestLine + 1;
  return out;
}

// "2026-11-20T16:36:19.570766000Z text". What a node adds on its own behalf has no time.
LogLine parse_line(const LoggedContainer& from, std::string_view line) {
  LogLine parsed{.from = from, .time = {}, .text = line};
  const auto blank = line.substr(0, kLongestTime).find(' ');
  const bool timed = blank != std::string_view::npos && blank > 19 && line[4] == '-' &&
                     line[10] == 'T' && line[13] == ':';
  if (timed) {
    parsed.time = line.substr(0, blank);
    parsed.text = line.substr(blank + 1);
  }
  parsed.cut = parsed.text.size() > kLongestLine;
  parsed.text = parsed.text.substr(0, kLongestLine);
  return parsed;
}

}  // namespace

Status read_log(kube::Api& api, const std::string& ns, const LoggedContainer& container,
                const LogRequest& request, Seam& seam, const OnLogLine& on_line,
                const kube::CancelToken& cancel) {
  const auto take = [&](std::string_view line) {
    const LogLine parsed = parse_line(container, line);
    return !seam.take(parsed.time, parsed.text) || on_line(parsed);
  };
  return api.stream(to_request(ns, container, request), take, cancel);
}

}  // namespace ferry::logs
