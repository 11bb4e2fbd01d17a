// The bytes that a kernel must read and write at least, each place once: what its time is measured
// against. One function for the arguments of each kernel; caches may save some of it, never more is
// needed.
#pragma once

#include "cuda/kernels/kernels.h"

namespace reluscope::cuda {

inline double floats(double count) { return count * sizeof(float); }
inline double floats(const Layout& layout) { return floats(static_cast<double>(layout.size())); }

inline double traffic(const ScaleAdd& k) { return floats(k.n) * (k.a == nullptr ? 2 : 3); }
inline double traffic(const Clamp& k) { return floats(k.n) * 2; }
inline double traffic(const Activate& k) { return floats(k.n) * (k.dy == nullptr ? 2 : 3); }
inline double traffic(const ActivateVaried& k) {
  return floats(k.layout) * ((k.dy == nullptr ? 2 : 3) + (k.by_row ? 1 : 0)) +
         (k.by_row ? 0.0 : floats(k.layout.padded_cols()));
}
inline double traffic(const FinishProduct& k) {
  return floats(k.layout) * (k.out == nullptr ? 2 : 3) +
         (k.start == nullptr ? 0.0 : floats(k.layout.padded_cols()));
}
inline double traffic(const FinishInputGradient& k) {
  return floats(k.layout) * (k.z == nullptr ? 2 : 3);
}
inline double traffic(const Update& k) {
  const ParameterUpdate& u = k.update;
  int moments = 0;
  for (const float* const moment : u.moments) moments += moment != nullptr;
  const int written = u.stores() ? 1 : 2;  // the gradient, or weights read too
  return floats(k.n) * (1 + written + 2 * moments) +
         (k.start == nullptr ? 0.0 : floats(k.layout.padded_cols()));
}
inline double traffic(const FillUniform& k) { return floats(k.layout); }
inline double traffic(const Drop& k) { return floats(k.layout) * 2; }

inline double traffic(const MakeKeys& k) { return 16.0 * k.n; }
inline double traffic(const SortBlocks& k) { return 16.0 * k.n; }
inline double traffic(const SortPass& k) { return 16.0 * k.n; }
// A pixel is a byte, a sample's number four and its label one, read and written.
inline double traffic(const Gather& k) {
  const Gathering& g = k.gathering;
  return floats(g.to.layout) + static_cast<double>(g.to.rows()) * (g.pixels + 6);
}
inline double traffic(const DrawChanges& k) {
  return static_cast<double>(k.rows) * (sizeof(DrawnChanges) + 4);
}
inline double traffic(const SmoothRows& k) { return floats(2.0 * k.rows * k.height * k.width); }
// The fields are read by their columns, once each.
inline double traffic(const GatherAugmented& k) {
  const double fields =
      k.fields == nullptr ? 0.0 : floats(2.0 * k.gathering.to.rows() * k.gathering.pixels);
  return traffic(Gather{k.gathering}) + fields +
         static_cast<double>(k.gathering.to.rows()) * sizeof(DrawnChanges);
}
inline double traffic(const Pack& k) {
  return floats(k.layout) + floats(static_cast<double>(k.layout.rows) * k.stride);
}
inline double traffic(const CopyPatches& k) {
  const double written = static_cast<double>(k.rows) * k.stride;
  const double pixels = static_cast<double>(k.patches.source_height) * k.patches.source_width *
                        k.rows / (static_cast<double>(k.patches.height) * k.patches.width);
  return floats(written) + floats(pixels * k.layout.cols);
}
inline double traffic(const TurnTaps& k) { return floats(k.w_layout) + floats(k.turned_layout); }
inline double traffic(const Flatten& k) { return floats(k.image) + floats(k.features); }
inline double traffic(const Pool& k) { return floats(k.x_layout) + floats(k.y_layout); }
inline double traffic(const PoolBackward& k) {
  return floats(k.x_layout) * (k.max ? 2 : 1) + floats(k.y_layout);
}
inline double traffic(const Maxout& k) {
  return floats(k.x_layout) * (k.dy == nullptr ? 1 : 2) + floats(k.y_layout);
}

inline double traffic(const ColumnSums& k) { return floats(k.layout); }
inline double traffic(const BlockMoments& k) { return floats(k.layout); }
inline double traffic(const BlockProducts& k) { return floats(k.layout) * 2; }
inline double traffic(const TotalSums& k) { return floats((k.blocks + 1.0) * k.columns); }
inline double traffic(const TotalMoments& k) { return floats((2.0 * k.blocks + 6.0) * k.padded); }
inline double traffic(const TotalProducts& k) { return floats((2.0 * k.blocks + 4.0) * k.columns); }
inline double traffic(const NormaliseColumns& k) { return floats(k.layout) * 2; }
inline double traffic(const NormaliseColumnsBackward& k) { return floats(k.layout) * 3; }
template <class Op>
requires requires(const Op& op) { op.floats(); }
double traffic(const Op& op) { return floats(static_cast<double>(op.floats())); }
inline double traffic(const SumOfSquares& k) { return floats(k.n); }
inline double traffic(const AddPenalty& k) { return floats(k.penalty.weights.layout) * 3; }

inline double traffic(const SoftmaxCrossEntropy& k) {
  const Layout& layout = k.loss.logits.layout;
  return floats(layout) * (k.loss.dlogits == nullptr ? 1 : 2) + 6.0 * layout.rows;
}
inline double traffic(const Softmax& k) { return floats(k.layout) * 2; }

inline double traffic(const Product& p) {
  const auto matrix = [&p](std::int64_t stride, double rows, double cols) {
    return rows * cols * (stride == 0 ? 1 : p.batches);
  };
  return floats(matrix(p.stride_a, p.m, p.k) + matrix(p.stride_b, p.k, p.n) +
                static_cast<double>(p.m) * p.n * p.batches *
                    (p.accumulate || p.kept != nullptr ? 2 : 1) +
                (p.epilogue == Epilogue::kNone ? 0.0 : static_cast<double>(p.n) * p.batches));
}
inline double operations(const Product& p) { return 2.0 * p.m * p.n * p.k * p.batches; }

}  // namespace reluscope::cuda
