#include "daemon/http_ask.h"
#include "daemon/problems.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace ferry::daemon {
namespace {

constexpr std::size_t kLongestLine = 512;

// "HTTP/1.1 200 OK"; RFC 9112, section 4. 0: it is none.
int status_of(std::string_view line) {
  constexpr std::string_view kStart = "HTTP/1.";
  if (!line.starts_with(kStart) || line.size() < 12 || line[8] != ' ') return 0;
  int status = 0;
  for (const char c : line.substr(9, 3)) {
    if (c < '0' || c > '9') return 0;
    status = status * 10 + (c - '0');
  }
  return status >= 100 && status <= 599 ? status : 0;
}

}  // namespace

HttpAsk::HttpAsk(net::Loop& loop, const std::string& host, const std::string& path,
                 std::weak_ptr<OnAnswer> on_answer)
    : on_answer_(std::move(on_answer)),
      request_("GET " + path + " HTTP/1.1\r\nHost: " + host +
               "\r\nUser-Agent: ferry-diagnose\r\nAccept: */*\r\nConnection: close\r\n\r\n"),
      soon_(loop, [this] { go_on(); }) {}

void HttpAsk::start(net::StreamHandler& handler) {
  handler_ = &handler;
  soon_.start({});
}

std::size_t HttpAsk::write(std::span<const Bytes> pieces) {
  std::size_t sum = 0;
  for (const Bytes piece : pieces) {
    sum += piece.size();
    const std::size_t room = kLongestLine - std::min(kLongestLine, line_.size());
    line_.append(as_text(piece.first(std::min(piece.size(), room))));
  }
  const auto end = line_.find('\n');
  if (end == std::string::npos && line_.size() < kLongestLine) return sum;
  const int status = status_of(line_);
  if (status != 0) {
    settle(status);
  } else {
    settle(fail(problem::kNoHttpAnswer, {}, "what comes back is no HTTP"));
  }
  return sum;
}

void HttpAsk::shutdown() {
  settle(line_.empty() ? fail(problem::kNoHttpAnswer, {}, "it is closed without an answer")
                       : fail(problem::kNoHttpAnswer, {}, "what comes back is no HTTP"));
}

void HttpAsk::settle(Result<int> answer) {
  if (answer_) return;
  answer_.emplace(std::move(answer));
  soon_.start({});  // whoever calls is not to be called back from within
}

void HttpAsk::go_on() {
  while (!request_.empty() && !answer_) {
    const MutableBytes room = handler_->on_read_buffer();
    if (room.empty()) break;  // until resume_reading()
    const std::size_t n = std::min(room.size(), request_.size());
    std::copy_n(request_.begin(), n, room.begin());
    request_.erase(0, n);
    handler_->on_read(n);
  }
  if (!answer_ || std::exchange(told_, true)) return;
  if (const auto on_answer = on_answer_.lock()) (*on_answer)(std::move(*answer_));
}

}  // namespace ferry::daemon
