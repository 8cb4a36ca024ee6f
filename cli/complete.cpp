#include "cli/complete.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>

namespace ferry::cli {
namespace {

using kube::Target;

// Bits of cobra's directive.
constexpr unsigned kNoSpace = 2;
constexpr unsigned kNoFiles = 4;
constexpr unsigned kDirectoriesOnly = 16;

// What a command's first operand may be.
struct Operand {
  const char* starts = "";               // "svc/ deploy/"
  std::optional<kube::TargetKind> bare;  // of a NAME alone
  bool bare_first = false;               // offered before anything is typed, too
  bool with_container = false;           // NAME:CONTAINER
  bool swapped = false;                  // only what is swapped
};

Operand operand_of(const std::string& command) {
  if (command == "forward") {
    return {.starts = "svc/ deploy/ sts/ rs/ pod/ host/", .bare = kube::TargetKind::kPod};
  }
  if (command == "swap-deployment" || command == "restore" || command == "ide") {
    return {.starts = "deploy/ sts/ rs/",
            .bare = kube::TargetKind::kDeployment,
            .bare_first = true,
            .with_container = command == "swap-deployment",
            .swapped = command == "restore"};
  }
  if (command == "logs" || command == "exec" || command == "debug") {
    return {.starts = "svc/ deploy/ sts/ rs/ pod/", .bare = kube::TargetKind::kPod};
  }
  if (command == "diagnose") {
    return {.starts = "svc/ deploy/ sts/ rs/ pod/ link/", .bare = kube::TargetKind::kPod};
  }
  return {};
}

// Where the object stands among the operands: `ferry ide vscode deploy/app`.
std::size_t place_of_object(const std::string& command) { return command == "ide" ? 1 : 0; }

Names split(const std::string& words) {
  std::istringstream in(words);
  return {std::istream_iterator<std::string>(in), std::istream_iterator<std::string>()};
}

// Nothing that a shell reads as more than a word's part.
bool is_plain(const std::string& name) {
  constexpr std::string_view kFine = "-._:/@+=,";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || kFine.find(c) != kFine.npos;
  });
}

class Completion {
 public:
  Completion(const ProgramDoc& doc, const TypedLine& line, NameSource& names)
      : doc_(doc), line_(line), names_(names) {}

  Completions go() {
    if (line_.behind_dashes) {
      out_.files = Completions::Files::kAny;
    } else if (line_.option != nullptr) {
      option_value(*line_.option);
    } else if (line_.word.starts_with("-")) {
      options((line_.command == nullptr ? doc_.main : *line_.command).options);
    } else if (line_.command == nullptr) {
      for (const auto& command : doc_.commands) offer(command.name, command.summary);
    } else {
      operand(*line_.command);
    }
    return std::move(out_);
  }

 private:
  // `prefix` stands before it in the word.
  void offer(const std::string& text, const std::string& description = {},
             const std::string& prefix = {}) {
    const std::string whole = prefix + text;
    if (!whole.starts_with(line_.word) || !is_plain(whole)) return;
    Candidate candidate{line_.before + whole, description};
    const auto& there = out_.candidates;
    if (there.size() >= kMostCandidates) return;
    if (std::find(there.begin(), there.end(), candidate) != there.end()) return;
    out_.candidates.push_back(std::move(candidate));
  }

  void offer_all(const Names& names, const std::string& prefix = {}) {
    for (const auto& name : names) offer(name, {}, prefix);
  }

  void options(const std::vector<OptionDoc>& all) {
    for (const auto& option : all) {
      offer(option.long_name, option.description);
      if (!option.short_name.empty()) offer(option.short_name, option.description);
    }
  }

  void option_value(const OptionDoc& option) {
    const std::string& name = option.long_name;
    if (!option.choices.empty()) return offer_all(option.choices);
    if (option.value == "FILE") out_.files = Completions::Files::kAny;
    if (option.value == "DIR") out_.files = Completions::Files::kDirectories;
    if (name == "--namespace") return offer_all(names_.namespaces());
    if (name == "--context") return offer_all(names_.contexts());
    if (name == "--container" || name == "--target") return containers();
    if (name == "--expose") return ports();
  }

  void operand(const CommandDoc& command) {
    if (command.name == "completion" && line_.operands.empty()) offer_all(split("bash zsh fish"));
    if (command.name == "leave") return links();
    if (command.name == "forward" && !line_.operands.empty()) return ports();
    if (command.name == "ide" && line_.operands.empty()) {
      return offer_all(split("vscode jetbrains"));
    }
    const Operand form = operand_of(command.name);
    if (line_.operands.size() > place_of_object(command.name) || line_.options.contains("--file"))
      return;
    const auto colon = line_.word.find(':');
    if (form.with_container && colon != std::string::npos) {
      const auto target = target_in(line_.word);
      if (target) offer_all(names_.containers(*target), line_.word.substr(0, colon + 1));
    } else if (const auto slash = line_.word.find('/'); slash != std::string::npos) {
      objects(line_.word.substr(0, slash), form);
    } else {
      bare(form);
    }
  }

  // TYPE/NAME
  void objects(const std::string& type, const Operand& form) {
    if (type == "link" && std::string_view(form.starts).find("link/") != std::string_view::npos) {
      for (const auto& link : names_.links()) offer(link.id, link.target, "link/");
      return;
    }
    const auto any = kube::parse_target(type + "/any");
    if (any && any->kind != kube::TargetKind::kHost) offer_all(named(any->kind, form), type + "/");
  }

  Names named(kube::TargetKind kind, const Operand& form) {
    return form.swapped ? names_.swapped(kind) : names_.objects(kind);
  }

  // A NAME alone, or the beginning of TYPE/NAME.
  void bare(const Operand& form) {
    offer_all(split(form.starts));
    if (!form.bare) return;
    const bool asked = !line_.word.empty() && out_.candidates.empty();
    if (asked || form.bare_first) offer_all(named(*form.bare, form));
  }

  void links() {
    const auto left = [this](const std::string& word) {
      return std::find(line_.operands.begin(), line_.operands.end(), word) == line_.operands.end();
    };
    for (const auto& link : names_.links()) {
      if (!left(link.id) || !left(link.target)) continue;
      offer(link.id, link.target);
      offer(link.target);
    }
  }

  // The object that a word names, be it with a container ("app:main").
  std::optional<Target> target_in(const std::string& word) const {
    auto target = kube::parse_target(word.substr(0, word.find(':')));
    if (!target || target->kind == kube::TargetKind::kHost) return std::nullopt;
    const auto bare = operand_of(line_.command->name).bare;
    if (word.find('/') == std::string::npos && bare) target->kind = *bare;
    return *target;
  }

  std::optional<Target> target() const {
    if (line_.command == nullptr) return std::nullopt;
    const std::size_t place = place_of_object(line_.command->name);
    if (line_.operands.size() <= place) return std::nullopt;
    return target_in(line_.operands[place]);
  }

  void containers() {
    if (const auto of = target()) offer_all(names_.containers(*of));
  }

  // [LOCAL:]REMOTE
  void ports() {
    const auto of = target();
    if (!of) return;
    const auto colon = line_.word.find(':');
    const std::string local =
        colon == std::string::npos ? std::string() : line_.word.substr(0, colon + 1);
    offer_all(names_.ports(*of), local);
  }

  const ProgramDoc& doc_;
  const TypedLine& line_;
  NameSource& names_;
  Completions out_;
};

std::string one_line(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return text;
}

}  // namespace

Completions complete(const ProgramDoc& doc, const TypedLine& line, NameSource& names) {
  return Completion(doc, line, names).go();
}

std::string completions_text(const Completions& completions) {
  std::string out;
  for (const auto& [text, description] : completions.candidates) {
    out += text;
    if (!description.empty()) out += "\t" + one_line(description);
    out += "\n";
  }
  using Files = Completions::Files;
  unsigned directive = completions.files == Files::kNone          ? kNoFiles
                       : completions.files == Files::kDirectories ? kDirectoriesOnly
                                                                  : 0;
  const auto& all = completions.candidates;
  if (all.size() == 1 && all.front().text.ends_with('/')) directive |= kNoSpace;
  return out + ":" + std::to_string(directive) + "\n";
}

}  // namespace ferry::cli
