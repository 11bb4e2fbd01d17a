// Every activation of PyTorch, by the registry in double and by the float templates, compared with
// PyTorch's values and gradients. Each registry entry must have golden values or state that PyTorch
// lacks it.
#include "nn/activation.h"
#include "nn/activations.h"

#include <set>

#include "parameter_slope.h"
#include "support.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

struct FloatEntry {
  std::string name;
  float (*f)(float, const float*);
  float (*df)(float, const float*);
  float (*dp)(float, const float*);
};

template <class... A>
std::vector<FloatEntry> float_entries(scalar::ActivationList<A...>) {
  return {{A::kInfo.name, &A::f, &A::df, &A::dp}...};
}

}  // namespace

TEST_SUITE_BEGIN("golden");

TEST_CASE("every activation in double equals PyTorch") {
  const Json& file = golden("activations");
  const std::vector<float> x = numbers<float>(file["x"]), dy = numbers<float>(file["dy"]);
  std::set<std::string> seen;
  for (const Json& c : file["cases"]) {
    const std::string name = c["name"];
    seen.insert(name);
    const std::vector<double> p = numbers<double>(c["parameters"]);
    const ActivationId id = find_activation(name);
    INFO(name, " with parameters ", c["parameters"].dump());
    REQUIRE(id >= 0);
    REQUIRE(activation_info(id).parameters.size() == p.size());
    const std::vector<double> y = numbers<double>(c["y"]), dx = numbers<double>(c["dx"]);
    double dparam = 0.0;
    for (std::size_t k = 0; k < x.size(); ++k) {
      CAPTURE(x[k]);
      CHECK(close(activation_value(id, x[k], p), y[k], 1e-8));
      CHECK(close(activation_derivative(id, x[k], p) * dy[k], dx[k], 1e-8));
      dparam += activation_parameter_derivative(id, x[k], p) * dy[k];
    }
    CHECK(c.contains("dparam") == (!p.empty() && activation_info(id).parameters[0].learnable));
    if (c.contains("dparam")) CHECK(close(dparam, c["dparam"][0], 1e-8));
  }
  for (const std::string& name : activation_names()) {
    INFO(name, " says how PyTorch writes it, but make_golden.py has no values for it");
    const bool in_pytorch = *activation_info(find_activation(name)).pytorch != '\0';
    CHECK(seen.contains(name) == in_pytorch);
  }
}

TEST_CASE("every activation in float equals PyTorch") {
  const Json& file = golden("activations");
  const std::vector<float> x = numbers<float>(file["x"]), dy = numbers<float>(file["dy"]);
  const std::vector<FloatEntry> entries = float_entries(scalar::Activations<float>());
  for (const Json& c : file["cases"]) {
    const std::string name = c["name"];
    INFO(name, " with parameters ", c["parameters"].dump());
    const auto entry =
        std::find_if(entries.begin(), entries.end(), [&](const auto& e) { return e.name == name; });
    REQUIRE(entry != entries.end());
    const std::vector<float> p = numbers<float>(c["parameters"]);
    const std::vector<double> y = numbers<double>(c["y"]), dx = numbers<double>(c["dx"]);
    double dparam = 0.0, size = 0.0;
    for (std::size_t k = 0; k < x.size(); ++k) {
      CAPTURE(x[k]);
      CHECK(close(entry->f(x[k], p.data()), y[k], 1e-5));
      CHECK(close(entry->df(x[k], p.data()) * dy[k], dx[k], 1e-5));
      const double term = entry->dp(x[k], p.data()) * dy[k];
      dparam += term;
      size += std::abs(term);
    }
    if (c.contains("dparam"))
      CHECK(std::abs(dparam - c["dparam"][0].get<double>()) <= 1e-5 * (1.0 + size));
  }
}

TEST_SUITE_END();
