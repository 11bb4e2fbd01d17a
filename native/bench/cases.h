// Benchmark cases: the kernels at the sizes that training uses. Independent of any benchmark
// library: shared by the Google Benchmark program (main.cpp) and the plain program that also runs
// in Node and in browsers (rates.cpp).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "bench/peak.h"

namespace reluscope::bench {

struct Product {  // a dense product without bias or activation
  enum class Kind { kForward, kInputGradient, kWeightGradient };
  Kind kind;
  int n, in, out;

  double operations() const { return 2.0 * n * in * out; }
};

// Owns what a case works on, while it runs.
using Operands = std::vector<std::shared_ptr<void>>;

struct Case {
  std::string name;  // "forward 1"
  std::string size;  // "64x784 . 784x512"
  // Multiplications and additions of one run: of the product alone, for stored entries and without
  // padding. Fused optimizers and activations do not count. With a stream: the bytes that a run
  // must read and write. (The identity, whose slope is always 1, reads less.)
  double amount;
  // For kernels limited by memory: the same access pattern, over as many floats.
  std::optional<Stream> stream = {};
  std::size_t floats = 0;
  std::optional<Product> product = {};
  // Creates the function that runs the kernel on these operands. The backend must outlive both.
  std::function<Run(Backend&, Operands&)> make = {};

  const char* unit() const { return stream ? "GB/s" : "GFLOP/s"; }
  Meter peak(std::string_view simd, bool fused) const {
    return stream ? bench::stream(simd, *stream, floats) : arithmetic(simd, fused);
  }
};

std::vector<Case> kernel_cases();

// The same dense products by Eigen, compiled several times: without flags and for this machine.
struct EigenBuild {
  std::string name;  // "eigen avx2"
  std::string simd;  // of cpu::simd_names(): the target with whose peak it is compared
  bool fused;        // whether it fuses multiply and add
  Run (*make)(const Product& product);
};

}  // namespace reluscope::bench
