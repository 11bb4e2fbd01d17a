// Stratified random sampling from a labelled set.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/rng.h"

namespace reluscope {

// The indices, ascending, of `count` (0 to labels.size()) samples. Each class contributes count *
// its size / labels.size(), rounded down; the classes with the largest remainders, lower classes
// first, contribute one more. Within a class, the samples with the smallest first words of
// rng.bits(sample) are taken.
std::vector<int> stratified_sample(std::span<const std::uint8_t> labels, int count, const Rng& rng);

}  // namespace reluscope
