// Reads PNG files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace reluscope {

// The pixels of a PNG file of any colour type and depth as 8-bit RGBA, row by row; no colour profile
// or gamma is applied. Throws Error for a file that is none or is damaged, and, before anything is
// unpacked, for one whose size is not (height, width).
std::vector<std::uint8_t> read_png(const std::string& path, int height, int width);

}  // namespace reluscope
