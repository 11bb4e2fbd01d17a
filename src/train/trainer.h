// One run's machinery: model, optimizer, batches. A step is forward, loss, backward, update.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "backend/backend.h"
#include "data/batcher.h"
#include "data/dataset.h"
#include "nn/model.h"
#include "optim/optimizer.h"
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
  int train_count() const { return train_count_; }  // samples in an epoch
  int batches() const;  // in an epoch, a last smaller one included
  int evaluate_rows() const { return evaluate_rows_; }  // samples that can be scored at once

  void start_epoch(int epoch);           // from 1: shuffles
  StepResult step(int batch, double lr);  // batch: from 0, of the started epoch
  Score evaluate(int first, int rows);    // test samples first .. first + rows - 1

  // To look at the network without changing it: outputs and gradients stay in model().
  void observe(int first, int rows);  // forward in evaluation mode of training samples, in order
  Score gradients(int batch);         // of a batch of the started epoch, in training mode

  // Forward in evaluation mode of one image of (H, W) bytes; outputs stay in model().
  void infer(std::span<const std::uint8_t> pixels);
  std::vector<float> probabilities();  // of the image of the last infer()

 private:
  Score score(ConstMatrixView logits, const std::uint8_t* labels, float* dlogits);
  int first_layer_not_finite() const;

  std::shared_ptr<const Dataset> data_;
  Backend& backend_;
  std::uint64_t seed_;
  int train_count_;
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
