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

// Decodes any PNG: palettes become colours, fewer than 8 bits are scaled up, 16 bits are cut to the
// upper 8; transparency and gamma are ignored, as by Pillow's convert("L").
// web/engine/worker/png.js gives the same bytes. flag and name: the flag that gave the file, and
// the file's name, for messages. Throws Error for a damaged file or a side over kMaxSide.
PngImage decode_png(std::span<const std::uint8_t> bytes, const char* flag, const std::string& name);

}  // namespace reluscope
