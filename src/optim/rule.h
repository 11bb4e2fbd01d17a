// What is known about an update rule at run time, and what the kernels are told of one step. The
// rules themselves stand in optim/rules.h, the registry.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace reluscope {

class Memory;         // core/tensor.h
class Optimizer;      // optim/optimizer.h
struct HiddenMatrix;  // nn/hidden_matrix.h

struct OptimizerOptions {  // what any of them may need; defaults are PyTorch's
  double momentum = 0.0;
  bool nesterov = false;
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  double weight_decay = 0.0;
  double dampening = 0.0;
  double alpha = 0.99;
  bool centered = false;
  double momentum_decay = 0.004;
  double lr_decay = 0.0, initial_accumulator = 0.0;
  double muon_momentum = 0.95;
  double muon_scale = 20.0;      // Muon's own rate as a multiple of lr
  bool cycles_momentum = false;  // steps will be given momenta
  Memory* memory = nullptr;      // for moments, see Backend::memory()

  bool moves() const { return momentum > 0.0 || cycles_momentum; }
};

// What the scalars of one step are made of. Number is double; a rule's function is a template so
// that a SIMD target, which has no functions of double, need not compile it.
template <class Number>
struct RuleStep {
  const OptimizerOptions& options;
  Number lr;
  std::optional<Number> momentum;  // a schedule's, in place of the configured momentum or beta1
  std::uint64_t number;            // from 1
  Number& product;                 // 1 at first, kept from step to step and in checkpoints
};

// A number that a rule keeps for every parameter.
struct RuleMoment {
  const char* name;                                   // as PyTorch's state has it: "exp_avg"
  bool (*wanted)(const OptimizerOptions&) = nullptr;  // null: always
  double OptimizerOptions::*initial = nullptr;        // null: 0
};

// Position in the registry, or kStoreGradient.
using RuleId = int;
inline constexpr RuleId kStoreGradient = -1;

struct OptimizerRow {
  const char* name;     // in configs: "adam"
  const char* label;    // for people: "Adam"
  const char* about;    // one line: what it does
  const char* pytorch;  // "torch.optim.Adam", or "" if PyTorch has none
  const char* fields;   // of the config that it uses, besides lr and weight_decay
  std::span<const RuleMoment> moments;
  bool decoupled_decay =
      false;  // weight decay shrinks the weights instead of entering the gradient
  // Whether it has gradient kernels of its own on the CPU, which apply it while a gradient is in
  // registers: for the usual ones, because that multiplies the code.
  bool in_gradient_kernels = false;
  void (*check)(const OptimizerOptions&) = nullptr;  // throws Error for what does not go together
  // For what needs more than a rule; null: Optimizer itself.
  std::unique_ptr<Optimizer> (*make)(RuleId rule, const OptimizerOptions& options,
                                     std::size_t parameter_floats,
                                     std::span<const HiddenMatrix> hidden) = nullptr;
};

std::span<const OptimizerRow> optimizer_rows();
RuleId find_rule(std::string_view name);  // throws Error for an unknown name
// Writes the scalars of a step, as the rule's arithmetic reads them, to `scalars`.
void rule_scalars(RuleId rule, const RuleStep<double>& step, float* scalars);

// muon.cpp
std::unique_ptr<Optimizer> make_muon(RuleId rule, const OptimizerOptions& options,
                                     std::size_t parameter_floats,
                                     std::span<const HiddenMatrix> hidden);

// Room in an update; rules.h checks that every rule fits.
inline constexpr int kMostMoments = 3, kMostScalars = 8;

// What becomes of a parameter's gradient: it is stored, or a rule is applied to it while it is at
// hand, and then nothing is stored. Both give the same bits.
struct ParameterUpdate {
  RuleId rule = kStoreGradient;
  float* gradient = nullptr;  // of kStoreGradient: where to; else where one that was stored lies
  float* weights = nullptr;
  float* moments[kMostMoments] = {};  // in the order of the rule's row; null: not wanted
  float scalars[kMostScalars] = {};   // by the rule's own enumeration
  // Weight decay: gradient + coupled_decay * weight in place of the gradient, and the weight times
  // `keep` before the step.
  float coupled_decay = 0.0f;
  float keep = 1.0f;

  bool stores() const { return rule == kStoreGradient; }
  // The same for the parameters from `offset` floats on.
  ParameterUpdate from(std::size_t offset) const {
    ParameterUpdate part = *this;
    const auto move = [offset](float*& at) {
      if (at != nullptr) at += offset;
    };
    move(part.gradient);
    move(part.weights);
    for (float*& moment : part.moments) move(moment);
    return part;
  }
};

}  // namespace reluscope
