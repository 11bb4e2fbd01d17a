#include "experiments/experiment.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <map>
#include <new>

#include "core/error.h"
#include "core/text.h"
#include "experiments/lessons.h"
#include "experiments/measure.h"
#include "experiments/race.h"
#include "experiments/statistics.h"
#include "experiments/sweep.h"
#include "io/json_text.h"

namespace reluscope {
namespace {

constexpr std::pair<const char*, decltype(&plan_race)> kKinds[] = {
    {"race", &plan_race}, {"sweep", &plan_sweep}, {"lessons", &plan_lessons}};

constexpr std::chrono::milliseconds kSlice(30);

std::string result_text(const Json& row) {
  for (const char* const reason : {"refused", "diverged"}) {
    if (row.contains(reason)) return row[reason].get<std::string>();
  }
  std::string text;
  for (const char* const name : {"test_accuracy", "train_loss", "silent", "output_mean"}) {
    const double value = number_at(last_epoch(row), name);
    if (std::isnan(value)) continue;
    const Measure& measure = find_measure(name);
    text += (text.empty() ? "" : ", ") + std::string(measure.label) + " " +
            value_text(value, measure.percent);
  }
  return text;
}

}  // namespace

Plan make_plan(std::string_view kind, const Dataset& data, const Config& base,
               const FlagValues& flags) {
  std::vector<std::string> known;
  for (const auto& [name, make] : kKinds) {
    if (kind == name) return make(data, base, flags);
    known.emplace_back(name);
  }
  throw Error("experiment is " + in_quotes(kind) + ", but known are " + join_or(known));
}

Experiment::Experiment(std::shared_ptr<const Dataset> data, Plan plan, int jobs,
                       std::vector<Json> finished, double (*free_bytes)())
    : data_(std::move(data)),
      plan_(std::move(plan)),
      free_bytes_(free_bytes),
      pool_(jobs),
      results_(plan_.runs.size()),
      slots_(static_cast<std::size_t>(plan_.side_by_side > 0 ? plan_.side_by_side : pool_.size())) {
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < results_.size(); ++i) {
    places.emplace(run_id(plan_.runs[i].config), i);
  }
  for (Json& row : finished) {
    const auto place = places.find(row.at("run").get<std::string>());
    if (place == places.end() || results_[place->second].done) continue;
    const PlannedRun& run = plan_.runs[place->second];
    row["index"] = run.index;
    row["name"] = run.name;
    results_[place->second] = {.row = std::move(row), .done = true, .reported = true};
    ++finished_before_;
  }
}

Reported Experiment::start() const {
  Reported progress;
  progress.values = {{"event", "start"},
                     {"events", Json::array()},
                     {"runs", results_.size()},
                     {"finished", finished_before_},
                     {"jobs", pool_.size()}};
  progress.lines = plan_.start_lines;
  if (finished_before_ > 0) {
    progress.lines.push_back(std::to_string(finished_before_) +
                             " of them finished before and are not run again");
  }
  return progress;
}

void Experiment::begin(Slot& slot, std::size_t place) {
  const PlannedRun& plan = plan_.runs[place];
  slot.place = place;
  slot.epochs_told = 0;
  slot.run.reset();
  Json row = row_head(plan);
  try {
    slot.run = std::make_unique<RecordedRun>(data_, plan, free_bytes_());
    return;
  } catch (const Error& error) {
    row["refused"] = error.what();
  } catch (const std::bad_alloc&) {
    row["refused"] =
        "out of memory: its model and batches need more than is free beside the other runs";
  }
  results_[place] = {.row = std::move(row), .done = true};
}

// Advances the slot's run by one call. False at the end of the run.
bool Experiment::step(Slot& slot) {
  if (slot.run->advance()) return true;
  results_[slot.place] = {.row = slot.run->row(), .seconds = slot.run->seconds(), .done = true};
  return false;
}

// Calls work(slot, its number) for every slot, each in a thread.
template <class Work>
void Experiment::in_threads(const Work& work) {
  std::atomic<std::size_t> next{0};
  std::vector<std::exception_ptr> failures(slots_.size());
  pool_.run([&](int) {
    for (std::size_t s; (s = next++) < slots_.size();) {
      try {
        work(slots_[s], s);
      } catch (...) {
        failures[s] = std::current_exception();
      }
    }
  });
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

// A time slice of a thread: continues its run, then begins the next run that no thread has begun.
void Experiment::work_on_queue(Slot& slot) {
  const auto end = std::chrono::steady_clock::now() + kSlice;
  do {
    if (!slot.run) {
      const std::size_t place = next_++;
      if (place >= results_.size()) return;
      if (!results_[place].done) begin(slot, place);
    } else if (!step(slot)) {
      slot.run.reset();
    }
  } while (std::chrono::steady_clock::now() < end);
}

bool Experiment::is_active(const Slot& slot) const {
  return slot.run && !results_[slot.place].done;
}

// In each round all unfinished runs come to the same share of their steps. The longest run makes
// one step. Ends when something is to be reported, so that events come in the order in which they
// happen.
void Experiment::work_side_by_side() {
  const auto end = std::chrono::steady_clock::now() + kSlice;
  const auto has_news = [this](const Slot& slot) {
    return slot.run && (slot.run->row()["epochs"].size() > slot.epochs_told ||
                        (results_[slot.place].done && !results_[slot.place].reported));
  };
  do {
    const bool beginning = round_++ == 0;
    std::int64_t most = 0;
    for (const Slot& slot : slots_) {
      if (slot.run) most = std::max(most, slot.run->all_calls());
    }
    in_threads([&](Slot& slot, std::size_t number) {
      if (beginning) {
        begin(slot, first_ + number);
      } else if (is_active(slot)) {
        while (slot.run->calls() * most < round_ * slot.run->all_calls() && step(slot)) {
        }
      }
    });
    const auto active = [this](const Slot& slot) { return is_active(slot); };
    if (std::none_of(slots_.begin(), slots_.end(), active) ||
        std::any_of(slots_.begin(), slots_.end(), has_news)) {
      return;
    }
  } while (std::chrono::steady_clock::now() < end);
}

Reported Experiment::advance() {
  if (std::all_of(results_.begin(), results_.end(),
                  [](const RunResult& result) { return result.reported; })) {
    return done();
  }
  const bool together = plan_.side_by_side > 0;
  if (together) {
    work_side_by_side();
  } else {
    in_threads([this](Slot& slot, std::size_t) { work_on_queue(slot); });
  }

  Reported progress;
  progress.values = {{"event", "working"}, {"events", Json::array()}};
  const auto tell = [&progress](const Json& event) {
    progress.json.push_back(json_line(event));
    progress.values["events"].push_back(event);
  };
  double share = 0.0;
  for (Slot& slot : slots_) {
    if (!slot.run) continue;
    if (is_active(slot)) {
      share += std::min(
          1.0, static_cast<double>(slot.run->calls()) / static_cast<double>(slot.run->all_calls()));
    }
    if (!together) continue;
    const PlannedRun& run = plan_.runs[slot.place];
    const Json& epochs = slot.run->row()["epochs"];
    for (; slot.epochs_told < epochs.size(); ++slot.epochs_told) {
      Json line = {{"event", "epoch"}, {"name", run.name}, {"seed", run.config.seed}};
      line.update(epochs[slot.epochs_told]);
      tell(line);
      if (slot.epochs_told == 0) continue;
      progress.lines.push_back("Seed " + std::to_string(run.config.seed) + ", epoch " +
                               cell_text(line["epoch"]) + "/" + std::to_string(run.config.epochs) +
                               ", " + run.name + ": " +
                               result_text({{"epochs", {epochs[slot.epochs_told]}}}));
    }
    progress.values["racers"].push_back(
        {{"name", run.name}, {"seed", run.config.seed}, {"last", slot.run->last_step()}});
  }
  for (RunResult& result : results_) {
    share += result.done ? 1.0 : 0.0;
    if (!result.done || result.reported) continue;
    result.reported = true;
    tell(result.row);
    if (together) continue;
    const auto told = std::count_if(results_.begin(), results_.end(),
                                    [](const RunResult& other) { return other.reported; });
    progress.lines.push_back("[" + std::to_string(told) + "/" + std::to_string(results_.size()) +
                             "] " + result.row["name"].get<std::string>() + ": " +
                             result_text(result.row));
  }
  progress.values["share"] = share / static_cast<double>(std::max<std::size_t>(results_.size(), 1));

  if (together && std::all_of(slots_.begin(), slots_.end(),
                              [this](const Slot& slot) { return results_[slot.place].done; })) {
    for (Slot& slot : slots_) slot.run.reset();
    first_ += slots_.size();
    round_ = 0;
  }
  return progress;
}

Reported Experiment::done() const {
  Reported progress;
  Report report = plan_.report(results_);
  std::string rows;
  std::size_t refused = 0;
  for (const RunResult& result : results_) {
    rows += json_line(result.row) + "\n";
    refused += result.row.contains("refused");
  }
  progress.values = {
      {"event", "done"}, {"events", report.json}, {"rows", rows}, {"csv", report.csv}};
  if (refused > 0 && refused == results_.size()) {
    progress.values["failure"] = "no run could begin. The first was refused: " +
                                 results_.front().row["refused"].get<std::string>();
  }
  progress.lines = report.lines;
  for (Json& line : report.json) {
    line.erase("step_seconds");
    progress.json.push_back(json_line(line));
  }
  return progress;
}

}  // namespace reluscope
