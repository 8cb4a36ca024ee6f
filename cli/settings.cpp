#include "cli/settings.h"

#include "cli/target_args.h"
#include "cli/yaml_file.h"

namespace ferry::cli {
namespace {

std::vector<std::string> names() { return {kSettingNames.begin(), kSettingNames.end()}; }

// "pullPolicy" -> "PULL_POLICY" / "pull-policy"
std::string words_of(const std::string& name, char joiner, bool upper) {
  std::string out;
  for (const char c : name) {
    const bool capital = c >= 'A' && c <= 'Z';
    if (capital) out += joiner;
    const char lower = capital ? static_cast<char>(c + 32) : c;
    out += upper ? static_cast<char>(lower - 32) : lower;
  }
  return out;
}

std::string flag_of(const std::string& name) {
  return name == "pullSecrets" ? "--pull-secret" : "--" + words_of(name, '-', false);
}

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> items;
  std::string item;
  for (const char c : text + ",") {
    if (c != ',') {
      item += c;
    } else if (!item.empty()) {
      items.push_back(std::move(item));
      item.clear();
    }
  }
  return items;
}

// The value in its canonical form.
Result<std::string> checked(const std::string& name, const std::string& value) {
  if (name == "pullPolicy") return parse_pull_policy(value);
  if (name == "route") return parse_route(value).map([&](auto) { return value; });
  if (name == "idleExit") return parse_duration(value).map([&](auto) { return value; });
  return value;
}

Status take(Settings& settings, const std::string& name, const std::string& value,
            const std::string& from) {
  auto canonical = checked(name, value);
  if (!canonical) {
    Error error = canonical.error();
    error.what += " (" + from + ")";
    return fail(std::move(error));
  }
  settings.values[name] = {std::move(*canonical), from};
  return {};
}

Status take_map(Settings& settings, const YAML::Node& map, const std::string& from) {
  for (const auto& name : names()) {
    const auto node = map[name];
    if (!node || node.IsNull()) continue;
    auto values = scalars_of(node, settings.file);
    if (!values) return fail(values.error());
    if (name != "pullSecrets" && values->size() != 1) {
      return fail(yaml_error(settings.file, node, "'" + name + "' takes a single value"));
    }
    std::string joined;
    for (const auto& value : *values) joined += (joined.empty() ? "" : ",") + value;
    if (auto taken = take(settings, name, joined, from); !taken) return taken;
  }
  return {};
}

Status take_file(Settings& settings, const std::string& text) {
  const auto root = parse_yaml(text, settings.file);
  if (!root) return fail(root.error());
  if (root->IsNull()) return {};
  auto known = names();
  known.emplace_back("contexts");
  if (auto checked = check_keys(*root, known, settings.file); !checked) return checked;
  if (auto taken = take_map(settings, *root, settings.file); !taken) return taken;
  const auto contexts = (*root)["contexts"];
  if (!contexts || contexts.IsNull()) return {};
  if (!contexts.IsMap()) {
    return fail(yaml_error(settings.file, contexts, "'contexts' has to be a map",
                           "its keys are the names of kubeconfig contexts"));
  }
  for (const auto& entry : contexts) {
    if (auto checked = check_keys(entry.second, names(), settings.file); !checked) return checked;
    if (!entry.first.IsScalar() || entry.first.Scalar() != settings.context) continue;
    const std::string from = settings.file + " (context " + settings.context + ")";
    if (auto taken = take_map(settings, entry.second, from); !taken) return taken;
  }
  return {};
}

}  // namespace

std::string settings_path(const control::GetEnv& get_env) {
  const auto config = get_env("XDG_CONFIG_HOME");
  if (config && config->starts_with('/')) return *config + "/ferry/config.yaml";
  return get_env("HOME").value_or("") + "/.config/ferry/config.yaml";
}

Result<Settings> load_settings(const control::GetEnv& get_env, const std::string& context,
                               const std::map<std::string, std::string>& flags) {
  Settings settings{.file = settings_path(get_env), .context = context, .values = {}};
  for (const auto& name : names()) settings.values[name] = {"", "default"};
  settings.values["route"].value = "auto";

  const auto text = read_file(settings.file);
  if (!text && text.error().code != ErrorCode::kNotFound) return fail(text.error());
  if (text) {
    if (auto taken = take_file(settings, *text); !taken) return fail(taken.error());
  }
  for (const auto& name : names()) {
    const std::string variable = "FERRY_" + words_of(name, '_', true);
    const auto value = get_env(variable);
    if (!value || value->empty()) continue;
    if (auto taken = take(settings, name, *value, variable); !taken) return fail(taken.error());
  }
  for (const auto& [name, value] : flags) {
    if (auto taken = take(settings, name, value, flag_of(name)); !taken) return fail(taken.error());
  }
  return settings;
}

control::ProxyOptions proxy_options(const Settings& settings) {
  control::ProxyOptions options{.image = settings["image"],
                                .pull_policy = settings["pullPolicy"],
                                .pull_secrets = split_list(settings["pullSecrets"])};
  if (const auto idle = parse_duration(settings["idleExit"])) {
    options.idle_exit_seconds = static_cast<std::uint32_t>(idle->count());
  }
  return options;
}

control::Route route_of(const Settings& settings) {
  return parse_route(settings["route"]).value_or(control::Route::kAuto);
}

}  // namespace ferry::cli
