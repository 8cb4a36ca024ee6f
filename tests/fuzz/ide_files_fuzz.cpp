// Bytes as a tasks.json of the user's: an entry of ours goes into it, and all that was there stays.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "cli/ide/jsonc_edit.h"

namespace jsonc = ferry::cli::jsonc;

namespace {

void demand(bool kept) {
  if (!kept) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const jsonc::Json ours = {{"label", "ferry: swap app"}, {"type", "shell"}};
  const jsonc::Entries entries{.array = "tasks", .key = "label", .entries = {ours}, .version = "2"};
  const auto merged = jsonc::merge(text, entries);
  if (!merged) {
    demand(!merged.error().why.empty());
    return 0;
  }
  // What is written can be read, and merging twice is merging once.
  const auto again = jsonc::merge(*merged, entries);
  demand(again && *again == *merged);
  const auto after = jsonc::parse(*merged);
  demand(after.has_value() && after->root.has_value());
  const nlohmann::json all = jsonc::value_of(*after->root);
  demand(all.contains("tasks") && !all["tasks"].empty());

  const auto before = jsonc::parse(text);
  if (!before || !before->root) return 0;  // comments alone
  const nlohmann::json was = jsonc::value_of(*before->root);
  for (const auto& [name, value] : was.items()) {
    if (name != "tasks") demand(all.contains(name) && all[name] == value);
  }
  const jsonc::Node* tasks = before->root->find("tasks");
  if (tasks != nullptr) demand(all["tasks"].size() >= tasks->elements.size());
  return 0;
}
