// Error messages, and checks of their contents.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "config/config.h"
#include "core/error.h"

namespace reluscope::test {

// The error message, which must be one line of readable length, or "accepted".
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

// For a config as JSON, and for one field as text.
inline std::string json_refusal(const std::string& text) {
  return refusal([&] { config_from_json(text); });
}

inline std::string text_refusal(const std::string& name, const std::string& value) {
  return refusal([&] { config_from_fields({{name, value}}); });
}

// Checks that the message is shorter and contains all parts.
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
