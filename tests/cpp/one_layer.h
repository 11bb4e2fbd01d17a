// A layer from its text alone: "conv 8x3 p1".
#pragma once

#include <memory>
#include <string_view>

#include "core/text.h"
#include "nn/layer_words.h"

namespace reluscope::test {

inline std::unique_ptr<Layer> parse_layer(std::string_view text, const LayerPlace& place) {
  LayerWords layer;
  for (const std::string_view word : split(text, ' ')) layer.push_back({word, 1});
  return find_layer_word(layer[0].text)->make(layer, place);
}

}  // namespace reluscope::test
