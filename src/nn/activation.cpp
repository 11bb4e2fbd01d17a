#include "nn/activation.h"

#include <array>
#include <numbers>

#include "nn/activations.h"

namespace reluscope {
namespace {

struct Entry {
  ActivationInfo info;
  double (*f)(double, const double*);
  double (*df)(double, const double*);
};

template <class... A>
constexpr auto make_entries(scalar::ActivationList<A...>) {
  return std::array{Entry{A::kInfo, &A::f, &A::df}...};
}

constexpr auto kEntries = make_entries(scalar::Activations<double>());

const Entry& entry(ActivationId id) { return kEntries.at(static_cast<std::size_t>(id)); }

}  // namespace

int activation_count() { return static_cast<int>(kEntries.size()); }

const ActivationInfo& activation_info(ActivationId id) { return entry(id).info; }

ActivationId find_activation(std::string_view name) {
  for (int id = 0; id < activation_count(); ++id) {
    if (name == entry(id).info.name) return id;
  }
  return -1;
}

std::vector<std::string> activation_names() {
  std::vector<std::string> names;
  for (const Entry& e : kEntries) names.emplace_back(e.info.name);
  return names;
}

double activation_value(ActivationId id, double x, std::span<const double> parameters) {
  return entry(id).f(x, parameters.data());
}

double activation_derivative(ActivationId id, double x, std::span<const double> parameters) {
  return entry(id).df(x, parameters.data());
}

double activation_gain(ActivationId id, std::span<const double> parameters) {
  // At +-12 deviations the normal density is below 1e-31. On a grid that contains 0, where the
  // kinks are, the trapezoidal rule is far more exact than float needs.
  constexpr int kPoints = 12 * 512;
  constexpr double kStep = 1.0 / 512;
  double second_moment = 0.0;
  for (int i = -kPoints; i <= kPoints; ++i) {
    const double z = i * kStep;
    const double y = activation_value(id, z, parameters);
    second_moment += y * y * scalar::exp(-0.5 * z * z);
  }
  second_moment *= kStep / scalar::sqrt(2.0 * std::numbers::pi);
  return scalar::sqrt(1.0 / second_moment);
}

}  // namespace reluscope
