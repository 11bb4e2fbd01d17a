// SHA-256 (FIPS 180-4), the hash that compares runs and checks files.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

namespace reluscope {

class Sha256 {
 public:
  void add(std::span<const std::uint8_t> bytes);
  // Adds floats as little-endian IEEE bytes, every NaN as 0x7fc00000.
  void add_floats(std::span<const float> values);
  std::string hex();  // the hash; call once, after the last add

 private:
  void add_block(const std::uint8_t* block);

  std::array<std::uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::uint8_t, 64> pending_{};
  std::uint64_t length_ = 0;  // bytes so far
};

}  // namespace reluscope
