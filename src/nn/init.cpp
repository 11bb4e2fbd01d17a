#include "nn/init.h"

#include <Eigen/Core>
#include <Eigen/Householder>
#include <algorithm>

#ifndef EIGEN_DONT_VECTORIZE
#error "the same bits everywhere need EIGEN_DONT_VECTORIZE"
#endif

namespace reluscope {
namespace {

void fill_uniform(std::vector<float>& values, double bound, const Rng& rng) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>((2.0 * rng.uniform(i) - 1.0) * bound);
  }
}

// Elements from `first` on. Called for pieces and not inlined: a browser recompiles functions
// while they run and uses the better code from the next call on.
[[gnu::noinline]] void fill_normal(std::vector<float>& values, std::size_t first, std::size_t count,
                                   double factor, const Rng& rng) {
  for (std::size_t i = first; i < first + count; ++i) {
    values[i] = static_cast<float>(rng.normal(i) * factor);
  }
}

double gain_or(double gain, double none) { return gain > 0.0 ? gain : none; }

// If no activation follows, the gain is that of ReLU, the default of kaiming_normal_.
double he(double gain, double fan_in, double) {
  return gain_or(gain, scalar::sqrt(2.0)) / scalar::sqrt(fan_in);
}

double glorot(double gain, double fan_in, double fan_out) {
  return gain_or(gain, 1.0) * scalar::sqrt(2.0 / (fan_in + fan_out));
}

double lecun(double, double fan_in, double) { return scalar::sqrt(1.0 / fan_in); }

// kaiming_uniform_(a = sqrt(5)): bound 1/sqrt(fan_in), deviation bound/sqrt(3).
double pytorch(double, double fan_in, double) { return scalar::sqrt(1.0 / (3.0 * fan_in)); }

using Kind = InitScheme::Kind;

// He, Zhang, Ren, Sun (2015); Glorot and Bengio, "Understanding the difficulty of training deep
// feedforward neural networks" (2010); LeCun, Bottou, Orr, Müller, "Efficient backprop" (1998).
constexpr InitScheme kSchemes[] = {
    {"he_normal", "he", "He, normal",
     "Variance gain²/fan-in (2/fan-in for ReLU): keeps the signal's size through ReLU layers.",
     Kind::kNormal, &he},
    {"he_uniform", "", "He, uniform", "The same variance from a uniform distribution.",
     Kind::kUniform, &he},
    {"glorot_normal", "", "Glorot, normal",
     "Variance gain² · 2/(fan-in + fan-out): a compromise between the signal and the gradient.",
     Kind::kNormal, &glorot},
    {"glorot_uniform", "glorot", "Glorot, uniform",
     "The same variance from a uniform distribution.", Kind::kUniform, &glorot},
    {"lecun_normal", "lecun", "LeCun, normal",
     "Variance 1/fan-in, for any activation; SELU needs it.", Kind::kNormal, &lecun},
    {"lecun_uniform", "", "LeCun, uniform", "The same variance from a uniform distribution.",
     Kind::kUniform, &lecun},
    {"orthogonal", "", "Orthogonal",
     "Orthonormal rows or columns, times the gain: no direction of the signal grows or fades.",
     Kind::kOrthogonal},
    {"pytorch", "", "PyTorch's default",
     "Weights and biases uniform on ±1/√fan-in, as torch.nn.Linear does.", Kind::kUniform, &pytorch,
     true},
    {"constant", "", "Constant", "Every weight equals init_value: all units of a layer stay equal.",
     Kind::kConstant},
    {"zero", "", "Zero", "Every weight 0: a ReLU network then learns only its output biases.",
     Kind::kZero},
};

}  // namespace

std::span<const InitScheme> init_schemes() { return kSchemes; }

const InitScheme* find_init_scheme(std::string_view name) {
  for (const InitScheme& scheme : kSchemes) {
    if (name == scheme.name || (!name.empty() && name == scheme.alias)) return &scheme;
  }
  return nullptr;
}

std::vector<float> initial_values(const InitScheme& scheme, const ParameterSpec& spec, double gain,
                                  double value, const Rng& rng) {
  const bool weight = spec.role == ParameterRole::kWeight;
  const double first = weight && scheme.kind == Kind::kConstant ? value : spec.constant;
  const auto fan_in = static_cast<double>(spec.fan_in), fan_out = static_cast<double>(spec.fan_out);
  std::vector<float> values(static_cast<std::size_t>(element_count(spec.shape)),
                            static_cast<float>(first));
  if (spec.role == ParameterRole::kBias && scheme.random_bias) {
    fill_uniform(values, 1.0 / scalar::sqrt(fan_in), rng);
  }
  if (!weight) return values;
  switch (scheme.kind) {
    case Kind::kNormal: {
      const double factor = scheme.deviation(gain, fan_in, fan_out);
      constexpr std::size_t kPiece = 1024;
      for (std::size_t i = 0; i < values.size(); i += kPiece) {
        fill_normal(values, i, std::min(kPiece, values.size() - i), factor, rng);
      }
      break;
    }
    case Kind::kUniform:
      fill_uniform(values, scheme.deviation(gain, fan_in, fan_out) * scalar::sqrt(3.0), rng);
      break;
    case Kind::kOrthogonal: {
      const auto rows = static_cast<int>(spec.shape.front());
      const auto cols = static_cast<int>(element_count(spec.shape)) / rows;
      const std::vector<double> drawn = random_orthogonal(rows, cols, rng);
      std::transform(drawn.begin(), drawn.end(), values.begin(), [gain](double element) {
        return static_cast<float>(element * gain_or(gain, 1.0));
      });
      break;
    }
    case Kind::kConstant:
    case Kind::kZero: break;
  }
  return values;
}

// Applies one reflector after the other. Eigen's HouseholderQR works in blocks, with matrix
// products whose order of summation depends on the machine's cache sizes.
std::vector<double> random_orthogonal(int rows, int cols, const Rng& rng) {
  using Eigen::MatrixXd;
  const bool turned = rows < cols;
  const int m = std::max(rows, cols), n = std::min(rows, cols);
  // Becomes R, and the reflectors below it.
  MatrixXd a = MatrixXd::NullaryExpr(m, n, [&](Eigen::Index i, Eigen::Index j) {
    return rng.normal(static_cast<std::uint64_t>(turned ? j * m + i : i * n + j));
  });
  Eigen::VectorXd tau(n), workspace(n);
  for (int k = 0; k < n; ++k) {
    a.col(k).tail(m - k).makeHouseholderInPlace(tau(k), a(k, k));
    a.bottomRightCorner(m - k, n - k - 1)
        .applyHouseholderOnTheLeft(a.col(k).tail(m - k - 1), tau(k), workspace.data());
  }
  MatrixXd q = MatrixXd::Identity(m, n);
  for (int k = n - 1; k >= 0; --k) {
    q.bottomRightCorner(m - k, n - k)
        .applyHouseholderOnTheLeft(a.col(k).tail(m - k - 1), tau(k), workspace.data());
  }
  for (int k = 0; k < n; ++k) {
    if (a(k, k) < 0.0) q.col(k) = -q.col(k);
  }
  if (!turned) q.transposeInPlace();  // columns are stored one after the other
  return {q.data(), q.data() + q.size()};
}

}  // namespace reluscope
