#include "cli/ide/jsonc_edit.h"
#include "cli/problems.h"

#include <algorithm>
#include <optional>

namespace ferry::cli::jsonc {
namespace {

// How the file is written.
struct Style {
  std::string unit = "    ";  // of indentation
  std::string line_end = "\n";
};

// The white space that the line of `offset` begins with.
std::string indent_at(const std::string& text, std::size_t offset) {
  const auto before = offset == 0 ? std::string::npos : text.rfind('\n', offset - 1);
  const auto begin = before == std::string::npos ? 0 : before + 1;
  const auto end = text.find_first_not_of(" \t", begin);
  return text.substr(begin, std::min(end, offset) - begin);
}

bool is_first_on_its_line(const std::string& text, std::size_t offset) {
  const auto before = text.find_last_not_of(" \t", offset == 0 ? 0 : offset - 1);
  return before != std::string::npos && text[before] == '\n';
}

Style style_of(const std::string& text, const std::optional<Node>& root) {
  Style style;
  if (text.find("\r\n") != std::string::npos) style.line_end = "\r\n";
  if (!root || root->members.empty()) return style;
  const auto name = text.find('"', root->begin);
  if (!is_first_on_its_line(text, name)) return style;
  const std::string unit = indent_at(text, name);
  if (!unit.empty() && unit.size() <= 8) style.unit = unit;
  return style;
}

// As it stands behind `indent`.
std::string written(const Json& json, const std::string& indent, const Style& style) {
  const std::string plain = style.unit.front() == '\t'
                                ? json.dump(static_cast<int>(style.unit.size()), '\t')
                                : json.dump(static_cast<int>(style.unit.size()), ' ');
  std::string out;
  for (const char c : plain) {
    out += c == '\n' ? style.line_end + indent : std::string(1, c);
  }
  return out;
}

// An item at the end of an object or array. `name`: of a member, or empty.
std::string with_item(std::string text, const Node& box, const std::string& name, const Json& item,
                      const Style& style) {
  const bool object = box.kind == Kind::kObject;
  const bool empty = object ? box.members.empty() : box.elements.empty();
  const std::string outer = indent_at(text, box.begin);
  std::string indent = outer + style.unit;
  const auto first = text.find_first_not_of(" \t\r\n", box.begin + 1);
  if (!empty && is_first_on_its_line(text, first)) indent = indent_at(text, first);

  const auto close = box.end - 1;
  const auto gap = text.substr(box.tail, close - box.tail);
  const bool broken = gap.find('\n') != std::string::npos;
  std::string added = style.line_end + indent;
  if (!name.empty()) added += Json(name).dump() + ": ";
  added += written(item, indent, style);
  if (broken) {
    text.insert(box.tail, added);
  } else {
    text.replace(box.tail, gap.size(), added + style.line_end + outer);
  }
  if (!empty && !box.trailing_comma) {
    text.insert(object ? box.members.back().value.end : box.elements.back().end, ",");
  }
  return text;
}

const Node* find_entry(const Node& array, const std::string& key, const Json& wanted) {
  for (const auto& element : array.elements) {
    const Node* name = element.find(key);
    if (name != nullptr && name->kind == Kind::kScalar && name->scalar == wanted) return &element;
  }
  return nullptr;
}

tl::unexpected<Error> wrong(const std::string& text, const Node& node, const std::string& why) {
  return fail(problem::kProjectFileInvalid, "", place_of(text, node.begin) + ": " + why);
}

std::string whole_file(const std::string& comments, const Entries& entries, const Style& style) {
  Json whole = Json::object();
  if (!entries.version.empty()) whole["version"] = entries.version;
  whole[entries.array] = entries.entries;
  const bool broken = comments.empty() || comments.back() == '\n';
  return comments + (broken ? "" : style.line_end) + written(whole, "", style) + style.line_end;
}

// One entry into the array that is there.
Result<std::string> with_entry(const std::string& text, const Entries& entries, const Json& entry) {
  const auto document = parse(text);
  if (!document) return fail(document.error());
  const Style style = style_of(text, document->root);
  const Node& array = *document->root->find(entries.array);
  const Node* there = find_entry(array, entries.key, entry.at(entries.key));
  if (there == nullptr) return with_item(text, array, "", entry, style);
  if (value_of(*there) == nlohmann::json(entry)) return text;
  std::string out = text;
  out.replace(there->begin, there->end - there->begin,
              written(entry, indent_at(text, there->begin), style));
  return out;
}

// The version and the array, where the file has none.
Result<std::string> with_members(const std::string& text, const Entries& entries) {
  std::string out = text;
  for (const bool array : {false, true}) {
    const auto document = parse(out);
    if (!document) return fail(document.error());
    const Node& root = *document->root;
    if (root.kind != Kind::kObject) return wrong(out, root, "an object, { ... }, is expected");
    const std::string name = array ? entries.array : "version";
    const Node* there = root.find(name);
    if (array && there != nullptr && there->kind != Kind::kArray) {
      return wrong(out, *there, "'" + name + "' is expected to be an array, [ ... ]");
    }
    if (there != nullptr || (!array && entries.version.empty())) continue;
    const Json value = array ? Json::array() : Json(entries.version);
    out = with_item(out, root, name, value, style_of(out, root));
  }
  return out;
}

}  // namespace

Result<std::string> merge(const std::string& text, const Entries& entries) {
  const auto document = parse(text);
  if (!document) return fail(document.error());
  if (!document->root) return whole_file(text, entries, style_of(text, document->root));
  auto out = with_members(text, entries);
  for (const auto& entry : entries.entries) {
    if (!out) break;
    out = with_entry(*out, entries, entry);
  }
  return out;
}

}  // namespace ferry::cli::jsonc
