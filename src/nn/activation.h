// What is known about an activation function at run time: names, texts, parameters, and its
// values in double. The functions themselves stand in nn/activations.h, the registry.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace reluscope {

struct ActivationParameter {
  const char* name;    // the last part of its state_dict name, and its name in messages
  const char* symbol;  // as in the formula
  double initial;      // its value, or where learning starts
  double min, max;     // what an architecture text may say, both included
  bool learnable;
  const char* about;
};

struct ActivationInfo {
  const char* name;        // in architecture texts and configs: "leaky_relu"
  const char* label;       // for people: "Leaky ReLU"
  const char* formula;     // f(x)
  const char* derivative;  // f'(x)
  const char* about;       // one line: what it is for
  // How PyTorch writes it: a module, or an expression of x and the parameters; "" if it has none:
  // then no golden values, and a generated program gets f itself, see nn/trace.h. Parameters stand
  // there by their names; `count` is how many numbers the learnt one has.
  const char* pytorch;
  std::span<const ActivationParameter> parameters;  // a learnable one, if any, is the first
  std::span<const double> kinks;                    // x where f' jumps
  bool random = false;  // in training its parameters are one random number between them
  // The operator of ONNX that computes it, with its attributes: "Elu alpha=alpha". A learnt
  // parameter is its second input. "" if there is none: then f itself, see nn/trace.h.
  const char* onnx = "";
  // Whether f'(f(x)) is f'(x), so that a gradient can do without x.
  bool slope_at_output = false;
};

// Whether training changes its (first) parameter.
constexpr bool activation_learns(const ActivationInfo& info) {
  return !info.parameters.empty() && info.parameters.front().learnable;
}
// Whether there are kernels that give every column or element a parameter of its own.
constexpr bool activation_varies(const ActivationInfo& info) {
  return activation_learns(info) || info.random;
}

// Position in the registry; a value of it always names an entry.
using ActivationId = int;

int activation_count();
const ActivationInfo& activation_info(ActivationId id);

// -1 if there is none of this name.
ActivationId find_activation(std::string_view name);
std::vector<std::string> activation_names();

// In double, from the registry's own templates. `parameters` as many as the entry has.
double activation_value(ActivationId id, double x, std::span<const double> parameters);
double activation_derivative(ActivationId id, double x, std::span<const double> parameters);
// By the learnable parameter; 0 where there is none.
double activation_parameter_derivative(ActivationId id, double x,
                                       std::span<const double> parameters);

// sqrt(1 / E[f(z)^2]) for standard normal z: the factor by which He, Zhang, Ren, Sun ("Delving
// deep into rectifiers", 2015, eq. 10) scale weights so that the second moment of the next
// layer's input is kept. sqrt(2) for ReLU, 1 for the identity. By the trapezoidal rule.
double activation_gain(ActivationId id, std::span<const double> parameters);

}  // namespace reluscope
