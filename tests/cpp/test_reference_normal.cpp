// The normal distribution and log1p of core/math.h against the C library's in long double, in units
// of the last place, over the whole domain and at its ends.
#include <cmath>
#include <functional>

#include "core/math.h"
#include "support.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

long double cdf_l(long double x) { return std::erfc(-x / std::sqrt(2.0L)) / 2.0L; }
long double density_l(long double x) {
  return std::exp(-x * x / 2.0L) / std::sqrt(2.0L * 3.14159265358979323846264338327950288L);
}

// Whether the C library has long double functions; that of WebAssembly computes in double.
bool library_is_finer() { return std::exp(1.0L) != static_cast<long double>(std::exp(1.0)); }

template <class T>
T cdf(T x) {
  return scalar::normal_parts(x).cdf;
}
template <class T>
T density(T x) {
  return scalar::normal_parts(x).density;
}

template <class T>
void check_worst(const char* what, double low, double high, double allowed, T (*ours)(T),
                 long double (*theirs)(long double)) {
  constexpr int kPoints = 50000;
  TestRandom random(test_seed());
  double worst = 0.0, at = 0.0;
  for (int i = 0; i < kPoints; ++i) {
    const T x = static_cast<T>(low + (high - low) * ((i + random.uniform(0.0, 1.0)) / kPoints));
    const double distance = ulps<T>(ours(x), theirs(static_cast<long double>(x)));
    if (!(distance <= worst)) {
      worst = distance;
      at = static_cast<double>(x);
    }
  }
  INFO("seed ", test_seed(), ", ", what, " over [", low, ", ", high, "]: ", worst,
       " units in the last place at ", at);
  CHECK(worst <= allowed);
}

}  // namespace

TEST_SUITE_BEGIN("reference");

TEST_CASE_TEMPLATE("the normal distribution keeps its relative accuracy far into both tails", T,
                   float, double) {
  if (sizeof(T) == sizeof(double) && !library_is_finer()) {
    MESSAGE("this C library is no finer than double, so it cannot judge double");
    return;
  }
  const double end = scalar::kNormalHigh<T>;
  check_worst<T>("cdf", -end, 0.0, 6.0, cdf<T>, cdf_l);
  check_worst<T>("cdf", -1.0, 1.0, 6.0, cdf<T>, cdf_l);
  check_worst<T>("cdf", 0.0, end, 3.0, cdf<T>, cdf_l);
  check_worst<T>("density", -end, end, 4.0, density<T>, density_l);
  check_worst<T>("density", -1.0, 1.0, 4.0, density<T>, density_l);
}

TEST_CASE_TEMPLATE("the normal distribution at its ends", T, float, double) {
  const T infinity = std::numeric_limits<T>::infinity();
  CHECK(cdf<T>(T(0)) == T(0.5));
  CHECK(density<T>(T(0)) == static_cast<T>(0.39894228040143268));
  CHECK(cdf<T>(infinity) == T(1));
  CHECK(cdf<T>(-infinity) == T(0));
  CHECK(density<T>(infinity) == T(0));
  CHECK(density<T>(-infinity) == T(0));
  for (const T huge : {T(1e10), std::numeric_limits<T>::max()}) {
    CHECK(cdf<T>(huge) == T(1));
    CHECK(cdf<T>(-huge) == T(0));
    CHECK(density<T>(huge) == T(0));
  }
  CHECK(std::isnan(cdf<T>(std::numeric_limits<T>::quiet_NaN())));
  CHECK(std::isnan(density<T>(std::numeric_limits<T>::quiet_NaN())));
  const T smallest = std::numeric_limits<T>::min();
  for (double x = 0.99 * scalar::kNormalHigh<T>; x < 1.05 * scalar::kNormalHigh<T>; x += 0.001) {
    CAPTURE(x);
    const T tail = cdf<T>(static_cast<T>(-x)), height = density<T>(static_cast<T>(x));
    REQUIRE((tail == T(0) || tail >= smallest));
    REQUIRE((height == T(0) || height >= smallest));
  }
}

TEST_CASE_TEMPLATE("log1p does not lose small numbers", T, float, double) {
  const auto theirs = [](long double u) { return std::log1p(u); };
  check_worst<T>("log1p", 0.0, 1.0, 3.0, scalar::log1p<T>, theirs);
  check_worst<T>("log1p", 0.0, 1e-3, 3.0, scalar::log1p<T>, theirs);
  check_worst<T>("log1p", 0.0, 1e-9, 3.0, scalar::log1p<T>, theirs);
  CHECK(scalar::log1p<T>(T(0)) == T(0));
  CHECK(scalar::log1p<T>(std::numeric_limits<T>::min()) == std::numeric_limits<T>::min());
  CHECK(std::isnan(scalar::log1p<T>(std::numeric_limits<T>::quiet_NaN())));
}

TEST_SUITE_END();
