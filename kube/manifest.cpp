#include "kube/manifest.h"

#include <yaml-cpp/yaml.h>

#include "kube/problems.h"
#include "kube/yaml_json.h"

namespace ferry::kube {

Result<Json> parse_manifest(std::string_view text, const std::string& name) {
  try {
    const Result<std::string> json = yaml_to_json(YAML::Load(std::string(text)));
    if (!json)
      return fail(problem::kManifestInvalid, "parsing the manifest " + name, json.error().why);
    return Json::parse(*json);
  } catch (const std::exception& thrown) {
    return fail(problem::kManifestInvalid, "parsing the manifest " + name, thrown.what());
  }
}

}  // namespace ferry::kube
