// What commands print of the daemon's state, in the format asked for. Times are relative to `now`.
// The JSON forms are a contract: docs/schema/output.schema.json.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/invocation.h"
#include "cli/settings.h"
#include "daemon/control/api.h"
#include "daemon/control/json.h"

namespace ferry::cli {

struct View {
  OutputFormat format = OutputFormat::kTable;
  control::UnixMillis now = 0;
};

// Whether it is for programs: JSON and YAML.
bool is_document(OutputFormat format);

// Text that comes from elsewhere, fit for a terminal: control characters become '?'.
std::string printable(const std::string& text);

// status: nothing when no daemon runs.
std::string status_text(const std::optional<control::DaemonStatus>& status, const View& view);

// list, and forward --detach
std::string links_text(const std::vector<control::LinkStatus>& links, const View& view);

// version: daemon is empty when none runs.
std::string version_text(const std::string& client, const std::string& daemon, const View& view);

// config
std::string config_text(const Settings& settings, const View& view);

// "127.0.0.1:8080 -> 80, [::1]:8080 -> 80"
std::string ports_text(const control::LinkStatus& link);

// "  name          value", a line of what `status` tells; nothing for an empty value.
std::string field(const std::string& name, const std::string& value);

// JSON with two spaces, or the same as YAML; ends with a newline.
std::string document(const control::Json& json, OutputFormat format);

}  // namespace ferry::cli
