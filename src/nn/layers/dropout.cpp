// Dropout (Srivastava et al., 2014), torch.nn.Dropout: in training each element becomes 0 with
// probability P and is multiplied by 1 / (1 - P) otherwise; in evaluation nothing changes. The
// choice depends only on seed, step, layer and element, so backward computes it again.
#include "core/rng.h"
#include "core/text.h"
#include "nn/layer_words.h"

namespace reluscope {
namespace {

class Dropout final : public Layer {
 public:
  // 0 <= probability < 1
  Dropout(const Shape& in, double probability)
      : Layer("dropout", "drop", "dropout " + number_text(probability), in),
        probability_(probability) {}

  static std::unique_ptr<Layer> make(const LayerWords& words, const LayerPlace& place) {
    if (words.size() != 2) refuse(words[0], "takes one probability, as in \"dropout 0.5\"");
    const auto value = number(words[1]);
    if (!value || !(*value >= 0.0 && *value < 1.0)) {
      refuse(words[1], "is not a probability, a number from 0 to below 1");
    }
    return std::make_unique<Dropout>(place.in, *value);
  }

  void forward(const ForwardPass& f) const override { apply(f, f.x.values, f.y); }
  void backward(const BackwardPass& b) const override {
    if (b.dx.data != nullptr) apply(b, b.dy, b.dx);
  }

  void write(PytorchWriter& to) const override {
    to.module("Dropout(" + number_text(probability_) + ")");
  }
  void write(OnnxWriter& to) const override {  // the identity in evaluation
    to.add("Dropout", {to.value(), to.scalar(probability_)});
  }

 private:
  void apply(const LayerPass& pass, ConstMatrixView x, MatrixView y) const {
    if (pass.context.mode == Mode::kEvaluate) {
      return pass.backend.scale_add(nullptr, 1.0f, x.data, y.data, y.layout.size());
    }
    pass.backend.dropout({.seed = pass.context.seed,
                          .purpose = static_cast<std::uint32_t>(Purpose::kDropout),
                          .step = pass.context.step,
                          .layer = pass.context.layer,
                          .threshold = static_cast<std::uint32_t>(probability_ * 0x1p32),
                          .scale = static_cast<float>(1.0 / (1.0 - probability_))},
                         x, y);
  }

  double probability_;
};

}  // namespace

std::vector<LayerWord> dropout_words() {
  return {{.name = "dropout",
           .syntax = "dropout P",
           .about = "sets a share P of its inputs to 0 while training",
           .example = "dropout 0.5",
           .make = &Dropout::make}};
}

}  // namespace reluscope
