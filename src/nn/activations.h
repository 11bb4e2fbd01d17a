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
template <class V>
struct NothingLearnt {
  static RELUSCOPE_FN V dp(V, const V*) { return V(0.0); }
};

template <class V>
struct Identity : NothingLearnt<V> {
  static constexpr ActivationInfo kInfo = {
      .name = "identity",
      .label = "Identity",
      .formula = "x",
      .derivative = "1",
      .about = "No non-linearity: stacked dense layers then act as a single one.",
      .pytorch = "torch.nn.Identity()",
      .onnx = "Identity"};
  static RELUSCOPE_FN V f(V x, const V*) { return x; }
  static RELUSCOPE_FN V df(V, const V*) { return V(1.0); }
};

// Nair and Hinton, "Rectified linear units improve restricted Boltzmann machines" (2010).
template <class V>
struct Relu : NothingLearnt<V> {
  static constexpr ActivationInfo kInfo = {
      .name = "relu",
      .label = "ReLU",
      .formula = "max(0, x)",
      .derivative = "1 if x > 0, else 0",
      .about = "The default: cheap, sparse, and its gradient does not fade; units can die.",
      .pytorch = "torch.nn.ReLU()",
      .kinks = kKinkAtZero,
      .onnx = "Relu",
      .slope_at_output = true};
  static RELUSCOPE_FN V f(V x, const V*) { return select(x < V(0.0), V(0.0), x); }
  static RELUSCOPE_FN V df(V x, const V*) { return select(x > V(0.0), V(1.0), V(0.0)); }
};

// Krizhevsky, "Convolutional deep belief networks on CIFAR-10" (2010).
template <class V>
struct Relu6 : NothingLearnt<V> {
  static constexpr double kKinks[] = {0.0, 6.0};
  static constexpr ActivationInfo kInfo = {
      .name = "relu6",
      .label = "ReLU6",
      .formula = "min(max(0, x), 6)",
      .derivative = "1 if 0 < x < 6, else 0",
      .about = "ReLU with an upper bound of 6, made for low-precision arithmetic.",
      .pytorch = "torch.nn.ReLU6()",
      .kinks = kKinks,
      .slope_at_output = true};
  static RELUSCOPE_FN V f(V x, const V*) {
    return select(x < V(0.0), V(0.0), select(x > V(6.0), V(6.0), x));
  }
  static RELUSCOPE_FN V df(V x, const V*) {
    return select(x > V(0.0), select(x < V(6.0), V(1.0), V(0.0)), V(0.0));
  }
};

// So, Mańke, Liu, Dai, Shazeer, Le, "Primer: searching for efficient transformers for language
// modeling" (2021).
template <class V>
struct ReluSquared : NothingLearnt<V> {
  static constexpr ActivationInfo kInfo = {
      .name = "relu_squared",
      .label = "Squared ReLU",
      .formula = "max(0, x)²",
      .derivative = "2x if x > 0, else 0",
      .about = "ReLU without the kink; grows fast, so learning rates must be smaller.",
      .pytorch = "torch.nn.functional.relu(x) ** 2"};
  static RELUSCOPE_FN V f(V x, const V*) { return select(x < V(0.0), V(0.0), x * x); }
  static RELUSCOPE_FN V df(V x, const V*) { return select(x > V(0.0), V(2.0) * x, V(0.0)); }
};

// Maas, Hannun, Ng, "Rectifier nonlinearities improve neural network acoustic models" (2013).
template <class V>
struct LeakyRelu : NothingLearnt<V> {
  static constexpr ActivationParameter kParameters[] = {
      {"negative_slope", "α", 0.01, 0.0, 1.0, false, "slope for negative input"}};
  static constexpr ActivationInfo kInfo = {
      .name = "leaky_relu",
      .label = "Leaky ReLU",
      .formula = "x if x > 0, else αx",
      .derivative = "1 if x > 0, else α",
      .about = "A small negative slope keeps a gradient alive where ReLU has none.",
      .pytorch = "torch.nn.LeakyReLU(negative_slope)",
      .parameters = kParameters,
      .kinks = kKinkAtZero,
      .onnx = "LeakyRelu alpha=negative_slope"};
  static RELUSCOPE_FN V f(V x, const V* p) { return select(x < V(0.0), p[0] * x, x); }
  static RELUSCOPE_FN V df(V x, const V* p) { return select(x > V(0.0), V(1.0), p[0]); }
};

// He, Zhang, Ren, Sun, "Delving deep into rectifiers" (2015), section 2.1.
template <class V>
struct Prelu : LeakyRelu<V> {
  static constexpr ActivationParameter kParameters[] = {
      {"weight", "α", 0.25, -1.0, 1.0, true, "slope for negative input, learnt"}};
  static constexpr ActivationInfo kInfo = {
      .name = "prelu",
      .label = "PReLU",
      .formula = "x if x > 0, else αx, α learnt",
      .derivative = "1 if x > 0, else α",
      .about = "Leaky ReLU whose slope the network learns, one for the layer.",
      .pytorch = "torch.nn.PReLU(count)",
      .parameters = kParameters,
      .kinks = kKinkAtZero,
      .onnx = "PRelu"};
  static RELUSCOPE_FN V dp(V x, const V*) { return select(x > V(0.0), V(0.0), x); }
};

// Xu, Wang, Chen, Li, "Empirical evaluation of rectified activations in convolutional network"
// (2015). Written with the mean slope, as used in evaluation. In training both parameters are set
// to the element's random slope (nn/layers/activation.cpp), which is then their mean, too.
template <class V>
struct Rrelu : NothingLearnt<V> {
  static constexpr ActivationParameter kParameters[] = {
      {"lower", "l", 1.0 / 8.0, 0.0, 1.0, false, "least slope for negative input"},
      {"upper", "u", 1.0 / 3.0, 0.0, 1.0, false, "largest slope for negative input"}};
  static constexpr ActivationInfo kInfo = {
      .name = "rrelu",
      .label = "RReLU",
      .formula = "x if x > 0, else αx; α random in [l, u], scored with (l + u)/2",
      .derivative = "1 if x > 0, else α",
      .about = "Leaky ReLU with a random slope in training, which works against overfitting.",
      .pytorch = "torch.nn.RReLU(lower, upper)",
      .parameters = kParameters,
      .kinks = kKinkAtZero,
      .random = true};
  static RELUSCOPE_FN V f(V x, const V* p) {
    return select(x < V(0.0), V(0.5) * (p[0] + p[1]) * x, x);
  }
  static RELUSCOPE_FN V df(V x, const V* p) {
    return select(x > V(0.0), V(1.0), V(0.5) * (p[0] + p[1]));
  }
};

// Clevert, Unterthiner, Hochreiter, "Fast and accurate deep network learning by exponential
// linear units" (2016).
template <class V>
struct Elu : NothingLearnt<V> {
  static constexpr ActivationParameter kParameters[] = {
      {"alpha", "α", 1.0, 0.0, 10.0, false, "the value -α is approached far below 0"}};
  static constexpr ActivationInfo kInfo = {
      .name = "elu",
      .label = "ELU",
      .formula = "x if x > 0, else α(eˣ − 1)",
      .derivative = "1 if x > 0, else αeˣ",
      .about = "Smooth saturation to −α: outputs whose mean is near zero.",
      .pytorch = "torch.nn.ELU(alpha)",
      .parameters = kParameters,
      .kinks = kKinkAtZero,
      .onnx = "Elu alpha=alpha"};
  static RELUSCOPE_FN V f(V x, const V* p) { return select(x > V(0.0), x, p[0] * expm1(x)); }
  static RELUSCOPE_FN V df(V x, const V* p) { return select(x > V(0.0), V(1.0), p[0] * exp(x)); }
};

// Klambauer, Unterthiner, Mayr, Hochreiter, "Self-normalizing neural networks" (2017); the
// constants solve its equations for a fixed point of mean 0 and variance 1.
template <class V>
struct Selu : NothingLearnt<V> {
  static constexpr double kScale = 1.0507009873554804934193349852946;
  static constexpr double kAlpha = 1.6732632423543772848170429916717;
  static constexpr ActivationInfo kInfo = {
      .name = "selu",
      .label = "SELU",
      .formula = "λx if x > 0, else λα(eˣ − 1); λ = 1.0507, α = 1.6733",
      .derivative = "λ if x > 0, else λαeˣ",
      .about =
          "Keeps mean 0 and variance 1 through many layers if weights start with LeCun's init.",
      .pytorch = "torch.nn.SELU()",
      .kinks = kKinkAtZero,
      .onnx = "Selu"};
  static RELUSCOPE_FN V f(V x, const V*) {
    return select(x > V(0.0), V(kScale) * x, V(kScale * kAlpha) * expm1(x));
  }
  static RELUSCOPE_FN V df(V x, const V*) {
    return select(x > V(0.0), V(kScale), V(kScale * kAlpha) * exp(x));
  }
};

// Barron, "Continuously differentiable exponential linear units" (2017).
template <class V>
struct Celu : NothingLearnt<V> {
  static constexpr ActivationParameter kParameters[] = {
      {"alpha", "α", 1.0, 0.1, 10.0, false, "the value -α is approached far below 0"}};
  static constexpr ActivationInfo kInfo = {
      .name = "celu",
      .label = "CELU",
      .formula = "x if x > 0, else α(e^(x/α) − 1)",
      .derivative = "1 if x > 0, else e^(x/α)",
      .about = "ELU whose slope has no jump at 0, whatever its α.",
      .pytorch = "torch.nn.CELU(alpha)",
      .parameters = kParameters,
      .onnx = "Celu alpha=alpha"};
  static RELUSCOPE_FN V f(V x, const V* p) { return select(x > V(0.0), x, p[0] * expm1(x / p[0])); }
  static RELUSCOPE_FN V df(V x, const V* p) { return select(x > V(0.0), V(1.0), exp(x / p[0])); }
};

// Hendrycks and Gimpel, "Gaussian error linear units" (2016), by the normal distribution itself.
template <class V>
struct Gelu : NothingLearnt<V> {
  static constexpr ActivationInfo kInfo = {
      .name = "gelu",
      .label = "GELU",
      .formula = "xΦ(x), Φ(x) = (1 + erf(x/√2)) / 2",
      .derivative = "Φ(x) + xe^(−x²/2) / √(2π)",
      .about = "x times the chance that a normal number is below it; usual in transformers.",
      .pytorch = "torch.nn.GELU()"};
  static RELUSCOPE_FN V f(V x, const V*) { return x * normal_parts(x).cdf; }
  static RELUSCOPE_FN V df(V x, const V*) {
    const auto [cdf, density] = normal_parts(x);
    return cdf + x * density;
  }
};

// The same paper's approximation by tanh: (1 + tanh(u)) / 2 is σ(2u), which does not cancel.
template <class V>
struct GeluTanh : NothingLearnt<V> {
  static constexpr double kTwoC = 1.5957691216057307117597842397375;  // 2 sqrt(2 / pi)
  static constexpr double kCubic = 0.044715;
  static constexpr ActivationInfo kInfo = {
      .name = "gelu_tanh",
      .label = "GELU by tanh",
      .formula = "x(1 + tanh(u)) / 2, u = √(2/π)(x + 0.044715x³)",
      .derivative = "σ(2u) + 2xu′σ(2u)(1 − σ(2u)), u′ = √(2/π)(1 + 0.134145x²)",
      .about =
          "An approximation of GELU used by many published networks; its error is at most 0.0005.",
      .pytorch = "torch.nn.GELU(approximate=\"tanh\")"};
  // Beyond 32, where σ(2u) is 0 or 1 in double too, x³ could overflow.
  static RELUSCOPE_FN V bounded(V x) {
    return select(x > V(32.0), V(32.0), select(x < V(-32.0), V(-32.0), x));
  }
  static RELUSCOPE_FN V f(V x, const V*) {
    const V b = bounded(x);
    return x * sigmoid(V(kTwoC) * b * (V(1.0) + V(kCubic) * b * b));
  }
  static RELUSCOPE_FN V df(V x, const V*) {
    const V b = bounded(x);
    const auto [s, slope] = sigmoid_parts(V(kTwoC) * b * (V(1.0) + V(kCubic) * b * b));
    return s + b * slope * V(kTwoC) * (V(1.0) + V(3.0 * kCubic) * b * b);
  }
};

// Elfwing, Uchibe, Doya, "Sigmoid-weighted linear units for neural network function approximation
// in reinforcement learning" (2017).
template <class V>
struct Silu : NothingLearnt<V> {
  static constexpr ActivationInfo kInfo = {.name = "silu",
                                           .label = "SiLU",
                                           .formula = "xσ(x)",
                                           .derivative = "σ(x) + xσ(x)(1 − σ(x))",
                                           .about = "Swish with β = 1 and nothing to learn.",
                                           .pytorch = "torch.nn.SiLU()"};
  static RELUSCOPE_FN V f(V x, const V*) { return x * sigmoid(x); }
  static RELUSCOPE_FN V df(V x, const V*) {
    const auto [s, slope] = sigmoid_parts(x);
    return s + x * slope;
  }
};

// Ramachandran, Zoph, Le, "Searching for activation functions" (2017).
template <class V>
struct Swish {
  static constexpr ActivationParameter kParameters[] = {
      {"beta", "β", 1.0, -10.0, 10.0, true, "how sharp the gate is, learnt"}};
  static constexpr ActivationInfo kInfo = {
      .name = "swish",
      .label = "Swish",
      .formula = "xσ(βx), β learnt",
      .derivative = "σ(βx) + βxσ(βx)(1 − σ(βx))",
      .about = "Smooth and not monotonic; often better than ReLU in deep networks.",
      .pytorch = "x * torch.sigmoid(beta * x)",
      .parameters = kParameters};
  static RELUSCOPE_FN V f(V x, const V* p) { return x * sigmoid(p[0] * x); }
  static RELUSCOPE_FN V df(V x, const V* p) {
    const auto [s, slope] = sigmoid_parts(p[0] * x);
    return s + p[0] * x * slope;
  }
  static RELUSCOPE_FN V dp(V x, const V* p) { return x * x * sigmoid_parts(p[0] * x).slope; }
};

// Misra, "Mish: a self regularized non-monotonic activation function" (2019). With e = e^-|x|,
// tanh(log(1 + e^x)) is a quotient of polynomials of e on either side, and nothing overflows.
template <class V>
struct Mish : NothingLearnt<V> {
  static constexpr ActivationInfo kInfo = {.name = "mish",
                                           .label = "Mish",
                                           .formula = "x tanh(ζ(x)), ζ(x) = ln(1 + eˣ)",
                                           .derivative = "tanh(ζ(x)) + xσ(x)(1 − tanh²(ζ(x)))",
                                           .about = "Like Swish: smooth, with a small dip below 0.",
                                           .pytorch = "torch.nn.Mish()"};
  static RELUSCOPE_FN ValueAndSlope<V> parts(V x) {  // of tanh(ζ(x))
    V e = exp(V(0.0) - magnitude(x));
    e = select(x > V(40.0), V(0.0), e);  // e^2 is negligible beside 1, and would become denormal
    const V below = e * (e + V(2.0));
    const V numerator = select(x < V(0.0), below, V(1.0) + V(2.0) * e);
    const V denominator = select(x < V(0.0), below + V(2.0), V(1.0) + V(2.0) * e * (V(1.0) + e));
    return {numerator / denominator, V(4.0) * e * (V(1.0) + e) * select(x < V(0.0), V(1.0), e) /
                                         (denominator * denominator)};
  }
  static RELUSCOPE_FN V f(V x, const V*) { return x * parts(x).value; }
  static RELUSCOPE_FN V df(V x, const V*) {
    const auto [t, slope] = parts(x);
    return t + x * slope;
  }
};

// Howard and others, "Searching for MobileNetV3" (2019).
template <class V>
struct HardSwish : NothingLearnt<V> {
  static constexpr double kKinks[] = {-3.0, 3.0};
  static constexpr ActivationInfo kInfo = {
      .name = "hard_swish",
      .label = "Hard Swish",
      .formula = "x min(max(0, x + 3), 6) / 6",
      .derivative = "0 if x < −3, 1 if x > 3, else (2x + 3) / 6",
      .about =
          "Swish made of straight lines and a parabola: cheap, because it needs no exponential.",
      .pytorch = "torch.nn.Hardswish()",
      .kinks = kKinks,
      .onnx = "HardSwish"};
  static RELUSCOPE_FN V f(V x, const V*) {
    const V inside = x * ((x + V(3.0)) * V(1.0 / 6.0));
    return select(x < V(-3.0), V(0.0), select(x > V(3.0), x, inside));
  }
  static RELUSCOPE_FN V df(V x, const V*) {
    const V inside = (V(2.0) * x + V(3.0)) * V(1.0 / 6.0);
    return select(x < V(-3.0), V(0.0), select(x > V(3.0), V(1.0), inside));
  }
};

// Dugas, Bengio, Bélisle, Nadeau, Garcia, "Incorporating second-order functional knowledge for
// better option pricing" (2000). max(0, x) + ln(1 + e^-|βx|) / β cannot overflow. Where PyTorch
// returns x, beyond its threshold βx > 20, this differs from it by less than 2e-10 of x.
template <class V>
struct Softplus : NothingLearnt<V> {
  static constexpr ActivationParameter kParameters[] = {
      {"beta", "β", 1.0, 0.1, 20.0, false, "how sharp the bend at 0 is"}};
  static constexpr ActivationInfo kInfo = {.name = "softplus",
                                           .label = "Softplus",
                                           .formula = "ln(1 + e^(βx)) / β",
                                           .derivative = "σ(βx)",
                                           .about = "A smooth ReLU that is above 0 everywhere.",
                                           .pytorch = "torch.nn.Softplus(beta, threshold=20)",
                                           .parameters = kParameters};
  static RELUSCOPE_FN V f(V x, const V* p) {
    const V t = V(0.0) - magnitude(p[0] * x);
    // Three above the lower end of exp: e^3 > β, so the quotient is never denormal.
    const V e = select(t < V(kExpLow<V> + 3.0), V(0.0), exp(t));
    return select(x > V(0.0), x, V(0.0)) + log1p(e) / p[0];
  }
  static RELUSCOPE_FN V df(V x, const V* p) { return sigmoid(p[0] * x); }
};

template <class V>
struct Sigmoid : NothingLearnt<V> {
  static constexpr ActivationInfo kInfo = {
      .name = "sigmoid",
      .label = "Sigmoid",
      .formula = "σ(x) = 1 / (1 + e⁻ˣ)",
      .derivative = "σ(x)(1 − σ(x))",
      .about = "The classic: saturates on both sides, so gradients vanish in deep networks.",
      .pytorch = "torch.nn.Sigmoid()",
      .onnx = "Sigmoid"};
  static RELUSCOPE_FN V f(V x, const V*) { return sigmoid(x); }
  static RELUSCOPE_FN V df(V x, const V*) { return sigmoid_parts(x).slope; }
};

template <class V>
struct Tanh : NothingLearnt<V> {
  static constexpr ActivationInfo kInfo = {
      .name = "tanh",
      .label = "Tanh",
      .formula = "tanh(x)",
      .derivative = "1 − tanh²(x)",
      .about = "Zero mean, but saturates on both sides like the sigmoid.",
      .pytorch = "torch.nn.Tanh()",
      .onnx = "Tanh"};
  static RELUSCOPE_FN V f(V x, const V*) { return tanh(x); }
  static RELUSCOPE_FN V df(V x, const V*) {
    const V t = tanh(x);
    return V(1.0) - t * t;
  }
};

template <class... Entries>
struct ActivationList {};
template <class V, template <class> class... Entries>
using ActivationsOf = ActivationList<Entries<V>...>;

// Menus and tables follow this order.
template <class V>
using Activations =
    ActivationsOf<V, Relu, LeakyRelu, Prelu, Rrelu, Relu6, ReluSquared, Elu, Selu, Celu, Gelu,
                  GeluTanh, Swish, Silu, Mish, HardSwish, Softplus, Sigmoid, Tanh, Identity>;

RELUSCOPE_TARGET_END

#endif
