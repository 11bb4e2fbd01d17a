#include "cuda/checks/checks.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/text.h"

namespace reluscope::cuda {

// SplitMix64 (Steele, Lea, Flood 2014).
float Bench::real(float low, float high) {
  seed_ += 0x9E3779B97F4A7C15u;
  std::uint64_t z = seed_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  z ^= z >> 31;
  return low + (high - low) * (static_cast<float>(z >> 40) * 0x1p-24f);
}

int Bench::below(int bound) {
  return std::min(static_cast<int>(real(0.0f, 1.0f) * static_cast<float>(bound)), bound - 1);
}

MatrixView Bench::filled(int rows, int cols, float value) {
  const Layout layout{rows, cols};
  backend.finish();
  Buffer& buffer = buffers_.emplace_back(align_up(layout.size()), backend.memory());
  std::fill_n(buffer.data(), layout.size(), value);
  return {buffer.data(), layout};
}

MatrixView Bench::random(int rows, int cols, float low, float high) {
  const MatrixView m = filled(rows, cols, 0.0f);
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < cols; ++c) {
      if (const float value = real(low, high); below(8) > 0) m.at(r, c) = value;
    }
  }
  return m;
}

MatrixView Bench::poisoned(int rows, int cols) {
  return filled(rows, cols, std::numeric_limits<float>::quiet_NaN());
}

MatrixView Bench::output(const std::string& name, int rows, int cols, bool padded) {
  const MatrixView m = poisoned(rows, cols);
  result(name, m, padded);
  return m;
}

float* Bench::array(std::size_t n, float low, float high) {
  float* const values = filled(1, static_cast<int>(n), 0.0f).data;
  for (std::size_t i = 0; i < n; ++i) values[i] = real(low, high);
  return values;
}

float* Bench::poison(std::size_t n) { return poisoned(1, static_cast<int>(n)).data; }

const float* Bench::parameters(ActivationId id) {
  if (activation_learns(activation_info(id))) {
    float* const learnt = array(kPad, 0.0f, 0.0f);
    learnt[0] = 0.37f;
    return learnt;
  }
  std::vector<float>& fixed = parameters_.emplace_back();
  for (const ActivationParameter& p : activation_info(id).parameters) {
    fixed.push_back(static_cast<float>(p.initial));
  }
  return fixed.data();
}

void Bench::result(const std::string& name, ConstMatrixView m, bool padded, double terms) {
  results_.push_back({name, {}, terms, m, padded});
}

void Bench::host_result(const std::string& name, const std::vector<float>& values) {
  backend.finish();
  results_.push_back({name, values});
}

const std::vector<Bench::Result>& Bench::results() {
  backend.finish();
  for (Result& result : results_) {
    const ConstMatrixView m = std::exchange(result.from, {});
    for (int r = 0; r < m.rows(); ++r) {
      for (int c = 0; c < (result.padded ? m.layout.padded_cols() : m.cols()); ++c)
        result.values.push_back(m.at(r, c));
    }
  }
  return results_;
}

std::string difference(const std::vector<Bench::Result>& device,
                       const std::vector<Bench::Result>& reference) {
  for (std::size_t i = 0; i < reference.size(); ++i) {
    const auto& expected = reference[i].values;
    const auto& actual = device[i].values;
    double largest = std::max(1e-30, reference[i].terms);
    for (const float value : expected) {
      if (std::isfinite(value)) largest = std::max(largest, std::abs(static_cast<double>(value)));
    }
    for (std::size_t k = 0; k < expected.size(); ++k) {
      if (std::isnan(expected[k]) && std::isnan(actual[k])) continue;
      const double error =
          std::abs(static_cast<double>(actual[k]) - static_cast<double>(expected[k]));
      if (error <= 1e-5 * largest || actual[k] == expected[k]) continue;
      return reference[i].name + ", element " + std::to_string(k) + ": " +
             format("%.9g", static_cast<double>(actual[k])) + " instead of " +
             format("%.9g", static_cast<double>(expected[k])) + " (largest " +
             format("%.3g", largest) + ")";
    }
  }
  return "";
}

std::string run_check(const Check& check, Backend& device, Backend& reference, std::uint64_t seed) {
  Bench on_device(device, seed), on_reference(reference, seed);
  check.run(on_device);
  check.run(on_reference);
  return difference(on_device.results(), on_reference.results());
}

std::vector<Check> all_checks() {
  std::vector<Check> all;
  for (const auto& checks : {product_checks(), layer_checks(), data_checks()})
    all.insert(all.end(), checks.begin(), checks.end());
  return all;
}

}  // namespace reluscope::cuda
