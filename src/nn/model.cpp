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

  std::map<std::string, int> numbers;  // "fc" -> how many so far
  std::size_t floats = 0, state_floats = 0;
  for (const auto& layer : layers_) {
    shapes_.push_back(layer->out_shape());
    names_.push_back(layer->stem() + std::to_string(++numbers[layer->stem()]));
    add_parameters(parameters_, layer->parameters(), floats);
    add_parameters(states_, layer->state(), state_floats);
  }
  Memory* const memory = backend.memory();
  parameter_buffer_ = Buffer(floats, memory);
  gradient_buffer_ = Buffer(floats, memory);
  state_buffer_ = Buffer(state_floats, memory);

  std::size_t scratch_floats = 0, cache_floats = 0;
  const int most_rows = std::max(options.train_rows, options.evaluate_rows);
  if (images_) input_image_ = Buffer(image_layout(input_shape_, most_rows).size(), memory);
  for (int l = 0; l < layer_count(); ++l) {
    outputs_.emplace_back(layout_of(l, most_rows).size(), memory);
    output_gradients_.emplace_back(layout_of(l, options.train_rows).size(), memory);
    const Layer& layer = *layers_[static_cast<std::size_t>(l)];
    scratch_floats = std::max(scratch_floats, layer.scratch_floats(options.train_rows));
    cache_floats += layer.cache_floats();
    workspace_floats_ = std::max(workspace_floats_, layer.workspace_floats());
  }
  scratch_ = Buffer(scratch_floats, memory);
  cache_ = Buffer(cache_floats, memory);
  backend_.reserve(workspace_floats_);

  std::size_t next = 0, next_state = 0, next_cache = 0;
  std::uint32_t drawn = 0;  // weights and biases so far
  for (int l = 0; l < layer_count(); ++l) {
    const auto at = static_cast<std::size_t>(l);
    LayerSlices slices{{}, {}, {}, scratch_.data(), cache_.data() + next_cache};
    next_cache += layers_[at]->cache_floats();
    if (const int from = layers_[at]->skip_from(); from >= 0) {
      slices.skip = outputs_[static_cast<std::size_t>(from)].data();
    }
    const double gain = at + 1 < layers_.size() ? layers_[at + 1]->gain() : 0.0;
    for (std::size_t i = 0; i < layers_[at]->parameters().size(); ++i, ++next) {
      const Parameter& parameter = parameters_[next];
      slices.parameters.push_back(parameter_buffer_.data() + parameter.offset);
      slices.gradients.push_back(gradient_buffer_.data() + parameter.offset);
      slices.updates.emplace_back();
      // Numbered among what is drawn, so that networks that differ in their activations or by
      // normalisation begin with the same weights.
      const Rng rng(options.seed, Purpose::kInit, drawn);
      if (parameter.spec.role != ParameterRole::kConstant) ++drawn;
      scatter(parameter, initial_values(*scheme, parameter.spec, gain, options.init_value, rng),
              parameters());
    }
    for (std::size_t i = 0; i < layers_[at]->state().size(); ++i, ++next_state) {
      const Parameter& kept = states_[next_state];
      slices.state.push_back(state_buffer_.data() + kept.offset);
      const std::vector<float> values(static_cast<std::size_t>(element_count(kept.spec.shape)),
                                      static_cast<float>(kept.spec.constant));
      scatter(kept, values, state());
    }
    slices_.push_back(std::move(slices));
  }
}

void Model::add_parameters(std::vector<Parameter>& list, const std::vector<ParameterSpec>& specs,
                           std::size_t& floats) const {
  for (const ParameterSpec& spec : specs) {
    list.push_back({names_.back() + "." + spec.name, spec, floats});
    floats += align_up(spec.layout.size());
  }
}

int Model::least_samples() const {
  int least = 1;
  for (const auto& layer : layers_) least = std::max(least, layer->least_samples());
  return least;
}

ConstMatrixView Model::output(int layer) const {
  const auto at = static_cast<std::size_t>(layer);
  return {outputs_[at].data(), layout_of(layer, rows_)};
}

std::vector<float> Model::sample_output(int layer, int sample) const {
  const ConstMatrixView y = output(layer);
  const int pixels = y.rows() / rows_;
  std::vector<float> values;
  values.reserve(static_cast<std::size_t>(pixels) * static_cast<std::size_t>(y.cols()));
  for (int c = 0; c < y.cols(); ++c) {
    for (int i = 0; i < pixels; ++i) values.push_back(y.at(sample * pixels + i, c));
  }
  return values;
}

ConstMatrixView Model::output_gradient(int layer) const {
  return {output_gradients_[static_cast<std::size_t>(layer)].data(), layout_of(layer, rows_)};
}

std::vector<double> Model::activation_parameters(int layer) const {
  const auto at = static_cast<std::size_t>(layer);
  const std::size_t count = activation_info(layers_[at]->activation()).parameters.size();
  const float* const p = layers_[at]->activation_parameters(slices_[at]);
  std::vector<double> values(p, p + count);
  const auto specs = layers_[at]->parameters();
  if (specs.empty()) return values;
  // Of a learnt one as many as channels, in one row.
  const std::int64_t channels = element_count(specs.front().shape);
  double sum = 0.0;
  for (std::int64_t c = 0; c < channels; ++c) sum += static_cast<double>(p[c]);
  values.front() = sum / static_cast<double>(channels);
  return values;
}

bool Model::keeps_output(int layer) const {
  if (outputs_wanted_ == Outputs::kAll || !takes_next(layer) || is_skipped_from(layer)) return true;
  return mode_ == Mode::kTrain &&
         !activation_info(layers_[static_cast<std::size_t>(layer) + 1]->activation())
              .slope_at_output;
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
    const auto at = static_cast<std::size_t>(l);
    const MatrixView y{outputs_[at].data(), layout_of(l, rows_)};
    const bool pair = takes_next(l);
    ActivationAfter after;
    if (pair) {
      const Layer& next = *layers_[at + 1];
      after = {next.activation(), next.activation_parameters(slices(l + 1)),
               outputs_[at + 1].data(), keeps_output(l)};
    }
    layers_[at]->forward(backend_, context_of(l), slices(l), signal, y, after);
    if (pair) ++l;
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
  const auto at = static_cast<std::size_t>(silent_layer_);
  const MatrixView y{outputs_[at].data(), layout_of(silent_layer_, rows_)};
  const int count = static_cast<int>(shapes_[at].front());
  const int columns = y.cols() / count;  // of a unit: one, or one a position
  for (const int unit : silent_units_) {
    for (int col = unit * columns; col < (unit + 1) * columns; ++col) {
      for (int row = 0; row < y.rows(); ++row) y.data[y.layout.index(row, col)] = 0.0f;
    }
  }
}

MatrixView Model::logits_gradient() {
  const int last = layer_count() - 1;
  return {output_gradients_.back().data(), layout_of(last, rows_)};
}

void Model::backward() {
  for (LayerSlices& slices : slices_) {
    for (std::size_t i = 0; i < slices.updates.size(); ++i) {
      slices.updates[i] = {};
      slices.updates[i].gradient = slices.gradients[i];
    }
  }
  run_backward();
}

void Model::backward_and_update(const ParameterUpdate& all) {
  std::size_t next = 0;
  for (LayerSlices& slices : slices_) {
    for (ParameterUpdate& update : slices.updates) {
      update = all.from(parameters_[next++].offset);
    }
  }
  run_backward();
}

void Model::parameters_changed() {
  for (LayerSlices& slices : slices_) slices.cache_valid = false;
}

bool Model::is_skipped_from(int layer) const {
  return std::any_of(layers_.begin(), layers_.end(),
                     [layer](const auto& other) { return other->skip_from() == layer; });
}

// What comes to a layer's output past the residual blocks that begin behind it; the innermost
// block's first.
void Model::add_skip_gradients(int layer, MatrixView gradient) {
  for (int r = layer + 1; r < layer_count(); ++r) {
    const auto at = static_cast<std::size_t>(r);
    if (layers_[at]->skip_from() != layer) continue;
    backend_.scale_add(gradient.data, 1.0f, output_gradients_[at].data(), gradient.data,
                       gradient.layout.size());
  }
}

void Model::run_backward() {
  for (int l = layer_count() - 1; l >= 0; --l) {
    const auto at = static_cast<std::size_t>(l);
    const ConstMatrixView dy{output_gradients_[at].data(), layout_of(l, rows_)};
    const Signal x =
        l == 0 ? input_ : Signal{layers_[at]->may_be_taken() ? slope_source(l) : output(l - 1)};
    MatrixView dx;
    if (l > 0) dx = {output_gradients_[at - 1].data(), layout_of(l - 1, rows_)};
    // An activation that learns needs its own dy; the others' is not kept.
    ActivationBefore before;
    if (l > 1 && layers_[at]->takes_activations() && may_be_taken(l - 1) &&
        slices(l - 1).parameters.empty() && !is_skipped_from(l - 1)) {
      before = {layers_[at - 1]->activation(),
                layers_[at - 1]->activation_parameters(slices(l - 1)), slope_source(l - 1).data};
      dx.data = output_gradients_[at - 2].data();
    }
    layers_[at]->backward(backend_, context_of(l), slices(l), x, dy, dx, before);
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

// Calls work(stored) with where each element of a parameter is stored, in PyTorch's order: its
// shape is (rows, rest) or (rest).
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
  values.reserve(static_cast<std::size_t>(element_count(parameter.spec.shape)));
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
  for (const Buffer& buffer : outputs_) activations += buffer.size();
  for (const Buffer& buffer : output_gradients_) activations += buffer.size();
  constexpr std::size_t kFloat = sizeof(float);
  return {{"parameters", parameter_buffer_.size() * kFloat},
          {"gradients", gradient_buffer_.size() * kFloat},
          {"activations", activations * kFloat},
          {"scratch", (scratch_.size() + cache_.size() + state_buffer_.size() +
                       workspace_floats_ * static_cast<std::size_t>(backend_.threads())) *
                          kFloat}};
}

}  // namespace reluscope
