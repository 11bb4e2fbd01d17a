// Architecture texts, for images of 28 x 28.
#include "nn/architecture.h"

#include "fuzz.h"

using namespace reluscope;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::feed([&] {
    parse_architecture(std::string(fuzz::text_of(data, size)), {1, 28, 28}, 10);
  });
}
