// RReLU: training draws a slope for every element and step, evaluation uses the mean slope.
#include <cmath>

#include "backend/cpu/cpu_backend.h"
#include "core/rng.h"
#include "core/text.h"
#include "matrices.h"
#include "network.h"
#include "one_layer.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

constexpr float kLow = 0.1f, kHigh = 0.4f;

// The slope of element (row, col) of (N, features), computed from the documented keys.
float slope_of(std::uint64_t seed, std::uint32_t step, std::uint32_t layer, int row, int col,
               int features) {
  const Rng rng(seed, Purpose::kSlope, step);
  const auto draw =
      static_cast<std::uint64_t>(row) * static_cast<std::uint64_t>((features + 3) / 4) +
      static_cast<std::uint64_t>(col / 4);
  const std::uint32_t word =
      rng.bits((std::uint64_t{layer} << 32) + draw)[static_cast<std::size_t>(col % 4)];
  const float share = static_cast<float>(word >> 8) / 16777216.0f;
  const float product = (kHigh - kLow) * share;
  return kLow + product;
}

struct RandomPass {
  std::vector<float> y, dx;
};

RandomPass run(Backend& backend, const StepContext& context, int rows, int cols,
               const std::vector<float>& x, const std::vector<float>& dy) {
  const auto owned = parse_layer("rrelu " + number_text(static_cast<double>(kLow)) + " " +
                                     number_text(static_cast<double>(kHigh)),
                                 {.in = {cols}});
  const Layer& layer = *owned;
  Buffer scratch(layer.scratch_floats(rows));
  LayerSlices slices{.scratch = scratch.data()};
  const Panels px(rows, cols, x, 0.0f), pdy(rows, cols, dy, 0.0f);
  Panels y(rows, cols, kNan), dx(rows, cols, kNan);
  layer.forward({{backend, context, slices, {px.view(), 0.0f}}, y.view()});
  // Scratch memory is shared, so backward draws the slopes again.
  for (std::size_t k = 0; k < scratch.size(); ++k) scratch.data()[k] = 1e30f;
  layer.backward({{backend, context, slices, {px.view(), 0.0f}}, pdy.view(), dx.view()});
  CHECK(dx.padding_is_zero());
  CHECK((y.guard_is_intact() && dx.guard_is_intact()));
  return {y.logical(), dx.logical()};
}

}  // namespace

TEST_SUITE_BEGIN("reference");

TEST_CASE("rrelu in training: the slope that its keys say, forward and backward, on any threads") {
  const std::uint64_t seed = test_seed() + 71;
  TestRandom random(seed);
  for (const auto& size : {std::pair{1, 1}, {3, 5}, {7, 33}, {64, 47}, {65, 256}}) {
    const int rows = size.first, cols = size.second;
    const std::size_t n = area(rows, cols);
    std::vector<float> x = random.reals(n, -2.0, 2.0), dy = random.reals(n, -1.0, 1.0);
    x[0] = 0.0f;
    for (const StepContext& context :
         {StepContext{Mode::kTrain, 1, 0, 1}, StepContext{Mode::kTrain, 1, 4294967295u, 1},
          StepContext{Mode::kTrain, (std::uint64_t{1} << 40) + 3, 7, 63}}) {
      for (const std::string& simd : cpu::simd_names()) {
        for (const int threads : {1, 2}) {
          INFO("seed ", seed, ", ", simd, ", ", threads, " threads, (", rows, ", ", cols,
               "), step ", context.step);
          cpu::CpuBackend backend(simd, threads);
          const RandomPass pass = run(backend, context, rows, cols, x, dy);
          for (int row = 0; row < rows; ++row) {
            for (int col = 0; col < cols; ++col) {
              const std::size_t k = at2(row, col, cols);
              const float slope =
                  slope_of(context.seed, context.step, context.layer, row, col, cols);
              REQUIRE(pass.y[k] == (x[k] < 0.0f ? slope * x[k] : x[k]));
              REQUIRE(pass.dx[k] == dy[k] * (x[k] > 0.0f ? 1.0f : slope));
            }
          }
        }
      }
    }
  }
}

TEST_CASE("rrelu's slopes are even over the range, and others in every step, layer and seed") {
  cpu::CpuBackend backend;
  const int rows = 100, cols = 200;
  const std::vector<float> x(area(rows, cols), -1.0f), dy(area(rows, cols), 1.0f);
  const std::vector<float> first = run(backend, {Mode::kTrain, 1, 0, 1}, rows, cols, x, dy).dx;
  double mean = 0.0, square = 0.0;
  for (const float slope : first) {
    REQUIRE(slope >= kLow);
    REQUIRE(slope <= kHigh);
    mean += static_cast<double>(slope) / 20000.0;
    square += static_cast<double>(slope) * static_cast<double>(slope) / 20000.0;
  }
  // The deviation of a draw is 0.3 / sqrt(12), that of the mean of 20,000 a 141st of it; the
  // tolerance is five of those.
  CHECK(std::abs(mean - 0.25) < 5 * 0.3 / std::sqrt(12.0 * 20000.0));
  CHECK(std::sqrt(square - mean * mean) == doctest::Approx(0.3 / std::sqrt(12.0)).epsilon(0.02));
  for (const StepContext& other :
       {StepContext{Mode::kTrain, 1, 1, 1}, {Mode::kTrain, 1, 0, 2}, {Mode::kTrain, 2, 0, 1}}) {
    const std::vector<float> slopes = run(backend, other, rows, cols, x, dy).dx;
    int equal = 0;
    for (std::size_t k = 0; k < first.size(); ++k) equal += slopes[k] == first[k];
    CHECK(equal < 20);
  }
}

TEST_CASE("rrelu in evaluation has the mean slope and no randomness") {
  cpu::CpuBackend backend;
  const std::vector<float> x = {-2.0f, -0.5f, 0.0f, 1.5f}, dy = {1.0f, -2.0f, 3.0f, 4.0f};
  const RandomPass pass = run(backend, {Mode::kEvaluate, 1, 5, 1}, 2, 2, x, dy);
  const float mean = 0.5f * (kLow + kHigh);
  CHECK(pass.y == std::vector<float>{mean * x[0], mean * x[1], 0.0f, 1.5f});
  CHECK(pass.dx == std::vector<float>{mean, -2.0f * mean, 3.0f * mean, 4.0f});
}

// The whole network: the gradient of a step belongs to the loss of the same forward pass.
TEST_CASE("a model with rrelu: gradients equal central differences at the same step") {
  cpu::CpuBackend backend;
  TestRandom random(test_seed() + 72);
  Model model({.architecture = "dense 9 | rrelu | dense 8 | rrelu 0.2 0.9 | dense 3",
               .input = {1, 1, 5},
               .classes = 3,
               .init = "he_normal",
               .seed = 3,
               .train_rows = 6,
               .evaluate_rows = 6},
              backend);
  const Panels x(6, 5, random.reals(30, -1.5, 1.5), 0.0f);
  const std::uint8_t labels[] = {0, 1, 2, 0, 1, 2};
  const auto loss_at = [&](Mode mode, std::uint32_t step) {
    const ConstMatrixView logits = model.forward(mode, {x.view(), 0.0f}, step);
    float losses[6];
    std::uint8_t correct[6];
    backend.softmax_cross_entropy(
        {logits, labels, 1.0f / 6.0f, losses, correct, model.logits_gradient().data});
    double sum = 0.0;
    for (const float loss : losses) sum += static_cast<double>(loss);
    return sum / 6.0;
  };
  for (const std::uint32_t step : {0u, 17u}) {
    loss_at(Mode::kTrain, step);
    model.backward();
    const std::vector<float> gradients(model.gradients().begin(), model.gradients().end());
    for (const Model::Parameter& p : model.parameter_list()) {
      std::vector<float> values = Model::gather(p, model.parameters());
      const std::vector<float> slopes = Model::gather(p, gradients);
      for (std::size_t k = 0; k < values.size(); k += 3) {
        const float kept = values[k];
        double sides[2];
        for (const int side : {0, 1}) {
          values[k] = kept + (side == 0 ? -0x1p-8f : 0x1p-8f);
          Model::scatter(p, values, model.parameters());
          model.parameters_changed();
          sides[side] = loss_at(Mode::kTrain, step);
        }
        values[k] = kept;
        Model::scatter(p, values, model.parameters());
        model.parameters_changed();
        INFO(p.name, "[", k, "], step ", step);
        CHECK(std::abs((sides[1] - sides[0]) / 0x1p-7 - static_cast<double>(slopes[k])) < 5e-3);
      }
    }
  }
  CHECK(loss_at(Mode::kTrain, 1) != loss_at(Mode::kTrain, 2));
  CHECK(loss_at(Mode::kTrain, 1) == loss_at(Mode::kTrain, 1));
  CHECK(loss_at(Mode::kEvaluate, 1) == loss_at(Mode::kEvaluate, 2));
}

TEST_SUITE_END();
