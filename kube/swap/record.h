// What a swap writes into the cluster, so that any machine can end it: a record on the original and
// on the stand-in, a note on each Service while it is steered, and a label on all that is ours.
//
//   label       ferry.dev/stand-in: ID   the stand-in, its pods and everything that it owns
//   annotation  ferry.dev/swap           the record, as JSON
//   annotation  ferry.dev/steered        on a Service: {"id", "workload", "selector"}
//   annotation  ferry.dev/taken-over     on a stand-in that is about to go for somebody else's:
//                                        {"owner", "at"}
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kube/api.h"
#include "kube/swap/workload.h"

namespace ferry::swap {

inline constexpr const char* kStandInLabel = "ferry.dev/stand-in";
inline constexpr const char* kSwapAnnotation = "ferry.dev/swap";
inline constexpr const char* kSteeredAnnotation = "ferry.dev/steered";
inline constexpr const char* kTakenOverAnnotation = "ferry.dev/taken-over";

struct Record {
  std::string id;                     // of the swap: fit for a label value
  std::string owner;                  // "user@host", for people
  std::string holder;                 // which installation; empty in older records
  std::string since;                  // RFC 3339, UTC
  std::string workload;               // to_string() of the original
  std::uint32_t replicas = 1;         // the original's, from before
  bool was_available = true;          // all of them were, so that restoring may wait for that
  std::string stand_in;               // the stand-in Deployment's name
  std::string container;              // the one that is stood in for
  std::vector<std::string> services;  // that are, or may come to be, steered
  bool keep_original = false;         // the original goes on running: never scaled, never steered
  bool scaling = false;               // it is being, or was, scaled to 0: not before taking over

  bool operator==(const Record&) const = default;
};

// One line of JSON.
std::string to_text(const Record& record);

// Error: kInvalid with an empty `what`; `why` says which field is off.
Result<Record> parse_record(std::string_view text);

// The annotation's text; empty if the object has none.
std::string record_text(const kube::Json& object);
// The label's value; empty if the object has none.
std::string stand_in_id(const kube::Json& object);

// Whether it was made by that installation. A record that doesn't tell goes by its owner: then two
// people of one name on hosts of one name pass for one.
bool is_held_by(const Record& record, const std::string& owner, const std::string& holder);

// "ann@laptop since 2026-11-21T10:00:00Z"
std::string held_by(const Record& record);

// The name of the stand-in Deployment: one for each original, so that two swaps of the same one
// meet here. At most 52 characters, which leaves room for what names of pods add.
std::string stand_in_name(const WorkloadRef& original);

// RFC 3339 in UTC, whole seconds.
std::string to_rfc3339(std::chrono::system_clock::time_point date);

}  // namespace ferry::swap
