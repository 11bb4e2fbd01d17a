// Initial parameters. Every element is drawn from its own place in a counter-based stream, in
// PyTorch's element order, so the initial values depend only on the seed.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/rng.h"
#include "nn/layer.h"

namespace reluscope {

struct InitScheme {
  enum class Kind { kNormal, kUniform, kOrthogonal, kConstant, kZero };

  const char* name;   // "he_normal"
  const char* alias;  // a shorter name, or ""
  const char* label;
  const char* about;
  Kind kind;  // of weights; uniform: on +-sqrt(3) deviations
  // Standard deviation of a weight, for the normal and uniform kinds; null for others. gain:
  // sqrt(1 / E[f(z)^2]) of the activation that follows, 0 if none does.
  double (*deviation)(double gain, double fan_in, double fan_out) = nullptr;
  bool random_bias = false;  // biases uniform on +-1/sqrt(fan_in), or zero
};

std::span<const InitScheme> init_schemes();
const InitScheme* find_init_scheme(std::string_view name_or_alias);  // null if unknown

// The elements of `spec` in PyTorch order. value: every weight of the kind kConstant.
std::vector<float> initial_values(const InitScheme& scheme, const ParameterSpec& spec, double gain,
                                  double value, const Rng& rng);

// A matrix (rows, cols), row by row, drawn uniformly from those with orthonormal rows or columns,
// whichever are fewer: Q of the QR decomposition of a matrix whose element i is rng.normal(i), with
// the signs that make R's diagonal positive (Mezzadri, "How to generate random matrices from the
// classical compact groups", 2007), as torch.nn.init.orthogonal_ does. In double; for Saxe,
// McClelland, Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear neural
// networks" (2014). About 4 rows cols min(rows, cols) multiply-adds.
std::vector<double> random_orthogonal(int rows, int cols, const Rng& rng);

}  // namespace reluscope
