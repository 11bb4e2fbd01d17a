// A benchmark report for a device: the time of its kernels, and their memory throughput relative to
// that of a copy.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cuda/backend/cuda_backend.h"

namespace reluscope::cuda {

struct CostReport {
  double step_seconds = 0.0, step_bytes = 0.0, step_operations = 0.0;  // kernels of one step
  double copy_rate = 0.0;          // bytes read and written per second
  int nodes = 0;                   // kernels and products of one step
  std::vector<std::string> lines;  // the report as text
};

// steps(n): runs n training steps on this backend. copy_floats: the size of the copy, larger than
// any cache.
CostReport report_costs(CudaBackend& backend, const std::function<void(int)>& steps, int count,
                        std::size_t copy_floats = std::size_t{1} << 26);

}  // namespace reluscope::cuda
