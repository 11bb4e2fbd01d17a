// Muon: Keller Jordan, "Muon: an optimizer for hidden layers in neural networks" (2024). The step
// of a weight matrix is its Nesterov momentum with all singular values brought near 1 by a few
// iterations of Newton and Schulz, times sqrt(max(1, outputs / inputs)).
//
// Muon is for maps between hidden units. Here it updates all weight matrices but the last, whose
// outputs are the classes. The first is included, because pixels are not an embedding. AdamW
// updates the rest: the last matrix, biases and the parameters of activations.
//
// All of it uses the backend's products and updates, which give the same bits everywhere.
#include <algorithm>

#include "core/math.h"
#include "optim/optimizer.h"

namespace reluscope {
namespace {

constexpr int kIterations = 5;
// p(s) = a s + b s^3 + c s^5 lifts small singular values fast and keeps those near 1 within
// 0.7 to 1.2.
constexpr float kA = 3.4445f, kB = -4.7750f, kC = 2.0315f;
constexpr double kLeastNorm = 1e-7;

class Muon final : public Optimizer {
 public:
  Muon(RuleId rule, const OptimizerOptions& options, std::size_t floats,
       std::span<const HiddenMatrix> hidden)
      : Optimizer(rule, options, floats), hidden_(hidden.begin(), hidden.end()) {
    std::size_t most = 0, most_turned = 0, most_gram = 0;
    for (const HiddenMatrix& matrix : hidden_) {
      const Layout& layout = matrix.layout;
      const Layout tall = tall_layout(layout), gram = gram_layout(layout);
      most = std::max({most, layout.size(), tall.size()});
      if (!(tall == layout)) most_turned = std::max(most_turned, tall.size());
      most_gram = std::max(most_gram, gram.size());
    }
    step_ = Buffer(most, options.memory);
    product_ = Buffer(most, options.memory);
    turned_ = Buffer(most_turned, options.memory);
    gram_ = Buffer(most_gram, options.memory);
    gram_square_ = Buffer(most_gram, options.memory);
  }

  bool needs_gradients() const override { return true; }

  std::size_t scratch_bytes() const override {
    return sizeof(float) *
           (step_.size() + product_.size() + turned_.size() + gram_.size() + gram_square_.size());
  }

  void apply(Backend& backend, float* parameters, float* gradients, std::size_t floats) override {
    std::size_t at = 0;
    for (const HiddenMatrix& matrix : hidden_) {
      backend.update(update_at(at, parameters, gradients), matrix.offset - at);
      move_matrix(backend, matrix, parameters, gradients);
      at = matrix.offset + align_up(matrix.layout.size());
    }
    backend.update(update_at(at, parameters, gradients), floats - at);
  }

 private:
  static Layout tall_layout(const Layout& layout) {
    return layout.cols <= layout.rows ? layout : Layout{layout.cols, layout.rows};
  }
  static Layout gram_layout(const Layout& layout) {
    const int size = std::min(layout.rows, layout.cols);
    return {size, size};
  }

  // momentum = mu momentum + g; step = g + mu momentum, made orthogonal; w = keep w - rate step.
  // The first and the last part are SGD steps: from 0 with rate -1, and from the weights.
  void move_matrix(Backend& backend, const HiddenMatrix& matrix, float* parameters,
                   float* gradients) {
    const std::size_t n = matrix.layout.size();
    backend.scale_add(nullptr, 0.0f, step_.data(), step_.data(), n);
    ParameterUpdate move = descent(-1.0, options_.muon_momentum, true);
    move.gradient = gradients + matrix.offset;
    move.weights = step_.data();
    move.moments[0] = moment(0) + matrix.offset;
    backend.update(move, n);

    const MatrixView step{step_.data(), matrix.layout};
    if (step.cols() <= step.rows()) {
      orthogonalise(backend, step);
    } else {
      const MatrixView turned{turned_.data(), tall_layout(matrix.layout)};
      backend.finish();
      transpose(step, turned);
      orthogonalise(backend, turned);
      backend.finish();
      transpose(turned, step);
    }

    const double outputs = matrix.outputs;
    const double inputs = static_cast<double>(step.rows()) * step.cols() / outputs;
    const double lr = this->lr() * options_.muon_scale;
    const double rate = lr * scalar::sqrt(std::max(1.0, outputs / inputs));
    ParameterUpdate take = descent(rate);
    take.gradient = step_.data();
    take.weights = parameters + matrix.offset;
    take.keep = static_cast<float>(1.0 - lr * options_.weight_decay);
    backend.update(take, n);
  }

  // Brings all singular values of x (R, C), R at least C, near 1. With G = x^T x, each iteration is
  // x = a x + x (b G + c G^2).
  void orthogonalise(Backend& backend, MatrixView x) {
    const std::size_t n = x.layout.size();
    const double norm = scalar::sqrt(backend.sum_of_squares(x.data, n));
    backend.scale_add(nullptr, static_cast<float>(1.0 / (norm + kLeastNorm)), x.data, x.data, n);
    const MatrixView gram{gram_.data(), gram_layout(x.layout)};
    const MatrixView square{gram_square_.data(), gram.layout};
    const MatrixView product{product_.data(), x.layout};
    for (int i = 0; i < kIterations; ++i) {
      backend.weight_gradient({x}, x, nullptr, {.gradient = gram.data}, nullptr);
      backend.matmul({gram}, gram, nullptr, square, {});
      backend.scale_add(nullptr, kB, gram.data, gram.data, gram.layout.size());
      backend.scale_add(gram.data, kC, square.data, square.data, gram.layout.size());
      backend.matmul({x}, square, nullptr, product, {});
      backend.scale_add(product.data, kA, x.data, x.data, n);
    }
  }

  static void transpose(ConstMatrixView from, MatrixView to) {
    std::fill_n(to.data, to.layout.size(), 0.0f);
    for (int row = 0; row < from.rows(); ++row) {
      for (int col = 0; col < from.cols(); ++col) to.at(col, row) = from.at(row, col);
    }
  }

  std::vector<HiddenMatrix> hidden_;
  Buffer step_, product_, turned_, gram_, gram_square_;
};

}  // namespace

std::unique_ptr<Optimizer> make_muon(RuleId rule, const OptimizerOptions& options,
                                     std::size_t parameter_floats,
                                     std::span<const HiddenMatrix> hidden) {
  return std::make_unique<Muon>(rule, options, parameter_floats, hidden);
}

}  // namespace reluscope
