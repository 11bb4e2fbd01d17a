// The table of layers: one row for each other file of this folder, which defines ROW_words().
#include "nn/layer_words.h"

#define RELUSCOPE_LAYERS(ROW) \
  ROW(dense)                  \
  ROW(maxout)                 \
  ROW(conv)                   \
  ROW(pool)                   \
  ROW(normalisation)          \
  ROW(dropout)                \
  ROW(flatten)                \
  ROW(residual)               \
  ROW(activation)

namespace reluscope {

#define RELUSCOPE_DECLARE(row) std::vector<LayerWord> row##_words();
RELUSCOPE_LAYERS(RELUSCOPE_DECLARE)
#undef RELUSCOPE_DECLARE

const std::vector<LayerWord>& layer_words() {
  static const std::vector<LayerWord> all = [] {
    std::vector<LayerWord> words;
#define RELUSCOPE_ADD(row) \
  for (LayerWord & word : row##_words()) words.push_back(std::move(word));
    RELUSCOPE_LAYERS(RELUSCOPE_ADD)
#undef RELUSCOPE_ADD
    for (LayerWord& word : words) {
      if (word.syntax.empty()) word.syntax = word.name;
      if (word.example.empty()) word.example = word.name;
    }
    return words;
  }();
  return all;
}

const LayerWord* find_layer_word(std::string_view name) {
  for (const LayerWord& word : layer_words()) {
    if (word.name == name) return &word;
  }
  return nullptr;
}

}  // namespace reluscope
