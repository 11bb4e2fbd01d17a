// What is said of events: lines for people, JSON lines, and rows of comma-separated values. The
// tables are without times, so that the same run gives the same file everywhere.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "run/events.h"

namespace reluscope {

struct Reported {
  Json values;                        // what happened: values["event"] is batch, test, epoch, ...
  std::vector<std::string> lines;     // what a command line prints for it
  std::vector<std::string> json;      // what goes into a JSON Lines file
  std::vector<std::string> csv = {};  // what goes into a table

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

// The names of the table's columns, as its first line, without its end.
std::string metrics_header();

}  // namespace reluscope
