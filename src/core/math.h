// Elementary functions for float, double and every SIMD vector. They replace those of the C
// library, whose last bits differ between systems. They use only + - * /, square root, select and
// bit shifts, so every target gives the same bits. Accuracy (tested): a few units in the last place
// over the stated domain.
//
// Argument reduction and series are the textbook ones: Muller, "Elementary Functions" (3rd ed.),
// chapter 11; rounding to an integer by adding 1.5 * 2^(mantissa bits).
#if defined(RELUSCOPE_CORE_MATH_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef RELUSCOPE_CORE_MATH_H_
#undef RELUSCOPE_CORE_MATH_H_
#else
#define RELUSCOPE_CORE_MATH_H_
#endif

#include <initializer_list>

#include "core/target.h"
#ifdef RELUSCOPE_PER_TARGET
#include "core/vec-inl.h"
#else
#include "core/primitives.h"
#endif

RELUSCOPE_TARGET_BEGIN

// e^x = scale * (q + 1), with q = e^r - 1 for the remainder |r| <= ln(2)/2 and scale = 2^n.
template <class V>
RELUSCOPE_FN void exp_parts(V x, V& scale, V& q) {
  if constexpr (kIsDouble<V>) {
    const V magic = V(0x1.8p52);
    const V t = mad(x, V(1.4426950408889634), magic);
    const V n = t - magic;
    V r = x - n * V(0x1.62e42fee00000p-1);  // high part of ln 2: n * high is exact
    r = r - n * V(0x1.a39ef35793c76p-33);
    V sum = V(1.0 / 6227020800.0);  // Taylor to r^13 / 13!: the next term is below 2^-55
    const double inverse_factorials[] = {1.0 / 479001600.0, 1.0 / 39916800.0, 1.0 / 3628800.0,
                                         1.0 / 362880.0,    1.0 / 40320.0,    1.0 / 5040.0,
                                         1.0 / 720.0,       1.0 / 120.0,      1.0 / 24.0,
                                         1.0 / 6.0,         1.0 / 2.0};
    for (const double term : inverse_factorials) sum = mad(sum, r, V(term));
    q = mad(r * r, sum, r);
    scale = pow2_from_magic(t);
  } else {
    const V magic = V(0x1.8p23f);
    const V t = mad(x, V(1.44269504f), magic);
    const V n = t - magic;
    V r = x - n * V(0x1.62e4p-1f);
    r = r - n * V(0x1.7f7d1cp-20f);
    // (e^r - 1 - r) / r^2 interpolated at Chebyshev nodes: relative error of q below 3e-8.
    V sum = V(0.0013926193f);
    sum = mad(sum, r, V(0.0083631863f));
    sum = mad(sum, r, V(0.041666555f));
    sum = mad(sum, r, V(0.16666577f));
    sum = mad(sum, r, V(0.5f));
    q = mad(r * r, sum, r);
    scale = pow2_from_magic(t);
  }
}

template <class V>
inline constexpr double kExpLow = kIsDouble<V> ? -707.0 : -86.6;  // below: 0, never a denormal
template <class V>
inline constexpr double kExpHigh = kIsDouble<V> ? 709.0 : 88.3;  // above: infinity

// e^x. Zero below kExpLow, infinity above kExpHigh, NaN for NaN.
template <class V>
RELUSCOPE_FN V exp(V x) {
  V scale, q;
  exp_parts(x, scale, q);
  V y = mad(scale, q, scale);
  y = select(x < V(kExpLow<V>), V(0.0), y);
  return select(x > V(kExpHigh<V>), V(__builtin_huge_val()), y);
}

// e^x - 1 without cancellation near 0. -1 below kExpLow, infinity above kExpHigh.
template <class V>
RELUSCOPE_FN V expm1(V x) {
  V scale, q;
  exp_parts(x, scale, q);
  V y = mad(scale, q, scale - V(1.0));
  y = select(x < V(kExpLow<V>), V(-1.0), y);
  return select(x > V(kExpHigh<V>), V(__builtin_huge_val()), y);
}

// Natural logarithm of a positive, normal, finite x.
template <class V>
RELUSCOPE_FN V log(V x) {
  V mantissa, exponent;
  split_exponent(x, mantissa, exponent);
  const V f = mantissa - V(1.0);
  const V s = f / (f + V(2.0));  // log(1 + f) = 2 atanh(s) = 2 s + s z (2/3 + 2/5 z + ...)
  const V z = s * s;
  V sum;
  if constexpr (kIsDouble<V>) {
    sum = V(2.0 / 23.0);
    for (int odd = 21; odd >= 3; odd -= 2) sum = mad(sum, z, V(2.0 / odd));
    const V low = mad(s * z, sum, exponent * V(0x1.a39ef35793c76p-33));
    return mad(exponent, V(0x1.62e42fee00000p-1), mad(V(2.0), s, low));
  } else {
    sum = V(0.2222222f);
    sum = mad(sum, z, V(0.2857143f));
    sum = mad(sum, z, V(0.4f));
    sum = mad(sum, z, V(0.6666667f));
    const V low = mad(s * z, sum, exponent * V(0x1.7f7d1cp-20f));
    return mad(exponent, V(0x1.62e4p-1f), mad(V(2.0), s, low));
  }
}

// value = 1 / (1 + e^-x) and slope = value (1 - value). Both are computed from e^-|x|, which cannot
// overflow, so they keep their relative accuracy for either sign of x.
template <class V>
struct ValueAndSlope {
  V value, slope;
};
template <class V>
RELUSCOPE_FN ValueAndSlope<V> sigmoid_parts(V x) {
  const V e = exp(select(x < V(0.0), x, V(0.0) - x));
  const V d = V(1.0) / (V(1.0) + e);
  return {select(x < V(0.0), e * d, d), e * d * d};
}

template <class V>
RELUSCOPE_FN V sigmoid(V x) {
  return sigmoid_parts(x).value;
}

// tanh |x| = -t / (t + 2) with t = e^(-2|x|) - 1, which cannot overflow.
template <class V>
RELUSCOPE_FN V tanh(V x) {
  const V magnitude = select(x < V(0.0), V(0.0) - x, x);
  const V t = expm1(V(-2.0) * magnitude);
  const V y = (V(0.0) - t) / (t + V(2.0));
  return select(x < V(0.0), V(0.0) - y, y);
}

// log(1 + u) for u >= 0. The rounding error of 1 + u is corrected to first order, so that a small u
// is not lost.
template <class V>
RELUSCOPE_FN V log1p(V u) {
  const V w = V(1.0) + u;
  return log(w) + (u - (w - V(1.0))) / w;
}

template <class V>
inline constexpr double kNormalHigh = kIsDouble<V> ? 37.5 : 12.9;  // the tail beyond is denormal

// The standard normal distribution: cdf = (1 + erf(x / sqrt(2))) / 2 and density =
// e^(-x^2 / 2) / sqrt(2 pi). Both are computed from the tail on the side of x, where nothing
// cancels, so they keep their relative accuracy. Tails beyond kNormalHigh are zero.
//
// tail(a) = e^(-a^2 / 2) P(u) / (a + 4) with u = (a - 4) / (a + 4), P interpolated at Chebyshev
// nodes: relative error below 1.2e-8 (float) and 4e-17 (double). a^2 is split into an exact part
// and a small part, because exp would multiply the rounding error of a^2 by a^2 / 2.
template <class V>
struct Normal {
  V cdf, density;
};
template <class V>
RELUSCOPE_FN Normal<V> normal_parts(V x) {
  const V a = select(x < V(0.0), V(0.0) - x, x);
  const V scaled = a * V(kIsDouble<V> ? 0x1p27 + 1.0 : 0x1p12 + 1.0);
  const V high = scaled - (scaled - a);  // the upper half of a's digits (Veltkamp, Dekker 1971)
  const V d = V(0.5) * (a - high) * (a + high);  // a^2 / 2 = high^2 / 2 + d
  V small = V(1.0 / 24.0);                       // e^-d, d < 0.05
  for (const double term : {-1.0 / 6.0, 0.5, -1.0, 1.0}) small = mad(small, d, V(term));
  const V e = exp(V(-0.5) * (high * high)) * small;

  const V t = V(1.0) / (a + V(4.0));
  const V u = (a - V(4.0)) * t;
  V sum;
  if constexpr (kIsDouble<V>) {
    sum = V(-9.18477145167887814e-10);
    for (const double term :
         {1.90548386907005751e-10, 1.38586458714322787e-8,  1.42109661278409132e-8,
          -7.64476127669280827e-8, -1.53777666422862088e-7, 2.6389746266048703e-7,
          1.01945129207166625e-6,  -6.25340226107043871e-7, -5.91873782794706776e-6,
          7.15112789176635983e-7,  3.51441393258252715e-5,  -1.90789904542265821e-6,
          -2.31094811459889555e-4, 1.33344259876998646e-4,  1.63081844124276596e-3,
          -3.47969236284029225e-3, -7.54018896556145206e-3, 6.03965748907301617e-2,
          -0.186521857959694808,   0.387137400742218271,    -0.607896641971891756,
          0.755285130415751482}) {
      sum = mad(sum, u, V(term));
    }
  } else {
    sum = V(-1.13815705e-4);
    for (const double term : {2.16519753e-4, 1.58052886e-3, -3.53122624e-3, -7.53408162e-3,
                              6.04068552e-2, -0.186521991, 0.38713672, -0.607896643, 0.755285138}) {
      sum = mad(sum, u, V(term));
    }
  }
  const auto beyond = a > V(kNormalHigh<V>);
  const V tail = select(beyond, V(0.0), e * sum * t);
  return {select(x < V(0.0), tail, V(1.0) - tail),
          select(beyond, V(0.0), e * V(0.39894228040143268))};
}

#ifndef RELUSCOPE_PER_TARGET
// base^exponent by repeated squaring.
RELUSCOPE_FN double integer_power(double base, std::uint64_t exponent) {
  double power = 1.0;
  for (; exponent > 0; exponent >>= 1, base *= base) {
    if (exponent & 1) power *= base;
  }
  return power;
}

// cos(2 pi turn) for turn in [0, 1]: removes whole quarter turns exactly, then sums Taylor series.
RELUSCOPE_FN double cos_2pi(double turn) {
  const double magic = 0x1.8p52;
  const double quarters = (4.0 * turn + magic) - magic;
  const double angle = (4.0 * turn - quarters) * 1.5707963267948966;  // |angle| <= pi / 4
  const double z = angle * angle;
  double sine = 0.0, cosine = 0.0;
  for (int n = 16; n >= 2; n -= 2) {  // Horner on 1 - z/(1*2) (1 - z/(3*4) (...))
    cosine = z / static_cast<double>((n - 1) * n) * (1.0 - cosine);
    sine = z / static_cast<double>(n * (n + 1)) * (1.0 - sine);
  }
  cosine = 1.0 - cosine;
  sine = angle * (1.0 - sine);
  switch (static_cast<int>(quarters) & 3) {
    case 0: return cosine;
    case 1: return -sine;
    case 2: return -cosine;
    default: return sine;
  }
}
#endif

RELUSCOPE_TARGET_END

#endif
