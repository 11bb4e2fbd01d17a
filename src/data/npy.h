// NumPy's .npy files (numpy.lib.format): a header with the type and the shape, then the elements in
// C order. Reads versions 1 to 3, writes version 1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/tensor.h"

namespace reluscope {

struct NpyArray {
  char kind;  // of the elements: 'b' boolean, 'i' signed, 'u' unsigned, 'f' float
  int size;   // of an element, in bytes, little-endian
  Shape shape;
  std::size_t begin;  // offset of the first element in the file

  bool is_integer() const { return kind == 'i' || kind == 'u'; }
  // Element `at` of an array of integers; unsigned values above 2^63 - 1 become 2^63 - 1. bytes:
  // the whole file.
  std::int64_t integer(std::span<const std::uint8_t> bytes, std::size_t at) const;
};

bool is_npy(std::span<const std::uint8_t> bytes);  // whether it begins with the magic number

// Checks the header and that exactly the announced elements follow. `what` names the file in
// messages ("training images"). Throws Error for another format, a header over 10,000 bytes, types
// other than integers and floats, big-endian or Fortran order, or a wrong size.
NpyArray read_npy(std::span<const std::uint8_t> bytes, const std::string& what);

// The size in bytes of the file that begins with `head`, by its header; nothing if the header is
// incomplete or read_npy() would refuse it.
std::optional<double> npy_bytes(std::span<const std::uint8_t> head);

// Whole files. There must be as many values as the shape has elements.
std::vector<std::uint8_t> write_npy(const Shape& shape, std::span<const float> values);
std::vector<std::uint8_t> write_npy(const Shape& shape, std::span<const std::uint8_t> values);

}  // namespace reluscope
