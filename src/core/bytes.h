// Bit patterns, and little-endian numbers to and from bytes.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace reluscope {

// std::bit_cast, which the C++ library of Emscripten 3.1 does not have.
template <class To, class From>
constexpr To bits_as(const From& from) {
  static_assert(sizeof(To) == sizeof(From));
  return __builtin_bit_cast(To, from);
}

using Bytes = std::vector<std::uint8_t>;

// The number in the `count` (at most 8) bytes from `at` on.
inline std::uint64_t read_number(std::span<const std::uint8_t> bytes, std::size_t at,
                                 std::size_t count) {
  std::uint64_t value = 0;
  while (count-- > 0) value = value << 8 | bytes[at + count];
  return value;
}

inline std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// The bytes that vectors have allocated.
template <class... T>
std::size_t allocated_bytes(const std::vector<T>&... vectors) {
  return (... + (vectors.capacity() * sizeof(T)));
}

// Appends the lowest `count` bytes of a number.
inline void append_number(Bytes& bytes, std::uint64_t value, int count) {
  for (int i = 0; i < count; ++i) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

inline void append_text(Bytes& bytes, std::string_view text) {
  bytes.insert(bytes.end(), text.begin(), text.end());
}

inline void append_floats(Bytes& bytes, std::span<const float> values) {
  static_assert(std::endian::native == std::endian::little);
  const auto* const first = reinterpret_cast<const std::uint8_t*>(values.data());
  bytes.insert(bytes.end(), first, first + 4 * values.size());
}

}  // namespace reluscope
