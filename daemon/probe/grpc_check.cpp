// https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#define-a-grpc-liveness-probe
//
// One unary call, grpc.health.v1.Health/Check, over HTTP/2 without TLS. The framing is that of
// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md: a flag, a length of 32 bits, a
// message. The messages have one field each, number 1: the service's name (a string), the status (a
// varint); https://protobuf.dev/programming-guides/encoding/.
#include <array>
#include <charconv>
#include <string_view>

#include "daemon/probe/checks.h"
#include "daemon/probe/probe_transfer.h"
#include "kube/text.h"

namespace ferry::daemon {
namespace {

constexpr std::size_t kPrefix = 5;
constexpr std::size_t kMaxAnswer = 4096;
constexpr int kOk = 0;
constexpr int kDeadlineExceeded = 4;
constexpr int kUnimplemented = 12;

// HealthCheckResponse.ServingStatus, by number.
constexpr std::array<const char*, 4> kStatusNames = {"UNKNOWN", "SERVING", "NOT_SERVING",
                                                     "SERVICE_UNKNOWN"};
constexpr std::uint64_t kServing = 1;

// https://grpc.github.io/grpc/core/md_doc_statuscodes.html, as grpc-go prints them.
constexpr std::array<const char*, 17> kCodeNames = {
    "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
    "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
    "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
    "DataLoss", "Unauthenticated"};

void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7U) out += static_cast<char>((value & 0x7fU) | 0x80U);
  out += static_cast<char>(value);
}

// Takes a varint off the front; false if the text ends within it.
bool take_varint(std::string_view& text, std::uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < 64 && !text.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(text.front());
    text.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

std::string request_of(const std::string& service) {
  std::string message;
  if (!service.empty()) {
    message += '\x0a';  // field 1, length-delimited
    append_varint(message, service.size());
    message += service;
  }
  std::string out(1, '\0');  // not compressed
  for (int shift = 24; shift >= 0; shift -= 8) {
    out += static_cast<char>((message.size() >> static_cast<unsigned>(shift)) & 0xffU);
  }
  return out + message;
}

// Skips one field's value; false where it can't be.
bool skip_value(std::string_view& message, std::uint64_t wire_type) {
  std::uint64_t length = 0;
  switch (wire_type) {
    case 0: return take_varint(message, length);
    case 1: length = 8; break;
    case 2:
      if (!take_varint(message, length)) return false;
      break;
    case 5: length = 4; break;
    default: return false;
  }
  if (length > message.size()) return false;
  message.remove_prefix(length);
  return true;
}

// The status in an answer; empty if that isn't one. Left out it is 0, UNKNOWN.
std::optional<std::uint64_t> status_of(std::string_view answer) {
  if (answer.size() < kPrefix || answer.front() != '\0') return {};
  std::string_view message = answer.substr(kPrefix);
  std::uint64_t status = 0;
  while (!message.empty()) {
    std::uint64_t tag = 0;
    if (!take_varint(message, tag)) return {};
    const bool understood = tag == 8 ? take_varint(message, status) : skip_value(message, tag & 7U);
    if (!understood) return {};
  }
  return status;
}

// What the headers and trailers say of the call.
struct CallStatus {
  int code = -1;  // grpc-status; -1: none came
  std::string message;

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self) {
    static_cast<CallStatus*>(self)->take({data, size * count});
    return size * count;
  }
  void take(std::string_view line) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return;
    const std::string name = kube::to_lower(line.substr(0, colon));
    const std::string_view value = kube::trim(line.substr(colon + 1));
    if (name == "grpc-message") message = value;
    if (name == "grpc-status") std::from_chars(value.data(), value.data() + value.size(), code);
  }
  std::string words() const {
    const bool known = code >= 0 && static_cast<std::size_t>(code) < kCodeNames.size();
    const std::string name = known ? kCodeNames.at(static_cast<std::size_t>(code)) : "Code";
    return "rpc error: code = " + name + " desc = " + message;
  }
};

ProbeOutcome failure(std::string words) { return {ProbeVerdict::kFailure, std::move(words)}; }

std::string seconds_text(Duration time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time).count()) + "s";
}

ProbeOutcome judge_answer(std::string_view body) {
  const auto status = status_of(body);
  if (!status) return failure("error: health rpc probe failed: the answer is no health status");
  if (*status == kServing) return {ProbeVerdict::kSuccess, {}};
  const std::string name =
      *status < kStatusNames.size() ? kStatusNames.at(*status) : std::to_string(*status);
  return failure("service unhealthy (responded with \"" + name + "\")");
}

ProbeOutcome judge_call(const CallStatus& call, const ProbeTransfer& transfer, Duration timeout) {
  if (call.code == kOk) return judge_answer(transfer.body());
  if (call.code == kUnimplemented) {
    return failure(
        "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): " +
        call.message);
  }
  if (call.code == kDeadlineExceeded) {
    return failure("timeout: health rpc did not complete within " + seconds_text(timeout));
  }
  if (call.code > 0) return failure("error: health rpc probe failed: " + call.words());
  return failure("error: health rpc probe failed: the answer (HTTP status " +
                 std::to_string(transfer.status()) + ") has no grpc-status");
}

ProbeOutcome judge_transfer(const ProbeTarget& target, const ProbeTransfer& transfer, CURLcode code,
                            Duration timeout) {
  const std::string address = "\"" + to_string(target) + "\"";
  const std::string within = " within " + seconds_text(timeout);
  if (code == CURLE_OPERATION_TIMEDOUT && !transfer.connected()) {
    return failure("timeout: failed to connect service " + address + within +
                   ": context deadline exceeded");
  }
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return failure("timeout: health rpc did not complete" + within);
  }
  const std::string words = transfer.words(code);
  if (transfer.connected()) return failure("error: health rpc probe failed: " + words);
  return failure("error: failed to connect service at " + address + ": " + words);
}

}  // namespace

ProbeOutcome check_grpc(const GrpcAction& action, const ProbeTarget& target, Duration timeout,
                        const std::string& kubernetes_version, const kube::CancelToken& cancel) {
  ProbeTransfer transfer(timeout);
  CallStatus call;
  const std::string request = request_of(action.service);
  transfer.prepare("http://" + to_string(target) + "/grpc.health.v1.Health/Check", target);
  transfer.limit_body(kMaxAnswer);
  CURL* curl = transfer.easy();
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE});
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.size()));
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.data());
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, CallStatus::on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &call);
  transfer.headers().add("Content-Type: application/grpc");
  transfer.headers().add("TE: trailers");
  transfer.headers().add("User-Agent: kube-probe/" + kubernetes_version);
  transfer.headers().add("Accept:");
  const auto code = transfer.run(cancel);
  if (!code) return {};
  if (*code != CURLE_OK) return judge_transfer(target, transfer, *code, timeout);
  return judge_call(call, transfer, timeout);
}

}  // namespace ferry::daemon
