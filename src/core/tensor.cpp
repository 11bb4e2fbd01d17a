#include "core/tensor.h"

#include <algorithm>
#include <new>
#include <utility>

namespace reluscope {

std::string shape_text(const Shape& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(shape[i]);
  }
  return text + "]";
}

Buffer::Buffer(std::size_t count) : size_(count) {
  if (count == 0) return;
  data_ = static_cast<float*>(::operator new(count * sizeof(float), std::align_val_t{kAlign}));
  std::fill_n(data_, count, 0.0f);
}

Buffer::~Buffer() {
  if (data_ != nullptr) ::operator delete(data_, std::align_val_t{kAlign});
}

Buffer::Buffer(Buffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

}  // namespace reluscope
