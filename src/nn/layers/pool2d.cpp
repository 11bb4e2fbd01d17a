#include "nn/layers/pool2d.h"

namespace reluscope {

Pool2d::Pool2d(const Shape& in, Pooling kind, int kernel, int stride)
    : kind_(kind),
      channels_(static_cast<int>(in[0])),
      window_{static_cast<int>(in[1]), static_cast<int>(in[2]), kernel, kernel, stride, 0} {}

std::unique_ptr<Pool2d> Pool2d::global_average(const Shape& in) {
  auto pool = std::make_unique<Pool2d>(in, Pooling::kAverage, 1, 1);
  pool->window_.kernel_height = pool->window_.height;
  pool->window_.kernel_width = pool->window_.width;
  pool->global_ = true;
  return pool;
}

std::string Pool2d::text() const {
  if (global_) return "gap";
  const int kernel = window_.kernel_height;
  std::string text = (kind_ == Pooling::kMax ? "pool " : "avgpool ") + std::to_string(kernel);
  if (window_.stride != kernel) text += " s" + std::to_string(window_.stride);
  return text;
}

void Pool2d::forward(Backend& backend, const StepContext&, LayerSlices&, const Signal& x,
                     MatrixView y, const ActivationAfter&) const {
  backend.pool(kind_, window_, x.values, y);
}

void Pool2d::backward(Backend& backend, const StepContext&, LayerSlices&, const Signal& x,
                      ConstMatrixView dy, MatrixView dx, const ActivationBefore&) const {
  if (dx.data != nullptr) backend.pool_backward(kind_, window_, x.values, dy, dx);
}

}  // namespace reluscope
