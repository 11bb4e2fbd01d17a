// Activations with a parameter for every column or element, uniform draws, maxout, penalties, and
// the loss with smoothing and weights: every SIMD target and one and two threads against double,
// with equal bits. And no activation makes a denormal number out of an ordinary one.
#include <cmath>
#include <map>

#include "backend/cpu/cpu_backend.h"
#include "core/rng.h"
#include "matrices.h"
#include "nn/activation.h"
#include "parameter_slope.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

const std::vector<std::pair<int, int>> kMatrixSizes = {{1, 1},   {2, 15},  {3, 16},  {5, 17},
                                                       {4, 31},  {7, 32},  {9, 33},  {13, 48},
                                                       {33, 65}, {64, 96}, {65, 130}};

// check(backend, same): `same` compares with what the first backend gave under that name.
template <class Check>
void on_each_alike(const Check& check) {
  std::map<std::string, std::vector<float>> kept;
  const auto same = [&kept](const std::string& name, const std::vector<float>& values) {
    const auto [at, is_new] = kept.try_emplace(name, values);
    return is_new ? std::string() : first_difference(values, at->second);
  };
  for (const std::string& simd : cpu::simd_names()) {
    for (const int threads : {1, 2}) {
      INFO(simd, ", ", threads, " threads");
      cpu::CpuBackend backend(simd, threads);
      check(backend, same);
    }
  }
}

}  // namespace

TEST_SUITE_BEGIN("ops");

TEST_CASE("varied activations: the parameter of each column or element against double") {
  const std::uint64_t seed = test_seed() + 81;
  TestRandom random(seed);
  int seen = 0;
  for (ActivationId id = 0; id < activation_count(); ++id) {
    const ActivationInfo& info = activation_info(id);
    if (!activation_varies(info)) continue;
    ++seen;
    for (const auto& size : kMatrixSizes) {
      const int rows = size.first, cols = size.second;
      for (const bool by_row : {false, true}) {
        INFO("seed ", seed, ", ", info.name, ", (", rows, ", ", cols, "), by row ", by_row);
        const int p_rows = by_row ? rows : 1;
        const Panels x(rows, cols, random.reals(area(rows, cols), -4.0, 4.0), 0.0f),
            dy(rows, cols, random.reals(area(rows, cols), -2.0, 2.0), 0.0f),
            p(p_rows, cols, random.reals(area(p_rows, cols), -1.0, 1.5), 0.0f);
        on_each_alike([&](Backend& backend, const auto& same) {
          const VariedParameter parameter{p.data(), by_row};
          Panels y(rows, cols, kNan), dx(rows, cols, kNan), products(rows, cols, kNan);
          backend.activate_varied(ActivationOp::kForward, id, parameter, x.view(), {}, y.view());
          backend.activate_varied(ActivationOp::kBackward, id, parameter, x.view(), dy.view(),
                                  dx.view());
          backend.activate_varied(ActivationOp::kParameter, id, parameter, x.view(), dy.view(),
                                  products.view());
          for (int r = 0; r < rows; ++r) {
            for (int c = 0; c < cols; ++c) {
              const double at = static_cast<double>(x.view().at(r, c)),
                           slope = static_cast<double>(dy.view().at(r, c));
              const Values all(info.parameters.size(),
                               static_cast<double>(p.view().at(by_row ? r : 0, c)));
              REQUIRE(close(static_cast<double>(y.view().at(r, c)), activation_value(id, at, all),
                            1e-5));
              REQUIRE(close(static_cast<double>(dx.view().at(r, c)),
                            slope * activation_derivative(id, at, all), 1e-5));
              REQUIRE(close(static_cast<double>(products.view().at(r, c)),
                            slope * activation_parameter_derivative(id, at, all), 1e-5));
            }
          }
          CHECK((dx.padding_is_zero() && products.padding_is_zero()));
          CHECK((y.guard_is_intact() && dx.guard_is_intact() && products.guard_is_intact()));
          CHECK(same("y", y.logical()) == "");
          CHECK(same("dx", dx.logical()) == "");
          CHECK(same("products", products.logical()) == "");
          // In place, as layers may.
          Panels over(rows, cols, dy.logical(), 0.0f);
          backend.activate_varied(ActivationOp::kBackward, id, parameter, x.view(), over.view(),
                                  over.view());
          CHECK(first_difference(over.logical(), dx.logical()) == "");
        });
      }
    }
  }
  CHECK(seen >= 3);
}

TEST_CASE("one parameter everywhere gives the bits of the activation that has one") {
  TestRandom random(test_seed() + 82);
  cpu::CpuBackend backend;
  for (ActivationId id = 0; id < activation_count(); ++id) {
    if (!activation_learns(activation_info(id))) continue;
    CAPTURE(activation_info(id).name);
    const Panels x(9, 47, random.reals(9 * 47, -3.0, 3.0), 0.0f);
    const float p = 0.3f;
    const Panels row(1, 47, std::vector<float>(47, p), 0.0f);
    Panels plain(9, 47, kNan), varied(9, 47, kNan);
    backend.activate(ActivationOp::kForward, id, &p, x.data(), nullptr, plain.data(),
                     x.layout().size());
    backend.activate_varied(ActivationOp::kForward, id, {row.data(), false}, x.view(), {},
                            varied.view());
    CHECK(first_difference(varied.logical(), plain.logical()) == "");
  }
}

TEST_CASE("uniform draws: the same in any part, within their range, and none twice") {
  const Rng rng(5, Purpose::kSlope, 3);
  for (const auto& size : kMatrixSizes) {
    const int rows = size.first, cols = size.second;
    CAPTURE(rows);
    CAPTURE(cols);
    on_each_alike([&, r = rows, c = cols](Backend& backend, const auto& same) {
      Panels y(r, c, kNan), other(r, c, kNan);
      backend.fill_uniform(rng, 1, -0.5f, 2.0f, y.view());
      backend.fill_uniform(rng, 2, -0.5f, 2.0f, other.view());
      std::map<float, int> found;
      for (const float value : y.logical()) {
        REQUIRE(value >= -0.5f);
        REQUIRE(value <= 2.0f);
        ++found[value];
      }
      CHECK(found.size() > area(r, c) * 99 / 100);
      CHECK(first_difference(other.logical(), y.logical()) != "");
      CHECK(y.guard_is_intact());
      CHECK(same("y", y.logical()) == "");
    });
  }
}

TEST_CASE("maxout: against the plain definition, the first of equals, NaN stays") {
  const std::uint64_t seed = test_seed() + 83;
  TestRandom random(seed);
  for (const auto& [pieces, channels, spread] :
       {std::tuple{2, 1, 1}, {2, 16, 1}, {3, 11, 1}, {2, 4, 9}, {7, 5, 3}, {64, 2, 1}}) {
    const int rows = 6, in = pieces * channels * spread, out = channels * spread;
    std::vector<float> values = random.reals(area(rows, in), -1.0, 1.0);
    for (float& value : values) value = std::round(value * 4.0f) / 4.0f;  // many ties
    const Panels x(rows, in, values, 50.0f),
        dy(rows, out, random.reals(area(rows, out), -1.0, 1.0), 0.0f);
    on_each_alike([&, pieces = pieces, spread = spread](Backend& backend, const auto& same) {
      INFO("seed ", seed, ", ", pieces, " pieces, ", in, " columns");
      Panels y(rows, out, kNan), dx(rows, in, kNan);
      backend.maxout_forward(x.view(), pieces, spread, y.view());
      backend.maxout_backward(x.view(), dy.view(), pieces, spread, dx.view());
      for (int r = 0; r < rows; ++r) {
        for (int c = 0; c < out; ++c) {
          int best = 0;
          const auto piece = [&](int k) {
            return ((c / spread) * pieces + k) * spread + c % spread;
          };
          for (int k = 1; k < pieces; ++k) {
            if (values[at2(r, piece(k), in)] > values[at2(r, piece(best), in)]) best = k;
          }
          REQUIRE(y.view().at(r, c) == values[at2(r, piece(best), in)]);
          for (int k = 0; k < pieces; ++k) {
            REQUIRE(dx.view().at(r, piece(k)) == (k == best ? dy.view().at(r, c) : 0.0f));
          }
        }
      }
      CHECK((dx.padding_is_zero() && y.guard_is_intact() && dx.guard_is_intact()));
      CHECK(same("y", y.logical()) == "");
    });
  }
  cpu::CpuBackend backend;
  for (int bad = 0; bad < 3; ++bad) {
    std::vector<float> values = {1.0f, 2.0f, 3.0f};
    values[static_cast<std::size_t>(bad)] = kNan;
    const Panels x(1, 3, values, 0.0f);
    Panels y(1, 1, 0.0f);
    backend.maxout_forward(x.view(), 3, 1, y.view());
    CHECK(std::isnan(y.view().at(0, 0)));
  }
}

TEST_CASE("penalties: gradient and value against double, and tiny weights count as zero") {
  const std::uint64_t seed = test_seed() + 84;
  TestRandom random(seed);
  for (const auto& size : kMatrixSizes) {
    const int rows = size.first, cols = size.second;
    for (const auto& [l1, l2] : {std::pair{0.0f, 0.01f}, {0.002f, 0.0f}, {0.3f, 0.7f}}) {
      std::vector<float> w = random.reals(area(rows, cols), -0.5, 0.5);
      w[0] = 0.0f;
      if (w.size() > 3) w[3] = -1e-30f;
      const std::vector<float> g = random.reals(area(rows, cols), -0.1, 0.1);
      const Panels weights(rows, cols, w, 0.0f);
      on_each_alike([&, r = rows, c = cols, l1 = l1, l2 = l2](Backend& backend, const auto& same) {
        INFO("seed ", seed, ", (", r, ", ", c, "), l1 ", l1, ", l2 ", l2);
        Panels gradient(r, c, g, 0.0f), sums(1, c, kNan);
        backend.add_penalty({weights.view(), gradient.view(), l1, l2, sums.data()});
        const std::vector<float> found = gradient.logical();
        double value = 0.0, expected = 0.0;
        for (std::size_t k = 0; k < w.size(); ++k) {
          const double wide = std::abs(w[k]) < 1e-18f ? 0.0 : static_cast<double>(w[k]);
          const double sign = wide > 0.0 ? 1.0 : wide < 0.0 ? -1.0 : 0.0;
          expected +=
              static_cast<double>(l1) * std::abs(wide) + static_cast<double>(l2) * wide * wide;
          REQUIRE(close(static_cast<double>(found[k]),
                        static_cast<double>(g[k]) + static_cast<double>(l1) * sign +
                            2.0 * static_cast<double>(l2) * wide,
                        1e-6));
        }
        for (const float sum : sums.logical()) value += static_cast<double>(sum);
        CHECK(close(value, expected, 1e-5));
        CHECK((gradient.padding_is_zero() && gradient.guard_is_intact()));
        CHECK(sums.guard_is_intact());
        CHECK(same("gradient", found) == "");
        CHECK(same("sums", sums.logical()) == "");
      });
    }
  }
}

TEST_CASE("softmax cross-entropy with smoothing and weights: against double, equal bits") {
  const std::uint64_t seed = test_seed() + 85;
  TestRandom random(seed);
  for (const int classes : {2, 3, 10, 16, 17, 33, 100, 256}) {
    for (const int n : {1, 15, 16, 17, 33}) {
      for (const auto& [smoothing, weighted] :
           {std::pair{0.1f, false}, {0.0f, true}, {0.3f, true}, {1.0f, false}}) {
        const double size = random.below(2) ? 3.0 : 60.0;
        const std::vector<float> z = random.reals(area(n, classes), -size, size);
        const std::vector<float> weights =
            random.reals(static_cast<std::size_t>(classes), 0.1, 3.0);
        std::vector<std::uint8_t> labels;
        for (int k = 0; k < n; ++k)
          labels.push_back(static_cast<std::uint8_t>(random.below(classes)));
        const Panels logits(n, classes, z, 1e30f);
        const float scale = 0.25f;
        on_each_alike([&, smoothing = static_cast<double>(smoothing), weighted = weighted](
                          Backend& backend, const auto& same) {
          INFO("seed ", seed, ": N ", n, ", C ", classes, ", smoothing ", smoothing, ", weighted ",
               weighted, ", logits to ", size);
          const auto weight = [&](int c) {
            return weighted ? static_cast<double>(weights[static_cast<std::size_t>(c)]) : 1.0;
          };
          Panels dlogits(n, classes, kNan);
          Row losses(static_cast<std::size_t>(n)), again(static_cast<std::size_t>(n));
          std::vector<std::uint8_t> correct(static_cast<std::size_t>(n)), plain_correct = correct;
          SoftmaxLoss args{logits.view(),
                           labels.data(),
                           scale,
                           losses.data(),
                           correct.data(),
                           dlogits.data(),
                           static_cast<float>(smoothing),
                           weighted ? weights.data() : nullptr};
          backend.softmax_cross_entropy(args);
          for (int row = 0; row < n; ++row) {
            const float* const logit = &z[at2(row, 0, classes)];
            const double most = static_cast<double>(*std::max_element(logit, logit + classes));
            double total = 0.0;
            for (int c = 0; c < classes; ++c)
              total += std::exp(static_cast<double>(logit[c]) - most);
            double loss = 0.0, sum = 0.0;
            std::vector<double> target(static_cast<std::size_t>(classes));
            for (int c = 0; c < classes; ++c) {
              double& t = target[static_cast<std::size_t>(c)];
              t = smoothing / classes * weight(c);
              if (c == labels[static_cast<std::size_t>(row)]) t += (1.0 - smoothing) * weight(c);
              sum += t;
              loss += t * (std::log(total) - (static_cast<double>(logit[c]) - most));
            }
            CAPTURE(row);
            REQUIRE(std::abs(static_cast<double>(losses.data()[row]) - loss) <=
                    1e-5 * (0.1 + loss + size / 10));
            for (int c = 0; c < classes; ++c) {
              const double p = std::exp(static_cast<double>(logit[c]) - most) / total;
              REQUIRE(std::abs(static_cast<double>(dlogits.view().at(row, c)) -
                               (p * sum - target[static_cast<std::size_t>(c)]) * 0.25) <= 1e-5);
            }
          }
          CHECK((dlogits.padding_is_zero() && dlogits.guard_is_intact()));
          CHECK(losses.tail_is_intact());
          CHECK(same("losses", losses.values()) == "");
          CHECK(same("dlogits", dlogits.logical()) == "");
          // The same without a gradient; hits are those of the plain loss.
          args.dlogits = nullptr;
          args.losses = again.data();
          backend.softmax_cross_entropy(args);
          CHECK(first_difference(again.values(), losses.values()) == "");
          args.label_smoothing = 0.0f;
          args.class_weights = nullptr;
          args.correct = plain_correct.data();
          backend.softmax_cross_entropy(args);
          CHECK(plain_correct == correct);
        });
      }
    }
  }
}

TEST_CASE("no activation makes a denormal number of an ordinary one") {
  for (ActivationId id = 0; id < activation_count(); ++id) {
    const ActivationInfo& info = activation_info(id);
    // The initial and the largest parameters. (A slope of 1e-3 times 1e-36 is always denormal.)
    for (const bool largest : {false, true}) {
      std::vector<float> p;
      for (const ActivationParameter& parameter : info.parameters)
        p.push_back(static_cast<float>(largest ? parameter.max : parameter.initial));
      std::vector<float> x;
      for (double at = -130.0; at < 130.0; at += 0.01) x.push_back(static_cast<float>(at));
      while (x.size() % kPad != 0) x.push_back(1.0f);
      const Row in(x), dy(std::vector<float>(x.size(), 1.0f));
      Row y(x.size()), dx(x.size());
      cpu::CpuBackend backend;
      backend.activate(ActivationOp::kForward, id, p.data(), in.data(), nullptr, y.data(),
                       x.size());
      backend.activate(ActivationOp::kBackward, id, p.data(), in.data(), dy.data(), dx.data(),
                       x.size());
      for (std::size_t k = 0; k < x.size(); ++k) {
        INFO(info.name, " at ", x[k], ", first parameter ", p.empty() ? 0.0f : p[0], ": ",
             y.data()[k], ", slope ", dx.data()[k]);
        REQUIRE((y.data()[k] == 0.0f || std::isnormal(y.data()[k])));
        REQUIRE((dx.data()[k] == 0.0f || std::isnormal(dx.data()[k])));
      }
    }
  }
}

TEST_SUITE_END();
