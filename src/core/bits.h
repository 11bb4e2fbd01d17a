// Replaces std::bit_cast, which the C++ library of Emscripten 3.1 does not have.
#pragma once

namespace reluscope {

template <class To, class From>
constexpr To bits_as(const From& from) {
  static_assert(sizeof(To) == sizeof(From));
  return __builtin_bit_cast(To, from);
}

}  // namespace reluscope
