// Formats events, and what eval and predict find, as printed lines, JSON lines and rows of
// comma-separated values. The tables hold no times, so the same run gives the same file everywhere.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/config.h"
#include "run/events.h"

namespace reluscope {

struct Reported {
  Json values = Json::object();        // the event: values["event"] is batch, test, epoch, ...
  std::vector<std::string> lines;      // printed by a command line
  std::vector<std::string> json = {};  // lines of a JSON Lines file
  std::vector<std::string> csv = {};   // rows of a table

  std::string event() const { return values.at("event").get<std::string>(); }
};

Reported report(const Progress& progress);

Json to_json(const RunEvent& event);
Json to_json(const std::vector<WarningEvent>& raised);
// Of the test set: {"test_loss", "test_accuracy", "correct", "total"}.
Json score_json(const Score& score);

// Calls set(name, value) for each field of the events that come at every step, in the order of
// JSON.
template <class Set>
void each_field(const StepEvent& step, const Set& set) {
  set("event", "batch");
  set("epoch", step.epoch);
  set("epochs", step.epochs);
  set("batch", step.batch);
  set("batches", step.batches);
  set("step", step.step);
  set("total_steps", step.total_steps);
  set("samples", step.samples);
  set("total", step.total);
  set("loss", step.loss);
  set("accuracy", step.accuracy);
  set("lr", step.lr);
  if (step.momentum) set("momentum", *step.momentum);
}
template <class Set>
void each_field(const ScoringEvent& scoring, const Set& set) {
  set("event", "test");
  set("epoch", scoring.epoch);
  set("batch", scoring.batch);
  set("batches", scoring.batches);
}

class Session;

// Scores the whole test set: eval. values: {"event": "eval", "test_loss", "test_accuracy",
// "correct", "total", "confusion": counts (labels, answers), "csv": the same as text}.
Reported evaluate_weights(Session& session);

// Classifies one image of H * W bytes: predict. values: {"event": "predict", "image", "classes":
// best first, "probabilities": in the order of the classes, "csv": both, best first}.
Reported predict_image(Session& session, const std::string& name,
                       std::span<const std::uint8_t> pixels);

// The first line of the table, the column names, without a line end.
std::string metrics_header();

// A JSON value as a CSV cell: texts unchanged, numbers with all digits, null as "".
std::string cell_text(const Json& value);

}  // namespace reluscope
