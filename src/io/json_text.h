// Reads untrusted JSON with bounded memory and time: refuses deep nesting, objects with thousands
// of names, duplicate names and trailing bytes before it stores anything. Skips an initial byte
// order mark. Also writes JSON lines.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace reluscope {

using Json = nlohmann::ordered_json;

struct JsonLimits {
  std::size_t bytes = std::size_t{1} << 22;
  std::size_t depth = 16;    // of nested objects and lists
  std::size_t names = 1000;  // of an object: lookup is linear
};
inline constexpr double kMaxJsonWhole = 0x1p53 - 1;  // doubles skip integers beyond it

// what: names the text in messages ("config"). wanted: describes valid text ("an object such as
// {\"lr\": 0.01}"). Throws Error for text that is not JSON or exceeds these limits.
Json parse_json(std::string_view text, const std::string& what, const std::string& wanted,
                const JsonLimits& limits = {});

// A value for a message: an object or a list by its kind, so depth does not matter.
std::string value_text(const Json& value);

// One line of JSON; bytes that are not UTF-8 are replaced.
std::string json_line(const Json& json);

}  // namespace reluscope
