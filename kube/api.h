// The Kubernetes API as the workflows see it: blocking calls that return values, cancellable from
// another thread. CurlApi (curl_api.h) is the real one; tests use a fake with objects in memory.
//
// Errors keep the server's own words: `why` is the message of the Status object that it sent.
// Codes: 400 and 422 kInvalid, 401 kUnauthenticated, 403 kForbidden, 404 kNotFound, 409 kConflict
// or kAlreadyExists (by the Status' reason), 410 kGone, 429 and 5xx kUnavailable, no answer
// kUnreachable or kTimedOut, an answer that isn't one kProtocol, cancelled kCancelled.
#pragma once

#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "kube/cancel.h"
#include "kube/resource.h"

namespace ferry::kube {

using Json = nlohmann::json;

struct Request {
  std::string method = "GET";
  std::string path;                                        // percent-encoded, from path_of()
  std::vector<std::pair<std::string, std::string>> query;  // not yet encoded
  Json body;                                               // null: none
  std::string content_type = "application/json";
  // Of stream(): the bytes of a line beyond these are left out. 0: a line of more than 16 MiB is an
  // error (kExhausted).
  std::size_t longest_line = 0;
};

struct Selectors {
  std::string labels;  // "app=web,tier in (a,b)"; empty: all
  std::string fields;  // "metadata.name=web"
};

struct ObjectList {
  std::vector<Json> items;
  std::string resource_version;  // where a watch goes on
};

struct ApplyOptions {
  std::string field_manager = "ferry";
  bool force = false;  // take fields over from other managers
  bool dry_run = false;
};

enum class PatchType { kMerge, kJson, kStrategic };

struct DeleteOptions {
  std::string propagation = "Background";  // Foreground, Background, Orphan
  std::string uid;                         // precondition; empty: none
  std::string resource_version;            // precondition; empty: none
};

// One event of a watch. BOOKMARK carries a resourceVersion only. ERROR events never get here, they
// end the watch with an error.
struct WatchEvent {
  enum class Type { kAdded, kModified, kDeleted, kBookmark };
  Type type = Type::kBookmark;
  Json object;
};

class Api {
 public:
  virtual ~Api() = default;

  // One exchange. The body of the answer; null if it has none.
  virtual Result<Json> request(const Request& request, const CancelToken& cancel) = 0;

  // An answer without an end of its own, line by line (a watch, a log that is followed); not
  // retried. Returns when the server ends it, or when on_line returns false. Lines come without
  // their line feed, the last one also when it lacks one.
  using OnLine = std::function<bool(std::string_view line)>;
  virtual Status stream(const Request& request, const OnLine& on_line,
                        const CancelToken& cancel) = 0;

  // The rest is made of those two.
  Result<Json> get(const Resource& resource, std::string_view ns, std::string_view name,
                   const CancelToken& cancel);
  // All of it, in pages of 500.
  Result<ObjectList> list(const Resource& resource, std::string_view ns, const Selectors& selectors,
                          const CancelToken& cancel);
  Result<Json> create(const Resource& resource, std::string_view ns, const Json& object,
                      const CancelToken& cancel);
  // Server-side apply; the object needs apiVersion, kind and metadata.name.
  Result<Json> apply(const Resource& resource, std::string_view ns, const Json& object,
                     const ApplyOptions& options, const CancelToken& cancel);
  // `subresource` may be empty, "scale", "status".
  Result<Json> patch(const Resource& resource, std::string_view ns, std::string_view name,
                     std::string_view subresource, PatchType type, const Json& patch,
                     const CancelToken& cancel);
  Result<Json> remove(const Resource& resource, std::string_view ns, std::string_view name,
                      const DeleteOptions& options, const CancelToken& cancel);

  // Events after `resource_version`, until the server ends the watch (it does so every few
  // minutes) or on_event returns false. kGone: list again.
  Status watch(const Resource& resource, std::string_view ns, const Selectors& selectors,
               const std::string& resource_version,
               const std::function<bool(const WatchEvent&)>& on_event, const CancelToken& cancel);
};

}  // namespace ferry::kube
