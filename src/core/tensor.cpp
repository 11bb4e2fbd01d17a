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

Buffer::Buffer(std::size_t count, Memory* memory) : size_(count), memory_(memory) {
  if (count == 0) return;
  data_ = static_cast<float*>(memory == nullptr
                                  ? ::operator new (count * sizeof(float), std::align_val_t{kAlign})
                                  : memory->allocate(count * sizeof(float)));
  std::fill_n(data_, count, 0.0f);
}

Buffer::~Buffer() {
  if (data_ == nullptr) return;
  if (memory_ == nullptr) {
    ::operator delete (data_, std::align_val_t{kAlign});
  } else {
    memory_->release(data_);
  }
}

Buffer::Buffer(Buffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      memory_(other.memory_) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(memory_, other.memory_);
  return *this;
}

}  // namespace reluscope
