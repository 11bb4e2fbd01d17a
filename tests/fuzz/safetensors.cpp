// safetensors files: the header, and the values of every tensor of floats.
#include "io/safetensors.h"

#include "fuzz.h"

using namespace reluscope;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::feed([&] {
    const SafetensorsFile file = read_safetensors({data, size});
    for (const StoredTensor& tensor : file.tensors) {
      if (tensor.dtype == "F32") float_values(tensor);
    }
  });
}
