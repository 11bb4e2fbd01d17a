#include "nn/architecture.h"

#include <cmath>

#include "core/error.h"
#include "core/text.h"
#include "nn/activation_layer.h"
#include "nn/channel_activation.h"
#include "nn/dense.h"
#include "nn/maxout.h"
#include "nn/random_activation.h"

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

std::unique_ptr<Layer> make_dense(const LayerWords& words, const Shape& in) {
  if (words.size() != 2) refuse(words[0], "takes one width, as in \"dense 512\"");
  return std::make_unique<Dense>(in, whole_number(words[1], 1, kMaxWidth, "a width"));
}

std::unique_ptr<Layer> make_maxout(const LayerWords& words, const Shape& in) {
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
                           join_or(learning_activations()) + ", but " + info.name +
                           " learns none");
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
    const auto value = parse_number(words[i + 1].text);
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
    refuse(words[1], "is above the " + number_text(values[1]) + " where " + info.name +
                         "'s range ends");
  }
  return std::make_unique<RandomActivation>(in, id, std::move(values));
}

struct Row {
  const char* name;
  const char* syntax;
  const char* about;
  std::unique_ptr<Layer> (*make)(const LayerWords&, const Shape&);
};

// Every layer that is not an activation. Adding one adds a row.
constexpr Row kRows[] = {
    {"dense", "dense WIDTH", "fully connected: every output sees every input", &make_dense},
    {"maxout", "maxout PIECES", "the largest of PIECES neighbouring channels", &make_maxout},
};

// Cuts at '|' and then at blanks.
std::vector<LayerWords> split(std::string_view text) {
  std::vector<LayerWords> layers(1);
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '|') {
      if (layers.back().empty()) refuse({text.substr(at, 1), at + 1}, "has no layer before it");
      layers.emplace_back();
      ++at;
    } else if (text[at] == ' ' || text[at] == '\t' || text[at] == '\n' || text[at] == '\r') {
      ++at;
    } else {
      const std::size_t end = std::min(text.find_first_of("| \t\n\r", at), text.size());
      layers.back().push_back({text.substr(at, end - at), at + 1});
      at = end;
    }
  }
  if (layers.back().empty()) {
    throw Error(layers.size() == 1
                    ? "model: the text is empty; write layers such as \"dense 512 | relu | dense 10\""
                    : "model: the text ends with \"|\" at position " +
                          std::to_string(text.find_last_of('|') + 1) +
                          ", where another layer was expected");
  }
  return layers;
}

std::unique_ptr<Layer> make_layer(const LayerWords& words, const Shape& in) {
  for (const Row& row : kRows) {
    if (words[0].text == row.name) return row.make(words, in);
  }
  const ActivationId id = find_activation(words[0].text);
  if (id >= 0) return make_activation(id, words, in);
  std::vector<std::string> known;
  for (const Row& row : kRows) known.emplace_back(row.name);
  for (const std::string& name : activation_names()) known.push_back(name);
  const std::string nearest = nearest_name(words[0].text, known);
  refuse(words[0], "is not a layer" +
                       (nearest.empty() ? "" : " (did you mean \"" + nearest + "\"?)") +
                       ": known are " + join_or(known));
}

}  // namespace

std::vector<LayerWord> layer_words() {
  std::vector<LayerWord> words;
  for (const Row& row : kRows) words.push_back({row.name, row.syntax, row.about});
  for (ActivationId id = 0; id < activation_count(); ++id) {
    const ActivationInfo& info = activation_info(id);
    std::string syntax = info.name;
    if (activation_learns(info)) syntax += " [" + std::string(kByChannel) + "]";
    for (const auto& parameter : info.parameters) syntax += std::string(" [") + parameter.name + "]";
    words.push_back({info.name, syntax, info.about});
  }
  return words;
}

std::vector<std::unique_ptr<Layer>> parse_architecture(std::string_view text, const Shape& in,
                                                       int classes) {
  const std::vector<LayerWords> specs = split(text);
  if (specs.size() > static_cast<std::size_t>(kMaxLayers)) {
    throw Error("model: " + std::to_string(specs.size()) + " layers, but at most " +
                std::to_string(kMaxLayers) + " are allowed");
  }
  std::vector<std::unique_ptr<Layer>> layers;
  Shape shape = in;
  std::int64_t parameters = 0;
  for (const LayerWords& words : specs) {
    layers.push_back(make_layer(words, shape));
    shape = layers.back()->out_shape();
    for (const ParameterSpec& spec : layers.back()->parameters()) {
      parameters += element_count(spec.shape);
    }
    if (parameters > kMaxParameters) {
      refuse(words[0], "brings the model to " + with_commas(parameters) +
                           " parameters; at most " + with_commas(kMaxParameters) + " are allowed");
    }
  }
  if (element_count(shape) != classes) {
    const Token& last = specs.back()[0];
    refuse(last, "is the last layer and gives " + std::to_string(element_count(shape)) +
                     " outputs, but the data has " + std::to_string(classes) +
                     " classes: end with \"dense " + std::to_string(classes) + "\"");
  }
  return layers;
}

std::string architecture_text(const std::vector<std::unique_ptr<Layer>>& layers) {
  std::string text;
  for (const auto& layer : layers) text += (text.empty() ? "" : " | ") + layer->text();
  return text;
}

}  // namespace reluscope
