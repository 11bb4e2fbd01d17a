// One run's machinery: model, optimizer, batches. A step is forward, loss, backward, update.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "backend/backend.h"
#include "data/batcher.h"
#include "data/dataset.h"
#include "nn/model.h"
#include "optim/optimizer.h"
#include "train/classes.h"
#include "train/config.h"

namespace reluscope {

struct Score {  // of some samples
  double loss_sum = 0.0;
  int correct = 0;
  int samples = 0;

  double loss() const { return loss_sum / samples; }
  double accuracy() const { return static_cast<double>(correct) / samples; }
  void add(const Score& other) {
    loss_sum += other.loss_sum;
    correct += other.correct;
    samples += other.samples;
  }
};

struct StepResult {
  Score score;
  int diverged_layer = -1;  // the first whose output is not finite; then nothing was updated
};

// Looks at a step whose gradients are stored for it. The weights get the same bits as without.
class StepObserver {
 public:
  virtual ~StepObserver() = default;
  virtual void before_update(const Model& model) = 0;  // outputs and gradients are there
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
  int batches() const;  // in an epoch, a last smaller one included

  void start_epoch(int epoch);           // from 1: shuffles
  // batch: from 0, of the started epoch. observer: may be null.
  StepResult step(int batch, double lr, StepObserver* observer = nullptr);
  Score evaluate(int first, int rows);    // test samples first .. first + rows - 1
  // Adds what the last evaluate(first, ...) gave.
  void add_to(ClassMeter& classes, int first) const;

  // What the monitors look at: the numbers of the samples that a probe set is drawn from, the set
  // they belong to, and what they are.
  std::vector<int> probe_pool() const;
  const ImageSet& probe_set() const { return data_->train(); }
  const char* probe_part() const { return "train"; }

  int evaluate_rows() const { return evaluate_rows_; }  // most samples scored at a time
  // Forward in evaluation mode of at most so many samples; outputs stay in model().
  void infer(const ImageSet& set, std::span<const int> samples);
  // Forward in evaluation mode of one image of (H, W) bytes; outputs stay in model().
  void infer(std::span<const std::uint8_t> pixels);
  std::vector<float> probabilities();  // of the image of the last infer()

 private:
  Score score(ConstMatrixView logits, const std::uint8_t* labels, float* dlogits);
  int first_layer_not_finite() const;

  std::shared_ptr<const Dataset> data_;
  Backend& backend_;
  std::uint64_t seed_;
  int batch_;
  int evaluate_rows_;
  Model model_;
  bool sparse_;
  std::unique_ptr<Optimizer> optimizer_;
  Batcher batcher_;
  std::vector<float> losses_;
  std::vector<std::uint8_t> correct_;
  Buffer probabilities_;
};

}  // namespace reluscope
