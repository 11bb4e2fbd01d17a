// Counter-based random numbers by Philox. A draw is a pure function of (seed, purpose, step,
// element), so results do not depend on the order or the thread of the draws.
#pragma once

#include <cstdint>

#include "core/math.h"
#include "core/philox.h"
#include "core/target.h"

namespace reluscope {

// The use of a stream of draws. The values determine all results: add new ones, never renumber.
enum class Purpose : std::uint32_t {
  kInit = 1,
  kShuffle = 2,
  kDropout = 3,
  kSlope = 4,
  kAugment = 10,
  kValidation = 11,
  kTestSplit = 12,
  kProbe = 20,
  kSweep = 100,
};

class Rng {
 public:
  // step: the index of the parameter for kInit, the epoch for kShuffle and kAugment, 0 for the
  // splits and kProbe, the field for kSweep, the training step for all others.
  RELUSCOPE_FN Rng(std::uint64_t seed, Purpose purpose, std::uint32_t step)
      : seed_(seed), purpose_(static_cast<std::uint32_t>(purpose)), step_(step) {}

  RELUSCOPE_FN Philox4 bits(std::uint64_t element) const {
    return philox_draw(seed_, purpose_, step_, element);
  }

  // In (0, 1): a 52-bit fraction plus half a unit, so that its logarithm is always finite.
  RELUSCOPE_FN double uniform(std::uint64_t element) const { return to_uniform(bits(element), 0); }

  // Standard normal (Box and Muller 1958).
  RELUSCOPE_FN double normal(std::uint64_t element) const {
    const Philox4 words = bits(element);
    const double radius2 = -2.0 * scalar::log(to_uniform(words, 0));
    return scalar::sqrt(radius2) * scalar::cos_2pi(to_uniform(words, 2));
  }

 private:
  static RELUSCOPE_FN double to_uniform(const Philox4& words, int at) {
    const std::uint64_t high = words[at];
    const std::uint64_t low = words[static_cast<std::size_t>(at) + 1];
    return (static_cast<double>(((high << 32) | low) >> 12) + 0.5) * 0x1p-52;
  }

  std::uint64_t seed_;
  std::uint32_t purpose_, step_;
};

}  // namespace reluscope
