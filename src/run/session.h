// A run from start to end, one call at a time: command lines loop over it, and it is the one class
// that WebAssembly exposes. It returns events, which run/report.h formats; it prints nothing. Many
// sessions may share one data set.
#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"
#include "probe/probe.h"
#include "probe/unit_report.h"
#include "probe/warnings.h"
#include "run/events.h"
#include "run/history.h"
#include "run/run_state.h"
#include "run/unit_history.h"
#include "train/classes.h"
#include "train/save_formats.h"
#include "train/trainer.h"

namespace reluscope {

struct SavedRun;
class StateFields;

// The CPU backend for a config. free_bytes: free memory; a run that needs more is refused. Throws
// Error for "cuda".
std::unique_ptr<Backend> make_backend(const Config& config,
                                      double free_bytes = std::numeric_limits<double>::infinity());

class Session {
 public:
  // Throws Error if the config cannot be run on this data or machine. backend: trains the
  // network; null: the CPU, which the config must then allow.
  Session(std::shared_ptr<const Dataset> data, const Config& config,
          std::unique_ptr<Backend> backend = nullptr);

  const Config& config() const { return config_; }
  Trainer& trainer() { return trainer_; }
  const Trainer& trainer() const { return trainer_; }

  Progress start() const;  // device, data, size: the first event of a run
  // Makes one training step or, at the end of an epoch, scores one batch of the validation set, if
  // there is one, or of the test set. On a device with a slow round trip it makes up to
  // Backend::steps_ahead() steps, but none past the end of the epoch, a live change or a step that
  // the monitors watch. After the last epoch every call returns "done", and after a step whose loss
  // is not finite every call returns "diverged".
  //
  // With config.early_stopping the run ends once the validation loss has not reached a new minimum
  // for that many epochs, and in any case with the weights of the epoch with the lowest one.
  Progress advance();
  // Changes a live field from the next step on, and records it in config().events.
  void set(const std::string& field, double value);

  Score evaluate();  // on the whole test set, now

  struct LayerOutput {
    std::string name, kind, text;
    std::vector<float> values;
  };
  struct Prediction {
    std::vector<float> probabilities;
    std::vector<LayerOutput> layers;
  };
  // For one image of H * W bytes, in evaluation mode.
  Prediction predict(std::span<const std::uint8_t> pixels);

  // A live snapshot of the monitors now; see probe/probe.h. Affects neither training nor what the
  // run records itself, at the steps of looks_after(): units(), and the warnings that these looks
  // raise, once for each code and layer. A run that prints its looks emits "probe", "classes" and
  // "dead" events as well.
  ProbeSnapshot probe(const ProbeRequest& request);
  // The check of request.everywhere in parts: each call runs the given number of training samples,
  // at least 1, through the network, and the last one returns what was found. Starts over if the
  // weights have changed.
  std::optional<std::vector<DeadUnits>> dead_part(int samples);
  const UnitHistory& units() const { return units_; }
  const std::vector<WarningEvent>& warnings() const { return raised_; }  // in order
  // Confusion, precision, recall and the given number of hardest samples of the test set, now.
  ClassReport classes(int hardest);
  // The same in parts: each call scores the given number of samples, at least 1, and the last call
  // returns the report. Starts over if the weights have changed.
  std::optional<ClassReport> classes_part(int hardest, int samples);
  // The same for the last scored epoch, with its final weights; none before the first. Lists
  // kHardest samples.
  struct EpochClasses {
    int epoch;
    std::int64_t step;
    ClassReport report;
  };
  const std::optional<EpochClasses>& epoch_classes() const { return scored_classes_; }
  static constexpr int kHardest = 10;
  std::vector<std::string> layer_names() const;
  // One unit of an activation layer, with the given number of probe images that excite it most.
  UnitReport unit(int layer, int unit, int strongest);
  // evaluate() with the output of these units of an activation layer set to 0. Does not affect the
  // run. Throws Error for units that do not exist.
  Score evaluate_without(int layer, const std::vector<int>& units);
  // A parameter now, by its name in the state_dict. Throws Error for an unknown name.
  NamedTensor parameter(const std::string& name) const;

  // SHA-256 over all parameters in state_dict order and PyTorch shape, as little-endian float32,
  // and then over the layers' running statistics. Of the weights, not of their average.
  std::string weights_sha256() const;
  // The same for the optimizer's moments.
  std::string optimizer_sha256() const;
  // The bytes of a file with the scored weights: save_network() in train/save_formats.h.
  std::vector<std::uint8_t> save(std::string_view format, std::optional<int> images = {});
  // A file with all state needed to resume with the same bits: run/checkpoint.h. May be called
  // between any two calls of advance().
  std::vector<std::uint8_t> checkpoint();
  // Resumes the saved run. This session's config must be resumed_config() of the file's config.
  // Throws Error for a damaged file and for one of another run or data set; the session is then
  // unusable.
  void restore(std::span<const std::uint8_t> checkpoint);
  // The same as a fork, with forked_config() (run/checkpoint.h). Throws Error for weights of
  // another shape, too.
  void fork(std::span<const std::uint8_t> checkpoint);
  const History& history() const { return history_; }
  // The progress of the run: {"phase": training, scoring, done or diverged, "step", "epoch" and
  // "batch" of the last step, "batches", "samples" and "total" of that epoch}.
  Json position() const;

  // Takes parameters and running statistics from a .safetensors file: load_state_dict() in
  // train/save_formats.h. Throws Error and changes nothing for a file that does not match the
  // model.
  void load(std::span<const std::uint8_t> safetensors);

 private:
  void apply_events();
  Progress train_step();
  Progress score_step();
  Progress end_epoch();
  void follow_validation(double loss);
  Progress done();
  Progress diverge(int layer, Progress said);  // said: earlier events of this call
  bool weights_finite() const;
  std::string hash_of(std::span<const float> parameters) const;
  StepRates rates(int later = 0) const;  // of the next step, or `later` steps after it
  Probe& probe_state();
  bool looks_after_step(std::int64_t step, bool last_of_epoch) const;
  // About the step with this batch, of the present epoch.
  bool looks_after_batch(int batch) const;
  bool watches(int batch) const;
  int steps_now() const;  // number of steps that may be made at once
  void add_step(Progress& progress, const StepResult& result, const StepRates& rates);
  void add_look(Progress& progress);  // records a look and adds its events
  int epoch_of_step() const;
  double rate_of_step() const;
  void start_classes();
  StoredRun decoded(const SavedRun& saved) const;
  void continue_from(StoredRun run, bool partly);
  void extend_beyond(int epochs);
  void monitor_fields(const StateFields& fields);

  Config config_;
  std::unique_ptr<Backend> backend_;
  Trainer trainer_;
  Schedule schedule_;
  Config live_;  // config_ with the events up to now applied
  std::size_t next_event_ = 0;
  RunState run_;
  double epoch_seconds_ = 0.0;
  int epoch_timed_ = 0;  // samples trained on in these
  History history_;
  std::unique_ptr<Probe> probe_;             // created on first use
  std::optional<ProbeSnapshot> last_look_;   // of an epoch, for its table
  std::optional<ClassMeter> epoch_classes_;  // of the epoch being scored
  std::optional<EpochClasses> scored_classes_;
  struct PartOfClasses {
    ClassMeter meter;
    int hardest, scored;
  };
  std::optional<PartOfClasses> part_of_classes_;  // for the current weights
  std::optional<DeadCheck> part_of_dead_;         // likewise
  UnitHistory units_;
  std::vector<WarningEvent> raised_;  // without a text where an older version raised it
};

}  // namespace reluscope
