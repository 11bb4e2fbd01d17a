// The benchmark report of CudaBackend.
#include <algorithm>

#include "core/text.h"
#include "cuda/backend/cuda_backend.h"

namespace reluscope::cuda {
namespace {

constexpr int kCopies = 20;

// Bytes per second of the fastest of several copies: other load can only slow a copy.
double measure_copy(CudaBackend& backend, std::size_t floats) {
  Buffer from(floats, backend.memory()), to(floats, backend.memory());
  double best = 0.0;
  for (int i = 0; i < kCopies; ++i) {
    backend.measure(Measure::kQueues);
    backend.scale_add(nullptr, 1.0f, from.data(), to.data(), floats);
    backend.finish();
    const Cost& cost = backend.costs().at("queue");
    best = std::max(best, cost.bytes / std::max(cost.seconds, 1e-9));
  }
  backend.measure(Measure::kNothing);
  return best;
}

}  // namespace

CostReport report_costs(CudaBackend& backend, const std::function<void(int)>& steps, int count,
                        std::size_t copy_floats) {
  CostReport report;
  report.copy_rate = measure_copy(backend, copy_floats);

  const auto measured = [&](Measure what) {
    backend.measure(what);
    steps(count);
    backend.finish();
    return backend.costs();
  };
  const Cost whole = measured(Measure::kQueues).at("queue");
  report.step_seconds = whole.seconds / count;
  report.step_bytes = whole.bytes / count;
  report.step_operations = whole.operations / count;

  const std::map<std::string, Cost> costs = measured(Measure::kNodes);
  backend.measure(Measure::kNothing);

  double seconds = 0.0;
  int runs = 0;
  std::vector<std::pair<std::string, Cost>> rows(costs.begin(), costs.end());
  for (const auto& [name, cost] : rows) {
    seconds += cost.seconds;
    runs += cost.runs;
  }
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return a.second.seconds > b.second.seconds;
  });

  const double rate = report.step_bytes / std::max(report.step_seconds, 1e-9);
  report.lines = {
      format("Kernels: %.1f us a step, %d kernels and products", 1e6 * report.step_seconds,
             runs / count),
      format("Memory: %.2f MB a step at %.1f GB/s, %.1f%% of the rate of a copy of %.0f MB "
             "(%.1f GB/s)",
             1e-6 * report.step_bytes, 1e-9 * rate, 100.0 * rate / report.copy_rate,
             1e-6 * static_cast<double>(copy_floats * sizeof(float)), 1e-9 * report.copy_rate),
      format("Products: %.1f million operations a step", 1e-6 * report.step_operations),
      "Each kernel alone, including its launch:",
      format("  %-40s %8s %10s %7s %9s %8s", "", "a step", "us each", "time", "MB each",
             "of copy")};
  for (const auto& [name, cost] : rows) {
    const double share = cost.bytes / std::max(cost.seconds, 1e-9) / report.copy_rate;
    report.lines.push_back(format("  %-40s %8.2f %10.2f %6.1f%% %9.3f %7.1f%%", name.c_str(),
                                  static_cast<double>(cost.runs) / count,
                                  1e6 * cost.seconds / cost.runs, 100.0 * cost.seconds / seconds,
                                  1e-6 * cost.bytes / cost.runs, 100.0 * share));
  }
  return report;
}

}  // namespace reluscope::cuda
