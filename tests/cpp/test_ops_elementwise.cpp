// Activations, softmax cross-entropy and optimizer updates of every SIMD target this machine
// has, against the double reference, and with equal bits across targets.
#include <map>

#include "backend/cpu/cpu_backend.h"
#include "backend/cpu/kernels.h"
#include "core/error.h"
#include "matrices.h"
#include "nn/activation.h"
#include "optim/optimizer.h"
#include "parameter_slope.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

// Keeps the result of the first target under a name; every other target must give the same bits.
class SameBits {
 public:
  std::string difference(const std::string& name, const std::vector<float>& values) {
    const auto [at, is_new] = kept_.try_emplace(name, values);
    return is_new ? "" : first_difference(values, at->second);
  }

 private:
  std::map<std::string, std::vector<float>> kept_;
};

const std::vector<std::size_t> kCounts = {16, 32, 48, 64, 80, 512, 1040};  // multiples of kPad

// Special values first, then ordinary ones.
std::vector<float> activation_inputs(TestRandom& random, std::size_t n) {
  std::vector<float> x = random.reals(n, -8.0, 8.0);
  const float edges[] = {0.0f,   -0.0f, 1e-30f, -1e-30f, 1e-4f,   -1e-4f, 20.0f,
                         -20.0f, 88.5f, -88.5f, 120.0f,  -120.0f, 1e4f,   -1e4f};
  for (std::size_t k = 0; k < n && k < std::size(edges); ++k) x[k] = edges[k];
  return x;
}

}  // namespace

TEST_SUITE_BEGIN("ops");

TEST_CASE("there is more than one target to compare, or the reason is plain") {
  const auto all = test::all_kernels();
  REQUIRE(!all.empty());
  std::string names;
  for (const cpu::Kernels* kernels : all) names += std::string(kernels->name) + " ";
  MESSAGE("SIMD targets under test: ", names);
#if !defined(__EMSCRIPTEN__)
  CHECK(all.size() >= 2);  // a WebAssembly module has one
#endif
  CHECK(cpu::simd_names().size() == all.size());
  CHECK_THROWS_WITH_AS(cpu::CpuBackend("no such target"), doctest::Contains("no such target"),
                       Error);
}

TEST_CASE("every activation of the registry: forward, backward and parameter derivative") {
  const std::uint64_t seed = test_seed() + 10;
  TestRandom random(seed);
  for (ActivationId id = 0; id < activation_count(); ++id) {
    const ActivationInfo& info = activation_info(id);
    for (int variant = 0; variant < 3; ++variant) {
      std::vector<float> p;
      for (const ActivationParameter& parameter : info.parameters) {
        const double value =
            variant == 0 ? parameter.initial : random.uniform(parameter.min, parameter.max);
        p.push_back(static_cast<float>(value));
      }
      const Values wide_p = widened(p);
      for (const std::size_t n : kCounts) {
        const Row x(activation_inputs(random, n)), dy(random.reals(n, -2.0, 2.0));
        SameBits same;
        for (const cpu::Kernels* kernels : test::all_kernels()) {
          INFO("seed ", seed, ", ", std::string(kernels->name), ", ", info.name,
               " with first parameter ", p.empty() ? 0.0f : p[0], ", n ", n);
          Row y(n), dx(n), products(n);
          kernels->activation(ActivationOp::kForward, id)(p.data(), x.data(), nullptr, y.data(), n);
          kernels->activation(ActivationOp::kBackward, id)(p.data(), x.data(), dy.data(), dx.data(),
                                                           n);
          kernels->activation(ActivationOp::kParameter, id)(p.data(), x.data(), dy.data(),
                                                            products.data(), n);
          for (std::size_t k = 0; k < n; ++k) {
            const double at = static_cast<double>(x.data()[k]),
                         slope = static_cast<double>(dy.data()[k]);
            CAPTURE(at);
            const double value = activation_value(id, at, wide_p);
            REQUIRE(std::abs(static_cast<double>(y.data()[k]) - value) <=
                    1e-5 * (1e-3 + std::abs(value)));
            const double derivative = activation_derivative(id, at, wide_p);
            REQUIRE(std::abs(static_cast<double>(dx.data()[k]) - slope * derivative) <=
                    1e-5 * std::abs(slope) * (1.0 + std::abs(derivative)));
            // 1 - sigmoid loses digits where sigmoid is near 1, and x^2 amplifies the error
            // (Swish).
            const double by_parameter = activation_parameter_derivative(id, at, wide_p);
            REQUIRE(std::abs(static_cast<double>(products.data()[k]) - slope * by_parameter) <=
                    1e-5 * std::abs(slope) * (1.0 + std::abs(by_parameter) + at * at / 50.0));
          }
          CHECK(same.difference("y", y.values()) == "");
          CHECK(same.difference("dx", dx.values()) == "");
          CHECK(same.difference("products", products.values()) == "");
          CHECK(y.tail_is_intact());
          CHECK(dx.tail_is_intact());
          CHECK(products.tail_is_intact());
        }
      }
    }
  }
}

TEST_CASE("every activation gives NaN for NaN and does not disturb its neighbours") {
  for (ActivationId id = 0; id < activation_count(); ++id) {
    const ActivationInfo& info = activation_info(id);
    std::vector<float> p;
    for (const ActivationParameter& parameter : info.parameters)
      p.push_back(static_cast<float>(parameter.initial));
    for (const cpu::Kernels* kernels : test::all_kernels()) {
      for (std::size_t bad = 0; bad < 16; ++bad) {
        Row x(16, 0.5f), y(16);
        x.data()[bad] = kNan;
        kernels->activation(ActivationOp::kForward, id)(p.data(), x.data(), nullptr, y.data(), 16);
        INFO(std::string(kernels->name), ", ", info.name, ", NaN in lane ", bad);
        for (std::size_t k = 0; k < 16; ++k) REQUIRE(std::isnan(y.data()[k]) == (k == bad));
      }
    }
  }
}

TEST_CASE("softmax cross-entropy: losses, gradient, hits and probabilities") {
  const std::uint64_t seed = test_seed() + 11;
  TestRandom random(seed);
  for (const int classes : {2, 3, 4, 10, 15, 16, 17, 31, 32, 33, 49, 100, 256}) {
    for (const int n : {1, 2, 15, 16, 17, 31, 32, 33, 64, 65}) {
      const double size =
          std::vector<double>{0.1, 3.0, 60.0}[static_cast<std::size_t>(random.below(3))];
      const std::vector<float> z = random.reals(
          static_cast<std::size_t>(n) * static_cast<std::size_t>(classes), -size, size);
      std::vector<std::uint8_t> labels;
      std::vector<int> wide_labels;
      for (int k = 0; k < n; ++k) {
        wide_labels.push_back(random.below(classes));
        labels.push_back(static_cast<std::uint8_t>(wide_labels.back()));
      }
      const oracle::Loss expected = oracle::cross_entropy(widened(z), wide_labels, n, classes);
      const Panels logits(n, classes, z, 1e30f);
      const float scale = 1.0f / static_cast<float>(n);
      SameBits same;
      for (const cpu::Kernels* kernels : test::all_kernels()) {
        INFO("seed ", seed, ", ", std::string(kernels->name), ": N ", n, ", C ", classes,
             ", logits to ", size);
        cpu::CpuBackend backend{std::string(kernels->name)};
        Panels dlogits(n, classes, kNan), probabilities(n, classes, kNan);
        Row losses(static_cast<std::size_t>(n));
        std::vector<std::uint8_t> correct(static_cast<std::size_t>(n) + 1, 0xCC);
        backend.softmax_cross_entropy({.logits = logits.view(),
                                       .labels = labels.data(),
                                       .gradient_scale = scale,
                                       .losses = losses.data(),
                                       .correct = correct.data(),
                                       .dlogits = dlogits.data()});
        backend.softmax(logits.view(), probabilities.view());
        int hits = 0;
        for (int k = 0; k < n; ++k) {
          const double loss = expected.per_sample[static_cast<std::size_t>(k)];
          CAPTURE(k);
          REQUIRE(std::abs(static_cast<double>(losses.data()[k]) - loss) <=
                  1e-5 * (0.1 + loss + size / 10));
          REQUIRE(correct[static_cast<std::size_t>(k)] <= 1);
          hits += correct[static_cast<std::size_t>(k)];
        }
        CHECK(hits == expected.correct);
        CHECK(correct.back() == 0xCC);
        const std::vector<float> gradient = dlogits.logical(), shares = probabilities.logical();
        for (std::size_t k = 0; k < gradient.size(); ++k) {
          CAPTURE(k);
          REQUIRE(std::abs(static_cast<double>(gradient[k]) - expected.dlogits[k]) <= 1e-5 / n);
          REQUIRE(std::abs(static_cast<double>(shares[k]) - expected.probabilities[k]) <= 1e-5);
        }
        CHECK(dlogits.padding_is_zero());
        CHECK(probabilities.padding_is_zero());
        CHECK(dlogits.guard_is_intact());
        CHECK(probabilities.guard_is_intact());
        CHECK(losses.tail_is_intact());
        CHECK(same.difference("losses", losses.values()) == "");
        CHECK(same.difference("dlogits", gradient) == "");
        CHECK(same.difference("probabilities", shares) == "");

        // Without a gradient the losses are the same.
        Row again(static_cast<std::size_t>(n));
        backend.softmax_cross_entropy({.logits = logits.view(),
                                       .labels = labels.data(),
                                       .gradient_scale = scale,
                                       .losses = again.data(),
                                       .correct = correct.data(),
                                       .dlogits = nullptr});
        CHECK(first_difference(again.values(), losses.values()) == "");
      }
    }
  }
}

TEST_CASE("softmax cross-entropy: any samples are those of all, and nothing else is written") {
  const std::uint64_t seed = test_seed() + 15;
  TestRandom random(seed);
  constexpr int kSamples = 35;  // two groups of 16, and some
  for (const int classes : {3, 10, 33, 256}) {
    const Panels logits(kSamples, classes, random.reals(area(kSamples, classes), -5.0, 5.0), 1e30f);
    std::vector<std::uint8_t> labels;
    for (int k = 0; k < kSamples; ++k)
      labels.push_back(static_cast<std::uint8_t>(random.below(classes)));
    for (const cpu::Kernels* kernels : test::all_kernels()) {
      INFO("seed ", seed, ", ", std::string(kernels->name), ", classes ", classes);
      struct Result {
        Row losses{kSamples};
        std::vector<std::uint8_t> correct = std::vector<std::uint8_t>(kSamples, 0xCC);
        Panels dlogits;
        explicit Result(int c) : dlogits(kSamples, c, kNan) {}
      };
      const auto run = [&](Result& result, cpu::Rows samples) {
        kernels->softmax_cross_entropy({.logits = logits.view(),
                                        .labels = labels.data(),
                                        .gradient_scale = 0.25f,
                                        .losses = result.losses.data(),
                                        .correct = result.correct.data(),
                                        .dlogits = result.dlogits.data()},
                                       samples);
      };
      Result all(classes);
      run(all, {0, kSamples});
      for (int first = 0; first < kSamples; ++first) {
        for (int end = first + 1; end <= kSamples; ++end) {
          if (classes == 256 && first % 7 != 0 && end % 5 != 0) continue;  // slow, and the same
          CAPTURE(first);
          CAPTURE(end);
          Result some(classes), expected(classes);
          run(some, {first, end});
          // The earlier result for these samples, NaN for the others.
          for (int k = first; k < end; ++k) {
            const auto at = static_cast<std::size_t>(k);
            expected.losses.data()[at] = all.losses.data()[at];
            expected.correct[at] = all.correct[at];
            for (int c = 0; c < all.dlogits.layout().padded_cols(); ++c)
              expected.dlogits.view().at(k, c) = all.dlogits.view().at(k, c);
          }
          REQUIRE(first_difference(some.losses.values(), expected.losses.values()) == "");
          REQUIRE(some.correct == expected.correct);
          REQUIRE(first_difference(everything(some.dlogits), everything(expected.dlogits)) == "");
          REQUIRE((some.losses.tail_is_intact() && some.dlogits.guard_is_intact()));
        }
      }
    }
  }
}

TEST_CASE(
    "softmax cross-entropy: the first of equal logits is the answer, and extremes stay finite") {
  for (const cpu::Kernels* kernels : test::all_kernels()) {
    CAPTURE(std::string(kernels->name));
    cpu::CpuBackend backend{std::string(kernels->name)};
    const std::vector<float> z = {1,         1,     1, /**/ 0,      2,     2,
                                  /**/ 1e4f, -1e4f, 0, /**/ -3e38f, 3e38f, 0};
    const std::vector<std::uint8_t> labels = {0, 2, 1, 0};
    const Panels logits(4, 3, z, 0.0f);
    Panels dlogits(4, 3, kNan);
    Row losses(4);
    std::uint8_t correct[4] = {9, 9, 9, 9};
    backend.softmax_cross_entropy({.logits = logits.view(),
                                   .labels = labels.data(),
                                   .gradient_scale = 1.0f,
                                   .losses = losses.data(),
                                   .correct = correct,
                                   .dlogits = dlogits.data()});
    CHECK(correct[0] == 1);
    CHECK(correct[1] == 0);
    CHECK(correct[2] == 0);
    CHECK(correct[3] == 0);
    CHECK(losses.data()[0] == doctest::Approx(std::log(3.0)).epsilon(1e-6));
    CHECK(losses.data()[1] == doctest::Approx(std::log(2.0 + std::exp(-2.0))).epsilon(1e-6));
    CHECK(losses.data()[2] == 2e4f);
    const std::vector<float> d = dlogits.logical();
    for (std::size_t k = 0; k < 9; ++k) CHECK(std::isfinite(d[k]));
    CHECK(d[6] == 1.0f);
    CHECK(d[7] == -1.0f);
    CHECK(d[8] == 0.0f);
  }
}

TEST_CASE("Adam: twenty steps on every target against the double reference") {
  const std::uint64_t seed = test_seed() + 12;
  TestRandom random(seed);
  for (const double eps : {1e-8, 1e-3}) {
    for (const std::size_t n : kCounts) {
      const std::vector<float> start = random.reals(n);
      std::vector<std::vector<float>> slopes;
      for (int t = 0; t < 20; ++t) {
        slopes.push_back(random.reals(n, -1.0, 1.0));
        for (std::size_t k = 0; k < n; k += 3) slopes.back()[k] *= 1e-6f;
        for (std::size_t k = 0; k < n; k += 7) slopes.back()[k] = 0.0f;
      }
      SameBits same;
      for (const cpu::Kernels* kernels : test::all_kernels()) {
        INFO("seed ", seed, ", ", std::string(kernels->name), ", n ", n, ", eps ", eps);
        oracle::Adam reference{.lr = 0.01, .beta1 = 0.9, .beta2 = 0.999, .eps = eps};
        Values expected = widened(start);
        Row w(start), m(n, 0.0f), v(n, 0.0f);
        for (int t = 1; t <= 20; ++t) {
          const std::vector<float>& g = slopes[static_cast<std::size_t>(t - 1)];
          reference.step(expected, widened(g));
          Row grad(g);
          const ParameterUpdate update{
              .rule = find_rule("adam"),
              .gradient = grad.data(),
              .weights = w.data(),
              .moments = {m.data(), v.data()},
              .scalars = {0.9f, static_cast<float>(1.0 - 0.9), 0.999f,
                          static_cast<float>(1.0 - 0.999),
                          static_cast<float>(0.01 / (1.0 - std::pow(0.9, t))),
                          static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(0.999, t))),
                          static_cast<float>(eps)}};
          kernels->update(update, n);
          REQUIRE(first_difference(grad.values(), g) == "");  // gradients are only read
        }
        for (std::size_t k = 0; k < n; ++k) {
          CAPTURE(k);
          REQUIRE(std::abs(static_cast<double>(w.data()[k]) - expected[k]) <=
                  1e-5 * (std::abs(expected[k]) + 0.2));
          REQUIRE(std::abs(static_cast<double>(m.data()[k]) - reference.m[k]) <=
                  1e-5 * std::abs(reference.m[k]) + 1e-7);
          REQUIRE(std::abs(static_cast<double>(v.data()[k]) - reference.v[k]) <=
                  1e-5 * std::abs(reference.v[k]) + 1e-30);
        }
        for (std::size_t k = 0; k < n; k += 7)
          REQUIRE(w.data()[k] == start[k]);  // no gradient, no step
        CHECK(same.difference("w", w.values()) == "");
        CHECK(same.difference("m", m.values()) == "");
        CHECK(same.difference("v", v.values()) == "");
        CHECK((w.tail_is_intact() && m.tail_is_intact() && v.tail_is_intact()));
      }
    }
  }
}

TEST_CASE(
    "SGD, with momentum and Nesterov: twenty steps on every target against the double reference") {
  const std::uint64_t seed = test_seed() + 13;
  TestRandom random(seed);
  for (const double momentum : {0.0, 0.9}) {
    for (const bool nesterov : {false, true}) {
      if (nesterov && momentum == 0.0) continue;
      for (const std::size_t n : kCounts) {
        const std::vector<float> start = random.reals(n);
        std::vector<std::vector<float>> slopes;
        for (int t = 0; t < 20; ++t) slopes.push_back(random.reals(n));
        SameBits same;
        for (const cpu::Kernels* kernels : test::all_kernels()) {
          INFO("seed ", seed, ", ", std::string(kernels->name), ", n ", n, ", momentum ", momentum,
               ", nesterov ", nesterov);
          oracle::Sgd reference{.lr = 0.1, .momentum = momentum, .nesterov = nesterov};
          Values expected = widened(start);
          Row w(start), buffer(n, 0.0f);
          for (const std::vector<float>& g : slopes) {
            reference.step(expected, widened(g));
            Row grad(g);
            ParameterUpdate update = descent(0.1, momentum, nesterov);
            update.gradient = grad.data();
            update.weights = w.data();
            if (momentum > 0.0) update.moments[0] = buffer.data();
            kernels->update(update, n);
            REQUIRE(first_difference(grad.values(), g) == "");  // gradients are only read
          }
          for (std::size_t k = 0; k < n; ++k) {
            CAPTURE(k);
            REQUIRE(std::abs(static_cast<double>(w.data()[k]) - expected[k]) <=
                    1e-5 * (std::abs(expected[k]) + 2.0));
          }
          CHECK(same.difference("w", w.values()) == "");
          CHECK(same.difference("buffer", buffer.values()) == "");
          CHECK((w.tail_is_intact() && buffer.tail_is_intact()));
        }
      }
    }
  }
}

TEST_CASE("moments never become denormal") {
  for (const cpu::Kernels* kernels : test::all_kernels()) {
    CAPTURE(std::string(kernels->name));
    Row w(16, 1.0f), m(16, 0.0f), v(16, 0.0f), buffer(16, 0.0f);
    for (int t = 1; t <= 2000; ++t) {
      Row g(16, t < 3 ? 1e-12f : 0.0f);
      kernels->update({.rule = find_rule("adam"),
                       .gradient = g.data(),
                       .weights = w.data(),
                       .moments = {m.data(), v.data()},
                       .scalars = {0.9f, 0.1f, 0.99f, 0.01f, 0.001f, 1.0f, 1e-8f}},
                      16);
      ParameterUpdate sgd = descent(0.1, 0.9);
      sgd.gradient = g.data();
      sgd.weights = w.data();
      sgd.moments[0] = buffer.data();
      kernels->update(sgd, 16);
      for (const float x : {m.data()[5], v.data()[5], buffer.data()[5]})
        REQUIRE((x == 0.0f || std::isnormal(x)));
    }
    CHECK(m.data()[0] == 0.0f);
    CHECK(v.data()[0] == 0.0f);
    CHECK(buffer.data()[0] == 0.0f);
  }
}

TEST_CASE("scale_add: with and without a first operand, and in place on either") {
  const std::uint64_t seed = test_seed() + 14;
  INFO("seed ", seed);
  TestRandom random(seed);
  for (const std::size_t n :
       {std::size_t{1}, std::size_t{15}, std::size_t{16}, std::size_t{33}, std::size_t{512}}) {
    const std::vector<float> a = random.reals(n), x = random.reals(n);
    SameBits same;
    for (const std::string& simd : cpu::simd_names()) {
      cpu::CpuBackend backend(simd);
      const Row ra(a), rx(x);
      Row y(n), alone(n), on_a(a), on_x(x);
      backend.scale_add(ra.data(), -0.4242f, rx.data(), y.data(), n);
      backend.scale_add(nullptr, -0.4242f, rx.data(), alone.data(), n);
      backend.scale_add(on_a.data(), -0.4242f, rx.data(), on_a.data(), n);
      backend.scale_add(ra.data(), -0.4242f, on_x.data(), on_x.data(), n);
      for (std::size_t k = 0; k < n; ++k) {
        REQUIRE(close(static_cast<double>(y.data()[k]),
                      static_cast<double>(a[k]) - 0.4242 * static_cast<double>(x[k]), 1e-6));
        REQUIRE(
            close(static_cast<double>(alone.data()[k]), -0.4242 * static_cast<double>(x[k]), 1e-6));
      }
      CHECK(first_difference(on_a.values(), y.values()) == "");
      CHECK(first_difference(on_x.values(), y.values()) == "");
      CHECK(same.difference("y", y.values()) == "");
      CHECK((y.tail_is_intact() && alone.tail_is_intact() && on_a.tail_is_intact() &&
             on_x.tail_is_intact()));
    }
  }
}

TEST_SUITE_END();
