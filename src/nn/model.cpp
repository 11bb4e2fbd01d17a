#include "nn/model.h"

#include <algorithm>
#include <map>

#include "core/error.h"
#include "core/text.h"
#include "nn/architecture.h"

namespace reluscope {

Model::Model(const ModelOptions& options, Backend& backend)
    : backend_(backend),
      layers_(parse_architecture(options.architecture, options.input, options.classes)),
      input_shape_(options.input),
      images_(std::any_of(layers_.begin(), layers_.end(),
                          [](const auto& layer) { return layer->needs_image(); })),
      seed_(options.seed) {
  const InitScheme* const scheme = find_init_scheme(options.init);
  if (scheme == nullptr) throw Error("init is " + in_quotes(options.init) + ", which is not known");

  std::map<std::string, int> numbers;  // "fc" -> number of layers so far
  std::size_t floats = 0, state_floats = 0;
  const auto add = [this](std::vector<Parameter>& list, const std::vector<ParameterSpec>& specs,
                          std::size_t& at) {
    for (const ParameterSpec& spec : specs) {
      list.push_back({parts_.back().name + "." + spec.name, spec, at});
      at += align_up(spec.layout.size());
    }
  };
  for (const auto& layer : layers_) {
    parts_.push_back({.name = layer->stem() + std::to_string(++numbers[layer->stem()])});
    add(parameters_, layer->parameters(), floats);
    add(states_, layer->state(), state_floats);
  }
  decide_fusion();
  Memory* const memory = backend.memory();
  parameter_buffer_ = Buffer(floats, memory);
  gradient_buffer_ = Buffer(floats, memory);
  state_buffer_ = Buffer(state_floats, memory);

  std::size_t scratch_floats = 0, cache_floats = 0;
  const int most_rows = std::max(options.train_rows, options.evaluate_rows);
  if (images_) input_image_ = Buffer(image_layout(input_shape_, most_rows).size(), memory);
  for (int l = 0; l < layer_count(); ++l) {
    part(l).output = Buffer(layout_of(l, most_rows).size(), memory);
    part(l).output_gradient = Buffer(layout_of(l, options.train_rows).size(), memory);
    scratch_floats = std::max(scratch_floats, layer(l).scratch_floats(options.train_rows));
    cache_floats += layer(l).cache_floats();
    workspace_floats_ = std::max(workspace_floats_, layer(l).workspace_floats());
  }
  scratch_ = Buffer(scratch_floats, memory);
  cache_ = Buffer(cache_floats, memory);
  backend_.reserve(workspace_floats_);

  std::size_t next = 0, next_state = 0, next_cache = 0;
  std::uint32_t drawn = 0;  // weights and biases so far
  for (int l = 0; l < layer_count(); ++l) {
    LayerSlices& slices = part(l).slices;
    slices.scratch = scratch_.data();
    slices.cache = cache_.data() + next_cache;
    next_cache += layer(l).cache_floats();
    if (const int from = layer(l).skip_from(); from >= 0) slices.skip = part(from).output.data();
    const double gain = l + 1 < layer_count() ? layer(l + 1).gain() : 0.0;
    for (std::size_t i = 0; i < layer(l).parameters().size(); ++i, ++next) {
      const Parameter& parameter = parameters_[next];
      slices.parameters.push_back(parameter_buffer_.data() + parameter.offset);
      slices.gradients.push_back(gradient_buffer_.data() + parameter.offset);
      slices.updates.emplace_back();
      // Counts only drawn parameters, so that networks that differ only in activations or
      // normalisation start with the same weights.
      const Rng rng(options.seed, Purpose::kInit, drawn);
      if (parameter.spec.role != ParameterRole::kConstant) ++drawn;
      scatter(parameter, initial_values(*scheme, parameter.spec, gain, options.init_value, rng),
              parameters());
    }
    for (std::size_t i = 0; i < layer(l).state().size(); ++i, ++next_state) {
      const Parameter& kept = states_[next_state];
      slices.state.push_back(state_buffer_.data() + kept.offset);
      scatter(kept, initial_values(*scheme, kept.spec, gain, 0.0, Rng(0, Purpose::kInit, 0)),
              state());
    }
  }
}

// A layer that fuses activations applies the next one in forward. In backward it applies the
// previous one, unless that one needs its own dy: it learns, or a block begins after it.
void Model::decide_fusion() {
  const auto fuses = [this](int l, int activation) {
    return activation >= 0 && activation < layer_count() && layer(l).fuses_activation() &&
           layer(activation).is_fusable();
  };
  for (const auto& other : layers_) {
    if (other->skip_from() >= 0) part(other->skip_from()).is_skipped_from = true;
  }
  for (int l = 0; l < layer_count(); ++l) {
    part(l).fuses_next = fuses(l, l + 1);
    part(l).fuses_previous = l > 1 && fuses(l, l - 1) && layer(l - 1).parameters().empty() &&
                             !part(l - 1).is_skipped_from;
  }
}

int Model::least_samples() const {
  int least = 1;
  for (const auto& layer : layers_) least = std::max(least, layer->least_samples());
  return least;
}

std::vector<float> Model::sample_output(int layer, int sample) const {
  const ConstMatrixView y = output(layer);
  const int pixels = y.rows() / rows_;
  std::vector<float> values;
  for (int c = 0; c < y.cols(); ++c) {
    for (int i = 0; i < pixels; ++i) values.push_back(y.at(sample * pixels + i, c));
  }
  return values;
}

std::vector<double> Model::activation_parameters(int at) const {
  const Layer& activation = layer(at);
  const std::size_t count = activation_info(activation.activation()).parameters.size();
  const float* const p = activation.activation_parameters(part(at).slices);
  std::vector<double> values(p, p + count);
  const auto specs = activation.parameters();
  if (specs.empty()) return values;
  // A learnt parameter per channel, in one row.
  const std::int64_t channels = element_count(specs.front().shape);
  double sum = 0.0;
  for (std::int64_t c = 0; c < channels; ++c) sum += static_cast<double>(p[c]);
  values.front() = sum / static_cast<double>(channels);
  return values;
}

bool Model::keeps_output(int l) const {
  if (outputs_wanted_ == Outputs::kAll || !part(l).fuses_next || part(l).is_skipped_from) {
    return true;
  }
  return mode_ == Mode::kTrain && !activation_info(layer(l + 1).activation()).slope_at_output;
}

ConstMatrixView Model::forward(Mode mode, const Signal& x, std::uint32_t step, Outputs outputs) {
  mode_ = mode;
  outputs_wanted_ = outputs;
  step_ = step;
  rows_ = x.values.rows();
  input_ = x;
  if (images_) {
    const MatrixView image{input_image_.data(), image_layout(input_shape_, rows_)};
    backend_.unflatten(x.values, image.rows() / rows_, image);
    input_ = {image};
  }
  Signal signal = input_;
  for (int l = 0; l < layer_count(); ++l) {
    Part& own = part(l);
    const MatrixView y{own.output.data(), layout_of(l, rows_)};
    ActivationAfter after;
    if (own.fuses_next) {
      after = {.id = layer(l + 1).activation(),
               .p = layer(l + 1).activation_parameters(part(l + 1).slices),
               .y = part(l + 1).output.data(),
               .keeps_product = keeps_output(l)};
    }
    layer(l).forward({{backend_, context_of(l), own.slices, signal}, y, after});
    if (own.fuses_next) ++l;
    if (l == silent_layer_ && mode == Mode::kEvaluate) write_silence();
    signal = {output(l)};
  }
  return signal.values;
}

void Model::silence(int layer, std::vector<int> units) {
  silent_layer_ = units.empty() ? -1 : layer;
  silent_units_ = std::move(units);
}

void Model::write_silence() {
  backend_.finish();
  const MatrixView y{part(silent_layer_).output.data(), layout_of(silent_layer_, rows_)};
  const int count = static_cast<int>(layer(silent_layer_).out_shape().front());
  const int columns = y.cols() / count;  // per unit: one, or one per position
  for (const int unit : silent_units_) {
    for (int col = unit * columns; col < (unit + 1) * columns; ++col) {
      for (int row = 0; row < y.rows(); ++row) y.at(row, col) = 0.0f;
    }
  }
}

void Model::parameters_changed() {
  for (Part& own : parts_) own.slices.cache_valid = false;
}

// Adds the gradients that reach a layer's output around the residual blocks that begin after it,
// the innermost block's first.
void Model::add_skip_gradients(int from, MatrixView gradient) {
  for (int l = from + 1; l < layer_count(); ++l) {
    if (layer(l).skip_from() != from) continue;
    backend_.scale_add(gradient.data, 1.0f, gradient_of(l).data, gradient.data,
                       gradient.layout.size());
  }
}

void Model::backward_and_update(const ParameterUpdate& all) {
  std::size_t next = 0;
  for (Part& own : parts_) {
    for (ParameterUpdate& update : own.slices.updates) {
      update = all.from(parameters_[next++].offset);
    }
  }
  for (int l = layer_count() - 1; l >= 0; --l) {
    const Signal x = l == 0 ? input_ : Signal{slope_source(l)};
    MatrixView dx;
    if (l > 0) dx = gradient_of(l - 1);
    ActivationBefore before;
    if (part(l).fuses_previous) {
      before = {.id = layer(l - 1).activation(),
                .p = layer(l - 1).activation_parameters(part(l - 1).slices),
                .z = slope_source(l - 1).data};
      dx.data = gradient_of(l - 2).data;
    }
    layer(l).backward({{backend_, context_of(l), part(l).slices, x}, gradient_of(l), dx, before});
    if (before.id >= 0) --l;
    if (l > 0) add_skip_gradients(l - 1, dx);
  }
}

std::vector<HiddenMatrix> Model::hidden_matrices() const {
  std::vector<HiddenMatrix> matrices;
  for (const Parameter& parameter : parameters_) {
    const ParameterSpec& spec = parameter.spec;
    if (spec.role != ParameterRole::kWeight || spec.shape.size() < 2) continue;
    matrices.push_back({parameter.offset, spec.layout, static_cast<int>(spec.shape.front())});
  }
  if (!matrices.empty()) matrices.pop_back();
  return matrices;
}

std::int64_t Model::parameter_count() const {
  std::int64_t count = 0;
  for (const Parameter& parameter : parameters_) count += element_count(parameter.spec.shape);
  return count;
}

namespace {

// Calls work(stored) with the stored position of each element of a parameter, in PyTorch's order.
// The shape is (rows, rest) or (rest).
template <class Work>
void for_elements(const ParameterSpec& spec, const Work& work) {
  const Layout& layout = spec.layout;
  if (!spec.transposed) {
    for (int row = 0; row < layout.rows; ++row) {
      for (int col = 0; col < layout.cols; ++col) work(layout.index(row, col));
    }
    return;
  }
  const int channels = layout.rows / spec.taps;
  for (int col = 0; col < layout.cols; ++col) {
    const std::size_t first = layout.index(0, col);
    const auto stride = static_cast<std::size_t>(layout.panel_width(col / kPanel));
    for (int c = 0; c < channels; ++c) {
      for (int tap = 0; tap < spec.taps; ++tap) {
        work(first + stride * static_cast<std::size_t>(tap * channels + c));
      }
    }
  }
}

}  // namespace

std::vector<float> Model::gather(const Parameter& parameter, std::span<const float> buffer) {
  const float* const stored = buffer.data() + parameter.offset;
  std::vector<float> values;
  for_elements(parameter.spec, [&](std::size_t at) { values.push_back(stored[at]); });
  return values;
}

void Model::scatter(const Parameter& parameter, std::span<const float> values,
                    std::span<float> buffer) {
  float* const stored = buffer.data() + parameter.offset;
  std::size_t next = 0;
  for_elements(parameter.spec, [&](std::size_t at) { stored[at] = values[next++]; });
}

std::vector<std::pair<std::string, std::size_t>> Model::memory_bytes() const {
  std::size_t activations = input_image_.size();
  for (const Part& own : parts_) activations += own.output.size() + own.output_gradient.size();
  constexpr std::size_t kFloat = sizeof(float);
  return {{"parameters", parameter_buffer_.size() * kFloat},
          {"gradients", gradient_buffer_.size() * kFloat},
          {"activations", activations * kFloat},
          {"scratch", (scratch_.size() + cache_.size() + state_buffer_.size() +
                       workspace_floats_ * static_cast<std::size_t>(backend_.threads())) *
                          kFloat}};
}

}  // namespace reluscope
