#include "train/state_dict.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/text.h"

namespace reluscope {
namespace {

// A tensor of the model, and the buffer that holds it.
struct Place {
  const Model::Parameter* kept;
  std::span<float> buffer;
};

std::vector<Place> places_of(Model& model) {
  std::vector<Place> places;
  for (const Model::Parameter& one : model.parameter_list())
    places.push_back({&one, model.parameters()});
  for (const Model::Parameter& one : model.state_list()) places.push_back({&one, model.state()});
  return places;
}

const StoredTensor* find_tensor(const SafetensorsFile& file, const std::string& name) {
  for (const StoredTensor& tensor : file.tensors) {
    if (tensor.name == name) return &tensor;
  }
  return nullptr;
}

// Why a tensor of the file does not match the model, or "".
std::string difference(const StoredTensor& tensor, const ParameterSpec& spec) {
  const std::string name = in_quotes(tensor.name);
  if (tensor.shape != spec.shape) {
    return name + " has the shape " + shape_text(tensor.shape) + ", but the model needs " +
           shape_text(spec.shape);
  }
  if (tensor.dtype != "F32" && !(spec.whole && tensor.dtype == "I64")) {
    return name + " is of dtype " + tensor.dtype + ", but F32 is needed";
  }
  const std::vector<float> values = spec.whole ? whole_values(tensor) : float_values(tensor);
  const bool finite =
      std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
  return finite ? "" : name + " holds a value that is not finite";
}

}  // namespace

std::vector<NamedTensor> state_dict(const Trainer& trainer) {
  const Model& model = trainer.model();
  std::vector<NamedTensor> tensors;
  const auto add = [&tensors](const Model::Parameter& kept, std::span<const float> buffer) {
    tensors.push_back(
        {kept.name, kept.spec.shape, Model::gather(kept, buffer), {}, kept.spec.whole});
  };
  for (int l = 0; l < model.layer_count(); ++l) {
    const std::string layer = model.layer_name(l) + ".";
    const auto is_its = [&layer](const Model::Parameter& one) {
      return one.name.rfind(layer, 0) == 0;
    };
    for (const Model::Parameter& one : model.parameter_list()) {
      if (is_its(one)) add(one, trainer.scored_parameters());
    }
    for (const Model::Parameter& one : model.state_list()) {
      if (is_its(one)) add(one, model.state());
    }
  }
  return tensors;
}

void load_state_dict(Model& model, const SafetensorsFile& file, std::string_view architecture) {
  const std::vector<Place> places = places_of(model);
  std::vector<std::string> differences;
  const std::string named = "the model " + in_quotes(architecture);
  for (const Place& place : places) {
    const StoredTensor* const tensor = find_tensor(file, place.kept->name);
    if (tensor == nullptr) {
      differences.push_back("the file has no " + in_quotes(place.kept->name) + ", which " + named +
                            " needs");
    } else if (std::string why = difference(*tensor, place.kept->spec); !why.empty()) {
      differences.push_back(std::move(why));
    }
  }
  for (const StoredTensor& tensor : file.tensors) {
    if (std::none_of(places.begin(), places.end(),
                     [&](const Place& place) { return place.kept->name == tensor.name; })) {
      differences.push_back("the file has " + in_quotes(tensor.name) + ", which " + named +
                            " does not have");
    }
  }
  if (!differences.empty()) {
    std::string message = "weights: " + differences.front();
    for (std::size_t i = 1; i < differences.size(); ++i) message += "; " + differences[i];
    throw Error(message);
  }
  for (const Place& place : places) {
    const StoredTensor& tensor = *find_tensor(file, place.kept->name);
    Model::scatter(*place.kept,
                   place.kept->spec.whole ? whole_values(tensor) : float_values(tensor),
                   place.buffer);
  }
  model.parameters_changed();
}

}  // namespace reluscope
