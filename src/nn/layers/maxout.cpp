// Maxout: the largest of K neighbouring channels, y[c] = max(x[K c], ..., x[K c + K - 1]). After a
// layer that is K times as wide, each unit is the maximum of K linear functions.
// Goodfellow, Warde-Farley, Mirza, Courville, Bengio, "Maxout networks" (2013).
#include "core/math.h"
#include "nn/layer_words.h"

namespace reluscope {
namespace {

class Maxout final : public Layer {
 public:
  // in: (C, ...) with C a multiple of pieces.
  Maxout(const Shape& in, int pieces)
      : Layer("maxout", "maxout", "maxout " + std::to_string(pieces), in), pieces_(pieces) {
    out_shape_.front() /= pieces;
  }

  static std::unique_ptr<Layer> make(const LayerWords& words, const LayerPlace& place) {
    if (words.size() != 2) refuse(words[0], "takes one number of pieces, as in \"maxout 2\"");
    const int pieces = whole_number(words[1], 2, kMaxPieces, "a number of pieces");
    if (place.in.front() % pieces != 0) {
      refuse(words[1], "does not divide the " + std::to_string(place.in.front()) +
                           " channels in front of this maxout");
    }
    return std::make_unique<Maxout>(place.in, pieces);
  }

  // sqrt(1 / E[m^2]) for the largest m of K independent standard normal numbers. The density of m
  // is K phi(m) Phi(m)^(K - 1). Uses the trapezoidal rule, as activation_gain() does.
  double gain() const override {
    constexpr int kPoints = 12 * 512;
    constexpr double kStep = 1.0 / 512;
    double second_moment = 0.0;
    for (int i = -kPoints; i <= kPoints; ++i) {
      const double m = i * kStep;
      const auto [below, density] = scalar::normal_parts(m);
      double term = m * m * density * pieces_;
      for (int k = 1; k < pieces_; ++k) term *= below;
      second_moment += term * kStep;
    }
    return scalar::sqrt(1.0 / second_moment);
  }

  void forward(const ForwardPass& f) const override {
    f.backend.maxout_forward(f.x.values, pieces_, area(f.y.layout), f.y);
  }
  void backward(const BackwardPass& b) const override {
    if (b.dx.data != nullptr)
      b.backend.maxout_backward(b.x.values, b.dy, pieces_, area(b.dy.layout), b.dx);
  }

  void write(PytorchWriter& to) const override {
    to.step("x = x.unflatten(1, (" + std::to_string(out_shape_.front()) + ", " +
            std::to_string(pieces_) + ")).amax(2)");
  }
  void write(OnnxWriter& to) const override {
    OnnxNumbers sizes = {-1, out_shape_.front(), pieces_};
    sizes.insert(sizes.end(), out_shape_.begin() + 1, out_shape_.end());
    const std::string groups =
        to.node("Reshape", {to.value(), to.integers("sizes", sizes)}, "pieces");
    to.add("ReduceMax", {groups}, {{"axes", OnnxNumbers{2}}, {"keepdims", 0}});
  }

 private:
  // Columns per channel: its plane, or one if images are stored with one row per pixel.
  int area(const Layout& y) const { return y.cols / static_cast<int>(out_shape_.front()); }

  int pieces_;
};

}  // namespace

std::vector<LayerWord> maxout_words() {
  return {{.name = "maxout",
           .syntax = "maxout PIECES",
           .about = "the largest of PIECES neighbouring channels",
           .example = "maxout 2",
           .make = &Maxout::make}};
}

}  // namespace reluscope
