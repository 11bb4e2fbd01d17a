// Describes an activation function at run time: names, texts, parameters, and its values in
// double. The functions themselves are in nn/activations.h, the registry.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace reluscope {

struct ActivationParameter {
  const char* name;    // the last part of its state_dict name, and its name in messages
  const char* symbol;  // as in the formula
  double initial;      // its default, or its value before training if it is learnt
  double min, max;     // the range allowed in an architecture text, both included
  bool learnable;
  const char* about;
};

struct ActivationInfo {
  const char* name;        // in architecture texts and configs: "leaky_relu"
  const char* label;       // for display: "Leaky ReLU"
  const char* formula;     // f(x)
  const char* derivative;  // f'(x)
  const char* about;       // one line: its purpose
  // The function in PyTorch: a module, or an expression of x and the parameters by name; `count` is
  // the number of values of the learnt parameter. "" if PyTorch has none: then there are no golden
  // values, and a generated program contains f itself, see nn/trace.h.
  const char* pytorch;
  std::span<const ActivationParameter> parameters = {};  // a learnable one, if any, is the first
  std::span<const double> kinks = {};                    // x where f' jumps
  bool random = false;  // training draws one number between the two parameters
  // The ONNX operator for it, with its attributes: "Elu alpha=alpha". A learnt parameter is the
  // second input. "" if ONNX has none: then f itself is written, see nn/trace.h.
  const char* onnx = "";
  // Whether f'(f(x)) equals f'(x), so that backward does not need x.
  bool slope_at_output = false;
};

// Whether training changes its (first) parameter.
constexpr bool activation_learns(const ActivationInfo& info) {
  return !info.parameters.empty() && info.parameters.front().learnable;
}
// Whether it has kernels with a separate parameter for each column or element.
constexpr bool activation_varies(const ActivationInfo& info) {
  return activation_learns(info) || info.random;
}

// What kernels compute for each element: y = f(x), dx = dy f'(x), or dy df/dp(x) for the learnable
// parameter p.
enum class ActivationOp { kForward, kBackward, kParameter };

// Position in the registry. Always valid.
using ActivationId = int;

int activation_count();
const ActivationInfo& activation_info(ActivationId id);

// -1 if no entry has this name.
ActivationId find_activation(std::string_view name);
std::vector<std::string> activation_names();

// In double, from the registry's templates. `parameters` holds all parameters of the entry.
double activation_value(ActivationId id, double x, std::span<const double> parameters);
double activation_derivative(ActivationId id, double x, std::span<const double> parameters);

// sqrt(1 / E[f(z)^2]) for standard normal z: the factor by which He, Zhang, Ren, Sun ("Delving
// deep into rectifiers", 2015, eq. 10) scale weights so that the second moment of the next
// layer's input is kept. sqrt(2) for ReLU, 1 for the identity. By the trapezoidal rule.
double activation_gain(ActivationId id, std::span<const double> parameters);

}  // namespace reluscope
