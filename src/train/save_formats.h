// A network's tensors with the names, shapes and order of PyTorch's state_dict, and the file
// formats for a trained network.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/safetensors.h"
#include "train/trainer.h"

namespace reluscope {

// The scored weights, layer by layer, each layer's parameters first.
std::vector<NamedTensor> state_dict(const Trainer& trainer);

// Loads parameters and running statistics from a file. The file must hold exactly these, with the
// same shapes, as finite float32. Otherwise throws Error listing every difference and changes
// nothing. architecture: for the message.
void load_state_dict(Model& model, const SafetensorsFile& file, std::string_view architecture);

struct SaveFormat {
  const char* name;  // also the file name extension: "pth"
  const char* about;
  // images: the number of test images whose activations are saved.
  std::vector<std::uint8_t> (*write)(Trainer&, const Config&, int images);
};
std::span<const SaveFormat> save_formats();

// The format of a file by its extension: "runs/mnist.onnx" is "onnx". Throws Error, naming the flag
// "save", for an unknown extension.
std::string save_format_of(std::string_view path);

inline constexpr const char* kSaveDefault = "mnist_relu_model.pth";  // the default name
inline constexpr int kSavedImages = 100;  // test images in an .npz, or all if there are fewer

// The bytes of a file with the scored weights; the same weights and data give the same bytes
// everywhere. config: the run's. images: the number of test images whose activations an .npz holds;
// by default kSavedImages or all. Throws Error as check_save() does.
std::vector<std::uint8_t> save_network(Trainer& trainer, const Config& config,
                                       std::string_view format, std::optional<int> images = {});

// Throws Error where save_network() would, at any step of the run: for an unknown format, for more
// images than the test set has, and for an .npz that would be larger than a .zip can be.
void check_save(const Trainer& trainer, std::string_view format, std::optional<int> images = {});

}  // namespace reluscope
