// Pictures as the bytes a network reads: grey, light on dark.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace reluscope {

// Pillow's and ITU-R BT.601's grey, in integers: (19595 R + 38470 G + 7471 B + 32768) >> 16.
// rgb: three bytes a pixel; grey: one.
void grey_of_rgb(std::span<const std::uint8_t> rgb, std::uint8_t* grey);

struct Picture {
  std::string name;  // for messages
  int height, width;
  int channels;                          // 1 grey, 3 red, green, blue
  std::span<const std::uint8_t> pixels;  // (H, W, channels)
};

// For a network that takes (height, width). invert: 255 less each pixel, for dark writing on a
// light ground. Throws Error for a picture of another size.
std::vector<std::uint8_t> network_input(const Picture& picture, int height, int width, bool invert);

}  // namespace reluscope
