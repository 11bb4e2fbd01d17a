#include "nn/architecture.h"

#include <cmath>

#include "core/error.h"
#include "core/text.h"
#include "nn/layers/activation_layer.h"
#include "nn/layers/batch_norm.h"
#include "nn/layers/channel_activation.h"
#include "nn/layers/conv2d.h"
#include "nn/layers/dense.h"
#include "nn/layers/dropout.h"
#include "nn/layers/flatten.h"
#include "nn/layers/layer_norm.h"
#include "nn/layers/maxout.h"
#include "nn/layers/pool2d.h"
#include "nn/layers/random_activation.h"
#include "nn/layers/residual.h"

namespace reluscope {
namespace {

struct Token {
  std::string_view text;
  std::size_t position;  // of its first character in the whole text, from 1
};

[[noreturn]] void refuse(const Token& token, const std::string& reason) {
  throw Error("model: " + in_quotes(token.text) + " at position " + std::to_string(token.position) +
              " " + reason);
}

using LayerWords = std::vector<Token>;  // one layer: its name and its arguments

int whole_number(const Token& token, int min, int max, const std::string& what) {
  const auto value = parse_number(token.text);
  if (!value || *value != std::floor(*value) || *value < min || *value > max) {
    refuse(token, "is not " + what + ", a whole number from " + std::to_string(min) + " to " +
                      std::to_string(max));
  }
  return static_cast<int>(*value);
}

// What is computed with in single precision, if it is a number.
std::optional<double> number(const Token& token) {
  const auto value = parse_number(token.text);
  if (vanishes(token.text) || (value && *value != 0.0 && static_cast<float>(*value) == 0.0F)) {
    refuse(token, "is nearer to 0 than single precision can tell: give 0 or more");
  }
  return value;
}

std::unique_ptr<Layer> make_dense(const LayerWords& words, const Shape& in, bool) {
  if (words.size() != 2) refuse(words[0], "takes one width, as in \"dense 512\"");
  return std::make_unique<Dense>(in, whole_number(words[1], 1, kMaxWidth, "a width"));
}

std::unique_ptr<Layer> make_maxout(const LayerWords& words, const Shape& in, bool) {
  if (words.size() != 2) refuse(words[0], "takes one number of pieces, as in \"maxout 2\"");
  const int pieces = whole_number(words[1], 2, kMaxPieces, "a number of pieces");
  if (in.front() % pieces != 0) {
    refuse(words[1], "does not divide the " + std::to_string(in.front()) +
                         " channels in front of this maxout");
  }
  return std::make_unique<Maxout>(in, pieces);
}

// Behind the name of an activation that learns: a parameter for each channel.
constexpr std::string_view kByChannel = "channel";

std::vector<std::string> learning_activations() {
  std::vector<std::string> names;
  for (ActivationId id = 0; id < activation_count(); ++id) {
    if (activation_learns(activation_info(id))) names.emplace_back(activation_info(id).name);
  }
  return names;
}

std::unique_ptr<Layer> make_activation(ActivationId id, LayerWords words, const Shape& in) {
  const ActivationInfo& info = activation_info(id);
  const bool by_channel = words.size() > 1 && words[1].text == kByChannel;
  if (by_channel) {
    if (!activation_learns(info)) {
      refuse(words[1], "is for activations that learn a parameter, " +
                           join_or(learning_activations()) + ", but " + info.name + " learns none");
    }
    words.erase(words.begin() + 1);
  }
  if (words.size() - 1 > info.parameters.size()) {
    refuse(words[info.parameters.size() + 1],
           "is one argument too many: " + std::string(info.name) + " takes " +
               (info.parameters.empty() ? "none"
                                        : "at most " + std::to_string(info.parameters.size())));
  }
  std::vector<double> values;
  for (std::size_t i = 0; i < info.parameters.size(); ++i) {
    const ActivationParameter& parameter = info.parameters[i];
    values.push_back(parameter.initial);
    if (i + 1 >= words.size()) continue;
    const auto value = number(words[i + 1]);
    if (!value || !(*value >= parameter.min && *value <= parameter.max)) {
      refuse(words[i + 1], "is not a " + std::string(info.name) + " " + parameter.name +
                               ", a number from " + number_text(parameter.min) + " to " +
                               number_text(parameter.max));
    }
    values.back() = *value;
  }
  if (by_channel) return std::make_unique<ChannelActivation>(in, id, values.front());
  if (!info.random) return std::make_unique<ActivationLayer>(in, id, std::move(values));
  if (values[0] > values[1]) {
    refuse(words[1],
           "is above the " + number_text(values[1]) + " where " + info.name + "'s range ends");
  }
  return std::make_unique<RandomActivation>(in, id, std::move(values));
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

std::string pixels_text(std::int64_t height, std::int64_t width) {
  return std::to_string(height) + " x " + std::to_string(width);
}

// "s2" and "p1" behind a layer's first argument: stride, and padding where there is one.
struct Options {
  int stride, padding = 0;

  Options(const LayerWords& words, int default_stride, bool pads) : stride(default_stride) {
    bool seen[2] = {false, false};
    for (std::size_t i = 2; i < words.size(); ++i) {
      const Token& word = words[i];
      const bool is_stride = word.text[0] == 's', is_padding = pads && word.text[0] == 'p';
      if ((!is_stride && !is_padding) || seen[is_padding]) {
        refuse(word, "is not expected: behind its first argument " + std::string(words[0].text) +
                         " takes a stride, as in s2" + (pads ? ", and a padding, as in p1" : ""));
      }
      seen[is_padding] = true;
      const Token number{word.text.substr(1), word.position + 1};
      if (is_stride) {
        stride = whole_number(number, 1, kMaxKernel, "a stride");
      } else {
        padding = whole_number(number, 0, kMaxKernel, "a padding");
      }
    }
  }
};

void check_fits(const Token& token, const Shape& in, int kernel, int padding) {
  if (in[1] + 2 * padding >= kernel && in[2] + 2 * padding >= kernel) return;
  refuse(token, "asks for windows of " + pixels_text(kernel, kernel) +
                    " pixels, but its input has " +
                    pixels_text(in[1] + 2 * padding, in[2] + 2 * padding) +
                    (padding > 0 ? " with padding" : ""));
}

std::unique_ptr<Layer> make_conv(const LayerWords& words, const Shape& in, bool) {
  need_image(words, in);
  const char* const example = "takes channels and a kernel, as in \"conv 32x3 p1\"";
  if (words.size() < 2) refuse(words[0], example);
  const Token& sizes = words[1];
  const std::size_t by = sizes.text.find('x');
  if (by == std::string_view::npos) refuse(sizes, std::string("is no size: conv ") + example);
  const int channels = whole_number({sizes.text.substr(0, by), sizes.position}, 1, kMaxChannels,
                                    "a number of channels");
  const int kernel = whole_number({sizes.text.substr(by + 1), sizes.position + by + 1}, 1,
                                  kMaxKernel, "the side of a kernel");
  const Options options(words, 1, true);
  check_fits(sizes, in, kernel, options.padding);
  return std::make_unique<Conv2d>(in, channels, kernel, options.stride, options.padding);
}

template <Pooling kKind>
std::unique_ptr<Layer> make_pool(const LayerWords& words, const Shape& in, bool) {
  need_image(words, in);
  if (words.size() < 2) {
    const std::string name(words[0].text);
    refuse(words[0], "takes the side of a window, as in \"" + name + " 2\"");
  }
  const int kernel = whole_number(words[1], 1, kMaxKernel, "the side of a window");
  const Options options(words, kernel, false);
  check_fits(words[1], in, kernel, 0);
  return std::make_unique<Pool2d>(in, kKind, kernel, options.stride);
}

std::unique_ptr<Layer> make_global_average(const LayerWords& words, const Shape& in, bool) {
  take_no_arguments(words);
  need_image(words, in);
  return Pool2d::global_average(in);
}

std::unique_ptr<Layer> make_batch_norm(const LayerWords& words, const Shape& in, bool) {
  take_no_arguments(words);
  return std::make_unique<BatchNorm>(in);
}

std::unique_ptr<Layer> make_layer_norm(const LayerWords& words, const Shape& in, bool images) {
  take_no_arguments(words);
  return std::make_unique<LayerNorm>(in, images && in.size() == 3);
}

std::unique_ptr<Layer> make_dropout(const LayerWords& words, const Shape& in, bool) {
  if (words.size() != 2) refuse(words[0], "takes one probability, as in \"dropout 0.5\"");
  const auto value = number(words[1]);
  if (!value || !(*value >= 0.0 && *value < 1.0)) {
    refuse(words[1], "is not a probability, a number from 0 to below 1");
  }
  return std::make_unique<Dropout>(in, *value);
}

std::unique_ptr<Layer> make_flatten(const LayerWords& words, const Shape& in, bool images) {
  take_no_arguments(words);
  return std::make_unique<Flatten>(in, images && in.size() == 3);
}

struct Row {
  const char* name;
  const char* syntax;
  const char* about;
  // images: whether the network stores its images as such, see Layer::needs_image().
  std::unique_ptr<Layer> (*make)(const LayerWords&, const Shape&, bool images);
  bool for_images = false;  // makes a layer that needs them so, if its input is an image
};

constexpr std::string_view kDense = "dense", kFlatten = "flatten", kResidual = "residual";

// Every layer that is not an activation or a residual block. Adding one adds a row.
constexpr Row kRows[] = {
    {kDense.data(), "dense WIDTH", "fully connected: every output sees every input", &make_dense},
    {"maxout", "maxout PIECES", "the largest of PIECES neighbouring channels", &make_maxout},
    {"conv", "conv CHANNELSxKERNEL [sSTRIDE] [pPADDING]",
     "convolution: the same small filters at every place of an image", &make_conv, true},
    {"pool", "pool SIDE [sSTRIDE]", "the largest value of every window", &make_pool<Pooling::kMax>,
     true},
    {"avgpool", "avgpool SIDE [sSTRIDE]", "the mean of every window", &make_pool<Pooling::kAverage>,
     true},
    {"gap", "gap", "global average pooling: the mean of each channel", &make_global_average, true},
    {"bn", "bn", "batch normalisation of each feature or channel", &make_batch_norm, true},
    {"ln", "ln", "layer normalisation over the features of a sample", &make_layer_norm},
    {"dropout", "dropout P", "sets a share P of its inputs to 0 while training", &make_dropout},
    {kFlatten.data(), "flatten", "images become rows of features; implied before dense",
     &make_flatten},
};

const Row* find_row(std::string_view name) {
  for (const Row& row : kRows) {
    if (name == row.name) return &row;
  }
  return nullptr;
}

bool is_mark(std::string_view text) { return text == "|" || text == "(" || text == ")"; }

// Words and the marks | ( ).
std::vector<Token> split(std::string_view text) {
  std::vector<Token> tokens;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == ' ' || text[at] == '\t' || text[at] == '\n' || text[at] == '\r') {
      ++at;
      continue;
    }
    std::size_t end = at + 1;
    if (!is_mark(text.substr(at, 1))) {
      end = std::min(text.find_first_of("|() \t\n\r", at), text.size());
    }
    tokens.push_back({text.substr(at, end - at), at + 1});
    at = end;
  }
  return tokens;
}

std::unique_ptr<Layer> make_layer(const LayerWords& words, const Shape& in, bool images) {
  if (const Row* const row = find_row(words[0].text)) return row->make(words, in, images);
  const ActivationId id = find_activation(words[0].text);
  if (id >= 0) return make_activation(id, words, in);
  std::vector<std::string> known;
  for (const Row& row : kRows) known.emplace_back(row.name);
  known.emplace_back(kResidual);
  for (const std::string& name : activation_names()) known.push_back(name);
  const std::string nearest = nearest_name(words[0].text, known);
  refuse(words[0], "is not a layer" +
                       (nearest.empty() ? "" : " (did you mean \"" + nearest + "\"?)") +
                       ": known are " + join_or(known));
}

// Layers are separated by |, and a block of them stands in parentheses behind `residual`.
class Parser {
 public:
  Parser(std::string_view text, const Shape& in) : tokens_(split(text)), shape_(in) {
    if (tokens_.empty()) {
      throw Error("model: the text is empty; write layers such as \"dense 512 | relu | dense 10\"");
    }
    std::int64_t layers = 1;
    for (const Token& token : tokens_) layers += token.text == "|" || token.text == "(";
    if (layers > kMaxLayers) {
      throw Error("model: " + std::to_string(layers) + " layers, but at most " +
                  std::to_string(kMaxLayers) + " are allowed");
    }
    images_ = needs_images();
  }

  std::vector<std::unique_ptr<Layer>> parse(int classes) {
    sequence(false);
    if (element_count(shape_) != classes) {
      refuse(last_, "is the last layer and gives " + std::to_string(element_count(shape_)) +
                        " outputs, but the data has " + std::to_string(classes) +
                        " classes: end with \"dense " + std::to_string(classes) + "\"");
    }
    flatten_image();
    return std::move(layers_);
  }

 private:
  // Whether a layer that needs images comes before the first that ends them.
  bool needs_images() const {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (i > 0 && !is_mark(tokens_[i - 1].text)) continue;
      if (tokens_[i].text == kDense || tokens_[i].text == kFlatten) return false;
      const Row* const row = find_row(tokens_[i].text);
      if (row != nullptr && row->for_images) return true;
    }
    return false;
  }

  bool at_end() const { return at_ == tokens_.size(); }
  bool at(std::string_view text) const { return !at_end() && tokens_[at_].text == text; }

  // Layers up to the end of the text or of a block.
  void sequence(bool in_block) {
    for (;; ++at_) {
      LayerWords words;
      for (; !at_end() && !is_mark(tokens_[at_].text); ++at_) words.push_back(tokens_[at_]);
      if (words.empty()) refuse_gap(in_block);
      if (words[0].text == kResidual) {
        residual(words);
      } else {
        layer(words);
      }
      last_ = words[0];
      if (at_end() || (in_block && at(")"))) return;
      if (!at("|")) refuse_gap(in_block);
    }
  }

  [[noreturn]] void refuse_gap(bool in_block) const {
    if (at_end()) {
      throw Error("model: the text ends with " + in_quotes(tokens_.back().text) + " at position " +
                  std::to_string(tokens_.back().position) + ", where another layer was expected");
    }
    const Token& token = tokens_[at_];
    if (token.text == "(") refuse(token, "is out of place: only residual is followed by \"(\"");
    if (token.text == ")" && !in_block) refuse(token, "closes no residual block");
    refuse(token, "has no layer before it");
  }

  void layer(const LayerWords& words) {
    if (words[0].text == kDense) flatten_image();
    // Rows of features need no flattening before a dense layer, which may be the one that reads
    // the data's bytes.
    if (words.size() == 1 && words[0].text == kFlatten && !images_ && at("|") &&
        at_ + 1 < tokens_.size() && tokens_[at_ + 1].text == kDense) {
      return;
    }
    add(words[0], make_layer(words, shape_, images_));
  }

  void residual(const LayerWords& words) {
    if (words.size() > 1 || !at("(")) {
      refuse(words[0], "takes layers in parentheses, as in \"residual ( dense 64 | relu )\"");
    }
    if (layers_.empty()) {
      refuse(words[0],
             "has no layer before it whose output it could add: begin with another layer");
    }
    ++at_;
    const Shape in = shape_;
    const int from = static_cast<int>(layers_.size()) - 1;
    sequence(true);
    if (at_end()) refuse(words[0], "opens a block that no \")\" closes");
    if (shape_ != in) {
      refuse(words[0], "adds its input of shape " + shape_text(in) +
                           " to a block's output of shape " + shape_text(shape_) +
                           ", but the two must be the same");
    }
    ++at_;
    add(words[0], std::make_unique<Residual>(in, from));
  }

  void flatten_image() {
    if (images_ && shape_.size() == 3) add(last_, std::make_unique<Flatten>(shape_, true));
  }

  void add(const Token& token, std::unique_ptr<Layer> layer) {
    shape_ = layer->out_shape();
    if (element_count(shape_) > kMaxFeatures) {
      refuse(token, "gives " + with_commas(element_count(shape_)) + " outputs a sample; at most " +
                        with_commas(kMaxFeatures) + " are allowed");
    }
    for (const ParameterSpec& spec : layer->parameters()) {
      parameters_ += element_count(spec.shape);
    }
    if (parameters_ > kMaxParameters) {
      refuse(token, "brings the model to " + with_commas(parameters_) + " parameters; at most " +
                        with_commas(kMaxParameters) + " are allowed");
    }
    layers_.push_back(std::move(layer));
  }

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  Shape shape_;  // behind the layers so far
  bool images_;
  std::int64_t parameters_ = 0;
  Token last_ = {};  // the name of the last layer
  std::vector<std::unique_ptr<Layer>> layers_;
};

}  // namespace

std::vector<LayerWord> layer_words() {
  std::vector<LayerWord> words;
  for (const Row& row : kRows) words.push_back({row.name, row.syntax, row.about});
  words.push_back(
      {kResidual.data(), "residual ( LAYERS )", "adds its input to what the layers make of it"});
  for (ActivationId id = 0; id < activation_count(); ++id) {
    const ActivationInfo& info = activation_info(id);
    std::string syntax = info.name;
    if (activation_learns(info)) syntax += " [" + std::string(kByChannel) + "]";
    for (const auto& parameter : info.parameters)
      syntax += std::string(" [") + parameter.name + "]";
    words.push_back({info.name, syntax, info.about});
  }
  return words;
}

std::vector<std::unique_ptr<Layer>> parse_architecture(std::string_view text, const Shape& in,
                                                       int classes) {
  return Parser(text, in).parse(classes);
}

std::string architecture_text(const std::vector<std::unique_ptr<Layer>>& layers) {
  std::string text;
  for (std::size_t l = 0; l < layers.size(); ++l) {
    if (layers[l]->skip_from() >= 0) {
      text += " )";
      continue;
    }
    if (l > 0) text += " | ";
    for (const auto& other : layers) {
      if (other->skip_from() + 1 == static_cast<int>(l) && l > 0) {
        text += std::string(kResidual) + " ( ";
      }
    }
    text += layers[l]->text();
  }
  return text;
}

}  // namespace reluscope
