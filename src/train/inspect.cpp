#include "train/inspect.h"

#include <algorithm>
#include <numeric>

#include "core/text.h"
#include "io/safetensors.h"
#include "io/table.h"

namespace reluscope {
namespace {

// The largest, of equals the first, as the loss counts it.
int answer(ConstMatrixView logits, int row) {
  int best = 0;
  for (int c = 1; c < logits.cols(); ++c) {
    if (logits.at(row, c) > logits.at(row, best)) best = c;
  }
  return best;
}

std::string json_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Config config_of_weights(std::span<const std::uint8_t> safetensors) {
  Config config;
  for (const auto& [key, value] : read_safetensors(safetensors).metadata) {
    if (key == "config") config = config_from_json(value);
  }
  config.train_samples = 0;
  config.events.clear();
  return config;
}

Progress evaluate_weights(Session& session) {
  Trainer& trainer = session.trainer();
  const Dataset& data = trainer.data();
  const auto classes = static_cast<std::size_t>(data.classes());
  std::vector<std::vector<std::int64_t>> confusion(classes, std::vector<std::int64_t>(classes));
  Score score;
  const int total = data.test().count(), at_once = trainer.evaluate_rows();
  for (int first = 0; first < total; first += at_once) {
    const int rows = std::min(at_once, total - first);
    score.add(trainer.evaluate(first, rows));
    const Model& model = trainer.model();
    const ConstMatrixView logits = model.output(model.layer_count() - 1);
    for (int row = 0; row < rows; ++row) {
      ++confusion[data.test().label(first + row)][static_cast<std::size_t>(answer(logits, row))];
    }
  }

  Table table{{"label"}, {}};
  for (std::size_t c = 0; c < classes; ++c) table.columns.push_back(std::to_string(c));
  for (std::size_t label = 0; label < classes; ++label) {
    std::vector<std::string> cells = {std::to_string(label)};
    for (const std::int64_t count : confusion[label]) cells.push_back(std::to_string(count));
    table.rows.push_back(std::move(cells));
  }
  Progress progress;
  progress.values = {{"event", "eval"},
                     {"test_loss", score.loss()},
                     {"test_accuracy", score.accuracy()},
                     {"correct", score.correct},
                     {"total", score.samples},
                     {"confusion", confusion}};
  progress.json = {json_line(progress.values)};
  progress.values["csv"] = to_csv(table);
  progress.lines = {score_line(score), "", "Labels down, answers across:"};
  for (std::string& line : to_lines(table)) progress.lines.push_back(std::move(line));
  return progress;
}

Progress predict_image(Session& session, const std::string& name,
                       std::span<const std::uint8_t> pixels) {
  const std::vector<float> probabilities = session.predict(pixels).probabilities;
  std::vector<std::size_t> order(probabilities.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return probabilities[a] > probabilities[b];
  });
  Table table{{"class", "probability"}, {}};
  Progress progress;
  for (const std::size_t c : order) {
    const auto probability = static_cast<double>(probabilities[c]);
    table.rows.push_back({std::to_string(c), number_text(probability)});
    progress.lines.push_back(format("%zu  %6.2f%%", c, 100.0 * probability));
  }
  progress.values = {{"event", "predict"},
                     {"image", name},
                     {"classes", order},
                     {"probabilities", probabilities}};
  progress.json = {json_line(progress.values)};
  progress.values["csv"] = to_csv(table);
  return progress;
}

}  // namespace reluscope
