#include "optim/optimizer.h"

#include <cmath>

#include "core/error.h"
#include "core/text.h"

namespace reluscope {
namespace {

// By squaring, so that it is the same everywhere.
double integer_power(double base, std::uint64_t exponent) {
  double power = 1.0;
  for (; exponent > 0; exponent >>= 1, base *= base) {
    if (exponent & 1) power *= base;
  }
  return power;
}

// Kingma and Ba, "Adam: a method for stochastic optimization" (2015), algorithm 1, in the form
// of torch.optim.Adam: w -= lr / (1 - b1^t) * m / (sqrt(v) / sqrt(1 - b2^t) + eps).
class Adam final : public Optimizer {
 public:
  Adam(const OptimizerOptions& options, std::size_t floats)
      : options_(options), first_(floats), second_(floats) {}

  void begin_step(double lr) override {
    ++steps_;
    const double correction1 = 1.0 - integer_power(options_.beta1, steps_);
    const double correction2 = 1.0 - integer_power(options_.beta2, steps_);
    scalars_ = {static_cast<float>(options_.beta1),
                static_cast<float>(1.0 - options_.beta1),
                static_cast<float>(options_.beta2),
                static_cast<float>(1.0 - options_.beta2),
                static_cast<float>(lr / correction1),
                static_cast<float>(1.0 / std::sqrt(correction2)),
                static_cast<float>(options_.epsilon)};
  }

  ParameterUpdate update_at(std::size_t offset, float* parameters, float* gradients) override {
    return {ParameterUpdate::Kind::kAdam, gradients + offset,        parameters + offset,
            first_.data() + offset,       second_.data() + offset, scalars_, {}};
  }

  std::vector<State> state() const override {
    return {{"exp_avg", {first_.data(), first_.size()}},
            {"exp_avg_sq", {second_.data(), second_.size()}}};
  }

 private:
  OptimizerOptions options_;
  Buffer first_, second_;
  AdamStep scalars_ = {};
  std::uint64_t steps_ = 0;
};

// torch.optim.SGD: buffer = mu buffer + g; w -= lr (nesterov ? g + mu buffer : buffer). The
// first buffer is g itself, which is what starting from zero gives.
class Sgd final : public Optimizer {
 public:
  Sgd(const OptimizerOptions& options, std::size_t floats)
      : options_(options), momentum_(options.momentum > 0.0 ? floats : 0) {
    if (options.nesterov && !(options.momentum > 0.0)) {
      throw Error("nesterov is on but momentum is 0: Nesterov's method needs a momentum above 0");
    }
  }

  void begin_step(double lr) override {
    scalars_ = {static_cast<float>(lr), static_cast<float>(options_.momentum), options_.nesterov};
  }

  ParameterUpdate update_at(std::size_t offset, float* parameters, float* gradients) override {
    float* const momentum = momentum_.size() == 0 ? nullptr : momentum_.data() + offset;
    return {ParameterUpdate::Kind::kSgd, gradients + offset, parameters + offset, momentum,
            nullptr, {}, scalars_};
  }

  std::vector<State> state() const override {
    if (momentum_.size() == 0) return {};
    return {{"momentum_buffer", {momentum_.data(), momentum_.size()}}};
  }

 private:
  OptimizerOptions options_;
  Buffer momentum_;
  SgdStep scalars_ = {};
};

template <class O>
std::unique_ptr<Optimizer> make(const OptimizerOptions& options, std::size_t floats) {
  return std::make_unique<O>(options, floats);
}

constexpr OptimizerRow kRows[] = {
    {"adam", "Adam", "A step size of its own for every weight; works without tuning.",
     &make<Adam>},
    {"sgd", "SGD", "Plain gradient descent, with momentum and Nesterov's method if wanted.",
     &make<Sgd>},
};

}  // namespace

std::span<const OptimizerRow> optimizer_rows() { return kRows; }

std::unique_ptr<Optimizer> make_optimizer(std::string_view name, const OptimizerOptions& options,
                                          std::size_t parameter_floats) {
  for (const OptimizerRow& row : kRows) {
    if (name == row.name) return row.make(options, parameter_floats);
  }
  throw Error("optimizer is " + in_quotes(name) + ", which is not known");
}

}  // namespace reluscope
