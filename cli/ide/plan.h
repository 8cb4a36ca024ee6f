// What `ferry ide` is asked for, complete: what an IDE will have to start, in words of no IDE.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/invocation.h"
#include "daemon/control/paths.h"

namespace ferry::cli::ide {

enum class Language : std::uint8_t { kCpp, kGo, kPython, kNode, kJava };

// A forward link to a debugger's server in the cluster.
struct Attach {
  std::uint16_t local = 0;
  std::string ports;        // as `ferry forward` takes them: "5678:5678"
  std::string remote_root;  // where the sources are there, or empty
};

struct Plan {
  std::string folder;  // the project's, absolute
  Language language = Language::kCpp;
  std::string program;  // see program_of(); empty: the IDE finds or asks for it
  std::vector<std::string> arguments;
  std::string ferry;   // how to call it: "ferry", or its path where PATH doesn't lead to it
  std::string target;  // "deploy/web:main"
  std::string leave;   // "deploy/web"
  std::string title;   // tells it from others: "web", "sts/db in shop @ staging"
  std::string name;    // the same, fit for the name of a file
  std::vector<std::string> expose;
  std::string probes;
  std::vector<std::string> scope;        // -n, --context, --kubeconfig
  std::vector<std::string> leave_scope;  // of these, what `ferry leave` takes
  bool stay = false;                     // the swap outlives the debugger
  bool attach = false;
  Attach remote;

  // The words behind `ferry`. `root`: the project's folder as the IDE writes it; the container's
  // environment and files come into folder_of_ours() below it.
  std::vector<std::string> swap_words(const std::string& root) const;
  std::vector<std::string> forward_words() const;
  std::vector<std::string> leave_words() const;
  std::string env_file() const;   // below the folder
  std::string files_dir() const;  // below the folder

  // What the IDE shows: "ferry: swap web".
  std::string label(const std::string& what) const { return "ferry: " + what + " " + title; }
};

// Below the project's folder; never to be committed, but for .gitignore and scripts.
constexpr const char* kOurFolder = ".ferry";

// The languages that the files in a folder speak of.
std::vector<Language> languages_in(const std::string& folder);
const char* name_of(Language language);  // "cpp", as --lang has it

// Errors: kUsage (options, an unknown or ambiguous language, a program that can't be told),
// kNotFound (no such folder), kInvalid (text that can't be written).
Result<Plan> make_plan(const Invocation& invocation, const control::GetEnv& get_env,
                       const std::string& working_directory);

}  // namespace ferry::cli::ide
