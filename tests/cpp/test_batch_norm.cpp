// Batch, layer and group normalisation on every target and on two threads, against their formulas
// in double.
#include "backend/cpu/cpu_backend.h"
#include "layers.h"
#include "nn/model.h"
#include "one_layer.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

// More rows than one block of sums, and a last block of one; columns around a panel and its half.
const ImageSize kSizes[] = {{2, 1, 1, 1},  {3, 5, 1, 1},    {129, 17, 1, 1}, {64, 33, 1, 1},
                            {1, 3, 5, 17}, {3, 32, 11, 13}, {2, 48, 8, 8},   {5, 16, 1, 3}};

struct Arrays {
  Panels weight, bias, running_mean, running_var, mean, inverse, dweight, dbias;
  float batches = 0.0f;
  Buffer scratch;

  Arrays(const ImageSize& s, const std::vector<float>& w, const std::vector<float>& b, int rows)
      : weight(1, s.c, w, 0.0f),
        bias(1, s.c, b, 0.0f),
        running_mean(1, s.c, std::vector<float>(w.size(), 0.5f), 0.0f),
        running_var(1, s.c, std::vector<float>(w.size(), 2.0f), 0.0f),
        mean(1, s.c, kNan),
        inverse(1, s.c, kNan),
        dweight(1, s.c, kNan),
        dbias(1, s.c, kNan),
        scratch(batch_norm_scratch({rows, s.c})) {}
  BatchNormalisation arguments(bool train) {
    return {train,
            1e-5,
            0.1,
            weight.data(),
            bias.data(),
            running_mean.data(),
            running_var.data(),
            &batches,
            mean.data(),
            inverse.data(),
            scratch.data()};
  }
};

}  // namespace

TEST_SUITE_BEGIN("ops");

TEST_CASE("batch normalisation equals its formulas, the same bits on every target") {
  const std::uint64_t seed = test_seed() + 64;
  for (const ImageSize& size : kSizes) {
    for (const double shift : {0.0, 30.0}) {  // a mean far larger than the deviation
      TestRandom random(seed);
      const std::vector<float> x = random.reals(size.count(), shift - 1.0, shift + 1.0);
      const std::vector<float> dy = random.reals(size.count());
      const auto channels = static_cast<std::size_t>(size.c);
      const std::vector<float> w = random.reals(channels, 0.5, 1.5), b = random.reals(channels);
      const auto channel = [&](std::size_t k) {
        return k / static_cast<std::size_t>(size.h * size.w) % channels;
      };
      const oracle::Normalised expected = oracle::normalise(
          widened(x), widened(w), widened(b), widened(dy), channels, channel, channel);
      const Panels px = image_panels(size, x, 1e20f), pdy = image_panels(size, dy, 0.0f);
      const int rows = px.layout().rows;
      std::vector<float> first;
      for (const std::string& simd : cpu::simd_names()) {
        for (const int threads : {1, 2}) {
          INFO("seed ", seed, ", ", simd, ", ", threads, " threads, (", size.n, ", ", size.c, ", ",
               size.h, ", ", size.w, "), mean ", shift);
          cpu::CpuBackend backend(simd, threads);
          Arrays arrays(size, w, b, rows);
          Panels y(rows, size.c, kNan), after(rows, size.c, kNan), dx(rows, size.c, kNan);
          Panels dx_before(rows, size.c, kNan);
          const ActivationId relu = find_activation("relu");
          backend.batch_norm(arrays.arguments(true), px.view(), y.view(),
                             {relu, nullptr, after.data()});
          backend.batch_norm_backward(arrays.arguments(true), px.view(), pdy.view(), dx.view(),
                                      arrays.dweight.data(), arrays.dbias.data(), {});
          backend.batch_norm_backward(arrays.arguments(true), px.view(), pdy.view(),
                                      dx_before.view(), arrays.dweight.data(), arrays.dbias.data(),
                                      {relu, nullptr, y.data()});
          for (const Panels* p : {&y, &after, &dx, &dx_before}) CHECK(p->guard_is_intact());
          for (const Panels* p : {&dx, &dx_before, &arrays.dweight, &arrays.dbias})
            CHECK(p->padding_is_zero());
          std::vector<float> found = nchw_of(size, y);
          const std::vector<float> slopes = nchw_of(size, dx);
          const std::vector<float> activated = nchw_of(size, after),
                                   masked = nchw_of(size, dx_before);
          for (std::size_t k = 0; k < found.size(); ++k) {
            REQUIRE(activated[k] == (found[k] < 0.0f ? 0.0f : found[k]));
            REQUIRE(masked[k] == (found[k] > 0.0f ? slopes[k] : 0.0f));
          }
          found.insert(found.end(), slopes.begin(), slopes.end());
          for (const Panels* p :
               {&arrays.dweight, &arrays.dbias, &arrays.running_mean, &arrays.running_var}) {
            const std::vector<float> values = p->logical();
            found.insert(found.end(), values.begin(), values.end());
          }
          if (!first.empty()) {
            REQUIRE(first_difference(found, first) == "");
            continue;
          }
          first = found;
          REQUIRE(first_apart(nchw_of(size, y), expected.y, 1e-5) == "");
          REQUIRE(first_apart(arrays.dweight.logical(), expected.dweight, 1e-5) == "");
          REQUIRE(first_apart(arrays.dbias.logical(), expected.dbias, 1e-5) == "");
          if (rows > 2) REQUIRE(first_apart(slopes, expected.dx, 2e-5) == "");
          CHECK(arrays.batches == 1.0f);
          for (int c = 0; c < size.c; ++c) {
            const auto at = static_cast<std::size_t>(c);
            const double unbiased = expected.variance[at] * rows / (rows - 1);
            CHECK(close(arrays.running_mean.view().at(0, c), 0.45 + 0.1 * expected.mean[at], 1e-6));
            CHECK(close(arrays.running_var.view().at(0, c), 1.8 + 0.1 * unbiased, 1e-6));
          }
        }
      }
    }
  }
}

TEST_CASE("in evaluation batch normalisation uses its running statistics and keeps them") {
  const ImageSize size{3, 17, 2, 2};
  TestRandom random(test_seed() + 65);
  const std::vector<float> x = random.reals(size.count()), dy = random.reals(size.count());
  const std::vector<float> w = random.reals(17, 0.5, 1.5), b = random.reals(17);
  const Panels px = image_panels(size, x, 1e20f), pdy = image_panels(size, dy, 0.0f);
  for (const std::string& simd : cpu::simd_names()) {
    cpu::CpuBackend backend(simd);
    Arrays arrays(size, w, b, 12);
    Panels y(12, 17, kNan), dx(12, 17, kNan);
    backend.batch_norm(arrays.arguments(false), px.view(), y.view(), {});
    backend.batch_norm_backward(arrays.arguments(false), px.view(), pdy.view(), dx.view(),
                                arrays.dweight.data(), arrays.dbias.data(), {});
    const double inverse = 1.0 / std::sqrt(2.0 + 1e-5);
    for (int row = 0; row < 12; ++row) {
      for (int c = 0; c < 17; ++c) {
        const auto at = static_cast<std::size_t>(c);
        const double normal = (static_cast<double>(px.view().at(row, c)) - 0.5) * inverse;
        const double weight = static_cast<double>(w[at]), bias = static_cast<double>(b[at]);
        REQUIRE(close(y.view().at(row, c), normal * weight + bias, 1e-6));
        REQUIRE(close(dx.view().at(row, c),
                      static_cast<double>(pdy.view().at(row, c)) * weight * inverse, 1e-6));
      }
    }
    CHECK(arrays.batches == 0.0f);
    CHECK(arrays.running_mean.view().at(0, 16) == 0.5f);
    CHECK(arrays.running_var.view().at(0, 16) == 2.0f);
  }
}

TEST_CASE("layer normalisation equals its formulas, the same bits on every target") {
  const std::uint64_t seed = test_seed() + 66;
  for (const ImageSize& size : kSizes) {
    const int features = size.c * size.h * size.w;
    if (features == 1) continue;  // the variance is 0: all gradients are rounding errors
    for (const bool image : {false, true}) {
      TestRandom random(seed);
      const std::vector<float> x = random.reals(size.count(), 2.0, 4.0);
      const std::vector<float> dy = random.reals(size.count());
      const auto count = static_cast<std::size_t>(features);
      const std::vector<float> w = random.reals(count, 0.5, 1.5), b = random.reals(count);
      const oracle::Normalised expected = oracle::normalise(
          widened(x), widened(w), widened(b), widened(dy), static_cast<std::size_t>(size.n),
          [&](std::size_t k) { return k / count; }, [&](std::size_t k) { return k % count; });
      const auto owned = parse_layer("ln", {size.shape(), image});
      const Layer& layer = *owned;
      const ParameterSpec spec = layer.parameters()[0];
      const Model::Parameter parameter{"weight", spec, 0};
      const auto made = [&](const std::vector<float>& values, float padding) {
        return image ? image_panels(size, values, padding)
                     : Panels(size.n, features, values, padding);
      };
      const auto read = [&](const Panels& p) { return image ? nchw_of(size, p) : p.logical(); };
      const Panels px = made(x, 1e20f), pdy = made(dy, 0.0f);
      std::vector<float> first;
      for (const std::string& simd : cpu::simd_names()) {
        for (const int threads : {1, 2}) {
          INFO("seed ", seed, ", ", simd, ", ", threads, " threads, (", size.n, ", ", size.c, ", ",
               size.h, ", ", size.w, "), ", image ? "image" : "rows");
          cpu::CpuBackend backend(simd, threads);
          const std::size_t floats = align_up(spec.layout.size());
          Buffer weight(floats), bias(floats), dweight(floats), dbias(floats);
          Buffer scratch(layer.scratch_floats(size.n));
          Model::scatter(parameter, w, {weight.data(), floats});
          Model::scatter(parameter, b, {bias.data(), floats});
          const LayerNormalisation norm{.weight = {weight.data(), spec.layout},
                                        .bias = {bias.data(), spec.layout},
                                        .moments = scratch.data(),
                                        .epsilon = 1e-5};
          Panels y(px.layout().rows, px.layout().cols, kNan);
          Panels dx(px.layout().rows, px.layout().cols, kNan);
          backend.run(LayerNormForward{norm, px.view(), y.view()});
          backend.run(LayerNormBackward{norm, px.view(), pdy.view(), dx.data()});
          backend.run(
              LayerNormParameters{norm, px.view(), pdy.view(), dweight.data(), dbias.data()});
          CHECK(y.guard_is_intact());
          CHECK(dx.guard_is_intact());
          CHECK(dx.padding_is_zero());
          const std::vector<float> parts[] = {read(y), read(dx),
                                              Model::gather(parameter, {dweight.data(), floats}),
                                              Model::gather(parameter, {dbias.data(), floats})};
          std::vector<float> found;
          for (const auto& part : parts) found.insert(found.end(), part.begin(), part.end());
          if (!first.empty()) {
            REQUIRE(first_difference(found, first) == "");
            continue;
          }
          first = found;
          REQUIRE(first_apart(parts[0], expected.y, 1e-5) == "");
          REQUIRE(first_apart(parts[1], expected.dx, 1e-5) == "");
          REQUIRE(first_apart(parts[2], expected.dweight, 1e-5) == "");
          REQUIRE(first_apart(parts[3], expected.dbias, 1e-5) == "");
        }
      }
    }
  }
}

TEST_CASE("group normalisation equals its formulas, the same bits on every target") {
  const std::uint64_t seed = test_seed() + 68;
  for (const ImageSize& size : kSizes) {
    for (int groups = 1; groups <= size.c; ++groups) {
      const auto pixels = static_cast<std::size_t>(size.h * size.w);
      const auto count = static_cast<std::size_t>(size.c / groups) * pixels;
      if (size.c % groups != 0 || count == 1) continue;  // of one number the variance is 0
      TestRandom random(seed);
      const auto channels = static_cast<std::size_t>(size.c);
      const std::vector<float> x = random.reals(size.count(), 2.0, 4.0);
      const std::vector<float> dy = random.reals(size.count());
      const std::vector<float> w = random.reals(channels, 0.5, 1.5), b = random.reals(channels);
      const oracle::Normalised expected = oracle::normalise(
          widened(x), widened(w), widened(b), widened(dy),
          static_cast<std::size_t>(size.n * groups), [&](std::size_t k) { return k / count; },
          [&](std::size_t k) { return k / pixels % channels; });
      const Panels px = image_panels(size, x, 1e20f), pdy = image_panels(size, dy, 0.0f);
      const Panels weight(1, size.c, w, 0.0f), bias(1, size.c, b, 0.0f);
      std::vector<float> first;
      for (const std::string& simd : cpu::simd_names()) {
        for (const int threads : {1, 2}) {
          INFO("seed ", seed, ", ", simd, ", ", threads, " threads, (", size.n, ", ", size.c, ", ",
               size.h, ", ", size.w, "), ", groups, " groups");
          cpu::CpuBackend backend(simd, threads);
          Panels y(px.layout().rows, size.c, kNan), dx(px.layout().rows, size.c, kNan);
          Panels sums(2 * size.n, size.c, kNan), dweight(1, size.c, kNan), dbias(1, size.c, kNan);
          const GroupNormalisation norm{.weight = weight.data(),
                                        .bias = bias.data(),
                                        .epsilon = 1e-5,
                                        .groups = groups,
                                        .pixels = size.h * size.w};
          backend.run(GroupNormForward{norm, px.view(), y.view()});
          backend.run(GroupNormBackward{norm, px.view(), pdy.view(), dx.data(), sums.view()});
          backend.run(GroupNormParameters{sums.view(), dweight.data(), dbias.data()});
          for (const Panels* p : {&y, &dx, &dweight, &dbias}) CHECK(p->guard_is_intact());
          for (const Panels* p : {&dx, &dweight, &dbias}) CHECK(p->padding_is_zero());
          const std::vector<float> parts[] = {nchw_of(size, y), nchw_of(size, dx),
                                              dweight.logical(), dbias.logical()};
          std::vector<float> found;
          for (const auto& part : parts) found.insert(found.end(), part.begin(), part.end());
          if (!first.empty()) {
            REQUIRE(first_difference(found, first) == "");
            continue;
          }
          first = found;
          REQUIRE(first_apart(parts[0], expected.y, 1e-5) == "");
          if (count > 2)
            REQUIRE(first_apart(parts[1], expected.dx, 2e-5) == "");  // nearly all cancels
          REQUIRE(first_apart(parts[2], expected.dweight, 1e-5) == "");
          REQUIRE(first_apart(parts[3], expected.dbias, 1e-5) == "");
        }
      }
    }
  }
}

TEST_CASE("sums over many rows are exact to a few units whatever the threads") {
  const std::uint64_t seed = test_seed() + 67;
  INFO("seed ", seed);
  TestRandom random(seed);
  const int rows = 50177, cols = 3;
  const std::vector<float> values = random.reals(static_cast<std::size_t>(rows * cols), 0.0, 1.0);
  const Panels x(rows, cols, values, 0.0f);
  for (const int threads : {1, 2}) {
    cpu::CpuBackend backend("auto", threads);
    Buffer scratch(batch_norm_scratch(x.layout())), sums(kPad);
    backend.long_column_sums(x.view(), scratch.data(), sums.data());
    for (int c = 0; c < cols; ++c) {
      double sum = 0.0;
      for (int r = 0; r < rows; ++r) sum += static_cast<double>(x.view().at(r, c));
      CHECK(std::abs(static_cast<double>(sums.data()[c]) - sum) <= 1e-6 * sum);
    }
  }
}

TEST_SUITE_END();
