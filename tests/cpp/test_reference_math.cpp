// exp, expm1, log, cos, sigmoid and tanh of core/math.h compared with the C library, in units in
// the last place, over their whole domain and at its ends.
#include "core/math.h"

#include <cmath>
#include <functional>
#include <numbers>

#include "support.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

// More points give the same result: the error is smooth between the seams of the reduction.
constexpr int kPoints = 50000;

struct Worst {
  double ulps = 0.0;
  double at = 0.0;
};

// The largest distance over a regular grid of [low, high] with a random shift.
template <class T>
Worst worst_over(double low, double high, std::function<T(T)> ours,
                 std::function<long double(long double)> theirs) {
  TestRandom random(test_seed());
  Worst worst;
  for (int i = 0; i < kPoints; ++i) {
    const T x = static_cast<T>(low + (high - low) * ((i + random.uniform(0.0, 1.0)) / kPoints));
    const double distance = ulps<T>(ours(x), theirs(static_cast<long double>(x)));
    if (!(distance <= worst.ulps)) worst = {distance, static_cast<double>(x)};
  }
  return worst;
}

long double exp_l(long double x) { return std::exp(x); }
long double expm1_l(long double x) { return std::expm1(x); }
long double log_l(long double x) { return std::log(x); }
long double tanh_l(long double x) { return std::tanh(x); }
long double sigmoid_l(long double x) { return 1 / (1 + std::exp(-x)); }

template <class T>
void check_worst(const std::string& what, double low, double high, double allowed, T (*ours)(T),
                 long double (*theirs)(long double)) {
  const Worst worst = worst_over<T>(low, high, ours, theirs);
  INFO("seed ", test_seed(), ", ", what, " over [", low, ", ", high, "]: ", worst.ulps,
       " units in the last place at ", worst.at);
  CHECK(worst.ulps <= allowed);
}

}  // namespace

TEST_SUITE_BEGIN("reference");

TEST_CASE("exp is within 2 units in the last place in float and double") {
  check_worst<float>("exp", scalar::kExpLow<float>, scalar::kExpHigh<float>, 2.0,
                     scalar::exp<float>, exp_l);
  check_worst<float>("exp", -1.0, 1.0, 2.0, scalar::exp<float>, exp_l);
  check_worst<double>("exp", scalar::kExpLow<double>, scalar::kExpHigh<double>, 2.0,
                      scalar::exp<double>, exp_l);
  check_worst<double>("exp", -1.0, 1.0, 2.0, scalar::exp<double>, exp_l);
}

TEST_CASE("expm1 does not cancel near zero") {
  check_worst<float>("expm1", -0.3, 0.3, 2.0, scalar::expm1<float>, expm1_l);
  check_worst<float>("expm1", -1e-5, 1e-5, 2.0, scalar::expm1<float>, expm1_l);
  check_worst<float>("expm1", scalar::kExpLow<float>, scalar::kExpHigh<float>, 4.0,
                     scalar::expm1<float>, expm1_l);
  check_worst<double>("expm1", -0.3, 0.3, 2.0, scalar::expm1<double>, expm1_l);
  check_worst<double>("expm1", -1e-9, 1e-9, 2.0, scalar::expm1<double>, expm1_l);
  check_worst<double>("expm1", -700.0, 700.0, 4.0, scalar::expm1<double>, expm1_l);
}

TEST_CASE("log is accurate from the smallest normal number to the largest, and around 1") {
  check_worst<float>("log", 1e-6, 4.0, 3.0, scalar::log<float>, log_l);
  check_worst<float>("log", 0.9, 1.1, 3.0, scalar::log<float>, log_l);
  check_worst<float>("log", 1.0, 3e38, 3.0, scalar::log<float>, log_l);
  check_worst<float>("log", std::numeric_limits<float>::min(), 1e-37, 3.0, scalar::log<float>,
                     log_l);
  check_worst<double>("log", 1e-6, 4.0, 3.0, scalar::log<double>, log_l);
  check_worst<double>("log", 0.9, 1.1, 3.0, scalar::log<double>, log_l);
  check_worst<double>("log", 1.0, 1e308, 3.0, scalar::log<double>, log_l);
  check_worst<double>("log", std::numeric_limits<double>::min(), 1e-307, 3.0, scalar::log<double>,
                      log_l);
}

TEST_CASE("sigmoid and tanh are accurate on both sides and near zero") {
  check_worst<float>("sigmoid", -80.0, 80.0, 4.0, scalar::sigmoid<float>, sigmoid_l);
  check_worst<double>("sigmoid", -700.0, 700.0, 4.0, scalar::sigmoid<double>, sigmoid_l);
  check_worst<float>("tanh", -12.0, 12.0, 4.0, scalar::tanh<float>, tanh_l);
  check_worst<float>("tanh", -0.5, 0.5, 4.0, scalar::tanh<float>, tanh_l);
  check_worst<float>("tanh", -1e-4, 1e-4, 4.0, scalar::tanh<float>, tanh_l);
  check_worst<double>("tanh", -25.0, 25.0, 4.0, scalar::tanh<double>, tanh_l);
  check_worst<double>("tanh", -0.5, 0.5, 4.0, scalar::tanh<double>, tanh_l);
}

TEST_CASE("cos of a turn: absolute error near the type's own, exact at quarters") {
  CHECK(scalar::cos_2pi(0.0) == 1.0);
  CHECK(scalar::cos_2pi(0.25) == 0.0);
  CHECK(scalar::cos_2pi(0.5) == -1.0);
  CHECK(scalar::cos_2pi(0.75) == 0.0);
  CHECK(scalar::cos_2pi(1.0) == 1.0);
  double worst = 0.0;
  for (int i = 0; i <= kPoints; ++i) {
    const double turn = static_cast<double>(i) / kPoints;
    const long double expected =
        std::cos(2 * std::numbers::pi_v<long double> * static_cast<long double>(turn));
    worst = std::max(
        worst,
        static_cast<double>(std::abs(static_cast<long double>(scalar::cos_2pi(turn)) - expected)));
  }
  CHECK(worst <= 4e-16);
}

TEST_CASE_TEMPLATE("the ends of the domain and NaN", T, float, double) {
  const T infinity = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
  CHECK(scalar::exp<T>(T(0)) == T(1));
  CHECK(scalar::exp<T>(-infinity) == T(0));
  CHECK(scalar::exp<T>(T(-1e6)) == T(0));
  CHECK(scalar::exp<T>(infinity) == infinity);
  CHECK(scalar::exp<T>(T(1e6)) == infinity);
  CHECK(std::isnan(scalar::exp<T>(nan)));
  CHECK(scalar::expm1<T>(T(0)) == T(0));
  CHECK(scalar::expm1<T>(-infinity) == T(-1));
  CHECK(scalar::expm1<T>(infinity) == infinity);
  CHECK(std::isnan(scalar::expm1<T>(nan)));
  CHECK(scalar::log<T>(T(1)) == T(0));
  CHECK(scalar::sigmoid<T>(T(0)) == T(0.5));
  CHECK(scalar::sigmoid<T>(-infinity) == T(0));
  CHECK(scalar::sigmoid<T>(infinity) == T(1));
  CHECK(std::isnan(scalar::sigmoid<T>(nan)));
  CHECK(scalar::tanh<T>(T(0)) == T(0));
  CHECK(scalar::tanh<T>(infinity) == T(1));
  CHECK(scalar::tanh<T>(-infinity) == T(-1));
  CHECK(std::isnan(scalar::tanh<T>(nan)));

  // No result may be a denormal: some processors handle them a hundred times slower.
  const T smallest = std::numeric_limits<T>::min();
  for (double x = scalar::kExpLow<T> * 1.05; x < scalar::kExpLow<T> * 0.99; x += 0.001) {
    const T y = scalar::exp<T>(static_cast<T>(x));
    CAPTURE(x);
    REQUIRE((y == T(0) || y >= smallest));
  }
}

TEST_SUITE_END();
