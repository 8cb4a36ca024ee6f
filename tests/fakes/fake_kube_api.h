// A kube::Api over objects in memory: enough of an API server for tests of workflows and followers.
//
// Knows: get, list (equality label selectors, metadata.name), create, merge and JSON patch, apply
// (as a merge patch that creates), the subresources scale and status, delete, watch, logs that are
// not followed (they end with what there is). Thread-safe.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kube/api.h"

namespace ferry::kube {

class FakeKubeApi final : public Api {
 public:
  // Called before a request is served, without a lock held; a value is the answer. May be empty.
  std::function<std::optional<Result<Json>>(const Request&)> intercept;

  // Puts an object there or replaces it; watches see it.
  void put(const Resource& resource, const std::string& ns, Json object) {
    const std::lock_guard lock(mutex_);
    const std::string path = path_of(resource, ns, object["metadata"]["name"].get<std::string>());
    store(path, std::move(object));
  }

  void erase(const Resource& resource, const std::string& ns, const std::string& name) {
    const std::lock_guard lock(mutex_);
    drop(path_of(resource, ns, name));
  }

  // What a container has logged, in its present run or the one before. Where sinceTime is used, the
  // lines begin with times.
  void put_log(const std::string& ns, const std::string& pod, const std::string& container,
               bool previous, std::vector<std::string> lines) {
    const std::lock_guard lock(mutex_);
    logs_[log_key(path_of(kPods, ns, pod, "log"), container, previous)] = std::move(lines);
  }

  std::optional<Json> find(const Resource& resource, const std::string& ns,
                           const std::string& name) const {
    const std::lock_guard lock(mutex_);
    const auto found = objects_.find(path_of(resource, ns, name));
    return found == objects_.end() ? std::nullopt : std::optional(found->second);
  }

  // Calls look(object) for each object of a kind, without a copy; it must not call this fake.
  template <typename Look>
  void each(const Resource& resource, const std::string& ns, const Look& look) const {
    const std::lock_guard lock(mutex_);
    const std::string collection = path_of(resource, ns);
    for (auto at = objects_.lower_bound(collection + "/"); at != objects_.end(); ++at) {
      if (!in_collection(at->first, collection)) break;
      look(at->second);
    }
  }

  // "PATCH /apis/apps/v1/...", in the order of arrival, streams included.
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

  // The next request whose "METHOD path" begins with `prefix` fails; so do the `times - 1` after.
  void fail_next(std::string prefix, Error error, int times = 1) {
    const std::lock_guard lock(mutex_);
    for (int i = 0; i < times; ++i) failures_.emplace_back(prefix, error);
  }

  // Forgets the history: watches end with 410, as do new ones from older versions.
  void compact() {
    const std::lock_guard lock(mutex_);
    ++version_;
    oldest_ = version_;
    events_.clear();
  }

  // Ends the watches that are open, in order, as a server does every few minutes.
  void end_watches() {
    const std::lock_guard lock(mutex_);
    ++endings_;
  }

  Result<Json> request(const Request& request, const CancelToken& cancel) override {
    if (cancel.cancelled()) return fail(cancelled_error(request.path));
    if (intercept) {
      if (auto answer = intercept(request)) return *answer;
    }
    const std::lock_guard lock(mutex_);
    if (auto error = note(request)) return fail(*error);
    if (request.method == "GET") return read(request);
    if (request.method == "POST") return create_at(request);
    if (request.method == "PATCH") return patch_at(request);
    if (request.method == "PUT") return store(request.path, request.body);
    if (!objects_.contains(request.path)) return fail(not_found(request.path));
    drop(request.path);
    return Json{{"kind", "Status"}, {"status", "Success"}};
  }

  Status stream(const Request& request, const OnLine& on_line, const CancelToken& cancel) override {
    std::size_t endings = 0;
    long seen = 0;
    {
      const std::lock_guard lock(mutex_);
      if (auto error = note(request)) return fail(*error);
      if (request.path.ends_with("/log")) return log(request, on_line);
      endings = endings_;
      const std::string version = query(request, "resourceVersion");
      seen = version.empty() ? version_ : std::stol(version);
    }
    do {
      auto [lines, ended] = news(request, seen, endings);
      for (const auto& line : lines) {
        if (!on_line(line)) return {};
      }
      if (ended) return {};
    } while (cancel.sleep_for(std::chrono::milliseconds(2)));
    return fail(cancelled_error(request.path));
  }

 private:
  struct Event {
    long version;
    std::string path;
    std::string type;
    Json object;
  };

  static std::string query(const Request& request, const std::string& name) {
    for (const auto& [key, value] : request.query) {
      if (key == name) return value;
    }
    return {};
  }

  static std::string log_key(const std::string& path, const std::string& container, bool previous) {
    return path + " " + container + (previous ? " previous" : "");
  }

  Status log(const Request& request, const OnLine& on_line) const {
    const bool previous = query(request, "previous") == "true";
    const auto found = logs_.find(log_key(request.path, query(request, "container"), previous));
    if (found == logs_.end()) return fail(not_found(request.path));
    const auto& lines = found->second;
    const std::string tail = query(request, "tailLines");
    const std::size_t wanted = tail.empty() ? lines.size() : std::stoul(tail);
    std::string since = query(request, "sinceTime");
    if (!since.empty()) since.pop_back();  // the Z: lines have fractions there
    for (std::size_t i = lines.size() - std::min(wanted, lines.size()); i < lines.size(); ++i) {
      if (lines[i] >= since && !on_line(lines[i])) break;
    }
    return {};
  }

  static Error not_found(const std::string& path) {
    return Error{ErrorCode::kNotFound, "GET " + path, "\"" + path + "\" not found", {}};
  }

  std::optional<Error> note(const Request& request) {
    requests_.push_back(request.method + " " + request.path);
    const auto hit = std::find_if(failures_.begin(), failures_.end(), [&](const auto& failure) {
      return requests_.back().starts_with(failure.first);
    });
    if (hit == failures_.end()) return std::nullopt;
    Error error = std::move(hit->second);
    failures_.erase(hit);
    return error;
  }

  static bool selected(const Request& request, const Json& object) {
    const Json& metadata = object.at("metadata");
    std::string rest = query(request, "labelSelector");
    while (!rest.empty()) {
      const auto comma = rest.find(',');
      const std::string term = rest.substr(0, comma);
      rest = comma == std::string::npos ? "" : rest.substr(comma + 1);
      const auto equals = term.find('=');
      const Json labels = metadata.value("labels", Json::object());
      if (labels.value(term.substr(0, equals), "") != term.substr(equals + 1)) return false;
    }
    const std::string fields = query(request, "fieldSelector");
    return fields.empty() || fields == "metadata.name=" + metadata.at("name").get<std::string>();
  }

  static bool in_collection(const std::string& path, const std::string& collection) {
    return path.size() > collection.size() && path.starts_with(collection) &&
           path[collection.size()] == '/' &&
           path.find('/', collection.size() + 1) == std::string::npos;
  }

  Result<Json> read(const Request& request) {
    const auto found = objects_.find(request.path);
    if (found != objects_.end()) return found->second;
    const std::string last = request.path.substr(request.path.rfind('/') + 1);
    const bool parent_is_object = objects_.contains(parent_of(request.path));
    if (parent_is_object && (last == "scale" || last == "status")) {
      return objects_.at(parent_of(request.path));
    }
    if (query(request, "limit").empty()) return fail(not_found(request.path));
    Json list = {{"kind", "List"}, {"items", Json::array()}};
    list["metadata"]["resourceVersion"] = std::to_string(version_);
    for (const auto& [path, object] : objects_) {
      if (in_collection(path, request.path) && selected(request, object)) {
        list["items"].push_back(object);
      }
    }
    return list;
  }

  static std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

  Result<Json> create_at(const Request& request) {
    const Json metadata = request.body.value("metadata", Json::object());
    if (!metadata.contains("name")) return request.body;  // a review, which is not kept
    const std::string path = request.path + "/" + metadata.at("name").get<std::string>();
    if (objects_.contains(path)) {
      return fail(ErrorCode::kAlreadyExists, "POST " + path, "\"" + path + "\" already exists");
    }
    return store(path, request.body);
  }

  Result<Json> patch_at(const Request& request) {
    const std::string last = request.path.substr(request.path.rfind('/') + 1);
    const bool sub = last == "scale" || last == "status";
    const std::string path = sub ? parent_of(request.path) : request.path;
    const bool known = objects_.contains(path);
    if (!known && !request.content_type.starts_with("application/apply-patch")) {
      return fail(not_found(path));
    }
    Json object = known ? objects_.at(path) : Json::object();
    if (request.content_type == "application/json-patch+json") {
      object = object.patch(request.body);
    } else {
      const std::string wanted =
          request.body.value(Json::json_pointer("/metadata/resourceVersion"), "");
      if (!wanted.empty() && wanted != object["metadata"].value("resourceVersion", "")) {
        return fail(ErrorCode::kConflict, "PATCH " + path, "the object has been modified");
      }
      object.merge_patch(request.body);
    }
    return store(path, std::move(object));
  }

  Json store(const std::string& path, Json object) {
    const bool known = objects_.contains(path);
    object["metadata"]["resourceVersion"] = std::to_string(++version_);
    if (!object["metadata"].contains("uid")) {
      object["metadata"]["uid"] = "uid-" + std::to_string(version_);
    }
    events_.push_back({version_, path, known ? "MODIFIED" : "ADDED", object});
    return objects_[path] = std::move(object);
  }

  void drop(const std::string& path) {
    const auto found = objects_.find(path);
    if (found == objects_.end()) return;
    found->second["metadata"]["resourceVersion"] = std::to_string(++version_);
    events_.push_back({version_, path, "DELETED", found->second});
    objects_.erase(found);
  }

  // The lines that a watch has not seen yet, and whether it ends after them.
  std::pair<std::vector<std::string>, bool> news(const Request& request, long& seen,
                                                 std::size_t endings) {
    const std::lock_guard lock(mutex_);
    if (seen < oldest_) {
      const Json gone = {{"kind", "Status"},
                         {"code", 410},
                         {"reason", "Expired"},
                         {"message", "too old resource version"}};
      return {{Json{{"type", "ERROR"}, {"object", gone}}.dump()}, true};
    }
    std::vector<std::string> lines;
    for (const auto& event : events_) {
      if (event.version <= seen) continue;
      seen = event.version;
      if (in_collection(event.path, request.path) && selected(request, event.object)) {
        lines.push_back(Json{{"type", event.type}, {"object", event.object}}.dump());
      }
    }
    return {std::move(lines), endings != endings_};
  }

  mutable std::mutex mutex_;
  std::map<std::string, Json> objects_;
  std::map<std::string, std::vector<std::string>> logs_;
  std::vector<std::string> requests_;
  std::vector<std::pair<std::string, Error>> failures_;
  std::deque<Event> events_;
  long version_ = 100;
  long oldest_ = 0;
  std::size_t endings_ = 0;
};

}  // namespace ferry::kube
