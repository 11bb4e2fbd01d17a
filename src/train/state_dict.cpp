#include "train/state_dict.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/text.h"

namespace reluscope {
namespace {

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
  const auto values = float_values(tensor, spec.whole);
  const bool finite =
      std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
  return finite ? "" : name + " holds a value that is not finite";
}

}  // namespace

std::vector<NamedTensor> state_dict(const Trainer& trainer) {
  const Model& model = trainer.model();
  std::vector<NamedTensor> tensors;
  for (int l = 0; l < model.layer_count(); ++l) {
    const auto add = [&](const Model::Parameter& kept, std::span<const float> buffer) {
      if (!kept.name.starts_with(model.layer_name(l) + ".")) return;
      tensors.push_back(
          {kept.name, kept.spec.shape, Model::gather(kept, buffer), {}, kept.spec.whole});
    };
    for (const Model::Parameter& one : model.parameter_list())
      add(one, trainer.scored_parameters());
    for (const Model::Parameter& one : model.state_list()) add(one, model.state());
  }
  return tensors;
}

void load_state_dict(Model& model, const SafetensorsFile& file, std::string_view architecture) {
  // The model's tensors, the buffers that hold them, and the file's tensors.
  std::vector<std::pair<const Model::Parameter*, std::span<float>>> places;
  for (const Model::Parameter& one : model.parameter_list())
    places.emplace_back(&one, model.parameters());
  for (const Model::Parameter& one : model.state_list()) places.emplace_back(&one, model.state());
  std::vector<const StoredTensor*> found;
  std::string differences;
  const auto differs = [&differences](const std::string& why) {
    if (!why.empty()) differences += (differences.empty() ? "" : "; ") + why;
  };
  const std::string named = "the model " + in_quotes(architecture);
  for (const auto& [kept, buffer] : places) {
    const auto at =
        std::find_if(file.tensors.begin(), file.tensors.end(),
                     [&name = kept->name](const StoredTensor& each) { return each.name == name; });
    found.push_back(at == file.tensors.end() ? nullptr : &*at);
    differs(found.back() != nullptr
                ? difference(*at, kept->spec)
                : "the file has no " + in_quotes(kept->name) + ", which " + named + " needs");
  }
  for (const StoredTensor& tensor : file.tensors) {
    if (std::find(found.begin(), found.end(), &tensor) != found.end()) continue;
    differs("the file has " + in_quotes(tensor.name) + ", which " + named + " does not have");
  }
  if (!differences.empty()) throw Error("weights: ", differences);
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto& [kept, buffer] = places[i];
    Model::scatter(*kept, float_values(*found[i], kept->spec.whole), buffer);
  }
  model.parameters_changed();
}

}  // namespace reluscope
