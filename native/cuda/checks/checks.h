// What the backend's operations are held to: each is run on the device and on the CPU with the same
// inputs, its outputs poisoned beforehand, and the results compared. One source for `gpu-selftest`,
// which runs on the machine at hand, and for the tests, which run on the emulator.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "backend/backend.h"

namespace reluscope::cuda {

// Where a check runs: it makes inputs, the same ones on every backend, and keeps results.
class Bench {
 public:
  Bench(Backend& backend, std::uint64_t seed) : backend(backend), seed_(seed) {}

  Backend& backend;

  float real(float low, float high);
  int below(int bound);
  // Values in [low, high); some exact zeros among them, and padding of 0.
  MatrixView random(int rows, int cols, float low = -1.0f, float high = 1.0f);
  MatrixView filled(int rows, int cols, float value);
  MatrixView poisoned(int rows, int cols);
  // n floats, a multiple of kPad of them allocated.
  float* array(std::size_t n, float low, float high);
  float* poison(std::size_t n);
  // Bytes that stay until the bench ends.
  std::vector<std::uint8_t>& bytes() {
    return *bytes_.emplace_back(std::make_unique<std::vector<std::uint8_t>>());
  }

  struct Result {
    std::string name;
    std::vector<float> values;
    double terms = 0.0;
  };
  // After finish(): the logical values, or all of them. padded: padding must be 0. terms: how large
  // the terms are that the values are sums of, where they may cancel.
  void result(const std::string& name, ConstMatrixView m, bool padded = false, double terms = 0.0);
  void result(const std::string& name, const float* values, std::size_t n);

  const std::vector<Result>& results() const { return results_; }

 private:
  Buffer& make(std::size_t floats);

  std::uint64_t seed_;
  std::vector<std::unique_ptr<Buffer>> buffers_;
  std::vector<std::unique_ptr<std::vector<std::uint8_t>>> bytes_;
  std::vector<Result> results_;
};

struct Check {
  std::string name;  // of the operation: "matmul"
  std::function<void(Bench&)> run;
};

std::vector<Check> product_checks();  // checks_products.cpp, and so on
std::vector<Check> layer_checks();
std::vector<Check> data_checks();
std::vector<Check> all_checks();

// "" or how the device's results differ from the reference's: every value within 1e-5 of the
// largest of its result, or of its terms.
std::string difference(const std::vector<Bench::Result>& device,
                       const std::vector<Bench::Result>& reference);
// Runs one on both.
std::string run_check(const Check& check, Backend& device, Backend& reference, std::uint64_t seed);

}  // namespace reluscope::cuda
