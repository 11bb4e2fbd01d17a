#include "core/tensor.h"

#include <algorithm>
#include <new>

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

Buffer::Buffer(std::size_t count, Memory* memory) : size_(count) {
  if (count == 0) return;
  const std::size_t bytes = count * sizeof(float);
  void* const block = memory == nullptr ? ::operator new (bytes, std::align_val_t{kAlign})
                                        : memory->allocate(bytes);
  data_ = {static_cast<float*>(block), Release{memory}};
  std::fill_n(data_.get(), count, 0.0f);
}

void Buffer::Release::operator()(float* data) const {
  if (memory == nullptr) {
    ::operator delete (data, std::align_val_t{kAlign});
  } else {
    memory->release(data);
  }
}

}  // namespace reluscope
