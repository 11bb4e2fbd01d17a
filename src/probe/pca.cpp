#include "probe/pca.h"

// Without vectorisation Eigen's sums are the same on every target: it calls only sqrt of libm, and
// up to kMaxPcaSize it does not block products by cache size.
#include <Eigen/Eigenvalues>
#include <algorithm>

#include "core/error.h"

namespace reluscope {
namespace {

using Square = Eigen::MatrixXd;

// m m^T / divisor for m (rows, n), row-major, given its transpose (n, rows).
Square gram(const std::vector<double>& transposed, int rows, int n, double divisor) {
  Square result(rows, rows);
  constexpr int kBlock = 8;  // products side by side, each with its own accumulator
  const auto stride = static_cast<std::size_t>(rows);
  for (int i = 0; i < rows; ++i) {
    for (int first = 0; first <= i; first += kBlock) {
      const int count = std::min(kBlock, i + 1 - first);
      double sums[kBlock] = {};
      const double* column = transposed.data();
      for (int k = 0; k < n; ++k, column += stride) {
        const double value = column[i];
        for (int j = 0; j < count; ++j) sums[j] += value * column[first + j];
      }
      for (int j = 0; j < count; ++j) {
        result(i, first + j) = result(first + j, i) = sums[j] / divisor;
      }
    }
  }
  return result;
}

}  // namespace

PrincipalComponents principal_components(std::span<const float> values, int samples, int wanted,
                                         std::span<const double> before) {
  if (samples < 2) {
    throw Error("principal components: ", samples, " points were given, but at least 2 are needed");
  }
  const auto n = static_cast<std::size_t>(samples), d = values.size() / n;
  const int dimensions = static_cast<int>(d);
  if (std::min(samples, dimensions) > kMaxPcaSize) {
    throw Error("principal components: ", samples, " points of ", dimensions,
                " dimensions were given, but one of the two must be at most ", kMaxPcaSize);
  }
  const int count = std::min(wanted, dimensions);
  const auto k_count = static_cast<std::size_t>(count);
  PrincipalComponents found;
  found.mean.assign(d, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t c = 0; c < d; ++c) found.mean[c] += static_cast<double>(values[i * d + c]);
  }
  for (double& mean : found.mean) mean /= samples;
  std::vector<double> rows(n * d), columns(n * d);  // less the mean: (N, D) and (D, N)
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t c = 0; c < d; ++c) {
      const double value = static_cast<double>(values[i * d + c]) - found.mean[c];
      rows[i * d + c] = columns[c * n + i] = value;
      found.total_variance += value * value;
    }
  }
  const double divisor = samples - 1;
  found.total_variance /= divisor;

  // Of X = U S V^T, X^T X has the components V and X X^T has U; their eigenvalues are the same.
  const bool by_dimension = dimensions <= samples;
  const int size = by_dimension ? dimensions : samples;
  const Eigen::SelfAdjointEigenSolver<Square> solver(
      by_dimension ? gram(rows, dimensions, samples, divisor)
                   : gram(columns, samples, dimensions, divisor));
  found.variances.assign(k_count, 0.0);
  found.components.assign(k_count * d, 0.0);
  found.coordinates.assign(n * k_count, 0.0);
  for (int k = 0; k < std::min(count, size); ++k) {
    const double variance = solver.eigenvalues()[size - 1 - k];
    if (!(variance > 1e-12 * found.total_variance)) break;  // only rounding errors
    const auto at = static_cast<std::size_t>(k);
    found.variances[at] = variance;
    const auto vector = solver.eigenvectors().col(size - 1 - k);
    const double length = std::sqrt(variance * divisor);  // of the points along the component
    double* const component = found.components.data() + at * d;
    const auto product = [](const double* a, const double* b, std::size_t size) {
      double sum = 0.0;
      for (std::size_t i = 0; i < size; ++i) sum += a[i] * b[i];
      return sum;
    };
    for (std::size_t c = 0; c < d; ++c) {
      component[c] = by_dimension ? vector[c] : product(&columns[c * n], vector.data(), n) / length;
    }
    for (std::size_t i = 0; i < n; ++i) {
      found.coordinates[i * k_count + at] = product(&rows[i * d], component, d);
    }
    double direction = 0.0;  // its sign is turned positive
    if (before.size() == found.coordinates.size()) {
      for (std::size_t i = 0; i < n; ++i) {
        direction += before[i * k_count + at] * found.coordinates[i * k_count + at];
      }
    }
    if (direction == 0.0) {
      direction = *std::max_element(component, component + d,
                                    [](double a, double b) { return std::abs(a) < std::abs(b); });
    }
    const double sign = direction < 0.0 ? -1.0 : 1.0;
    for (std::size_t c = 0; c < d; ++c) component[c] *= sign;
    for (std::size_t i = 0; i < n; ++i) found.coordinates[i * k_count + at] *= sign;
  }
  return found;
}

}  // namespace reluscope
