#include "train/trainer.h"

#include <algorithm>
#include <cmath>
#include <numeric>

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
      batch_(std::min(config.batch, data_->train().count())),
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

int Trainer::batches() const { return (data_->train().count() + batch_ - 1) / batch_; }

void Trainer::start_epoch(int epoch) { batcher_.shuffle(seed_, epoch, data_->train().count()); }

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

StepResult Trainer::step(int batch, double lr, StepObserver* observer) {
  const int first = batch * batch_;
  const int rows = std::min(batch_, data_->train().count() - first);
  const Batch samples = batcher_.shuffled(data_->train(), first, rows);
  if (batch + 1 < batches()) {
    const int left = data_->train().count() - (first + batch_);
    batcher_.prepare(data_->train(), first + batch_, std::min(batch_, left));
  }
  const ConstMatrixView logits = model_.forward(Mode::kTrain, samples.input);
  StepResult result{score(logits, samples.labels, model_.logits_gradient().data), -1};
  if (!std::isfinite(result.score.loss_sum)) {
    result.diverged_layer = first_layer_not_finite();
    return result;
  }
  optimizer_->begin_step(lr);
  if (observer == nullptr) {
    model_.backward_and_update(*optimizer_);
    return result;
  }
  model_.backward();
  backend_.finish();
  observer->before_update(model_);
  model_.apply(*optimizer_);
  backend_.finish();
  observer->after_update(model_);
  return result;
}

Score Trainer::evaluate(int first, int rows) {
  const Batch samples = batcher_.in_order(data_->test(), first, rows);
  return score(model_.forward(Mode::kEvaluate, samples.input), samples.labels, nullptr);
}

void Trainer::add_to(ClassMeter& classes, int first) const {
  const ConstMatrixView logits = model_.output(model_.layer_count() - 1);
  std::vector<std::uint8_t> labels;
  for (int row = 0; row < logits.rows(); ++row) labels.push_back(data_->test().label(first + row));
  classes.add(logits, labels.data(), losses_.data(), first);
}

std::vector<int> Trainer::probe_pool() const {
  std::vector<int> samples(static_cast<std::size_t>(data_->train().count()));
  std::iota(samples.begin(), samples.end(), 0);
  return samples;
}

void Trainer::infer(const ImageSet& set, std::span<const int> samples) {
  model_.forward(Mode::kEvaluate, batcher_.chosen(set, samples).input);
  backend_.finish();
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
