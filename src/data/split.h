// Takes samples out of a labelled set by chance, so many of each class as its share demands.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/rng.h"

namespace reluscope {

// The numbers, ascending, of `count` of the samples. Each class gives count * its size / all,
// rounded down, and the classes with the largest remainders (the first of equals) one more. Which
// samples of a class: those with the smallest first words of rng.bits(sample).
// count: 0 to labels.size().
std::vector<int> stratified_sample(std::span<const std::uint8_t> labels, int count, const Rng& rng);

}  // namespace reluscope
