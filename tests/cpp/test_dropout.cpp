// Dropout: the share that survives, the same mask in backward, different masks for each layer, step
// and seed, and the same bits on every target.
#include <set>

#include "backend/cpu/cpu_backend.h"
#include "core/text.h"
#include "matrices.h"
#include "nn/model.h"
#include "one_layer.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

std::vector<float> mask(Backend& backend, const StepContext& context, double probability, int rows,
                        int cols) {
  const auto owned = parse_layer("dropout " + number_text(probability), {.in = {cols}});
  const Layer& layer = *owned;
  const Panels ones(rows, cols, std::vector<float>(static_cast<std::size_t>(rows * cols), 1.0f),
                    1e30f);
  Panels y(rows, cols, kNan);
  LayerSlices slices{};
  layer.forward({{backend, context, slices, {ones.view()}}, y.view()});
  CHECK(y.guard_is_intact());
  return y.logical();
}

}  // namespace

TEST_SUITE_BEGIN("ops");

TEST_CASE("dropout keeps the share it should, scaled so that the mean stays") {
  cpu::CpuBackend backend;
  for (const double probability : {0.0, 0.1, 0.5, 0.9, 0.999}) {
    const int rows = 300, cols = 333;
    const std::vector<float> kept = mask(backend, {Mode::kTrain, 5, 3, 2}, probability, rows, cols);
    int count = 0;
    for (const float value : kept) {
      REQUIRE((value == 0.0f || close(value, 1.0 / (1.0 - probability), 1e-6)));
      count += value != 0.0f;
    }
    const auto size = static_cast<double>(kept.size());
    INFO(probability, ": ", count);
    CHECK(std::abs(count - size * (1.0 - probability)) <=
          5.0 * std::sqrt(size * probability * (1.0 - probability)));
    // All rows differ, and all columns.
    if (probability != 0.5) continue;
    for (int lag : {1, 2, 3, 4, 16, cols, 4 * cols}) {
      int same = 0;
      const int pairs = rows * cols - lag;
      for (int k = 0; k < pairs; ++k) {
        same += (kept[static_cast<std::size_t>(k)] != 0.0f) ==
                (kept[static_cast<std::size_t>(k + lag)] != 0.0f);
      }
      CHECK(std::abs(same - pairs / 2.0) <= 5.0 * std::sqrt(pairs / 4.0));
    }
  }
}

TEST_CASE("a dropout mask depends on seed, step and layer, and on no target or thread") {
  std::set<std::vector<float>> seen;
  for (const StepContext& context :
       {StepContext{Mode::kTrain, 1, 0, 0}, StepContext{Mode::kTrain, 2, 0, 0},
        StepContext{Mode::kTrain, std::uint64_t{1} << 32 | 1, 0, 0},
        StepContext{Mode::kTrain, 1, 1, 0}, StepContext{Mode::kTrain, 1, 0, 1}}) {
    std::vector<float> first;
    for (const std::string& simd : cpu::simd_names()) {
      for (const int threads : {1, 2}) {
        cpu::CpuBackend backend(simd, threads);
        const std::vector<float> found = mask(backend, context, 0.3, 257, 49);
        if (first.empty()) first = found;
        CHECK(first_difference(found, first) == "");
      }
    }
    seen.insert(first);
  }
  CHECK(seen.size() == 5);
}

TEST_CASE("an element's draw is the one that stands in the comment") {
  cpu::CpuBackend backend;
  const std::vector<float> found = mask(backend, {Mode::kTrain, 77, 4, 3}, 0.5, 9, 35);
  const Rng rng(77, Purpose::kDropout, 4);
  for (int r = 0; r < 9; ++r) {
    for (int c = 0; c < 35; ++c) {
      const auto draw = static_cast<std::uint64_t>(r / 4 * 35 + c);
      const std::uint32_t word =
          rng.bits((std::uint64_t{3} << 40) + draw)[static_cast<std::size_t>(r % 4)];
      REQUIRE((found[at2(r, c, 35)] != 0.0f) == (word >= 0x80000000u));
    }
  }
}

TEST_CASE("gradients pass where values passed, NaN is dropped, evaluation changes nothing") {
  const auto owned = parse_layer("dropout 0.4", {.in = {20}});
  const Layer& layer = *owned;
  TestRandom random(test_seed());
  const std::vector<float> values = random.reals(5 * 20, 1.0, 2.0);
  const Panels x(5, 20, values, 3.0f), dy(5, 20, values, 0.0f);
  for (const std::string& simd : cpu::simd_names()) {
    cpu::CpuBackend backend(simd);
    Panels y(5, 20, kNan), dx(5, 20, kNan);
    LayerSlices slices{};
    const StepContext train{Mode::kTrain, 9, 8, 7};
    layer.forward({{backend, train, slices, {x.view()}}, y.view()});
    layer.backward({{backend, train, slices, {x.view()}}, dy.view(), dx.view()});
    CHECK(first_difference(dx.logical(), y.logical()) == "");
    CHECK(dx.padding_is_zero());
    const Panels broken(5, 20, std::vector<float>(100, kNan), 0.0f);
    Panels z(5, 20, 1.0f);
    layer.forward({{backend, train, slices, {broken.view()}}, z.view()});
    const std::vector<float> lost = z.logical(), dropped = y.logical();
    for (std::size_t k = 0; k < 100; ++k) {
      CHECK((lost[k] == 0.0f) == (dropped[k] == 0.0f));
    }
    layer.forward({{backend, {Mode::kEvaluate, 9, 8, 7}, slices, {x.view()}}, y.view()});
    CHECK(first_difference(y.logical(), values) == "");
  }
}

TEST_SUITE_END();
