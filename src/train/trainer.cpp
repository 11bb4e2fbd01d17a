#include "train/trainer.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace reluscope {
namespace {

ModelOptions model_options(const Dataset& data, const Config& config) {
  return {config.model, data.shape(), data.classes(), config.init,
          static_cast<std::uint64_t>(config.seed), config.batch,
          std::min(config.test_batch, data.test().count())};
}

OptimizerOptions optimizer_options(const Config& config) {
  return {config.momentum, config.nesterov, config.beta1, config.beta2, config.epsilon};
}

int count_to_train_on(const Dataset& data, const Config& config) {
  const int count = data.train().count();
  if (config.train_samples > count) {
    throw Error("train_samples is " + std::to_string(config.train_samples) +
                ", but the training set has " + std::to_string(count) + " samples");
  }
  return config.train_samples > 0 ? config.train_samples : count;
}

// Below this share of pixels that are not background, lists beat the dense product on every
// target measured.
constexpr double kSparseBelow = 0.45;

bool choose_sparse(const Dataset& data, const Config& config, const Model& model) {
  if (config.input == "dense") return false;
  if (config.input == "auto") return model.takes_offset() && data.density() < kSparseBelow;
  if (!model.takes_offset()) {
    throw Error("input is \"sparse\", but the first layer is " + model.layers().front()->text() +
                ": only a dense layer reads sparse input");
  }
  return true;
}

BatcherOptions batcher_options(const Dataset& data, const Config& config, const Model& model,
                               int train_rows, bool sparse) {
  return {data.train().pixels(), train_rows, std::min(config.test_batch, data.test().count()),
          model.takes_offset() ? split_pixel_table(config.mean, config.std, data.background())
                               : whole_pixel_table(config.mean, config.std),
          sparse, data.background()};
}

}  // namespace

Trainer::Trainer(std::shared_ptr<const Dataset> data, const Config& config, Backend& backend)
    : data_(std::move(data)),
      backend_(backend),
      seed_(static_cast<std::uint64_t>(config.seed)),
      train_count_(count_to_train_on(*data_, config)),
      batch_(std::min(config.batch, train_count_)),
      evaluate_rows_(std::min(config.test_batch, data_->test().count())),
      model_(model_options(*data_, config), backend),
      sparse_(choose_sparse(*data_, config, model_)),
      optimizer_(make_optimizer(config.optimizer, optimizer_options(config),
                                model_.parameters().size())),
      batcher_(batcher_options(*data_, config, model_, batch_, sparse_), backend),
      losses_(static_cast<std::size_t>(std::max(batch_, config.test_batch))),
      correct_(losses_.size()),
      probabilities_(Layout{1, data_->classes()}.size()) {}

std::vector<std::pair<std::string, std::size_t>> Trainer::memory() const {
  std::vector<std::pair<std::string, std::size_t>> bytes = {{"data", data_->memory_bytes()}};
  for (const auto& purpose : model_.memory_bytes()) bytes.push_back(purpose);
  std::size_t moments = 0;
  for (const Optimizer::State& state : optimizer_->state()) moments += state.values.size_bytes();
  bytes.emplace_back("moments", moments);
  bytes.emplace_back("batches", batcher_.memory_bytes());
  return bytes;
}

int Trainer::batches() const { return (train_count_ + batch_ - 1) / batch_; }

void Trainer::start_epoch(int epoch) { batcher_.shuffle(seed_, epoch, train_count_); }

Score Trainer::score(ConstMatrixView logits, const std::uint8_t* labels, float* dlogits) {
  const int rows = logits.rows();
  backend_.softmax_cross_entropy({logits, labels, 1.0f / static_cast<float>(rows), losses_.data(),
                                  correct_.data(), dlogits});
  backend_.finish();
  Score score;
  score.samples = rows;
  for (int i = 0; i < rows; ++i) {
    score.loss_sum += static_cast<double>(losses_[static_cast<std::size_t>(i)]);
    score.correct += correct_[static_cast<std::size_t>(i)];
  }
  return score;
}

int Trainer::first_layer_not_finite() const {
  for (int l = 0; l < model_.layer_count(); ++l) {
    const ConstMatrixView y = model_.output(l);
    for (int row = 0; row < y.rows(); ++row) {
      for (int col = 0; col < y.cols(); ++col) {
        if (!std::isfinite(y.at(row, col))) return l;
      }
    }
  }
  return model_.layer_count() - 1;  // finite logits, but their loss overflows
}

StepResult Trainer::step(int batch, double lr) {
  const int first = batch * batch_;
  const int rows = std::min(batch_, train_count_ - first);
  const Batch samples = batcher_.shuffled(data_->train(), first, rows);
  if (batch + 1 < batches()) {
    const int left = train_count_ - (first + batch_);
    batcher_.prepare(data_->train(), first + batch_, std::min(batch_, left));
  }
  const ConstMatrixView logits = model_.forward(Mode::kTrain, samples.input);
  StepResult result{score(logits, samples.labels, model_.logits_gradient().data), -1};
  if (!std::isfinite(result.score.loss_sum)) {
    result.diverged_layer = first_layer_not_finite();
    return result;
  }
  optimizer_->begin_step(lr);
  model_.backward_and_update(*optimizer_);
  return result;
}

Score Trainer::evaluate(int first, int rows) {
  const Batch samples = batcher_.in_order(data_->test(), first, rows);
  return score(model_.forward(Mode::kEvaluate, samples.input), samples.labels, nullptr);
}

void Trainer::observe(int first, int rows) {
  model_.forward(Mode::kEvaluate, batcher_.in_order(data_->train(), first, rows).input);
  backend_.finish();
}

Score Trainer::gradients(int batch) {
  const int first = batch * batch_;
  const Batch samples =
      batcher_.shuffled(data_->train(), first, std::min(batch_, train_count_ - first));
  const ConstMatrixView logits = model_.forward(Mode::kTrain, samples.input);
  const Score result = score(logits, samples.labels, model_.logits_gradient().data);
  model_.backward();
  backend_.finish();
  return result;
}

void Trainer::infer(std::span<const std::uint8_t> pixels) {
  if (pixels.size() != static_cast<std::size_t>(data_->train().pixels())) {
    throw Error("image: " + std::to_string(pixels.size()) + " pixels, but the network takes " +
                std::to_string(data_->train().pixels()));
  }
  model_.forward(Mode::kEvaluate, batcher_.single(pixels).input);
}

std::vector<float> Trainer::probabilities() {
  const MatrixView out{probabilities_.data(), {1, data_->classes()}};
  backend_.softmax(model_.output(model_.layer_count() - 1), out);
  backend_.finish();
  std::vector<float> values;
  for (int c = 0; c < out.cols(); ++c) values.push_back(out.at(0, c));
  return values;
}

}  // namespace reluscope
