#include "run/report.h"

#include <algorithm>
#include <numeric>

#include "core/text.h"
#include "io/json_object.h"
#include "io/json_text.h"
#include "io/table.h"
#include "probe/probe_report.h"
#include "run/session.h"

namespace reluscope {
namespace {

constexpr const char* kColumns[] = {
    "event",     "epoch",        "batch",    "step",       "samples",         "loss",
    "accuracy",  "lr",           "momentum", "train_loss", "validation_loss", "validation_accuracy",
    "test_loss", "test_accuracy"};

// values: of the event "batch" or "epoch".
std::string metrics_row(const Json& values) {
  std::string text;
  for (const char* const column : kColumns) {
    text += (column == kColumns[0] ? "" : ",") + cell_text(values.value(column, Json()));
  }
  return text;
}

std::string percent(std::int64_t part, std::int64_t whole, int digits) {
  return format("%.*f%%", digits, 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

// "Test set: Average loss: 0.0972, Accuracy: 9692/10000 (96.92%)"
std::string score_line(const char* set, const Score& score) {
  return std::string(set) + " set: Average loss: " + format("%.4f", score.loss()) +
         ", Accuracy: " + std::to_string(score.correct) + "/" + std::to_string(score.samples) +
         " (" + percent(score.correct, score.samples, 2) + ")";
}

// Describes the data where it differs from plain MNIST.
void add_data_lines(const StartEvent& start, std::vector<std::string>& lines) {
  if (start.data != "mnist") {
    constexpr std::size_t kMostNames = 12;
    const auto& all = start.class_names;
    std::string names;  // only names that were given
    for (std::size_t i = 0; all.front() != "0" && i < std::min(all.size(), kMostNames); ++i) {
      names += (i == 0 ? ": " : ", ") + in_quotes(all[i]);
    }
    if (!names.empty() && all.size() > kMostNames) names += ", ...";
    lines.push_back("Data: " + std::to_string(start.images) + " training and " +
                    std::to_string(start.test_samples) + " test images of " +
                    std::to_string(start.width) + "x" + std::to_string(start.height) +
                    " pixels in " + std::to_string(all.size()) + " classes" + names);
  }
  if (start.validation_samples > 0) {
    lines.push_back("Validation: " + std::to_string(start.validation_samples) +
                    " of the training images are held out");
  }
  const PixelStatistics& by = start.pixels;
  if (by.mean != kMnistMean || by.std != kMnistStd) {
    const auto origin = [](const AutoNumber& n) { return n ? " (given)" : " (computed)"; };
    lines.push_back("Pixels: mean " + format("%.4f", by.mean) + origin(start.config.mean) +
                    ", standard deviation " + format("%.4f", by.std) + origin(start.config.std));
  }
}

// ---- The values of each kind of event ----

template <class RunEvent>
Json values_of(const RunEvent& event) {
  Json json;
  each_field(event, [&json](const char* name, const auto& value) { json[name] = value; });
  return json;
}

Json values_of(const StartEvent& start) {
  Json memory = Json::object();
  for (const auto& [purpose, bytes] : start.memory) memory[purpose] = bytes;
  return json_object("event", "start", "config", config_to_json(start.config), "device",
                     start.device, "simd", start.simd, "threads", start.threads, "parameters",
                     start.parameters, "memory_bytes", std::move(memory), "input",
                     start.sparse ? "sparse" : "dense", "density", start.density, "train_samples",
                     start.train_samples, "validation_samples", start.validation_samples,
                     "test_samples", start.test_samples, "class_names", start.class_names, "mean",
                     start.pixels.mean, "std", start.pixels.std);
}

Json values_of(const EpochEvent& epoch) {
  Json values = json_object("event", "epoch", "epoch", epoch.epoch, "train_loss", epoch.train_loss);
  if (epoch.validation) {
    values.update(json_object("validation_loss", epoch.validation->loss(), "validation_accuracy",
                              epoch.validation->accuracy(), "validation_correct",
                              epoch.validation->correct, "validation_total",
                              epoch.validation->samples));
  }
  values.update(score_json(epoch.test));
  values["seconds"] = epoch.seconds;
  values["samples_per_second"] = epoch.samples_per_second;
  if (epoch.lr) values["lr"] = *epoch.lr;
  return values;
}

Json values_of(const DoneEvent& done) {
  Json values = json_object("event", "done", "steps", done.steps);
  if (done.best) {
    values.update(json_object("epochs", done.best->epochs, "best_epoch", done.best->epoch,
                              "best_validation_loss", done.best->validation_loss));
  }
  values["weights_sha256"] = done.weights_sha256;
  values["optimizer_sha256"] = done.optimizer_sha256;
  if (done.ema_sha256) values["ema_sha256"] = *done.ema_sha256;
  return values;
}

Json values_of(const DivergedEvent& diverged) {
  return json_object("event", "diverged", "epoch", diverged.epoch, "step", diverged.step, "layer",
                     diverged.layer, "layer_text", diverged.layer_text, "message",
                     diverged.message);
}

Json with_fields(Json head, const Json& rest) {
  head.update(rest);
  return head;
}

Json values_of(const ProbeEvent& probe) {
  return with_fields({{"event", "probe"}}, to_json(probe.snapshot));
}

Json values_of(const DeadEvent& dead) {
  return json_object("event", "dead", "step", dead.step, "samples", dead.samples, "layers",
                     to_json(dead.layers));
}

Json values_of(const WarningEvent& warning) {
  return with_fields({{"event", "warning"}, {"step", warning.step}},
                     to_json(std::vector<Warning>{warning.warning}).front());
}

Json values_of(const ClassesEvent& classes) {
  return with_fields({{"event", "classes"}, {"epoch", classes.epoch}, {"step", classes.step}},
                     to_json(classes.report));
}

// ---- The printed lines of each kind of event; values: the event's ----

template <class RunEvent>
void add_lines(const RunEvent&, Reported&) {}

void add_lines(const StartEvent& start, Reported& said) {
  said.csv.push_back(metrics_header());
  said.lines.push_back("Using device: " + start.device + " (" + start.simd +
                       (start.config.fused ? " fused, " : ", ") + std::to_string(start.threads) +
                       (start.threads == 1 ? " thread)" : " threads)"));
  said.lines.push_back(std::string("Input: ") + (start.sparse ? "sparse" : "dense") + " (" +
                       percent(static_cast<std::int64_t>(start.density * 1e6), 1000000, 1) +
                       " of pixels differ from the background)");
  add_data_lines(start, said.lines);
}

void add_lines(const StepEvent& step, Reported& said) {
  std::string line = "Train Epoch: " + std::to_string(step.epoch) + " [" +
                     std::to_string(step.samples) + "/" + std::to_string(step.total) + " (" +
                     percent(step.samples, step.total, 0) +
                     ")]\tLoss: " + format("%.6f", step.loss);
  if (step.says_rate) line += "\tLR: " + format("%.4g", step.lr);
  said.lines.push_back(std::move(line));
}

void add_lines(const EpochEvent& epoch, Reported& said) {
  said.lines.emplace_back();
  if (epoch.validation) said.lines.push_back(score_line("Validation", *epoch.validation));
  said.lines.push_back(score_line("Test", epoch.test));
  said.lines.emplace_back();
}

void add_lines(const DoneEvent& done, Reported& said) {
  if (const auto& best = done.best) {
    said.lines.push_back(
        (best->epochs < best->planned ? "Stopped early after epoch " : "Ended after epoch ") +
        std::to_string(best->epochs) + ": the weights are those of epoch " +
        std::to_string(best->epoch) + ", whose validation loss of " +
        format("%.4f", best->validation_loss) + " is the lowest");
  }
  said.lines.push_back("Weights SHA-256: " + done.weights_sha256);
}

void add_lines(const DivergedEvent& diverged, Reported& said) {
  said.lines.push_back(diverged.message);
}

void add_lines(const DeadEvent& dead, Reported& said) {
  for (std::string& line : dead_lines(dead.layers, dead.samples)) {
    said.lines.push_back(std::move(line));
  }
}

void add_lines(const WarningEvent& warning, Reported& said) {
  said.lines.push_back("Warning: " + warning.warning.text);
}

void add_lines(const ClassesEvent& classes, Reported& said) {
  for (std::string& line : to_table(classes.look)) said.lines.push_back(std::move(line));
  said.lines.emplace_back();
}

}  // namespace

std::string Progress::event() const { return to_json(last())["event"].get<std::string>(); }

const RunEvent& Progress::last() const {
  return *std::find_if(events.rbegin(), events.rend(), [](const RunEvent& event) {
    return !std::holds_alternative<ProbeEvent>(event) &&
           !std::holds_alternative<WarningEvent>(event) &&
           !std::holds_alternative<ClassesEvent>(event) &&
           !std::holds_alternative<DeadEvent>(event);
  });
}

std::vector<WarningEvent> Progress::warnings() const {
  std::vector<WarningEvent> found;
  for (const RunEvent& event : events) {
    if (const auto* warning = std::get_if<WarningEvent>(&event)) found.push_back(*warning);
  }
  return found;
}

Json to_json(const RunEvent& event) {
  return std::visit([](const auto& each) { return values_of(each); }, event);
}

Json to_json(const std::vector<WarningEvent>& raised) {
  Json rows = Json::array();
  for (const WarningEvent& each : raised) {
    if (each.warning.text.empty()) continue;  // of an older version's file
    rows.push_back(to_json(std::vector<Warning>{each.warning}).front());
    rows.back()["step"] = each.step;
  }
  return rows;
}

Json score_json(const Score& score) {
  return json_object("test_loss", score.loss(), "test_accuracy", score.accuracy(), "correct",
                     score.correct, "total", score.samples);
}

Reported report(const Progress& progress) {
  Reported said;
  said.values = to_json(progress.last());
  for (const RunEvent& event : progress.events) {
    const auto* step = std::get_if<StepEvent>(&event);
    if ((step && !step->logged) || std::holds_alternative<ScoringEvent>(event)) continue;
    const Json values = to_json(event);
    said.json.push_back(json_line(values));
    if (step || std::holds_alternative<EpochEvent>(event)) said.csv.push_back(metrics_row(values));
    std::visit([&said](const auto& each) { add_lines(each, said); }, event);
  }
  return said;
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
    std::vector<std::string>& cells = table.rows.emplace_back();
    cells.push_back(data.class_names()[label]);
    for (const Json& count : confusion[label]) cells.push_back(count.dump());
  }
  Reported progress;
  progress.values = with_fields({{"event", "eval"}}, score_json(score));
  progress.values["confusion"] = std::move(confusion);
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
  Table csv{{"class", "probability"}, {}}, people{{"", ""}, {}};
  for (const std::size_t c : order) {
    const auto probability = static_cast<double>(probabilities[c]);
    csv.rows.push_back({names[c], number_text(probability)});
    people.rows.push_back({names[c], format("%6.2f%%", 100.0 * probability)});
  }
  Reported progress;
  progress.lines = to_lines(people);
  progress.lines.erase(progress.lines.begin());  // no column names
  progress.values = {
      {"event", "predict"}, {"image", name}, {"classes", order}, {"probabilities", probabilities}};
  progress.json = {json_line(progress.values)};
  progress.values["csv"] = to_csv(csv);
  return progress;
}

std::string cell_text(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return number_text(value.get<double>());
  return json_line(value);
}

std::string metrics_header() {
  Json names;
  for (const char* const column : kColumns) names[column] = column;
  return metrics_row(names);
}

}  // namespace reluscope
