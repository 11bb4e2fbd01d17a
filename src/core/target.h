// Compiles one source of mathematics for plain numbers and for every SIMD target.
//
// Code between RELUSCOPE_TARGET_BEGIN and RELUSCOPE_TARGET_END goes to namespace reluscope::scalar,
// for V = float or double. In a source that defines RELUSCOPE_PER_TARGET and is re-included by
// Highway's foreach_target.h it goes to reluscope::HWY_NAMESPACE, for V = a vector of that target.
// Headers with such code have Highway's toggling guard:
//
//   #if defined(RELUSCOPE_X_H_) == defined(HWY_TARGET_TOGGLE)
//
// A compiler that requires marked functions (CUDA) defines RELUSCOPE_FN beforehand.
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

// Bit-for-bit reproducibility needs IEEE arithmetic as written. (Contraction is disabled on the
// command line and checked at start-up.)
#if defined(__FAST_MATH__) || defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__)
#error "reluscope must not be compiled with -ffast-math or its parts"
#endif
