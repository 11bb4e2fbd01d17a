#include "core/tensor.h"

#include <algorithm>
#include <new>
#include <utility>

namespace reluscope {

std::string shape_text(const Shape& shape) {
  std::string text;
  for (const std::int64_t size : shape) text += (text.empty() ? "" : ", ") + std::to_string(size);
  return "[" + text + "]";
}

std::string python_tuple(const Shape& shape) {
  const std::string text = shape_text(shape), sizes = text.substr(1, text.size() - 2);
  return "(" + sizes + (shape.size() == 1 ? ",)" : ")");
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
