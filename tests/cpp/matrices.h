// Panel matrices for the kernel tests: filled from row-major values, padding filled on purpose,
// outputs poisoned, read back in logical order. And sparse lists of the same values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "backend/cpu/kernels.h"
#include "core/bits.h"
#include "core/tensor.h"
#include "oracle.h"
#include "support.h"

namespace reluscope::test {

// The kernels that promise the same bits, of every SIMD target here.
inline std::vector<const cpu::Kernels*> all_kernels() {
  std::vector<const cpu::Kernels*> kernels;
  for (const cpu::Target& target : cpu::available_targets()) kernels.push_back(target.separate);
  return kernels;
}

// A matrix with a buffer of its own, followed by guard floats that must stay as they are.
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

struct InputSizes {
  int samples, features;
};

// The lists of a matrix (samples, features), with gaps between them as a batcher leaves.
struct SparseInput {
  std::vector<SparseEntry> row_entries, column_entries;
  std::vector<std::uint32_t> row_begin, row_end, column_begin, column_end;
  InputSizes sizes;

  SparseInput(const std::vector<float>& x, const InputSizes& s) : sizes(s) {
    const SparseEntry gap = {0xFFFFFFFFu, kNan};  // whoever reads it crashes or is wrong
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

// "" if all bits agree, else where they first do not. NaN compares by bits as everything does.
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

// "" if every value is within 1e-5 of its scale, else the first that is not.
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
