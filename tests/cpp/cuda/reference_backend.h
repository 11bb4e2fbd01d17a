// Backend in double: plain loops that define each operation. The operations of the device are
// compared with it and with the CPU.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "../parameter_slope.h"
#include "backend/backend.h"
#include "core/error.h"
#include "core/philox.h"
#include "core/rng.h"
#include "optim/rules.h"

namespace reluscope::test {

class ReferenceBackend final : public Backend {
 public:
  std::string_view device() const override { return "reference"; }
  std::string_view target() const override { return "double"; }
  int threads() const override { return 1; }
  void finish() override {}
  void offer(const Chores& chores) override {
    for (int i = 0; i < chores.pieces; ++i) chores.call(chores.context, i);
  }
  void finish_chores() override {}
  void reserve(std::size_t) override {}

  // --- Products ---------------------------------------------------------------------------------

  void matmul(const Signal& x, ConstMatrixView w, const float* start, MatrixView y,
              const ActivationAfter& after) override {
    for_all(y.layout, [&](int r, int c) {
      double sum = start == nullptr ? 0.0 : start[c];
      for (int k = 0; k < w.rows(); ++k) sum += wide(x.values, r, k) * wide(w, k, c);
      set(y, r, c, sum);
    });
    follow(after, y);
  }
  void input_gradient(ConstMatrixView dy, ConstMatrixView w, MatrixView dx, float*,
                      const ActivationBefore& before) override {
    for_all(dx.layout, [&](int r, int k) {
      double sum = 0.0;
      for (int c = 0; c < dy.cols() && k < dx.cols(); ++c) sum += wide(dy, r, c) * wide(w, k, c);
      set(dx, r, k, sum * slope_before(before, dx.layout.index(r, k)));
    });
  }
  void weight_gradient(const Signal& x, ConstMatrixView d, const float* start,
                       const ParameterUpdate& update, float* column_sums) override {
    const MatrixView g{update.gradient, {x.values.cols(), d.cols()}};
    for_all(g.layout, [&](int k, int c) {
      double sum = start == nullptr ? 0.0 : start[c];
      for (int r = 0; r < d.rows(); ++r) sum += wide(x.values, r, k) * wide(d, r, c);
      if (update.stores()) {
        set(g, k, c, sum);
      } else {
        take_step(update, g.layout.index(k, c), sum);
      }
    });
    if (column_sums != nullptr && !update.stores()) {
      this->column_sums({update.weights, g.layout}, column_sums);
    }
  }
  void convolve(const Window& window, ConstMatrixView x, ConstMatrixView w, const float* bias,
                MatrixView y, const ActivationAfter& after) override {
    std::vector<double> sums(y.layout.size());
    for_taps(window, y.rows(), [&](int out, int tap, int in) {
      for (int c = 0; c < x.cols(); ++c) {
        for (int o = 0; o < y.cols(); ++o)
          sums[y.layout.index(out, o)] += wide(x, in, c) * wide(w, tap * x.cols() + c, o);
      }
    });
    for_all(y.layout, [&](int r, int o) {
      set(y, r, o, sums[y.layout.index(r, o)] + (o < y.cols() ? bias[o] : 0.0f));
    });
    follow(after, y);
  }
  void convolve_input_gradient(const Window& window, ConstMatrixView dy, ConstMatrixView w,
                               MatrixView dx, float*, const ActivationBefore& before) override {
    std::vector<double> sums(dx.layout.size());
    for_taps(window, dy.rows(), [&](int out, int tap, int in) {
      for (int c = 0; c < dx.cols(); ++c) {
        for (int o = 0; o < dy.cols(); ++o)
          sums[dx.layout.index(in, c)] += wide(dy, out, o) * wide(w, tap * dx.cols() + c, o);
      }
    });
    for_all(dx.layout, [&](int r, int c) {
      const std::size_t at = dx.layout.index(r, c);
      set(dx, r, c, sums[at] * slope_before(before, at));
    });
  }
  void convolve_weight_gradient(const Window& window, ConstMatrixView x, ConstMatrixView dy,
                                const ParameterUpdate& update) override {
    const MatrixView g{update.gradient, {window.taps() * x.cols(), dy.cols()}};
    std::vector<double> sums(g.layout.size());
    for_taps(window, dy.rows(), [&](int out, int tap, int in) {
      for (int c = 0; c < x.cols(); ++c) {
        for (int o = 0; o < dy.cols(); ++o)
          sums[g.layout.index(tap * x.cols() + c, o)] += wide(x, in, c) * wide(dy, out, o);
      }
    });
    for (std::size_t i = 0; i < sums.size(); ++i) g.data[i] = static_cast<float>(sums[i]);
    for (std::size_t i = 0; i < sums.size() && !update.stores(); ++i) take_step(update, i, sums[i]);
  }
  void update(const ParameterUpdate& update, std::size_t n) override {
    if (update.stores()) return;
    for (std::size_t i = 0; i < n; ++i) take_step(update, i, update.gradient[i]);
  }

  // --- Element by element
  // -------------------------------------------------------------------------

  void scale_add(const float* a, float scale, const float* x, float* y, std::size_t n) override {
    for (std::size_t i = 0; i < n; ++i) {
      y[i] = static_cast<float>((a == nullptr ? 0.0 : a[i]) + static_cast<double>(scale) * x[i]);
    }
  }
  double sum_of_squares(const float* x, std::size_t n) override {
    double sum = 0.0;
    for (std::size_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]) * x[i];
    return sum;
  }
  void clamp(float* x, float limit, std::size_t n) override {
    for (std::size_t i = 0; i < n; ++i) x[i] = std::clamp(x[i], -limit, limit);
  }
  void activate(ActivationOp op, ActivationId id, const float* p, const float* x, const float* dy,
                float* out, std::size_t n) override {
    for (std::size_t i = 0; i < n; ++i) {
      out[i] = activated(op, id, parameters(id, p), x[i], dy == nullptr ? 0.0f : dy[i]);
    }
  }
  void activate_varied(ActivationOp op, ActivationId id, const VariedParameter& p,
                       ConstMatrixView x, ConstMatrixView dy, MatrixView out) override {
    vary(id, p, x, [&](std::size_t i, const auto& own) {
      out.data[i] = activated(op, id, own, x.data[i], dy.data == nullptr ? 0.0f : dy.data[i]);
    });
  }
  void fill_uniform(const Rng& rng, std::uint32_t stream, float low, float high,
                    MatrixView y) override {
    for_all(y.layout, [&](int r, int c) {
      const auto draw =
          static_cast<std::uint64_t>(r) * static_cast<std::uint64_t>((y.cols() + 3) / 4) +
          static_cast<std::uint64_t>(c / 4);
      const std::uint32_t word =
          rng.bits((std::uint64_t{stream} << 32) + draw)[static_cast<std::size_t>(c % 4)];
      set(y, r, c, low + (static_cast<double>(high) - low) * (word >> 8) * 0x1p-24);
    });
  }
  void dropout(const Dropping& d, ConstMatrixView x, MatrixView y) override {
    for_all(y.layout, [&](int r, int c) {
      const auto draw = static_cast<std::uint64_t>(r / 4) * static_cast<std::uint64_t>(x.cols()) +
                        static_cast<std::uint64_t>(c);
      const Philox4 words =
          philox_draw(d.seed, d.purpose, d.step, (std::uint64_t{d.layer} << 40) + draw);
      set(y, r, c,
          words[static_cast<std::size_t>(r % 4)] >= d.threshold ? wide(x, r, c) * d.scale : 0.0);
    });
  }

  // --- Images
  // -------------------------------------------------------------------------------------

  void flatten(ConstMatrixView image, int pixels, MatrixView features) override {
    for_all(features.layout, [&](int n, int f) {
      set(features, n, f,
          f < features.cols() ? wide(image, n * pixels + f % pixels, f / pixels) : 0.0);
    });
  }
  void unflatten(ConstMatrixView features, int pixels, MatrixView image) override {
    for_all(image.layout, [&](int r, int c) {
      set(image, r, c,
          c < image.cols() ? wide(features, r / pixels, c * pixels + r % pixels) : 0.0);
    });
  }
  void pool(Pooling kind, const Window& window, ConstMatrixView x, MatrixView y) override {
    for_all(y.layout, [&](int r, int c) {
      double sum = 0.0;
      const int best = largest_tap(window, x, r, c, sum);
      set(y, r, c,
          kind == Pooling::kMax ? wide(x, row_of_tap(window, r, best), c) : sum / window.taps());
    });
  }
  void pool_backward(Pooling kind, const Window& window, ConstMatrixView x, ConstMatrixView dy,
                     MatrixView dx) override {
    std::vector<double> sums(dx.layout.size());
    for_all(dy.layout, [&](int r, int c) {
      double ignored = 0.0;
      const int best = largest_tap(window, x, r, c, ignored);
      for (int tap = 0; tap < window.taps(); ++tap) {
        double& to = sums[dx.layout.index(row_of_tap(window, r, tap), c)];
        if (kind == Pooling::kAverage) to += wide(dy, r, c) / window.taps();
        if (kind == Pooling::kMax && tap == best) to += wide(dy, r, c);
      }
    });
    for (std::size_t i = 0; i < sums.size(); ++i) dx.data[i] = static_cast<float>(sums[i]);
  }
  void maxout_forward(ConstMatrixView x, int pieces, int area, MatrixView y) override {
    for_all(y.layout, [&](int r, int u) {
      set(y, r, u, u < y.cols() ? wide(x, r, best_piece(x, r, u, pieces, area)) : 0.0);
    });
  }
  void maxout_backward(ConstMatrixView x, ConstMatrixView dy, int pieces, int area,
                       MatrixView dx) override {
    std::fill_n(dx.data, dx.layout.size(), 0.0f);
    for (int r = 0; r < dy.rows(); ++r) {
      for (int u = 0; u < dy.cols(); ++u)
        set(dx, r, best_piece(x, r, u, pieces, area), wide(dy, r, u));
    }
  }

  // --- Sums and normalisation
  // -----------------------------------------------------------------------

  void column_sums(ConstMatrixView x, float* sums) override {
    for (int c = 0; c < x.layout.padded_cols(); ++c) {
      sums[c] = static_cast<float>(sum_rows(x.rows(), [&](int r) { return wide(x, r, c); }));
    }
  }
  void long_column_sums(ConstMatrixView x, float*, float* sums) override { column_sums(x, sums); }
  void batch_norm(const BatchNormalisation& norm, ConstMatrixView x, MatrixView y,
                  const ActivationAfter& after) override {
    if (norm.train) *norm.batches += 1.0f;
    std::fill_n(y.data, y.layout.size(), 0.0f);
    for (int c = 0; c < x.cols(); ++c) {
      double mean = norm.running_mean[c], variance = norm.running_var[c];
      if (norm.train) {
        mean = sum_rows(x.rows(), [&](int r) { return wide(x, r, c); }) / x.rows();
        const double squares = sum_rows(
            x.rows(), [&](int r) { return (wide(x, r, c) - mean) * (wide(x, r, c) - mean); });
        variance = squares / x.rows();
        norm.running_mean[c] =
            static_cast<float>((1.0 - norm.momentum) * norm.running_mean[c] + norm.momentum * mean);
        norm.running_var[c] = static_cast<float>((1.0 - norm.momentum) * norm.running_var[c] +
                                                 norm.momentum * squares / (x.rows() - 1.0));
      }
      norm.mean[c] = static_cast<float>(mean);
      norm.inverse_deviation[c] = static_cast<float>(1.0 / std::sqrt(variance + norm.epsilon));
      for (int r = 0; r < x.rows(); ++r) {
        set(y, r, c,
            (wide(x, r, c) - mean) / std::sqrt(variance + norm.epsilon) * norm.weight[c] +
                norm.bias[c]);
      }
    }
    follow(after, y);
  }
  void batch_norm_backward(const BatchNormalisation& norm, ConstMatrixView x, ConstMatrixView dy,
                           MatrixView dx, float* dweight, float* dbias,
                           const ActivationBefore& before) override {
    std::fill_n(dx.data, dx.layout.size(), 0.0f);
    std::fill_n(dweight, x.layout.padded_cols(), 0.0f);
    std::fill_n(dbias, x.layout.padded_cols(), 0.0f);
    for (int c = 0; c < x.cols(); ++c) {
      const double inverse = norm.inverse_deviation[c], mean = norm.mean[c],
                   share = norm.train ? 1.0 / x.rows() : 0.0;
      const auto normal = [&](int r) { return (wide(x, r, c) - mean) * inverse; };
      const double sum = sum_rows(x.rows(), [&](int r) { return wide(dy, r, c); });
      const double products = sum_rows(x.rows(), [&](int r) { return wide(dy, r, c) * normal(r); });
      dbias[c] = static_cast<float>(sum);
      dweight[c] = static_cast<float>(products);
      for (int r = 0; r < x.rows(); ++r) {
        const double slope = (wide(dy, r, c) - sum * share - normal(r) * products * share) *
                             norm.weight[c] * inverse;
        set(dx, r, c, slope * slope_before(before, dx.layout.index(r, c)));
      }
    }
  }
  void run(const Operation& operation) override {
    std::visit([](const auto& op) { compute(op); }, operation);
  }
  // work(first row, first column, mean, inverse deviation) of each group of each sample.
  template <class Work>
  static void for_groups(const GroupNormalisation& norm, ConstMatrixView x, const Work& work) {
    const int width = x.cols() / norm.groups;
    for (int first = 0; first < x.rows(); first += norm.pixels) {
      for (int column = 0; column < x.cols(); column += width) {
        const double count = static_cast<double>(norm.pixels) * width;
        double mean = 0.0, variance = 0.0;
        for (int i = 0; i < norm.pixels * width; ++i) {
          mean += wide(x, first + i / width, column + i % width) / count;
        }
        for (int i = 0; i < norm.pixels * width; ++i) {
          const double deviation = wide(x, first + i / width, column + i % width) - mean;
          variance += deviation * deviation / count;
        }
        work(first, column, mean, 1.0 / std::sqrt(variance + norm.epsilon));
      }
    }
  }
  static void compute(const GroupNormForward& op) {
    const int width = op.x.cols() / op.norm.groups;
    std::fill_n(op.y.data, op.y.layout.size(), 0.0f);
    for_groups(op.norm, op.x, [&](int first, int column, double mean, double inverse) {
      for (int i = 0; i < op.norm.pixels * width; ++i) {
        const int r = first + i / width, c = column + i % width;
        set(op.y, r, c, (wide(op.x, r, c) - mean) * inverse * op.norm.weight[c] + op.norm.bias[c]);
      }
    });
  }
  static void compute(const GroupNormBackward& op) {
    const int width = op.x.cols() / op.norm.groups;
    const MatrixView dx{op.dx, op.x.layout};
    std::fill_n(dx.data, op.dx == nullptr ? 0 : dx.layout.size(), 0.0f);
    for_groups(op.norm, op.x, [&](int first, int column, double mean, double inverse) {
      const double count = static_cast<double>(op.norm.pixels) * width;
      const auto normal = [&](int r, int c) { return (wide(op.x, r, c) - mean) * inverse; };
      double slopes = 0.0, products = 0.0;
      for (int c = column; c < column + width; ++c) {
        double sum = 0.0, product = 0.0;
        for (int r = first; r < first + op.norm.pixels; ++r) {
          sum += wide(op.dy, r, c);
          product += wide(op.dy, r, c) * normal(r, c);
        }
        set(op.sums, 2 * first / op.norm.pixels, c, product);
        set(op.sums, 2 * first / op.norm.pixels + 1, c, sum);
        slopes += sum * op.norm.weight[c] / count;
        products += product * op.norm.weight[c] / count;
      }
      for (int i = 0; op.dx != nullptr && i < op.norm.pixels * width; ++i) {
        const int r = first + i / width, c = column + i % width;
        set(dx, r, c,
            (wide(op.dy, r, c) * op.norm.weight[c] - slopes - normal(r, c) * products) * inverse);
      }
    });
  }
  static void compute(const GroupNormParameters& op) {
    std::fill_n(op.dweight, op.sums.layout.padded_cols(), 0.0f);
    std::fill_n(op.dbias, op.sums.layout.padded_cols(), 0.0f);
    for (int c = 0; c < op.sums.cols(); ++c) {
      double products = 0.0, sums = 0.0;
      for (int row = 0; row < op.sums.rows(); row += 2) {
        products += wide(op.sums, row, c);
        sums += wide(op.sums, row + 1, c);
      }
      op.dweight[c] = static_cast<float>(products);
      op.dbias[c] = static_cast<float>(sums);
    }
  }
  static void compute(const LayerNormForward& op) {
    for_samples(op.norm, op.x, [&](int first, double mean, double inverse) {
      for_elements(op.norm, [&](int r, int c) {
        set(op.y, first + r, c,
            (wide(op.x, first + r, c) - mean) * inverse * wide(op.norm.weight, r, c) +
                wide(op.norm.bias, r, c));
      });
    });
  }
  static void compute(const LayerNormBackward& op) {
    if (op.dx == nullptr) return;
    const MatrixView dx{op.dx, op.x.layout};
    std::fill_n(dx.data, dx.layout.size(), 0.0f);
    const double count = static_cast<double>(op.norm.weight.rows()) * op.norm.weight.cols();
    for_samples(op.norm, op.x, [&](int first, double mean, double inverse) {
      const auto slope = [&](int r, int c) {
        return wide(op.dy, first + r, c) * wide(op.norm.weight, r, c);
      };
      const auto normal = [&](int r, int c) { return (wide(op.x, first + r, c) - mean) * inverse; };
      double slopes = 0.0, products = 0.0;
      for_elements(op.norm, [&](int r, int c) {
        slopes += slope(r, c) / count;
        products += slope(r, c) * normal(r, c) / count;
      });
      for_elements(op.norm, [&](int r, int c) {
        set(dx, first + r, c, (slope(r, c) - slopes - normal(r, c) * products) * inverse);
      });
    });
  }
  static void compute(const LayerNormParameters& op) {
    const Layout& layout = op.norm.weight.layout;
    std::vector<double> weights(layout.size()), biases(layout.size());
    for_samples(op.norm, op.x, [&](int first, double mean, double inverse) {
      for_elements(op.norm, [&](int r, int c) {
        const double normal = (wide(op.x, first + r, c) - mean) * inverse;
        weights[layout.index(r, c)] += wide(op.dy, first + r, c) * normal;
        biases[layout.index(r, c)] += wide(op.dy, first + r, c);
      });
    });
    for (std::size_t i = 0; i < layout.size(); ++i) {
      op.dweight[i] = static_cast<float>(weights[i]);
      op.dbias[i] = static_cast<float>(biases[i]);
    }
  }

  // --- Losses
  // ---------------------------------------------------------------------------------------

  void softmax_cross_entropy(const SoftmaxLoss& a) override {
    const int classes = a.logits.cols();
    for (int r = 0; r < a.logits.rows(); ++r) {
      const std::vector<double> p = probabilities_of(a.logits, r);
      const int label = a.labels[r];
      const auto weight = [&](int c) {
        return a.class_weights == nullptr ? 1.0 : a.class_weights[c];
      };
      double loss = 0.0, total = 0.0;
      std::vector<double> targets;
      for (int c = 0; c < classes; ++c) {
        const double share = a.label_smoothing / static_cast<double>(classes) +
                             (c == label ? 1.0 - a.label_smoothing : 0.0);
        // The weight of each class for smoothing, and that of the label for the hit.
        targets.push_back(share * weight(c));
        total += targets.back();
        loss -= targets.back() * std::log(p[static_cast<std::size_t>(c)]);
      }
      a.losses[r] = static_cast<float>(loss);
      int best = 0;
      for (int c = 1; c < classes; ++c)
        best = wide(a.logits, r, c) > wide(a.logits, r, best) ? c : best;
      a.correct[r] = best == label;
      const MatrixView slopes{a.dlogits, a.logits.layout};
      for (int c = 0; c < a.logits.layout.padded_cols() && a.dlogits != nullptr; ++c) {
        const auto at = static_cast<std::size_t>(c);
        set(slopes, r, c, c < classes ? (p[at] * total - targets[at]) * a.gradient_scale : 0.0);
      }
    }
  }
  void softmax(ConstMatrixView logits, MatrixView probabilities) override {
    for (int r = 0; r < logits.rows(); ++r) {
      const std::vector<double> p = probabilities_of(logits, r);
      for (int c = 0; c < logits.layout.padded_cols(); ++c) {
        set(probabilities, r, c, c < logits.cols() ? p[static_cast<std::size_t>(c)] : 0.0);
      }
    }
  }
  void add_penalty(const PenaltyGradient& a) override {
    for (int c = 0; c < a.weights.layout.padded_cols(); ++c) {
      a.values[c] = static_cast<float>(sum_rows(a.weights.rows(), [&](int r) {
        const double w = wide(a.weights, r, c);
        return a.l1 * std::abs(w) + a.l2 * w * w;
      }));
      for (int r = 0; r < a.weights.rows(); ++r) {
        const double w = wide(a.weights, r, c);
        set(a.gradient, r, c,
            wide(a.gradient, r, c) + 2.0 * a.l2 * w + a.l1 * ((w > 0.0) - (w < 0.0)));
      }
    }
  }

 private:
  static double wide(ConstMatrixView m, int row, int col) { return m.at(row, col); }
  static void set(MatrixView m, int row, int col, double value) {
    m.at(row, col) = static_cast<float>(value);
  }
  // Calls work(row, column) for all elements with padding.
  template <class Work>
  static void for_all(const Layout& layout, const Work& work) {
    for (int r = 0; r < layout.rows; ++r) {
      for (int c = 0; c < layout.padded_cols(); ++c) work(r, c);
    }
  }
  template <class Term>
  static double sum_rows(int rows, const Term& term) {
    double sum = 0.0;
    for (int r = 0; r < rows; ++r) sum += term(r);
    return sum;
  }
  static std::vector<double> parameters(ActivationId id, const float* p) {
    return {p, p + activation_info(id).parameters.size()};
  }
  static float activated(ActivationOp op, ActivationId id, const std::vector<double>& p, double x,
                         double dy) {
    if (op == ActivationOp::kForward) return static_cast<float>(activation_value(id, x, p));
    return static_cast<float>(dy * (op == ActivationOp::kBackward
                                        ? activation_derivative(id, x, p)
                                        : activation_parameter_derivative(id, x, p)));
  }
  void follow(const ActivationAfter& after, MatrixView y) {
    if (after.id >= 0)
      activate(ActivationOp::kForward, after.id, after.p, y.data, nullptr, after.y,
               y.layout.size());
  }
  static double slope_before(const ActivationBefore& before, std::size_t at) {
    return before.id < 0
               ? 1.0
               : activation_derivative(before.id, before.z[at], parameters(before.id, before.p));
  }
  template <class Work>
  static void vary(ActivationId id, const VariedParameter& p, ConstMatrixView x, const Work& work) {
    for_all(x.layout, [&](int r, int c) {
      const std::size_t at = x.layout.index(r, c);
      const double own = p.values[p.by_row ? at : static_cast<std::size_t>(c)];
      work(at, std::vector<double>(activation_info(id).parameters.size(), own));
    });
  }
  // Calls work(result row, tap, image row) for all taps within the image.
  template <class Work>
  static void for_taps(const Window& w, int out_rows, const Work& work) {
    for (int out = 0; out < out_rows; ++out) {
      const int n = out / w.out_pixels(), oy = out % w.out_pixels() / w.out_width(),
                ox = out % w.out_width();
      for (int tap = 0; tap < w.taps(); ++tap) {
        const int y = oy * w.stride - w.padding + tap / w.kernel_width,
                  x = ox * w.stride - w.padding + tap % w.kernel_width;
        if (y >= 0 && y < w.height && x >= 0 && x < w.width)
          work(out, tap, n * w.pixels() + y * w.width + x);
      }
    }
  }
  static int row_of_tap(const Window& w, int out, int tap) {
    const int n = out / w.out_pixels(), oy = out % w.out_pixels() / w.out_width(),
              ox = out % w.out_width();
    return n * w.pixels() + (oy * w.stride + tap / w.kernel_width) * w.width + ox * w.stride +
           tap % w.kernel_width;
  }
  // The first maximum, or else the last NaN; and the sum of all.
  static int largest_tap(const Window& w, ConstMatrixView x, int out, int c, double& sum) {
    int best = 0;
    for (int tap = 0; tap < w.taps(); ++tap) {
      const double value = wide(x, row_of_tap(w, out, tap), c);
      sum += value;
      if (value > wide(x, row_of_tap(w, out, best), c) || std::isnan(value)) best = tap;
    }
    return best;
  }
  static int best_piece(ConstMatrixView x, int row, int unit, int pieces, int area) {
    const auto column = [&](int piece) {
      return (unit / area * pieces + piece) * area + unit % area;
    };
    int best = column(0);
    for (int piece = 1; piece < pieces && !std::isnan(wide(x, row, best)); ++piece) {
      const double value = wide(x, row, column(piece));
      if (value > wide(x, row, best) || std::isnan(value)) best = column(piece);
    }
    return best;
  }
  template <class Work>
  static void for_elements(const LayerNormalisation& norm, const Work& work) {
    for (int r = 0; r < norm.weight.rows(); ++r) {
      for (int c = 0; c < norm.weight.cols(); ++c) work(r, c);
    }
  }
  template <class Work>
  static void for_samples(const LayerNormalisation& norm, ConstMatrixView x, const Work& work) {
    const double count = static_cast<double>(norm.weight.rows()) * norm.weight.cols();
    for (int first = 0; first < x.rows(); first += norm.weight.rows()) {
      double mean = 0.0, variance = 0.0;
      for_elements(norm, [&](int r, int c) { mean += wide(x, first + r, c) / count; });
      for_elements(norm, [&](int r, int c) {
        const double deviation = wide(x, first + r, c) - mean;
        variance += deviation * deviation / count;
      });
      work(first, mean, 1.0 / std::sqrt(variance + norm.epsilon));
    }
  }
  static std::vector<double> probabilities_of(ConstMatrixView logits, int row) {
    std::vector<double> p;
    double most = wide(logits, row, 0), sum = 0.0;
    for (int c = 1; c < logits.cols(); ++c) most = std::max(most, wide(logits, row, c));
    for (int c = 0; c < logits.cols(); ++c)
      sum += p.emplace_back(std::exp(wide(logits, row, c) - most));
    for (double& value : p) value /= sum;
    return p;
  }
  // The equations of torch.optim; the optimizers have computed the scalars from t.
  static void take_step(const ParameterUpdate& u, std::size_t i, double g) {
    double w = u.weights[i];
    g += u.coupled_decay * w;
    const auto moved = [&u, i](int k, double decay, double term) {
      const double value = decay * u.moments[k][i] + term;
      u.moments[k][i] = static_cast<float>(value);
      return value;
    };
    const std::string name = optimizer_rows()[static_cast<std::size_t>(u.rule)].name;
    const float* const s = u.scalars;
    double step = 0.0;
    if (name == "adam" || name == "adamw" || name == "muon") {
      using R = scalar::Adam;
      const double mean = moved(0, s[R::kBeta1], s[R::kRest1] * g);
      const double square = moved(1, s[R::kBeta2], s[R::kRest2] * g * g);
      step = s[R::kStepSize] * mean / (std::sqrt(square) * s[R::kInverseRoot] + s[R::kEpsilon]);
    } else if (name == "sgd") {
      using R = scalar::Sgd;
      step = g;
      if (u.moments[0] != nullptr) {
        const double buffer = moved(0, s[R::kMomentum], s[R::kShare] * g);
        step = s[R::kNesterov] != 0.0f ? g + s[R::kMomentum] * buffer : buffer;
      }
      step *= s[R::kLr];
    } else if (name == "rmsprop") {
      using R = scalar::Rmsprop;
      double square = moved(0, s[R::kAlpha], s[R::kRest] * g * g);
      if (u.moments[2] != nullptr) {
        const double mean = moved(2, s[R::kAlpha], s[R::kRest] * g);
        square = std::max(0.0, square - mean * mean);
      }
      step = g / (std::sqrt(square) + s[R::kEpsilon]);
      if (u.moments[1] != nullptr) step = moved(1, s[R::kMomentum], step);
      step *= s[R::kLr];
    } else if (name == "nadam") {
      using R = scalar::Nadam;
      const double mean = moved(0, s[R::kBeta1], s[R::kRest1] * g);
      const double square = moved(1, s[R::kBeta2], s[R::kRest2] * g * g);
      const double denominator = std::sqrt(square / s[R::kCorrection]) + s[R::kEpsilon];
      step = (s[R::kSlopeRate] * g + s[R::kMeanRate] * mean) / denominator;
    } else if (name == "adagrad") {
      using R = scalar::Adagrad;
      step = s[R::kLr] * g / (std::sqrt(moved(0, 1.0, g * g)) + s[R::kEpsilon]);
    } else if (name == "lion") {
      using R = scalar::Lion;
      const double mean = s[R::kBeta1] * static_cast<double>(u.moments[0][i]) + s[R::kRest1] * g;
      moved(0, s[R::kBeta2], s[R::kRest2] * g);
      step = s[R::kLr] * (mean > 0.0 ? 1.0 : mean < 0.0 ? -1.0 : 0.0);
    } else {
      throw Error("the reference lacks the rule " + name);
    }
    u.weights[i] = static_cast<float>(w * u.keep - step);
  }
};

}  // namespace reluscope::test
