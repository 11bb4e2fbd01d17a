// Panel matrices for the kernel tests: filled from row-major values, with chosen padding and
// outputs set to NaN, and read in logical order. Sparse lists of the same values. Calls of kernels
// for pieces: some rows of one panel.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "backend/cpu/kernels.h"
#include "core/bytes.h"
#include "core/tensor.h"
#include "core/thread_pool.h"
#include "oracle.h"
#include "support.h"

namespace reluscope::test {

// The kernels with reproducible bits, for every SIMD target of this machine.
inline std::vector<const cpu::Kernels*> all_kernels() {
  std::vector<const cpu::Kernels*> kernels;
  for (const cpu::Target& target : cpu::available_targets()) kernels.push_back(target.separate);
  return kernels;
}

// A matrix that owns its memory, followed by guard floats that must not change.
class Panels {
 public:
  Panels(int rows, int cols, float fill)
      : layout_{rows, cols}, buffer_(align_up(layout_.size()) + kGuard) {
    for (std::size_t k = 0; k < buffer_.size(); ++k)
      buffer_.data()[k] = k < layout_.size() ? fill : kGuardValue;
  }
  // values (rows, cols) row-major; every padding float becomes `padding`
  Panels(int rows, int cols, const std::vector<float>& values, float padding)
      : Panels(rows, cols, padding) {
    for (int r = 0; r < rows; ++r) {
      for (int c = 0; c < cols; ++c) view().at(r, c) = values[at2(r, c, cols)];
    }
  }

  MatrixView view() { return {buffer_.data(), layout_}; }
  ConstMatrixView view() const { return {buffer_.data(), layout_}; }
  float* data() { return buffer_.data(); }
  const float* data() const { return buffer_.data(); }
  const Layout& layout() const { return layout_; }
  const Buffer& whole() const { return buffer_; }  // guard included

  std::vector<float> logical() const {
    std::vector<float> values;
    for (int r = 0; r < layout_.rows; ++r) {
      for (int c = 0; c < layout_.cols; ++c) values.push_back(buffer_.data()[layout_.index(r, c)]);
    }
    return values;
  }
  bool padding_is_zero() const {
    for (int r = 0; r < layout_.rows; ++r) {
      for (int c = layout_.cols; c < layout_.padded_cols(); ++c) {
        if (!(buffer_.data()[layout_.index(r, c)] == 0.0f)) return false;
      }
    }
    return true;
  }
  bool guard_is_intact() const {
    for (std::size_t k = layout_.size(); k < buffer_.size(); ++k) {
      if (buffer_.data()[k] != kGuardValue) return false;
    }
    return true;
  }

 private:
  static constexpr std::size_t kGuard = 64;
  static constexpr float kGuardValue = 12345.0f;
  Layout layout_;
  Buffer buffer_;
};

inline std::size_t area(int a, int b) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

// All floats of a matrix with its padding, on which kernels must agree too.
inline std::vector<float> everything(const Panels& m) {
  return {m.data(), m.data() + m.layout().size()};
}

inline std::vector<float> transposed_floats(const std::vector<float>& m, int rows, int cols) {
  std::vector<float> t(m.size());
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < cols; ++c) t[at2(c, r, rows)] = m[at2(r, c, cols)];
  }
  return t;
}

// The part of a result that one call of a kernel computes.
struct Piece {
  int panel;
  cpu::Rows rows;
};

// The offset of a piece, and its number of floats.
inline std::size_t begin_of(const Layout& layout, const Piece& piece) {
  return layout.panel_offset(piece.panel) + area(piece.rows.first, layout.panel_width(piece.panel));
}
inline std::size_t floats_of(const Layout& layout, const Piece& piece) {
  return area(piece.rows.end - piece.rows.first, layout.panel_width(piece.panel));
}

// All panels, each cut `parts` times at multiples of unit.
inline std::vector<Piece> pieces_of(const Layout& layout, int unit = 1, int parts = 1) {
  std::vector<Piece> pieces;
  for (int panel = 0; panel < layout.panels(); ++panel) {
    for (int part = 0; part < parts; ++part) {
      const cpu::Rows rows{ThreadPool::share_begin(layout.rows, part, parts, unit),
                           ThreadPool::share_begin(layout.rows, part + 1, parts, unit)};
      if (rows.first < rows.end) pieces.push_back({panel, rows});
    }
  }
  return pieces;
}

// Runs work() for one piece of y. False if it changes anything outside that piece.
template <class Work>
bool writes_only(const Piece& piece, const Panels& y, const Work& work) {
  const Buffer& now = y.whole();
  std::vector<float> expected(now.data(), now.data() + now.size());
  work();
  const std::size_t at = begin_of(y.layout(), piece), count = floats_of(y.layout(), piece);
  std::memcpy(expected.data() + at, now.data() + at, count * sizeof(float));
  return std::memcmp(expected.data(), now.data(), now.size() * sizeof(float)) == 0;
}

// Runs work(piece) for all pieces, alternately in both directions, because a write into another
// piece is visible only while that piece is still NaN. False if a piece wrote outside its own part.
template <class Work>
bool in_pieces(const Panels& y, int unit, int parts, const Work& work) {
  std::vector<Piece> pieces = pieces_of(y.layout(), unit, parts);
  if (parts % 2 == 0) std::reverse(pieces.begin(), pieces.end());
  bool kept = true;
  for (const Piece& piece : pieces) kept = writes_only(piece, y, [&] { work(piece); }) && kept;
  return kept;
}

// Whether a piece has the same bits in both matrices.
inline bool same_piece(const Piece& piece, const Panels& a, const Panels& b) {
  const std::size_t at = begin_of(a.layout(), piece);
  return std::memcmp(a.data() + at, b.data() + at, floats_of(a.layout(), piece) * sizeof(float)) ==
         0;
}

inline const float* columns_of(const float* start, int panel) {
  return start == nullptr ? nullptr : start + panel * kPanel;
}

// The products of the kernels for one piece of the result, or for all of it.
inline void matmul(const cpu::Kernels& kernels, const Piece& piece, ConstMatrixView x,
                   ConstMatrixView w, const float* start, MatrixView y) {
  kernels.matmul(x, piece.rows, w, piece.panel, columns_of(start, piece.panel),
                 y.data + begin_of(y.layout, piece));
}
inline void matmul(const cpu::Kernels& kernels, ConstMatrixView x, ConstMatrixView w,
                   const float* start, MatrixView y) {
  for (const Piece& piece : pieces_of(y.layout)) matmul(kernels, piece, x, w, start, y);
}
inline void sparse_matmul(const cpu::Kernels& kernels, const Piece& piece, const SparseLists& x,
                          ConstMatrixView w, const float* start, MatrixView y) {
  kernels.sparse_matmul(x, piece.rows, w, piece.panel, columns_of(start, piece.panel),
                        y.data + begin_of(y.layout, piece));
}
inline void weight_gradient(const cpu::Kernels& kernels, const Piece& piece, ConstMatrixView x,
                            ConstMatrixView d, const float* start, const ParameterUpdate& update) {
  kernels.weight_gradient(x, piece.rows, d, piece.panel, columns_of(start, piece.panel), update);
}
inline void weight_gradient(const cpu::Kernels& kernels, ConstMatrixView x, ConstMatrixView d,
                            const float* start, const ParameterUpdate& update) {
  for (const Piece& piece : pieces_of({x.cols(), d.cols()}))
    weight_gradient(kernels, piece, x, d, start, update);
}
// sums: column sums, written only by pieces that have all rows.
inline void sparse_weight_gradient(const cpu::Kernels& kernels, const Piece& piece,
                                   const SparseLists& columns, ConstMatrixView d,
                                   const float* start, const ParameterUpdate& update, float* sums) {
  const bool all = piece.rows.first == 0 && piece.rows.end == columns.count;
  kernels.sparse_weight_gradient(columns, piece.rows, d, piece.panel,
                                 columns_of(start, piece.panel), update,
                                 all && sums != nullptr ? sums + piece.panel * kPanel : nullptr);
}

// n floats in an aligned buffer, followed by NaN.
struct Row {
  static constexpr std::size_t kGuardFloats = 32;
  Buffer buffer;
  std::size_t n;

  explicit Row(std::size_t count, float fill = kNan)
      : buffer(align_up(count) + kGuardFloats), n(count) {
    for (std::size_t k = 0; k < buffer.size(); ++k) buffer.data()[k] = k < n ? fill : 777.0f;
  }
  explicit Row(const std::vector<float>& values) : Row(values.size()) {
    for (std::size_t k = 0; k < n; ++k) buffer.data()[k] = values[k];
  }
  float* data() { return buffer.data(); }
  const float* data() const { return buffer.data(); }
  std::vector<float> values() const { return {buffer.data(), buffer.data() + n}; }
  bool tail_is_intact() const {
    for (std::size_t k = n; k < buffer.size(); ++k) {
      if (buffer.data()[k] != 777.0f) return false;
    }
    return true;
  }
};

struct InputSizes {
  int samples, features;
};

// The lists of a matrix (samples, features), with gaps between them as in a batch.
struct SparseInput {
  std::vector<SparseEntry> row_entries, column_entries;
  std::vector<std::uint32_t> row_begin, row_end, column_begin, column_end;
  InputSizes sizes;

  SparseInput(const std::vector<float>& x, const InputSizes& s) : sizes(s) {
    const SparseEntry gap = {0xFFFFFFFFu, kNan};  // reading it crashes or gives a wrong result
    const auto add = [&](std::vector<SparseEntry>& to, int line, float value) {
      if (value != 0.0f) to.push_back({static_cast<std::uint32_t>(line * kPanel), value});
    };
    for (int r = 0; r < s.samples; ++r) {
      row_entries.push_back(gap);
      row_begin.push_back(static_cast<std::uint32_t>(row_entries.size()));
      for (int c = 0; c < s.features; ++c) add(row_entries, c, x[at2(r, c, s.features)]);
      row_end.push_back(static_cast<std::uint32_t>(row_entries.size()));
    }
    for (int c = 0; c < s.features; ++c) {
      column_entries.push_back(gap);
      column_begin.push_back(static_cast<std::uint32_t>(column_entries.size()));
      for (int r = 0; r < s.samples; ++r) add(column_entries, r, x[at2(r, c, s.features)]);
      column_end.push_back(static_cast<std::uint32_t>(column_entries.size()));
    }
    row_entries.push_back(gap);
    column_entries.push_back(gap);
  }
  SparseLists rows() const {
    return {row_entries.data(), row_begin.data(), row_end.data(), sizes.samples};
  }
  SparseLists columns() const {
    return {column_entries.data(), column_begin.data(), column_end.data(), sizes.features};
  }
  Signal signal(float offset = 0.0f) const {
    Signal signal{{nullptr, {sizes.samples, sizes.features}}, offset};
    signal.rows = rows();
    signal.columns = columns();
    return signal;
  }
};

// "" if all bits agree, else the first difference. NaN values are compared by bits too.
inline std::string first_difference(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return "sizes differ";
  for (std::size_t k = 0; k < a.size(); ++k) {
    if (bits_as<std::uint32_t>(a[k]) != bits_as<std::uint32_t>(b[k])) {
      return "element " + std::to_string(k) + ": " + std::to_string(a[k]) + " and " +
             std::to_string(b[k]);
    }
  }
  return "";
}

// "" if every value is within 1e-5 of its scale, else the first one that is not.
inline std::string first_outside(const std::vector<float>& actual, const BoundedValues& expected) {
  if (actual.size() != expected.size()) return "sizes differ";
  for (std::size_t k = 0; k < actual.size(); ++k) {
    const double error = std::abs(static_cast<double>(actual[k]) - expected[k].value);
    if (!(error <= 1e-5 * expected[k].scale)) {
      return "element " + std::to_string(k) + ": " + std::to_string(actual[k]) + " instead of " +
             std::to_string(expected[k].value) + ", scale " + std::to_string(expected[k].scale);
    }
  }
  return "";
}

}  // namespace reluscope::test
