// The text that describes a network, "dense 512 | relu | dense 10", and the layers it stands for.
// Images are flattened before the first dense layer, as nn.Flatten does.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "nn/layer_words.h"

namespace reluscope {

inline constexpr int kMaxLayers = 64;
inline constexpr std::int64_t kMaxFeatures = std::int64_t{1} << 22;  // per layer and sample
inline constexpr std::int64_t kMaxParameters = std::int64_t{1} << 28;

// Builds the layers for samples of shape `in` (C, H, W). Throws Error naming the token, its
// position (the first character is 1) and the input allowed there. Also throws if the last layer
// does not have `classes` outputs or the network has more than kMaxParameters parameters.
std::vector<std::unique_ptr<Layer>> parse_architecture(std::string_view text, const Shape& in,
                                                       int classes);

// The same network in canonical spelling.
std::string architecture_text(const std::vector<std::unique_ptr<Layer>>& layers);

}  // namespace reluscope
