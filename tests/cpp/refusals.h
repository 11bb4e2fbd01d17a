// The sentence with which something is refused, and what it has to say.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/error.h"
#include "train/config.h"

namespace reluscope::test {

// "accepted" if it is done.
template <class Work>
std::string refusal(const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
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

// One line of a readable length with all of these parts.
inline void check_says(const std::string& message, const std::vector<std::string>& parts) {
  CAPTURE(message);
  CHECK(message.find('\n') == std::string::npos);
  CHECK(message.size() < 600);
  for (const std::string& part : parts) {
    CAPTURE(part);
    CHECK(message.find(part) != std::string::npos);
  }
}

}  // namespace reluscope::test
