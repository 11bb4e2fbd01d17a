// Counter-based random numbers by Philox. A draw is a pure function of (seed, purpose, step,
// element), so nothing depends on the order or the thread in which draws are made.
#pragma once

#include <cstdint>

#include "core/math.h"
#include "core/philox.h"
#include "core/target.h"

namespace reluscope {

// What a stream of draws is for. Values are part of every result: never renumber, only add.
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
  // step: the number among drawn parameters for kInit, the epoch for kShuffle and kAugment, 0 for
  // the splits and kProbe, the field for kSweep, else the training step.
  RELUSCOPE_FN Rng(std::uint64_t seed, Purpose purpose, std::uint32_t step)
      : seed_(seed), purpose_(static_cast<std::uint32_t>(purpose)), step_(step) {}

  // What draws are keyed by besides their element.
  std::uint64_t seed() const { return seed_; }
  std::uint32_t purpose() const { return purpose_; }
  std::uint32_t step() const { return step_; }

  RELUSCOPE_FN Philox4 bits(std::uint64_t element) const {
    return philox_draw(seed_, purpose_, step_, element);
  }

  // In (0, 1): a 52-bit fraction plus half a unit, so that its logarithm is always finite.
  RELUSCOPE_FN double uniform(std::uint64_t element) const { return to_uniform(bits(element), 0); }

  // Standard normal by Box and Muller (1958), in double.
  RELUSCOPE_FN double normal(std::uint64_t element) const {
    const Philox4 words = bits(element);
    const double radius2 = -2.0 * scalar::log(to_uniform(words, 0));
    return scalar::sqrt(radius2) * scalar::cos_2pi(to_uniform(words, 2));
  }

 private:
  static RELUSCOPE_FN double to_uniform(const Philox4& words, int at) {
    const std::uint64_t high = words[static_cast<std::size_t>(at)];
    const std::uint64_t low = words[static_cast<std::size_t>(at) + 1];
    return (static_cast<double>(((high << 32) | low) >> 12) + 0.5) * 0x1p-52;
  }

  std::uint64_t seed_;
  std::uint32_t purpose_, step_;
};

}  // namespace reluscope
