// A run from start to end, one call at a time: what a command line loops over, and the one class
// that WebAssembly exposes. It says what happened as numbers, as lines for people and as JSON;
// it prints nothing. Many sessions may share one data set.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "train/config.h"
#include "train/describe.h"
#include "train/trainer.h"

namespace reluscope {

struct Progress {
  Json values;                     // what happened: values["event"] is batch, test, epoch, ...
  std::vector<std::string> lines;  // what a command line prints for it
  std::vector<std::string> json;   // what goes into a JSON Lines file

  std::string event() const { return values.at("event").get<std::string>(); }
};

// "Test set: Average loss: 0.0972, Accuracy: 9692/10000 (96.92%)"
std::string score_line(const Score& score);

class Session {
 public:
  // Throws Error if the config cannot be run on this data or machine.
  Session(std::shared_ptr<const Dataset> data, const Config& config);

  const Config& config() const { return config_; }
  ModelSummary describe() const;
  Trainer& trainer() { return trainer_; }

  Progress start() const;  // device, data, size: the first thing a run says
  // One training step, or one test batch at the end of an epoch. After the last epoch "done", and
  // after a step whose loss is not finite "diverged", again and again.
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
  // Of one image of H * W bytes, in evaluation mode.
  Prediction predict(std::span<const std::uint8_t> pixels);

  // SHA-256 over all parameters in state_dict order and PyTorch shape, as little-endian float32.
  std::string weights_sha256() const;
  // The same over the optimizer's moments.
  std::string optimizer_sha256() const;
  // A file's bytes; format is "safetensors". Throws Error for another.
  std::vector<std::uint8_t> save(std::string_view format) const;
  // Takes the parameters from a .safetensors file that has just these, of the same shapes, as finite
  // float32; the optimizer is left as it is. Throws Error for any other file and changes nothing then.
  void load(std::span<const std::uint8_t> safetensors);

 private:
  enum class Phase { kTraining, kTesting, kDone, kDiverged };

  void apply_events();
  Progress train_step();
  Progress test_step();
  Progress done() const;
  Progress diverge(int layer);
  bool weights_finite() const;

  Config config_;
  std::unique_ptr<Backend> backend_;
  Trainer trainer_;
  Config live_;  // config_ with the events so far applied
  std::size_t next_event_ = 0;
  Phase phase_ = Phase::kTraining;
  std::int64_t steps_ = 0;  // done
  int epoch_ = 1, batch_ = 0, test_first_ = 0;
  Score epoch_score_, test_score_;
  double epoch_seconds_ = 0.0;
  Progress diverged_;
};

}  // namespace reluscope
