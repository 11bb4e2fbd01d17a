// Backend on the CPU: picks a table of SIMD kernels and runs it.
#pragma once

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
  // threads, cores: see ThreadPool for how many it becomes. fused: multiply-adds in one rounding,
  // which gives other bits; throws Error where there are none.
  explicit CpuBackend(const std::string& simd = "auto", int threads = 1, bool fused = false,
                      int cores = 0);

  std::string_view device() const override { return "cpu"; }
  std::string_view target() const override { return kernels_->name; }
  int threads() const override { return pool_.size(); }
  void finish() override {}
  void offer(const Chores& chores) override { pool_.offer(chores); }
  void finish_chores() override { pool_.finish_chores(); }

  void matmul(const Signal& x, ConstMatrixView w, const float* start, MatrixView y,
              const ActivationAfter& after = {}) override;
  void input_gradient(ConstMatrixView dy, ConstMatrixView w, MatrixView dx, float* scratch,
                      const ActivationBefore& before = {}) override;
  void weight_gradient(const Signal& x, ConstMatrixView d, const float* start,
                       const ParameterUpdate& update, float* column_sums) override;
  void column_sums(ConstMatrixView x, float* sums) override;
  void scale_add(const float* a, float scale, const float* x, float* y, std::size_t n) override;
  double sum_of_squares(const float* x, std::size_t n) override;
  void clamp(float* x, float limit, std::size_t n) override;
  void activation_forward(ActivationId id, const float* p, const float* x, float* y,
                          std::size_t n) override;
  void activation_backward(ActivationId id, const float* p, const float* x, const float* dy,
                           float* dx, std::size_t n) override;
  void activation_parameter(ActivationId id, const float* p, const float* x, const float* dy,
                            float* products, std::size_t n) override;
  void softmax_cross_entropy(const SoftmaxLoss& args) override;
  void softmax(ConstMatrixView logits, MatrixView probabilities) override;
  void update(const ParameterUpdate& update, std::size_t n) override;

 private:
  int blocks_of_panel(const Layout& layout, int unit) const;
  // Of some rows of one panel; `start` points at that panel's columns.
  void gradient_then_update(const Signal& x, ConstMatrixView d, const float* start,
                            const ParameterUpdate& update, int panel, Rows rows);
  // work(panel, rows) on the panels of a matrix, cut into blocks of rows, multiples of unit, where
  // there are too few panels to keep all threads busy.
  template <class Work>
  void split_panels(const Layout& layout, int unit, double operations, const Work& work);
  // work(first, end) on shares of [0, count) that are multiples of unit, on all threads if
  // `operations` (multiply-adds or elements moved) is worth waking them.
  template <class Work>
  void split(int count, int unit, double operations, const Work& work);

  const Kernels* kernels_;
  ThreadPool pool_;
};

}  // namespace reluscope::cpu
