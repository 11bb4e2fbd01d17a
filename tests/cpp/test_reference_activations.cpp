// Every entry of the activation registry: the tests enumerate the registry, so they cover new
// entries. Derivatives are compared with a five-point central difference in double.
#include "nn/activation.h"

#include <cmath>
#include <limits>
#include <set>

#include "parameter_slope.h"
#include "support.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

// Step of the difference quotient: its truncation error h^4 f^(5) / 30 and its rounding error
// eps |f| / h are both far below what is asserted.
constexpr double kStep = 2e-4;

template <class F>
double five_point(F f, double x) {
  const double h = kStep;
  return (f(x - 2 * h) - 8 * f(x - h) + 8 * f(x + h) - f(x + 2 * h)) / (12 * h);
}

bool near_kink(const ActivationInfo& info, double x) {
  for (const double kink : info.kinks) {
    if (std::abs(x - kink) < 4 * kStep) return true;
  }
  return false;
}

// The initial parameters, both ends of every range, and some values between them.
std::vector<std::vector<double>> parameter_sets(const ActivationInfo& info, TestRandom& random) {
  std::vector<double> initial;
  for (const ActivationParameter& p : info.parameters) initial.push_back(p.initial);
  std::vector<std::vector<double>> sets = {initial};
  for (std::size_t at = 0; at < info.parameters.size(); ++at) {
    const ActivationParameter& p = info.parameters[at];
    for (const double value :
         {p.min, p.max, random.uniform(p.min, p.max), random.uniform(p.min, p.max)}) {
      sets.push_back(initial);
      sets.back()[at] = value;
    }
  }
  return sets;
}

std::vector<double> points(TestRandom& random) {
  std::vector<double> xs;
  // Without 0, where second derivatives may jump (CELU, squared ReLU).
  for (double x = -12.1; x <= 12.0; x += 0.25) xs.push_back(x);
  for (int i = 0; i < 100; ++i) xs.push_back(random.uniform(-6.0, 6.0));
  for (const double tiny : {1e-3, 1e-2}) {
    xs.push_back(tiny);
    xs.push_back(-tiny);
  }
  return xs;
}

}  // namespace

TEST_SUITE_BEGIN("reference");

TEST_CASE("every activation says all that is asked of an entry") {
  REQUIRE(activation_count() > 0);
  std::set<std::string> names, labels;
  for (ActivationId id = 0; id < activation_count(); ++id) {
    const ActivationInfo& info = activation_info(id);
    CAPTURE(info.name);
    for (const char* text : {info.name, info.label, info.formula, info.derivative, info.about}) {
      REQUIRE(text != nullptr);
      CHECK(text[0] != '\0');
    }
    CHECK(names.insert(info.name).second);
    CHECK(labels.insert(info.label).second);
    CHECK(find_activation(info.name) == id);
    for (std::size_t at = 0; at < info.parameters.size(); ++at) {
      const ActivationParameter& p = info.parameters[at];
      CAPTURE(p.name);
      CHECK(p.symbol[0] != '\0');
      CHECK(p.about[0] != '\0');
      CHECK(p.min < p.max);
      CHECK(p.min <= p.initial);
      CHECK(p.initial <= p.max);
      CHECK_MESSAGE((!p.learnable || at == 0), "only the first parameter can be learnable");
    }
  }
  CHECK(find_activation("no such function") == -1);
  CHECK(find_activation("") == -1);
  CHECK(static_cast<int>(activation_names().size()) == activation_count());
}

TEST_CASE("every derivative by x equals the central difference away from kinks") {
  const std::uint64_t seed = test_seed();
  TestRandom random(seed);
  for (ActivationId id = 0; id < activation_count(); ++id) {
    const ActivationInfo& info = activation_info(id);
    for (const auto& p : parameter_sets(info, random)) {
      for (const double x : points(random)) {
        if (near_kink(info, x)) continue;
        const double expected =
            five_point([&](double at) { return activation_value(id, at, p); }, x);
        const double actual = activation_derivative(id, x, p);
        const double value = activation_value(id, x, p);
        INFO("seed ", seed, ", ", info.name, " with first parameter ", p.empty() ? 0.0 : p[0],
             " at ", x);
        REQUIRE(std::abs(actual - expected) <=
                1e-6 * std::abs(expected) + 1e-9 * (1.0 + std::abs(value)));
      }
    }
  }
}

TEST_CASE(
    "where an entry says that the slope can be had from the output, it is the slope, and ReLU says "
    "so") {
  TestRandom random(test_seed());
  CHECK(activation_info(find_activation("relu")).slope_at_output);
  for (ActivationId id = 0; id < activation_count(); ++id) {
    const ActivationInfo& info = activation_info(id);
    if (!info.slope_at_output) continue;
    for (const auto& p : parameter_sets(info, random)) {
      std::vector<double> xs = points(random);
      xs.insert(xs.end(), info.kinks.begin(), info.kinks.end());
      xs.insert(xs.end(), {-0.0, std::numeric_limits<double>::infinity(),
                           -std::numeric_limits<double>::infinity(),
                           std::numeric_limits<double>::quiet_NaN()});
      for (const double x : xs) {
        INFO(info.name, " at ", x);
        CHECK(activation_derivative(id, activation_value(id, x, p), p) ==
              activation_derivative(id, x, p));
      }
    }
  }
}

TEST_CASE("every derivative by the learnable parameter equals the central difference") {
  const std::uint64_t seed = test_seed();
  TestRandom random(seed);
  for (ActivationId id = 0; id < activation_count(); ++id) {
    const ActivationInfo& info = activation_info(id);
    const bool learns = !info.parameters.empty() && info.parameters[0].learnable;
    for (const auto& p : parameter_sets(info, random)) {
      for (const double x : points(random)) {
        INFO("seed ", seed, ", ", info.name, " with first parameter ", p.empty() ? 0.0 : p[0],
             " at ", x);
        const double actual = activation_parameter_derivative(id, x, p);
        if (!learns) {
          REQUIRE(actual == 0.0);
          continue;
        }
        const auto value_of = [&](double first) {
          std::vector<double> shifted = p;
          shifted[0] = first;
          return activation_value(id, x, shifted);
        };
        const double expected = five_point(value_of, p[0]);
        // The fifth derivative by the parameter grows with x^6 (Swish), hence the last term.
        REQUIRE(std::abs(actual - expected) <=
                1e-6 * std::abs(expected) + 1e-9 * (1.0 + std::abs(value_of(p[0])) + x * x));
      }
    }
  }
}

TEST_CASE("every listed kink is one, for some parameter in range, and there is no other") {
  for (ActivationId id = 0; id < activation_count(); ++id) {
    const ActivationInfo& info = activation_info(id);
    CAPTURE(info.name);
    // Not at a steep but smooth bend: uses the initial parameters, or half of them if those are the
    // only value that joins smoothly (ELU with alpha 1).
    for (const double scale : {1.0, 0.5}) {
      std::vector<double> p;
      for (const ActivationParameter& parameter : info.parameters)
        p.push_back(parameter.initial * scale);
      for (double x = -10.0; x <= 10.0; x += 1e-3) {
        const double jump = std::abs(activation_derivative(id, x + 1e-9, p) -
                                     activation_derivative(id, x - 1e-9, p));
        CAPTURE(x);
        if (!near_kink(info, x)) REQUIRE(jump < 1e-6);
      }
    }
    for (const double kink : info.kinks) {
      double largest = 0.0;
      for (const double scale : {1.0, 0.5}) {
        std::vector<double> p;
        for (const ActivationParameter& parameter : info.parameters)
          p.push_back(parameter.initial * scale);
        largest = std::max(largest, std::abs(activation_derivative(id, kink + 1e-9, p) -
                                             activation_derivative(id, kink - 1e-9, p)));
      }
      CAPTURE(kink);
      CHECK(largest > 1e-3);
    }
  }
}

TEST_CASE("a NaN comes out of every activation as NaN") {
  for (ActivationId id = 0; id < activation_count(); ++id) {
    const ActivationInfo& info = activation_info(id);
    std::vector<double> p;
    for (const ActivationParameter& parameter : info.parameters) p.push_back(parameter.initial);
    CAPTURE(info.name);
    CHECK(std::isnan(activation_value(id, std::numeric_limits<double>::quiet_NaN(), p)));
  }
}

TEST_CASE("the gain keeps the second moment: a Monte-Carlo-free check by another quadrature") {
  // Simpson's rule on halves, so that a kink at 0 is at the end of an interval.
  for (ActivationId id = 0; id < activation_count(); ++id) {
    const ActivationInfo& info = activation_info(id);
    std::vector<double> p;
    for (const ActivationParameter& parameter : info.parameters) p.push_back(parameter.initial);
    const auto density_times_square = [&](double z) {
      const double y = activation_value(id, z, p);
      return y * y * std::exp(-0.5 * z * z) / std::sqrt(2 * 3.14159265358979323846);
    };
    double moment = 0.0;
    for (const double side : {-1.0, 1.0}) {
      constexpr int kIntervals = 20000;
      const double h = 10.0 / kIntervals;
      for (int i = 0; i <= kIntervals; ++i) {
        const double weight = i == 0 || i == kIntervals ? 1.0 : i % 2 == 1 ? 4.0 : 2.0;
        moment += weight * h / 3.0 * density_times_square(side * i * h);
      }
    }
    CAPTURE(info.name);
    CHECK(activation_gain(id, p) == doctest::Approx(1.0 / std::sqrt(moment)).epsilon(1e-6));
  }
}

TEST_SUITE_END();
