// Principal components of a cloud of points: the directions of greatest variance (Pearson, "On
// lines and planes of closest fit to systems of points in space", 1901; Jolliffe, "Principal
// component analysis", 2002, section 3.5 for fewer points than dimensions).
#pragma once

#include <span>
#include <vector>

namespace reluscope {

struct PrincipalComponents {
  std::vector<double> mean;         // (D)
  std::vector<double> variances;    // (K), descending, of the sample (divided by N - 1)
  double total_variance = 0.0;      // over all D dimensions
  std::vector<double> components;   // (K, D), orthonormal rows
  std::vector<double> coordinates;  // (N, K): of the points less the mean
};

// values (N, D), row-major; K = min(wanted, D). Signs match `before`, the earlier coordinates
// (N, K) of the same points, so that an animation does not flip. Without `before` the largest
// element (the first of equals) of a component is positive. A direction without variance has a
// component and coordinates of zeros. In double with a fixed order of sums, by Eigen's
// SelfAdjointEigenSolver of the smaller of (D, D) and (N, N). Throws Error for N < 2 or if N and D
// are both above kMaxPcaSize.
inline constexpr int kMaxPcaSize = 300;
PrincipalComponents principal_components(std::span<const float> values, int samples, int wanted,
                                         std::span<const double> before = {});

}  // namespace reluscope
