// A network as an ONNX model, for any program that runs those: its input `image` is float32
// (N, C, H, W), raw pixels from 0 to 255, which it normalises itself; its output `logits` is
// float32 (N, classes). The metadata say "classes" (a JSON list of their names) and "model".
#pragma once

#include "io/saved_network.h"

namespace reluscope {

std::vector<std::uint8_t> write_onnx(const SavedNetwork& network);

}  // namespace reluscope
