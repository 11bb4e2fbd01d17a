#include "core/text.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <numeric>

namespace reluscope {

std::string format(const char* pattern, ...) {
  va_list args;
  va_start(args, pattern);
  va_list again;
  va_copy(again, args);
  const int length = std::vsnprintf(nullptr, 0, pattern, args);
  va_end(args);
  std::string text(static_cast<std::size_t>(std::max(length, 0)) + 1, '\0');
  std::vsnprintf(text.data(), text.size(), pattern, again);
  va_end(again);
  text.pop_back();
  return text;
}

TextPart::TextPart(std::string_view text) noexcept : text(text) {}
TextPart::TextPart(const char* text) noexcept : text(text) {}
TextPart::TextPart(const std::string& text) noexcept : text(text) {}
TextPart::TextPart(bool negative, std::uint64_t whole) noexcept
    : text(negative ? "-" : ""), magnitude(negative ? 0 - whole : whole), is_number(true) {}

std::string joined_parts(std::initializer_list<TextPart> parts) {
  std::string text;
  for (const TextPart& part : parts) {
    text += part.text;
    if (part.is_number) text += std::to_string(part.magnitude);
  }
  return text;
}

namespace {

// The value that strtod gives, if it consumes the whole text.
std::optional<double> number_of(std::string_view text) {
  const std::string copy(text);
  if (copy.empty() || copy.front() == ' ' || copy.find('\0') != std::string::npos) return {};
  if (copy.find_first_of("xXpP") != std::string::npos) return {};  // no hexadecimal floats
  char* end = nullptr;
  const double value = std::strtod(copy.c_str(), &end);
  if (end != copy.c_str() + copy.size()) return {};
  return value;
}

}  // namespace

std::optional<double> parse_number(std::string_view text) {
  return vanishes(text) ? std::nullopt : number_of(text);
}

bool vanishes(std::string_view text) {
  return number_of(text) == 0.0 &&
         text.substr(0, text.find_first_of("eE")).find_first_of("123456789") != text.npos;
}

std::string number_text(double value) {
  for (int digits = 1; digits <= 17; ++digits) {
    std::string text = format("%.*g", digits, value);
    if (std::strtod(text.c_str(), nullptr) == value) {
      if (std::fabs(value) < 1e15 && value == std::trunc(value)) return format("%.0f", value);
      return text;
    }
  }
  return format("%g", value);  // NaN
}

std::string with_commas(std::int64_t value) {
  std::string digits = std::to_string(value < 0 ? -value : value);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return value < 0 ? "-" + digits : digits;
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string small_letters(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> found;
  for (text = trim(text); !text.empty(); text = trim(text)) {
    const std::string_view word = text.substr(0, text.find(' '));
    found.emplace_back(word);
    text.remove_prefix(word.size());
  }
  return found;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(separator, at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

std::string join_or(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " or " : ", ";
    text += names[i];
  }
  return text;
}

std::string nearest_name(std::string_view unknown, const std::vector<std::string>& known) {
  unknown = unknown.substr(0, 64);
  std::string best;
  std::size_t best_edits = 0;
  for (const std::string& name : known) {
    std::vector<std::size_t> row(name.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= unknown.size(); ++i) {
      std::size_t diagonal = row[0];
      row[0] = i;
      for (std::size_t j = 1; j <= name.size(); ++j) {
        const std::size_t substitute = diagonal + (unknown[i - 1] != name[j - 1]);
        diagonal = row[j];
        row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitute});
      }
    }
    if (best.empty() || row.back() < best_edits) {
      best = name;
      best_edits = row.back();
    }
  }
  return 2 * best_edits <= std::max(best.size(), unknown.size()) ? best : std::string();
}

namespace {

// The length in bytes of the UTF-8 character at the start of `text`, or 0 if it is malformed.
std::size_t character_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return 1;
  const auto length = static_cast<std::size_t>(std::countl_one(lead));
  if (lead < 0xC2 || lead >= 0xF5 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) return 0;
  }
  return length;
}

// Removes the first character from `text` and returns it. It is escaped if it is not UTF-8, could
// control a terminal or could change the direction of the text.
std::string take_printable(std::string_view& text, bool keep_tabs = false) {
  const std::size_t length = character_length(text);
  const std::string_view bytes = text.substr(0, std::max<std::size_t>(length, 1));
  text.remove_prefix(bytes.size());
  const auto first = static_cast<unsigned char>(bytes[0]);
  if (first == '\t' && keep_tabs) return "\t";
  if (length == 0 || first < 0x20 || first == 0x7f) return format("\\x%02x", first);
  unsigned code = length == 1 ? first : first & (0x7Fu >> length);
  for (const char byte : bytes.substr(1)) code = code << 6 | (static_cast<unsigned>(byte) & 0x3Fu);
  const auto within = [code](unsigned from, unsigned to) { return code >= from && code <= to; };
  const bool harmful = within(0x80, 0x9f) || within(0x200e, 0x200f) || within(0x2028, 0x202e) ||
                       within(0x2066, 0x2069);
  return harmful ? format("\\u%04x", code) : std::string(bytes);
}

}  // namespace

std::string printable(std::string_view text) {
  std::string shown;
  while (!text.empty()) shown += take_printable(text, true);
  return shown;
}

std::string in_quotes(std::string_view unknown) {
  std::string text = "\"";
  for (int shown = 0; shown < 60 && !unknown.empty(); ++shown) text += take_printable(unknown);
  return text + (unknown.empty() ? "\"" : "...\"");
}

}  // namespace reluscope
