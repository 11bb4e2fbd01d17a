// The sentence with which something is refused, and what it has to say.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "config/config.h"
#include "core/error.h"

namespace reluscope::test {

// One line of a readable length; "accepted" if it is done.
template <class Work>
std::string refusal(const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    const std::string message = error.what();
    CAPTURE(message);
    CHECK(message.find('\n') == std::string::npos);
    CHECK(message.size() < 600);
    return message;
  }
  return "accepted";
}

// Of a config as JSON, and of one field as a text.
inline std::string json_refusal(const std::string& text) {
  return refusal([&] { config_from_json(text); });
}

inline std::string text_refusal(const std::string& name, const std::string& value) {
  return refusal([&] { config_from_fields({{name, value}}); });
}

// Shorter still, with all of these parts.
inline void check_says(const std::string& message, const std::vector<std::string>& parts,
                       std::size_t limit = 300) {
  CAPTURE(message);
  CHECK(message.size() < limit);
  for (const std::string& part : parts) {
    CAPTURE(part);
    CHECK(message.find(part) != std::string::npos);
  }
}

}  // namespace reluscope::test
