// Shapes, and the memory layout of all matrices.
//
// Every matrix of the core (weights, activations, gradients) is stored in column panels. A panel
// holds kPanel columns, row by row; the last panel holds the remaining columns, its width rounded
// up to kPad. So a row of a panel is one or two cache lines, a matrix product reads its right-hand
// operand sequentially without packing it first, and a thread that owns panels owns whole columns.
//
//   element (r, c):  data[(c / kPanel) * kPanel * rows + r * width(c / kPanel) + c % kPanel]
//
// Padding columns of weights and gradients are always zero. Padding columns of activations hold
// arbitrary finite numbers and are never read as values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace reluscope {

using Shape = std::vector<std::int64_t>;  // sizes of a sample or a parameter, outermost first

inline std::int64_t element_count(const Shape& shape) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) count *= size;
  return count;
}

std::string shape_text(const Shape& shape);    // "[512, 784]"
std::string python_tuple(const Shape& shape);  // "(1, 28, 28)", "(512,)"

inline constexpr int kPanel = 32;  // columns of a full panel
inline constexpr int kPad = 16;    // the last panel's width is a multiple of this

struct Layout {
  int rows = 0;
  int cols = 0;

  constexpr int panels() const { return (cols + kPanel - 1) / kPanel; }
  constexpr int panel_cols(int panel) const {  // columns of a panel that are not padding
    const int left = cols - panel * kPanel;
    return left < kPanel ? left : kPanel;
  }
  constexpr int panel_width(int panel) const {
    return (panel_cols(panel) + kPad - 1) / kPad * kPad;
  }
  constexpr std::size_t panel_offset(int panel) const {
    return std::size_t{1} * panel * kPanel * rows;
  }
  constexpr int padded_cols() const { return (cols + kPad - 1) / kPad * kPad; }
  constexpr std::size_t size() const {  // floats, padding included
    return std::size_t{1} * rows * padded_cols();
  }
  constexpr std::size_t index(int row, int col) const {
    const int panel = col / kPanel;
    return panel_offset(panel) + std::size_t{1} * row * panel_width(panel) + col % kPanel;
  }
  bool operator==(const Layout&) const = default;
};

// A non-owning view of a matrix. T is float or const float.
template <class T>
struct Matrix {
  T* data = nullptr;
  Layout layout;

  constexpr int rows() const { return layout.rows; }
  constexpr int cols() const { return layout.cols; }
  constexpr T* panel(int p) const { return data + layout.panel_offset(p); }
  constexpr T& at(int row, int col) const { return data[layout.index(row, col)]; }
  operator Matrix<const T>() const { return {data, layout}; }
};

using MatrixView = Matrix<float>;
using ConstMatrixView = Matrix<const float>;

// An allocator of memory that a device shares with the host. The host may access such memory only
// when the device is idle (after Backend::finish()).
class Memory {
 public:
  virtual ~Memory() = default;
  virtual void* allocate(std::size_t bytes) = 0;  // throws Error if memory is exhausted
  virtual void release(void* memory) noexcept = 0;
};

// Owns training memory: zero-initialised floats, aligned for every SIMD width and cache line.
class Buffer {
 public:
  static constexpr std::size_t kAlign = 128;

  Buffer() = default;
  explicit Buffer(std::size_t count, Memory* memory = nullptr);  // null: host memory
  Buffer(Buffer&& other) noexcept { *this = std::move(other); }
  Buffer& operator=(Buffer&& other) noexcept {  // leaves the other one empty
    data_ = std::move(other.data_);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  float* data() { return data_.get(); }
  const float* data() const { return data_.get(); }
  std::size_t size() const { return size_; }

 private:
  struct Release {
    Memory* memory;
    void operator()(float* data) const;
  };
  std::unique_ptr<float, Release> data_{nullptr, Release{nullptr}};
  std::size_t size_ = 0;
};

// Offsets inside a Buffer start at multiples of this many floats.
inline constexpr std::size_t kAlignFloats = Buffer::kAlign / sizeof(float);
inline std::size_t align_up(std::size_t floats) {
  return (floats + kAlignFloats - 1) / kAlignFloats * kAlignFloats;
}

}  // namespace reluscope
