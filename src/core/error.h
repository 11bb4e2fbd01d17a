// The only exception type of the core: the caller's input is not usable. The text is one sentence
// that names the value found and the values allowed.
#pragma once

#include <stdexcept>
#include <string>

namespace reluscope {

class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& sentence) : std::runtime_error(sentence) {}
};

}  // namespace reluscope
