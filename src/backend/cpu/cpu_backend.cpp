#include "backend/cpu/cpu_backend.h"

#include "core/error.h"
#include "core/text.h"

namespace reluscope::cpu {
namespace {

// Finds what silently breaks equal bits: a compiler that fuses or reorders, and a library that
// switched the process to flushing denormals. volatile keeps the compiler from answering.
void check_arithmetic() {
  volatile float a = 1.0f + 0x1p-12f, c = -(1.0f + 0x1p-11f);
  if (a * a + c != 0.0f) {  // exact product minus rounded one is 2^-24: only a fused one sees it
    throw Error("this build fuses multiply and add; compile with -ffp-contract=off");
  }
  volatile float big = 0x1p24f, one = 1.0f;
  if ((big + one) - big != 0.0f) {
    throw Error("this build reorders floating-point sums; compile without -ffast-math");
  }
  volatile float smallest = 0x1p-126f, half = 0.5f;
  if (smallest * half == 0.0f) {
    throw Error(
        "this process flushes denormal numbers to zero (some library in it was built with "
        "-ffast-math), so results would differ from other builds");
  }
}

const Kernels* find_kernels(const std::string& simd) {
  if (simd == "auto") return available_kernels().front();
  for (const Kernels* kernels : available_kernels()) {
    if (simd == kernels->name) return kernels;
  }
  throw Error("simd is " + in_quotes(simd) + ", but this machine and build have auto, " +
              join_or(simd_names()));
}

}  // namespace

std::vector<std::string> simd_names() {
  std::vector<std::string> names;
  for (const Kernels* kernels : available_kernels()) names.emplace_back(kernels->name);
  return names;
}

CpuBackend::CpuBackend(const std::string& simd)
    : kernels_(find_kernels(simd)), softmax_scratch_(256 * 16) {
  check_arithmetic();
}

void CpuBackend::matmul(ConstMatrixView x, ConstMatrixView w, const float* start, MatrixView y) {
  kernels_->matmul(x, w, start, y);
}

void CpuBackend::matmul_transposed(ConstMatrixView x, ConstMatrixView d, const float* start,
                                   MatrixView y) {
  kernels_->matmul_transposed(x, d, start, y);
}

void CpuBackend::transpose(ConstMatrixView x, MatrixView y) { kernels_->transpose(x, y); }

void CpuBackend::column_sums(ConstMatrixView x, float* sums) { kernels_->column_sums(x, sums); }

void CpuBackend::scale_add(const float* a, float scale, const float* x, float* y, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const float product = scale * x[i];
    y[i] = (a == nullptr ? 0.0f : a[i]) + product;
  }
}

void CpuBackend::activation_forward(ActivationId id, const float* p, const float* x, float* y,
                                    std::size_t n) {
  kernels_->activation_forward[id](p, x, y, n);
}

void CpuBackend::activation_backward(ActivationId id, const float* p, const float* x,
                                     const float* dy, float* dx, std::size_t n) {
  kernels_->activation_backward[id](p, x, dy, dx, n);
}

void CpuBackend::activation_parameter(ActivationId id, const float* p, const float* x,
                                      const float* dy, float* products, std::size_t n) {
  kernels_->activation_parameter[id](p, x, dy, products, n);
}

void CpuBackend::softmax_cross_entropy(const SoftmaxLoss& args) {
  kernels_->softmax_cross_entropy(args, softmax_scratch_.data());
}

void CpuBackend::softmax(ConstMatrixView logits, MatrixView probabilities) {
  kernels_->softmax(logits, probabilities, softmax_scratch_.data());
}

void CpuBackend::adam(const AdamStep& step, float* w, const float* g, float* m, float* v,
                      std::size_t n) {
  kernels_->adam(step, w, g, m, v, n);
}

void CpuBackend::sgd(const SgdStep& step, float* w, const float* g, float* momentum,
                     std::size_t n) {
  kernels_->sgd(step, w, g, momentum, n);
}

}  // namespace reluscope::cpu
