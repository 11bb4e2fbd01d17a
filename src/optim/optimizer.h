// An optimizer over the flat parameter buffer, with PyTorch's semantics and defaults. It holds the
// moments and counts the steps of a rule of optim/rules.h.
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
#include "optim/rule.h"

namespace reluscope {

class Model;  // nn/model.h

class Optimizer {
 public:
  Optimizer(RuleId rule, const OptimizerOptions& options, std::size_t parameter_floats);
  virtual ~Optimizer() = default;

  // Begins the next update with this learning rate. `momentum`, if a schedule sets it, replaces the
  // configured momentum or beta1.
  void begin_step(double lr, std::optional<double> momentum = {});
  // The current update for the parameters at `offset` floats in the flat buffer.
  ParameterUpdate update_at(std::size_t offset, float* parameters, float* gradients);
  ParameterUpdate update_of(Model& model);  // to all of its parameters

  // Whether updates need whole gradients: then only apply() works, not update_at().
  virtual bool needs_gradients() const { return false; }
  // Applies the current update to all `floats` of the buffer, from stored gradients.
  virtual void apply(Backend& backend, float* parameters, float* gradients, std::size_t floats);
  void apply_to(Backend& backend, Model& model);

  std::uint64_t steps() const { return counters_.steps; }  // updates begun so far
  // Moment buffers by name, in the layout of the parameters: {"exp_avg", ...}.
  struct State {
    std::string name;
    std::span<float> values;
  };
  const std::vector<State>& state() const { return state_; }
  // Everything else that a step depends on: the number of steps and the rule's own state.
  struct Counters {
    std::uint64_t steps = 0;
    double product = 1.0;  // see RuleStep
  };
  const Counters& counters() const { return counters_; }
  // Restores the state of another optimizer of the same kind. The caller writes the moments.
  void restore(const Counters& counters) { counters_ = counters; }
  virtual std::size_t scratch_bytes() const { return 0; }  // besides state()

 protected:
  float* moment(int k) { return moments_[static_cast<std::size_t>(k)].data(); }  // null: none
  double lr() const { return lr_; }  // of the current update

  const OptimizerOptions options_;

 private:
  const OptimizerRow& row_;
  std::array<Buffer, kMostMoments> moments_;
  std::vector<State> state_;  // of moments_
  ParameterUpdate update_;    // the current update, without its pointers
  Counters counters_;
  double lr_ = 0.0;
};

// Throws Error for an unknown name or options that conflict.
std::unique_ptr<Optimizer> make_optimizer(std::string_view name, const OptimizerOptions& options,
                                          std::size_t parameter_floats,
                                          std::span<const HiddenMatrix> hidden = {});

// Clips stored gradients in place: first every element to [-value, value]
// (torch.nn.utils.clip_grad_value_), then multiplies all by norm / (their Euclidean norm + 1e-6) if
// that is below 1 (clip_grad_norm_; Pascanu, Mikolov, Bengio (2013), algorithm 1). The norm is
// summed in double, in an order that does not depend on threads or targets. gradients: the whole
// buffer, with zero padding.
struct ClipOptions {
  double value = 0.0;  // 0: off
  double norm = 0.0;   // 0: off
};
void clip_gradients(Backend& backend, std::span<float> gradients, const ClipOptions& options);

// A step of gradient descent, with `momentum` if the update has a moment for it.
ParameterUpdate descent(double lr, double momentum = 0.0, bool nesterov = false);

}  // namespace reluscope
