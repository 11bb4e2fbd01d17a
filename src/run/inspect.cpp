#include "run/inspect.h"

#include <algorithm>
#include <numeric>

#include "core/text.h"
#include "io/json_object.h"
#include "io/json_text.h"
#include "io/safetensors.h"
#include "io/table.h"
#include "probe/probe_report.h"

namespace reluscope {
Config config_of_weights(std::span<const std::uint8_t> safetensors) {
  Config config;
  for (const auto& [key, value] : read_safetensors(safetensors).metadata) {
    if (key == "config") config = config_from_json(value);
  }
  config.train_samples = 0;
  config.device = "auto";  // independent of where they were trained
  config.precision = "fp32";
  config.events.clear();
  return config;
}

Reported evaluate_weights(Session& session) {
  Trainer& trainer = session.trainer();
  const Dataset& data = trainer.data();
  ClassMeter meter(data.classes(), 0);
  const Score score = trainer.evaluate(0, data.test().count(), &meter);
  const ClassReport report = meter.report("test");
  Table table{{"label"}, {}};
  table.columns.insert(table.columns.end(), data.class_names().begin(), data.class_names().end());
  Json confusion = to_json(report)["confusion"];
  for (std::size_t label = 0; label < confusion.size(); ++label) {
    std::vector<std::string> cells = {data.class_names()[label]};
    for (const Json& count : confusion[label]) cells.push_back(count.dump());
    table.rows.push_back(std::move(cells));
  }
  Reported progress;
  progress.values = json_object("event", "eval", "test_loss", score.loss(), "test_accuracy",
                                score.accuracy(), "correct", score.correct, "total", score.samples,
                                "confusion", std::move(confusion));
  progress.json = {json_line(progress.values)};
  progress.values["csv"] = to_csv(table);
  progress.lines = {score_line("Test", score), "", "Labels down, answers across:"};
  for (std::string& line : to_lines(table)) progress.lines.push_back(std::move(line));
  return progress;
}

Reported predict_image(Session& session, const std::string& name,
                       std::span<const std::uint8_t> pixels) {
  const std::vector<float> probabilities = session.predict(pixels).probabilities;
  std::vector<std::size_t> order(probabilities.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return probabilities[a] > probabilities[b];
  });
  const std::vector<std::string>& names = session.trainer().data().class_names();
  std::size_t widest = 0;
  for (const std::string& label : names) widest = std::max(widest, label.size());
  Table table{{"class", "probability"}, {}};
  Reported progress;
  for (const std::size_t c : order) {
    const auto probability = static_cast<double>(probabilities[c]);
    const std::string& label = names[c];
    table.rows.push_back({label, number_text(probability)});
    progress.lines.push_back(label + std::string(widest - label.size(), ' ') +
                             format("  %6.2f%%", 100.0 * probability));
  }
  progress.values = {
      {"event", "predict"}, {"image", name}, {"classes", order}, {"probabilities", probabilities}};
  progress.json = {json_line(progress.values)};
  progress.values["csv"] = to_csv(table);
  return progress;
}

}  // namespace reluscope
