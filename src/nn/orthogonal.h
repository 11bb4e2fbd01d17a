// Random matrices whose rows or columns are orthonormal.
#pragma once

#include <vector>

#include "core/rng.h"

namespace reluscope {

// A matrix (rows, cols), row by row, drawn uniformly from those with orthonormal rows or columns,
// whichever are fewer: Q of the QR decomposition of a matrix whose element i is rng.normal(i), with
// the signs that make R's diagonal positive (Mezzadri, "How to generate random matrices from the
// classical compact groups", 2007), as torch.nn.init.orthogonal_ does. In double; for Saxe,
// McClelland, Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear neural
// networks" (2014). About 4 rows cols min(rows, cols) multiply-adds.
std::vector<double> random_orthogonal(int rows, int cols, const Rng& rng);

}  // namespace reluscope
