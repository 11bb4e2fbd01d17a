// Measured peak rates of one core, to which the rates of kernels are compared. The measurement may
// be a few percent low, so a share can slightly exceed 1.
//
//   arithmetic   independent chains of multiplications and additions in registers, enough to hide
//                latency; fused: one instruction for both
//   stream       load, one cheap operation, store, over as many bytes as the operands of the
//   kernel,
//                so that they are in the same cache
//   division     alternating divisions and square roots, which limit Adam
#pragma once

#include <cstddef>
#include <string_view>

#include "bench/timing.h"

namespace reluscope::bench {

enum class Stream {
  kRead,     // a sum
  kCopy,     // y = f(x)
  kCombine,  // z = f(x, y)
  kUpdate,   // x = f(x)
};

// simd: one of cpu::simd_names().

// The amount is operations; 0 if fused and the instruction set cannot fuse.
Meter arithmetic(std::string_view simd, bool fused);
// The amount is bytes read and written. floats: the total size of the arrays.
Meter stream(std::string_view simd, Stream kind, std::size_t floats);
// The amount is divisions; there are as many square roots.
Meter division(std::string_view simd);

}  // namespace reluscope::bench
