// The only exception type of the core: the caller's input is not usable. The text is one sentence
// that names the value found and the values allowed.
#pragma once

#include <stdexcept>

#include "core/text.h"

namespace reluscope {

class Error : public std::runtime_error {
 public:
  // Error("size is ", 3): the sentence in parts, as for joined().
  template <class... Parts>
  [[gnu::always_inline]] explicit Error(const Parts&... parts)
      : Error(Sentence{TextPart(parts)...}) {}

 private:
  using Sentence = std::initializer_list<TextPart>;
  [[gnu::noinline]] explicit Error(Sentence parts) : std::runtime_error(joined_parts(parts)) {}
};

}  // namespace reluscope
