// The regimes of activations: their bounds and names.
#include <cmath>

#include "core/text.h"
#include "nn/activation.h"
#include "nn/regimes.h"
#include "support.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

std::string kinds(ActivationId id, const std::vector<double>& parameters) {
  std::string text;
  for (const Regime& r : activation_regimes(id, parameters)) {
    text += (text.empty() ? "" : " ") + std::string(regime_name(r.kind));
    if (r.to < 1e300) text += " " + format("%g", r.to);
  }
  return text;
}

std::string kinds(const char* name, const std::vector<double>& parameters = {}) {
  const ActivationId id = find_activation(name);
  REQUIRE(id >= 0);
  std::vector<double> p = parameters;
  for (std::size_t i = p.size(); i < activation_info(id).parameters.size(); ++i) {
    p.push_back(activation_info(id).parameters[i].initial);
  }
  return kinds(id, p);
}

}  // namespace

TEST_SUITE_BEGIN("reference");

TEST_CASE("regimes of every activation cut the line without a gap and are what they are called") {
  for (ActivationId id = 0; id < activation_count(); ++id) {
    const ActivationInfo& info = activation_info(id);
    CAPTURE(info.name);
    std::vector<double> p;
    for (const ActivationParameter& parameter : info.parameters) p.push_back(parameter.initial);
    const std::vector<Regime> regimes = activation_regimes(id, p);
    REQUIRE(!regimes.empty());
    CHECK(std::isinf(regimes.front().from));
    CHECK(std::isinf(regimes.back().to));
    for (std::size_t r = 0; r < regimes.size(); ++r) {
      const Regime& regime = regimes[r];
      CAPTURE(r);
      if (r > 0) CHECK(regime.from == regimes[r - 1].to);
      CHECK(regime.from < regime.to);
      const double low = std::max(regime.from, -64.0), high = std::min(regime.to, 64.0);
      double least = 1e9, most = -1e9, largest = 0.0;
      for (int k = 1; k < 1000; ++k) {
        const double x = low + (high - low) * k / 1000.0;
        const double slope = activation_derivative(id, x, p);
        least = std::min(least, slope);
        most = std::max(most, slope);
        largest = std::max(largest, std::abs(slope));
      }
      if (is_flat(regime.kind)) CHECK(largest <= kFlatSlope);
      if (regime.kind == RegimeKind::kLinear || regime.kind == RegimeKind::kLeaky) {
        CHECK(most - least <= 2 * kFlatSlope);
        CHECK(largest > 0.0);
      }
      if (regime.kind == RegimeKind::kCurved) CHECK(most - least > kFlatSlope);
    }
  }
}

TEST_CASE("regimes by name and boundary") {
  CHECK(kinds("identity") == "linear");
  CHECK(kinds("relu") == "off 0 linear");
  CHECK(kinds("leaky_relu") == "leaky 0 linear");
  CHECK(kinds("leaky_relu", {0.0}) == "off 0 linear");
  CHECK(kinds("prelu") == "leaky 0 linear");
  CHECK(kinds("prelu", {-0.1}) == "leaky 0 linear");
  CHECK(kinds("prelu", {2.0}) == "linear 0 linear");
  // e^x = 0.05 at -2.9957, next 1/64 further out.
  CHECK(kinds("elu") == "saturated -3 curved 0 linear");
  CHECK(kinds("sigmoid").starts_with("saturated -2.8"));
  CHECK(kinds("sigmoid").ends_with("saturated"));
  CHECK(kinds("tanh").starts_with("saturated -2.1"));
  CHECK(kinds("swish").starts_with("off -"));
  CHECK(kinds("swish").ends_with("linear"));
}

TEST_SUITE_END();
