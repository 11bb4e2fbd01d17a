// The reference in double: plain loops that define each operation, in row-major order.
// test_reference_oracle.cpp compares them with PyTorch and with central differences; the other
// tests compare the fast code with them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace reluscope::test {

// A value, and the scale of its rounding error: |value| + sum of |terms| / sqrt(n).
struct Bounded {
  double value = 0.0;
  double scale = 0.0;
};

// The error bound of a sum of n terms in float (TESTING.md).
class Sum {
 public:
  void add(double term) {
    value_ += term;
    absolute_ += std::abs(term);
    ++count_;
  }
  Bounded bounded() const {
    const double n = static_cast<double>(std::max(count_, 1));
    return {value_, std::abs(value_) + absolute_ / std::sqrt(n)};
  }

 private:
  double value_ = 0.0, absolute_ = 0.0;
  int count_ = 0;
};

using Values = std::vector<double>;
using BoundedValues = std::vector<Bounded>;

inline Values values_of(const BoundedValues& bounded) {
  Values values;
  for (const Bounded& b : bounded) values.push_back(b.value);
  return values;
}

inline Values widened(const std::vector<float>& values) {
  return Values(values.begin(), values.end());
}

inline std::size_t at2(int row, int col, int cols) {
  return static_cast<std::size_t>(row) * static_cast<std::size_t>(cols) +
         static_cast<std::size_t>(col);
}

namespace oracle {

// y (N, O) = x (N, I) weight^T + bias, with weight (O, I) as PyTorch stores it
inline BoundedValues dense_forward(const Values& x, const Values& weight, const Values& bias, int n,
                                   int i, int o) {
  BoundedValues y;
  for (int row = 0; row < n; ++row) {
    for (int col = 0; col < o; ++col) {
      Sum sum;
      sum.add(bias[static_cast<std::size_t>(col)]);
      for (int k = 0; k < i; ++k) sum.add(x[at2(row, k, i)] * weight[at2(col, k, i)]);
      y.push_back(sum.bounded());
    }
  }
  return y;
}

// dx (N, I) = dy (N, O) weight
inline BoundedValues dense_dx(const Values& dy, const Values& weight, int n, int i, int o) {
  BoundedValues dx;
  for (int row = 0; row < n; ++row) {
    for (int k = 0; k < i; ++k) {
      Sum sum;
      for (int col = 0; col < o; ++col) sum.add(dy[at2(row, col, o)] * weight[at2(col, k, i)]);
      dx.push_back(sum.bounded());
    }
  }
  return dx;
}

// dweight (O, I) = dy^T x
inline BoundedValues dense_dweight(const Values& x, const Values& dy, int n, int i, int o) {
  BoundedValues dweight;
  for (int col = 0; col < o; ++col) {
    for (int k = 0; k < i; ++k) {
      Sum sum;
      for (int row = 0; row < n; ++row) sum.add(dy[at2(row, col, o)] * x[at2(row, k, i)]);
      dweight.push_back(sum.bounded());
    }
  }
  return dweight;
}

// dbias (O) = column sums of dy
inline BoundedValues dense_dbias(const Values& dy, int n, int o) {
  BoundedValues dbias;
  for (int col = 0; col < o; ++col) {
    Sum sum;
    for (int row = 0; row < n; ++row) sum.add(dy[at2(row, col, o)]);
    dbias.push_back(sum.bounded());
  }
  return dbias;
}

struct Loss {
  double mean = 0.0;
  Values per_sample;     // (N)
  Values dlogits;        // (N, C), of the mean
  Values probabilities;  // (N, C)
  int correct = 0;       // rows whose largest logit, the first of equals, is the label's
};

// Softmax and the mean cross-entropy against labels.
inline Loss cross_entropy(const Values& logits, const std::vector<int>& labels, int n, int c) {
  Loss loss;
  for (int row = 0; row < n; ++row) {
    const double* z = &logits[at2(row, 0, c)];
    const double largest = *std::max_element(z, z + c);
    double total = 0.0;
    for (int k = 0; k < c; ++k) total += std::exp(z[k] - largest);
    const int label = labels[static_cast<std::size_t>(row)];
    loss.per_sample.push_back(std::log(total) - (z[label] - largest));
    loss.mean += loss.per_sample.back() / n;
    for (int k = 0; k < c; ++k) {
      const double p = std::exp(z[k] - largest) / total;
      loss.probabilities.push_back(p);
      loss.dlogits.push_back((p - (k == label ? 1.0 : 0.0)) / n);
    }
    loss.correct += static_cast<int>(std::max_element(z, z + c) - z) == label;
  }
  return loss;
}

// torch.optim.SGD, dampening 0: v = momentum v + g (v = g at first); p -= lr (nesterov ? g +
// momentum v : v)
struct Sgd {
  double lr = 0.1, momentum = 0.0;
  bool nesterov = false;
  Values velocity = {};

  void step(Values& p, const Values& g) {
    if (velocity.empty()) velocity.assign(p.size(), 0.0);
    for (std::size_t k = 0; k < p.size(); ++k) {
      velocity[k] = momentum * velocity[k] + g[k];
      p[k] -= lr * (nesterov ? g[k] + momentum * velocity[k] : velocity[k]);
    }
  }
};

// Kingma and Ba (2015), algorithm 1, with eps outside the corrected root as torch.optim.Adam has
// it.
struct Adam {
  double lr = 0.001, beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  Values m = {}, v = {};
  int t = 0;

  void step(Values& p, const Values& g) {
    if (m.empty()) {
      m.assign(p.size(), 0.0);
      v.assign(p.size(), 0.0);
    }
    ++t;
    const double correct1 = 1.0 - std::pow(beta1, t), correct2 = 1.0 - std::pow(beta2, t);
    for (std::size_t k = 0; k < p.size(); ++k) {
      m[k] = beta1 * m[k] + (1.0 - beta1) * g[k];
      v[k] = beta2 * v[k] + (1.0 - beta2) * g[k] * g[k];
      p[k] -= lr * (m[k] / correct1) / (std::sqrt(v[k] / correct2) + eps);
    }
  }
};

}  // namespace oracle

// (rows, cols) -> (cols, rows)
inline Values transposed(const Values& m, int rows, int cols) {
  Values t(m.size());
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < cols; ++c) t[at2(c, r, rows)] = m[at2(r, c, cols)];
  }
  return t;
}

}  // namespace reluscope::test
