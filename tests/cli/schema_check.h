// Checks JSON against the part of JSON Schema that docs/schema uses. A keyword that this does not
// know is itself a complaint: a schema must not promise what no test looks at.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace ferry::cli {

// The first complaint ("links[0].state: not one of ..."), or empty. `definition`: the name under
// $defs to check against; empty: the schema itself.
std::string schema_complaint(const std::string& schema_file, const std::string& definition,
                             const nlohmann::json& value);

}  // namespace ferry::cli
