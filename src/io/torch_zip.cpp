// Writes a state_dict as torch.save does: an uncompressed ZIP of tensor data and a pickle that
// describes it.
#include <algorithm>

#include "core/text.h"
#include "io/saved_network.h"
#include "io/zip.h"

namespace reluscope {
namespace {

// Opcodes of pickle protocol 2 (described in CPython's Lib/pickletools.py).
constexpr std::uint8_t kProtocol = 0x80, kMark = '(', kStop = '.', kReduce = 'R', kGlobal = 'c',
                       kEmptyTuple = ')', kTuple = 't', kTuple1 = 0x85, kTuple2 = 0x86,
                       kSetItems = 'u', kPersistentId = 'Q', kUnicode = 'X', kInt1 = 'K',
                       kInt2 = 'M', kInt4 = 'J', kFalse = 0x89;

class Pickle {
 public:
  void op(std::uint8_t code) { bytes_.push_back(code); }
  void global(std::string_view module, std::string_view name) {
    op(kGlobal);
    append_text(bytes_, joined(module, "\n", name, "\n"));
  }
  void text(std::string_view text) {
    op(kUnicode);
    append_number(bytes_, text.size(), 4);
    append_text(bytes_, text);
  }
  // value: 0 to 2^31 - 1, which kMaxParameters guarantees for sizes.
  void number(std::int64_t value) {
    const int count = value < 0x100 ? 1 : value < 0x10000 ? 2 : 4;
    op(count == 1 ? kInt1 : count == 2 ? kInt2 : kInt4);
    append_number(bytes_, static_cast<std::uint64_t>(value), count);
  }
  void tuple(const std::vector<std::int64_t>& numbers) {
    constexpr std::uint8_t kEnds[] = {kEmptyTuple, kTuple1, kTuple2, kTuple};
    if (numbers.size() > 2) op(kMark);
    for (const std::int64_t value : numbers) number(value);
    op(kEnds[std::min<std::size_t>(numbers.size(), 3)]);
  }
  void empty_ordered_dict() {
    global("collections", "OrderedDict");
    op(kEmptyTuple);
    op(kReduce);
  }
  const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
};

// The strides, in elements, of a tensor in C order.
Shape strides_of(const Shape& shape) {
  Shape strides(shape.size());
  std::int64_t stride = 1;
  for (std::size_t d = shape.size(); d-- > 0; stride *= shape[d]) strides[d] = stride;
  return strides;
}

// torch._utils._rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks).
void add_tensor(Pickle& pickle, const NamedTensor& tensor, const std::string& key) {
  pickle.text(tensor.name);
  pickle.global("torch._utils", "_rebuild_tensor_v2");
  pickle.op(kMark);
  pickle.op(kMark);
  pickle.text("storage");
  pickle.global("torch", tensor.whole ? "LongStorage" : "FloatStorage");
  pickle.text(key);
  pickle.text("cpu");
  pickle.number(element_count(tensor.shape));
  pickle.op(kTuple);
  pickle.op(kPersistentId);
  pickle.number(0);
  pickle.tuple(tensor.shape);
  pickle.tuple(strides_of(tensor.shape));
  pickle.op(kFalse);
  pickle.empty_ordered_dict();
  pickle.op(kTuple);
  pickle.op(kReduce);
}

constexpr int kAlign = 64;  // of tensors in the file, for readers that map it into memory

}  // namespace

Bytes write_torch(const std::vector<NamedTensor>& tensors) {
  Pickle pickle;
  pickle.op(kProtocol);
  pickle.op(2);
  pickle.empty_ordered_dict();
  pickle.op(kMark);
  for (std::size_t i = 0; i < tensors.size(); ++i)
    add_tensor(pickle, tensors[i], std::to_string(i));
  pickle.op(kSetItems);
  pickle.op(kStop);

  // PyTorch names this folder after the file, and accepts any name.
  const std::string folder = "archive/";
  ZipWriter zip;
  zip.add(folder + "data.pkl", pickle.bytes());
  zip.add(folder + "byteorder", bytes_of("little"));
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    zip.add(folder + "data/" + std::to_string(i), little_endian(tensors[i]), kAlign);
  }
  zip.add(folder + "version", bytes_of("3\n"));
  return zip.finish();
}

}  // namespace reluscope
