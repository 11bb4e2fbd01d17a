// Double references for the layers of images: NCHW, in the plain loops of their definitions. Also
// conversions to the layout of the core.
#pragma once

#include <vector>

#include "matrices.h"
#include "oracle.h"

namespace reluscope::test {

struct ImageSize {
  int n, c, h, w;
  std::size_t count() const {
    return static_cast<std::size_t>(n) * static_cast<std::size_t>(c * h * w);
  }
  std::size_t at(int s, int ch, int y, int x) const {
    return static_cast<std::size_t>(((s * c + ch) * h + y) * w + x);
  }
  Shape shape() const { return {c, h, w}; }
};

// NCHW values as a matrix (N * H * W, C) whose padding holds `padding`.
inline Panels image_panels(const ImageSize& size, const std::vector<float>& nchw, float padding) {
  Panels panels(size.n * size.h * size.w, size.c, padding);
  for (int n = 0, row = 0; n < size.n; ++n) {
    for (int y = 0; y < size.h; ++y) {
      for (int x = 0; x < size.w; ++x, ++row) {
        for (int c = 0; c < size.c; ++c) panels.view().at(row, c) = nchw[size.at(n, c, y, x)];
      }
    }
  }
  return panels;
}

inline std::vector<float> nchw_of(const ImageSize& size, const Panels& panels) {
  std::vector<float> values(size.count());
  for (int n = 0, row = 0; n < size.n; ++n) {
    for (int y = 0; y < size.h; ++y) {
      for (int x = 0; x < size.w; ++x, ++row) {
        for (int c = 0; c < size.c; ++c) values[size.at(n, c, y, x)] = panels.view().at(row, c);
      }
    }
  }
  return values;
}

inline ImageSize out_size(const ImageSize& in, const Window& window, int channels) {
  return {in.n, channels, window.out_height(), window.out_width()};
}

namespace oracle {

// Calls term(output element, image element or -1 in the padding, weight element) for all products
// of a convolution with weight (O, C, R, S).
template <class Term>
void for_products(const ImageSize& in, const ImageSize& out, const Window& window,
                  const Term& term) {
  for (int n = 0; n < in.n; ++n) {
    for (int o = 0; o < out.c; ++o) {
      for (int y = 0; y < out.h; ++y) {
        for (int x = 0; x < out.w; ++x) {
          for (int c = 0; c < in.c; ++c) {
            for (int r = 0; r < window.kernel_height; ++r) {
              for (int s = 0; s < window.kernel_width; ++s) {
                const int iy = y * window.stride - window.padding + r;
                const int ix = x * window.stride - window.padding + s;
                if (iy < 0 || iy >= in.h || ix < 0 || ix >= in.w) continue;
                term(out.at(n, o, y, x), in.at(n, c, iy, ix),
                     static_cast<std::size_t>(
                         ((o * in.c + c) * window.kernel_height + r) * window.kernel_width + s));
              }
            }
          }
        }
      }
    }
  }
}

inline BoundedValues bounded(const std::vector<Sum>& sums) {
  BoundedValues values;
  for (const Sum& sum : sums) values.push_back(sum.bounded());
  return values;
}

struct Convolution {
  BoundedValues y, dx, dweight, dbias;
};

inline Convolution convolution(const ImageSize& in, const ImageSize& out, const Window& window,
                               const Values& x, const Values& weight, const Values& bias,
                               const Values& dy) {
  std::vector<Sum> y(out.count()), dx(in.count()), dweight(weight.size()), dbias(bias.size());
  const int pixels = out.h * out.w;
  for (std::size_t k = 0; k < y.size(); ++k) {
    const std::size_t o = k / static_cast<std::size_t>(pixels) % bias.size();
    y[k].add(bias[o]);
    dbias[o].add(dy[k]);
  }
  for_products(in, out, window, [&](std::size_t at, std::size_t from, std::size_t w) {
    y[at].add(x[from] * weight[w]);
    dx[from].add(dy[at] * weight[w]);
    dweight[w].add(dy[at] * x[from]);
  });
  return {bounded(y), bounded(dx), bounded(dweight), bounded(dbias)};
}

struct Pooled {
  Values y, dx;
};

inline Pooled pool(Pooling kind, const ImageSize& in, const ImageSize& out, const Window& window,
                   const Values& x, const Values& dy) {
  Pooled result{Values(out.count()), Values(in.count())};
  const int taps = window.taps();
  for (int n = 0; n < in.n; ++n) {
    for (int c = 0; c < in.c; ++c) {
      for (int oy = 0; oy < out.h; ++oy) {
        for (int ox = 0; ox < out.w; ++ox) {
          const std::size_t to = out.at(n, c, oy, ox);
          std::size_t best = in.at(n, c, oy * window.stride, ox * window.stride);
          double sum = 0.0;
          for (int r = 0; r < window.kernel_height; ++r) {
            for (int s = 0; s < window.kernel_width; ++s) {
              const std::size_t from = in.at(n, c, oy * window.stride + r, ox * window.stride + s);
              if (x[from] > x[best]) best = from;
              sum += x[from];
              if (kind == Pooling::kAverage) result.dx[from] += dy[to] / taps;
            }
          }
          if (kind == Pooling::kMax) result.dx[best] += dy[to];
          result.y[to] = kind == Pooling::kMax ? x[best] : sum / taps;
        }
      }
    }
  }
  return result;
}

// Normalises groups of elements. group_of(k): the group of element k; weight_of(k): its index in
// weight and bias. Computes y, the means and biased variances of the groups, and the gradients for
// dy.
struct Normalised {
  Values y, mean, variance, dx, dweight, dbias;
};

template <class GroupOf, class WeightOf>
Normalised normalise(const Values& x, const Values& weight, const Values& bias, const Values& dy,
                     std::size_t groups, const GroupOf& group_of, const WeightOf& weight_of) {
  const double count = static_cast<double>(x.size()) / static_cast<double>(groups);
  Normalised r{Values(x.size()), Values(groups),        Values(groups),
               Values(x.size()), Values(weight.size()), Values(weight.size())};
  for (std::size_t k = 0; k < x.size(); ++k) r.mean[group_of(k)] += x[k] / count;
  for (std::size_t k = 0; k < x.size(); ++k) {
    const double d = x[k] - r.mean[group_of(k)];
    r.variance[group_of(k)] += d * d / count;
  }
  const auto normal = [&](std::size_t k) {
    return (x[k] - r.mean[group_of(k)]) / std::sqrt(r.variance[group_of(k)] + 1e-5);
  };
  Values slopes(groups), products(groups);
  for (std::size_t k = 0; k < x.size(); ++k) {
    const std::size_t w = weight_of(k);
    r.y[k] = normal(k) * weight[w] + bias[w];
    r.dweight[w] += dy[k] * normal(k);
    r.dbias[w] += dy[k];
    slopes[group_of(k)] += dy[k] * weight[w] / count;
    products[group_of(k)] += dy[k] * weight[w] * normal(k) / count;
  }
  for (std::size_t k = 0; k < x.size(); ++k) {
    const std::size_t g = group_of(k);
    r.dx[k] = (dy[k] * weight[weight_of(k)] - slopes[g] - normal(k) * products[g]) /
              std::sqrt(r.variance[g] + 1e-5);
  }
  return r;
}

}  // namespace oracle

// Checks that every element is within `tolerance` of the largest expected value.
inline std::string first_apart(const std::vector<float>& actual, const Values& expected,
                               double tolerance) {
  if (actual.size() != expected.size()) return "sizes differ";
  double largest = 0.0;
  for (const double value : expected) largest = std::max(largest, std::abs(value));
  for (std::size_t k = 0; k < actual.size(); ++k) {
    if (!(std::abs(static_cast<double>(actual[k]) - expected[k]) <= tolerance * largest)) {
      return "element " + std::to_string(k) + ": " + std::to_string(actual[k]) + " instead of " +
             std::to_string(expected[k]);
    }
  }
  return "";
}

}  // namespace reluscope::test
