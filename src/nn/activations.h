// THE registry of activation functions. To add one: add a struct here and its name to the list
// at the end. Parser, CPU kernels, menus, formulas, curves and tests follow from it.
//
// f, df (derivative by x) and dp (derivative by the learnable parameter p[0]) are written once,
// branch-free, for any number type V: float, double, every SIMD vector. p points at the
// entry's parameters. A NaN must come out as NaN: compare so that it falls through to x.
// No ordinary include guard: see core/target.h.
#if defined(RELUSCOPE_NN_ACTIVATIONS_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef RELUSCOPE_NN_ACTIVATIONS_H_
#undef RELUSCOPE_NN_ACTIVATIONS_H_
#else
#define RELUSCOPE_NN_ACTIVATIONS_H_
#endif

#include "core/math.h"
#include "nn/activation.h"

RELUSCOPE_TARGET_BEGIN

inline constexpr double kKinkAtZero[] = {0.0};

// The parameter derivative of entries that learn nothing.
struct NothingLearnt {
  template <class V>
  static RELUSCOPE_FN V dp(V, const V*) {
    return V(0.0);
  }
};

struct Identity : NothingLearnt {
  static constexpr ActivationInfo kInfo = {
      "identity", "Identity", "x", "1",
      "No non-linearity at all: what stacked layers are without one.",
      "torch.nn.Identity()", {}, {}};
  template <class V>
  static RELUSCOPE_FN V f(V x, const V*) {
    return x;
  }
  template <class V>
  static RELUSCOPE_FN V df(V, const V*) {
    return V(1.0);
  }
};

// Nair and Hinton, "Rectified linear units improve restricted Boltzmann machines" (2010).
struct Relu : NothingLearnt {
  static constexpr ActivationInfo kInfo = {
      "relu", "ReLU", "max(0, x)", "1 if x > 0, else 0",
      "The default: cheap, sparse, and its gradient does not fade; units can die.",
      "torch.nn.ReLU()", {}, kKinkAtZero};
  template <class V>
  static RELUSCOPE_FN V f(V x, const V*) {
    return select(x < V(0.0), V(0.0), x);
  }
  template <class V>
  static RELUSCOPE_FN V df(V x, const V*) {
    return select(x > V(0.0), V(1.0), V(0.0));
  }
};

// Maas, Hannun, Ng, "Rectifier nonlinearities improve neural network acoustic models" (2013).
struct LeakyRelu : NothingLearnt {
  static constexpr ActivationParameter kParameters[] = {
      {"negative_slope", "α", 0.01, 0.0, 1.0, false, "slope for negative input"}};
  static constexpr ActivationInfo kInfo = {
      "leaky_relu", "Leaky ReLU", "x if x > 0, else αx", "1 if x > 0, else α",
      "A small negative slope keeps a gradient alive where ReLU has none.",
      "torch.nn.LeakyReLU(negative_slope)", kParameters, kKinkAtZero};
  template <class V>
  static RELUSCOPE_FN V f(V x, const V* p) {
    return select(x < V(0.0), p[0] * x, x);
  }
  template <class V>
  static RELUSCOPE_FN V df(V x, const V* p) {
    return select(x > V(0.0), V(1.0), p[0]);
  }
};

// He, Zhang, Ren, Sun, "Delving deep into rectifiers" (2015), section 2.1.
struct Prelu {
  static constexpr ActivationParameter kParameters[] = {
      {"weight", "α", 0.25, -1.0, 1.0, true, "slope for negative input, learnt"}};
  static constexpr ActivationInfo kInfo = {
      "prelu", "PReLU", "x if x > 0, else αx, α learnt", "1 if x > 0, else α",
      "Leaky ReLU whose slope the network learns, one for the layer.",
      "torch.nn.PReLU()", kParameters, kKinkAtZero};
  template <class V>
  static RELUSCOPE_FN V f(V x, const V* p) {
    return select(x < V(0.0), p[0] * x, x);
  }
  template <class V>
  static RELUSCOPE_FN V df(V x, const V* p) {
    return select(x > V(0.0), V(1.0), p[0]);
  }
  template <class V>
  static RELUSCOPE_FN V dp(V x, const V*) {
    return select(x > V(0.0), V(0.0), x);
  }
};

// Clevert, Unterthiner, Hochreiter, "Fast and accurate deep network learning by exponential
// linear units" (2016).
struct Elu : NothingLearnt {
  static constexpr ActivationParameter kParameters[] = {
      {"alpha", "α", 1.0, 0.0, 10.0, false, "the value -α is approached far below 0"}};
  static constexpr ActivationInfo kInfo = {
      "elu", "ELU", "x if x > 0, else α(eˣ − 1)", "1 if x > 0, else αeˣ",
      "Smooth saturation to −α: outputs whose mean is near zero.",
      "torch.nn.ELU(alpha)", kParameters, kKinkAtZero};
  template <class V>
  static RELUSCOPE_FN V f(V x, const V* p) {
    return select(x > V(0.0), x, p[0] * expm1(x));
  }
  template <class V>
  static RELUSCOPE_FN V df(V x, const V* p) {
    return select(x > V(0.0), V(1.0), p[0] * exp(x));
  }
};

// Ramachandran, Zoph, Le, "Searching for activation functions" (2017).
struct Swish {
  static constexpr ActivationParameter kParameters[] = {
      {"beta", "β", 1.0, -10.0, 10.0, true, "how sharp the gate is, learnt"}};
  static constexpr ActivationInfo kInfo = {
      "swish", "Swish", "xσ(βx), β learnt", "σ(βx) + βxσ(βx)(1 − σ(βx))",
      "Smooth and not monotonic; often better than ReLU in deep networks.",
      "x * torch.sigmoid(beta * x)", kParameters, {}};
  template <class V>
  static RELUSCOPE_FN V f(V x, const V* p) {
    return x * sigmoid(p[0] * x);
  }
  template <class V>
  static RELUSCOPE_FN V df(V x, const V* p) {
    V s, slope;
    sigmoid_parts(p[0] * x, s, slope);
    return s + p[0] * x * slope;
  }
  template <class V>
  static RELUSCOPE_FN V dp(V x, const V* p) {
    V s, slope;
    sigmoid_parts(p[0] * x, s, slope);
    return x * x * slope;
  }
};

struct Sigmoid : NothingLearnt {
  static constexpr ActivationInfo kInfo = {
      "sigmoid", "Sigmoid", "σ(x) = 1 / (1 + e⁻ˣ)", "σ(x)(1 − σ(x))",
      "The classic: saturates on both sides, so gradients vanish in deep networks.",
      "torch.nn.Sigmoid()", {}, {}};
  template <class V>
  static RELUSCOPE_FN V f(V x, const V*) {
    return sigmoid(x);
  }
  template <class V>
  static RELUSCOPE_FN V df(V x, const V*) {
    V s, slope;
    sigmoid_parts(x, s, slope);
    return slope;
  }
};

struct Tanh : NothingLearnt {
  static constexpr ActivationInfo kInfo = {
      "tanh", "Tanh", "tanh(x)", "1 − tanh²(x)",
      "Zero mean, but saturates on both sides like the sigmoid.",
      "torch.nn.Tanh()", {}, {}};
  template <class V>
  static RELUSCOPE_FN V f(V x, const V*) {
    return tanh(x);
  }
  template <class V>
  static RELUSCOPE_FN V df(V x, const V*) {
    const V t = tanh(x);
    return V(1.0) - t * t;
  }
};

template <class... Entries>
struct ActivationList {
  static constexpr int kCount = sizeof...(Entries);
};

// Their order is that of menus and tables.
using Activations =
    ActivationList<Relu, LeakyRelu, Prelu, Elu, Swish, Sigmoid, Tanh, Identity>;

RELUSCOPE_TARGET_END

#endif
