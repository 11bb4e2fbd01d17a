// Rows of values as comma-separated text for programs and as aligned columns for people.
#pragma once

#include <string>
#include <vector>

namespace reluscope {

struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;  // as many cells each as there are columns
};

// RFC 4180, but lines end with a newline alone: a header, then the rows. Cells with commas, quotes
// or line ends are quoted.
std::string to_csv(const Table& table);

// Columns as wide as their widest cell, two blanks apart; the first to the left, the others to the
// right. Widths count characters, not bytes.
std::vector<std::string> to_lines(const Table& table);

}  // namespace reluscope
