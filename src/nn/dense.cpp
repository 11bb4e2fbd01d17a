#include "nn/dense.h"

#include <algorithm>

namespace reluscope {

Dense::Dense(const Shape& in, int width)
    : in_(static_cast<int>(element_count(in))), out_(width) {}

std::vector<ParameterSpec> Dense::parameters() const {
  return {{"weight", {out_, in_}, weight_layout(), true, ParameterRole::kWeight, 0.0, in_, out_},
          {"bias", {out_}, {1, out_}, false, ParameterRole::kBias, 0.0, in_, out_}};
}

// Two rows of O for the starting values, and dy and dx transposed.
std::size_t Dense::scratch_floats(int rows) const {
  const std::size_t row = align_up(weight_layout().size() / static_cast<std::size_t>(in_));
  return 2 * row + align_up(Layout{out_, rows}.size()) + align_up(Layout{in_, rows}.size());
}

// With x = S + c (S sparse, c the offset): x W + b = S W + (b + c colsum(W)), and this formula
// is used whether or not a kernel makes use of the zeros, so that all give the same bits.
void Dense::forward(Backend& backend, Mode, const LayerSlices& slices, const Signal& x,
                    MatrixView y) const {
  const ConstMatrixView weight{slices.parameters[0], weight_layout()};
  const float* start = slices.parameters[1];
  if (x.offset != 0.0f) {
    const auto padded = static_cast<std::size_t>(y.layout.padded_cols());
    backend.column_sums(weight, slices.scratch);
    backend.scale_add(start, x.offset, slices.scratch, slices.scratch, padded);
    start = slices.scratch;
  }
  backend.matmul(x.values, weight, start, y);
}

// db = colsum(dy), dW = x^T dy = c colsum(dy) + S^T dy, and dx = dy W^T, computed as
// (W dy^T)^T: only activations are turned, never the weights.
void Dense::backward(Backend& backend, const LayerSlices& slices, const Signal& x,
                     ConstMatrixView dy, MatrixView dx) const {
  const auto padded = static_cast<std::size_t>(dy.layout.padded_cols());
  float* const dbias = slices.gradients[1];
  backend.column_sums(dy, dbias);
  const float* start = nullptr;
  if (x.offset != 0.0f) {
    backend.scale_add(nullptr, x.offset, dbias, slices.scratch, padded);
    start = slices.scratch;
  }
  backend.matmul_transposed(x.values, dy, start, {slices.gradients[0], weight_layout()});
  if (dx.data == nullptr) return;
  const Layout dy_layout{out_, dy.rows()}, dx_layout{in_, dy.rows()};
  const MatrixView dy_turned{slices.scratch + 2 * align_up(padded), dy_layout};
  const MatrixView dx_turned{dy_turned.data + align_up(dy_layout.size()), dx_layout};
  backend.transpose(dy, dy_turned);
  backend.matmul({slices.parameters[0], weight_layout()}, dy_turned, nullptr, dx_turned);
  backend.transpose(dx_turned, dx);
}

}  // namespace reluscope
