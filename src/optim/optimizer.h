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
  // Begins the next update, with this learning rate.
  virtual void begin_step(double lr) = 0;
  // What the begun update does to the parameters `offset` floats into the flat buffer.
  virtual ParameterUpdate update_at(std::size_t offset, float* parameters, float* gradients) = 0;
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
