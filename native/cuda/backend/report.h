// What a benchmark says of a device: how long its kernels take, and how near they come to its
// memory's speed, which is measured by a copy.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cuda/backend/cuda_backend.h"

namespace reluscope::cuda {

struct CostReport {
  double step_seconds = 0.0, step_bytes = 0.0, step_operations = 0.0;  // of the kernels of a step
  double copy_rate = 0.0;          // bytes read and written a second
  int nodes = 0;                   // kernels and products of a step
  std::vector<std::string> lines;  // all of it for people
};

// steps(n): makes n training steps with this backend. copy_floats: of the copy, more than a cache
// holds.
CostReport report_costs(CudaBackend& backend, const std::function<void(int)>& steps, int count,
                        std::size_t copy_floats = std::size_t{1} << 26);

}  // namespace reluscope::cuda
