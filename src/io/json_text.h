// Reads JSON that somebody else wrote, without letting it take much memory or time: what no file of
// ours has (deep nesting, objects of thousands of names, a name twice, bytes after the end) is
// refused before it is kept. A byte order mark at the beginning is skipped. And writes lines of it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace reluscope {

inline constexpr int kMaxJsonDepth = 16;            // objects and lists in one another
inline constexpr std::size_t kMaxJsonNames = 1000;  // of an object: looking one up takes time
inline constexpr std::size_t kMaxJsonBytes = std::size_t{1} << 22;
inline constexpr double kMaxJsonWhole =
    9007199254740991.0;  // 2^53 - 1: larger ones are not all there

// what: names the text in messages ("config"); wanted: what it should have been ("an object such
// as {\"lr\": 0.01}"). Throws Error for anything that is no JSON or goes past these limits.
nlohmann::ordered_json parse_json(std::string_view text, const std::string& what,
                                  const std::string& wanted,
                                  std::size_t most_bytes = kMaxJsonBytes);

// On one line; bytes that are no UTF-8 are replaced.
std::string json_line(const nlohmann::ordered_json& json);

}  // namespace reluscope
