// Counter-based random numbers: Philox 4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random
// numbers: as easy as 1, 2, 3", SC'11). A draw is a pure function of (seed, purpose, step,
// element), so nothing depends on the order or the thread in which draws are made.
#pragma once

#include <array>
#include <cstdint>

#include "core/math.h"

namespace reluscope {

using Philox4 = std::array<std::uint32_t, 4>;

inline Philox4 philox(Philox4 counter, std::uint32_t key0, std::uint32_t key1) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * counter[0];
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57u} * counter[2];
    counter = {static_cast<std::uint32_t>(p1 >> 32) ^ counter[1] ^ key0,
               static_cast<std::uint32_t>(p1),
               static_cast<std::uint32_t>(p0 >> 32) ^ counter[3] ^ key1,
               static_cast<std::uint32_t>(p0)};
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  return counter;
}

// What a stream of draws is for. Values are part of every result: never renumber, only add.
enum class Purpose : std::uint32_t { kInit = 1, kShuffle = 2, kSweep = 100 };

class Rng {
 public:
  // step: the number among drawn parameters for kInit, the epoch for kShuffle, the field for kSweep.
  Rng(std::uint64_t seed, Purpose purpose, std::uint32_t step)
      : key0_(static_cast<std::uint32_t>(seed)),
        key1_(static_cast<std::uint32_t>(seed >> 32)),
        purpose_(static_cast<std::uint32_t>(purpose)),
        step_(step) {}

  Philox4 bits(std::uint64_t element) const {
    return philox({static_cast<std::uint32_t>(element), static_cast<std::uint32_t>(element >> 32),
                   step_, purpose_},
                  key0_, key1_);
  }

  // In (0, 1): a 52-bit fraction plus half a unit, so that its logarithm is always finite.
  double uniform(std::uint64_t element) const { return to_uniform(bits(element), 0); }

  // Standard normal by Box and Muller (1958), in double.
  double normal(std::uint64_t element) const {
    const Philox4 words = bits(element);
    const double radius2 = -2.0 * scalar::log(to_uniform(words, 0));
    return scalar::sqrt(radius2) * scalar::cos_2pi(to_uniform(words, 2));
  }

 private:
  static double to_uniform(const Philox4& words, int at) {
    const std::uint64_t high = words[static_cast<std::size_t>(at)];
    const std::uint64_t low = words[static_cast<std::size_t>(at) + 1];
    return (static_cast<double>(((high << 32) | low) >> 12) + 0.5) * 0x1p-52;
  }

  std::uint32_t key0_, key1_, purpose_, step_;
};

}  // namespace reluscope
