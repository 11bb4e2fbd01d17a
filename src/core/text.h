// Small text tools shared by the parsers and the reports: exact number parsing, number
// formatting, splitting, and "did you mean" suggestions.
#pragma once

#include <cstdarg>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reluscope {

// printf into a string. Only %d %s %f %g and their like: nothing here depends on a locale.
[[gnu::format(printf, 1, 2)]] std::string format(const char* pattern, ...);

// The whole text as a finite-or-not double ("nan" and "inf" are numbers here; ranges refuse
// them later, by name), or nothing if any character is left over or the number is so near to 0 that
// a double would have it as 0.
std::optional<double> parse_number(std::string_view text);

// Whether `text` is a decimal number other than 0 that a double would have as 0.
bool vanishes(std::string_view text);

// The shortest decimal text that reads back as the same double: 0.001, 64, 1e-08.
std::string number_text(double value);

// 407050 -> "407,050".
std::string with_commas(std::int64_t value);

std::string_view trim(std::string_view text);

// "a  b c " -> {"a", "b", "c"}
std::vector<std::string> words(std::string_view text);

// "a,b,,c" -> {"a", "b", "", "c"}; always at least one part. The parts lie in `text`.
std::vector<std::string_view> split(std::string_view text, char separator);

// "a, b or c"
std::string join_or(const std::vector<std::string>& names);

// The known name with the fewest single-character edits (Levenshtein), or "" if none is near:
// more than half of the longer word would have to change.
std::string nearest_name(std::string_view unknown, const std::vector<std::string>& known);

// A line as it may go to a terminal: control characters (C0 but for tabs, DEL, C1), those that turn
// the direction of writing or end a line, and bytes that are not UTF-8 are escaped. Names from
// files are in many lines.
std::string printable(std::string_view line);

// `unknown` quoted for a message, as printable() has it and with tabs escaped, at most 60
// characters.
std::string in_quotes(std::string_view unknown);

}  // namespace reluscope
