// What trained weights are worth and what they say of one image: eval and predict.
#pragma once

#include <span>
#include <string>

#include "run/report.h"
#include "run/session.h"

namespace reluscope {

// The config that weights were saved with, or the defaults where the file names none; without what
// only training needs of it (train_samples, events). Throws Error for a bad file.
Config config_of_weights(std::span<const std::uint8_t> safetensors);

// The whole test set. values: {"event": "eval", "test_loss", "test_accuracy", "correct", "total",
// "confusion": counts (labels, answers), "csv": the same as text}.
Reported evaluate_weights(Session& session);

// One image of H * W bytes. values: {"event": "predict", "image", "classes": best first,
// "probabilities": in the order of the classes, "csv": both, best first}.
Reported predict_image(Session& session, const std::string& name,
                       std::span<const std::uint8_t> pixels);

}  // namespace reluscope
