#include "data/split.h"

#include <algorithm>
#include <array>

namespace reluscope {

std::vector<int> stratified_sample(std::span<const std::uint8_t> labels, int count,
                                   const Rng& rng) {
  std::array<std::vector<std::uint64_t>, 256> members;  // random word << 32 | sample
  for (std::size_t i = 0; i < labels.size(); ++i) {
    members[labels[i]].push_back((std::uint64_t{rng.bits(i)[0]} << 32) | i);
  }
  std::array<std::size_t, 256> quota;
  std::array<std::uint64_t, 256> by_remainder;  // inverted remainder << 8 | class
  std::size_t left = static_cast<std::size_t>(count);
  for (std::size_t c = 0; c < 256; ++c) {
    const std::uint64_t product = static_cast<std::uint64_t>(count) * members[c].size();
    const std::uint64_t all = std::max<std::uint64_t>(labels.size(), 1);
    quota[c] = product / all;
    left -= quota[c];
    by_remainder[c] = (all - product % all) << 8 | c;
  }
  std::sort(by_remainder.begin(), by_remainder.end());
  for (std::size_t i = 0; i < left; ++i) ++quota[by_remainder[i] & 0xFF];

  std::vector<int> chosen;
  for (std::size_t c = 0; c < 256; ++c) {
    std::sort(members[c].begin(), members[c].end());
    for (std::size_t i = 0; i < quota[c]; ++i) {
      chosen.push_back(static_cast<int>(members[c][i] & 0xFFFFFFFFu));
    }
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace reluscope
