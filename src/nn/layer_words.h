// The words that a layer's file in nn/layers adds to architecture texts: their arguments, and how
// a layer is built from them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nn/layer.h"

namespace reluscope {

inline constexpr int kMaxWidth = 65536;
inline constexpr int kMaxPieces = 64;  // of maxout
inline constexpr int kMaxChannels = 4096;
inline constexpr int kMaxKernel = 32;  // also of strides and paddings

struct Token {
  std::string_view text;
  std::size_t position;  // of its first character in the whole text, from 1
};
using LayerWords = std::vector<Token>;  // one layer: its name and its arguments

struct LayerPlace {
  Shape in;             // of a sample
  bool images = false;  // `in` is an image, one row per pixel: Layer::needs_image()
  int skip_from = -1;   // of a block in parentheses: the layer before it
};

struct LayerWord {
  std::string name;         // "dense"
  std::string syntax = {};  // "dense WIDTH"; the name, unless given
  std::string about;
  std::string example = {};  // with arguments, if it needs some: "dense 128"; else the name
  std::unique_ptr<Layer> (*make)(const LayerWords&, const LayerPlace&);
  bool for_images = false;  // its layer needs images, if its input is an image
  bool reads_rows = false;  // its input is flattened if it is an image
  bool has_block = false;   // followed by layers in parentheses
};

// All words, in the order of nn/layers/layers.cpp.
const std::vector<LayerWord>& layer_words();
const LayerWord* find_layer_word(std::string_view name);  // null if unknown

// Throws an Error with the token's text, its position and this reason.
[[noreturn]] void refuse(const Token& token, const std::string& reason);
int whole_number(const Token& token, int min, int max, const std::string& what);
// The token's value, checked for single precision; nothing if it is not a number.
std::optional<double> number(const Token& token);
void take_no_arguments(const LayerWords& words);
template <class T>
std::unique_ptr<Layer> make_plain(const LayerWords& words, const LayerPlace& place) {
  take_no_arguments(words);
  return std::make_unique<T>(place);
}
void need_image(const LayerWords& words, const Shape& in);

// The name and the value of an argument, or "" for its usual value.
inline std::string unless(int usual, const char* name, int value) {
  return value == usual ? "" : name + std::to_string(value);
}

// The parameters of a linear map: a weight (O, I, kernel...) and a bias (O).
std::vector<ParameterSpec> weight_and_bias(const Shape& shape);

// A window on an image, of a layer whose first argument is the side of a square kernel. "s2" and
// "p1" after it: stride, and padding if the layer pads. Refuses kernels larger than the padded
// image.
Window square_window(const LayerWords& words, const Shape& in, int kernel, int default_stride,
                     bool pads);

}  // namespace reluscope
