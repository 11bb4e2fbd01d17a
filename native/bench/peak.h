// What the core can do at most, measured: what the kernels' rates are shares of. A few percent may
// be missing, so a share can come out a little above 1.
//
//   arithmetic   independent chains of a multiplication and an addition in registers, as many as
//                hide their latency; fused: of one instruction for both
//   stream       load, one cheap operation, store, over as many bytes as the kernel's operands
//                have, so that they lie in the same cache
//   division     divisions and square roots in turn: what limits Adam
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

// All for a name of cpu::simd_names().

// Operations; amount 0 where the instruction set cannot fuse.
Meter arithmetic(std::string_view simd, bool fused);
// Bytes read and written, of `floats` floats in all.
Meter stream(std::string_view simd, Stream kind, std::size_t floats);
// Divisions, with as many square roots.
Meter division(std::string_view simd);

}  // namespace reluscope::bench
