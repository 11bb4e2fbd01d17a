#include "nn/init.h"

namespace reluscope {
namespace {

double he(double gain, double fan_in, double) { return gain / scalar::sqrt(fan_in); }

double glorot(double, double fan_in, double fan_out) {
  return scalar::sqrt(2.0 / (fan_in + fan_out));
}

// kaiming_uniform_(a = sqrt(5)): bound 1/sqrt(fan_in), deviation bound/sqrt(3).
double pytorch(double, double fan_in, double) { return scalar::sqrt(1.0 / (3.0 * fan_in)); }

constexpr InitScheme kSchemes[] = {
    {"he_normal", "he", "He, normal",
     "Variance gain²/fan-in, 2/fan-in for ReLU: keeps the signal's size through rectifiers.",
     false, &he, false},
    {"he_uniform", "", "He, uniform", "The same variance from a uniform distribution.", true, &he,
     false},
    {"glorot_normal", "", "Glorot, normal",
     "Variance 2/(fan-in + fan-out): made for activations that are linear around zero.", false,
     &glorot, false},
    {"glorot_uniform", "glorot", "Glorot, uniform",
     "The same variance from a uniform distribution.", true, &glorot, false},
    {"pytorch", "", "PyTorch's default",
     "Weights and biases uniform on ±1/√fan-in, as torch.nn.Linear does.", true, &pytorch, true},
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
                                  const Rng& rng) {
  const auto fan_in = static_cast<double>(spec.fan_in);
  const auto fan_out = static_cast<double>(spec.fan_out);
  std::vector<float> values(static_cast<std::size_t>(element_count(spec.shape)));
  const auto fill_uniform = [&](double bound) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<float>((2.0 * rng.uniform(i) - 1.0) * bound);
    }
  };
  switch (spec.role) {
    case ParameterRole::kWeight: {
      const double deviation = scheme.deviation(gain, fan_in, fan_out);
      if (scheme.uniform) {
        fill_uniform(deviation * scalar::sqrt(3.0));
      } else {
        for (std::size_t i = 0; i < values.size(); ++i) {
          values[i] = static_cast<float>(rng.normal(i) * deviation);
        }
      }
      break;
    }
    case ParameterRole::kBias:
      if (scheme.random_bias) fill_uniform(1.0 / scalar::sqrt(fan_in));
      break;
    case ParameterRole::kConstant:
      for (float& value : values) value = static_cast<float>(spec.constant);
      break;
  }
  return values;
}

}  // namespace reluscope
