// Scores trained weights and classifies one image with them: eval and predict.
#pragma once

#include <span>
#include <string>

#include "run/report.h"
#include "run/session.h"

namespace reluscope {

// The config that weights were saved with, or the defaults if the file holds none, without the
// fields that only training needs (train_samples, events). Throws Error for an invalid file.
Config config_of_weights(std::span<const std::uint8_t> safetensors);

// The whole test set. values: {"event": "eval", "test_loss", "test_accuracy", "correct", "total",
// "confusion": counts (labels, answers), "csv": the same as text}.
Reported evaluate_weights(Session& session);

// One image of H * W bytes. values: {"event": "predict", "image", "classes": best first,
// "probabilities": in the order of the classes, "csv": both, best first}.
Reported predict_image(Session& session, const std::string& name,
                       std::span<const std::uint8_t> pixels);

}  // namespace reluscope
