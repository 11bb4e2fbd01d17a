// Principal components, tested by their definition.
#include <cmath>

#include "core/error.h"
#include "oracle.h"
#include "probe/pca.h"
#include "support.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

// Points along few directions of decreasing spread, around a nonzero mean.
std::vector<float> cloud(int n, int d, TestRandom& random) {
  std::vector<float> values;
  std::vector<float> directions = random.reals(static_cast<std::size_t>(4 * d));
  for (int i = 0; i < n; ++i) {
    const std::vector<float> along = random.reals(4);
    for (int c = 0; c < d; ++c) {
      float value = 0.5f + random.real(-0.02, 0.02);
      for (int k = 0; k < 4; ++k) {
        value += along[static_cast<std::size_t>(k)] * directions[at2(k, c, d)] /
                 static_cast<float>(k + 1);
      }
      values.push_back(value);
    }
  }
  return values;
}

double dot(const double* a, const double* b, std::size_t n) {
  double sum = 0.0;
  for (std::size_t k = 0; k < n; ++k) sum += a[k] * b[k];
  return sum;
}

}  // namespace

TEST_SUITE_BEGIN("reference");

TEST_CASE(
    "components are orthonormal eigenvectors of the covariance, coordinates the projections") {
  TestRandom random(test_seed());
  INFO("seed ", test_seed());
  struct Size {
    int n, d;
  };
  for (const Size size_now : {Size{200, 7}, Size{40, 40}, Size{25, 90}, Size{250, 512}}) {
    const int n = size_now.n, d = size_now.d;
    CAPTURE(n);
    CAPTURE(d);
    const std::vector<float> values = cloud(n, d, random);
    const PrincipalComponents found = principal_components(values, n, 3);
    const auto size = static_cast<std::size_t>(d);
    // The covariance by plain loops.
    Values mean(size), covariance(size * size);
    for (int i = 0; i < n; ++i) {
      for (std::size_t c = 0; c < size; ++c)
        mean[c] += static_cast<double>(values[at2(i, 0, d) + c]) / n;
    }
    for (int i = 0; i < n; ++i) {
      const float* const x = &values[at2(i, 0, d)];
      for (std::size_t a = 0; a < size; ++a) {
        for (std::size_t b = 0; b < size; ++b) {
          covariance[a * size + b] += (static_cast<double>(x[a]) - mean[a]) *
                                      (static_cast<double>(x[b]) - mean[b]) / (n - 1);
        }
      }
    }
    double trace = 0.0;
    for (std::size_t c = 0; c < size; ++c) trace += covariance[c * size + c];
    CHECK(close(found.total_variance, trace, 1e-10));
    CHECK(found.variances.size() == 3);
    for (std::size_t k = 0; k < 3; ++k) {
      const double* const v = &found.components[k * size];
      CHECK(found.variances[k] > 0.01 * trace);
      if (k > 0) CHECK(found.variances[k] <= found.variances[k - 1]);
      for (std::size_t j = 0; j <= k; ++j) {
        CHECK(std::abs(dot(v, &found.components[j * size], size) - (j == k)) < 1e-10);
      }
      double worst = 0.0;  // of C v - variance v
      for (std::size_t a = 0; a < size; ++a) {
        worst = std::max(worst,
                         std::abs(dot(&covariance[a * size], v, size) - found.variances[k] * v[a]));
      }
      CHECK(worst < 1e-10 * trace);
      double largest = 0.0, sum = 0.0;
      for (std::size_t a = 0; a < size; ++a) {
        if (std::abs(v[a]) > std::abs(largest)) largest = v[a];
      }
      CHECK(largest > 0.0);
      for (int i = 0; i < n; ++i) {
        double along = 0.0;
        for (std::size_t a = 0; a < size; ++a)
          along += (static_cast<double>(values[at2(i, 0, d) + a]) - mean[a]) * v[a];
        const double coordinate = found.coordinates[at2(i, static_cast<int>(k), 3)];
        REQUIRE(std::abs(along - coordinate) < 1e-9);
        sum += coordinate * coordinate / (n - 1);
      }
      CHECK(close(sum, found.variances[k], 1e-9));
    }
    // No direction has more variance than the first component, or in the remaining space than the
    // next.
    for (int trial = 0; trial < 10; ++trial) {
      Values u = widened(random.reals(size));
      const double length = std::sqrt(dot(u.data(), u.data(), size));
      double variance = 0.0;
      for (std::size_t a = 0; a < size; ++a)
        variance += u[a] / length * dot(&covariance[a * size], u.data(), size) / length;
      CHECK(variance <= found.variances[0] * (1 + 1e-12));
    }
    // Signs follow those of the previous components.
    Values turned = found.coordinates;
    for (int i = 0; i < n; ++i) turned[at2(i, 1, 3)] *= -1.0;
    const PrincipalComponents again = principal_components(values, n, 3, turned);
    for (std::size_t k = 0; k < 3; ++k) {
      for (std::size_t a = 0; a < size; ++a) {
        REQUIRE(again.components[k * size + a] ==
                (k == 1 ? -1.0 : 1.0) * found.components[k * size + a]);
      }
    }
    CHECK(again.coordinates[1] == -found.coordinates[1]);
  }
}

TEST_CASE("points that do not differ, or along one line only") {
  const PrincipalComponents none = principal_components(std::vector<float>(5 * 4, 2.0f), 5, 3);
  CHECK(none.total_variance == 0.0);
  CHECK(none.variances == Values{0, 0, 0});
  CHECK(none.coordinates == Values(15, 0.0));
  // More components than dimensions; a single direction.
  const PrincipalComponents line = principal_components(std::vector<float>{0, 0, 3, 4, 6, 8}, 3, 3);
  REQUIRE(line.variances.size() == 2);
  CHECK(close(line.variances[0], 25.0, 1e-12));
  CHECK(line.variances[1] == 0.0);
  CHECK(close(line.components[0], 0.6, 1e-12));
  CHECK(close(line.components[1], 0.8, 1e-12));
  CHECK(line.components[2] == 0.0);
  CHECK(close(line.coordinates[0], -5.0, 1e-12));
  CHECK(close(line.coordinates[4], 5.0, 1e-12));
}

TEST_CASE("what cannot have components is refused") {
  CHECK_THROWS_WITH_AS(principal_components(std::vector<float>{1, 2}, 1, 2),
                       "principal components: 1 points were given, but at least 2 are needed",
                       Error);
  CHECK_THROWS_WITH_AS(principal_components(std::vector<float>(301 * 301), 301, 2),
                       "principal components: 301 points of 301 dimensions were given, but one of "
                       "the two must be at most 300",
                       Error);
}

TEST_SUITE_END();
