// The memory that a run needs, computed before any is allocated. A model that cannot fit is
// refused: allocating it could kill the process or make the machine swap without end.
#pragma once

#include "config/config.h"
#include "data/dataset.h"

namespace reluscope {

// In bytes, a lower bound that is accurate to a few percent: alignment and small buffers are not
// counted.
struct MemoryNeed {
  double weights = 0;      // with gradients, moments and averages
  double activations = 0;  // of a batch, with their gradients and the layers' work buffers
  double total() const { return weights + activations; }
};

// Throws Error if the config's model is invalid for this data. evaluation_rows: the number of
// samples scored at once.
MemoryNeed memory_need(const Dataset& data, const Config& config, int evaluation_rows);

// Throws Error if that is more than `free` bytes.
void check_memory(const Dataset& data, const Config& config, int evaluation_rows, double free);

}  // namespace reluscope
