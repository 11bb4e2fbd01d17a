// Philox 4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3",
// SC'11): a stateless function from a counter and a key to four random words.
#pragma once

#include <array>
#include <cstdint>

namespace reluscope {

using Philox4 = std::array<std::uint32_t, 4>;

constexpr Philox4 philox(Philox4 counter, std::uint32_t key0, std::uint32_t key1) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * counter[0];
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57u} * counter[2];
    counter = {
        static_cast<std::uint32_t>(p1 >> 32) ^ counter[1] ^ key0, static_cast<std::uint32_t>(p1),
        static_cast<std::uint32_t>(p0 >> 32) ^ counter[3] ^ key1, static_cast<std::uint32_t>(p0)};
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  return counter;
}

// The four words of one element of a stream (core/rng.h).
constexpr Philox4 philox_draw(std::uint64_t seed, std::uint32_t purpose, std::uint32_t step,
                              std::uint64_t element) {
  return philox({static_cast<std::uint32_t>(element), static_cast<std::uint32_t>(element >> 32),
                 step, purpose},
                static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32));
}

}  // namespace reluscope
