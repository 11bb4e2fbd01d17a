// Architecture texts: canonical spelling and error messages.
#pragma once

#include <string>
#include <vector>

#include "nn/architecture.h"
#include "refusals.h"

namespace reluscope::test {

// The canonical spelling, which must parse to itself.
inline std::string canonical(const std::string& text, const Shape& in = {1, 28, 28},
                             int classes = 10) {
  const std::string spelt = architecture_text(parse_architecture(text, in, classes));
  CHECK(architecture_text(parse_architecture(spelt, in, classes)) == spelt);
  return spelt;
}

inline std::string architecture_refusal(const std::string& text, const Shape& in = {1, 28, 28},
                                        int classes = 10) {
  return refusal([&] { parse_architecture(text, in, classes); });
}

inline void check_refused(const std::string& text, const std::vector<std::string>& parts) {
  CAPTURE(text);
  check_says(architecture_refusal(text), parts, 600);  // may list every layer
}

}  // namespace reluscope::test
