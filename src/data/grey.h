// Pictures from outside as the bytes a network reads: grey, light on dark.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace reluscope {

// Throws Error unless a picture of this size is what a network for (height, width) takes; `name`
// stands in the message.
void check_picture_size(const std::string& name, std::int64_t width, std::int64_t height,
                        int wanted_width, int wanted_height);

// rgba: 4 bytes a pixel. Grey by (299 R + 587 G + 114 B + 500) / 1000 (ITU-R BT.601's weights), laid
// over black as alpha says, (grey A + 127) / 255; all in whole numbers. invert: then 255 less it, for
// dark writing on a light ground.
std::vector<std::uint8_t> grey_of_rgba(std::span<const std::uint8_t> rgba, bool invert);

}  // namespace reluscope
