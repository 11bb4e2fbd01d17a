// Panel matrices for the kernel tests: filled from row-major values, padding filled on purpose,
// outputs poisoned, read back in logical order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/bits.h"
#include "core/tensor.h"
#include "oracle.h"
#include "support.h"

namespace reluscope::test {

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
