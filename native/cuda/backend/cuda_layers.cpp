// CudaBackend: sums, normalisation and the loss. Operations of one kernel are in the header.
#include <algorithm>
#include <numeric>

#include "cuda/backend/cuda_backend.h"

namespace reluscope::cuda {
double CudaBackend::sum_of_squares(const float* x, std::size_t n) {
  grid_for(n);  // throws if n is too large
  push(Grid{kSquareBlocks, kThreads}, SumOfSquares{x, partial_sums_, static_cast<unsigned>(n)});
  finish();
  return std::accumulate(partial_sums_, partial_sums_ + kSquareBlocks, 0.0);
}

// --- Normalisation ----------------------------------------------------------------------------

void CudaBackend::batch_norm(const BatchNormalisation& norm, ConstMatrixView x, MatrixView y,
                             const ActivationAfter& after) {
  const int blocks = sum_blocks(x.layout), padded = x.layout.padded_cols();
  float* const second = norm.scratch + batch_norm_scratch(x.layout) / 2;
  if (norm.train) {
    push(strip_grid(strips(x.layout) * blocks), BlockMoments{x, norm.scratch, second});
  }
  push(grid_for(static_cast<std::size_t>(padded)),
       TotalMoments{norm.scratch, second, norm, blocks, x.cols(), padded, x.rows()});
  push(grid_for(y.layout.size()), NormaliseColumns{norm, x, y});
  finish_product(Epilogue::kNone, nullptr, y, after);
}

void CudaBackend::batch_norm_backward(const BatchNormalisation& norm, ConstMatrixView x,
                                      ConstMatrixView dy, MatrixView dx, float* dweight,
                                      float* dbias, const ActivationBefore& before) {
  const int blocks = sum_blocks(x.layout), padded = x.layout.padded_cols();
  float* const second = norm.scratch + batch_norm_scratch(x.layout) / 2;
  const std::ptrdiff_t behind = std::ptrdiff_t{blocks} * padded;
  float *const dbias_share = norm.scratch + behind, *const dweight_share = second + behind;
  push(strip_grid(strips(x.layout) * blocks),
       BlockProducts{x, dy, norm.mean, norm.inverse_deviation, norm.scratch, second});
  push(grid_for(static_cast<std::size_t>(padded)),
       TotalProducts{norm.scratch, second, dbias, dweight, dbias_share, dweight_share,
                     norm.train ? 1.0 / x.rows() : 0.0, blocks, padded});
  if (dx.data == nullptr) return;
  push(grid_for(dx.layout.size()),
       NormaliseColumnsBackward{norm, dbias_share, dweight_share, x, dy, dx});
  if (before.id >= 0) {
    activate(ActivationOp::kBackward, before.id, before.p, before.z, dx.data, dx.data,
             dx.layout.size());
  }
}

void CudaBackend::run(const Operation& operation) {
  std::visit(
      [this](const auto& op) {
        const auto [parts, together, strips] = op.parts();
        push(strips ? grid_for(static_cast<std::size_t>(parts) * kPad) : Grid{parts, kThreads}, op);
      },
      operation);
}

// --- The loss ---------------------------------------------------------------------------------

void CudaBackend::softmax_cross_entropy(const SoftmaxLoss& args) {
  const auto rows = static_cast<std::size_t>(args.logits.rows());
  const std::size_t weights =
      args.class_weights == nullptr ? 0 : static_cast<std::size_t>(args.logits.cols());
  const std::size_t labels = args.gathered_labels == nullptr ? rows : 0;
  const auto [staged, result] =
      make_room(weights * sizeof(float) + labels, rows * (sizeof(float) + 1));
  SoftmaxLoss loss = args;
  loss.losses = reinterpret_cast<float*>(results_ + result);
  loss.correct = reinterpret_cast<std::uint8_t*>(loss.losses + rows);
  auto* const own_weights = reinterpret_cast<float*>(staged);
  auto* const own_labels = reinterpret_cast<std::uint8_t*>(own_weights + weights);
  std::copy_n(args.class_weights, weights, own_weights);
  std::copy_n(args.labels, labels, own_labels);
  if (weights > 0) loss.class_weights = own_weights;
  loss.labels = labels > 0 ? own_labels : args.gathered_labels;
  loss.gathered_labels = nullptr;
  // Small blocks spread the few samples over many multiprocessors.
  constexpr int kSamples = 32;
  const int blocks = static_cast<int>((rows + kSamples - 1) / kSamples);
  push(Grid{std::min(blocks, device_->most_blocks()), kSamples}, SoftmaxCrossEntropy{loss});
  returned_.push_back({args.losses, result, rows * sizeof(float)});
  returned_.push_back({args.correct, result + rows * sizeof(float), rows});
}

}  // namespace reluscope::cuda
