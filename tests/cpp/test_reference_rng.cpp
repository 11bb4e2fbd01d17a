// Random numbers: Philox compared with its published vectors; uniform and normal draws have the
// stated distributions and do not depend on their order.
#include "core/rng.h"

#include <cmath>

#include "support.h"

using namespace reluscope;
using namespace reluscope::test;

TEST_SUITE_BEGIN("reference");

TEST_CASE("Philox 4x32-10 gives the published test vectors") {
  // kat_vectors of Random123 (Salmon and others, SC'11).
  CHECK(philox({0, 0, 0, 0}, 0, 0) == Philox4{0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u});
  const std::uint32_t ones = 0xffffffffu;
  CHECK(philox({ones, ones, ones, ones}, ones, ones) ==
        Philox4{0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu});
  CHECK(philox({0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u}, 0xa4093822u, 0x299f31d0u) ==
        Philox4{0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u});
}

TEST_CASE("seed, purpose, step and element each change the draw, nothing else does") {
  const Rng base(1, Purpose::kInit, 0);
  CHECK(base.bits(5) == Rng(1, Purpose::kInit, 0).bits(5));
  CHECK(base.bits(5) != base.bits(6));
  CHECK(base.bits(5) != base.bits(5 + (std::uint64_t{1} << 32)));
  CHECK(base.bits(5) != Rng(2, Purpose::kInit, 0).bits(5));
  CHECK(base.bits(5) != Rng(1 + (std::uint64_t{1} << 32), Purpose::kInit, 0).bits(5));
  CHECK(base.bits(5) != Rng(1, Purpose::kShuffle, 0).bits(5));
  CHECK(base.bits(5) != Rng(1, Purpose::kInit, 1).bits(5));
}

TEST_CASE("uniform draws fill (0, 1) evenly, normal draws have the normal's moments") {
  const std::uint64_t seed = test_seed();
  INFO("seed ", seed);
  const Rng rng(seed, Purpose::kInit, 3);
  constexpr int kDraws = 200000;
  double mean = 0.0;
  std::array<int, 16> bins{};
  for (int i = 0; i < kDraws; ++i) {
    const double u = rng.uniform(static_cast<std::uint64_t>(i));
    REQUIRE(u > 0.0);
    REQUIRE(u < 1.0);
    mean += u / kDraws;
    ++bins[static_cast<std::size_t>(u * 16)];
  }
  CHECK(mean == doctest::Approx(0.5).epsilon(0.005));
  double chi2 = 0.0;
  for (const int count : bins) chi2 += std::pow(count - kDraws / 16.0, 2) / (kDraws / 16.0);
  CHECK(chi2 < 50.0);  // 15 degrees of freedom: probability below 2e-5

  double first = 0.0, second = 0.0, third = 0.0, fourth = 0.0, neighbours = 0.0, last = 0.0;
  int beyond3 = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double z = rng.normal(static_cast<std::uint64_t>(i));
    REQUIRE(std::isfinite(z));
    first += z / kDraws;
    second += z * z / kDraws;
    third += z * z * z / kDraws;
    fourth += z * z * z * z / kDraws;
    neighbours += z * last / kDraws;
    last = z;
    beyond3 += std::abs(z) > 3.0;
  }
  // Five standard errors each.
  const double unit = 5.0 / std::sqrt(static_cast<double>(kDraws));
  CHECK(std::abs(first) < unit);
  CHECK(std::abs(second - 1.0) < unit * std::sqrt(2.0));
  CHECK(std::abs(third) < unit * std::sqrt(15.0));
  CHECK(std::abs(fourth - 3.0) < unit * std::sqrt(96.0));
  CHECK(std::abs(neighbours) < unit);
  CHECK(std::abs(beyond3 / static_cast<double>(kDraws) - 0.0026998) <
        5 * std::sqrt(0.0027 / kDraws));
}

TEST_SUITE_END();
