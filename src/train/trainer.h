// One run's machinery: model, optimizer, batches. A step is forward, loss, backward, update.
#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "backend/backend.h"
#include "config/config.h"
#include "data/augment.h"
#include "data/batcher.h"
#include "data/dataset.h"
#include "nn/model.h"
#include "nn/penalty.h"
#include "optim/optimizer.h"
#include "optim/schedule.h"
#include "optim/weight_average.h"
#include "train/classes.h"

namespace reluscope {

struct Score {  // of some samples
  double loss_sum = 0.0;
  double weight = 0.0;  // the sum of their class weights, or their number
  int correct = 0;
  int samples = 0;

  double loss() const { return loss_sum / weight; }
  double accuracy() const { return static_cast<double>(correct) / samples; }
  void add(const Score& other) {
    loss_sum += other.loss_sum;
    weight += other.weight;
    correct += other.correct;
    samples += other.samples;
  }
};

struct StepResult {
  Score score;
  int diverged_layer = -1;  // the first layer whose output is not finite; nothing was updated then
};

// (count, H, W): a training sample as used by a run with this config in epochs 1 to `count`. Throws
// Error for a sample or a count out of range.
std::vector<std::uint8_t> augmented(const Dataset& data, const Config& config, int sample,
                                    int count);

// The usual normalisation of MNIST's pixels.
inline constexpr double kMnistMean = 0.1307, kMnistStd = 0.3081;

// The number of training samples held out for validation: config.validation. If that is 0 and a
// setting depends on the validation loss: 5,000, but at most a tenth and at least one. Throws Error
// if none would be left to train on.
int validation_size(const Config& config, int train_samples);
// The number of samples to train on: the others, or config.train_samples. Throws Error if there are
// fewer.
int training_size(const Config& config, int train_samples);

// Observes an update; gradients are stored for it. The weights get the same bits as without it.
class StepObserver {
 public:
  virtual ~StepObserver() = default;
  virtual void before_update(const Model& model) = 0;  // after outputs and clipped gradients
  virtual void after_update(const Model& model) = 0;
};

class Trainer {
 public:
  // Throws Error if the config cannot be run on this data.
  Trainer(std::shared_ptr<const Dataset> data, const Config& config, Backend& backend);

  const Dataset& data() const { return *data_; }
  Model& model() { return model_; }
  const Model& model() const { return model_; }
  const Optimizer& optimizer() const { return *optimizer_; }
  // Bytes allocated for the data and this run, by purpose.
  std::vector<std::pair<std::string, std::size_t>> memory() const;
  bool sparse_input() const { return sparse_; }
  int train_count() const;  // samples that are trained on
  int validation_count() const { return static_cast<int>(validation_.size()); }
  // In an epoch, a last smaller one included.
  int batches() const { return (train_count() + batch_ - 1) / batch_; }
  // The normalisation of pixels scaled to 0..1.
  const PixelStatistics& normalisation() const { return normalisation_; }

  // Batches make updates in groups of `accumulate`; the last group of an epoch may be smaller.
  int updates_per_epoch() const { return update_of(batches() - 1) + 1; }
  int update_of(int batch) const { return batch / accumulate_; }  // of an epoch, both from 0
  bool makes_update(int batch) const {                            // as the last of its group
    return batch + 1 == batches() || (batch + 1) % accumulate_ == 0;
  }

  void start_epoch(int epoch);  // from 1: shuffles
  // batch: from 0, in the started epoch, in order. A batch that is not the last of its group only
  // adds its gradients to the group's. The last batch makes the update, with the gradient of the
  // mean loss of all samples of the group, as if they were one batch. The result holds the training
  // loss: smoothed, weighted and with penalties. observer must be null if no update is made.
  StepResult step(int batch, const StepRates& rates, StepObserver* observer = nullptr);
  StepResult step(int batch, double lr, StepObserver* observer = nullptr) {
    return step(batch, StepRates{lr, {}}, observer);
  }
  // The same for as many batches as there are rates, but the losses are read once, after all steps.
  // If one is not finite, the steps are undone and repeated one by one: the last result is then
  // that of the step that diverged.
  std::vector<StepResult> steps(int batch, std::span<const StepRates> rates);
  int steps_at_once() const { return backend_.steps_ahead(); }  // at most
  // Test samples first .. first + rows - 1, by scored_parameters(). The loss is the plain mean
  // cross-entropy. classes: also counts them, if not null.
  Score evaluate(int first, int rows, ClassMeter* classes = nullptr) {
    return score_samples(false, first, rows, classes);
  }
  // The same for held-out samples.
  Score validate(int first, int rows) { return score_samples(true, first, rows, nullptr); }
  // The parameters that are scored, shown and saved: the weights or their moving average.
  std::span<const float> scored_parameters() const {
    return average_.ready() ? average_.values() : model_.parameters();
  }
  // Only with early stopping: stores the network, and restores it.
  void keep_weights() { copy_network(false); }
  void restore_weights() { copy_network(true); }

  // The state needed to resume between two steps, except pure functions of the config and the step:
  // buffers laid out like the model's parameters or its state, by name, and counters.
  struct Part {
    std::string name;  // "model", "optimizer.exp_avg", "best.running"
    const std::vector<Model::Parameter>* list;
    std::span<float> values;
  };
  struct Counters {
    Optimizer::Counters optimizer;
    std::int64_t average_updates = 0;
    double penalty = 0.0;  // of the present group
  };
  // next_batch: from 0, the next batch of its epoch. has_best: whether keep_weights() was called.
  // Returns only the buffers in use at that point.
  std::vector<Part> parts(int next_batch, bool has_best);
  Counters counters() const { return {optimizer_->counters(), average_.updates(), penalty_value_}; }
  // Before parts() are written; parts_written() after it.
  void restore(const Counters& counters);
  void parts_written() { model_.parameters_changed(); }

  std::vector<int> training_samples() const;  // indices in the training set, ascending
  // The samples that a probe set is drawn from: the held-out samples or, without validation, the
  // training samples. Gives their indices, the set of these indices, and its name.
  std::vector<int> probe_pool() const {
    return validation_.empty() ? training_samples() : validation_;
  }
  const ImageSet& probe_set() const { return data_->train(); }
  const char* probe_part() const { return validation_.empty() ? "train" : "validation"; }

  int evaluate_rows() const { return evaluation_rows_; }  // most samples scored at a time

  // These run the network without changing it: outputs and gradients stay in model().
  // Forward in evaluation mode of at most so many samples.
  void infer(const ImageSet& set, std::span<const int> samples);
  // The same for any number of samples, in chunks; calls work(first), its place in `samples`, after
  // each.
  template <class Work>
  void infer_in_chunks(const ImageSet& set, std::span<const int> samples, const Work& work) {
    const auto most = static_cast<std::size_t>(evaluation_rows_);
    for (std::size_t first = 0; first < samples.size(); first += most) {
      infer(set, samples.subspan(first, std::min(most, samples.size() - first)));
      work(first);
    }
  }
  // Of the plain loss of a batch of the started epoch, in training mode.
  void gradients(int batch);
  // Forward in evaluation mode of one image of (H, W) bytes; outputs stay in model().
  void infer(std::span<const std::uint8_t> pixels);
  std::vector<float> probabilities();  // of the image of the last infer()

 private:
  // A batch whose loss was requested but not read yet, and the place of its terms.
  struct Pending {
    int rows;
    double weight;
    std::size_t at;
  };
  // Trains on it if dlogits is not null: that is then the gradient of the sum of the losses over
  // gradient_weight. The losses come to losses_ from `at` on.
  Pending begin_score(ConstMatrixView logits, const Batch& samples, float* dlogits,
                      double gradient_weight, std::size_t at);
  Score read_score(const Pending& pending) const;
  Score score(ConstMatrixView logits, const Batch& samples, float* dlogits, double gradient_weight);
  Score score_samples(bool held_out, int first, int rows, ClassMeter* classes);
  int rows_of(int batch) const { return std::min(batch_, train_count() - batch * batch_); }
  // The logits of a training batch, and the batch; `ahead`: while the next one is being made.
  std::pair<ConstMatrixView, Batch> forward_batch(int batch, bool ahead, Outputs outputs);
  // Forward and loss of a step.
  Pending begin_step(int batch, std::size_t at, Outputs outputs);
  std::vector<std::span<float>> changed_state();
  void copy_state(bool back);    // changed_state() to before_steps_, or back
  void copy_network(bool back);  // weights, statistics and average to kept_weights_, or back
  double weight_of(int first, int count) const;  // of samples of the shuffled order, in a mean
  ConstMatrixView forward_scored(const Signal& input, Outputs outputs);
  void update(int batch, const StepRates& rates, StepObserver* observer);
  int first_layer_not_finite() const;

  std::shared_ptr<const Dataset> data_;
  Backend& backend_;
  std::uint64_t seed_;
  std::vector<int> validation_;  // held-out samples, ascending
  std::vector<int> trained_on_;  // the others; empty: all
  int evaluation_rows_;          // scored at once
  int batch_;
  int epoch_ = 1;
  PixelStatistics normalisation_;
  std::unique_ptr<const Augmenter> augmenter_;  // null: images are taken as they are
  Model model_;
  bool sparse_;
  int accumulate_;
  ClipOptions clip_;
  std::unique_ptr<Optimizer> optimizer_;
  float label_smoothing_;
  std::vector<float> class_weights_;  // (classes), or empty
  Penalty penalty_;
  double penalty_value_ = 0.0;  // of the present group
  bool store_gradients_;        // they are processed before the optimizer uses them
  Buffer group_gradients_;      // the sum over the batches of a group so far
  WeightAverage average_;
  Batcher batcher_;
  std::vector<float> losses_;
  std::vector<std::uint8_t> correct_;
  Buffer probabilities_;
  Buffer kept_weights_;
  Buffer before_steps_;  // the state that steps() may restore
};

}  // namespace reluscope
