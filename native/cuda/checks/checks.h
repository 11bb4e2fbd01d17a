// Checks of the backend's operations. Each runs on the device and on the CPU with the same inputs
// and with outputs initialised to NaN, and compares the results. `gpu-selftest` runs the checks on
// the present machine, the tests run them on the emulator.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "backend/backend.h"

namespace reluscope::cuda {

// The environment of a check: makes the same inputs on every backend and collects results.
class Bench {
 public:
  Bench(Backend& backend, std::uint64_t seed) : backend(backend), seed_(seed) {}

  Backend& backend;

  float real(float low, float high);
  int below(int bound);
  // Values in [low, high), some of them exactly 0. The padding is 0.
  MatrixView random(int rows, int cols, float low = -1.0f, float high = 1.0f);
  MatrixView filled(int rows, int cols, float value);
  // Filled with NaN. The final content of an output is a result of the check; padded: including its
  // padding, which must be 0.
  MatrixView poisoned(int rows, int cols);
  MatrixView output(const std::string& name, int rows, int cols, bool padded = false);
  // n floats; the allocation is rounded up to a multiple of kPad.
  float* array(std::size_t n, float low, float high);
  float* poison(std::size_t n);
  // Bytes that live as long as the bench.
  std::vector<std::uint8_t>& bytes() {
    return *bytes_.emplace_back(std::make_unique<std::vector<std::uint8_t>>());
  }

  struct Result {
    std::string name;
    std::vector<float> values;
    double terms = 0.0;
  };
  // The same for an array that the operation changes. terms: the magnitude of the terms, for sums
  // whose terms may cancel.
  void result(const std::string& name, ConstMatrixView m, bool padded = false, double terms = 0.0);
  // A result in host memory. Waits for all work, then copies the values.
  void host_result(const std::string& name, const std::vector<float>& values);

  // Waits for all work.
  const std::vector<Result>& results();

 private:
  Buffer& make(std::size_t floats);

  std::uint64_t seed_;
  std::vector<std::unique_ptr<Buffer>> buffers_;
  std::vector<std::unique_ptr<std::vector<std::uint8_t>>> bytes_;
  std::vector<Result> results_;
  // Results to read: their index, the matrix, and whether with its padding.
  std::vector<std::tuple<std::size_t, ConstMatrixView, bool>> outputs_;
};

struct Check {
  std::string name;  // the operation: "matmul"
  std::function<void(Bench&)> run;
};

std::vector<Check> product_checks();  // checks_products.cpp, and so on
std::vector<Check> layer_checks();
std::vector<Check> data_checks();
std::vector<Check> all_checks();

// Describes the first difference, or returns "" if every value is within 1e-5 of the largest value
// of its result, or of `terms` if that is larger.
std::string difference(const std::vector<Bench::Result>& device,
                       const std::vector<Bench::Result>& reference);
// Runs a check on both backends and returns difference().
std::string run_check(const Check& check, Backend& device, Backend& reference, std::uint64_t seed);

}  // namespace reluscope::cuda
