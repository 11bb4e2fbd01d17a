#include "optim/optimizer.h"

#include <algorithm>

#include "core/error.h"
#include "core/math.h"
#include "core/text.h"
#include "optim/adam.h"

namespace reluscope {

using Kind = ParameterUpdate::Kind;

void Optimizer::begin_step(double lr, std::optional<double> momentum) {
  ++steps_;
  begin(lr, momentum);
  const double decay = options_.weight_decay;
  update_.coupled_decay = decoupled_decay_ ? 0.0f : static_cast<float>(decay);
  update_.keep = decoupled_decay_ ? static_cast<float>(1.0 - lr * decay) : 1.0f;
}

ParameterUpdate Optimizer::update_at(std::size_t offset, float* parameters, float* gradients) {
  ParameterUpdate update = update_;
  update.weights = parameters;
  update.gradient = gradients;
  update.moment1 = moment(1);
  update.moment2 = moment(2);
  update.moment3 = moment(3);
  return update.from(offset);
}

void Optimizer::apply(Backend& backend, float* parameters, float* gradients, std::size_t floats) {
  backend.update(update_at(0, parameters, gradients), floats);
}

std::vector<Optimizer::State> Optimizer::state() const {
  std::vector<State> states;
  for (const Moment& m : moments_) {
    if (m.values.size() > 0) states.push_back({m.name, {m.values.data(), m.values.size()}});
  }
  return states;
}

std::span<float> Optimizer::moment_named(const std::string& name) {
  for (Moment& m : moments_) {
    if (m.values.size() > 0 && name == m.name) return {m.values.data(), m.values.size()};
  }
  return {};
}

void Optimizer::add_moment(int slot, const char* name, std::size_t floats, float initial) {
  Moment& moment = moments_[static_cast<std::size_t>(slot - 1)];
  moment = {name, Buffer(floats, options_.memory)};
  std::fill_n(moment.values.data(), floats, initial);
}

namespace {

// torch.optim.SGD: buffer = mu buffer + (1 - dampening) g; w -= lr (nesterov ? g + mu buffer :
// buffer). The first buffer is g itself, which is what starting from zero without dampening gives.
class Sgd final : public Optimizer {
 public:
  Sgd(const OptimizerOptions& options, std::size_t floats) : Optimizer(options) {
    const bool moving = options.momentum > 0.0 || options.cycles_momentum;
    if (options.nesterov && !moving) {
      throw Error("nesterov is on but momentum is 0: Nesterov's method needs a momentum above 0");
    }
    if (options.nesterov && options.dampening != 0.0) {
      throw Error("nesterov is on but dampening is " + number_text(options.dampening) +
                  ": Nesterov's method needs a dampening of 0");
    }
    if (moving) add_moment(1, "momentum_buffer", floats);
  }

 private:
  void begin(double lr, std::optional<double> momentum) override {
    update_.kind = Kind::kSgd;
    const double share = steps() == 1 ? 1.0 : 1.0 - options_.dampening;
    update_.sgd = {static_cast<float>(lr), static_cast<float>(momentum.value_or(options_.momentum)),
                   options_.nesterov, static_cast<float>(share)};
  }
};

// torch.optim.RMSprop: v = alpha v + (1 - alpha) g^2; g / (sqrt(v) + eps) is what plain descent or
// momentum follow. centered: the mean of g, squared, is taken off v.
class Rmsprop final : public Optimizer {
 public:
  Rmsprop(const OptimizerOptions& options, std::size_t floats) : Optimizer(options) {
    add_moment(1, "square_avg", floats);
    if (options.momentum > 0.0 || options.cycles_momentum) {
      add_moment(2, "momentum_buffer", floats);
    }
    if (options.centered) add_moment(3, "grad_avg", floats);
  }

 private:
  void begin(double lr, std::optional<double> momentum) override {
    update_.kind = Kind::kRmsprop;
    update_.rmsprop = {static_cast<float>(lr), static_cast<float>(options_.alpha),
                       static_cast<float>(1.0 - options_.alpha),
                       static_cast<float>(options_.epsilon),
                       static_cast<float>(momentum.value_or(options_.momentum))};
  }
};

// torch.optim.NAdam. Its momentum beta1 (1 - 0.96^(t d) / 2) grows with the step t; d is
// momentum_decay. As in PyTorch 1.13, the product over the momenta up to the next step counts the
// present one twice.
class Nadam final : public Optimizer {
 public:
  Nadam(const OptimizerOptions& options, std::size_t floats) : Optimizer(options) {
    add_moment(1, "exp_avg", floats);
    add_moment(2, "exp_avg_sq", floats);
  }

 private:
  double momentum_of(double beta1, std::uint64_t step) const {
    constexpr double kLog = -0.040821994520255166;  // log(0.96)
    const double fading = scalar::exp(static_cast<double>(step) * options_.momentum_decay * kLog);
    return beta1 * (1.0 - 0.5 * fading);
  }
  void begin(double lr, std::optional<double> momentum) override {
    const double beta1 = momentum.value_or(options_.beta1);
    const double now = momentum_of(beta1, steps()), next = momentum_of(beta1, steps() + 1);
    product_ *= now;
    update_.kind = Kind::kNadam;
    update_.nadam = {static_cast<float>(beta1),
                     static_cast<float>(1.0 - beta1),
                     static_cast<float>(options_.beta2),
                     static_cast<float>(1.0 - options_.beta2),
                     static_cast<float>(1.0 - scalar::integer_power(options_.beta2, steps())),
                     static_cast<float>(lr * (1.0 - now) / (1.0 - product_)),
                     static_cast<float>(lr * next / (1.0 - product_ * now * next)),
                     static_cast<float>(options_.epsilon)};
  }
};

// torch.optim.Adagrad: the sum of all squares of g takes the place of their mean.
class Adagrad final : public Optimizer {
 public:
  Adagrad(const OptimizerOptions& options, std::size_t floats) : Optimizer(options) {
    add_moment(1, "sum", floats, static_cast<float>(options.initial_accumulator));
  }

 private:
  void begin(double lr, std::optional<double>) override {
    const double decay = 1.0 + static_cast<double>(steps() - 1) * options_.lr_decay;
    update_.kind = Kind::kAdagrad;
    update_.adagrad = {static_cast<float>(lr / decay), static_cast<float>(options_.epsilon)};
  }
};

template <class O>
std::unique_ptr<Optimizer> make(const OptimizerOptions& options, std::size_t floats,
                                std::span<const HiddenMatrix>) {
  return std::make_unique<O>(options, floats);
}

constexpr OptimizerRow kOptimizers[] = {
    {"adam", "Adam", "A step size of its own for every weight; works without tuning.",
     "beta1 beta2 epsilon", false, &make<Adam>},
    {"sgd", "SGD", "Plain gradient descent, with momentum and Nesterov's method if wanted.",
     "momentum dampening nesterov", false, &make<Sgd>},
    {"adamw", "AdamW",
     "Adam, and weight decay apart from its step sizes (PyTorch's decay is 0.01).",
     "beta1 beta2 epsilon", true, &make<Adam>},
    {"nadam", "NAdam", "Adam that looks ahead along its mean, as Nesterov's method does.",
     "beta1 beta2 epsilon momentum_decay", false, &make<Nadam>},
    {"rmsprop", "RMSprop", "Gradients divided by their recent size.",
     "alpha epsilon momentum centered", false, &make<Rmsprop>},
    {"adagrad", "Adagrad", "Gradients divided by the size of all so far: steps only get smaller.",
     "epsilon lr_decay initial_accumulator", false, &make<Adagrad>},
    {"muon", "Muon",
     "Turns the step of every weight matrix but the last into an orthogonal one; the last matrix "
     "and "
     "all vectors go by AdamW. Slow for wide layers.",
     "beta1 beta2 epsilon muon_momentum muon_scale", true, &make_muon},
};

}  // namespace

std::span<const OptimizerRow> optimizer_rows() { return kOptimizers; }

std::unique_ptr<Optimizer> make_optimizer(std::string_view name, const OptimizerOptions& options,
                                          std::size_t parameter_floats,
                                          std::span<const HiddenMatrix> hidden) {
  for (const OptimizerRow& row : kOptimizers) {
    if (name != row.name) continue;
    std::unique_ptr<Optimizer> optimizer = row.make(options, parameter_floats, hidden);
    optimizer->decoupled_decay_ = row.decoupled_decay;
    return optimizer;
  }
  throw Error("optimizer is " + in_quotes(name) + ", which is not known");
}

}  // namespace reluscope
