// Tables as CSV for programs and as aligned columns for people.
#pragma once

#include <string>
#include <vector>

namespace reluscope {

struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;  // each with one cell for each column
};

// CSV as in RFC 4180, but with "\n" line ends: a header, then the rows. Cells with commas, quotes
// or line ends are quoted.
std::string to_csv(const Table& table);

// Columns separated by two blanks, the first left-aligned, the others right-aligned. Widths count
// characters, not bytes.
std::vector<std::string> to_lines(const Table& table);

}  // namespace reluscope
