#include "kube/status_error.h"

#include <utility>
#include <vector>

#include "kube/api.h"
#include "kube/json_field.h"
#include "kube/problems.h"
#include "kube/text.h"

namespace ferry::kube {
namespace {

// An API path taken apart: /api/v1/..., /apis/GROUP/VERSION/..., then namespaces/NS,
// RESOURCE, NAME, SUBRESOURCE.
struct PathParts {
  std::string group;
  std::string ns;
  std::string resource;
  std::string name;
  std::string subresource;
};

PathParts take_apart(std::string_view path) {
  std::vector<std::string> words;
  for (const auto word : split(path, '/')) {
    if (!word.empty()) words.emplace_back(word);
  }
  PathParts parts;
  std::size_t at = 0;
  const auto next = [&] { return at < words.size() ? words[at++] : std::string(); };
  const auto root = next();
  if (root == "apis") parts.group = next();
  if (root != "api" && root != "apis") return parts;
  next();  // the version
  parts.resource = next();
  if (parts.resource == "namespaces" && at + 1 < words.size()) {
    parts.ns = next();
    parts.resource = next();
  }
  parts.name = next();
  parts.subresource = next();
  return parts;
}

// The verb as RBAC knows it.
// https://kubernetes.io/docs/reference/access-authn-authz/authorization/#determine-the-request-verb
std::string verb_of(const Asked& asked, const PathParts& parts) {
  if (asked.method == "POST") return "create";
  if (asked.method == "PUT") return "update";
  if (asked.method == "PATCH") return "patch";
  if (asked.method == "DELETE") return parts.name.empty() ? "deletecollection" : "delete";
  if (!parts.name.empty()) return "get";
  return asked.watch ? "watch" : "list";
}

std::string_view doing(std::string_view verb) {
  if (verb == "create") return "creating";
  if (verb == "update") return "replacing";
  if (verb == "patch") return "patching";
  if (verb == "delete" || verb == "deletecollection") return "deleting";
  if (verb == "watch") return "watching";
  return verb == "list" ? "listing" : "reading";
}

const Problem& problem_of(int http_status, std::string_view reason) {
  if (reason == "Expired" || reason == "Gone") return problem::kExpired;
  if (reason == "AlreadyExists") return problem::kAlreadyExists;
  switch (http_status) {
    case 400: return problem::kRequestInvalid;
    case 401: return problem::kUnauthenticated;
    case 403: return problem::kForbidden;
    case 404: return problem::kNotFound;
    case 409: return problem::kConflict;
    case 410: return problem::kExpired;
    case 413:
    case 422: return problem::kRequestInvalid;
    case 429: return problem::kApiUnavailable;
    default: return http_status >= 500 ? problem::kApiUnavailable : problem::kUnexpectedStatus;
  }
}

std::string fix_of_forbidden(const Asked& asked, const PathParts& parts) {
  const std::string resource =
      parts.resource + (parts.subresource.empty() ? "" : "/" + parts.subresource);
  const std::string verb = verb_of(asked, parts);
  const std::string where = parts.ns.empty() ? "" : " -n " + parts.ns;
  return "ask for the right to '" + verb + "' on '" + resource + "'" +
         (parts.group.empty() ? "" : " (API group " + parts.group + ")") +
         "; to check it: kubectl auth can-i " + verb + " " + resource + where;
}

std::string fix_of(ErrorCode code, const ClusterConfig& config, const Asked& asked) {
  const PathParts parts = take_apart(asked.path);
  const std::string where = parts.ns.empty() ? "" : " -n " + parts.ns;
  switch (code) {
    case ErrorCode::kUnauthenticated:
      return "log in again: the API server doesn't accept the credentials of user '" +
             config.user_name + "'" +
             (config.context.empty() ? "" : " (context '" + config.context + "')");
    case ErrorCode::kForbidden: return fix_of_forbidden(asked, parts);
    case ErrorCode::kNotFound:
      return parts.name.empty() || asked.method == "POST"
                 ? "check the namespace, and that the cluster serves this API"
                 : "check the name and the namespace: kubectl get " + parts.resource + where;
    case ErrorCode::kConflict: return "somebody changed it in between; try again";
    case ErrorCode::kUnavailable: return "wait a moment and try again";
    default: return {};
  }
}

// The beginning of a body that isn't JSON, on one line.
std::string excerpt(std::string_view body) {
  constexpr std::size_t kLongest = 300;
  std::string out;
  for (const char c : trim(body).substr(0, kLongest)) {
    const bool blank = static_cast<unsigned char>(c) <= 0x20;
    if (!blank || (!out.empty() && out.back() != ' ')) out += blank ? ' ' : c;
  }
  return out;
}

Error error_without_status(const ClusterConfig& config, const Asked& asked, int http_status,
                           std::string_view body) {
  const Problem& problem =
      http_status == 403 ? problem::kGatewayRefuses : problem_of(http_status, {});
  Error error{problem, describe(asked), "HTTP " + std::to_string(http_status),
              fix_of(problem.kind, config, asked)};
  if (const auto text = excerpt(body); !text.empty()) error.why += ": " + text;
  if (http_status == 403) {
    error.why += " (not from the API server's access rules: it would have sent a Status object)";
    error.fix = "look at what stands between here and " + to_string(config.server) +
                ": a proxy, a gateway or a firewall refuses";
  }
  if (http_status >= 300 && http_status < 400) {
    error.why += " (a redirect)";
    error.fix = "check the server's URL " + to_string(config.server) + " in the kubeconfig";
  }
  return error;
}

}  // namespace

std::string describe(const Asked& asked) {
  const PathParts parts = take_apart(asked.path);
  if (parts.resource.empty()) return asked.method + " " + asked.path;
  const std::string where = parts.ns.empty() ? "" : " in namespace " + parts.ns;
  const std::string object = parts.resource + (parts.name.empty() ? "" : "/" + parts.name);
  if (parts.subresource == "portforward") return "port-forwarding to " + object + where;
  const std::string sub = parts.subresource.empty() ? "" : " (" + parts.subresource + ")";
  return std::string(doing(verb_of(asked, parts))) + " " + object + sub + where;
}

Error error_of_status(const ClusterConfig& config, const Asked& asked, const Json& status) {
  const auto http_status = static_cast<int>(int_field(status, "code", 0, 999, 500));
  const Problem& problem = problem_of(http_status, text_field(status, "reason"));
  std::string why = text_field(status, "message");
  if (why.empty()) why = "HTTP " + std::to_string(http_status);
  // Access rules say: User "ann" cannot patch resource ...
  const bool admission =
      problem.kind == ErrorCode::kForbidden && why.find("cannot ") == std::string::npos;
  std::string fix = admission ? "it isn't a right that is missing: an admission policy of the "
                                "cluster refuses it, and says why"
                              : fix_of(problem.kind, config, asked);
  return Error{admission ? problem::kAdmissionRefused : problem, describe(asked), std::move(why),
               std::move(fix)};
}

Error error_of_answer(const ClusterConfig& config, const Asked& asked, int http_status,
                      std::string_view body) {
  Json status = Json::parse(body, nullptr, false);
  if (text_field(status, "kind") != "Status") {
    return error_without_status(config, asked, http_status, body);
  }
  if (!field(status, "code").is_number_integer()) status["code"] = http_status;
  return error_of_status(config, asked, status);
}

}  // namespace ferry::kube
