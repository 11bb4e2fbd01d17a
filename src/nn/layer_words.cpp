#include "nn/layer_words.h"

#include <cmath>

#include "core/error.h"
#include "core/text.h"

namespace reluscope {

void refuse(const Token& token, const std::string& reason) {
  throw Error("model: " + in_quotes(token.text) + " at position " + std::to_string(token.position) +
              " " + reason);
}

int whole_number(const Token& token, int min, int max, const std::string& what) {
  const auto value = parse_number(token.text);
  if (!value || *value != std::floor(*value) || *value < min || *value > max) {
    refuse(token, "is not " + what + ", a whole number from " + std::to_string(min) + " to " +
                      std::to_string(max));
  }
  return static_cast<int>(*value);
}

std::optional<double> number(const Token& token) {
  const auto value = parse_number(token.text);
  if (vanishes(token.text) || (value && *value != 0.0 && static_cast<float>(*value) == 0.0F)) {
    refuse(token, "is nearer to 0 than single precision can tell: give 0 or more");
  }
  return value;
}

void take_no_arguments(const LayerWords& words) {
  if (words.size() > 1) {
    refuse(words[1], "is one argument too many: " + std::string(words[0].text) + " takes none");
  }
}

void need_image(const LayerWords& words, const Shape& in) {
  if (in.size() == 3) return;
  refuse(words[0], "needs an image, but the layer before it gives " +
                       std::to_string(element_count(in)) + " features");
}

std::vector<ParameterSpec> weight_and_bias(const Shape& shape) {
  const std::int64_t out = shape[0], fan_in = element_count(shape) / out, taps = fan_in / shape[1];
  const ParameterSpec bias{.name = "bias",
                           .shape = {out},
                           .layout = {1, static_cast<int>(out)},
                           .role = ParameterRole::kBias,
                           .fan_in = fan_in,
                           .fan_out = out * taps};
  ParameterSpec weight = bias;
  weight.name = "weight";
  weight.shape = shape;
  weight.layout.rows = static_cast<int>(fan_in);
  weight.transposed = true;
  weight.role = ParameterRole::kWeight;
  weight.taps = static_cast<int>(taps);
  return {weight, bias};
}

Window square_window(const LayerWords& words, const Shape& in, int kernel, int default_stride,
                     bool pads) {
  Window window{.height = static_cast<int>(in[1]),
                .width = static_cast<int>(in[2]),
                .kernel_height = kernel,
                .kernel_width = kernel,
                .stride = default_stride};
  bool seen[2] = {false, false};
  for (std::size_t i = 2; i < words.size(); ++i) {
    const Token& word = words[i];
    const bool is_padding = pads && word.text[0] == 'p';
    if ((word.text[0] != 's' && !is_padding) || seen[is_padding]) {
      refuse(word, "is not expected: behind its first argument " + std::string(words[0].text) +
                       " takes a stride, as in s2" + (pads ? ", and a padding, as in p1" : ""));
    }
    seen[is_padding] = true;
    (is_padding ? window.padding : window.stride) =
        whole_number({word.text.substr(1), word.position + 1}, is_padding ? 0 : 1, kMaxKernel,
                     is_padding ? "a padding" : "a stride");
  }
  const int height = window.height + 2 * window.padding, width = window.width + 2 * window.padding;
  if (height < kernel || width < kernel) {
    refuse(words[1],
           format("asks for windows of %d x %d pixels, but its input has %d x %d%s", kernel, kernel,
                  height, width, window.padding > 0 ? " with padding" : ""));
  }
  return window;
}

}  // namespace reluscope
