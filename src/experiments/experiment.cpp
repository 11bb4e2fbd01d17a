#include "experiments/experiment.h"

#include <algorithm>
#include <chrono>
#include <limits>
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
  for (const char* const name : {"test_accuracy", "train_loss", "dead", "output_mean"}) {
    const Json* const epoch = last_epoch(row);
    if (epoch == nullptr || !epoch->contains(name) || !epoch->at(name).is_number()) continue;
    const Measure& measure = find_measure(name);
    text += (text.empty() ? "" : ", ") + std::string(measure.label) + " " +
            value_text(epoch->at(name).get<double>(), measure.percent);
  }
  return text;
}

}  // namespace

std::unique_ptr<Plan> make_plan(std::string_view kind, const Dataset& data, const Config& base,
                                const PlanFlags& flags) {
  std::vector<std::string> known;
  for (const auto& [name, plan] : kKinds) {
    if (kind == name) return plan(data, base, flags);
    known.emplace_back(name);
  }
  throw Error("experiment is " + in_quotes(kind) + ", but known are " + join_or(known));
}

Experiment::Experiment(std::shared_ptr<const Dataset> data, std::unique_ptr<Plan> plan, int jobs,
                       std::vector<Json> finished, double (*free_bytes)())
    : data_(std::move(data)),
      plan_(std::move(plan)),
      free_bytes_(free_bytes),
      pool_(jobs),
      results_(plan_->runs().size()),
      is_done_(plan_->runs().size()),
      is_told_(plan_->runs().size()),
      slots_(static_cast<std::size_t>(plan_->side_by_side() > 0 ? plan_->side_by_side()
                                                                : pool_.size())) {
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < plan_->runs().size(); ++i) {
    places.emplace(run_id(plan_->runs()[i].config), i);
  }
  for (Json& row : finished) {
    const auto place = places.find(row.at("run").get<std::string>());
    if (place == places.end() || is_done_[place->second]) continue;
    const PlannedRun& run = plan_->runs()[place->second];
    row["index"] = run.index;
    row["name"] = run.name;
    results_[place->second].row = std::move(row);
    is_done_[place->second] = is_told_[place->second] = 1;
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
  progress.lines = plan_->start_lines();
  if (finished_before_ > 0) {
    progress.lines.push_back(std::to_string(finished_before_) +
                             " of them finished before and are not run again");
  }
  return progress;
}

void Experiment::begin(Slot& slot, int place) {
  const PlannedRun& plan = plan_->runs()[static_cast<std::size_t>(place)];
  slot.place = place;
  slot.epochs_told = 0;
  const auto refuse = [&](const char* why) {
    slot.run.reset();
    Json row = row_head(plan);
    row["refused"] = why;
    results_[static_cast<std::size_t>(place)].row = std::move(row);
    is_done_[static_cast<std::size_t>(place)] = 1;
  };
  try {
    const double free =
        free_bytes_ == nullptr ? std::numeric_limits<double>::infinity() : free_bytes_();
    slot.run = std::make_unique<RecordedRun>(data_, plan, free);
  } catch (const Error& error) {
    refuse(error.what());
  } catch (const std::bad_alloc&) {
    refuse("out of memory: its model and batches need more than there is beside the other runs");
  }
}

void Experiment::finish(Slot& slot) {
  results_[static_cast<std::size_t>(slot.place)] = {slot.run->row(), slot.run->seconds()};
  is_done_[static_cast<std::size_t>(slot.place)] = 1;
}

// One thread's time slice: continues its run, then begins the next run that no thread has begun.
void Experiment::work_on_queue(Slot& slot) {
  const auto end = std::chrono::steady_clock::now() + kSlice;
  do {
    if (!slot.run) {
      const int place = next_++;
      if (place >= static_cast<int>(results_.size())) return;
      if (!is_done_[static_cast<std::size_t>(place)]) begin(slot, place);
      continue;
    }
    if (!slot.run->advance()) {
      finish(slot);
      slot.run.reset();
    }
  } while (std::chrono::steady_clock::now() < end);
}

// Brings all unfinished runs to the same share of their steps. The longest run makes one step.
void Experiment::step(Slot& slot) {
  std::int64_t most = 0;
  for (const Slot& other : slots_) {
    if (other.run) most = std::max(most, other.run->all_calls());
  }
  while (slot.run->calls() * most < round_ * slot.run->all_calls()) {
    if (slot.run->advance()) continue;
    finish(slot);
    return;
  }
}

void Experiment::work_side_by_side() {
  const auto end = std::chrono::steady_clock::now() + kSlice;
  const auto active = [this](const Slot& slot) {
    return slot.run && !is_done_[static_cast<std::size_t>(slot.place)];
  };
  do {
    const bool beginning = round_++ == 0;
    std::atomic<std::size_t> next{0};
    pool_.run([&](int) {
      for (std::size_t s; (s = next++) < slots_.size();) {
        Slot& slot = slots_[s];
        try {
          if (beginning) {
            begin(slot, first_ + static_cast<int>(s));
          } else if (active(slot)) {
            step(slot);
          }
        } catch (...) {
          slot.failure = std::current_exception();
        }
      }
    });
    rethrow_failures();
    if (std::any_of(slots_.begin(), slots_.end(), active)) {
      const bool happened = std::any_of(slots_.begin(), slots_.end(), [this](const Slot& slot) {
        if (!slot.run) return false;
        const auto place = static_cast<std::size_t>(slot.place);
        return slot.run->row()["epochs"].size() > slot.epochs_told ||
               (is_done_[place] != 0 && is_told_[place] == 0);
      });
      if (happened) return;  // events are reported in the order in which they happen
      continue;
    }
    return;
  } while (std::chrono::steady_clock::now() < end);
}

void Experiment::rethrow_failures() {
  for (Slot& slot : slots_) {
    if (slot.failure) std::rethrow_exception(std::exchange(slot.failure, nullptr));
  }
}

Reported Experiment::advance() {
  if (std::all_of(is_told_.begin(), is_told_.end(), [](char told) { return told != 0; })) {
    return done();
  }
  const bool together = plan_->side_by_side() > 0;
  if (together) {
    work_side_by_side();
  } else {
    pool_.run([this](int part) {
      Slot& slot = slots_[static_cast<std::size_t>(part)];
      try {
        work_on_queue(slot);
      } catch (...) {
        slot.failure = std::current_exception();
      }
    });
    rethrow_failures();
  }

  Reported progress;
  progress.values = {{"event", "working"}, {"events", Json::array()}};
  const auto tell = [&progress](const Json& event) {
    progress.json.push_back(json_line(event));
    progress.values["events"].push_back(event);
  };
  for (Slot& slot : slots_) {
    if (!together || !slot.run) continue;
    const Json& epochs = slot.run->row()["epochs"];
    for (; slot.epochs_told < epochs.size(); ++slot.epochs_told) {
      const PlannedRun& run = plan_->runs()[static_cast<std::size_t>(slot.place)];
      Json line = {{"event", "epoch"}, {"name", run.name}, {"seed", run.config.seed}};
      line.update(epochs[slot.epochs_told]);
      tell(line);
      if (slot.epochs_told == 0) continue;
      progress.lines.push_back("Seed " + std::to_string(run.config.seed) + ", epoch " +
                               cell_text(line["epoch"]) + "/" + std::to_string(run.config.epochs) +
                               ", " + run.name + ": " +
                               result_text({{"epochs", {epochs[slot.epochs_told]}}}));
    }
    const PlannedRun& run = plan_->runs()[static_cast<std::size_t>(slot.place)];
    progress.values["racers"].push_back(
        {{"name", run.name}, {"seed", run.config.seed}, {"last", slot.run->last_step()}});
  }
  int ended = 0;
  for (std::size_t i = 0; i < results_.size(); ++i) {
    ended += is_done_[i];
    if (!is_done_[i] || is_told_[i]) continue;
    is_told_[i] = 1;
    const Json& row = results_[i].row;
    tell(row);
    if (together) continue;
    const int told = static_cast<int>(std::count(is_told_.begin(), is_told_.end(), 1));
    progress.lines.push_back("[" + std::to_string(told) + "/" + std::to_string(results_.size()) +
                             "] " + row["name"].get<std::string>() + ": " + result_text(row));
  }
  double share = ended;
  for (const Slot& slot : slots_) {
    if (!slot.run || is_done_[static_cast<std::size_t>(slot.place)]) continue;
    share += std::min(
        1.0, static_cast<double>(slot.run->calls()) / static_cast<double>(slot.run->all_calls()));
  }
  progress.values["share"] = share / static_cast<double>(std::max<std::size_t>(results_.size(), 1));

  if (together && std::all_of(slots_.begin(), slots_.end(), [this](const Slot& slot) {
        return is_done_[static_cast<std::size_t>(slot.place)] != 0;
      })) {
    for (Slot& slot : slots_) slot.run.reset();
    first_ += plan_->side_by_side();
    round_ = 0;
  }
  return progress;
}

Reported Experiment::done() {
  Reported progress;
  const Report report = plan_->report(results_);
  std::string rows;
  for (const RunResult& result : results_) rows += json_line(result.row) + "\n";
  progress.values = {
      {"event", "done"}, {"events", report.json}, {"rows", rows}, {"csv", report.csv}};
  for (std::size_t i = 0; i < report.step_seconds.size(); ++i) {
    progress.values["events"][i]["step_seconds"] = report.step_seconds[i];
  }
  progress.lines = report.lines;
  for (const Json& line : report.json) progress.json.push_back(json_line(line));
  return progress;
}

}  // namespace reluscope
