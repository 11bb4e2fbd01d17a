// A weight matrix between layers, which an optimizer may treat as a whole.
#pragma once

#include <cstddef>

#include "core/tensor.h"

namespace reluscope {

struct HiddenMatrix {
  std::size_t offset;  // into the flat parameter buffer, in floats
  Layout layout;       // as it is stored
  int outputs;         // how many of its rows or columns are outputs of its layer
};

}  // namespace reluscope
