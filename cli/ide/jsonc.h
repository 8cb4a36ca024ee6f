// Reading JSON as editors keep their settings in: with comments and commas that trail. What is read
// remembers where it stands in the text, for jsonc_edit.h to change that place and nothing else.
//
// Grammar: RFC 8259, and the two additions as VS Code takes them (its package jsonc-parser).
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace ferry::cli::jsonc {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxText = std::size_t{1} << 20;  // bytes
constexpr int kMaxDepth = 64;                           // objects and arrays within each other

enum class Kind : std::uint8_t { kObject, kArray, kScalar };

struct Member;

// A value and its place: the bytes from `begin` up to `end`.
struct Node {
  Kind kind = Kind::kScalar;
  std::size_t begin = 0;
  std::size_t end = 0;
  Json scalar;                  // of a scalar
  std::vector<Member> members;  // of an object, in their order
  std::vector<Node> elements;   // of an array
  std::size_t tail = 0;         // behind the last item, comma or comment before the bracket
  bool trailing_comma = false;

  // The member of that name; nullptr if there is none.
  const Node* find(const std::string& name) const;
};

struct Member {
  std::string name;
  Node value;
};

struct Document {
  std::optional<Node> root;  // nothing in a text that has no value
};

// Errors: kInvalid, with line and column (both from 1, in characters) in `why`; kExhausted: too
// large or too deep.
Result<Document> parse(const std::string& text);

// The value without its comments and the order of its members.
nlohmann::json value_of(const Node& node);

// "line 3, column 7"
std::string place_of(const std::string& text, std::size_t offset);

}  // namespace ferry::cli::jsonc
