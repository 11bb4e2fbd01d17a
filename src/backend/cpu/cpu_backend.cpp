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

const Target& find_target(const std::string& simd) {
  for (const Target& target : available_targets()) {
    if (simd == "auto" || simd == target.separate->name) return target;
  }
  throw Error("simd is " + in_quotes(simd) + ", but this machine and build have auto, " +
              join_or(simd_names()));
}

const Kernels* find_kernels(const std::string& simd, bool fused) {
  const Target& target = find_target(simd);
  if (!fused) return target.separate;
  if (target.fused == nullptr) {
    throw Error("fused is true, but " + std::string(target.separate->name) +
                " has no fused multiply-add: avx512, avx2 and neon have");
  }
  return target.fused;
}

}  // namespace

std::vector<std::string> simd_names() {
  std::vector<std::string> names;
  for (const Target& target : available_targets()) names.emplace_back(target.separate->name);
  return names;
}

CpuBackend::CpuBackend(const std::string& simd, int threads, bool fused)
    : kernels_(find_kernels(simd, fused)), pool_(threads), softmax_scratch_(256 * 16) {
  check_arithmetic();
}

// A region costs about a microsecond to enter and leave, which is some 20,000 operations.
template <class Work>
void CpuBackend::split(int count, int unit, double operations, const Work& work) {
  constexpr double kWorthwhile = 40000;
  const int parts = pool_.size();
  if (parts == 1 || operations < kWorthwhile || count <= unit) {
    work(0, count);
    return;
  }
  pool_.run([&](int part) {
    const int first = ThreadPool::share_begin(count, part, parts, unit);
    const int end = ThreadPool::share_begin(count, part + 1, parts, unit);
    if (first < end) work(first, end);
  });
}

void CpuBackend::run_parts(const PartWork& work) {
  const int parts = pool_.size();
  pool_.run([&](int part) { work(part, parts); });
}

void CpuBackend::matmul(const Signal& x, ConstMatrixView w, const float* start, MatrixView y) {
  const double operations = static_cast<double>(x.values.rows()) * w.rows() * y.cols();
  if (x.sparse()) {
    split(y.layout.panels(), 1, operations / 4, [&](int first, int end) {
      kernels_->sparse_matmul(x.rows, w, start, y, first, end);
    });
  } else {
    split(y.layout.panels(), 1, operations, [&](int first, int end) {
      kernels_->matmul(x.values, w, start, y, first, end);
    });
  }
}

void CpuBackend::weight_gradient(const Signal& x, ConstMatrixView d, const float* start,
                                 const ParameterUpdate& update, float* column_sums) {
  const double operations = static_cast<double>(x.values.cols()) * d.rows() * d.cols();
  if (update.kind == ParameterUpdate::Kind::kStore) column_sums = nullptr;
  if (x.sparse()) {
    split(d.layout.panels(), 1, operations / 4, [&](int first, int end) {
      kernels_->sparse_weight_gradient(x.columns, d, start, update, column_sums, first, end);
    });
    return;
  }
  split(d.layout.panels(), 1, operations, [&](int first, int end) {
    kernels_->weight_gradient(x.values, d, start, update, first, end);
    if (column_sums != nullptr) {
      kernels_->column_sums({update.weights, {x.values.cols(), d.cols()}}, column_sums, first, end);
    }
  });
}

void CpuBackend::transpose(ConstMatrixView x, MatrixView y) { kernels_->transpose(x, y); }

void CpuBackend::column_sums(ConstMatrixView x, float* sums) {
  split(x.layout.panels(), 1, static_cast<double>(x.layout.size()), [&](int first, int end) {
    kernels_->column_sums(x, sums, first, end);
  });
}

void CpuBackend::scale_add(const float* a, float scale, const float* x, float* y, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const float product = scale * x[i];
    y[i] = (a == nullptr ? 0.0f : a[i]) + product;
  }
}

// Elements are worth some ten operations each: they come from memory.
void CpuBackend::activation_forward(ActivationId id, const float* p, const float* x, float* y,
                                    std::size_t n) {
  split(static_cast<int>(n), kPad, 10.0 * static_cast<double>(n), [&](int first, int end) {
    kernels_->activation_forward[id](p, x + first, y + first, static_cast<std::size_t>(end - first));
  });
}

void CpuBackend::activation_backward(ActivationId id, const float* p, const float* x,
                                     const float* dy, float* dx, std::size_t n) {
  split(static_cast<int>(n), kPad, 10.0 * static_cast<double>(n), [&](int first, int end) {
    kernels_->activation_backward[id](p, x + first, dy + first, dx + first,
                                      static_cast<std::size_t>(end - first));
  });
}

void CpuBackend::activation_parameter(ActivationId id, const float* p, const float* x,
                                      const float* dy, float* products, std::size_t n) {
  split(static_cast<int>(n), kPad, 10.0 * static_cast<double>(n), [&](int first, int end) {
    kernels_->activation_parameter[id](p, x + first, dy + first, products + first,
                                       static_cast<std::size_t>(end - first));
  });
}

void CpuBackend::softmax_cross_entropy(const SoftmaxLoss& args) {
  kernels_->softmax_cross_entropy(args, softmax_scratch_.data());
}

void CpuBackend::softmax(ConstMatrixView logits, MatrixView probabilities) {
  kernels_->softmax(logits, probabilities, softmax_scratch_.data());
}

void CpuBackend::update(const ParameterUpdate& update, std::size_t n) {
  split(static_cast<int>(n), kPad, 10.0 * static_cast<double>(n), [&](int first, int end) {
    ParameterUpdate part = update;
    for (float** at : {&part.gradient, &part.weights, &part.moment1, &part.moment2}) {
      if (*at != nullptr) *at += first;
    }
    kernels_->update(part, static_cast<std::size_t>(end - first));
  });
}

}  // namespace reluscope::cpu
