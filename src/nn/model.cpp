#include "nn/model.h"

#include <algorithm>
#include <map>

#include "core/error.h"
#include "core/text.h"
#include "nn/architecture.h"

namespace reluscope {

Model::Model(const ModelOptions& options, Backend& backend)
    : backend_(backend),
      layers_(parse_architecture(options.architecture, options.input, options.classes)) {
  const InitScheme* const scheme = find_init_scheme(options.init);
  if (scheme == nullptr) throw Error("init is " + in_quotes(options.init) + ", which is not known");

  std::map<std::string, int> numbers;  // "fc" -> how many so far
  std::size_t floats = 0;
  for (const auto& layer : layers_) {
    widths_.push_back(static_cast<int>(element_count(layer->out_shape())));
    names_.push_back(layer->stem() + std::to_string(++numbers[layer->stem()]));
    for (const ParameterSpec& spec : layer->parameters()) {
      parameters_.push_back({names_.back() + "." + spec.name, spec, floats});
      floats += align_up(spec.layout.size());
    }
  }
  parameter_buffer_ = Buffer(floats);
  gradient_buffer_ = Buffer(floats);

  std::size_t scratch_floats = 0, cache_floats = 0;
  const int most_rows = std::max(options.train_rows, options.evaluate_rows);
  for (int l = 0; l < layer_count(); ++l) {
    outputs_.emplace_back(layout_of(l, most_rows).size());
    output_gradients_.emplace_back(layout_of(l, options.train_rows).size());
    const Layer& layer = *layers_[static_cast<std::size_t>(l)];
    scratch_floats = std::max(scratch_floats, layer.scratch_floats(options.train_rows));
    cache_floats += layer.cache_floats();
  }
  scratch_ = Buffer(scratch_floats);
  cache_ = Buffer(cache_floats);

  std::size_t next = 0, next_cache = 0;
  std::uint32_t drawn = 0;  // weights and biases so far
  for (int l = 0; l < layer_count(); ++l) {
    const auto at = static_cast<std::size_t>(l);
    LayerSlices slices{{}, {}, {}, scratch_.data(), cache_.data() + next_cache};
    next_cache += layers_[at]->cache_floats();
    // The gain is that of the activation that follows. Where none does, He's own factor for a
    // rectifier, as kaiming_normal_ has it by default.
    const bool activated = at + 1 < layers_.size() && layers_[at + 1]->activation() >= 0;
    const double gain = activated ? layers_[at + 1]->gain() : scalar::sqrt(2.0);
    for (std::size_t i = 0; i < layers_[at]->parameters().size(); ++i, ++next) {
      const Parameter& parameter = parameters_[next];
      slices.parameters.push_back(parameter_buffer_.data() + parameter.offset);
      slices.gradients.push_back(gradient_buffer_.data() + parameter.offset);
      slices.updates.emplace_back();
      // Numbered among what is drawn, so that networks that differ in their activations alone, learnt
      // parameters or not, begin with the same weights.
      const Rng rng(options.seed, Purpose::kInit, drawn);
      if (parameter.spec.role != ParameterRole::kConstant) ++drawn;
      scatter(parameter, initial_values(*scheme, parameter.spec, gain, rng), parameters());
    }
    slices_.push_back(std::move(slices));
  }
}

ConstMatrixView Model::output(int layer) const {
  const auto at = static_cast<std::size_t>(layer);
  return {outputs_[at].data(), layout_of(layer, input_.values.rows())};
}

ConstMatrixView Model::forward(Mode mode, const Signal& x) {
  input_ = x;
  Signal signal = x;
  for (int l = 0; l < layer_count(); ++l) {
    const auto at = static_cast<std::size_t>(l);
    const MatrixView y{outputs_[at].data(), layout_of(l, x.values.rows())};
    const bool pair = layers_[at]->takes_activations() && is_activation(l + 1);
    ActivationAfter after;
    if (pair) {
      const Layer& next = *layers_[at + 1];
      after = {next.activation(), next.activation_parameters(slices(l + 1)),
               outputs_[at + 1].data()};
    }
    layers_[at]->forward(backend_, mode, slices(l), signal, y, after);
    if (pair) ++l;
    signal = {output(l)};
  }
  return signal.values;
}

MatrixView Model::logits_gradient() {
  const int last = layer_count() - 1;
  return {output_gradients_.back().data(), layout_of(last, input_.values.rows())};
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

void Model::backward_and_update(Optimizer& optimizer) {
  std::size_t next = 0;
  for (LayerSlices& slices : slices_) {
    for (ParameterUpdate& update : slices.updates) {
      update = optimizer.update_at(parameters_[next++].offset, parameter_buffer_.data(),
                                   gradient_buffer_.data());
    }
  }
  run_backward();
}

void Model::apply(Optimizer& optimizer) {
  backend_.update(optimizer.update_at(0, parameter_buffer_.data(), gradient_buffer_.data()),
                  parameter_buffer_.size());
  parameters_changed();
}

void Model::parameters_changed() {
  for (LayerSlices& slices : slices_) slices.cache_valid = false;
}

void Model::run_backward() {
  const int rows = input_.values.rows();
  for (int l = layer_count() - 1; l >= 0; --l) {
    const auto at = static_cast<std::size_t>(l);
    const ConstMatrixView dy{output_gradients_[at].data(), layout_of(l, rows)};
    const Signal x = l == 0 ? input_ : Signal{output(l - 1)};
    MatrixView dx;
    if (l > 0) dx = {output_gradients_[at - 1].data(), layout_of(l - 1, rows)};
    // An activation that learns needs its own dy; the others' is not kept.
    ActivationBefore before;
    if (l > 1 && layers_[at]->takes_activations() && is_activation(l - 1) &&
        layers_[at - 1]->parameters().empty()) {
      before = {layers_[at - 1]->activation(),
                layers_[at - 1]->activation_parameters(slices(l - 1)), outputs_[at - 2].data()};
      dx.data = output_gradients_[at - 2].data();
    }
    layers_[at]->backward(backend_, slices(l), x, dy, dx, before);
    if (before.id >= 0) --l;
  }
}

std::int64_t Model::parameter_count() const {
  std::int64_t count = 0;
  for (const Parameter& parameter : parameters_) count += element_count(parameter.spec.shape);
  return count;
}

// A parameter's shape is (rows, rest) or (rest), stored as its layout says.
std::vector<float> Model::gather(const Parameter& parameter, std::span<const float> buffer) {
  const Layout& layout = parameter.spec.layout;
  const float* const stored = buffer.data() + parameter.offset;
  std::vector<float> values;
  values.reserve(static_cast<std::size_t>(element_count(parameter.spec.shape)));
  const int outer = parameter.spec.transposed ? layout.cols : layout.rows;
  const int inner = parameter.spec.transposed ? layout.rows : layout.cols;
  for (int i = 0; i < outer; ++i) {
    for (int j = 0; j < inner; ++j) {
      values.push_back(stored[parameter.spec.transposed ? layout.index(j, i) : layout.index(i, j)]);
    }
  }
  return values;
}

void Model::scatter(const Parameter& parameter, std::span<const float> values,
                    std::span<float> buffer) {
  const Layout& layout = parameter.spec.layout;
  float* const stored = buffer.data() + parameter.offset;
  const int outer = parameter.spec.transposed ? layout.cols : layout.rows;
  const int inner = parameter.spec.transposed ? layout.rows : layout.cols;
  std::size_t next = 0;
  for (int i = 0; i < outer; ++i) {
    for (int j = 0; j < inner; ++j) {
      stored[parameter.spec.transposed ? layout.index(j, i) : layout.index(i, j)] = values[next++];
    }
  }
}

std::vector<std::pair<std::string, std::size_t>> Model::memory_bytes() const {
  std::size_t activations = 0;
  for (const Buffer& buffer : outputs_) activations += buffer.size();
  for (const Buffer& buffer : output_gradients_) activations += buffer.size();
  constexpr std::size_t kFloat = sizeof(float);
  return {{"parameters", parameter_buffer_.size() * kFloat},
          {"gradients", gradient_buffer_.size() * kFloat},
          {"activations", activations * kFloat},
          {"scratch", (scratch_.size() + cache_.size()) * kFloat}};
}

}  // namespace reluscope
