// NumPy files: the header, and all elements of an array of integers.
#include "data/npy.h"

#include "fuzz.h"

using namespace reluscope;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::feed([&] {
    const std::span<const std::uint8_t> bytes(data, size);
    const NpyArray array = read_npy(bytes, "images");
    if (!array.is_integer()) return;
    std::int64_t sum = 0;
    for (std::size_t at = 0; at < static_cast<std::size_t>(element_count(array.shape)); ++at) {
      sum ^= array.integer(bytes, at);
    }
    (void)sum;
  });
}
