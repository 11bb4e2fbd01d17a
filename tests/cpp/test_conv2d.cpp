// Convolution on every target, on one thread and two, compared with plain loops in double; all give
// equal bits.
#include "backend/cpu/cpu_backend.h"
#include "layers.h"
#include "nn/model.h"
#include "one_layer.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

struct Case {
  ImageSize in;
  int channels, kernel, stride, padding;
};

// Sizes at and around panels (32), their halves (16) and tiles; every stride, padding and kernel.
const Case kCases[] = {
    {{1, 1, 1, 1}, 1, 1, 1, 0},   {{2, 1, 5, 5}, 3, 3, 1, 1},   {{3, 3, 5, 5}, 17, 3, 1, 1},
    {{2, 17, 5, 3}, 3, 3, 2, 1},  {{2, 16, 7, 7}, 16, 3, 1, 1}, {{2, 32, 6, 5}, 64, 3, 1, 1},
    {{1, 33, 5, 5}, 33, 3, 1, 2}, {{2, 48, 4, 4}, 20, 1, 1, 0}, {{2, 5, 17, 17}, 5, 5, 2, 2},
    {{1, 3, 9, 8}, 40, 5, 1, 0},  {{1, 64, 9, 9}, 8, 3, 2, 1},  {{2, 1, 28, 28}, 32, 3, 1, 1},
    {{5, 3, 3, 3}, 4, 1, 2, 0},   {{1, 5, 1, 17}, 3, 1, 1, 2},  {{1, 3, 5, 5}, 3, 5, 1, 2},
    {{3, 17, 1, 1}, 17, 1, 1, 0}, {{2, 3, 6, 6}, 4, 2, 3, 0},   {{70, 3, 3, 3}, 5, 3, 1, 1},
};

Window window_of(const Case& c) {
  return {c.in.h, c.in.w, c.kernel, c.kernel, c.stride, c.padding};
}

struct Data {
  std::vector<float> x, weight, bias, dy;

  Data(TestRandom& random, const Case& c, const ImageSize& out)
      : x(random.reals(c.in.count())),
        weight(random.reals(static_cast<std::size_t>(c.channels * c.in.c * c.kernel * c.kernel))),
        bias(random.reals(static_cast<std::size_t>(c.channels))),
        dy(random.reals(out.count())) {}
};

struct Results {
  std::vector<float> y, after, dx, dx_before, dweight;
};

Results run(cpu::CpuBackend& backend, const Case& c, const Data& data) {
  const Window window = window_of(c);
  const ImageSize out = out_size(c.in, window, c.channels);
  const auto owned =
      parse_layer("conv " + std::to_string(c.channels) + "x" + std::to_string(c.kernel) + " s" +
                      std::to_string(c.stride) + " p" + std::to_string(c.padding),
                  {c.in.shape(), true});
  const Layer& layer = *owned;
  const ParameterSpec spec = layer.parameters()[0];
  const Model::Parameter weight{"weight", spec, 0};
  Panels w(spec.layout.rows, spec.layout.cols, 0.0f);
  const auto floats = w.layout().size();
  Model::scatter(weight, data.weight, {w.data(), floats});
  const Panels bias(1, c.channels, data.bias, 0.0f);
  const Panels x = image_panels(c.in, data.x, 1e30f), dy = image_panels(out, data.dy, 0.0f);
  backend.reserve(layer.workspace_floats());

  const ActivationId relu = find_activation("relu");
  Panels y(x.layout().rows / window.pixels() * window.out_pixels(), c.channels, kNan);
  Panels after(y.layout().rows, c.channels, kNan);
  Panels dx(x.layout().rows, c.in.c, kNan), dx_before(x.layout().rows, c.in.c, kNan);
  Panels dweight(spec.layout.rows, c.channels, kNan);
  Buffer turned(Layout{window.taps() * c.channels, c.in.c}.size());
  backend.convolve(window, x.view(), w.view(), bias.data(), y.view(),
                   {relu, nullptr, after.data()});
  backend.convolve_input_gradient(window, dy.view(), w.view(), dx.view(), turned.data(), {});
  // x serves as the input of relu: positive where relu passes it.
  backend.convolve_input_gradient(window, dy.view(), w.view(), dx_before.view(), turned.data(),
                                  {relu, nullptr, x.data()});
  ParameterUpdate update;
  update.gradient = dweight.data();
  backend.convolve_weight_gradient(window, x.view(), dy.view(), update);
  for (const Panels* p : {&y, &after, &dx, &dx_before, &dweight}) CHECK(p->guard_is_intact());
  for (const Panels* p : {&dx, &dx_before, &dweight}) CHECK(p->padding_is_zero());
  return {nchw_of(out, y), nchw_of(out, after), nchw_of(c.in, dx), nchw_of(c.in, dx_before),
          Model::gather(weight, {dweight.data(), floats})};
}

}  // namespace

TEST_SUITE_BEGIN("ops");

TEST_CASE("convolution and its gradients equal plain loops, the same bits on every target") {
  const std::uint64_t seed = test_seed() + 61;
  for (const Case& c : kCases) {
    const Window window = window_of(c);
    const ImageSize out = out_size(c.in, window, c.channels);
    TestRandom random(seed);
    const Data data(random, c, out);
    const oracle::Convolution expected =
        oracle::convolution(c.in, out, window, widened(data.x), widened(data.weight),
                            widened(data.bias), widened(data.dy));
    Results first;
    for (const std::string& simd : cpu::simd_names()) {
      for (const int threads : {1, 2}) {
        INFO("seed ", seed, ", ", simd, ", ", threads, " threads, (", c.in.n, ", ", c.in.c, ", ",
             c.in.h, ", ", c.in.w, "), conv ", c.channels, "x", c.kernel, " s", c.stride, " p",
             c.padding);
        cpu::CpuBackend backend(simd, threads);
        const Results found = run(backend, c, data);
        if (first.y.empty()) {
          first = found;
          REQUIRE(first_outside(found.y, expected.y) == "");
          REQUIRE(first_outside(found.dx, expected.dx) == "");
          REQUIRE(first_outside(found.dweight, expected.dweight) == "");
          for (std::size_t k = 0; k < found.y.size(); ++k) {
            REQUIRE(found.after[k] == (found.y[k] < 0.0f ? 0.0f : found.y[k]));
          }
          for (std::size_t k = 0; k < found.dx.size(); ++k) {
            REQUIRE(found.dx_before[k] == (data.x[k] > 0.0f ? found.dx[k] : 0.0f));
          }
        }
        REQUIRE(first_difference(found.y, first.y) == "");
        REQUIRE(first_difference(found.after, first.after) == "");
        REQUIRE(first_difference(found.dx, first.dx) == "");
        REQUIRE(first_difference(found.dx_before, first.dx_before) == "");
        REQUIRE(first_difference(found.dweight, first.dweight) == "");
      }
    }
  }
}

TEST_CASE("a convolution knows its shape, text, parameters and cost") {
  const auto owned = parse_layer("conv 8x5 s2 p1", {{3, 28, 20}, true});
  const Layer& layer = *owned;
  CHECK(layer.out_shape() == Shape{8, 13, 9});
  CHECK(layer.text() == "conv 8x5 s2 p1");
  CHECK(parse_layer("conv 8x5 s1 p0", {{3, 28, 20}, true})->text() == "conv 8x5");
  CHECK(layer.parameters()[0].shape == Shape{8, 3, 5, 5});
  CHECK(layer.parameters()[0].fan_in == 75);
  CHECK(layer.parameters()[0].fan_out == 200);
  CHECK(layer.multiply_adds() == 13 * 9 * 75 * 8);
}

TEST_CASE("weights go into and out of the stored order") {
  const auto owned = parse_layer("conv 35x3", {{5, 9, 9}, true});
  const Layer& layer = *owned;
  const Model::Parameter weight{"weight", layer.parameters()[0], 0};
  TestRandom random(test_seed());
  const std::vector<float> values = random.reals(35 * 5 * 9);
  Buffer stored(weight.spec.layout.size());
  Model::scatter(weight, values, {stored.data(), stored.size()});
  CHECK(first_difference(Model::gather(weight, {stored.data(), stored.size()}), values) == "");
  const ConstMatrixView w{stored.data(), weight.spec.layout};
  // (o, c, r, s) = (33, 4, 2, 1) is row (r * 3 + s) * 5 + c.
  CHECK(w.at((2 * 3 + 1) * 5 + 4, 33) == values[((33 * 5 + 4) * 3 + 2) * 3 + 1]);
}

TEST_SUITE_END();
