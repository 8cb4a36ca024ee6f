// A command line that is still being typed, read as far as completing it takes: nothing in it is
// an error.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/command_doc.h"

namespace ferry::cli {

struct TypedLine {
  const CommandDoc* command = nullptr;         // of the ProgramDoc; null: none is named yet
  std::vector<std::string> operands;           // before the word at the cursor
  std::map<std::string, std::string> options;  // values by long name, of those before the cursor
  bool behind_dashes = false;                  // the word belongs to a program of the user's

  // The word at the cursor, in two parts: "--namespace=" and "sh", or nothing and "sh".
  std::string before;
  std::string word;
  const OptionDoc* option = nullptr;  // whose value `word` is; null: it is none
};

// `words`: what follows the program's name up to the cursor; the last is the word at the cursor,
// and may be empty. The result refers to `doc`.
TypedLine read_typed_line(const ProgramDoc& doc, const std::vector<std::string>& words);

}  // namespace ferry::cli
