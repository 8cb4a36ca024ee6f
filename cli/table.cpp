#include "cli/table.h"

#include <algorithm>

namespace ferry::cli {

void Table::add(std::vector<std::string> row) {
  for (auto& cell : row) {
    if (cell.empty()) cell.push_back('-');
  }
  rows_.push_back(std::move(row));
}

std::string Table::text() const {
  std::vector<std::size_t> widths(rows_.front().size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < widths.size(); ++i)
      widths[i] = std::max(widths[i], row.at(i).size());
  }
  std::string out;
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      out += row[i];
      if (i + 1 < widths.size()) out.append(widths[i] - row[i].size() + 3, ' ');
    }
    out += '\n';
  }
  return out;
}

}  // namespace ferry::cli
