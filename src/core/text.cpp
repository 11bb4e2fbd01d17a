#include "core/text.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

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

std::optional<double> parse_number(std::string_view text) {
  const std::string copy(text);
  if (copy.empty() || copy.front() == ' ' || copy.find('\0') != std::string::npos) return {};
  if (copy.find_first_of("xXpP") != std::string::npos) return {};  // no hexadecimal floats
  char* end = nullptr;
  const double value = std::strtod(copy.c_str(), &end);
  if (end != copy.c_str() + copy.size()) return {};
  return value;
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

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> found;
  for (text = trim(text); !text.empty(); text = trim(text)) {
    const std::string_view word = text.substr(0, text.find(' '));
    found.emplace_back(word);
    text.remove_prefix(word.size());
  }
  return found;
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
    for (std::size_t j = 0; j <= name.size(); ++j) row[j] = j;
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

// Bytes of the well-formed UTF-8 character at the start of `text`, or 0.
std::size_t character_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3
                                                                          : lead < 0xF5   ? 4 : 0;
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) return 0;
  }
  return length;
}

}  // namespace

std::string in_quotes(std::string_view unknown) {
  std::string text = "\"";
  for (int shown = 0; !unknown.empty(); ++shown) {
    if (shown == 60) {
      text += "...";
      break;
    }
    const auto byte = static_cast<unsigned char>(unknown[0]);
    const std::size_t length = character_length(unknown);
    if (length == 0 || byte < 0x20 || byte == 0x7f) {
      text += format("\\x%02x", byte);
    } else {
      text += unknown.substr(0, length);
    }
    unknown.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return text + "\"";
}

}  // namespace reluscope
