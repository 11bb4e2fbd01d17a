// Lets one piece of mathematics compile for plain numbers and again for every SIMD target.
//
// A header between RELUSCOPE_TARGET_BEGIN and RELUSCOPE_TARGET_END lands in namespace
// reluscope::scalar, for V = float or double. A source that defines RELUSCOPE_PER_TARGET and is
// re-included by Highway's foreach_target.h gets it in reluscope::HWY_NAMESPACE instead, for
// V = a vector of that target. Such headers carry Highway's toggling guard:
//
//   #if defined(RELUSCOPE_X_H_) == defined(HWY_TARGET_TOGGLE)
//
// RELUSCOPE_FN may be defined beforehand by a compiler that wants functions marked.
#pragma once

#ifdef RELUSCOPE_PER_TARGET
#define RELUSCOPE_TARGET_BEGIN \
  HWY_BEFORE_NAMESPACE();      \
  namespace reluscope {        \
  namespace HWY_NAMESPACE {
#define RELUSCOPE_TARGET_END \
  }                          \
  }                          \
  HWY_AFTER_NAMESPACE();
#define RELUSCOPE_FN HWY_INLINE
#else
#define RELUSCOPE_TARGET_BEGIN \
  namespace reluscope {        \
  namespace scalar {
#define RELUSCOPE_TARGET_END \
  }                          \
  }
#ifndef RELUSCOPE_FN
#define RELUSCOPE_FN inline
#endif
#endif

// Bit-for-bit reproducibility needs IEEE arithmetic as written: REPRODUCIBLE means no fast-math
// in any part. (Contraction is switched off on the command line and checked at start-up.)
#if defined(__FAST_MATH__) || defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__)
#error "reluscope must not be compiled with -ffast-math or its parts"
#endif
