// A SIMD vector with the operations of a number, so that core/math.h and nn/activations.h compile
// for it unchanged. core/target.h explains the include guard.
#if defined(RELUSCOPE_CORE_VEC_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef RELUSCOPE_CORE_VEC_INL_H_
#undef RELUSCOPE_CORE_VEC_INL_H_
#else
#define RELUSCOPE_CORE_VEC_INL_H_
#endif

#include <hwy/highway.h>

#include "core/target.h"

RELUSCOPE_TARGET_BEGIN

namespace hn = hwy::HWY_NAMESPACE;

// Unrolls a loop over the vectors of a row, which must stay in registers.
#if defined(__clang__)
#define RELUSCOPE_UNROLL _Pragma("clang loop unroll(full)")
#else
#define RELUSCOPE_UNROLL _Pragma("GCC unroll 16")
#endif

// At most kPad (16) floats; fewer if the machine's vectors are narrower.
using Floats = hn::CappedTag<float, 16>;
using RawVec = hn::Vec<Floats>;

inline constexpr int kMaxLanes = static_cast<int>(hn::MaxLanes(Floats()));

HWY_INLINE int lanes() { return static_cast<int>(hn::Lanes(Floats())); }

// The only place that may fuse a multiplication with an addition. Every kernel is compiled for each
// policy. Separate is the default and gives the same bits on every target.
struct Fused {
  static HWY_INLINE RawVec mad(RawVec a, RawVec b, RawVec c) { return hn::MulAdd(a, b, c); }
};
struct Separate {
  static HWY_INLINE RawVec mad(RawVec a, RawVec b, RawVec c) { return hn::Add(hn::Mul(a, b), c); }
};

template <class Policy>
struct VecOf {
  RawVec raw;

  VecOf() = default;  // uninitialised, so that arrays of vectors cost nothing
  HWY_INLINE explicit VecOf(RawVec v) : raw(v) {}
  HWY_INLINE explicit VecOf(double value) : raw(hn::Set(Floats(), static_cast<float>(value))) {}

  static HWY_INLINE VecOf zero() { return VecOf(hn::Zero(Floats())); }
  static HWY_INLINE VecOf load(const float* from) { return VecOf(hn::Load(Floats(), from)); }
  static HWY_INLINE VecOf broadcast(const float* from) { return VecOf(hn::Set(Floats(), *from)); }
  HWY_INLINE void store(float* to) const { hn::Store(raw, Floats(), to); }

  friend HWY_INLINE VecOf operator+(VecOf a, VecOf b) { return VecOf(hn::Add(a.raw, b.raw)); }
  friend HWY_INLINE VecOf operator-(VecOf a, VecOf b) { return VecOf(hn::Sub(a.raw, b.raw)); }
  friend HWY_INLINE VecOf operator*(VecOf a, VecOf b) { return VecOf(hn::Mul(a.raw, b.raw)); }
  friend HWY_INLINE VecOf operator/(VecOf a, VecOf b) { return VecOf(hn::Div(a.raw, b.raw)); }
  friend HWY_INLINE auto operator<(VecOf a, VecOf b) { return hn::Lt(a.raw, b.raw); }
  friend HWY_INLINE auto operator>(VecOf a, VecOf b) { return hn::Gt(a.raw, b.raw); }
  friend HWY_INLINE VecOf sqrt(VecOf a) { return VecOf(hn::Sqrt(a.raw)); }
  friend HWY_INLINE VecOf mad(VecOf a, VecOf b, VecOf c) {
    return VecOf(Policy::mad(a.raw, b.raw, c.raw));
  }
  friend HWY_INLINE VecOf select(hn::Mask<Floats> condition, VecOf yes, VecOf no) {
    return VecOf(hn::IfThenElse(condition, yes.raw, no.raw));
  }
  // x where |x| >= least, else 0. NaN stays NaN.
  friend HWY_INLINE VecOf zero_below(VecOf x, VecOf least) {
    return VecOf(hn::IfThenZeroElse(hn::Lt(hn::Abs(x.raw), least.raw), x.raw));
  }
};

template <class V>
HWY_INLINE V load(const float* from) {
  return V::load(from);
}
template <class P>
HWY_INLINE void store(VecOf<P> x, float* to) {
  x.store(to);
}

template <class V>
inline constexpr bool kIsDouble = false;

// The bit operations of core/primitives.h, lane by lane.
template <class P>
HWY_INLINE VecOf<P> pow2_from_magic(VecOf<P> t) {
  const hn::RebindToUnsigned<Floats> bits;
  const auto shifted = hn::ShiftLeft<23>(hn::BitCast(bits, t.raw));
  return VecOf<P>(hn::BitCast(Floats(), hn::Add(shifted, hn::Set(bits, 0x3F800000u))));
}
template <class P>
HWY_INLINE void split_exponent(VecOf<P> x, VecOf<P>& mantissa, VecOf<P>& exponent) {
  const hn::RebindToSigned<Floats> bits;
  const auto root = hn::Set(bits, 0x3F3504F3);  // sqrt(1/2)
  const auto shifted = hn::Sub(hn::BitCast(bits, x.raw), root);
  exponent = VecOf<P>(hn::ConvertTo(Floats(), hn::ShiftRight<23>(shifted)));
  const auto fraction = hn::And(shifted, hn::Set(bits, 0x007FFFFF));
  mantissa = VecOf<P>(hn::BitCast(Floats(), hn::Add(fraction, root)));
}

RELUSCOPE_TARGET_END

#endif
