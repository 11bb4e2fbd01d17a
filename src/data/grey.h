// Converts decoded pictures to the input of a network: grey bytes, light on dark.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace reluscope {

std::string size_text(int height, int width);  // "28x28", width first

// Throws Error beginning with `what` unless channels is 1 or 3 and bytes is height * width *
// channels.
void check_decoded(const std::string& what, int height, int width, int channels, std::size_t bytes);

// pixels (H, W, channels) to grey (H, W). channels: 1, or 3 for RGB, whose grey is that of Pillow
// and ITU-R BT.601, in integers: (19595 R + 38470 G + 7471 B + 32768) >> 16.
void to_grey(int channels, std::span<const std::uint8_t> pixels, std::uint8_t* grey);

struct Picture {
  std::string name;  // for messages
  int height, width;
  int channels;                          // 1 (grey) or 3 (RGB)
  std::span<const std::uint8_t> pixels;  // (H, W, channels)
};

// The grey pixels for a network whose input is (height, width). invert: pixel p becomes 255 - p,
// for dark writing on a light background. Throws Error if the size of the picture differs.
std::vector<std::uint8_t> network_input(const Picture& picture, int height, int width, bool invert);

}  // namespace reluscope
