// Decodes PNG files to bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace reluscope {

struct PngImage {
  int height, width;
  int channels;                      // 1 grey, 3 red, green, blue
  std::vector<std::uint8_t> pixels;  // (H, W, channels)
};

// Any PNG: palettes become colours, fewer bits than 8 are scaled up, of 16 the upper 8 are taken;
// transparency and gamma are ignored, as by Pillow's convert("L"). web/engine/worker/png.js gives
// the same bytes. flag and name are what the file was given by and its own, for messages. Throws
// Error for a damaged file or one over kMaxSide.
PngImage decode_png(std::span<const std::uint8_t> bytes, const char* flag, const std::string& name);

}  // namespace reluscope
