// A weight matrix between layers, which an optimizer may treat as a whole.
#pragma once

#include <cstddef>

#include "core/tensor.h"

namespace reluscope {

struct HiddenMatrix {
  std::size_t offset;  // into the flat parameter buffer, in floats
  Layout layout;       // as stored
  int outputs;         // number of its rows or columns that are outputs of its layer
};

}  // namespace reluscope
