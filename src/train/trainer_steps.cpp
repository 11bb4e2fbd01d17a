// Trainer's steps: one by one, and several whose losses are read at their end.
#include <algorithm>
#include <cmath>

#include "train/trainer.h"

namespace reluscope {

Trainer::Pending Trainer::begin_score(ConstMatrixView logits, const Batch& samples, float* dlogits,
                                      double gradient_weight, std::size_t at) {
  const int rows = logits.rows();
  Pending pending{rows, static_cast<double>(rows), at};
  SoftmaxLoss loss{logits, samples.labels, 0.0f, losses_.data() + at, correct_.data() + at,
                   dlogits};
  loss.gathered_labels = samples.gathered_labels;
  if (dlogits != nullptr) {
    loss.label_smoothing = label_smoothing_;
    if (!class_weights_.empty()) {
      loss.class_weights = class_weights_.data();
      pending.weight = 0.0;
      for (int i = 0; i < rows; ++i) {
        pending.weight += static_cast<double>(class_weights_[samples.labels[i]]);
      }
    }
  }
  loss.gradient_scale = 1.0f / static_cast<float>(gradient_weight);
  backend_.softmax_cross_entropy(loss);
  return pending;
}

Score Trainer::read_score(const Pending& pending) const {
  Score score;
  score.samples = pending.rows;
  score.weight = pending.weight;
  for (std::size_t i = pending.at; i < pending.at + pending.rows; ++i) {
    score.loss_sum += static_cast<double>(losses_[i]);
    score.correct += correct_[i];
  }
  return score;
}

Score Trainer::score(ConstMatrixView logits, const Batch& samples, float* dlogits,
                     double gradient_weight) {
  const Pending pending = begin_score(logits, samples, dlogits, gradient_weight, 0);
  backend_.finish();
  return read_score(pending);
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

std::pair<ConstMatrixView, Batch> Trainer::forward_batch(int batch, bool ahead, Outputs outputs) {
  const Batch samples = batcher_.shuffled(data_->train(), batch * batch_, rows_of(batch));
  if (ahead && batch + 1 < batches()) {
    batcher_.prepare(data_->train(), (batch + 1) * batch_, rows_of(batch + 1));
  }
  const auto step = static_cast<std::uint32_t>((epoch_ - 1) * batches() + batch);
  return {model_.forward(Mode::kTrain, samples.input, step, outputs), samples};
}

Trainer::Pending Trainer::begin_step(int batch, std::size_t at, Outputs outputs) {
  const auto [logits, samples] = forward_batch(batch, true, outputs);
  const int group = update_of(batch) * accumulate_ * batch_;  // its first sample
  const int group_samples = std::min(accumulate_ * batch_, train_count() - group);
  return begin_score(logits, samples, model_.logits_gradient().data,
                     weight_of(group, group_samples), at);
}

StepResult Trainer::step(int batch, const StepRates& rates, StepObserver* observer) {
  // All outputs are needed to find the layer that diverges.
  const Pending pending = begin_step(batch, 0, Outputs::kAll);
  backend_.finish();
  StepResult result{read_score(pending), -1};
  if (!std::isfinite(result.score.loss_sum)) {
    result.diverged_layer = first_layer_not_finite();
    return result;
  }
  update(batch, rates, observer);
  result.score.loss_sum += penalty_value_ * result.score.weight;
  return result;
}

std::vector<StepResult> Trainer::steps(int batch, std::span<const StepRates> rates) {
  std::vector<StepResult> results;
  if (rates.size() > 1) {
    const Counters before = counters();
    copy_state(false);
    std::vector<Pending> pending;
    std::vector<double> penalties;
    for (std::size_t i = 0; i < rates.size(); ++i) {
      const int at = batch + static_cast<int>(i);
      pending.push_back(begin_step(at, i * batch_, Outputs::kNeeded));
      update(at, rates[i], nullptr);
      penalties.push_back(penalty_value_);
      backend_.submit();
    }
    backend_.finish();
    bool finite = true;
    for (std::size_t i = 0; i < pending.size(); ++i) {
      results.push_back({read_score(pending[i]), -1});
      finite = finite && std::isfinite(results.back().score.loss_sum);
      results.back().score.loss_sum += penalties[i] * pending[i].weight;
    }
    if (finite) return results;
    restore(before);
    copy_state(true);
    results.clear();
  }
  for (const StepRates& rate : rates) {
    results.push_back(step(batch++, rate));
    if (results.back().diverged_layer >= 0) break;
  }
  return results;
}

// All state that steps change and that later steps depend on.
std::vector<std::span<float>> Trainer::changed_state() {
  std::vector<std::span<float>> parts = {model_.parameters(), model_.state()};
  for (const Optimizer::State& state : optimizer_->state()) parts.push_back(state.values);
  parts.push_back(average_.values());
  parts.emplace_back(group_gradients_.data(), group_gradients_.size());
  std::erase_if(parts, [](std::span<float> part) { return part.empty(); });
  return parts;
}

// Copied by the backend, not through the host.
void Trainer::copy_state(bool back) {
  float* kept = before_steps_.data();
  for (const std::span<float> part : changed_state()) {
    backend_.scale_add(nullptr, 1.0f, back ? kept : part.data(), back ? part.data() : kept,
                       part.size());
    kept += align_up(part.size());
  }
  if (back) model_.parameters_changed();
}

void Trainer::update(int batch, const StepRates& rates, StepObserver* observer) {
  const bool store = store_gradients_ || observer != nullptr;
  if (store) model_.backward();
  const std::span<float> gradients = model_.gradients();
  const bool first = batch % accumulate_ == 0;
  // The weights do not change within a group: one penalty for the whole group.
  if (first && penalty_.any()) penalty_value_ = penalty_.add_gradient(model_, backend_);
  if (!first) {
    backend_.scale_add(group_gradients_.data(), 1.0f, gradients.data(), gradients.data(),
                       gradients.size());
  }
  if (!makes_update(batch)) {
    backend_.finish();
    std::copy(gradients.begin(), gradients.end(), group_gradients_.data());
    return;
  }
  optimizer_->begin_step(rates.lr, rates.momentum);
  if (store) {
    clip_gradients(backend_, gradients, clip_);
    backend_.finish();
    if (observer != nullptr) observer->before_update(model_);
    optimizer_->apply_to(backend_, model_);
    backend_.finish();
    if (observer != nullptr) observer->after_update(model_);
  } else {
    model_.backward_and_update(optimizer_->update_of(model_));
  }
  average_.update(backend_, model_.parameters());
}

}  // namespace reluscope
