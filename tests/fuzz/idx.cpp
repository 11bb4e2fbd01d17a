// IDX files: read as images, as labels, and as a data set of both.
#include "data/idx.h"
#include "data/dataset.h"

#include "fuzz.h"

using namespace reluscope;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::feed([&] {
    const std::vector<std::uint8_t> bytes(data, data + size);
    const auto attempt = [](const auto& read) {
      try {
        read();
      } catch (const Error&) {
      }
    };
    attempt([&] { read_idx(bytes, 3, "images"); });
    attempt([&] { read_idx(bytes, 1, "labels"); });
    // The first byte determines the end of the labels and the begin of the images.
    const std::size_t cut = size == 0 ? 0 : std::min<std::size_t>(size, 4 * bytes[0]);
    ImageSet({bytes.begin() + static_cast<std::ptrdiff_t>(cut), bytes.end()},
             {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(cut)}, 0, "training");
  });
}
