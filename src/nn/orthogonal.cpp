#include "nn/init.h"

#include <Eigen/Core>
#include <Eigen/Householder>
#include <algorithm>

#ifndef EIGEN_DONT_VECTORIZE
#error "the same bits everywhere need EIGEN_DONT_VECTORIZE"
#endif

namespace reluscope {

// Applies one reflector after the other. Eigen's HouseholderQR works in blocks, with matrix
// products whose order of summation depends on the machine's cache sizes.
std::vector<double> random_orthogonal(int rows, int cols, const Rng& rng) {
  const bool turned = rows < cols;
  const int m = std::max(rows, cols), n = std::min(rows, cols);
  Eigen::MatrixXd a(m, n);  // becomes R, and the reflectors below it
  for (int i = 0; i < m; ++i) {
    for (int j = 0; j < n; ++j) {
      const std::uint64_t row = turned ? j : i, col = turned ? i : j;
      a(i, j) = rng.normal(row * cols + col);
    }
  }
  Eigen::VectorXd tau(n), workspace(n);
  for (int k = 0; k < n; ++k) {
    a.col(k).tail(m - k).makeHouseholderInPlace(tau(k), a(k, k));
    a.bottomRightCorner(m - k, n - k - 1)
        .applyHouseholderOnTheLeft(a.col(k).tail(m - k - 1), tau(k), workspace.data());
  }
  Eigen::MatrixXd q = Eigen::MatrixXd::Identity(m, n);
  for (int k = n - 1; k >= 0; --k) {
    q.bottomRightCorner(m - k, n - k)
        .applyHouseholderOnTheLeft(a.col(k).tail(m - k - 1), tau(k), workspace.data());
  }
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(a.size()));
  for (int row = 0; row < rows; ++row) {
    for (int col = 0; col < cols; ++col) {
      const int i = turned ? col : row, j = turned ? row : col;
      values.push_back(a(j, j) < 0.0 ? -q(i, j) : q(i, j));
    }
  }
  return values;
}

}  // namespace reluscope
