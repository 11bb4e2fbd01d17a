#include "train/trainer.h"

#include <numeric>

#include "core/bytes.h"
#include "core/error.h"
#include "core/rng.h"
#include "core/text.h"
#include "nn/architecture.h"
#include "train/describe.h"

namespace reluscope {
namespace {

// The training samples, ascending; empty: all.
std::vector<int> choose_trained_on(const Dataset& data, const std::vector<int>& validation,
                                   const Config& config) {
  const int all = data.train().count(), size = training_size(config, all);
  std::vector<int> chosen;
  for (int i = 0; size < all && std::ssize(chosen) < size; ++i) {
    if (!std::binary_search(validation.begin(), validation.end(), i)) chosen.push_back(i);
  }
  return chosen;
}

PixelStatistics choose_normalisation(const Dataset& data, const std::vector<int>& trained_on,
                                     const Config& config) {
  PixelStatistics automatic{kMnistMean, kMnistStd};
  if (data.name() != "mnist" && (!config.mean || !config.std)) {
    std::array<std::int64_t, 256> counts{};
    if (trained_on.empty()) counts = data.pixel_counts();
    for (const int sample : trained_on) {
      for (const std::uint8_t pixel : data.train().image(sample)) ++counts[pixel];
    }
    automatic = pixel_statistics(counts);
  }
  const PixelStatistics chosen{config.mean.value_or(automatic.mean),
                               config.std.value_or(automatic.std)};
  if (chosen.std == 0.0) {
    throw Error("std is auto, but all training pixels are equal: give std a number");
  }
  return chosen;
}

std::unique_ptr<const Augmenter> make_augmenter(const Dataset& data, const Config& config) {
  const Augmentation options{.rotate = config.augment_rotate,
                             .translate = config.augment_translate,
                             .scale = config.augment_scale,
                             .shear = config.augment_shear,
                             .elastic = config.augment_elastic,
                             .elastic_sigma = config.augment_elastic_sigma,
                             .noise = config.augment_noise,
                             .erase = config.augment_erase};
  if (!options.any()) return nullptr;
  return std::make_unique<const Augmenter>(options, data.train().height(), data.train().width(),
                                           data.background(),
                                           static_cast<std::uint64_t>(config.seed));
}

// The number of samples scored at once. It bounds the memory of activations: a thousand images of a
// convolution's channels would not fit into a browser tab.
int evaluation_rows(const Dataset& data, const Config& config, std::size_t validation) {
  constexpr std::int64_t kMostFloats = 1 << 24;
  std::int64_t floats = 1;
  for (const auto& layer : parse_architecture(config.model, data.shape(), data.classes())) {
    floats += element_count(layer->out_shape());
  }
  const auto rows =
      static_cast<int>(std::min<std::int64_t>(kMostFloats / floats, config.test_batch));
  return std::min({std::max(rows, std::min(config.batch, config.test_batch)), config.test_batch,
                   std::max(data.test().count(), static_cast<int>(validation))});
}

// A model that fits into the memory.
ModelOptions model_options(const Dataset& data, const Config& config, int evaluation_rows,
                           const Backend& backend) {
  check_memory(data, config, evaluation_rows, backend.free_bytes());
  return {config.model,
          data.shape(),
          data.classes(),
          config.init,
          static_cast<std::uint64_t>(config.seed),
          config.batch,
          evaluation_rows,
          config.init_value};
}

std::vector<float> class_weights(const Dataset& data, const Config& config) {
  const std::size_t count = config.class_weights.size();
  if (count != 0 && count != static_cast<std::size_t>(data.classes())) {
    throw Error("class_weights has ", count, " numbers, but the data has ", data.classes(),
                " classes");
  }
  return {config.class_weights.begin(), config.class_weights.end()};
}

// Below this share of non-background pixels, index lists are faster than the dense product on every
// measured target.
constexpr double kSparseBelow = 0.45;

bool choose_sparse(const Dataset& data, const Config& config, const Model& model,
                   const Backend& backend) {
  if (config.input == "dense") return false;
  if (config.input == "auto") {
    return backend.takes_lists() && model.takes_offset() && data.density() < kSparseBelow;
  }
  if (!backend.takes_lists()) {
    throw Error("input is \"sparse\", but device ", in_quotes(backend.device()),
                " multiplies dense input only: auto and dense are allowed");
  }
  if (!model.takes_offset()) {
    throw Error("input is \"sparse\", but the first layer is ", model.layers().front()->text(),
                ": only a dense layer reads sparse input");
  }
  return true;
}

}  // namespace

std::vector<std::uint8_t> augmented(const Dataset& data, const Config& config, int sample,
                                    int count) {
  if (sample < 0 || sample >= data.train().count()) {
    throw Error("image ", sample, " does not exist; 0 to ", data.train().count() - 1, " do");
  }
  if (count < 1 || count > 1000) {
    throw Error("versions: ", count, " were asked for, but 1 to 1000 are allowed");
  }
  const auto image = data.train().image(sample);
  const auto augmenter = make_augmenter(data, config);
  Augmenter::Workspace workspace;
  if (augmenter != nullptr) workspace = augmenter->make_workspace();
  std::vector<std::uint8_t> versions;
  for (int epoch = 1; epoch <= count; ++epoch) {
    versions.insert(versions.end(), image.begin(), image.end());
    if (augmenter == nullptr) continue;
    augmenter->apply(image, epoch, sample, workspace, std::span(versions).last(image.size()));
  }
  return versions;
}

int validation_size(const Config& config, int train_samples) {
  if (config.validation >= train_samples) {
    throw Error("validation is ", config.validation, ", but the training set has ", train_samples,
                " samples and at least one must be left");
  }
  const bool followed = schedule_row(config.schedule).needs_validation;
  if (config.validation > 0 || (config.early_stopping == 0 && !followed)) return config.validation;
  if (train_samples < 2) {
    throw Error(followed ? "schedule is " + in_quotes(config.schedule)
                         : joined("early_stopping is ", config.early_stopping),
                ", but a training set of one sample has none to hold out for validation");
  }
  return std::clamp(train_samples / 10, 1, 5000);
}

int training_size(const Config& config, int train_samples) {
  const int held_out = validation_size(config, train_samples), left = train_samples - held_out;
  if (config.train_samples > left) {
    throw Error(
        "train_samples is ", config.train_samples, ", but the training set has ", train_samples,
        " samples",
        held_out == 0 ? "" : joined(", of which ", held_out, " are held out for validation"));
  }
  return config.train_samples == 0 ? left : config.train_samples;
}

Trainer::Trainer(std::shared_ptr<const Dataset> data, const Config& config, Backend& backend)
    : data_(std::move(data)),
      backend_(backend),
      seed_(static_cast<std::uint64_t>(config.seed)),
      validation_(stratified_sample(data_->train().labels(),
                                    validation_size(config, data_->train().count()),
                                    Rng(seed_, Purpose::kValidation, 0))),
      trained_on_(choose_trained_on(*data_, validation_, config)),
      evaluation_rows_(evaluation_rows(*data_, config, validation_.size())),
      batch_(std::min(config.batch, train_count())),
      normalisation_(choose_normalisation(*data_, trained_on_, config)),
      augmenter_(make_augmenter(*data_, config)),
      model_(model_options(*data_, config, evaluation_rows_, backend), backend),
      sparse_(choose_sparse(*data_, config, model_, backend)),
      accumulate_(std::min(config.accumulate, batches())),
      clip_{config.clip_value, config.clip_norm},
      optimizer_(make_optimizer(config.optimizer, optimizer_options(config, backend.memory()),
                                model_.parameters().size(), model_.hidden_matrices())),
      label_smoothing_(static_cast<float>(config.label_smoothing)),
      class_weights_(class_weights(*data_, config)),
      penalty_(config.l1, config.l2, model_, backend.memory()),
      store_gradients_(accumulate_ > 1 || clip_.value > 0.0 || clip_.norm > 0.0 ||
                       optimizer_->needs_gradients() || penalty_.any()),
      group_gradients_(accumulate_ > 1 ? model_.parameters().size() : 0, backend.memory()),
      average_(config.ema, model_.parameters().size(), backend.memory()),
      batcher_(
          {data_->train().pixels(), batch_, evaluation_rows_,
           pixel_table(normalisation_.mean, normalisation_.std,
                       model_.takes_offset() ? std::optional(data_->background()) : std::nullopt),
           sparse_, data_->background(), augmenter_.get()},
          backend),
      losses_(std::max(batch_ * backend.steps_ahead(), config.test_batch)),
      correct_(losses_.size()),
      probabilities_(Layout{1, data_->classes()}.size(), backend.memory()),
      kept_weights_(config.early_stopping == 0
                        ? 0
                        : model_.parameters().size() + model_.state().size() +
                              average_.values().size()) {
  if (config.precision != backend.precision()) {
    throw Error("precision is ", in_quotes(config.precision), ", but device ",
                in_quotes(backend.device()), " multiplies in ", std::string(backend.precision()),
                " here: tf32 and bf16 need an NVIDIA GPU");
  }
  if (backend.steps_ahead() > 1) {
    std::size_t floats = 0;
    for (const std::span<float> part : changed_state()) floats += align_up(part.size());
    before_steps_ = Buffer(floats, backend.memory());
  }
  const int left = train_count() % batch_;
  const int smallest = left == 0 ? batch_ : left;
  if (smallest < model_.least_samples()) {
    throw Error("batch is ", config.batch, ", so that the last batch of ", train_count(),
                " samples has ", smallest,
                ", but batch normalisation of features (bn) needs at least ",
                model_.least_samples());
  }
}

std::vector<std::pair<std::string, std::size_t>> Trainer::memory() const {
  std::vector<std::pair<std::string, std::size_t>> bytes = {{"data", data_->memory_bytes()}};
  for (const auto& purpose : model_.memory_bytes()) bytes.push_back(purpose);
  std::size_t moments = 0;
  for (const Optimizer::State& state : optimizer_->state()) moments += state.values.size_bytes();
  bytes.emplace_back("moments", moments);
  const auto add = [&bytes](const char* purpose, std::size_t size) {
    if (size > 0) bytes.emplace_back(purpose, size);
  };
  add("averages", (group_gradients_.size() + average_.values().size()) * sizeof(float) +
                      optimizer_->scratch_bytes());
  bytes.emplace_back("batches",
                     batcher_.memory_bytes() + allocated_bytes(validation_, trained_on_));
  add("best weights", kept_weights_.size() * sizeof(float));
  add("steps ahead", before_steps_.size() * sizeof(float));
  return bytes;
}

int Trainer::train_count() const {
  return trained_on_.empty() ? data_->train().count() : static_cast<int>(trained_on_.size());
}

void Trainer::start_epoch(int epoch) {
  epoch_ = epoch;
  batcher_.shuffle(seed_, epoch, train_count(), trained_on_.empty() ? nullptr : trained_on_.data());
}

double Trainer::weight_of(int first, int count) const {
  if (class_weights_.empty()) return count;
  double weight = 0.0;
  for (int place = first; place < first + count; ++place) {
    const int sample = batcher_.sample_at(place);
    weight += static_cast<double>(class_weights_[data_->train().label(sample)]);
  }
  return weight;
}

// If an average is scored, it is swapped with the weights during scoring.
ConstMatrixView Trainer::forward_scored(const Signal& input, Outputs outputs) {
  const auto exchange = [this] {
    if (!average_.ready()) return;
    backend_.finish();
    const std::span<float> weights = model_.parameters();
    std::swap_ranges(weights.begin(), weights.end(), average_.values().begin());
    model_.parameters_changed();
  };
  exchange();
  const ConstMatrixView logits = model_.forward(Mode::kEvaluate, input, 0, outputs);
  exchange();
  return logits;
}

Score Trainer::score_samples(bool held_out, int first, int rows, ClassMeter* classes) {
  Score total;
  for (const int end = first + rows; first < end; first += evaluation_rows_) {
    const int count = std::min(evaluation_rows_, end - first);
    const Batch samples =
        held_out ? batcher_.chosen(data_->train(), std::span(validation_).subspan(first, count))
                 : batcher_.in_order(data_->test(), first, count);
    const ConstMatrixView logits = forward_scored(samples.input, Outputs::kNeeded);
    total.add(score(logits, samples, nullptr, count));
    if (classes != nullptr) classes->add(logits, samples.labels, losses_.data(), first);
  }
  return total;
}

void Trainer::copy_network(bool back) {
  backend_.finish();
  float* kept = kept_weights_.data();
  for (const std::span<float> part : {model_.parameters(), model_.state(), average_.values()}) {
    std::copy_n(back ? kept : part.data(), part.size(), back ? part.data() : kept);
    kept += part.size();
  }
  if (back) model_.parameters_changed();
}

std::vector<Trainer::Part> Trainer::parts(int next_batch, bool has_best) {
  backend_.finish();
  const auto* const parameters = &model_.parameter_list();
  const auto* const states = &model_.state_list();
  const auto all = [](Buffer& buffer) { return std::span(buffer.data(), buffer.size()); };
  std::vector<Part> parts = {{"model", parameters, model_.parameters()},
                             {"running", states, model_.state()}};
  for (const Optimizer::State& state : optimizer_->state()) {
    parts.push_back({"optimizer." + state.name, parameters, state.values});
  }
  if (average_.ready()) parts.push_back({"average", parameters, average_.values()});
  if (next_batch % accumulate_ != 0 && next_batch < batches()) {
    parts.push_back({"group", parameters, all(group_gradients_)});
  }
  if (!has_best) return parts;
  const std::span<float> best = all(kept_weights_);
  const std::size_t weights = model_.parameters().size(), kept = model_.state().size();
  parts.push_back({"best.model", parameters, best.subspan(0, weights)});
  parts.push_back({"best.running", states, best.subspan(weights, kept)});
  if (average_.on()) parts.push_back({"best.average", parameters, best.subspan(weights + kept)});
  return parts;
}

void Trainer::restore(const Counters& counters) {
  optimizer_->restore(counters.optimizer);
  average_.restore(counters.average_updates);
  penalty_value_ = counters.penalty;
}

std::vector<int> Trainer::training_samples() const {
  if (!trained_on_.empty()) return trained_on_;
  std::vector<int> samples(data_->train().count());
  std::iota(samples.begin(), samples.end(), 0);
  return samples;
}

void Trainer::infer(const ImageSet& set, std::span<const int> samples) {
  model_.forward(Mode::kEvaluate, batcher_.chosen(set, samples).input);
  backend_.finish();
}

void Trainer::gradients(int batch) {
  backend_.finish();
  const std::vector<float> state(model_.state().begin(), model_.state().end());
  const auto [logits, samples] = forward_batch(batch, false, Outputs::kAll);
  score(logits, samples, model_.logits_gradient().data, weight_of(batch * batch_, logits.rows()));
  model_.backward();
  backend_.finish();
  std::copy(state.begin(), state.end(), model_.state().begin());
}

void Trainer::infer(std::span<const std::uint8_t> pixels) {
  if (pixels.size() != static_cast<std::size_t>(data_->train().pixels())) {
    throw Error("image: ", pixels.size(), " pixels, but the network takes ",
                data_->train().pixels());
  }
  forward_scored(batcher_.single(pixels).input, Outputs::kAll);
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
