// Pooling and flattening on every target and on two threads, compared with plain loops.
#include "backend/cpu/cpu_backend.h"
#include "layers.h"
#include "one_layer.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

struct PoolCase {
  ImageSize in;
  int kernel_height, kernel_width, stride;
};

const PoolCase kPoolCases[] = {{{1, 1, 1, 1}, 1, 1, 1},   {{2, 3, 5, 5}, 2, 2, 2},
                               {{3, 17, 7, 6}, 3, 3, 2},  {{2, 32, 6, 6}, 2, 2, 2},
                               {{2, 33, 5, 4}, 3, 3, 1},  {{9, 48, 7, 7}, 7, 7, 1},
                               {{2, 5, 3, 17}, 3, 17, 1}, {{1, 16, 8, 9}, 2, 2, 3}};

}  // namespace

TEST_SUITE_BEGIN("ops");

TEST_CASE("pooling and its gradients equal plain loops, the same bits on every target") {
  const std::uint64_t seed = test_seed() + 62;
  for (const Pooling kind : {Pooling::kMax, Pooling::kAverage}) {
    for (const PoolCase& c : kPoolCases) {
      TestRandom random(seed);
      const Window window{c.in.h, c.in.w, c.kernel_height, c.kernel_width, c.stride, 0};
      const ImageSize out = out_size(c.in, window, c.in.c);
      // Few distinct values, so that windows have several maxima.
      std::vector<float> x(c.in.count());
      for (float& value : x) value = static_cast<float>(random.below(4)) - 2.0f;
      const std::vector<float> dy = random.reals(out.count());
      const oracle::Pooled expected =
          oracle::pool(kind, c.in, out, window, widened(x), widened(dy));
      const Panels px = image_panels(c.in, x, 7.0f), pdy = image_panels(out, dy, 0.0f);
      std::vector<float> first_dx;
      for (const std::string& simd : cpu::simd_names()) {
        for (const int threads : {1, 2}) {
          INFO("seed ", seed, ", ", simd, ", ", threads, " threads, (", c.in.n, ", ", c.in.c, ", ",
               c.in.h, ", ", c.in.w, "), ", c.kernel_height, " x ", c.kernel_width, " s", c.stride);
          cpu::CpuBackend backend(simd, threads);
          Panels y(pdy.layout().rows, c.in.c, kNan), dx(px.layout().rows, c.in.c, kNan);
          backend.pool(kind, window, px.view(), y.view());
          backend.pool_backward(kind, window, px.view(), pdy.view(), dx.view());
          CHECK(y.guard_is_intact());
          CHECK(dx.guard_is_intact());
          CHECK(dx.padding_is_zero());
          const std::vector<float> found = nchw_of(c.in, dx);
          REQUIRE(first_apart(nchw_of(out, y), expected.y, 1e-6) == "");
          REQUIRE(first_apart(found, expected.dx, 1e-6) == "");
          if (first_dx.empty()) first_dx = found;
          REQUIRE(first_difference(found, first_dx) == "");
        }
      }
    }
  }
}

TEST_CASE("NaN in a window is its maximum, wherever it stands") {
  for (const std::string& simd : cpu::simd_names()) {
    cpu::CpuBackend backend(simd);
    for (int at = 0; at < 4; ++at) {
      std::vector<float> x = {3.0f, 1.0f, 2.0f, 4.0f};
      x[static_cast<std::size_t>(at)] = kNan;
      const Panels px = image_panels({1, 1, 2, 2}, x, 0.0f);
      Panels y(1, 1, 0.0f);
      backend.pool(Pooling::kMax, {2, 2, 2, 2, 2, 0}, px.view(), y.view());
      INFO(simd, ", NaN at ", at);
      CHECK(std::isnan(y.view().at(0, 0)));
    }
  }
}

TEST_CASE("flattening gives PyTorch's order, and back, with padding zero") {
  const std::uint64_t seed = test_seed() + 63;
  INFO("seed ", seed);
  TestRandom random(seed);
  for (const ImageSize& size :
       {ImageSize{1, 1, 1, 1}, ImageSize{3, 3, 5, 2}, ImageSize{2, 17, 3, 3},
        ImageSize{5, 64, 7, 7}, ImageSize{2, 33, 1, 1}}) {
    const std::vector<float> values = random.reals(size.count());
    const int features = size.c * size.h * size.w;
    for (const std::string& simd : cpu::simd_names()) {
      for (const int threads : {1, 2}) {
        cpu::CpuBackend backend(simd, threads);
        const Panels image = image_panels(size, values, 9.0f);
        Panels flat(size.n, features, kNan), back(image.layout().rows, size.c, kNan);
        backend.flatten(image.view(), size.h * size.w, flat.view());
        CHECK(flat.padding_is_zero());
        CHECK(flat.guard_is_intact());
        REQUIRE(first_difference(flat.logical(), values) == "");
        backend.unflatten(flat.view(), size.h * size.w, back.view());
        CHECK(back.padding_is_zero());
        CHECK(back.guard_is_intact());
        REQUIRE(first_difference(nchw_of(size, back), values) == "");
      }
    }
  }
}

TEST_CASE("pooling layers know their shapes and texts") {
  const Shape in = {6, 9, 8};
  CHECK(parse_layer("pool 2", {in, true})->out_shape() == Shape{6, 4, 4});
  CHECK(parse_layer("pool 2", {in, true})->text() == "pool 2");
  CHECK(parse_layer("avgpool 3 s2", {in, true})->out_shape() == Shape{6, 4, 3});
  CHECK(parse_layer("avgpool 3 s2", {in, true})->text() == "avgpool 3 s2");
  CHECK(parse_layer("gap", {in, true})->out_shape() == Shape{6, 1, 1});
  CHECK(parse_layer("gap", {in, true})->text() == "gap");
}

TEST_SUITE_END();
