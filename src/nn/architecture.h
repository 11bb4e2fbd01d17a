// The text that describes a network, "dense 512 | relu | dense 10", and the layers it stands for.
// Images are flattened before the first dense layer, as nn.Flatten does.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "nn/layer.h"

namespace reluscope {

// One row for each word an architecture text may use, for help texts and menus.
struct LayerWord {
  std::string name;    // "dense"
  std::string syntax;  // "dense WIDTH"
  std::string about;
};
std::vector<LayerWord> layer_words();

inline constexpr int kMaxLayers = 64;
inline constexpr int kMaxWidth = 65536;
inline constexpr int kMaxPieces = 64;  // of maxout
inline constexpr int kMaxChannels = 4096;
inline constexpr int kMaxKernel = 32;                                // strides and paddings as well
inline constexpr std::int64_t kMaxFeatures = std::int64_t{1} << 22;  // of a layer, for a sample
inline constexpr std::int64_t kMaxParameters = std::int64_t{1} << 28;

// Builds the layers for samples of shape `in` (C, H, W). Throws Error naming the token, its
// position (first character is 1) and what was allowed; also when the last layer does not give
// `classes` outputs or there are more than kMaxParameters parameters.
std::vector<std::unique_ptr<Layer>> parse_architecture(std::string_view text, const Shape& in,
                                                       int classes);

// The same network in canonical spelling.
std::string architecture_text(const std::vector<std::unique_ptr<Layer>>& layers);

}  // namespace reluscope
