#include "cli/ide/jsonc.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <utility>

#include "cli/problems.h"
#include "cli/utf8.h"

namespace ferry::cli::jsonc {
namespace {

constexpr const char* kByteOrderMark = "\xEF\xBB\xBF";

class Parser {
 public:
  explicit Parser(const std::string& text) : text_(text) {}

  Result<Document> run();

 private:
  bool at_end() const { return at_ >= text_.size(); }
  char next() const { return at_end() ? '\0' : text_[at_]; }
  bool is_at(const char* token) const { return text_.compare(at_, std::strlen(token), token) == 0; }

  Status skip();
  Status value(Node& node, int depth);
  Status items(Node& node, int depth);
  Status item(Node& box, int depth);
  Status no_name_twice(const Node& object) const;
  Status string(Node& node);
  Status literal(Node& node);

  tl::unexpected<Error> wrong(const std::string& why) const { return wrong(why, at_); }
  tl::unexpected<Error> wrong(const std::string& why, std::size_t at) const {
    return fail(problem::kProjectFileInvalid, "", place_of(text_, at) + ": " + why);
  }

  const std::string& text_;
  std::size_t at_ = 0;
  std::size_t tail_ = 0;  // behind the last token or comment
};

// White space and comments.
Status Parser::skip() {
  while (!at_end()) {
    if (std::strchr(" \t\r\n", next()) != nullptr) {
      ++at_;
    } else if (is_at("//")) {
      at_ = std::min(text_.find_first_of("\r\n", at_), text_.size());
      tail_ = at_;
    } else if (is_at("/*")) {
      const auto end = text_.find("*/", at_ + 2);
      if (end == std::string::npos) return wrong("this comment has no end");
      at_ = end + 2;
      tail_ = at_;
    } else {
      break;
    }
  }
  return {};
}

Status Parser::value(Node& node, int depth) {
  if (depth > kMaxDepth) {
    return fail(problem::kProjectFileTooLarge, "",
                place_of(text_, at_) + ": more than " + std::to_string(kMaxDepth) +
                    " objects or arrays within each other");
  }
  node.begin = at_;
  Status read;
  if (next() == '{' || next() == '[') {
    read = items(node, depth);
  } else {
    read = next() == '"' ? string(node) : literal(node);
  }
  node.end = at_;
  tail_ = at_;
  return read;
}

// The inside of an object or an array, and its bracket.
Status Parser::items(Node& node, int depth) {
  node.kind = next() == '{' ? Kind::kObject : Kind::kArray;
  const char close = next() == '{' ? '}' : ']';
  ++at_;
  tail_ = at_;
  for (bool comma = true;;) {
    if (auto skipped = skip(); !skipped) return skipped;
    if (at_end())
      return wrong("'" + std::string(1, text_[node.begin]) + "' has no end", node.begin);
    if (next() == close) break;
    if (!comma) return wrong(std::string("',' or '") + close + "' is missing");
    if (auto read = item(node, depth); !read) return read;
    if (auto skipped = skip(); !skipped) return skipped;
    comma = next() == ',';
    node.trailing_comma = comma;
    if (comma) tail_ = ++at_;
  }
  node.tail = tail_;
  ++at_;
  return no_name_twice(node);
}

// Which of the two counts differs from reader to reader.
Status Parser::no_name_twice(const Node& object) const {
  std::set<std::string> names;
  for (const auto& member : object.members) {
    if (names.insert(member.name).second) continue;
    return wrong("'" + member.name + "' is there for the second time", member.value.begin);
  }
  return {};
}

Status Parser::item(Node& box, int depth) {
  if (box.kind == Kind::kArray) return value(box.elements.emplace_back(), depth + 1);
  if (next() != '"') return wrong("a name in quotes is missing");
  Node name;
  if (auto read = string(name); !read) return read;
  Member member{name.scalar.get<std::string>(), {}};
  if (auto skipped = skip(); !skipped) return skipped;
  if (next() != ':') return wrong("':' is missing");
  ++at_;
  if (auto skipped = skip(); !skipped) return skipped;
  if (auto read = value(member.value, depth + 1); !read) return read;
  box.members.push_back(std::move(member));
  return {};
}

Status Parser::string(Node& node) {
  const auto begin = at_++;
  for (; !at_end() && next() != '"'; ++at_) {
    if (static_cast<unsigned char>(next()) < 0x20) break;
    if (next() == '\\') ++at_;
  }
  if (next() != '"') return wrong("this text has no end on its line", begin);
  ++at_;
  node.scalar = Json::parse(text_.substr(begin, at_ - begin), nullptr, false);
  return node.scalar.is_string() ? Status() : wrong("this text has a wrong escape", begin);
}

Status Parser::literal(Node& node) {
  const auto begin = at_;
  const auto end = text_.find_first_of(" \t\r\n,:{}[]\"/", begin);
  const std::string word = text_.substr(begin, end - begin);
  node.scalar = Json::parse(word, nullptr, false);
  if (word.empty() || node.scalar.is_discarded()) return wrong("a value is missing");
  at_ = begin + word.size();
  return {};
}

Result<Document> Parser::run() {
  if (is_at(kByteOrderMark)) at_ += std::strlen(kByteOrderMark);
  if (auto skipped = skip(); !skipped) return fail(skipped.error());
  Document document;
  if (at_end()) return document;
  if (auto read = value(document.root.emplace(), 0); !read) return fail(read.error());
  if (auto skipped = skip(); !skipped) return fail(skipped.error());
  if (!at_end()) return wrong("something follows where the file should end");
  return document;
}

}  // namespace

const Node* Node::find(const std::string& name) const {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const Member& member) { return member.name == name; });
  return found == members.end() ? nullptr : &found->value;
}

Result<Document> parse(const std::string& text) {
  if (text.size() > kMaxText) {
    return fail(problem::kProjectFileTooLarge, "",
                "it is larger than " + std::to_string(kMaxText >> 20) + " MiB");
  }
  if (!is_utf8(text)) return fail(problem::kProjectFileInvalid, "", "it is not UTF-8");
  return Parser(text).run();
}

nlohmann::json value_of(const Node& node) {
  if (node.kind == Kind::kScalar) return node.scalar;
  auto out = node.kind == Kind::kObject ? nlohmann::json::object() : nlohmann::json::array();
  for (const auto& member : node.members) out[member.name] = value_of(member.value);
  for (const auto& element : node.elements) out.push_back(value_of(element));
  return out;
}

std::string place_of(const std::string& text, std::size_t offset) {
  std::size_t line = 1;
  std::size_t column = 1;
  const std::size_t begin = text.compare(0, 3, kByteOrderMark) == 0 ? 3 : 0;
  for (std::size_t at = begin; at < std::min(offset, text.size()); ++at) {
    const bool continues = (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
    if (text[at] == '\n') {
      ++line;
      column = 1;
    } else if (!continues) {
      ++column;
    }
  }
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

}  // namespace ferry::cli::jsonc
