// Puts entries into an array of a JSON file of the user's, and leaves every other byte of it as it
// is: comments, order, indentation, trailing commas, line ends.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/ide/jsonc.h"

namespace ferry::cli::jsonc {

struct Entries {
  std::string array;          // the name of the array, a member of the whole: "tasks"
  std::string key;            // the member that tells one entry from another: "label"
  std::vector<Json> entries;  // objects, each with a text under `key`
  std::string version;        // member "version" of a file that has none; empty: it needs none
};

// An entry replaces the one with the same text under `key`, where it stands; one that says the same
// already is left as it is, so that merging twice is merging once. Others go to the array's end. A
// text without a value becomes a whole file; its comments stay.
//
// Errors: as parse(); kInvalid: the whole is no object, or the array is none.
Result<std::string> merge(const std::string& text, const Entries& entries);

}  // namespace ferry::cli::jsonc
