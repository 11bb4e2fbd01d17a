// Matrix products, transposition and column sums of every SIMD target this machine has, against
// the double reference, and bit for bit with the prescribed order of operations: one accumulator,
// terms in ascending order, each rounded.
#include <algorithm>

#include "backend/cpu/kernels.h"
#include "matrices.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

struct Sizes {
  int rows, cols, depth;
};

// Every row count, column count and depth around the edges of tiles, each with a few of the others.
std::vector<Sizes> sizes_around_tiles(TestRandom& random) {
  const std::vector<int> rows = {1, 2, 3, 4, 5, 7, 8, 9, 11, 12, 13, 16, 23, 24, 25, 63, 64, 65};
  const std::vector<int> cols = {1, 3, 8, 10, 15, 16, 17, 31, 32, 33, 47, 48, 49, 64, 65};
  const std::vector<int> depths = {1, 2, 15, 16, 17, 31, 32, 33, 48, 64, 65};
  std::vector<Sizes> all = {{1, 1, 1},    {1, 513, 3},   {3, 513, 33}, {65, 513, 2},
                            {5, 33, 784}, {64, 10, 512}, {13, 49, 785}};
  for (const int r : rows) all.insert(all.end(), {{r, 17, 33}, {r, 32, 32}, {r, 1, 5}});
  for (const int c : cols) all.insert(all.end(), {{13, c, 33}, {12, c, 7}, {1, c, 64}});
  for (const int k : depths) all.insert(all.end(), {{13, 49, k}, {4, 32, k}, {1, 10, k}});
  for (int i = 0; i < 40; ++i) {
    const auto any = [&](const std::vector<int>& from) {
      return from[static_cast<std::size_t>(random.below(static_cast<int>(from.size())))];
    };
    all.push_back({any(rows), any(cols), any(depths)});
  }
  return all;
}

// Starting values for every padded column; zero in the padding, as in a bias.
Buffer starts(const std::vector<float>& values, int cols) {
  Buffer buffer(align_up(static_cast<std::size_t>(Layout{1, cols}.padded_cols())));
  for (int c = 0; c < cols; ++c) buffer.data()[c] = values[static_cast<std::size_t>(c)];
  return buffer;
}

// y (rows, cols) = start + a (rows, depth) b (depth, cols), rounded after each product and each
// sum.
std::vector<float> ascending_product(const std::vector<float>& a, const std::vector<float>& b,
                                     const float* start, const Sizes& s) {
  std::vector<float> y;
  for (int r = 0; r < s.rows; ++r) {
    for (int c = 0; c < s.cols; ++c) {
      float sum = start == nullptr ? 0.0f : start[c];
      for (int k = 0; k < s.depth; ++k) {
        const float product = a[at2(r, k, s.depth)] * b[at2(k, c, s.cols)];
        sum = sum + product;
      }
      y.push_back(sum);
    }
  }
  return y;
}

}  // namespace

TEST_SUITE_BEGIN("ops");

TEST_CASE("matmul: within the bound, and the prescribed bits on every target") {
  const std::uint64_t seed = test_seed();
  TestRandom random(seed);
  for (const Sizes& s : sizes_around_tiles(random)) {
    const std::vector<float> a = random.reals(area(s.rows, s.depth)),
                             b = random.reals(area(s.depth, s.cols));
    const std::vector<float> bias = random.reals(static_cast<std::size_t>(s.cols));
    const Buffer start = starts(bias, s.cols);
    // The padding of activations may hold any finite number; that of weights is zero.
    const Panels pa(s.rows, s.depth, a, 1e30f), pb(s.depth, s.cols, b, 0.0f);
    const BoundedValues expected =
        oracle::dense_forward(widened(a), transposed(widened(b), s.depth, s.cols), widened(bias),
                              s.rows, s.depth, s.cols);
    const std::vector<float> with_start = ascending_product(a, b, start.data(), s);
    const std::vector<float> from_zero = ascending_product(a, b, nullptr, s);
    for (const cpu::Kernels* kernels : test::all_kernels()) {
      INFO("seed ", seed, ", ", std::string(kernels->name), ": (", s.rows, ", ", s.depth,
           ") times (", s.depth, ", ", s.cols, ")");
      Panels y(s.rows, s.cols, kNan);
      matmul(*kernels, pa.view(), pb.view(), start.data(), y.view());
      CHECK(first_outside(y.logical(), expected) == "");
      CHECK(first_difference(y.logical(), with_start) == "");
      CHECK(y.guard_is_intact());
      // With zero padding in b and start, the padding of the product is finite: no element is
      // unset.
      for (std::size_t k = 0; k < y.layout().size(); ++k) REQUIRE(std::isfinite(y.data()[k]));

      Panels z(s.rows, s.cols, kNan);
      matmul(*kernels, pa.view(), pb.view(), nullptr, z.view());
      CHECK(first_difference(z.logical(), from_zero) == "");
      CHECK(z.padding_is_zero());
      CHECK(z.guard_is_intact());
    }
  }
}

TEST_CASE("weight gradient, stored: within the bound, and the prescribed bits on every target") {
  const std::uint64_t seed = test_seed() + 1;
  TestRandom random(seed);
  for (const Sizes& s : sizes_around_tiles(random)) {
    // y (rows, cols) = a (depth, rows)^T d (depth, cols): `depth` samples are summed over.
    const std::vector<float> a = random.reals(area(s.depth, s.rows)),
                             d = random.reals(area(s.depth, s.cols));
    const std::vector<float> first = random.reals(static_cast<std::size_t>(s.cols));
    const Buffer start = starts(first, s.cols);
    const Panels pa(s.depth, s.rows, a, 1e30f), pd(s.depth, s.cols, d, 0.0f);
    const std::vector<float> at = transposed_floats(a, s.depth, s.rows);
    const BoundedValues expected =
        oracle::dense_forward(widened(at), transposed(widened(d), s.depth, s.cols), widened(first),
                              s.rows, s.depth, s.cols);
    const std::vector<float> with_start = ascending_product(at, d, start.data(), s);
    const std::vector<float> from_zero = ascending_product(at, d, nullptr, s);
    for (const cpu::Kernels* kernels : test::all_kernels()) {
      INFO("seed ", seed, ", ", std::string(kernels->name), ": (", s.depth, ", ", s.rows,
           ") transposed times (", s.depth, ", ", s.cols, ")");
      Panels y(s.rows, s.cols, kNan);
      weight_gradient(*kernels, pa.view(), pd.view(), start.data(), {.gradient = y.data()});
      CHECK(first_outside(y.logical(), expected) == "");
      CHECK(first_difference(y.logical(), with_start) == "");
      CHECK(y.padding_is_zero());
      CHECK(y.guard_is_intact());

      Panels z(s.rows, s.cols, kNan);
      weight_gradient(*kernels, pa.view(), pd.view(), nullptr, {.gradient = z.data()});
      CHECK(first_difference(z.logical(), from_zero) == "");
      CHECK(z.padding_is_zero());
      CHECK(z.guard_is_intact());
    }
  }
}

// Every begin with every end of a range of rows, written over NaN and compared with the bits of the
// whole panel: errors depend on where a row of tiles begins and ends.
TEST_CASE("matmul: any rows of a panel are those of the whole, and nothing else is written") {
  const std::uint64_t seed = test_seed() + 4;
  TestRandom random(seed);
  // Two tiles of the tallest target, one of 4 and one of 1.
  for (const Sizes& s : {Sizes{29, 10, 33}, Sizes{29, 33, 17}, Sizes{29, 32, 1}, Sizes{3, 65, 7}}) {
    const Panels pa(s.rows, s.depth, random.reals(area(s.rows, s.depth)), 1e30f);
    const Panels pb(s.depth, s.cols, random.reals(area(s.depth, s.cols)), 0.0f);
    const Buffer start = starts(random.reals(static_cast<std::size_t>(s.cols)), s.cols);
    for (const cpu::Kernels* kernels : test::all_kernels()) {
      INFO("seed ", seed, ", ", std::string(kernels->name), ": (", s.rows, ", ", s.depth,
           ") times (", s.depth, ", ", s.cols, ")");
      Panels all(s.rows, s.cols, kNan);
      matmul(*kernels, pa.view(), pb.view(), start.data(), all.view());
      for (int panel = 0; panel < all.layout().panels(); ++panel) {
        for (int first = 0; first < s.rows; ++first) {
          for (int end = first + 1; end <= s.rows; ++end) {
            const Piece piece{panel, {first, end}};
            CAPTURE(panel);
            CAPTURE(first);
            CAPTURE(end);
            Panels y(s.rows, s.cols, kNan);
            REQUIRE(writes_only(piece, y, [&] {
              matmul(*kernels, piece, pa.view(), pb.view(), start.data(), y.view());
            }));
            REQUIRE(same_piece(piece, y, all));
          }
        }
      }
    }
  }
}

TEST_CASE("weight gradient: any rows of a panel from a multiple of 32 are those of the whole") {
  const std::uint64_t seed = test_seed() + 5;
  TestRandom random(seed);
  // The result's rows end with a panel of 1, of 16 and of 32.
  for (const Sizes& s : {Sizes{129, 10, 5}, Sizes{112, 33, 17}, Sizes{128, 65, 1}}) {
    const Panels pa(s.depth, s.rows, random.reals(area(s.depth, s.rows)), 1e30f);
    const Panels pd(s.depth, s.cols, random.reals(area(s.depth, s.cols)), 0.0f);
    const Buffer start = starts(random.reals(static_cast<std::size_t>(s.cols)), s.cols);
    for (const cpu::Kernels* kernels : test::all_kernels()) {
      INFO("seed ", seed, ", ", std::string(kernels->name), ": (", s.depth, ", ", s.rows,
           ") transposed times (", s.depth, ", ", s.cols, ")");
      Panels all(s.rows, s.cols, kNan);
      weight_gradient(*kernels, pa.view(), pd.view(), start.data(), {.gradient = all.data()});
      for (int panel = 0; panel < all.layout().panels(); ++panel) {
        for (int first = 0; first < s.rows; first += kPanel) {
          for (int to = first + kPanel; to < s.rows + kPanel; to += kPanel) {
            const Piece piece{panel, {first, std::min(to, s.rows)}};
            CAPTURE(panel);
            CAPTURE(first);
            CAPTURE(piece.rows.end);
            Panels y(s.rows, s.cols, kNan);
            REQUIRE(writes_only(piece, y, [&] {
              weight_gradient(*kernels, piece, pa.view(), pd.view(), start.data(),
                              {.gradient = y.data()});
            }));
            REQUIRE(same_piece(piece, y, all));
          }
        }
      }
    }
  }
}

TEST_CASE("transpose moves every element, zeroes the padding and writes one panel") {
  const std::uint64_t seed = test_seed() + 2;
  TestRandom random(seed);
  std::vector<Sizes> sizes = sizes_around_tiles(random);
  const std::vector<int> odd = {1, 3, 17, 31, 32, 33, 64, 65, 513};
  for (const int rows : odd) {
    for (const int cols : odd) sizes.push_back({rows, cols, 0});
  }
  for (const Sizes& s : sizes) {
    const std::vector<float> a = random.reals(area(s.rows, s.cols));
    const Panels pa(s.rows, s.cols, a, 1e30f);
    const std::vector<float> expected = transposed_floats(a, s.rows, s.cols);
    for (const cpu::Kernels* kernels : test::all_kernels()) {
      INFO("seed ", seed, ", ", std::string(kernels->name), ": (", s.rows, ", ", s.cols, ")");
      Panels y(s.cols, s.rows, kNan);
      CHECK(in_pieces(y, 1, 1, [&](const Piece& piece) {
        kernels->transpose(pa.view(), piece.panel, y.view().panel(piece.panel));
      }));
      CHECK(first_difference(y.logical(), expected) == "");
      CHECK(y.padding_is_zero());
      CHECK(y.guard_is_intact());
    }
  }
}

TEST_CASE("column sums: within the bound, row 0 first on every target") {
  const std::uint64_t seed = test_seed() + 3;
  TestRandom random(seed);
  for (const Sizes& s : sizes_around_tiles(random)) {
    const std::vector<float> a = random.reals(area(s.rows, s.cols));
    const Panels pa(s.rows, s.cols, a, 0.0f);
    const BoundedValues expected = oracle::dense_dbias(widened(a), s.rows, s.cols);
    std::vector<float> ordered(static_cast<std::size_t>(s.cols), 0.0f);
    for (int r = 0; r < s.rows; ++r) {
      for (int c = 0; c < s.cols; ++c) {
        float& sum = ordered[static_cast<std::size_t>(c)];
        sum = sum + a[at2(r, c, s.cols)];
      }
    }
    for (const cpu::Kernels* kernels : test::all_kernels()) {
      INFO("seed ", seed, ", ", std::string(kernels->name), ": (", s.rows, ", ", s.cols, ")");
      const int panels = Layout{1, s.cols}.panels();
      Panels sums(1, s.cols, kNan);
      kernels->column_sums(pa.view(), sums.data(), {0, panels});
      CHECK(first_outside(sums.logical(), expected) == "");
      CHECK(first_difference(sums.logical(), ordered) == "");
      CHECK(sums.padding_is_zero());
      CHECK(sums.guard_is_intact());
    }
  }
}

TEST_SUITE_END();
