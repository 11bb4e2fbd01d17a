// THE registry of update rules. To add one: add a struct here and its name to the list at the end.
// Optimizer, CPU and CUDA kernels, config, menus, help and tests follow from it.
//
// A rule's arithmetic, apply(), is written once for any number type V: float, double, every SIMD
// vector. `e` is the element of the parameters that it changes (RuleUpdate::Place below): e.s[] are
// the step's scalars from scalars(), e.next(k, ...) updates moment k, e.take() updates the weight
// and returns it. RuleUpdate, not the rule, applies weight decay. All rules use PyTorch's order of
// operations. No ordinary include guard: see core/target.h.
#if defined(RELUSCOPE_OPTIM_RULES_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef RELUSCOPE_OPTIM_RULES_H_
#undef RELUSCOPE_OPTIM_RULES_H_
#else
#define RELUSCOPE_OPTIM_RULES_H_
#endif

#include <initializer_list>

#include "core/error.h"
#include "core/math.h"
#include "core/text.h"
#include "optim/rule.h"

RELUSCOPE_TARGET_BEGIN

// Moments become zero when they are so small that their squares or products would be denormal.
// Weights that only decay do the same.
inline constexpr double kLeastMoment = 1e-30;

// The scalars of a step, in the order of the rule's enumeration.
template <class D>
void set_scalars(float* s, std::initializer_list<D> values) {
  for (const D value : values) *s++ = static_cast<float>(value);
}

// Kingma and Ba, "Adam: a method for stochastic optimization" (2015), algorithm 1:
// w -= lr / (1 - b1^t) * m / (sqrt(v) / sqrt(1 - b2^t) + eps).
struct Adam {
  using Arithmetic = Adam;
  static constexpr RuleMoment kMoments[] = {{.name = "exp_avg"}, {.name = "exp_avg_sq"}};
  static constexpr OptimizerRow kRow = {
      .name = "adam",
      .label = "Adam",
      .about = "Adapts the step size of every weight; works well without tuning.",
      .pytorch = "torch.optim.Adam",
      .fields = "beta1 beta2 epsilon",
      .moments = kMoments,
      .in_gradient_kernels = true};
  enum { kBeta1, kRest1, kBeta2, kRest2, kStepSize, kInverseRoot, kEpsilon, kScalars };
  template <class D>
  static void scalars(const RuleStep<D>& now, float* s) {
    const OptimizerOptions& o = now.options;
    const D beta1 = now.momentum.value_or(o.beta1);
    const D correction1 = 1.0 - integer_power(beta1, now.number);
    const D correction2 = 1.0 - integer_power(D(o.beta2), now.number);
    set_scalars<D>(s, {beta1, 1.0 - beta1, o.beta2, 1.0 - o.beta2, now.lr / correction1,
                       1.0 / sqrt(correction2), o.epsilon});
  }
  template <class V, class At>
  static RELUSCOPE_FN V apply(const At& e, V slope) {
    const V mean = e.next(0, e.s[kBeta1], e.s[kRest1] * slope);
    const V square = e.next(1, e.s[kBeta2], e.s[kRest2] * slope * slope);
    const V denominator = mad(sqrt(square), e.s[kInverseRoot], e.s[kEpsilon]);
    return e.take(e.s[kStepSize] * mean / denominator);
  }
};

// Loshchilov and Hutter, "Decoupled weight decay regularization" (2019), algorithm 2.
struct Adamw : Adam {
  static constexpr OptimizerRow kRow = {
      .name = "adamw",
      .label = "AdamW",
      .about = "Adam with weight decay applied directly to the weights (0.01 in PyTorch).",
      .pytorch = "torch.optim.AdamW",
      .fields = "beta1 beta2 epsilon",
      .moments = kMoments,
      .decoupled_decay = true,
      .in_gradient_kernels = true};
};

// Jordan (2024), see optim/muon.cpp. AdamW updates the parameters that Muon does not.
struct Muon : Adam {
  static constexpr OptimizerRow kRow = {
      .name = "muon",
      .label = "Muon",
      .about =
          "Makes the step of every weight matrix but the last orthogonal; AdamW updates the last "
          "matrix and all vectors. Slow for wide layers.",
      .pytorch = "",
      .fields = "beta1 beta2 epsilon muon_momentum muon_scale",
      .moments = kMoments,
      .decoupled_decay = true,
      .make = &make_muon};
};

// Sutskever, Martens, Dahl, Hinton, "On the importance of initialization and momentum in deep
// learning" (2013): buffer = mu buffer + (1 - dampening) g; w -= lr (nesterov ? g + mu buffer :
// buffer). The first buffer is g itself, which is what starting from zero without dampening gives.
struct Sgd {
  using Arithmetic = Sgd;
  static constexpr RuleMoment kMoments[] = {
      {.name = "momentum_buffer", .wanted = [](const OptimizerOptions& o) { return o.moves(); }}};
  static void check(const OptimizerOptions& o) {
    if (o.nesterov && !o.moves()) {
      throw Error("nesterov is on but momentum is 0: Nesterov's method needs a momentum above 0");
    }
    if (o.nesterov && o.dampening != 0.0) {
      throw Error("nesterov is on but dampening is " + number_text(o.dampening) +
                  ": Nesterov's method needs a dampening of 0");
    }
  }
  static constexpr OptimizerRow kRow = {
      .name = "sgd",
      .label = "SGD",
      .about = "Plain gradient descent, with optional momentum and Nesterov's method.",
      .pytorch = "torch.optim.SGD",
      .fields = "momentum dampening nesterov",
      .moments = kMoments,
      .in_gradient_kernels = true,
      .check = &check};
  enum { kLr, kMomentum, kShare, kNesterov, kScalars };
  template <class D>
  static void scalars(const RuleStep<D>& now, float* s) {
    const OptimizerOptions& o = now.options;
    set_scalars<D>(s, {now.lr, now.momentum.value_or(o.momentum),
                       now.number == 1 ? 1.0 : 1.0 - o.dampening, o.nesterov ? 1.0 : 0.0});
  }
  template <class V, class At>
  static RELUSCOPE_FN V apply(const At& e, V slope) {
    if (e.has(0)) {
      const V buffer = e.next(0, e.s[kMomentum], e.s[kShare] * slope);
      slope = e.is_on(kNesterov) ? mad(e.s[kMomentum], buffer, slope) : buffer;
    }
    return e.take(e.s[kLr] * slope);
  }
};

// Dozat, "Incorporating Nesterov momentum into Adam" (2016). Its momentum beta1 (1 - 0.96^(t d) /
// 2) grows with the step t; d is momentum_decay. As in PyTorch 1.13, the product over the momenta
// up to the next step counts the current one twice.
struct Nadam {
  using Arithmetic = Nadam;
  static constexpr RuleMoment kMoments[] = {{.name = "exp_avg"}, {.name = "exp_avg_sq"}};
  static constexpr OptimizerRow kRow = {
      .name = "nadam",
      .label = "NAdam",
      .about = "Adam with Nesterov's method: looks one step ahead along the mean gradient.",
      .pytorch = "torch.optim.NAdam",
      .fields = "beta1 beta2 epsilon momentum_decay",
      .moments = kMoments};
  // The rates are of the parts of the step that follow the gradient and its mean.
  enum { kBeta1, kRest1, kBeta2, kRest2, kCorrection, kSlopeRate, kMeanRate, kEpsilon, kScalars };
  template <class D>
  static D momentum_at(D beta1, D decay, std::uint64_t step) {
    constexpr D kLog = -0.040821994520255166;  // log(0.96)
    return beta1 * (1.0 - 0.5 * exp(static_cast<D>(step) * decay * kLog));
  }
  template <class D>
  static void scalars(const RuleStep<D>& now, float* s) {
    const OptimizerOptions& o = now.options;
    const D beta1 = now.momentum.value_or(o.beta1), decay = o.momentum_decay;
    const D present = momentum_at(beta1, decay, now.number);
    const D next = momentum_at(beta1, decay, now.number + 1);
    now.product *= present;
    set_scalars<D>(
        s, {beta1, 1.0 - beta1, o.beta2, 1.0 - o.beta2, 1.0 - integer_power(D(o.beta2), now.number),
            now.lr * (1.0 - present) / (1.0 - now.product),
            now.lr * next / (1.0 - now.product * present * next), o.epsilon});
  }
  template <class V, class At>
  static RELUSCOPE_FN V apply(const At& e, V slope) {
    const V mean = e.next(0, e.s[kBeta1], e.s[kRest1] * slope);
    const V square = e.next(1, e.s[kBeta2], e.s[kRest2] * slope * slope);
    const V denominator = sqrt(square / e.s[kCorrection]) + e.s[kEpsilon];
    e.take(e.s[kSlopeRate] * slope / denominator);
    return e.take_more(e.s[kMeanRate] * mean / denominator);
  }
};

// Tieleman and Hinton, "RMSProp", lecture 6.5 of "Neural networks for machine learning" (2012);
// centred: Graves (2013), equations 38 to 41: the mean of g, squared, is taken off v.
// v = alpha v + (1 - alpha) g^2; g / (sqrt(v) + eps) is what plain descent or momentum follow.
struct Rmsprop {
  using Arithmetic = Rmsprop;
  static constexpr RuleMoment kMoments[] = {
      {.name = "square_avg"},
      {.name = "momentum_buffer", .wanted = [](const OptimizerOptions& o) { return o.moves(); }},
      {.name = "grad_avg", .wanted = [](const OptimizerOptions& o) { return o.centered; }}};
  static constexpr OptimizerRow kRow = {.name = "rmsprop",
                                        .label = "RMSprop",
                                        .about = "Divides gradients by their recent size.",
                                        .pytorch = "torch.optim.RMSprop",
                                        .fields = "alpha epsilon momentum centered",
                                        .moments = kMoments};
  enum { kLr, kAlpha, kRest, kEpsilon, kMomentum, kScalars };
  template <class D>
  static void scalars(const RuleStep<D>& now, float* s) {
    const OptimizerOptions& o = now.options;
    set_scalars<D>(s,
                   {now.lr, o.alpha, 1.0 - o.alpha, o.epsilon, now.momentum.value_or(o.momentum)});
  }
  template <class V, class At>
  static RELUSCOPE_FN V apply(const At& e, V slope) {
    V square = e.next(0, e.s[kAlpha], e.s[kRest] * slope * slope);
    if (e.has(2)) {
      const V mean = e.next(2, e.s[kAlpha], e.s[kRest] * slope);
      const V mean_square = mean * mean;
      square = square - mean_square;
      square = select(square < V(0.0), V(0.0), square);  // by rounding: PyTorch has NaN here
    }
    const V denominator = sqrt(square) + e.s[kEpsilon];
    if (!e.has(1)) return e.take(e.s[kLr] * slope / denominator);
    return e.take(e.s[kLr] * e.next(1, e.s[kMomentum], slope / denominator));
  }
};

// Duchi, Hazan, Singer, "Adaptive subgradient methods" (2011): uses the sum of all squares of g
// instead of their mean.
struct Adagrad {
  using Arithmetic = Adagrad;
  static constexpr RuleMoment kMoments[] = {
      {.name = "sum", .initial = &OptimizerOptions::initial_accumulator}};
  static constexpr OptimizerRow kRow = {
      .name = "adagrad",
      .label = "Adagrad",
      .about = "Divides gradients by the size of all gradients so far: steps only get smaller.",
      .pytorch = "torch.optim.Adagrad",
      .fields = "epsilon lr_decay initial_accumulator",
      .moments = kMoments};
  enum { kLr, kEpsilon, kScalars };
  template <class D>
  static void scalars(const RuleStep<D>& now, float* s) {
    const OptimizerOptions& o = now.options;
    const D decay = 1.0 + static_cast<D>(now.number - 1) * o.lr_decay;
    set_scalars<D>(s, {now.lr / decay, o.epsilon});
  }
  template <class V, class At>
  static RELUSCOPE_FN V apply(const At& e, V slope) {
    const V square = e.next(0, V(1.0), slope * slope);
    return e.take(e.s[kLr] * slope / (sqrt(square) + e.s[kEpsilon]));
  }
};

// Chen, Liang, Huang and others, "Symbolic discovery of optimization algorithms" (2023), program 1:
// w -= lr sign(b1 m + (1 - b1) g), with sign(0) = 0; then m = b2 m + (1 - b2) g.
struct Lion {
  using Arithmetic = Lion;
  static constexpr RuleMoment kMoments[] = {{.name = "exp_avg"}};
  static constexpr OptimizerRow kRow = {
      .name = "lion",
      .label = "Lion",
      .about =
          "Steps of equal size for all weights, in the direction of the mean gradient's sign; use "
          "a third of Adam's rate or less.",
      .pytorch = "",
      .fields = "beta1 beta2",
      .moments = kMoments,
      .decoupled_decay = true};
  enum { kLr, kBeta1, kRest1, kBeta2, kRest2, kScalars };
  template <class D>
  static void scalars(const RuleStep<D>& now, float* s) {
    const D beta1 = now.momentum.value_or(now.options.beta1), beta2 = now.options.beta2;
    set_scalars<D>(s, {now.lr, beta1, 1.0 - beta1, beta2, 1.0 - beta2});
  }
  template <class V, class At>
  static RELUSCOPE_FN V apply(const At& e, V slope) {
    const V mean = mad(e.s[kBeta1], e.moment(0), e.s[kRest1] * slope);
    const V sign =
        select(mean > V(0.0), V(1.0), select(mean < V(0.0), V(-1.0), mean));  // NaN stays
    e.next(0, e.s[kBeta2], e.s[kRest2] * slope);
    return e.take(e.s[kLr] * sign);
  }
};

template <class... Rules>
struct RuleList {
  static_assert(((std::size(Rules::kMoments) <= kMostMoments) && ...));
  static_assert(((int{Rules::kScalars} <= kMostScalars) && ...));
};

// Menus and tables follow this order.
using UpdateRules = RuleList<Adam, Sgd, Adamw, Nadam, Rmsprop, Adagrad, Lion, Muon>;

// --- How a rule is applied ------------------------------------------------------------------

// Weight decay in both forms, coupled and decoupled.
template <class V>
struct WeightDecay {
  V coupled, keep;
  bool on;
  RELUSCOPE_FN explicit WeightDecay(const ParameterUpdate& u)
      : coupled(u.coupled_decay), keep(u.keep), on(u.coupled_decay != 0.0f || u.keep != 1.0f) {}
  RELUSCOPE_FN V slope(V slope, const float* weight) const {
    return on ? mad(coupled, load<V>(weight), slope) : slope;
  }
  // keep weight - step
  RELUSCOPE_FN V next(V weight, V step) const {
    return on ? zero_below(weight * keep - step, V(kLeastMoment)) : weight - step;
  }
};

// No weight decay: the form that the gradient kernels are compiled for.
template <class V>
struct NoDecay {
  RELUSCOPE_FN explicit NoDecay(const ParameterUpdate&) {}
  RELUSCOPE_FN V slope(V slope, const float*) const { return slope; }
  RELUSCOPE_FN V next(V weight, V step) const { return weight - step; }
};

// An update by one rule. apply(at, slope) updates as many elements from `at` on as V holds, with
// the gradient `slope`, and returns the new weights.
template <class V, class Rule, class Decay = WeightDecay<V>>
class RuleUpdate {
 public:
  using Number = V;
  RELUSCOPE_FN explicit RuleUpdate(const ParameterUpdate& u) : decay_(u), weights_(u.weights) {
    for (int k = 0; k < kMoments; ++k) moments_[k] = u.moments[k];
    for (int k = 0; k < Rule::kScalars; ++k) {
      scalars_[k] = V(u.scalars[k]);
      on_[k] = u.scalars[k] != 0.0f;
    }
  }
  RELUSCOPE_FN V apply(std::size_t at, V slope) const {
    return Rule::template apply<V>(Place{*this, scalars_, at}, decay_.slope(slope, weights_ + at));
  }

 private:
  static constexpr int kMoments = static_cast<int>(std::size(Rule::kMoments));

  struct Place {
    const RuleUpdate& u;
    const V* s;
    std::size_t at;

    RELUSCOPE_FN bool is_on(int scalar) const { return u.on_[scalar]; }
    RELUSCOPE_FN bool has(int k) const { return u.moments_[k] != nullptr; }
    RELUSCOPE_FN V moment(int k) const { return load<V>(u.moments_[k] + at); }
    // moment = decay moment + term. Returns the moment.
    RELUSCOPE_FN V next(int k, V decay, V term) const {
      const V value = zero_below(mad(decay, moment(k), term), V(kLeastMoment));
      store(value, u.moments_[k] + at);
      return value;
    }
    // weight = keep weight - step. Returns the weight.
    RELUSCOPE_FN V take(V step) const {
      const V weight = u.decay_.next(load<V>(u.weights_ + at), step);
      store(weight, u.weights_ + at);
      return weight;
    }
    // The same from a weight that has already decayed.
    RELUSCOPE_FN V take_more(V step) const {
      const V weight = load<V>(u.weights_ + at) - step;
      store(weight, u.weights_ + at);
      return weight;
    }
  };

  Decay decay_;
  float* weights_;
  float* moments_[kMoments];
  V scalars_[Rule::kScalars];
  bool on_[Rule::kScalars];
};

RELUSCOPE_TARGET_END

#endif
