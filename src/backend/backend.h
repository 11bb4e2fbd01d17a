// The kernels a device must have. Layers and optimizers speak only to this; a second device
// implements it and nothing above changes. Work may be asynchronous: results are valid once
// finish() has returned.
//
// Matrices are in panels (core/tensor.h). Unless said otherwise outputs are overwritten and must
// not overlap inputs. Shape letters: N samples, I and O features in and out, C classes.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/tensor.h"
#include "nn/activation.h"

namespace reluscope {

struct AdamStep {  // scalars of one update, see optim/optimizer.cpp
  float beta1, one_minus_beta1, beta2, one_minus_beta2;
  float step_size;            // lr / (1 - beta1^t)
  float inverse_root_second;  // 1 / sqrt(1 - beta2^t)
  float epsilon;
};

struct SgdStep {
  float lr, momentum;
  bool nesterov;
};

struct SoftmaxLoss {
  ConstMatrixView logits;      // (N, C)
  const std::uint8_t* labels;  // (N)
  float gradient_scale;        // 1 / N for the gradient of the mean loss
  float* losses;               // (N) out
  std::uint8_t* correct;       // (N) out: 1 where the largest logit (the first of equals) is right
  float* dlogits;              // layout of logits, padding written as zero; null: not wanted
};

class Backend {
 public:
  virtual ~Backend() = default;

  virtual std::string_view device() const = 0;  // "cpu"
  virtual std::string_view target() const = 0;  // the instruction set: "avx2"
  virtual void finish() = 0;

  // y (N, O) = start (O; null: 0) + x (N, I) w (I, O).
  virtual void matmul(ConstMatrixView x, ConstMatrixView w, const float* start, MatrixView y) = 0;
  // y (I, O) = start (O; null: 0) + x (N, I) transposed, times d (N, O).
  virtual void matmul_transposed(ConstMatrixView x, ConstMatrixView d, const float* start,
                                 MatrixView y) = 0;
  // y = x transposed, padding zero.
  virtual void transpose(ConstMatrixView x, MatrixView y) = 0;
  // sums[c] = sum over the rows of x, row 0 first; as many as the padded columns.
  virtual void column_sums(ConstMatrixView x, float* sums) = 0;
  // y[i] = (a ? a[i] : 0) + scale * x[i]; y may be a or x.
  virtual void scale_add(const float* a, float scale, const float* x, float* y,
                         std::size_t n) = 0;

  // Element by element over n floats, n a multiple of kPad. p: the activation's parameters.
  virtual void activation_forward(ActivationId id, const float* p, const float* x, float* y,
                                  std::size_t n) = 0;
  // dx = dy f'(x).
  virtual void activation_backward(ActivationId id, const float* p, const float* x,
                                   const float* dy, float* dx, std::size_t n) = 0;
  // products = dy df/dp(x) for the learnable parameter p.
  virtual void activation_parameter(ActivationId id, const float* p, const float* x,
                                    const float* dy, float* products, std::size_t n) = 0;

  virtual void softmax_cross_entropy(const SoftmaxLoss& args) = 0;
  // probabilities (N, C) of logits (N, C), padding zero.
  virtual void softmax(ConstMatrixView logits, MatrixView probabilities) = 0;

  // Updates of n parameters, n a multiple of kPad: m and v are Adam's moments; momentum may be
  // null for plain SGD.
  virtual void adam(const AdamStep& step, float* w, const float* g, float* m, float* v,
                    std::size_t n) = 0;
  virtual void sgd(const SgdStep& step, float* w, const float* g, float* momentum,
                   std::size_t n) = 0;
};

}  // namespace reluscope
