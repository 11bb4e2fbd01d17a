// Describes an update rule at run time, and the arguments that kernels get for one step. The rules
// themselves are in optim/rules.h, the registry.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "core/tensor.h"

namespace reluscope {

class Optimizer;  // optim/optimizer.h

// A weight matrix between layers, which an optimizer may treat as a whole.
struct HiddenMatrix {
  std::size_t offset;  // into the flat parameter buffer, in floats
  Layout layout;       // as stored
  int outputs;         // number of its rows or columns that are outputs of its layer
};

struct OptimizerOptions {  // of all optimizers; the defaults are PyTorch's
#define FIELD(type, name, initial, ...) type name = initial;
#include "optim/rule_fields.inc"
#undef FIELD
  double weight_decay = 0.0;
  bool cycles_momentum = false;  // a schedule sets the momentum of every step
  Memory* memory = nullptr;      // for moments, see Backend::memory()

  bool moves() const { return momentum > 0.0 || cycles_momentum; }
};

// The inputs of one step's scalars. Number is double; a rule's function is a template, so that a
// SIMD target, which has no functions of double, does not compile it.
template <class Number>
struct RuleStep {
  const OptimizerOptions& options;
  Number lr;
  std::optional<Number> momentum;  // a schedule's; replaces the configured momentum or beta1
  std::uint64_t number;            // from 1
  Number& product;                 // 1 at first, kept from step to step and in checkpoints
};

// A number that a rule keeps for every parameter.
struct RuleMoment {
  const char* name;                                   // as in PyTorch's state: "exp_avg"
  bool (*wanted)(const OptimizerOptions&) = nullptr;  // null: always
  double OptimizerOptions::*initial = nullptr;        // null: 0
};

// Position in the registry, or kStoreGradient.
using RuleId = int;
inline constexpr RuleId kStoreGradient = -1;

struct OptimizerRow {
  const char* name;     // in configs: "adam"
  const char* label;    // for display: "Adam"
  const char* about;    // one line: its effect
  const char* pytorch;  // "torch.optim.Adam", or "" if PyTorch has none
  const char* fields;   // config fields that it uses, besides lr and weight_decay
  std::span<const RuleMoment> moments;
  bool decoupled_decay = false;  // weight decay shrinks the weights, not the gradient
  // Whether the CPU has gradient kernels for it that apply it while a gradient is in registers.
  // Only for common rules, because each adds a copy of the kernels.
  bool in_gradient_kernels = false;
  void (*check)(const OptimizerOptions&) = nullptr;  // throws Error for options that conflict
  // Makes an optimizer that needs more than a rule; null: Optimizer itself.
  std::unique_ptr<Optimizer> (*make)(RuleId rule, const OptimizerOptions& options,
                                     std::size_t parameter_floats,
                                     std::span<const HiddenMatrix> hidden) = nullptr;
};

std::span<const OptimizerRow> optimizer_rows();
RuleId find_rule(std::string_view name);  // throws Error for an unknown name

// muon.cpp
std::unique_ptr<Optimizer> make_muon(RuleId rule, const OptimizerOptions& options,
                                     std::size_t parameter_floats,
                                     std::span<const HiddenMatrix> hidden);

// Capacity of an update; rules.h checks that every rule fits.
inline constexpr int kMostMoments = 3, kMostScalars = 8;

// How a parameter's gradient is used: it is stored, or a rule is applied as soon as it is computed
// and nothing is stored. Both give the same bits.
struct ParameterUpdate {
  RuleId rule = kStoreGradient;
  float* gradient = nullptr;  // kStoreGradient: the destination; else a gradient stored before
  float* weights = nullptr;
  float* moments[kMostMoments] = {};  // in the order of the rule's row; null: not wanted
  float scalars[kMostScalars] = {};   // by the rule's own enumeration
  // Weight decay: adds coupled_decay * weight to the gradient, and multiplies the weight by `keep`
  // before the step.
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
