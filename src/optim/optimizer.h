// Optimizers over the one flat parameter buffer, with PyTorch's semantics and defaults: the moments
// and the steps of a rule of optim/rules.h.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backend/backend.h"
#include "nn/hidden_matrix.h"
#include "optim/rule.h"

namespace reluscope {

class Model;  // nn/model.h

class Optimizer {
 public:
  Optimizer(RuleId rule, const OptimizerOptions& options, std::size_t parameter_floats);
  virtual ~Optimizer() = default;

  // Begins the next update, with this learning rate; `momentum`, if a schedule has one, takes the
  // place of the configured momentum or beta1.
  void begin_step(double lr, std::optional<double> momentum = {});
  // What the begun update does to the parameters `offset` floats into the flat buffer.
  ParameterUpdate update_at(std::size_t offset, float* parameters, float* gradients);
  ParameterUpdate update_of(Model& model);  // to all of its parameters

  // Whether updates need whole gradients: then update_at() is not enough, only apply() is.
  virtual bool needs_gradients() const { return false; }
  // Applies the begun update to all `floats` of the buffer, from stored gradients.
  virtual void apply(Backend& backend, float* parameters, float* gradients, std::size_t floats);
  void apply_to(Backend& backend, Model& model);

  std::uint64_t steps() const { return steps_; }  // begun so far
  // Moment buffers, laid out like the parameters, by name: {"exp_avg", ...}.
  struct State {
    std::string name;
    std::span<const float> values;
  };
  std::vector<State> state() const;
  // All that a step depends on besides: the number of steps, and what a rule keeps of its own.
  struct Counters {
    std::uint64_t steps = 0;
    double product = 1.0;  // see RuleStep
  };
  Counters counters() const { return {steps_, product_}; }
  // Takes up where another of the same kind was; its moments are to be written apart.
  void restore(const Counters& counters) {
    steps_ = counters.steps;
    product_ = counters.product;
  }
  std::span<float> moment_named(const std::string& name);  // to be filled, or empty
  virtual std::size_t scratch_bytes() const { return 0; }  // besides state()

 protected:
  float* moment(int k) { return moments_[static_cast<std::size_t>(k)].data(); }  // null: none
  double lr() const { return lr_; }  // of the begun update

  const OptimizerOptions options_;

 private:
  const OptimizerRow& row_;
  std::array<Buffer, kMostMoments> moments_;
  ParameterUpdate update_;  // of the begun step, but for its pointers
  std::uint64_t steps_ = 0;
  double lr_ = 0.0, product_ = 1.0;
};

// Throws Error for an unknown name or options that do not go together.
std::unique_ptr<Optimizer> make_optimizer(std::string_view name, const OptimizerOptions& options,
                                          std::size_t parameter_floats,
                                          std::span<const HiddenMatrix> hidden = {});

// A step of gradient descent; with `momentum`, if the update is given a moment for it.
ParameterUpdate descent(double lr, double momentum = 0.0, bool nesterov = false);

}  // namespace reluscope
