// Optimizers over the one flat parameter buffer, with PyTorch's semantics and defaults. A new
// one is a class, its rows of fields in train/config.cpp, and a row in optimizer.cpp's table.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backend/backend.h"

namespace reluscope {

struct OptimizerOptions {  // what any of them may need; defaults are PyTorch's
  double momentum = 0.0;
  bool nesterov = false;
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
};

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  // One update of all parameters. lr may differ from call to call.
  virtual void step(Backend& backend, double lr, std::span<float> parameters,
                    std::span<const float> gradients) = 0;
  // Moment buffers, laid out like the parameters, by name: {"exp_avg", ...}.
  struct State {
    std::string name;
    std::span<const float> values;
  };
  virtual std::vector<State> state() const = 0;
};

struct OptimizerRow {
  const char* name;
  const char* label;
  const char* about;
  std::unique_ptr<Optimizer> (*make)(const OptimizerOptions&, std::size_t parameter_floats);
};

std::span<const OptimizerRow> optimizer_rows();

// Throws Error for an unknown name.
std::unique_ptr<Optimizer> make_optimizer(std::string_view name, const OptimizerOptions& options,
                                          std::size_t parameter_floats);

}  // namespace reluscope
