#include "kube/kubeconfig_file.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>

#include "kube/problems.h"
#include "kube/text.h"
#include "kube/yaml_json.h"

namespace ferry::kube {
namespace {

constexpr std::string_view kExecExtension = "client.authentication.k8s.io/exec";

// Reads fields, and remembers the first that has a wrong shape. So the code that fills an entry is
// a list of fields, and the error is looked at once at the end.
class FieldReader {
 public:
  explicit FieldReader(const std::string& path)
      : path_(path), folder_(std::filesystem::path(path).parent_path()) {}

  std::string text(const YAML::Node& node, const char* key) {
    const auto field = child(node, key);
    if (!field) return {};
    if (!field->IsScalar()) return complain(*field, key, "must be a text"), std::string();
    return field->Scalar();
  }

  bool boolean(const YAML::Node& node, const char* key) {
    const auto field = child(node, key);
    if (!field) return false;
    bool value = false;
    if (!field->IsScalar() || !YAML::convert<bool>::decode(*field, value)) {
      complain(*field, key, "must be true or false");
    }
    return value;
  }

  std::optional<YAML::Node> map(const YAML::Node& node, const char* key) {
    auto field = child(node, key);
    if (field && !field->IsMap()) return complain(*field, key, "must be a map"), std::nullopt;
    return field;
  }

  std::vector<YAML::Node> list(const YAML::Node& node, const char* key) {
    const auto field = child(node, key);
    if (!field) return {};
    if (!field->IsSequence())
      return complain(*field, key, "must be a list"), std::vector<YAML::Node>();
    return {field->begin(), field->end()};
  }

  std::vector<std::string> texts(const YAML::Node& node, const char* key) {
    std::vector<std::string> out;
    for (const auto& item : list(node, key)) {
      if (item.IsScalar()) {
        out.push_back(item.Scalar());
      } else {
        complain(item, key, "must be a list of texts");
      }
    }
    return out;
  }

  std::string path(const YAML::Node& node, const char* key) { return absolute(text(node, key)); }

  std::string absolute(const std::string& path) const {
    return path.empty() ? path : (folder_ / path).lexically_normal().string();
  }

  PemSource pem(const YAML::Node& node, const char* file_key, const char* data_key) {
    PemSource source{.file = path(node, file_key)};
    const auto encoded = text(node, data_key);
    if (encoded.empty()) return source;
    auto decoded = base64_decode(encoded);
    if (!decoded) {
      complain(node[data_key], data_key, "is " + decoded.error().why);
    } else {
      source.data = std::move(*decoded);
    }
    return source;
  }

  void complain(const YAML::Node& at, const std::string& key, const std::string& why) {
    if (error_) return;
    error_ = Error{problem::kKubeconfigMalformed, "reading " + path_ + at_line(at.Mark()),
                   key + " " + why, "correct the file"};
  }

  static std::string at_line(const YAML::Mark& mark) {
    return mark.is_null() ? "" : ", line " + std::to_string(mark.line + 1);
  }

  const std::optional<Error>& error() const { return error_; }

 private:
  // A field that is there and isn't null.
  std::optional<YAML::Node> child(const YAML::Node& node, const char* key) {
    if (!node.IsMap()) {
      complain(node, key, "is expected in a map");
      return std::nullopt;
    }
    YAML::Node field = node[key];
    if (!field.IsDefined() || field.IsNull()) return std::nullopt;
    return field;
  }

  const std::string& path_;
  std::filesystem::path folder_;
  std::optional<Error> error_;
};

std::string read_exec_extension(FieldReader& reader, const YAML::Node& cluster) {
  for (const auto& extension : reader.list(cluster, "extensions")) {
    if (reader.text(extension, "name") != kExecExtension) continue;
    const auto content = extension["extension"];
    const auto json = yaml_to_json(content);
    if (json) return *json;
    reader.complain(extension, "extension", json.error().why);
  }
  return {};
}

ClusterEntry read_cluster(FieldReader& reader, const YAML::Node& node) {
  ClusterEntry entry;
  entry.server = reader.text(node, "server");
  entry.certificate_authority =
      reader.pem(node, "certificate-authority", "certificate-authority-data");
  entry.tls_server_name = reader.text(node, "tls-server-name");
  entry.insecure_skip_tls_verify = reader.boolean(node, "insecure-skip-tls-verify");
  entry.proxy_url = reader.text(node, "proxy-url");
  entry.exec_extension = read_exec_extension(reader, node);
  return entry;
}

ExecPlugin read_exec(FieldReader& reader, const YAML::Node& node, std::string& interactive_mode) {
  ExecPlugin exec;
  exec.api_version = reader.text(node, "apiVersion");
  exec.command = reader.text(node, "command");
  if (exec.command.find('/') != std::string::npos) exec.command = reader.absolute(exec.command);
  exec.args = reader.texts(node, "args");
  for (const auto& item : reader.list(node, "env")) {
    exec.env.emplace_back(reader.text(item, "name"), reader.text(item, "value"));
  }
  exec.install_hint = reader.text(node, "installHint");
  exec.provide_cluster_info = reader.boolean(node, "provideClusterInfo");
  interactive_mode = reader.text(node, "interactiveMode");
  if (interactive_mode == "Never") exec.interactive = ExecPlugin::Interactive::kNever;
  if (interactive_mode == "Always") exec.interactive = ExecPlugin::Interactive::kAlways;
  return exec;
}

Impersonation read_impersonation(FieldReader& reader, const YAML::Node& node) {
  Impersonation out;
  out.user = reader.text(node, "as");
  out.uid = reader.text(node, "as-uid");
  out.groups = reader.texts(node, "as-groups");
  const auto extra = reader.map(node, "as-user-extra");
  if (!extra) return out;
  for (const auto& item : *extra) {
    if (!item.first.IsScalar()) {
      reader.complain(item.first, "as-user-extra", "must have texts as keys");
      continue;
    }
    const std::string& key = item.first.Scalar();
    out.extra[key] = reader.texts(*extra, key.c_str());
  }
  return out;
}

UserEntry read_user(FieldReader& reader, const YAML::Node& node) {
  UserEntry entry;
  UserConfig& user = entry.config;
  user.token = reader.text(node, "token");
  user.token_file = reader.path(node, "tokenFile");
  user.username = reader.text(node, "username");
  user.password = reader.text(node, "password");
  user.client_certificate = reader.pem(node, "client-certificate", "client-certificate-data");
  user.client_key = reader.pem(node, "client-key", "client-key-data");
  user.impersonation = read_impersonation(reader, node);
  entry.has_auth_provider = reader.map(node, "auth-provider").has_value();
  if (const auto exec = reader.map(node, "exec")) {
    user.exec = read_exec(reader, *exec, entry.interactive_mode);
  }
  return entry;
}

ContextEntry read_context(FieldReader& reader, const YAML::Node& node) {
  ContextEntry entry;
  entry.cluster = reader.text(node, "cluster");
  entry.user = reader.text(node, "user");
  entry.ns = reader.text(node, "namespace");
  return entry;
}

// A list of {name: ..., KEY: {...}}.
template <typename Entry>
std::vector<Entry> read_entries(FieldReader& reader, const YAML::Node& root, const char* list_key,
                                const char* key, Entry (*read)(FieldReader&, const YAML::Node&)) {
  std::vector<Entry> entries;
  std::set<std::string> names;
  for (const auto& item : reader.list(root, list_key)) {
    const std::string name = reader.text(item, "name");
    const auto content = reader.map(item, key);
    Entry entry = content ? read(reader, *content) : Entry{};
    entry.name = name;
    if (!names.insert(name).second) {
      reader.complain(item, list_key, "defines '" + name + "' twice");
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

Result<Kubeconfig> read_root(const YAML::Node& root, const std::string& path) {
  Kubeconfig config;
  if (root.IsNull()) return config;  // an empty file is an empty configuration
  FieldReader reader(path);
  const auto kind = reader.text(root, "kind");
  if (!kind.empty() && kind != "Config") {
    reader.complain(root["kind"], "kind", "is '" + kind + "'; a kubeconfig's is Config");
  }
  config.current_context = reader.text(root, "current-context");
  config.clusters = read_entries(reader, root, "clusters", "cluster", read_cluster);
  config.users = read_entries(reader, root, "users", "user", read_user);
  config.contexts = read_entries(reader, root, "contexts", "context", read_context);
  if (reader.error()) return fail(*reader.error());
  return config;
}

template <typename Entry>
void merge_entries(std::vector<Entry>& merged, std::vector<Entry> later) {
  for (auto& entry : later) {
    const bool known = std::any_of(merged.begin(), merged.end(),
                                   [&](const Entry& e) { return e.name == entry.name; });
    if (!known) merged.push_back(std::move(entry));
  }
}

}  // namespace

Result<Kubeconfig> parse_kubeconfig(std::string_view text, const std::string& path) {
  try {
    return read_root(YAML::Load(std::string(text)), path);
  } catch (const YAML::Exception& exception) {
    return fail(problem::kKubeconfigMalformed,
                "reading " + path + FieldReader::at_line(exception.mark),
                "malformed YAML: " + exception.msg, "correct the file");
  }
}

void merge(Kubeconfig& merged, Kubeconfig later) {
  if (merged.current_context.empty()) merged.current_context = std::move(later.current_context);
  merge_entries(merged.clusters, std::move(later.clusters));
  merge_entries(merged.users, std::move(later.users));
  merge_entries(merged.contexts, std::move(later.contexts));
}

}  // namespace ferry::kube
