// How a layer's file in nn/layers takes part in architecture texts: its words, what may stand
// behind them, and how a layer is made of them.
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
inline constexpr int kMaxKernel = 32;  // strides and paddings as well

struct Token {
  std::string_view text;
  std::size_t position;  // of its first character in the whole text, from 1
};
using LayerWords = std::vector<Token>;  // one layer: its name and its arguments

struct LayerPlace {
  Shape in;             // of a sample
  bool images = false;  // whether `in` comes as an image, one row a pixel: Layer::needs_image()
  int skip_from = -1;   // of a block in parentheses: the layer before it
};

struct LayerWord {
  std::string name;    // "dense"
  std::string syntax;  // "dense WIDTH"
  std::string about;
  std::string example;  // with arguments, where it needs some: "dense 128"
  std::unique_ptr<Layer> (*make)(const LayerWords&, const LayerPlace&);
  bool for_images = false;  // makes a layer that needs images, if its input is one
  bool reads_rows = false;  // an image in front of it is flattened
  bool has_block = false;   // is followed by layers in parentheses
};

// All words, in the order of nn/layers/layers.cpp.
const std::vector<LayerWord>& layer_words();
const LayerWord* find_layer_word(std::string_view name);  // null if there is none

// Throws the Error that a token deserves: its text, its position and this reason.
[[noreturn]] void refuse(const Token& token, const std::string& reason);
int whole_number(const Token& token, int min, int max, const std::string& what);
// What is computed with in single precision, if it is a number.
std::optional<double> number(const Token& token);
void take_no_arguments(const LayerWords& words);
void need_image(const LayerWords& words, const Shape& in);

// "s2" and "p1" behind a layer's first argument: stride, and padding where there is one.
struct WindowOptions {
  int stride, padding = 0;
  WindowOptions(const LayerWords& words, int default_stride, bool pads);
};
// Refuses windows that are larger than an image with its padding.
void check_fits(const Token& token, const Shape& in, int kernel, int padding);

}  // namespace reluscope
