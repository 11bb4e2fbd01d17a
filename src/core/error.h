// The one exception of the core: something the caller gave is not usable.
// Its text is one sentence for a person, naming the value found and what was allowed.
#pragma once

#include <stdexcept>
#include <string>

namespace reluscope {

class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& sentence) : std::runtime_error(sentence) {}
};

}  // namespace reluscope
