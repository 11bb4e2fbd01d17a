// THE registry of activation functions. To add one: add a struct here and its name to the list
// at the end. Parser, CPU kernels, menus, formulas, curves and tests follow from it.
//
// f, df (derivative by x) and dp (derivative by the learnable parameter p[0]) are written once,
// branch-free, for any number type V: float, double, every SIMD vector. p points at the
// entry's parameters. f of NaN must be NaN: write comparisons so that NaN falls through to x.
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

template <class V>
RELUSCOPE_FN V magnitude(V x) {
  return select(x < V(0.0), V(0.0) - x, x);
}

// The parameter derivative of entries that learn nothing.
struct NothingLearnt {
  template <class V>
  static RELUSCOPE_FN V dp(V, const V*) {
    return V(0.0);
  }
};

struct Identity : NothingLearnt {
  static constexpr ActivationInfo kInfo = {
      "identity",
      "Identity",
      "x",
      "1",
      "No non-linearity: stacked dense layers then act as a single one.",
      "torch.nn.Identity()",
      {},
      {},
      false,
      "Identity"};
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
      "relu",
      "ReLU",
      "max(0, x)",
      "1 if x > 0, else 0",
      "The default: cheap, sparse, and its gradient does not fade; units can die.",
      "torch.nn.ReLU()",
      {},
      kKinkAtZero,
      false,
      "Relu",
      true};
  template <class V>
  static RELUSCOPE_FN V f(V x, const V*) {
    return select(x < V(0.0), V(0.0), x);
  }
  template <class V>
  static RELUSCOPE_FN V df(V x, const V*) {
    return select(x > V(0.0), V(1.0), V(0.0));
  }
};

// Krizhevsky, "Convolutional deep belief networks on CIFAR-10" (2010).
struct Relu6 : NothingLearnt {
  static constexpr double kKinks[] = {0.0, 6.0};
  static constexpr ActivationInfo kInfo = {
      "relu6",
      "ReLU6",
      "min(max(0, x), 6)",
      "1 if 0 < x < 6, else 0",
      "ReLU with an upper bound of 6, made for low-precision arithmetic.",
      "torch.nn.ReLU6()",
      {},
      kKinks,
      false,
      "",
      true};
  template <class V>
  static RELUSCOPE_FN V f(V x, const V*) {
    return select(x < V(0.0), V(0.0), select(x > V(6.0), V(6.0), x));
  }
  template <class V>
  static RELUSCOPE_FN V df(V x, const V*) {
    return select(x > V(0.0), select(x < V(6.0), V(1.0), V(0.0)), V(0.0));
  }
};

// So, Mańke, Liu, Dai, Shazeer, Le, "Primer: searching for efficient transformers for language
// modeling" (2021).
struct ReluSquared : NothingLearnt {
  static constexpr ActivationInfo kInfo = {
      "relu_squared",
      "Squared ReLU",
      "max(0, x)²",
      "2x if x > 0, else 0",
      "ReLU without the kink; grows fast, so learning rates must be smaller.",
      "torch.nn.functional.relu(x) ** 2",
      {},
      {}};
  template <class V>
  static RELUSCOPE_FN V f(V x, const V*) {
    return select(x < V(0.0), V(0.0), x * x);
  }
  template <class V>
  static RELUSCOPE_FN V df(V x, const V*) {
    return select(x > V(0.0), V(2.0) * x, V(0.0));
  }
};

// Maas, Hannun, Ng, "Rectifier nonlinearities improve neural network acoustic models" (2013).
struct LeakyRelu : NothingLearnt {
  static constexpr ActivationParameter kParameters[] = {
      {"negative_slope", "α", 0.01, 0.0, 1.0, false, "slope for negative input"}};
  static constexpr ActivationInfo kInfo = {
      "leaky_relu",
      "Leaky ReLU",
      "x if x > 0, else αx",
      "1 if x > 0, else α",
      "A small negative slope keeps a gradient alive where ReLU has none.",
      "torch.nn.LeakyReLU(negative_slope)",
      kParameters,
      kKinkAtZero,
      false,
      "LeakyRelu alpha=negative_slope"};
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
      "prelu",
      "PReLU",
      "x if x > 0, else αx, α learnt",
      "1 if x > 0, else α",
      "Leaky ReLU whose slope the network learns, one for the layer.",
      "torch.nn.PReLU(count)",
      kParameters,
      kKinkAtZero,
      false,
      "PRelu"};
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

// Xu, Wang, Chen, Li, "Empirical evaluation of rectified activations in convolutional network"
// (2015). Written with the mean slope, as used in evaluation. In training both parameters are set
// to the element's random slope (nn/layers/activation.cpp), which is then their mean, too.
struct Rrelu : NothingLearnt {
  static constexpr ActivationParameter kParameters[] = {
      {"lower", "l", 1.0 / 8.0, 0.0, 1.0, false, "least slope for negative input"},
      {"upper", "u", 1.0 / 3.0, 0.0, 1.0, false, "largest slope for negative input"}};
  static constexpr ActivationInfo kInfo = {
      "rrelu",
      "RReLU",
      "x if x > 0, else αx; α random in [l, u], scored with (l + u)/2",
      "1 if x > 0, else α",
      "Leaky ReLU with a random slope in training, which works against overfitting.",
      "torch.nn.RReLU(lower, upper)",
      kParameters,
      kKinkAtZero,
      true};
  template <class V>
  static RELUSCOPE_FN V f(V x, const V* p) {
    return select(x < V(0.0), V(0.5) * (p[0] + p[1]) * x, x);
  }
  template <class V>
  static RELUSCOPE_FN V df(V x, const V* p) {
    return select(x > V(0.0), V(1.0), V(0.5) * (p[0] + p[1]));
  }
};

// Clevert, Unterthiner, Hochreiter, "Fast and accurate deep network learning by exponential
// linear units" (2016).
struct Elu : NothingLearnt {
  static constexpr ActivationParameter kParameters[] = {
      {"alpha", "α", 1.0, 0.0, 10.0, false, "the value -α is approached far below 0"}};
  static constexpr ActivationInfo kInfo = {
      "elu",
      "ELU",
      "x if x > 0, else α(eˣ − 1)",
      "1 if x > 0, else αeˣ",
      "Smooth saturation to −α: outputs whose mean is near zero.",
      "torch.nn.ELU(alpha)",
      kParameters,
      kKinkAtZero,
      false,
      "Elu alpha=alpha"};
  template <class V>
  static RELUSCOPE_FN V f(V x, const V* p) {
    return select(x > V(0.0), x, p[0] * expm1(x));
  }
  template <class V>
  static RELUSCOPE_FN V df(V x, const V* p) {
    return select(x > V(0.0), V(1.0), p[0] * exp(x));
  }
};

// Klambauer, Unterthiner, Mayr, Hochreiter, "Self-normalizing neural networks" (2017); the
// constants solve its equations for a fixed point of mean 0 and variance 1.
struct Selu : NothingLearnt {
  static constexpr double kScale = 1.0507009873554804934193349852946;
  static constexpr double kAlpha = 1.6732632423543772848170429916717;
  static constexpr ActivationInfo kInfo = {
      "selu",
      "SELU",
      "λx if x > 0, else λα(eˣ − 1); λ = 1.0507, α = 1.6733",
      "λ if x > 0, else λαeˣ",
      "Keeps mean 0 and variance 1 through many layers if weights start with LeCun's init.",
      "torch.nn.SELU()",
      {},
      kKinkAtZero,
      false,
      "Selu"};
  template <class V>
  static RELUSCOPE_FN V f(V x, const V*) {
    return select(x > V(0.0), V(kScale) * x, V(kScale * kAlpha) * expm1(x));
  }
  template <class V>
  static RELUSCOPE_FN V df(V x, const V*) {
    return select(x > V(0.0), V(kScale), V(kScale * kAlpha) * exp(x));
  }
};

// Barron, "Continuously differentiable exponential linear units" (2017).
struct Celu : NothingLearnt {
  static constexpr ActivationParameter kParameters[] = {
      {"alpha", "α", 1.0, 0.1, 10.0, false, "the value -α is approached far below 0"}};
  static constexpr ActivationInfo kInfo = {"celu",
                                           "CELU",
                                           "x if x > 0, else α(e^(x/α) − 1)",
                                           "1 if x > 0, else e^(x/α)",
                                           "ELU whose slope has no jump at 0, whatever its α.",
                                           "torch.nn.CELU(alpha)",
                                           kParameters,
                                           {},
                                           false,
                                           "Celu alpha=alpha"};
  template <class V>
  static RELUSCOPE_FN V f(V x, const V* p) {
    return select(x > V(0.0), x, p[0] * expm1(x / p[0]));
  }
  template <class V>
  static RELUSCOPE_FN V df(V x, const V* p) {
    return select(x > V(0.0), V(1.0), exp(x / p[0]));
  }
};

// Hendrycks and Gimpel, "Gaussian error linear units" (2016), by the normal distribution itself.
struct Gelu : NothingLearnt {
  static constexpr ActivationInfo kInfo = {
      "gelu",
      "GELU",
      "xΦ(x), Φ(x) = (1 + erf(x/√2)) / 2",
      "Φ(x) + xe^(−x²/2) / √(2π)",
      "x times the chance that a normal number is below it; usual in transformers.",
      "torch.nn.GELU()",
      {},
      {}};
  template <class V>
  static RELUSCOPE_FN V f(V x, const V*) {
    V cdf, density;
    normal_parts(x, cdf, density);
    return x * cdf;
  }
  template <class V>
  static RELUSCOPE_FN V df(V x, const V*) {
    V cdf, density;
    normal_parts(x, cdf, density);
    return cdf + x * density;
  }
};

// The same paper's approximation by tanh: (1 + tanh(u)) / 2 is σ(2u), which does not cancel.
struct GeluTanh : NothingLearnt {
  static constexpr double kTwoC = 1.5957691216057307117597842397375;  // 2 sqrt(2 / pi)
  static constexpr double kCubic = 0.044715;
  static constexpr ActivationInfo kInfo = {
      "gelu_tanh",
      "GELU by tanh",
      "x(1 + tanh(u)) / 2, u = √(2/π)(x + 0.044715x³)",
      "σ(2u) + 2xu′σ(2u)(1 − σ(2u)), u′ = √(2/π)(1 + 0.134145x²)",
      "An approximation of GELU used by many published networks; its error is at most 0.0005.",
      "torch.nn.GELU(approximate=\"tanh\")",
      {},
      {}};
  // Beyond 32, where σ(2u) is 0 or 1 in double too, x³ could overflow.
  template <class V>
  static RELUSCOPE_FN V bounded(V x) {
    return select(x > V(32.0), V(32.0), select(x < V(-32.0), V(-32.0), x));
  }
  template <class V>
  static RELUSCOPE_FN V f(V x, const V*) {
    const V b = bounded(x);
    return x * sigmoid(V(kTwoC) * b * (V(1.0) + V(kCubic) * b * b));
  }
  template <class V>
  static RELUSCOPE_FN V df(V x, const V*) {
    const V b = bounded(x);
    V s, slope;
    sigmoid_parts(V(kTwoC) * b * (V(1.0) + V(kCubic) * b * b), s, slope);
    return s + b * slope * V(kTwoC) * (V(1.0) + V(3.0 * kCubic) * b * b);
  }
};

// Elfwing, Uchibe, Doya, "Sigmoid-weighted linear units for neural network function approximation
// in reinforcement learning" (2017).
struct Silu : NothingLearnt {
  static constexpr ActivationInfo kInfo = {"silu",
                                           "SiLU",
                                           "xσ(x)",
                                           "σ(x) + xσ(x)(1 − σ(x))",
                                           "Swish with β = 1 and nothing to learn.",
                                           "torch.nn.SiLU()",
                                           {},
                                           {}};
  template <class V>
  static RELUSCOPE_FN V f(V x, const V*) {
    return x * sigmoid(x);
  }
  template <class V>
  static RELUSCOPE_FN V df(V x, const V*) {
    V s, slope;
    sigmoid_parts(x, s, slope);
    return s + x * slope;
  }
};

// Ramachandran, Zoph, Le, "Searching for activation functions" (2017).
struct Swish {
  static constexpr ActivationParameter kParameters[] = {
      {"beta", "β", 1.0, -10.0, 10.0, true, "how sharp the gate is, learnt"}};
  static constexpr ActivationInfo kInfo = {
      "swish",
      "Swish",
      "xσ(βx), β learnt",
      "σ(βx) + βxσ(βx)(1 − σ(βx))",
      "Smooth and not monotonic; often better than ReLU in deep networks.",
      "x * torch.sigmoid(beta * x)",
      kParameters,
      {}};
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

// Misra, "Mish: a self regularized non-monotonic activation function" (2019). With e = e^-|x|,
// tanh(log(1 + e^x)) is a quotient of polynomials of e on either side, and nothing overflows.
struct Mish : NothingLearnt {
  static constexpr ActivationInfo kInfo = {"mish",
                                           "Mish",
                                           "x tanh(ζ(x)), ζ(x) = ln(1 + eˣ)",
                                           "tanh(ζ(x)) + xσ(x)(1 − tanh²(ζ(x)))",
                                           "Like Swish: smooth, with a small dip below 0.",
                                           "torch.nn.Mish()",
                                           {},
                                           {}};
  template <class V>
  static RELUSCOPE_FN void parts(V x, V& tanh_softplus, V& slope) {
    V e = exp(V(0.0) - magnitude(x));
    e = select(x > V(40.0), V(0.0), e);  // e^2 is negligible beside 1, and would become denormal
    const V below = e * (e + V(2.0));
    const V numerator = select(x < V(0.0), below, V(1.0) + V(2.0) * e);
    const V denominator = select(x < V(0.0), below + V(2.0), V(1.0) + V(2.0) * e * (V(1.0) + e));
    tanh_softplus = numerator / denominator;
    slope = V(4.0) * e * (V(1.0) + e) * select(x < V(0.0), V(1.0), e) / (denominator * denominator);
  }
  template <class V>
  static RELUSCOPE_FN V f(V x, const V*) {
    V t, slope;
    parts(x, t, slope);
    return x * t;
  }
  template <class V>
  static RELUSCOPE_FN V df(V x, const V*) {
    V t, slope;
    parts(x, t, slope);
    return t + x * slope;
  }
};

// Howard and others, "Searching for MobileNetV3" (2019).
struct HardSwish : NothingLearnt {
  static constexpr double kKinks[] = {-3.0, 3.0};
  static constexpr ActivationInfo kInfo = {
      "hard_swish",
      "Hard Swish",
      "x min(max(0, x + 3), 6) / 6",
      "0 if x < −3, 1 if x > 3, else (2x + 3) / 6",
      "Swish made of straight lines and a parabola: cheap, because it needs no exponential.",
      "torch.nn.Hardswish()",
      {},
      kKinks,
      false,
      "HardSwish"};
  template <class V>
  static RELUSCOPE_FN V f(V x, const V*) {
    const V inside = x * ((x + V(3.0)) * V(1.0 / 6.0));
    return select(x < V(-3.0), V(0.0), select(x > V(3.0), x, inside));
  }
  template <class V>
  static RELUSCOPE_FN V df(V x, const V*) {
    const V inside = (V(2.0) * x + V(3.0)) * V(1.0 / 6.0);
    return select(x < V(-3.0), V(0.0), select(x > V(3.0), V(1.0), inside));
  }
};

// Dugas, Bengio, Bélisle, Nadeau, Garcia, "Incorporating second-order functional knowledge for
// better option pricing" (2000). max(0, x) + ln(1 + e^-|βx|) / β cannot overflow. Where PyTorch
// returns x, beyond its threshold βx > 20, this differs from it by less than 2e-10 of x.
struct Softplus : NothingLearnt {
  static constexpr ActivationParameter kParameters[] = {
      {"beta", "β", 1.0, 0.1, 20.0, false, "how sharp the bend at 0 is"}};
  static constexpr ActivationInfo kInfo = {"softplus",
                                           "Softplus",
                                           "ln(1 + e^(βx)) / β",
                                           "σ(βx)",
                                           "A smooth ReLU that is above 0 everywhere.",
                                           "torch.nn.Softplus(beta, threshold=20)",
                                           kParameters,
                                           {}};
  template <class V>
  static RELUSCOPE_FN V f(V x, const V* p) {
    const V t = V(0.0) - magnitude(p[0] * x);
    // Three above the lower end of exp: e^3 > β, so the quotient is never denormal.
    const V e = select(t < V(kExpLow<V> + 3.0), V(0.0), exp(t));
    return select(x > V(0.0), x, V(0.0)) + log1p(e) / p[0];
  }
  template <class V>
  static RELUSCOPE_FN V df(V x, const V* p) {
    return sigmoid(p[0] * x);
  }
};

struct Sigmoid : NothingLearnt {
  static constexpr ActivationInfo kInfo = {
      "sigmoid",
      "Sigmoid",
      "σ(x) = 1 / (1 + e⁻ˣ)",
      "σ(x)(1 − σ(x))",
      "The classic: saturates on both sides, so gradients vanish in deep networks.",
      "torch.nn.Sigmoid()",
      {},
      {},
      false,
      "Sigmoid"};
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
      "tanh",
      "Tanh",
      "tanh(x)",
      "1 − tanh²(x)",
      "Zero mean, but saturates on both sides like the sigmoid.",
      "torch.nn.Tanh()",
      {},
      {},
      false,
      "Tanh"};
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

// Menus and tables follow this order.
using Activations =
    ActivationList<Relu, LeakyRelu, Prelu, Rrelu, Relu6, ReluSquared, Elu, Selu, Celu, Gelu,
                   GeluTanh, Swish, Silu, Mish, HardSwish, Softplus, Sigmoid, Tanh, Identity>;

RELUSCOPE_TARGET_END

#endif
