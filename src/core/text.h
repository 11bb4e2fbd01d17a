// Text functions of the parsers and reports: parsing and formatting of numbers, splitting,
// escaping, and "did you mean" suggestions.
#pragma once

#include <concepts>
#include <cstdarg>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reluscope {

// printf into a string.
[[gnu::format(printf, 1, 2)]] std::string format(const char* pattern, ...);

// A part of a text: characters, which must outlive it, or a whole number. What is inline here and
// what is not keeps the code of the many messages short.
struct TextPart {
  TextPart(std::string_view text) noexcept;
  TextPart(const char* text) noexcept;
  TextPart(const std::string& text) noexcept;
  template <std::integral T>
  TextPart(T whole) noexcept : TextPart(whole < 0, static_cast<std::uint64_t>(whole)) {
    static_assert(!std::same_as<T, bool> && !std::same_as<T, char>);
  }
  TextPart(bool negative, std::uint64_t whole) noexcept;  // in two's complement

  std::string_view text;  // of a number: its sign
  std::uint64_t magnitude = 0;
  bool is_number = false;
};
std::string joined_parts(std::initializer_list<TextPart> parts);

// joined("epoch ", 3, " of ", name)
template <class... Parts>
[[gnu::always_inline]] inline std::string joined(const Parts&... parts) {
  return joined_parts({TextPart(parts)...});
}

// The value of a text that is a number as a whole; nothing for any other text, or if
// vanishes(text). Accepts "nan" and "inf": range checks refuse them later, by name.
std::optional<double> parse_number(std::string_view text);

// Whether `text` is a nonzero decimal number that rounds to 0 as a double.
bool vanishes(std::string_view text);

// The shortest decimal text that parses to the same double: 0.001, 64, 1e-08.
std::string number_text(double value);

// 407050 -> "407,050".
std::string with_commas(std::int64_t value);

std::string_view trim(std::string_view text);

std::string small_letters(std::string text);  // of ASCII

// "a  b c " -> {"a", "b", "c"}
std::vector<std::string> words(std::string_view text);

// "a,b,,c" -> {"a", "b", "", "c"}; always at least one part. The parts lie in `text`.
std::vector<std::string_view> split(std::string_view text, char separator);

// "a, b or c"
std::string join_or(const std::vector<std::string>& names);

// The known name with the smallest Levenshtein distance, or "" if more than half of the longer word
// would have to change.
std::string nearest_name(std::string_view unknown, const std::vector<std::string>& known);

// A line that is safe to print on a terminal. Escapes control characters (C0 except tabs, DEL, C1),
// line separators, characters that change the direction of writing, and bytes that are not UTF-8.
std::string printable(std::string_view line);

// `unknown` in quotes for a message: escaped as by printable(), tabs too, and cut after 60
// characters.
std::string in_quotes(std::string_view unknown);

}  // namespace reluscope
