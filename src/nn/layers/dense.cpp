// Fully connected layer, torch.nn.Linear: y = x W^T + b with weight (O, I) and bias (O).
#include "nn/layer_words.h"

namespace reluscope {
namespace {

class Dense final : public Layer {
 public:
  Dense(const Shape& in, int width)
      : Layer("dense", "fc", "dense " + std::to_string(width), {width}),
        in_(static_cast<int>(element_count(in))),
        out_(width) {}

  static std::unique_ptr<Layer> make(const LayerWords& words, const LayerPlace& place) {
    if (words.size() != 2) refuse(words[0], "takes one width, as in \"dense 512\"");
    return std::make_unique<Dense>(place.in, whole_number(words[1], 1, kMaxWidth, "a width"));
  }

  std::vector<ParameterSpec> parameters() const override { return weight_and_bias({out_, in_}); }
  bool takes_offset() const override { return true; }
  bool fuses_activation() const override { return true; }
  std::int64_t multiply_adds() const override { return std::int64_t{in_} * out_; }
  // A row of O for the initial sums, and the backend's own scratch.
  std::size_t scratch_floats(int rows) const override {
    return cache_floats() + input_gradient_scratch(rows, in_, out_);
  }
  std::size_t cache_floats() const override {  // the weights' column sums
    return align_up(static_cast<std::size_t>(weight_layout().padded_cols()));
  }

  // With x = S + c (S sparse, c the offset): x W + b = S W + (b + c colsum(W)). Kernels that skip
  // the zeros and kernels that do not both use this formula, so that all give the same bits.
  void forward(const ForwardPass& f) const override {
    const ConstMatrixView weight{f.slices.parameters[0], weight_layout()};
    const float* start = f.slices.parameters[1];
    if (f.x.offset != 0.0f) {
      if (!f.slices.cache_valid) f.backend.column_sums(weight, f.slices.cache);
      f.slices.cache_valid = true;
      f.backend.scale_add(start, f.x.offset, f.slices.cache, f.slices.scratch,
                          static_cast<std::size_t>(f.y.layout.padded_cols()));
      start = f.slices.scratch;
    }
    f.backend.matmul(f.x, weight, start, f.y, f.after);
  }

  // dx = dy W^T, db = colsum(dy) and dW = x^T dy = c colsum(dy) + S^T dy.
  void backward(const BackwardPass& b) const override {
    const auto padded = static_cast<std::size_t>(b.dy.layout.padded_cols());
    const bool offset = b.x.offset != 0.0f;
    if (b.dx.data != nullptr) {
      const ConstMatrixView weight{b.slices.parameters[0], weight_layout()};
      b.backend.input_gradient(b.dy, weight, b.dx, b.slices.scratch + cache_floats(), b.before);
    }
    float* const dbias = b.slices.gradients[1];
    b.backend.column_sums(b.dy, dbias);
    if (offset) b.backend.scale_add(nullptr, b.x.offset, dbias, b.slices.scratch, padded);
    b.backend.update(b.slices.updates[1], padded);
    b.backend.weight_gradient(b.x, b.dy, offset ? b.slices.scratch : nullptr, b.slices.updates[0],
                              offset ? b.slices.cache : nullptr);
    b.slices.cache_valid = offset && !b.slices.updates[0].stores();
  }

  // If no layer needs images, they have been rows of features from the start.
  void write(PytorchWriter& to) const override {
    if (to.shape().size() > 1) to.step("x = torch.flatten(x, 1)");
    to.module("Linear(" + std::to_string(in_) + ", " + std::to_string(out_) + ")");
  }
  void write(OnnxWriter& to) const override {
    const std::string rows = to.shape().size() > 1
                                 ? to.node("Flatten", {to.value()}, "flat", {{"axis", 1}})
                                 : to.value();
    to.add("Gemm", {rows, to.tensor("weight"), to.tensor("bias")}, {{"transB", 1}});
  }

 private:
  Layout weight_layout() const { return {in_, out_}; }

  int in_, out_;
};

}  // namespace

std::vector<LayerWord> dense_words() {
  return {{.name = "dense",
           .syntax = "dense WIDTH",
           .about = "fully connected: every output depends on every input",
           .example = "dense 128",
           .make = &Dense::make,
           .reads_rows = true}};
}

}  // namespace reluscope
