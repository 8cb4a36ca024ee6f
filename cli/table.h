// Columns aligned with spaces, as kubectl prints them.
#pragma once

#include <string>
#include <vector>

namespace ferry::cli {

class Table {
 public:
  explicit Table(std::vector<std::string> header) { rows_.push_back(std::move(header)); }

  // As many cells as the header has. An empty cell is shown as "-".
  void add(std::vector<std::string> row);

  // Lines that end with a newline and without trailing spaces.
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace ferry::cli
