// df/dp of the registry's activations in double: by the learnable parameter, or 0 without one.
#pragma once

#include <array>
#include <span>

#include "nn/activations.h"

namespace reluscope::test {

template <class... A>
double parameter_slope(scalar::ActivationList<A...>, ActivationId id, double x, const double* p) {
  return std::array{&A::dp...}.at(static_cast<std::size_t>(id))(x, p);
}
inline double activation_parameter_derivative(ActivationId id, double x,
                                              std::span<const double> parameters) {
  return parameter_slope(scalar::Activations<double>(), id, x, parameters.data());
}

}  // namespace reluscope::test
