// The kernels at the sizes that training uses, as things to run and to count. Nothing here knows
// a benchmark toolkit: Google Benchmark (main.cpp) and the plain program that also runs in Node
// and in browsers (rates.cpp) share the list.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "bench/peak.h"
#include "bench/timing.h"

namespace reluscope::bench {

struct Product {  // a dense one, with nothing before or behind it
  enum class Kind { kForward, kInputGradient, kWeightGradient };
  Kind kind;
  int n, in, out;

  double operations() const { return 2.0 * n * in * out; }
};

struct Case {
  std::string name;  // "forward 1"
  std::string size;  // "64x784 . 784x512"
  // What a run does. Operations are multiplications and additions of the product alone, of entries
  // that are stored and columns that are not padding; an optimizer or an activation in the same
  // run is not counted.
  double operations = 0.0;
  // Where there are none: the bytes that a run has to read and write, and the stream that moves
  // data in the same way over as many floats. (The identity, whose slope is always 1, reads less.)
  double bytes = 0.0;
  Stream stream = Stream::kCopy;
  std::size_t floats = 0;
  std::optional<Product> product = {};
  // The operands, and what runs the kernel on them; the backend has to live as long.
  std::function<Run(Backend&)> make = {};
};

std::vector<Case> kernel_cases();

}  // namespace reluscope::bench
