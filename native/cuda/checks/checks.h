// Checks of the backend's operations. Each runs on the device and on the CPU with the same inputs
// and with outputs initialised to NaN, and compares the results. `gpu-selftest` runs the checks on
// the present machine, the tests run them on the emulator.
#pragma once

#include <cstdint>
#include <cstdio>
#include <deque>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "optim/optimizer.h"

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
  std::vector<std::uint8_t>& bytes() { return bytes_.emplace_back(); }
  // The parameters of an activation, in a Buffer if they are learnt, as layers hold them.
  const float* parameters(ActivationId id);

  struct Result {
    std::string name;
    std::vector<float> values;
    double terms = 0.0;
    ConstMatrixView from = {};  // still to be read, with its padding or without
    bool padded = false;
  };
  // The same for an array that the operation changes. terms: the magnitude of the terms, for sums
  // whose terms may cancel.
  void result(const std::string& name, ConstMatrixView m, bool padded = false, double terms = 0.0);
  // A result in host memory. Waits for all work, then copies the values.
  void host_result(const std::string& name, const std::vector<float>& values);

  // Waits for all work.
  const std::vector<Result>& results();

 private:
  std::uint64_t seed_;
  std::vector<Buffer> buffers_;
  std::deque<std::vector<std::uint8_t>> bytes_;
  std::deque<std::vector<float>> parameters_;  // that are not learnt
  std::vector<Result> results_;
};

// --- Shared by the checks: sizes, buffers of optimizers ---------------------------------------

struct Sizes {
  int n, in, out;
};
// Around the edges of panels and strips, and the sizes of the reference network.
inline constexpr Sizes kProducts[] = {{1, 1, 1},    {5, 16, 17},   {3, 17, 16},
                                      {33, 31, 33}, {7, 64, 32},   {13, 33, 48},
                                      {2, 100, 65}, {64, 784, 10}, {9, 97, 130}};
inline constexpr Sizes kShapes[] = {{1, 1, 0},   {2, 15, 0},  {3, 16, 0},   {5, 17, 0},
                                    {4, 31, 0},  {7, 32, 0},  {9, 33, 0},   {13, 48, 0},
                                    {33, 65, 0}, {64, 96, 0}, {129, 130, 0}};

// Every optimizer in each of its forms, at its third step. give_buffers() replaces the pointers
// that are not null.
inline std::vector<ParameterUpdate> all_updates() {
  std::vector<OptimizerOptions> forms(5);
  for (OptimizerOptions& form : forms) form.epsilon = 1e-6;
  forms[1].weight_decay = 0.02;
  forms[2].momentum = forms[3].momentum = forms[4].momentum = 0.9;
  forms[2].dampening = 0.3;
  forms[3].nesterov = true;
  forms[4].centered = true;
  std::vector<ParameterUpdate> updates;
  for (const OptimizerRow& row : optimizer_rows()) {
    for (const OptimizerOptions& form : forms) {
      const auto optimizer = make_optimizer(row.name, form, kPad);
      for (int step = 0; step < 3; ++step) optimizer->begin_step(0.01);
      updates.push_back(optimizer->update_at(0, nullptr, nullptr));
    }
  }
  return updates;
}

// n parameters, gradients and moments; the parameters and moments after the update are results.
inline void give_buffers(Bench& b, ParameterUpdate& u, std::size_t n) {
  const Layout row{1, static_cast<int>(n)};
  u.gradient = b.array(n, -1.0f, 1.0f);
  u.weights = b.array(n, -1.0f, 1.0f);
  b.result("weights", {u.weights, row});
  // The first may be a sum of squares, the second a mean of them; the third is below its root.
  constexpr float kRanges[kMostMoments][2] = {{0.5f, 1.0f}, {0.0f, 0.5f}, {-0.3f, 0.3f}};
  for (int k = 0; k < kMostMoments; ++k) {
    if (u.moments[k] == nullptr) continue;
    u.moments[k] = b.array(n, kRanges[k][0], kRanges[k][1]);
    b.result("moment", {u.moments[k], row});
  }
}

// --- The checks ----------------------------------------------------------------------------

struct Check {
  std::string name;  // the operation: "matmul"
  void (*run)(Bench&);
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

// Runs all checks on the present device, prints one line for each (unless out is null) and returns
// the failures: "matmul: y, element 3: ...".
std::vector<std::string> run_selftest(std::FILE* out);
// The same, unless a file in the user's cache records that it passed for this device and driver
// (key). Throws Error naming the first check that fails: the device must not be used.
void require_selftest(const std::string& key);

}  // namespace reluscope::cuda
