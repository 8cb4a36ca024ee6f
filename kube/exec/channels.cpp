#include "kube/exec/channels.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "kube/exec/problems.h"
#include "kube/json_field.h"
#include "kube/problems.h"
#include "kube/resource.h"
#include "kube/text.h"

namespace ferry::exec {
namespace {

using Json = nlohmann::json;
using kube::field;
using kube::text_field;

// k8s.io/apimachinery/pkg/util/remotecommand: the cause "ExitCode" of the reason
// "NonZeroExitCode".
std::optional<int> exit_code_in(const Json& status) {
  if (text_field(status, "reason") != "NonZeroExitCode") return std::nullopt;
  for (const Json& cause : kube::array_field(field(status, "details"), "causes")) {
    if (text_field(cause, "reason") != "ExitCode") continue;
    const std::string digits = text_field(cause, "message");
    int code = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code);
    const bool whole = error == std::errc{} && end == digits.data() + digits.size();
    if (whole && code >= 0 && code <= 255) return code;
  }
  return std::nullopt;
}

bool contains(const std::string& text, std::string_view words) {
  return text.find(words) != std::string::npos;
}

// The runtime's words stand at the end of a chain of others', each of which says "error" anew.
std::string innermost(const std::string& text) {
  for (const std::string_view before :
       {"unable to start container process: ", "failed to start exec: ",
        "failed to exec in container: ", "error executing command in container: "}) {
    const auto at = text.rfind(before);
    if (at == std::string::npos) continue;
    std::string rest = text.substr(at + before.size());
    if (rest.ends_with(": unknown")) rest.resize(rest.size() - 9);
    return rest;
  }
  return text;
}

Error failure_of(const std::string& message, const std::string& what) {
  const bool missing = contains(message, "executable file not found") ||
                       contains(message, "no such file or directory");
  if (missing) {
    return {problem::kCommandMissing, what, innermost(message),
            "the container's image doesn't have it; a pipe or a variable is read by a shell only: "
            "-- sh -c '...'"};
  }
  if (contains(message, "permission denied")) {
    return {problem::kCommandNotExecutable, what, innermost(message),
            "that file can't be executed there, by the user that the container runs as"};
  }
  if (contains(message, "container not found") || contains(message, "container is not running")) {
    return {problem::kContainerEnded, what, message, "it has ended meanwhile; try again"};
  }
  return {problem::kRefused,
          what,
          message.empty() ? "the API server gave no reason" : innermost(message),
          {}};
}

}  // namespace

std::string resize_text(TerminalSize size) {
  return "{\"Width\":" + std::to_string(size.columns) + ",\"Height\":" + std::to_string(size.rows) +
         "}";
}

std::string describe(const RemoteCommand& command) {
  const std::string doing =
      command.attaches() ? "attaching to" : "running '" + command.command.front() + "' in";
  return doing + " container " + command.container + " of pod " + command.pod + " in namespace " +
         command.ns;
}

std::string query_of(const RemoteCommand& command) {
  std::string query;
  for (const auto& word : command.command) query += "command=" + kube::percent_encode(word) + "&";
  query += "container=" + kube::percent_encode(command.container);
  if (command.input) query += "&stdin=true";
  query += "&stdout=true";
  // A terminal has one direction out.
  query += command.terminal ? "&tty=true" : "&stderr=true";
  return query;
}

Result<int> exit_code_of_status(std::string_view text, const std::string& what) {
  const Json status = Json::parse(text, nullptr, false);
  if (text_field(status, "status") == "Success") return 0;
  if (const auto code = exit_code_in(status)) return *code;
  if (!status.is_object()) {
    return fail(kube::problem::kAnswerMalformed, what, "what ended it is not a Status object",
                "check what stands between here and the API server");
  }
  return fail(failure_of(text_field(status, "message"), what));
}

}  // namespace ferry::exec
