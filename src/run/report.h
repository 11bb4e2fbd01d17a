// Formats events as printed lines, JSON lines and rows of comma-separated values. The tables hold
// no times, so the same run gives the same file everywhere.
#pragma once

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

// "Test set: Average loss: 0.0972, Accuracy: 9692/10000 (96.92%)"
std::string score_line(const char* set, const Score& score);

// The first line of the table, the column names, without a line end.
std::string metrics_header();

}  // namespace reluscope
