// What a run takes of memory, known before any of it is taken: a model that cannot fit is refused
// by its size, where allocating it could end the process or, on a machine that swaps, never end.
#pragma once

#include "config/config.h"
#include "data/dataset.h"

namespace reluscope {

// In bytes, as a lower bound that is met within a few percent: alignment and small buffers are left
// out.
struct MemoryNeed {
  double weights = 0;      // with gradients, moments and averages
  double activations = 0;  // of a batch, with their gradients and what layers work in
  double total() const { return weights + activations; }
};

// Throws Error for a config whose model is none on this data. evaluation_rows: samples that are
// scored at once.
MemoryNeed memory_need(const Dataset& data, const Config& config, int evaluation_rows);

// Throws Error if that is more than `free` bytes.
void check_memory(const Dataset& data, const Config& config, int evaluation_rows, double free);

}  // namespace reluscope
