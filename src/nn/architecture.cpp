#include "nn/architecture.h"

#include "core/error.h"
#include "core/text.h"

namespace reluscope {
namespace {

constexpr std::string_view kFlatten = "flatten";

bool is_mark(std::string_view text) { return text == "|" || text == "(" || text == ")"; }

// Splits a text into words and the marks | ( ).
std::vector<Token> split(std::string_view text) {
  constexpr const char* kBlanks = " \t\n\r";
  std::vector<Token> tokens;
  for (std::size_t end = 0, at; (at = text.find_first_not_of(kBlanks, end)) < text.size();) {
    end = is_mark(text.substr(at, 1)) ? at + 1
                                      : std::min(text.find_first_of("|() \t\n\r", at), text.size());
    tokens.push_back({text.substr(at, end - at), at + 1});
  }
  return tokens;
}

const LayerWord& word_of(const Token& token) {
  if (const LayerWord* const word = find_layer_word(token.text)) return *word;
  std::vector<std::string> known;
  for (const LayerWord& word : layer_words()) known.push_back(word.name);
  const std::string nearest = nearest_name(token.text, known);
  refuse(token, "is not a layer" + (nearest.empty() ? "" : " (did you mean \"" + nearest + "\"?)") +
                    ": known are " + join_or(known));
}

// Layers are separated by |. A block of layers follows `residual` in parentheses.
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
  // Whether a layer that needs images comes before the first one that flattens them.
  bool needs_images() const {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (i > 0 && !is_mark(tokens_[i - 1].text)) continue;
      const LayerWord* const word = find_layer_word(tokens_[i].text);
      if (word == nullptr) continue;
      if (word->reads_rows || word->name == kFlatten) return false;
      if (word->for_images) return true;
    }
    return false;
  }

  bool at_end() const { return at_ == tokens_.size(); }
  bool at(std::string_view text) const { return !at_end() && tokens_[at_].text == text; }

  // Parses layers up to the end of the text or of a block.
  void sequence(bool in_block) {
    for (;; ++at_) {
      LayerWords words;
      for (; !at_end() && !is_mark(tokens_[at_].text); ++at_) words.push_back(tokens_[at_]);
      if (words.empty()) refuse_gap(in_block);
      const LayerWord& word = word_of(words[0]);
      if (word.has_block) {
        block(word, words);
      } else {
        layer(word, words);
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

  void layer(const LayerWord& word, const LayerWords& words) {
    if (word.reads_rows) flatten_image();
    // Rows of features need no flattening before a layer that reads them. That layer may then be
    // the first, which reads the data's bytes.
    if (words.size() == 1 && word.name == kFlatten && !images_ && at("|") &&
        at_ + 1 < tokens_.size()) {
      const LayerWord* const next = find_layer_word(tokens_[at_ + 1].text);
      if (next != nullptr && next->reads_rows) return;
    }
    add(words[0], word.make(words, place()));
  }

  LayerPlace place(int skip_from = -1) const {
    return {.in = shape_, .images = images_ && shape_.size() == 3, .skip_from = skip_from};
  }

  void block(const LayerWord& word, const LayerWords& words) {
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
    add(words[0], word.make(words, place(from)));
  }

  void flatten_image() {
    if (place().images) add(last_, find_layer_word(kFlatten)->make({{kFlatten, 0}}, place()));
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
  Shape shape_;  // after the layers so far
  bool images_;
  std::int64_t parameters_ = 0;
  Token last_ = {};  // the name of the last layer
  std::vector<std::unique_ptr<Layer>> layers_;
};

}  // namespace

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
        text += other->kind() + " ( ";
      }
    }
    text += layers[l]->text();
  }
  return text;
}

}  // namespace reluscope
