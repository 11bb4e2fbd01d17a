// The operations beyond + - * / and comparison that functions of a generic number V need, for float
// and double. core/vec-inl.h defines them for SIMD vectors.
#pragma once

#include <cmath>
#include <cstdint>

#include "core/bytes.h"
#include "core/target.h"

namespace reluscope {
namespace scalar {

template <class V>
inline constexpr bool kIsDouble = false;
template <>
inline constexpr bool kIsDouble<double> = true;

template <class V>
RELUSCOPE_FN V select(bool condition, V yes, V no) {
  return condition ? yes : no;
}
template <class V>
RELUSCOPE_FN V mad(V a, V b, V c) {  // a * b + c, rounded twice
  const V product = a * b;
  return product + c;
}
// x where its magnitude is at least `least`, else 0; NaN stays.
template <class V>
RELUSCOPE_FN V zero_below(V x, V least) {
  return x < least && V(0.0) - least < x ? V(0.0) : x;
}
// The number there, and back.
template <class V>
RELUSCOPE_FN V load(const float* from) {
  return V(*from);
}
template <class V>
RELUSCOPE_FN void store(V x, float* to) {
  *to = static_cast<float>(x);
}
RELUSCOPE_FN float sqrt(float x) { return std::sqrt(x); }
RELUSCOPE_FN double sqrt(double x) { return std::sqrt(x); }

// 2^n, given t = 1.5 * 2^(mantissa bits) + n: the low bits of t are n in two's complement.
RELUSCOPE_FN float pow2_from_magic(float t) {
  return bits_as<float>((bits_as<std::uint32_t>(t) << 23) + 0x3F800000u);
}
RELUSCOPE_FN double pow2_from_magic(double t) {
  return bits_as<double>((bits_as<std::uint64_t>(t) << 52) + 0x3FF0000000000000u);
}

// x = mantissa * 2^exponent with mantissa in [sqrt(1/2), sqrt(2)), for positive normal x.
RELUSCOPE_FN void split_exponent(float x, float& mantissa, float& exponent) {
  constexpr std::uint32_t kRoot = 0x3F3504F3u;  // sqrt(1/2)
  const std::uint32_t shifted = bits_as<std::uint32_t>(x) - kRoot;
  exponent = static_cast<float>(static_cast<std::int32_t>(shifted) >> 23);
  mantissa = bits_as<float>((shifted & 0x007FFFFFu) + kRoot);
}
RELUSCOPE_FN void split_exponent(double x, double& mantissa, double& exponent) {
  constexpr std::uint64_t kRoot = 0x3FE6A09E667F3BCDu;
  const std::uint64_t shifted = bits_as<std::uint64_t>(x) - kRoot;
  exponent = static_cast<double>(static_cast<std::int64_t>(shifted) >> 52);
  mantissa = bits_as<double>((shifted & 0x000FFFFFFFFFFFFFu) + kRoot);
}

}  // namespace scalar
}  // namespace reluscope
