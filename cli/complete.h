// What may stand at the cursor of a command line that is being typed: the answer to the completion
// scripts (completion.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/command_doc.h"
#include "cli/typed_line.h"
#include "kube/target.h"

namespace ferry::cli {

using Names = std::vector<std::string>;

// What there is to be named. What can't be known, or not soon enough, is left out.
class NameSource {
 public:
  struct Link {
    std::string id;
    std::string target;  // "svc/app"
  };

  virtual ~NameSource() = default;
  virtual Names objects(kube::TargetKind kind) = 0;  // not of hosts
  virtual Names swapped(kube::TargetKind kind) = 0;  // those of them that are
  virtual Names namespaces() = 0;
  virtual Names contexts() = 0;
  virtual Names containers(const kube::Target& target) = 0;
  virtual Names ports(const kube::Target& target) = 0;  // names and numbers; TCP
  virtual std::vector<Link> links() = 0;                // of the running daemon
};

struct Candidate {
  std::string text;  // of the whole word at the cursor
  std::string description;

  bool operator==(const Candidate&) const = default;
};

struct Completions {
  enum class Files : std::uint8_t { kNone, kAny, kDirectories };

  std::vector<Candidate> candidates;  // all begin with what is typed; kMostCandidates at most
  Files files = Files::kNone;         // these fit as well; the shell knows them
};

constexpr std::size_t kMostCandidates = 500;

// Names that a shell or a terminal might take for more than names are left out: they come from
// others.
Completions complete(const ProgramDoc& doc, const TypedLine& line, NameSource& names);

// As the scripts read it: a line for each candidate, with its description behind a tab; then a
// colon and a number. The form, and the number's bits, are those of cobra's programs, so that
// kubectl can pass them on (https://pkg.go.dev/github.com/spf13/cobra#ShellCompDirective).
std::string completions_text(const Completions& completions);

}  // namespace ferry::cli
