// The JSON form of the control API's values. Readers check types, ranges and lengths and never
// throw: their error is kInvalid and names the member ("ports[1].local").
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "daemon/control/api.h"

namespace ferry::control {

using Json = nlohmann::json;

enum class Include : std::uint8_t {
  kEverything,     // for the daemon's memory
  kNoEnvironment,  // for files and logs: without the environment and what it may hold
};

Json to_json(const LinkSpec& spec, Include include);
Json to_json(const SwapSpec& spec, Include include);
Json to_json(const RestoreSpec& spec, Include include);
Json to_json(const KubeAccess& kube);  // {"kube": {...}}, with everything
Json to_json(const DiagnoseSpec& spec, Include include);
Json to_json(const Diagnosis& diagnosis);
Json to_json(const SwapPlanText& plan);
Json to_json(const SwapListing& swap);
Json to_json(const std::vector<SwapListing>& swaps);  // {"swaps": [...]}
Json to_json(const LinkStatus& status);
Json to_json(const TunnelStatus& status);
Json to_json(const DaemonStatus& status);
Json to_json(const Event& event);
Json to_json(const Error& error);

// A JSON time: "2026-11-21T08:05:00.123Z", or null for 0.
Json time_to_json(UnixMillis time);

// One line of UTF-8; bytes that are not UTF-8 become U+FFFD.
std::string dump(const Json& json);

// Parses text of at most max_bytes. Error: kInvalid.
Result<Json> parse_json(std::string_view text, std::size_t max_bytes);

// A spec with a member that this version does not know is refused: silently ignoring "prots" would
// forward something else than was meant. The result has passed problem_of().
Result<LinkSpec> link_spec_from_json(const Json& json);
Result<SwapSpec> swap_spec_from_json(const Json& json);
Result<RestoreSpec> restore_spec_from_json(const Json& json);
Result<KubeAccess> kube_access_from_json(const Json& json);
Result<DiagnoseSpec> diagnose_spec_from_json(const Json& json);

// Statuses and events may hold members of a newer daemon; those are ignored.
Result<LinkStatus> link_status_from_json(const Json& json);
Result<TunnelStatus> tunnel_status_from_json(const Json& json);
Result<DaemonStatus> daemon_status_from_json(const Json& json);
Result<Event> event_from_json(const Json& json);
Result<SwapPlanText> swap_plan_from_json(const Json& json);
Result<std::vector<SwapListing>> swap_listings_from_json(const Json& json);
Result<Diagnosis> diagnosis_from_json(const Json& json);
Result<Error> error_from_json(const Json& json);

}  // namespace ferry::control
