#include "nn/layers/dense.h"

#include <algorithm>

namespace reluscope {

Dense::Dense(const Shape& in, int width) : in_(static_cast<int>(element_count(in))), out_(width) {}

std::vector<ParameterSpec> Dense::parameters() const {
  return {{"weight", {out_, in_}, weight_layout(), true, ParameterRole::kWeight, 0.0, in_, out_},
          {"bias", {out_}, {1, out_}, false, ParameterRole::kBias, 0.0, in_, out_}};
}

// A row of O for the starting values, and what the backend needs.
std::size_t Dense::scratch_floats(int rows) const {
  return cache_floats() + input_gradient_scratch(rows, in_, out_);
}

std::size_t Dense::cache_floats() const {
  return align_up(static_cast<std::size_t>(weight_layout().padded_cols()));
}

// With x = S + c (S sparse, c the offset): x W + b = S W + (b + c colsum(W)), and this formula
// is used whether or not a kernel makes use of the zeros, so that all give the same bits.
void Dense::forward(Backend& backend, const StepContext&, LayerSlices& slices, const Signal& x,
                    MatrixView y, const ActivationAfter& after) const {
  const ConstMatrixView weight{slices.parameters[0], weight_layout()};
  const float* start = slices.parameters[1];
  if (x.offset != 0.0f) {
    if (!slices.cache_valid) backend.column_sums(weight, slices.cache);
    slices.cache_valid = true;
    backend.scale_add(start, x.offset, slices.cache, slices.scratch,
                      static_cast<std::size_t>(y.layout.padded_cols()));
    start = slices.scratch;
  }
  backend.matmul(x, weight, start, y, after);
}

// dx = dy W^T, db = colsum(dy) and dW = x^T dy = c colsum(dy) + S^T dy.
void Dense::backward(Backend& backend, const StepContext&, LayerSlices& slices, const Signal& x,
                     ConstMatrixView dy, MatrixView dx, const ActivationBefore& before) const {
  const auto padded = static_cast<std::size_t>(dy.layout.padded_cols());
  if (dx.data != nullptr) {
    const ConstMatrixView weight{slices.parameters[0], weight_layout()};
    backend.input_gradient(dy, weight, dx, slices.scratch + cache_floats(), before);
  }
  float* const dbias = slices.gradients[1];
  backend.column_sums(dy, dbias);
  const float* start = nullptr;
  if (x.offset != 0.0f) {
    backend.scale_add(nullptr, x.offset, dbias, slices.scratch, padded);
    start = slices.scratch;
  }
  backend.update(slices.updates[1], padded);
  const bool fused = !slices.updates[0].stores();
  backend.weight_gradient(x, dy, start, slices.updates[0],
                          x.offset != 0.0f ? slices.cache : nullptr);
  slices.cache_valid = fused && x.offset != 0.0f;
}

}  // namespace reluscope
