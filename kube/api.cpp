#include "kube/api.h"

#include "kube/json_field.h"
#include "kube/problems.h"
#include "kube/status_error.h"

namespace ferry::kube {
namespace {

constexpr const char* kPageSize = "500";
// Below what load balancers and proxies commonly allow a connection to live; the server closes the
// watch, and it goes on from where it was.
constexpr const char* kWatchSeconds = "290";

void add_selectors(const Selectors& selectors, Request& request) {
  if (!selectors.labels.empty()) request.query.emplace_back("labelSelector", selectors.labels);
  if (!selectors.fields.empty()) request.query.emplace_back("fieldSelector", selectors.fields);
}

std::string_view content_type_of(PatchType type) {
  switch (type) {
    case PatchType::kMerge: return "application/merge-patch+json";
    case PatchType::kJson: return "application/json-patch+json";
    case PatchType::kStrategic: return "application/strategic-merge-patch+json";
  }
  return "application/merge-patch+json";
}

// The items of a list come without apiVersion and kind; the list's own ones imply them.
void complete(const Resource& resource, Json& item) {
  if (!item.is_object()) return;
  const std::string group(resource.group);
  item.emplace("apiVersion", (group.empty() ? "" : group + "/") + std::string(resource.version));
  item.emplace("kind", std::string(resource.kind));
}

Result<WatchEvent> parse_event(const Asked& asked, std::string_view line) {
  Json event = Json::parse(line, nullptr, false);
  const std::string type = text_field(event, "type");
  if (!field(event, "object").is_object()) {
    return fail(problem::kAnswerMalformed, describe(asked), "an event that isn't one",
                "check what stands between here and the API server");
  }
  WatchEvent out;
  out.object = std::move(event["object"]);
  if (type == "ADDED") {
    out.type = WatchEvent::Type::kAdded;
  } else if (type == "MODIFIED") {
    out.type = WatchEvent::Type::kModified;
  } else if (type == "DELETED") {
    out.type = WatchEvent::Type::kDeleted;
  } else if (type == "BOOKMARK") {
    out.type = WatchEvent::Type::kBookmark;
  } else if (type == "ERROR") {
    return fail(error_of_status(ClusterConfig{}, asked, out.object));
  } else {
    return fail(problem::kAnswerMalformed, describe(asked), "an event of the type '" + type + "'");
  }
  return out;
}

}  // namespace

Result<Json> Api::get(const Resource& resource, std::string_view ns, std::string_view name,
                      const CancelToken& cancel) {
  return request({.path = path_of(resource, ns, name)}, cancel);
}

Result<ObjectList> Api::list(const Resource& resource, std::string_view ns,
                             const Selectors& selectors, const CancelToken& cancel) {
  ObjectList all;
  std::string next;
  do {
    Request page{.path = path_of(resource, ns)};
    add_selectors(selectors, page);
    page.query.emplace_back("limit", kPageSize);
    if (!next.empty()) page.query.emplace_back("continue", next);
    auto answer = request(page, cancel);
    if (!answer) return fail(answer.error());
    for (const auto& item : array_field(*answer, "items")) {
      complete(resource, all.items.emplace_back(item));
    }
    const Json& metadata = field(*answer, "metadata");
    all.resource_version = text_field(metadata, "resourceVersion");
    next = text_field(metadata, "continue");
  } while (!next.empty());
  return all;
}

Result<Json> Api::create(const Resource& resource, std::string_view ns, const Json& object,
                         const CancelToken& cancel) {
  return request({.method = "POST", .path = path_of(resource, ns), .body = object}, cancel);
}

Result<Json> Api::apply(const Resource& resource, std::string_view ns, const Json& object,
                        const ApplyOptions& options, const CancelToken& cancel) {
  const std::string name = text_field(field(object, "metadata"), "name");
  Request request{.method = "PATCH", .path = path_of(resource, ns, name), .body = object};
  // JSON is YAML, and this content type is the one that all served versions know.
  request.content_type = "application/apply-patch+yaml";
  request.query.emplace_back("fieldManager", options.field_manager);
  if (options.force) request.query.emplace_back("force", "true");
  if (options.dry_run) request.query.emplace_back("dryRun", "All");
  return this->request(request, cancel);
}

Result<Json> Api::patch(const Resource& resource, std::string_view ns, std::string_view name,
                        std::string_view subresource, PatchType type, const Json& patch,
                        const CancelToken& cancel) {
  return request({.method = "PATCH",
                  .path = path_of(resource, ns, name, subresource),
                  .body = patch,
                  .content_type = std::string(content_type_of(type))},
                 cancel);
}

Result<Json> Api::remove(const Resource& resource, std::string_view ns, std::string_view name,
                         const DeleteOptions& options, const CancelToken& cancel) {
  Json body = {
      {"apiVersion", "v1"}, {"kind", "DeleteOptions"}, {"propagationPolicy", options.propagation}};
  if (!options.uid.empty()) body["preconditions"]["uid"] = options.uid;
  if (!options.resource_version.empty()) {
    body["preconditions"]["resourceVersion"] = options.resource_version;
  }
  return request({.method = "DELETE", .path = path_of(resource, ns, name), .body = body}, cancel);
}

Status Api::watch(const Resource& resource, std::string_view ns, const Selectors& selectors,
                  const std::string& resource_version,
                  const std::function<bool(const WatchEvent&)>& on_event,
                  const CancelToken& cancel) {
  Request request{.path = path_of(resource, ns)};
  request.query = {{"watch", "true"},
                   {"allowWatchBookmarks", "true"},
                   {"resourceVersion", resource_version},
                   {"timeoutSeconds", kWatchSeconds}};
  add_selectors(selectors, request);
  const Asked asked{request.method, request.path, true};
  Status outcome;
  const auto on_line = [&](std::string_view line) {
    auto event = parse_event(asked, line);
    if (!event) outcome = fail(event.error());
    return event && on_event(*event);
  };
  const Status streamed = stream(request, on_line, cancel);
  return outcome ? streamed : outcome;
}

}  // namespace ferry::kube
