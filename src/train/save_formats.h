// The files that a trained network can be taken away in.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "train/trainer.h"

namespace reluscope {

struct SaveFormat {
  const char* name;  // and the end of its files' names: "pth"
  const char* about;
};
std::span<const SaveFormat> save_formats();

// What a file of this name holds: by its end, "runs/mnist.onnx" is "onnx". Throws Error, naming the
// flag "save", for any other.
std::string save_format_of(std::string_view path);

inline constexpr const char* kSaveDefault = "mnist_relu_model.pth";  // where no name is given
inline constexpr int kSavedImages = 100;  // in an .npz, of the test set, or all that there are

// A file's bytes, of the weights that are scored: for the same weights and data the same
// everywhere. config: that of the run. images: how many of the test set an .npz holds the
// activations for; none given: kSavedImages or all. Throws Error as check_save() does.
std::vector<std::uint8_t> save_network(Trainer& trainer, const Config& config,
                                       std::string_view format, std::optional<int> images = {});

// Throws Error where save_network() would, at any step of the run: for an unknown format, for more
// images than the test set has, and for an .npz that would be larger than a .zip can be.
void check_save(const Trainer& trainer, std::string_view format, std::optional<int> images = {});

}  // namespace reluscope
