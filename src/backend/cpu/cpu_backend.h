// Backend on the CPU: selects a table of SIMD kernels and distributes its work over threads.
// Operations of one kernel are in this header.
#pragma once

#include <string>
#include <vector>

#include "backend/backend.h"
#include "backend/cpu/kernels.h"

namespace reluscope::cpu {

// The targets that this machine supports, fastest first: {"avx512", "avx2", "sse4", "scalar"}.
std::vector<std::string> simd_names();

// The number of floats in some rows of a panel, and the offset of the first.
inline std::size_t floats_of(const Layout& layout, int panel, Rows rows) {
  return static_cast<std::size_t>(rows.count()) *
         static_cast<std::size_t>(layout.panel_width(panel));
}
inline std::size_t offset_of(const Layout& layout, int panel, Rows rows) {
  return layout.index(rows.first, panel * kPanel);
}

// `each` operations for each float of a matrix.
inline double cost(const Layout& layout, double each = 4.0) {
  return each * static_cast<double>(layout.size());
}

class CpuBackend final : public Backend {
 public:
  // simd: "auto" or one of simd_names(). threads, cores: see ThreadPool. fused: use fused
  // multiply-adds, which give different bits. free_bytes: free memory as reported by the host.
  // Throws Error for an unknown or unsupported simd, for fused without such instructions, and if
  // the build or the process breaks IEEE arithmetic (contraction, reordering, flush to zero).
  explicit CpuBackend(const std::string& simd = "auto", int threads = 1, bool fused = false,
                      int cores = 0, double free_bytes = std::numeric_limits<double>::infinity());

  std::string_view device() const override { return "cpu"; }
  std::string_view target() const override { return kernels_->name; }
  int threads() const override { return pool_.size(); }
  double free_bytes() const override { return free_bytes_; }
  void finish() override {}
  void offer(const Chores& chores) override { pool_.offer(chores); }
  void finish_chores() override { pool_.finish_chores(); }

  void matmul(const Signal& x, ConstMatrixView w, const float* start, MatrixView y,
              const ActivationAfter& after = {}) override;
  void input_gradient(ConstMatrixView dy, ConstMatrixView w, MatrixView dx, float* scratch,
                      const ActivationBefore& before = {}) override;
  void weight_gradient(const Signal& x, ConstMatrixView d, const float* start,
                       const ParameterUpdate& update, float* column_sums) override;
  void column_sums(ConstMatrixView x, float* sums) override {
    split(x.layout.panels(), 1, cost(x.layout, 1.0),
          [&](Rows panels) { kernels_->column_sums(x, sums, panels); });
  }
  void scale_add(const float* a, float scale, const float* x, float* y, std::size_t n) override;
  double sum_of_squares(const float* x, std::size_t n) override;
  void clamp(float* x, float limit, std::size_t n) override;
  void activate_varied(ActivationOp op, ActivationId id, const VariedParameter& p,
                       ConstMatrixView x, ConstMatrixView dy, MatrixView out) override;
  void fill_uniform(const Rng& rng, std::uint32_t stream, float low, float high,
                    MatrixView y) override;
  void maxout_forward(ConstMatrixView x, int pieces, int area, MatrixView y) override;
  void maxout_backward(ConstMatrixView x, ConstMatrixView dy, int pieces, int area,
                       MatrixView dx) override;
  void activate(ActivationOp op, ActivationId id, const float* p, const float* x, const float* dy,
                float* out, std::size_t n) override {
    split_elements(n, [&](std::size_t first, std::size_t count) {
      kernels_->activation(op, id)(p, x + first, dy == nullptr ? nullptr : dy + first, out + first,
                                   count);
    });
  }
  void softmax_cross_entropy(const SoftmaxLoss& args) override {
    const int rows = args.logits.rows(), classes = args.logits.cols();
    split(rows, 16, 40.0 * rows * classes,
          [&](Rows samples) { kernels_->softmax_cross_entropy(args, samples); });
  }
  void softmax(ConstMatrixView logits, MatrixView probabilities) override {
    kernels_->softmax(logits, probabilities);
  }
  void add_penalty(const PenaltyGradient& args) override {
    const Layout& layout = args.weights.layout;
    split(layout.panels(), 1, cost(layout),
          [&](Rows panels) { kernels_->add_penalty(args, panels); });
  }
  void update(const ParameterUpdate& update, std::size_t n) override {
    split_elements(n, [&](std::size_t first, std::size_t count) {
      kernels_->update(update.from(first), count);
    });
  }
  void flatten(ConstMatrixView image, int pixels, MatrixView features) override {
    split(features.rows(), 1, cost(features.layout),
          [&](Rows samples) { kernels_->flatten(image, pixels, samples, features); });
  }
  void unflatten(ConstMatrixView features, int pixels, MatrixView image) override {
    split(features.rows(), 1, cost(image.layout),
          [&](Rows samples) { kernels_->unflatten(features, pixels, samples, image); });
  }
  // Each window moves about ten values.
  void pool(Pooling kind, const Window& window, ConstMatrixView x, MatrixView y) override {
    split(x.rows() / window.pixels(), 1, cost(x.layout),
          [&](Rows samples) { kernels_->pool[static_cast<int>(kind)](window, x, samples, y); });
  }
  void pool_backward(Pooling kind, const Window& window, ConstMatrixView x, ConstMatrixView dy,
                     MatrixView dx) override {
    split(x.rows() / window.pixels(), 1, cost(x.layout), [&](Rows samples) {
      kernels_->pool_backward[static_cast<int>(kind)](window, x, dy, samples, dx);
    });
  }
  // Sixteen draws for every four rows: about ten operations for each element.
  void dropout(const Dropping& dropping, ConstMatrixView x, MatrixView y) override {
    split(x.rows(), 4, cost(x.layout, 10.0),
          [&](Rows rows) { kernels_->dropout(dropping, x, rows, y.data); });
  }
  void run(const Operation& operation) override {
    std::visit(
        [&](const auto& op) {
          split(op.parts().count, op.parts().together, 4.0 * static_cast<double>(op.floats()),
                [&](Rows parts) { kernels_->run(operation, parts); });
        },
        operation);
  }

  // In cpu_layers.cpp:
  void reserve(std::size_t workspace_floats) override;
  void convolve(const Window& window, ConstMatrixView x, ConstMatrixView w, const float* bias,
                MatrixView y, const ActivationAfter& after = {}) override;
  void convolve_input_gradient(const Window& window, ConstMatrixView dy, ConstMatrixView w,
                               MatrixView dx, float* turned,
                               const ActivationBefore& before = {}) override;
  void convolve_weight_gradient(const Window& window, ConstMatrixView x, ConstMatrixView dy,
                                const ParameterUpdate& update) override;
  void batch_norm(const BatchNormalisation& norm, ConstMatrixView x, MatrixView y,
                  const ActivationAfter& after = {}) override;
  void batch_norm_backward(const BatchNormalisation& norm, ConstMatrixView x, ConstMatrixView dy,
                           MatrixView dx, float* dweight, float* dbias,
                           const ActivationBefore& before = {}) override;
  void long_column_sums(ConstMatrixView x, float* scratch, float* sums) override;

 private:
  // Apply a fused activation to some rows of a panel of the product, which are finished.
  void apply(const ActivationAfter& after, MatrixView y, int panel, Rows rows) const {
    if (after.id < 0) return;
    const std::size_t at = offset_of(y.layout, panel, rows);
    kernels_->activation(ActivationOp::kForward, after.id)(
        after.p, y.data + at, nullptr, after.y + at, floats_of(y.layout, panel, rows));
  }
  void apply(const ActivationBefore& before, MatrixView dx, int panel, Rows rows) const {
    if (before.id < 0) return;
    const std::size_t at = offset_of(dx.layout, panel, rows);
    kernels_->activation(ActivationOp::kBackward, before.id)(
        before.p, before.z + at, dx.data + at, dx.data + at, floats_of(dx.layout, panel, rows));
  }
  int blocks_of_panel(const Layout& layout, int unit) const;
  // Calls work(panel, rows) for the panels of a matrix. If there are too few panels for all
  // threads, splits them into blocks of rows that begin at multiples of unit.
  template <class Work>
  void split_panels(const Layout& layout, int unit, double operations, const Work& work);
  // Calls work(share) for shares of [0, count) that begin at multiples of unit. Uses all threads if
  // `operations` (multiply-adds or elements moved) justifies waking them.
  template <class Work>
  void split(int count, int unit, double operations, const Work& work) {
    split_numbered(count, unit, operations, [&](int, Rows share) { work(share); });
  }
  // Calls work(first, count) for shares of n elements of 10 operations each: they come from memory.
  template <class Work>
  void split_elements(std::size_t n, const Work& work) {
    split(static_cast<int>(n), kPad, 10.0 * static_cast<double>(n), [&](Rows share) {
      work(static_cast<std::size_t>(share.first), static_cast<std::size_t>(share.count()));
    });
  }
  // Like split(), with work(part, share): concurrent calls have different part numbers.
  template <class Work>
  void split_numbered(int count, int unit, double operations, const Work& work);
  // Calls work(panel, rows) for all blocks of kSumRows rows of all panels.
  template <class Work>
  void split_sums(const Layout& layout, const Work& work);
  // y = patches of x times w, and its activation, for convolve() and its input gradient.
  template <class Activation>
  void multiply_patches(const Patches& patches, ConstMatrixView x, ConstMatrixView w,
                        const float* bias, MatrixView y, const Activation& activation);
  float* workspace(int part) {
    return workspace_.data() + static_cast<std::size_t>(part) * workspace_floats_;
  }

  const Kernels* kernels_;
  ThreadPool pool_;
  double free_bytes_;
  Buffer workspace_;  // workspace_floats_ for each thread
  std::size_t workspace_floats_ = 0;
};

// Entering and leaving a parallel region costs about a microsecond: some 20,000 operations.
template <class Work>
void CpuBackend::split_numbered(int count, int unit, double operations, const Work& work) {
  constexpr double kWorthwhile = 40000;
  const int parts = pool_.size();
  if (parts == 1 || operations < kWorthwhile || count <= unit) return work(0, Rows{0, count});
  pool_.run([&](int part) {
    const Rows share{ThreadPool::share_begin(count, part, parts, unit),
                     ThreadPool::share_begin(count, part + 1, parts, unit)};
    if (share.count() > 0) work(part, share);
  });
}

}  // namespace reluscope::cpu
