#include "cli/typed_line.h"

#include <algorithm>
#include <utility>

namespace ferry::cli {
namespace {

class Reader {
 public:
  explicit Reader(const ProgramDoc& doc) : doc_(doc) {}

  void take(const std::string& word) {
    if (line_.behind_dashes) return;
    if (const auto* option = std::exchange(pending_, nullptr)) {
      line_.options[option->long_name] = word;
    } else if (word == "--") {
      line_.behind_dashes = true;
    } else if (word.starts_with("--")) {
      take_long(word);
    } else if (word.size() > 1 && word.front() == '-') {
      take_short(word);
    } else if (line_.command == nullptr) {
      line_.command = find_command(word);
    } else {
      line_.operands.push_back(word);
    }
  }

  TypedLine at_cursor(const std::string& word) {
    line_.word = word;
    line_.option = pending_;
    const auto equals = word.find('=');
    const bool joined = word.starts_with("--") && equals != std::string::npos;
    if (line_.behind_dashes || line_.option != nullptr || !joined) return std::move(line_);
    const auto* option = find_long(word.substr(0, equals));
    if (option == nullptr || option->value.empty()) return std::move(line_);
    line_.option = option;
    line_.before = word.substr(0, equals + 1);
    line_.word = word.substr(equals + 1);
    return std::move(line_);
  }

 private:
  const CommandDoc* find_command(const std::string& word) const {
    const auto found =
        std::find_if(doc_.commands.begin(), doc_.commands.end(), [&](const CommandDoc& command) {
          return command.name == word || (!command.alias.empty() && command.alias == word);
        });
    return found == doc_.commands.end() ? nullptr : &*found;
  }

  template <typename Fits>
  const OptionDoc* find_option(Fits fits) const {
    const auto& options = (line_.command == nullptr ? doc_.main : *line_.command).options;
    const auto found = std::find_if(options.begin(), options.end(), fits);
    return found == options.end() ? nullptr : &*found;
  }

  const OptionDoc* find_long(const std::string& name) const {
    return find_option([&](const OptionDoc& option) { return option.long_name == name; });
  }

  void take_long(const std::string& word) {
    const auto equals = word.find('=');
    const auto* option = find_long(word.substr(0, equals));
    if (option == nullptr || option->value.empty()) return;
    if (equals == std::string::npos) {
      pending_ = option;
    } else {
      line_.options[option->long_name] = word.substr(equals + 1);
    }
  }

  // "-n", "-nshop", "-it"
  void take_short(const std::string& word) {
    for (std::size_t i = 1; i < word.size(); ++i) {
      const std::string name = {'-', word[i]};
      const auto* option =
          find_option([&](const OptionDoc& each) { return each.short_name == name; });
      if (option == nullptr || option->value.empty()) continue;
      if (i + 1 == word.size()) {
        pending_ = option;
      } else {
        line_.options[option->long_name] = word.substr(i + 1);
      }
      return;
    }
  }

  const ProgramDoc& doc_;
  TypedLine line_;
  const OptionDoc* pending_ = nullptr;  // its value comes next
};

}  // namespace

TypedLine read_typed_line(const ProgramDoc& doc, const std::vector<std::string>& words) {
  Reader reader(doc);
  for (std::size_t i = 0; i + 1 < words.size(); ++i) reader.take(words[i]);
  return reader.at_cursor(words.empty() ? std::string() : words.back());
}

}  // namespace ferry::cli
