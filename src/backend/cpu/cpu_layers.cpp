// CpuBackend: convolution, pooling, normalisation and dropout, and how threads share their work.
#include <algorithm>

#include "backend/cpu/cpu_backend.h"
#include "backend/normalisation.h"

namespace reluscope {
namespace {

// The rows of a block of patches that fits the second-level cache, but at least the minimum.
constexpr int kPatchFloats = 1 << 15;

int patch_rows(int columns) {
  const int padded = Layout{1, columns}.padded_cols();
  return cpu::kPatchUnit * std::clamp(kPatchFloats / (cpu::kPatchUnit * padded), 1,
                                      cpu::kPatchRows / cpu::kPatchUnit);
}

std::size_t patch_floats(int columns) {
  return align_up(Layout{patch_rows(columns), columns}.size());
}

}  // namespace

std::size_t convolution_workspace(const Window& window, int channels, int out_channels) {
  return std::max(patch_floats(window.taps() * channels),
                  patch_floats(window.taps() * out_channels));
}

namespace cpu {

void CpuBackend::reserve(std::size_t workspace_floats) {
  if (workspace_floats <= workspace_floats_) return;
  workspace_floats_ = align_up(workspace_floats);
  workspace_ = Buffer(workspace_floats_ * static_cast<std::size_t>(pool_.size()));
}

template <class Activation>
void CpuBackend::multiply_patches(const Patches& patches, ConstMatrixView x, ConstMatrixView w,
                                  const float* bias, MatrixView y, const Activation& activation) {
  const int block_rows = patch_rows(w.rows());
  const double operations = static_cast<double>(y.rows()) * w.rows() * y.cols();
  split_numbered(y.rows(), kPatchUnit, operations, [&](int part, Rows share) {
    float* const block = workspace(part);
    for (int first = share.first; first < share.end; first += block_rows) {
      const Rows rows{first, std::min(first + block_rows, share.end)};
      const ConstMatrixView patch{block, {rows.count(), w.rows()}};
      kernels_->copy_patches(patches, x, rows, {0, patch.layout.panels()}, block);
      for (int panel = 0; panel < y.layout.panels(); ++panel) {
        kernels_->matmul(patch, {0, patch.rows()}, w, panel,
                         bias == nullptr ? nullptr : bias + panel * kPanel,
                         y.data + offset_of(y.layout, panel, rows));
        apply(activation, y, panel, rows);
      }
    }
  });
}

void CpuBackend::convolve(const Window& window, ConstMatrixView x, ConstMatrixView w,
                          const float* bias, MatrixView y, const ActivationAfter& after) {
  multiply_patches(Patches::forward(window), x, w, bias, y, after);
}

void CpuBackend::convolve_input_gradient(const Window& window, ConstMatrixView dy,
                                         ConstMatrixView w, MatrixView dx, float* turned,
                                         const ActivationBefore& before) {
  const MatrixView turned_w{turned, {window.taps() * dy.cols(), dx.cols()}};
  split(window.taps(), 1, cost(turned_w.layout),
        [&](Rows taps) { kernels_->turn_taps(w, taps, turned_w); });
  multiply_patches(Patches::backward(window), dy, turned_w, nullptr, dx, before);
}

// Every thread owns some rows of the gradient. It copies the columns of the patches that these rows
// need, and adds their products block by block.
void CpuBackend::convolve_weight_gradient(const Window& window, ConstMatrixView x,
                                          ConstMatrixView dy, const ParameterUpdate& update) {
  constexpr int kUnit = 8;  // whole tiles on every target
  const Layout layout{window.taps() * x.cols(), dy.cols()};
  const Patches patches = Patches::forward(window);
  const int block_rows = patch_rows(layout.rows);
  const double operations = static_cast<double>(dy.rows()) * layout.rows * dy.cols();
  split_numbered(layout.rows, kUnit, operations, [&](int part, Rows rows) {
    const Rows panels{rows.first / kPanel, (rows.end + kPanel - 1) / kPanel};
    for (int panel = 0; panel < layout.panels(); ++panel) {
      std::fill_n(update.gradient + offset_of(layout, panel, rows), floats_of(layout, panel, rows),
                  0.0f);
    }
    for (int first = 0; first < dy.rows(); first += block_rows) {
      const Rows pixels{first, std::min(first + block_rows, dy.rows())};
      const ConstMatrixView patch{workspace(part), {pixels.count(), layout.rows}};
      kernels_->copy_patches(patches, x, pixels, panels, workspace(part));
      for (int panel = 0; panel < layout.panels(); ++panel) {
        kernels_->add_gradient(patch, rows, dy.data + offset_of(dy.layout, panel, pixels),
                               layout.panel_width(panel),
                               update.gradient + layout.panel_offset(panel));
      }
    }
    for (int panel = 0; panel < layout.panels(); ++panel) {
      kernels_->update(update.from(offset_of(layout, panel, rows)), floats_of(layout, panel, rows));
    }
  });
}

template <class Work>
void CpuBackend::split_sums(const Layout& layout, const Work& work) {
  const int blocks = (layout.rows + kSumRows - 1) / kSumRows;
  split(blocks, 1, cost(layout), [&](Rows share) {
    for (int block = share.first; block < share.end; ++block) {
      const Rows rows{block * kSumRows, std::min((block + 1) * kSumRows, layout.rows)};
      for (int panel = 0; panel < layout.panels(); ++panel) work(block, panel, rows);
    }
  });
}

namespace {

// Two arrays. Each has one row of all columns for each block of rows, and a last row of totals.
struct BlockSums {
  std::size_t columns;
  int blocks;
  float *first, *second;

  BlockSums(const Layout& layout, float* scratch)
      : columns(static_cast<std::size_t>(layout.padded_cols())),
        blocks((layout.rows + kSumRows - 1) / kSumRows),
        first(scratch),
        second(scratch + batch_norm_scratch(layout) / 2) {}
  float* first_of(int block) const { return first + static_cast<std::size_t>(block) * columns; }
  float* second_of(int block) const { return second + static_cast<std::size_t>(block) * columns; }
  // The total of a column over all blocks.
  double total(const float* sums, std::size_t column) const {
    return scalar::over_blocks(sums + column, blocks, columns);
  }
};

}  // namespace

void CpuBackend::long_column_sums(ConstMatrixView x, float* scratch, float* sums) {
  const BlockSums partial(x.layout, scratch);
  split_sums(x.layout, [&](int block, int panel, Rows rows) {
    kernels_->block_sums(x, panel, rows, partial.first_of(block));
  });
  for (std::size_t c = 0; c < partial.columns; ++c) {
    sums[c] = static_cast<float>(partial.total(partial.first, c));
  }
}

void CpuBackend::batch_norm(const BatchNormalisation& norm, ConstMatrixView x, MatrixView y,
                            const ActivationAfter& after) {
  const BlockSums partial(x.layout, norm.scratch);
  if (norm.train) {
    split_sums(x.layout, [&](int block, int panel, Rows rows) {
      kernels_->block_moments(x, panel, rows, partial.first_of(block), partial.second_of(block));
    });
    *norm.batches += 1.0f;
  }
  for (auto c = static_cast<std::size_t>(x.cols()); c < partial.columns; ++c) {
    norm.mean[c] = norm.inverse_deviation[c] = 0.0f;  // so that y is 0 there
  }
  const scalar::ColumnMoments moments{.means = partial.first,
                                      .squares = partial.second,
                                      .stride = partial.columns,
                                      .blocks = partial.blocks,
                                      .rows = static_cast<double>(x.rows()),
                                      .block_rows = kSumRows};
  for (std::size_t c = 0; c < static_cast<std::size_t>(x.cols()); ++c) {
    scalar::column_moments(norm, moments, c);
  }
  split_sums(x.layout, [&](int, int panel, Rows part) {
    kernels_->normalise(norm, x, panel, part, y.data);
    apply(after, y, panel, part);
  });
}

// Gradients also flow through the mean and variance of a batch, but not through running statistics.
void CpuBackend::batch_norm_backward(const BatchNormalisation& norm, ConstMatrixView x,
                                     ConstMatrixView dy, MatrixView dx, float* dweight,
                                     float* dbias, const ActivationBefore& before) {
  const BlockSums partial(x.layout, norm.scratch);
  float* const dbias_share = partial.first_of(partial.blocks);
  float* const dweight_share = partial.second_of(partial.blocks);
  split_sums(x.layout, [&](int block, int panel, Rows rows) {
    kernels_->block_products(norm, x, dy, panel, rows, partial.first_of(block),
                             partial.second_of(block));
  });
  const double share = norm.train ? 1.0 / x.rows() : 0.0;
  for (std::size_t c = 0; c < partial.columns; ++c) {
    const double sum = partial.total(partial.first, c), products = partial.total(partial.second, c);
    dbias[c] = static_cast<float>(sum);
    dweight[c] = static_cast<float>(products);
    dbias_share[c] = static_cast<float>(sum * share);
    dweight_share[c] = static_cast<float>(products * share);
  }
  if (dx.data == nullptr) return;
  split_sums(x.layout, [&](int, int panel, Rows part) {
    kernels_->normalise_backward(norm, dbias_share, dweight_share, x, dy, panel, part, dx.data);
    apply(before, dx, panel, part);
  });
}

}  // namespace cpu
}  // namespace reluscope
