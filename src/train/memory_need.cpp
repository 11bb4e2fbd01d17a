#include "train/memory_need.h"

#include <algorithm>

#include "config/options.h"
#include "core/error.h"
#include "core/text.h"
#include "nn/architecture.h"
#include "optim/optimizer.h"

namespace reluscope {
namespace {

std::string gigabytes(double bytes) { return format("%.2f GB", bytes / 1e9); }

// The number of copies of all weights: the weights, their gradients, moments, and other copies.
double weight_copies(const Config& config) {
  constexpr std::size_t kAny = 16;
  const auto optimizer = make_optimizer(config.optimizer, optimizer_options(config), kAny);
  double copies = 2.0 + static_cast<double>(optimizer->state().size());
  if (config.accumulate > 1) copies += 1.0;
  if (config.ema > 0.0) copies += 1.0;
  if (config.early_stopping > 0) copies += config.ema > 0.0 ? 2.0 : 1.0;
  return copies;
}

}  // namespace

MemoryNeed memory_need(const Dataset& data, const Config& config, int evaluation_rows) {
  const auto layers = parse_architecture(config.model, data.shape(), data.classes());
  const double train_rows = std::min(config.batch, data.train().count());
  const double rows = std::max<double>(train_rows, evaluation_rows) + train_rows;
  double parameters = 0.0, outputs = 0.0, scratch = 0.0;
  for (const auto& layer : layers) {
    for (const ParameterSpec& spec : layer->parameters())
      parameters += static_cast<double>(element_count(spec.shape));
    outputs += rows * static_cast<double>(element_count(layer->out_shape()));
    scratch =
        std::max(scratch, static_cast<double>(layer->scratch_floats(static_cast<int>(train_rows))));
  }
  return {sizeof(float) * parameters * weight_copies(config), sizeof(float) * (outputs + scratch)};
}

void check_memory(const Dataset& data, const Config& config, int evaluation_rows, double free) {
  const MemoryNeed need = memory_need(data, config, evaluation_rows);
  if (need.total() <= free) return;
  throw Error("the model needs " + gigabytes(need.total()) +
              " of memory (weights with gradients and moments " + gigabytes(need.weights) +
              ", activations of " + std::to_string(std::min(config.batch, data.train().count())) +
              " samples " + gigabytes(need.activations) + "), but " + gigabytes(free) +
              " is free: give it fewer or smaller layers, or a smaller batch");
}

}  // namespace reluscope
