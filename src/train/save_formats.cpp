#include "train/save_formats.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "core/text.h"
#include "data/npy.h"
#include "io/json_text.h"
#include "io/saved_network.h"
#include "io/zip.h"
#include "nn/architecture.h"

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

SavedNetwork saved_network(Trainer& trainer) {
  const Dataset& data = trainer.data();
  const PixelStatistics& by = trainer.normalisation();
  return {trainer.model(),
          architecture_text(trainer.model().layers()),
          state_dict(trainer),
          data.shape(),
          data.class_names(),
          by.mean,
          by.std};
}

Bytes as_pth(Trainer& trainer, const Config&, int) { return write_torch(state_dict(trainer)); }

Bytes as_safetensors(Trainer& trainer, const Config& run, int) {
  // Scoring the weights on other data needs the normalisation that they were trained with.
  Config config = run;
  config.mean = trainer.normalisation().mean;
  config.std = trainer.normalisation().std;
  return write_safetensors(state_dict(trainer),
                           {{"config", json_line(config_to_json(config))}, {"format", "pt"}});
}

Bytes as_onnx(Trainer& trainer, const Config&, int) { return write_onnx(saved_network(trainer)); }

Bytes as_source(Trainer& trainer, const Config&, int) {
  const std::string text = pytorch_source(saved_network(trainer));
  return {text.begin(), text.end()};
}

// The first test images, their labels, and each layer's output for them, in evaluation mode.
Bytes as_activations(Trainer& trainer, const Config&, int count) {
  const ImageSet& set = trainer.data().test();
  const Model& model = trainer.model();
  std::vector<std::vector<float>> outputs(model.layer_count());
  std::vector<int> samples(count);
  std::iota(samples.begin(), samples.end(), 0);
  trainer.infer_in_chunks(set, samples, [&](std::size_t) {
    for (int s = 0; s < model.samples(); ++s) {
      for (int l = 0; l < model.layer_count(); ++l) {
        const std::vector<float> values = model.sample_output(l, s);
        outputs[l].insert(outputs[l].end(), values.begin(), values.end());
      }
    }
  });
  ZipWriter zip;
  const std::span pixels(set.image(0).data(), std::size_t{1} * count * set.pixels());
  zip.add("images.npy", write_npy({count, set.height(), set.width()}, pixels));
  zip.add("labels.npy", write_npy({count}, set.labels().first(count)));
  for (int l = 0; l < model.layer_count(); ++l) {
    Shape shape = model.layer(l).out_shape();
    shape.insert(shape.begin(), count);
    zip.add(model.layer_name(l) + ".npy", write_npy(shape, outputs[l]));
  }
  return zip.finish();
}

constexpr SaveFormat kFormats[] = {
    {"pth", "PyTorch's state_dict, for torch.load", &as_pth},
    {"safetensors", "the weights with the whole configuration, which eval, predict and export read",
     &as_safetensors},
    {"onnx", "the network for any program that runs ONNX, normalisation included", &as_onnx},
    {"npz", "each layer's outputs for the first test images, for NumPy", &as_activations},
    {"py", "a program that rebuilds the network in PyTorch and scores the .pth", &as_source},
};

const SaveFormat* find_format(std::string_view name) {
  const auto found = std::find_if(std::begin(kFormats), std::end(kFormats),
                                  [&](const SaveFormat& each) { return each.name == name; });
  return found == std::end(kFormats) ? nullptr : found;
}

std::string known(const char* before) {
  std::vector<std::string> names;
  for (const SaveFormat& format : kFormats) names.push_back(before + std::string(format.name));
  return join_or(names);
}

const SaveFormat& format_of(std::string_view name) {
  if (const SaveFormat* const format = find_format(name)) return *format;
  throw Error("format is ", in_quotes(name), ", but it must be ", known(""));
}

int image_count(const Trainer& trainer, std::optional<int> images) {
  return images.value_or(std::min(kSavedImages, trainer.data().test().count()));
}

// The size of as_activations() without names and headers.
double activation_bytes(const Trainer& trainer, int count) {
  const ImageSet& set = trainer.data().test();
  double of_one = static_cast<double>(set.height()) * set.width() + 1.0;
  for (const auto& layer : trainer.model().layers()) {
    of_one += sizeof(float) * static_cast<double>(element_count(layer->out_shape()));
  }
  return count * of_one;
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

std::span<const SaveFormat> save_formats() { return kFormats; }

std::string save_format_of(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  const std::string_view end = dot == std::string_view::npos ? "" : path.substr(dot + 1);
  if (const SaveFormat* const format = find_format(end)) return format->name;
  throw Error("save: ", in_quotes(path), " must end in ", known("."));
}

void check_save(const Trainer& trainer, std::string_view format, std::optional<int> images) {
  if (format_of(format).write != &as_activations) return;
  const int count = image_count(trainer, images), all = trainer.data().test().count();
  if (count < 1 || count > all) {
    throw Error("npz_images is ", count, ", but it must be from 1 to ", all,
                ", the number of test images");
  }
  constexpr double kMost = 0xFF000000;  // the limit of a .zip, less names and headers
  if (const double bytes = activation_bytes(trainer, count); bytes > kMost) {
    throw Error("npz_images is ", count, ", whose activations are ",
                reluscope::format("%.1f", bytes / 1e9),
                " GB, but an .npz holds at most 4 GB: at most ",
                static_cast<int>(kMost / activation_bytes(trainer, 1)), " are allowed");
  }
}

std::vector<std::uint8_t> save_network(Trainer& trainer, const Config& config,
                                       std::string_view format, std::optional<int> images) {
  check_save(trainer, format, images);
  return format_of(format).write(trainer, config, image_count(trainer, images));
}

}  // namespace reluscope
