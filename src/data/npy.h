// NumPy's .npy files (numpy.lib.format): a header that says the type and the shape, then the
// elements in C order. Versions 1 to 3 are read, 1 is written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/tensor.h"

namespace reluscope {

struct NpyArray {
  char kind;  // of an element: 'b' truth value, 'i' signed, 'u' unsigned, 'f' float
  int size;   // of an element, in bytes, little-endian
  std::vector<std::int64_t> shape;
  std::size_t begin;  // of the first element in the file's bytes

  std::int64_t count() const;  // of elements
  bool is_integer() const { return kind == 'i' || kind == 'u'; }
  // Element `at` of an array of integers. bytes: the whole file's.
  std::int64_t integer(std::span<const std::uint8_t> bytes, std::size_t at) const;
};

bool is_npy(std::span<const std::uint8_t> bytes);  // whether it begins like one

// Checks the header and that exactly the announced elements follow. `what` names the file in
// messages ("training images"). Throws Error: for another format, a header over 10,000 bytes, a
// type other than whole numbers and floats, big-endian, Fortran order, or a wrong size.
NpyArray read_npy(std::span<const std::uint8_t> bytes, std::string_view what);

// What a file has that begins with `head`, by its header; nothing if that is not whole or none that
// read_npy() takes.
std::optional<double> npy_bytes(std::span<const std::uint8_t> head);

// Whole files. The values are as many as the shape has elements.
std::vector<std::uint8_t> write_npy(const Shape& shape, std::span<const float> values);
std::vector<std::uint8_t> write_npy(const Shape& shape, std::span<const std::uint8_t> values);

}  // namespace reluscope
