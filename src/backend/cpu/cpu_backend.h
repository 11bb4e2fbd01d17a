// Backend on the CPU: picks a table of SIMD kernels and runs it.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "backend/cpu/kernels.h"

namespace reluscope::cpu {

// What may be asked for on this machine, fastest first: {"avx512", "avx2", "sse4", "scalar"}.
std::vector<std::string> simd_names();

class CpuBackend final : public Backend {
 public:
  // simd: "auto" or one of simd_names(); anything else throws Error. Throws as well if the
  // build or the process breaks IEEE arithmetic (contraction, flush to zero), by name.
  explicit CpuBackend(const std::string& simd = "auto");

  std::string_view device() const override { return "cpu"; }
  std::string_view target() const override { return kernels_->name; }
  void finish() override {}

  void matmul(ConstMatrixView x, ConstMatrixView w, const float* start, MatrixView y) override;
  void matmul_transposed(ConstMatrixView x, ConstMatrixView d, const float* start,
                         MatrixView y) override;
  void transpose(ConstMatrixView x, MatrixView y) override;
  void column_sums(ConstMatrixView x, float* sums) override;
  void scale_add(const float* a, float scale, const float* x, float* y, std::size_t n) override;
  void activation_forward(ActivationId id, const float* p, const float* x, float* y,
                          std::size_t n) override;
  void activation_backward(ActivationId id, const float* p, const float* x, const float* dy,
                           float* dx, std::size_t n) override;
  void activation_parameter(ActivationId id, const float* p, const float* x, const float* dy,
                            float* products, std::size_t n) override;
  void softmax_cross_entropy(const SoftmaxLoss& args) override;
  void softmax(ConstMatrixView logits, MatrixView probabilities) override;
  void adam(const AdamStep& step, float* w, const float* g, float* m, float* v,
            std::size_t n) override;
  void sgd(const SgdStep& step, float* w, const float* g, float* momentum,
           std::size_t n) override;

 private:
  const Kernels* kernels_;
  Buffer softmax_scratch_;  // 256 classes at most * 16 samples
};

}  // namespace reluscope::cpu
