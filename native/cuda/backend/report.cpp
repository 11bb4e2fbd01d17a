#include "cuda/backend/report.h"

#include <algorithm>

#include "core/text.h"

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

std::string percent(double share) { return format("%.1f%%", 100.0 * share); }

}  // namespace

CostReport report_costs(CudaBackend& backend, const std::function<void(int)>& steps, int count,
                        std::size_t copy_floats) {
  CostReport report;
  report.copy_rate = measure_copy(backend, copy_floats);

  backend.measure(Measure::kQueues);
  steps(count);
  backend.finish();
  const Cost whole = backend.costs().at("queue");
  report.step_seconds = whole.seconds / count;
  report.step_bytes = whole.bytes / count;
  report.step_operations = whole.operations / count;

  backend.measure(Measure::kNodes);
  steps(count);
  backend.finish();
  const std::map<std::string, Cost> costs = backend.costs();
  backend.measure(Measure::kNothing);

  double seconds = 0.0;
  int runs = 0;
  std::vector<std::pair<std::string, Cost>> rows(costs.begin(), costs.end());
  for (const auto& [name, cost] : rows) {
    seconds += cost.seconds;
    runs += cost.runs;
  }
  report.nodes = runs / count;
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return a.second.seconds > b.second.seconds;
  });

  const double rate = report.step_bytes / std::max(report.step_seconds, 1e-9);
  report.lines = {
      "Kernels: " + format("%.1f", 1e6 * report.step_seconds) + " us a step, " +
          std::to_string(report.nodes) + " kernels and products",
      "Memory: " + format("%.2f", 1e-6 * report.step_bytes) + " MB a step at " +
          format("%.1f", 1e-9 * rate) + " GB/s, " + percent(rate / report.copy_rate) +
          " of the rate of a copy of " +
          format("%.0f", 1e-6 * static_cast<double>(copy_floats * sizeof(float))) + " MB (" +
          format("%.1f", 1e-9 * report.copy_rate) + " GB/s)",
      "Products: " + format("%.1f", 1e-6 * report.step_operations) + " million operations a step",
      "Each kernel alone, including its launch:",
      format("  %-40s %8s %10s %7s %9s %8s", "", "a step", "us each", "time", "MB each",
             "of copy")};
  for (const auto& [name, cost] : rows) {
    report.lines.push_back(
        format("  %-40s %8.2f %10.2f %7s %9.3f %8s", name.c_str(),
               static_cast<double>(cost.runs) / count, 1e6 * cost.seconds / cost.runs,
               percent(cost.seconds / seconds).c_str(), 1e-6 * cost.bytes / cost.runs,
               percent(cost.bytes / std::max(cost.seconds, 1e-9) / report.copy_rate).c_str()));
  }
  return report;
}

}  // namespace reluscope::cuda
