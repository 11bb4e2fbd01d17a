// The arithmetic of batch, layer and group normalisation, once for all devices: V is float or a
// SIMD vector of floats, and sums over many values are combined in double. Where values lie and in
// which order they are added is each device's matter.
//
// With z = (x - mean) / sqrt(variance + epsilon) the result is y = z weight + bias. `inverse` is
// 1 / sqrt(variance + epsilon).
// No ordinary include guard: see core/target.h.
#if defined(RELUSCOPE_BACKEND_NORMALISATION_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef RELUSCOPE_BACKEND_NORMALISATION_H_
#undef RELUSCOPE_BACKEND_NORMALISATION_H_
#else
#define RELUSCOPE_BACKEND_NORMALISATION_H_
#endif

#include <cmath>
#include <cstddef>

#include "core/math.h"

RELUSCOPE_TARGET_BEGIN

// z
template <class V>
RELUSCOPE_FN V normal(V x, V mean, V inverse) {
  return (x - mean) * inverse;
}

// y with scale = weight inverse, for values that share it: those of a column.
template <class V>
RELUSCOPE_FN V normalised(V x, V mean, V scale, V bias) {
  return mad(x - mean, scale, bias);
}

// dx of a column, with scale = weight inverse: dbias and dweight are the column's, divided by the
// count of values where mean and variance are theirs, else 0; dweight times inverse.
template <class V>
RELUSCOPE_FN V column_slope(V x, V dy, V mean, V scale, V dbias, V dweight_inverse) {
  return (dy - dbias - (x - mean) * dweight_inverse) * scale;
}

// dx of a sample or group, whose weights differ: g = dy weight, and g_mean and gz_mean are the
// means of g and of g z.
template <class V>
RELUSCOPE_FN V sample_slope(V g, V z, V g_mean, V gz_mean, V inverse) {
  return (g - g_mean - z * gz_mean) * inverse;
}

// The corrected two-pass algorithm (Chan, Golub, LeVeque, "Algorithms for computing the sample
// variance", 1983): the sum of the deviations from a rounded mean says how wrong it is. In: that
// mean, and the sum of the squared deviations; both are made right.
template <class V>
RELUSCOPE_FN void correct_moments(V count, V deviations, V& mean, V& squares) {
  const V shift = deviations / count;
  mean = mean + shift;
  squares = squares - deviations * shift;
}

RELUSCOPE_FN float inverse_deviation(double variance, double epsilon) {
  return static_cast<float>(1.0 / std::sqrt(variance + epsilon));
}

// The sum of a column over blocks of rows, whose sums lie `stride` apart.
RELUSCOPE_FN double over_blocks(const float* sums, int blocks, std::size_t stride) {
  double sum = 0.0;
  for (int b = 0; b < blocks; ++b) {
    sum += static_cast<double>(sums[static_cast<std::size_t>(b) * stride]);
  }
  return sum;
}

// Means and squared deviations of all blocks of a column together.
struct ColumnMoments {
  const float *means, *squares;  // the first block's; the others' lie `stride` apart
  std::size_t stride;
  int blocks;
  double rows, block_rows;  // in all, and of every block but the last
};

// Mean and inverse deviation of column c: in training the batch's, with the moments of its blocks
// combined as Chan, Golub and LeVeque (1979) do and the running ones moved towards them (the
// unbiased variance, as in PyTorch); else the running ones. norm: a BatchNormalisation. Ioffe and
// Szegedy (2015), algorithm 1.
template <class Norm>
RELUSCOPE_FN void column_moments(const Norm& norm, const ColumnMoments& of, std::size_t c) {
  double mean = static_cast<double>(norm.running_mean[c]);
  double variance = static_cast<double>(norm.running_var[c]);
  if (norm.train) {
    double squares = 0.0, count = 0.0;
    mean = 0.0;
    for (int block = 0; block < of.blocks; ++block) {
      const std::size_t at = static_cast<std::size_t>(block) * of.stride + c;
      const double left = of.rows - count, more = left < of.block_rows ? left : of.block_rows;
      const double shift = static_cast<double>(of.means[at]) - mean;
      const double share = more / (count + more);
      mean += shift * share;
      squares += static_cast<double>(of.squares[at]) + shift * shift * count * share;
      count += more;
    }
    variance = squares / of.rows;
    const double momentum = norm.momentum;
    const auto moved = [momentum](float running, double to) {
      return static_cast<float>((1.0 - momentum) * static_cast<double>(running) + momentum * to);
    };
    norm.running_mean[c] = moved(norm.running_mean[c], mean);
    norm.running_var[c] = moved(norm.running_var[c], squares / (of.rows - 1.0));
  }
  norm.mean[c] = static_cast<float>(mean);
  norm.inverse_deviation[c] = inverse_deviation(variance, norm.epsilon);
}

RELUSCOPE_TARGET_END

#endif
