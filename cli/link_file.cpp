#include "cli/link_file.h"

#include <iterator>

#include "cli/target_args.h"
#include "cli/yaml_file.h"

namespace ferry::cli {
namespace {

constexpr std::size_t kMaxLinksInFile = 64;

// An error of a value, with the place where the value stands.
Error at(const std::string& file, const YAML::Node& node, const Error& error) {
  return yaml_error(file, node, error.what + ": " + error.why, error.fix);
}

Status read_ports(const YAML::Node& node, const std::string& file, LinkEntry& entry) {
  const auto texts = scalars_of(node, file);
  if (!texts) return fail(texts.error());
  for (const auto& text : *texts) {
    auto port = parse_port(text);
    if (!port) return fail(at(file, node, port.error()));
    entry.ports.push_back(std::move(*port));
  }
  if (entry.ports.empty()) return fail(yaml_error(file, node, "'ports' is empty"));
  return {};
}

Status read_addresses(const YAML::Node& node, const std::string& file, LinkEntry& entry) {
  const auto texts = scalars_of(node, file);
  if (!texts) return fail(texts.error());
  for (const auto& text : *texts) {
    const auto addresses = parse_addresses(text);
    if (!addresses) return fail(at(file, node, addresses.error()));
    entry.addresses.insert(entry.addresses.end(), addresses->begin(), addresses->end());
  }
  return {};
}

Status read_text(const YAML::Node& node, const std::string& file, std::string& out) {
  if (!node || node.IsNull()) return {};
  auto text = scalar_of(node, file);
  if (!text) return fail(text.error());
  out = std::move(*text);
  return {};
}

Status read_route(const YAML::Node& node, const std::string& file, LinkEntry& entry) {
  if (auto read = read_text(node, file, entry.route); !read || entry.route.empty()) return read;
  if (const auto route = parse_route(entry.route); !route) {
    return fail(at(file, node, route.error()));
  }
  return {};
}

Result<LinkEntry> read_entry(const YAML::Node& node, const std::string& file) {
  LinkEntry entry;
  if (auto checked =
          check_keys(node, {"target", "ports", "namespace", "context", "addresses", "route"}, file);
      !checked) {
    return fail(checked.error());
  }
  if (!node["target"] || !node["ports"]) {
    return fail(yaml_error(file, node, "a link needs 'target' and 'ports'"));
  }
  std::string target;
  Status read = read_text(node["target"], file, target);
  if (!read) return fail(read.error());
  auto parsed = parse_target(target);
  if (!parsed) return fail(at(file, node["target"], parsed.error()));
  entry.target = std::move(*parsed);

  read = read_ports(node["ports"], file, entry);
  if (read) read = read_text(node["namespace"], file, entry.kube_namespace);
  if (read) read = read_text(node["context"], file, entry.context);
  if (read && node["addresses"]) read = read_addresses(node["addresses"], file, entry);
  if (read) read = read_route(node["route"], file, entry);
  if (!read) return fail(read.error());
  return entry;
}

}  // namespace

Result<std::vector<LinkEntry>> parse_links(const std::string& text, const std::string& file) {
  const auto root = parse_yaml(text, file);
  if (!root) return fail(root.error());
  if (auto checked = check_keys(*root, {"links"}, file); !checked) return fail(checked.error());
  const auto list = (*root)["links"];
  if (!list || !list.IsSequence() || list.size() == 0 || list.size() > kMaxLinksInFile) {
    return fail(yaml_error(file, list ? list : *root, "'links' has to be a list of 1 to 64 links",
                           "as in\n    links:\n      - target: svc/app\n        ports: [8080:80]"));
  }
  std::vector<LinkEntry> entries;
  for (const auto& node : list) {
    auto entry = read_entry(node, file);
    if (!entry) return fail(entry.error());
    entries.push_back(std::move(*entry));
  }
  return entries;
}

}  // namespace ferry::cli
