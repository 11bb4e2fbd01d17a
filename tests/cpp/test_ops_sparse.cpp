// Products with sparse input, and updates fused with a gradient: the same bits as dense products
// and separate steps, for any zeros, panel widths and distribution of the work.
#include <algorithm>

#include "backend/cpu/cpu_backend.h"
#include "backend/cpu/kernels.h"
#include "matrices.h"
#include "optim/optimizer.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

// One panel, several panels, and a last panel of 16.
const std::vector<int> kCols = {1,  10, 15, 16, 17, 31,  32,  33,  47,  48,  49,
                                63, 64, 65, 96, 97, 127, 128, 129, 144, 160, 513};

const std::vector<InputSizes> kInputs = {{1, 1}, {3, 17}, {12, 33}, {13, 5}};

enum class Pattern { kScattered, kEmpty, kFull, kEmptyLines, kEnds };
const std::vector<Pattern> kPatterns = {Pattern::kScattered, Pattern::kEmpty, Pattern::kFull,
                                        Pattern::kEmptyLines, Pattern::kEnds};

std::vector<float> sparse_values(TestRandom& random, const InputSizes& s, Pattern pattern) {
  std::vector<float> x;
  for (int r = 0; r < s.samples; ++r) {
    for (int c = 0; c < s.features; ++c) {
      bool there = true;
      switch (pattern) {
        case Pattern::kScattered: there = random.below(5) == 0; break;
        case Pattern::kEmpty: there = false; break;
        case Pattern::kFull: break;
        // Empty rows and columns, and rows that are full except for those columns.
        case Pattern::kEmptyLines: there = r % 3 != 1 && c % 4 != 2; break;
        case Pattern::kEnds: there = c == 0 || c == s.features - 1; break;
      }
      const float value = random.real(-3.0, 3.0);
      x.push_back(there ? value : 0.0f);
    }
  }
  return x;
}

struct Rule {
  const char* name;
  const char* optimizer;
  float momentum;
  bool nesterov;
};
constexpr Rule kRules[] = {
    {"Adam", "adam", 0.0f, false},
    {"SGD", "sgd", 0.0f, false},
    {"SGD with momentum", "sgd", 0.9f, false},
    {"SGD with Nesterov's momentum", "sgd", 0.9f, true},
};

// Weights (features, cols) during training, with the state of an optimizer.
struct Trained {
  Panels weights, moment1, moment2, gradient;
  Panels sums;

  Trained(const InputSizes& s, int cols, const std::vector<float>& w, const std::vector<float>& m,
          const std::vector<float>& v)
      : weights(s.features, cols, w, 0.0f),
        moment1(s.features, cols, m, 0.0f),
        moment2(s.features, cols, v, 0.0f),
        gradient(s.features, cols, kNan),
        sums(1, cols, kNan) {}
  ParameterUpdate update(const Rule& rule) {
    const OptimizerOptions options{.momentum = rule.momentum, .nesterov = rule.nesterov};
    const auto optimizer = make_optimizer(rule.optimizer, options, kAlignFloats);
    optimizer->begin_step(0.004);
    ParameterUpdate update = optimizer->update_at(0, weights.data(), gradient.data());
    if (update.moments[0] != nullptr) update.moments[0] = moment1.data();
    if (update.moments[1] != nullptr) update.moments[1] = moment2.data();
    return update;
  }
  bool guards_are_intact() const {
    return weights.guard_is_intact() && moment1.guard_is_intact() && moment2.guard_is_intact() &&
           gradient.guard_is_intact() && sums.guard_is_intact();
  }
  bool gradient_is_untouched() const {
    for (const float g : everything(gradient)) {
      if (!std::isnan(g)) return false;
    }
    return true;
  }
};

void check_same(const Trained& a, const Trained& b) {
  CHECK(first_difference(everything(a.weights), everything(b.weights)) == "");
  CHECK(first_difference(everything(a.moment1), everything(b.moment1)) == "");
  CHECK(first_difference(everything(a.moment2), everything(b.moment2)) == "");
  CHECK((a.guards_are_intact() && b.guards_are_intact()));
}

}  // namespace

TEST_SUITE_BEGIN("ops");

TEST_CASE("sparse matmul: within the bound, and the dense product's bits however it is cut") {
  const std::uint64_t seed = test_seed() + 40;
  TestRandom random(seed);
  std::vector<InputSizes> inputs = kInputs;
  inputs.push_back({2, 784});
  for (const InputSizes& s : inputs) {
    for (const int cols : kCols) {
      for (const Pattern pattern : kPatterns) {
        const std::vector<float> x = sparse_values(random, s, pattern);
        const SparseInput lists(x, s);
        const std::vector<float> w = random.reals(area(s.features, cols));
        const std::vector<float> bias = random.reals(static_cast<std::size_t>(cols));
        const Panels px(s.samples, s.features, x, 1e30f), pw(s.features, cols, w, 0.0f);
        const Panels start(1, cols, bias, 0.0f);
        const BoundedValues expected =
            oracle::dense_forward(widened(x), transposed(widened(w), s.features, cols),
                                  widened(bias), s.samples, s.features, cols);
        std::vector<float> first_bits;
        for (const cpu::Kernels* kernels : test::all_kernels()) {
          INFO("seed ", seed, ", ", std::string(kernels->name), ": (", s.samples, ", ", s.features,
               ") times (", s.features, ", ", cols, "), pattern ", static_cast<int>(pattern));
          for (const float* from : {start.data(), static_cast<const float*>(nullptr)}) {
            Panels dense(s.samples, cols, kNan);
            matmul(*kernels, px.view(), pw.view(), from, dense.view());
            for (const int parts : {1, 2, 3, 4}) {
              Panels y(s.samples, cols, kNan);
              CHECK(in_pieces(y, 1, parts, [&](const Piece& piece) {
                sparse_matmul(*kernels, piece, lists.rows(), pw.view(), from, y.view());
              }));
              CHECK(first_difference(everything(y), everything(dense)) == "");
              CHECK(y.guard_is_intact());
            }
            if (from != nullptr) {
              CHECK(first_outside(dense.logical(), expected) == "");
              if (first_bits.empty()) first_bits = everything(dense);
              CHECK(first_difference(everything(dense), first_bits) == "");
            }
          }
        }
      }
    }
  }
}

TEST_CASE("sparse weight gradient, stored: within the bound, and the dense one's bits") {
  const std::uint64_t seed = test_seed() + 41;
  TestRandom random(seed);
  std::vector<InputSizes> inputs = kInputs;
  inputs.insert(inputs.end(), {{64, 3}, {7, 112}});
  for (const InputSizes& s : inputs) {
    for (const int cols : kCols) {
      for (const Pattern pattern : kPatterns) {
        const std::vector<float> x = sparse_values(random, s, pattern);
        const SparseInput lists(x, s);
        const std::vector<float> d = random.reals(area(s.samples, cols));
        const std::vector<float> offset = random.reals(static_cast<std::size_t>(cols));
        const Panels px(s.samples, s.features, x, 1e30f), pd(s.samples, cols, d, 0.0f);
        const Panels start(1, cols, offset, 0.0f);
        // (features, cols) = offset + x^T d
        const BoundedValues expected = oracle::dense_forward(
            transposed(widened(x), s.samples, s.features), transposed(widened(d), s.samples, cols),
            widened(offset), s.features, s.samples, cols);
        std::vector<float> first_bits;
        for (const cpu::Kernels* kernels : test::all_kernels()) {
          INFO("seed ", seed, ", ", std::string(kernels->name), ": (", s.samples, ", ", s.features,
               ") transposed times (", s.samples, ", ", cols, "), pattern ",
               static_cast<int>(pattern));
          for (const float* from : {start.data(), static_cast<const float*>(nullptr)}) {
            Panels dense(s.features, cols, kNan);
            weight_gradient(*kernels, px.view(), pd.view(), from, {.gradient = dense.data()});
            for (const int parts : {1, 2, 3, 4}) {
              Panels y(s.features, cols, kNan), sums(1, cols, kNan);
              CHECK(in_pieces(y, kPanel, parts, [&](const Piece& piece) {
                sparse_weight_gradient(*kernels, piece, lists.columns(), pd.view(), from,
                                       {.gradient = y.data()}, sums.data());
              }));
              CHECK(first_difference(everything(y), everything(dense)) == "");
              CHECK(y.padding_is_zero());
              CHECK((y.guard_is_intact() && sums.guard_is_intact()));
            }
            if (from != nullptr) {
              CHECK(first_outside(dense.logical(), expected) == "");
              if (first_bits.empty()) first_bits = everything(dense);
              CHECK(first_difference(everything(dense), first_bits) == "");
            }
          }
        }
      }
    }
  }
}

// Every begin with every end, written over NaN and compared with the bits of the whole panel.
TEST_CASE("sparse products: any rows of a panel are those of the whole, nothing else is written") {
  const std::uint64_t seed = test_seed() + 45;
  TestRandom random(seed);
  for (const int cols : {10, 33, 64}) {
    const InputSizes s = {13, 112};
    const std::vector<float> x = sparse_values(random, s, Pattern::kScattered);
    const SparseInput lists(x, s);
    const Panels pw(s.features, cols, random.reals(area(s.features, cols)), 0.0f);
    const Panels pd(s.samples, cols, random.reals(area(s.samples, cols)), 0.0f);
    const Panels start(1, cols, random.reals(static_cast<std::size_t>(cols)), 0.0f);
    for (const cpu::Kernels* kernels : test::all_kernels()) {
      INFO("seed ", seed, ", ", std::string(kernels->name), ", cols ", cols);
      const auto check = [&](int rows, int unit, const auto& run) {
        Panels all(rows, cols, kNan);
        for (const Piece& piece : pieces_of(all.layout())) run(piece, all);
        for (int panel = 0; panel < all.layout().panels(); ++panel) {
          for (int first = 0; first < rows; first += unit) {
            for (int to = first + unit; to < rows + unit; to += unit) {
              const Piece piece{panel, {first, std::min(to, rows)}};
              CAPTURE(panel);
              CAPTURE(first);
              CAPTURE(piece.rows.end);
              Panels y(rows, cols, kNan);
              REQUIRE(writes_only(piece, y, [&] { run(piece, y); }));
              REQUIRE(same_piece(piece, y, all));
            }
          }
        }
      };
      check(s.samples, 1, [&](const Piece& piece, Panels& y) {
        sparse_matmul(*kernels, piece, lists.rows(), pw.view(), start.data(), y.view());
      });
      check(s.features, kPanel, [&](const Piece& piece, Panels& y) {
        sparse_weight_gradient(*kernels, piece, lists.columns(), pd.view(), start.data(),
                               {.gradient = y.data()}, nullptr);
      });
    }
  }
}

TEST_CASE("an update fused behind a gradient, dense or sparse, is the same step by step") {
  const std::uint64_t seed = test_seed() + 42;
  TestRandom random(seed);
  std::vector<InputSizes> inputs = kInputs;
  inputs.push_back({7, 112});
  for (const InputSizes& s : inputs) {
    for (const int cols : kCols) {
      const std::vector<float> x = sparse_values(random, s, Pattern::kEmptyLines);
      const SparseInput lists(x, s);
      const std::vector<float> d = random.reals(area(s.samples, cols));
      const std::vector<float> offset = random.reals(static_cast<std::size_t>(cols));
      const Panels px(s.samples, s.features, x, 1e30f), pd(s.samples, cols, d, 0.0f);
      const Panels start(1, cols, offset, 0.0f);
      const std::vector<float> w = random.reals(area(s.features, cols)),
                               m = random.reals(area(s.features, cols), -0.1, 0.1),
                               v = random.reals(area(s.features, cols), 0.0, 0.01);
      for (const Rule& rule : kRules) {
        std::vector<float> first_bits;
        for (const cpu::Kernels* kernels : test::all_kernels()) {
          INFO("seed ", seed, ", ", std::string(kernels->name), ", ", rule.name, ": (", s.samples,
               ", ", s.features, ") transposed times (", s.samples, ", ", cols, ")");
          Trained apart(s, cols, w, m, v);
          weight_gradient(*kernels, px.view(), pd.view(), start.data(),
                          {.gradient = apart.gradient.data()});
          const std::vector<float> gradient = everything(apart.gradient);
          kernels->update(apart.update(rule), apart.weights.layout().size());
          kernels->column_sums(apart.weights.view(), apart.sums.data(),
                               {0, apart.weights.layout().panels()});
          CHECK(first_difference(everything(apart.gradient), gradient) == "");
          CHECK(apart.weights.padding_is_zero());
          if (first_bits.empty()) first_bits = everything(apart.weights);
          CHECK(first_difference(everything(apart.weights), first_bits) == "");

          for (const int parts : {1, 2, 3, 4}) {
            Trained dense(s, cols, w, m, v), sparse(s, cols, w, m, v);
            CHECK(in_pieces(dense.weights, kPanel, parts, [&](const Piece& piece) {
              weight_gradient(*kernels, piece, px.view(), pd.view(), start.data(),
                              dense.update(rule));
            }));
            CHECK(in_pieces(sparse.weights, kPanel, parts, [&](const Piece& piece) {
              sparse_weight_gradient(*kernels, piece, lists.columns(), pd.view(), start.data(),
                                     sparse.update(rule), sparse.sums.data());
            }));
            check_same(dense, apart);
            check_same(sparse, apart);
            CHECK((dense.gradient_is_untouched() && sparse.gradient_is_untouched()));
            // Only a piece with all rows of a panel can sum its columns.
            if (parts == 1 || s.features <= kPanel)
              CHECK(first_difference(everything(sparse.sums), everything(apart.sums)) == "");
          }
        }
      }
    }
  }
}

TEST_CASE("the back end's products and updates, large enough to be shared, on 1 to 4 threads") {
  const std::uint64_t seed = test_seed() + 43;
  TestRandom random(seed);
  const InputSizes s = {29, 200};
  for (const int cols : {17, 160, 513}) {
    const std::vector<float> x = sparse_values(random, s, Pattern::kScattered);
    const SparseInput lists(x, s);
    const Panels px(s.samples, s.features, x, 1e30f);
    const std::vector<float> w = random.reals(area(s.features, cols)),
                             m = random.reals(area(s.features, cols), -0.1, 0.1),
                             v = random.reals(area(s.features, cols), 0.0, 0.01);
    const Panels pw(s.features, cols, w, 0.0f);
    const Panels pd(s.samples, cols, random.reals(area(s.samples, cols)), 0.0f);
    const Panels start(1, cols, random.reals(static_cast<std::size_t>(cols)), 0.0f);
    cpu::CpuBackend one(cpu::simd_names().back(), 1);  // the reference
    Panels product(s.samples, cols, kNan), gradient(s.features, cols, kNan);
    one.matmul({px.view()}, pw.view(), start.data(), product.view());
    one.weight_gradient({px.view()}, pd.view(), start.data(), {.gradient = gradient.data()},
                        nullptr);
    for (const std::string& simd : cpu::simd_names()) {
      for (const int threads : {1, 2, 3, 4}) {
        cpu::CpuBackend backend(simd, threads, false, threads);
        INFO("seed ", seed, ", ", simd, ", ", threads, " threads (", backend.threads(),
             " here), cols ", cols);
        const Signal signals[] = {{px.view()}, lists.signal()};
        for (const Signal& signal : signals) {
          CAPTURE(signal.sparse());
          Panels y(s.samples, cols, kNan), g(s.features, cols, kNan), sums(1, cols, kNan);
          backend.matmul(signal, pw.view(), start.data(), y.view());
          backend.weight_gradient(signal, pd.view(), start.data(), {.gradient = g.data()},
                                  sums.data());
          backend.finish();
          CHECK(first_difference(everything(y), everything(product)) == "");
          CHECK(first_difference(everything(g), everything(gradient)) == "");
          CHECK((y.guard_is_intact() && g.guard_is_intact() && sums.guard_is_intact()));
          for (const Rule& rule : kRules) {
            CAPTURE(rule.name);
            Trained apart(s, cols, w, m, v), fused(s, cols, w, m, v);
            one.weight_gradient({px.view()}, pd.view(), start.data(),
                                {.gradient = apart.gradient.data()}, nullptr);
            one.update(apart.update(rule), apart.weights.layout().size());
            one.column_sums(apart.weights.view(), apart.sums.data());
            backend.weight_gradient(signal, pd.view(), start.data(), fused.update(rule),
                                    fused.sums.data());
            backend.finish();
            check_same(fused, apart);
            CHECK(fused.gradient_is_untouched());
            CHECK(first_difference(everything(fused.sums), everything(apart.sums)) == "");

            Trained later(s, cols, w, m, v);  // stored first, then applied, on these threads
            backend.weight_gradient(signal, pd.view(), start.data(),
                                    {.gradient = later.gradient.data()}, later.sums.data());
            backend.update(later.update(rule), later.weights.layout().size());
            backend.column_sums(later.weights.view(), later.sums.data());
            backend.finish();
            check_same(later, apart);
            CHECK(first_difference(everything(later.sums), everything(apart.sums)) == "");
          }
        }
      }
    }
  }
}

TEST_CASE("a gradient is stored or applied without column sums where nobody wants them") {
  const std::uint64_t seed = test_seed() + 44;
  TestRandom random(seed);
  const InputSizes s = {7, 40};
  for (const int cols : {16, 33, 160}) {
    const std::vector<float> x = sparse_values(random, s, Pattern::kScattered);
    const SparseInput lists(x, s);
    const Panels px(s.samples, s.features, x, 0.0f);
    const std::vector<float> w = random.reals(area(s.features, cols)),
                             m = random.reals(area(s.features, cols), -0.1, 0.1),
                             v = random.reals(area(s.features, cols), 0.0, 0.01);
    const Panels pd(s.samples, cols, random.reals(area(s.samples, cols)), 0.0f);
    for (const std::string& simd : cpu::simd_names()) {
      INFO("seed ", seed, ", ", simd, ", cols ", cols);
      cpu::CpuBackend backend(simd, 2);
      Panels dense(s.features, cols, kNan), sparse(s.features, cols, kNan);
      backend.weight_gradient({px.view()}, pd.view(), nullptr, {.gradient = dense.data()}, nullptr);
      backend.weight_gradient(lists.signal(), pd.view(), nullptr, {.gradient = sparse.data()},
                              nullptr);
      CHECK(first_difference(everything(sparse), everything(dense)) == "");
      for (const Rule& rule : kRules) {
        Trained a(s, cols, w, m, v), b(s, cols, w, m, v);
        backend.weight_gradient({px.view()}, pd.view(), nullptr, a.update(rule), nullptr);
        backend.weight_gradient(lists.signal(), pd.view(), nullptr, b.update(rule), nullptr);
        check_same(a, b);
      }
    }
  }
}

TEST_SUITE_END();
