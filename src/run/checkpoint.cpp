#include "run/checkpoint.h"

#include <algorithm>
#include <climits>
#include <map>

#include "backend/cpu/cpu_backend.h"
#include "config/options.h"
#include "core/error.h"
#include "core/sha256.h"
#include "core/text.h"
#include "experiments/planned_run.h"
#include "io/json_text.h"
#include "io/safetensors_checksum.h"
#include "run/checkpoint_fields.h"
#include "run/fork.h"
#include "run/report.h"
#include "run/session.h"

namespace reluscope {
namespace {

constexpr const char* kFormat = "reluscope.checkpoint";
constexpr std::int64_t kMostRunSteps = std::int64_t{1} << 53;

const std::string* metadata_of(const SafetensorsFile& file, std::string_view key) {
  for (const auto& [name, value] : file.metadata) {
    if (name == key) return &value;
  }
  return nullptr;
}

// Throws unless it is a checkpoint of a known version, and whole.
SafetensorsFile read_checkpoint(std::span<const std::uint8_t> bytes) {
  SafetensorsFile file = read_safetensors(bytes);
  if (!is_checkpoint(file)) {
    throw Error(
        "checkpoint: the file holds weights alone; one that train --checkpoint wrote is needed");
  }
  const std::string* const version = metadata_of(file, "version");
  // 0: none, or no number.
  const double number = version == nullptr ? 0.0 : parse_number(*version).value_or(0.0);
  if (number != kCheckpointVersion && number != kUncheckedVersion) {
    const std::string found = version == nullptr ? "none" : in_quotes(*version);
    throw Error("checkpoint: its version is " + found + ", but this program reads versions " +
                std::to_string(kUncheckedVersion) + " and " + std::to_string(kCheckpointVersion) +
                (number > kCheckpointVersion ? "; a newer program wrote it" : ""));
  }
  const Checksum checksum = check_checksum(bytes);
  if (checksum == Checksum::kWrong) {
    throw Error(
        "checkpoint: the file is damaged: its content has another SHA-256 than was written into "
        "it");
  }
  if (checksum == Checksum::kNone && number != kUncheckedVersion) {
    throw Error("checkpoint: the file is damaged: its SHA-256 is missing");
  }
  return file;
}

Json metadata_json(const SafetensorsFile& file, const char* key) {
  const std::string* const text = metadata_of(file, key);
  if (text == nullptr) throw Error("checkpoint: its metadata has no " + in_quotes(key));
  return parse_json(*text, std::string("checkpoint: ") + key, "an object");
}

Config saved_config(const SafetensorsFile& file) {
  const std::string* const text = metadata_of(file, "config");
  if (text == nullptr) throw Error("checkpoint: its metadata has no \"config\"");
  return config_from_json(*text);
}

// Which images a run trains on: sizes, and a hash of how often each pixel value and class occurs.
Json data_json(const Dataset& data) {
  std::string counts;
  for (const std::int64_t count : data.pixel_counts()) counts += std::to_string(count) + " ";
  for (const ImageSet* const set : {&data.train(), &data.test()}) {
    for (const std::int64_t count : class_counts(*set, data.classes())) {
      counts += std::to_string(count) + " ";
    }
  }
  Sha256 hash;
  hash.add({reinterpret_cast<const std::uint8_t*>(counts.data()), counts.size()});
  return {{"train", data.train().count()},   {"test", data.test().count()},
          {"height", data.train().height()}, {"width", data.train().width()},
          {"classes", data.classes()},       {"counts_sha256", hash.hex()}};
}

Json score_json(const Score& score) {
  return {number_json(score.loss_sum), number_json(score.weight), score.correct, score.samples};
}

Score read_score(const CheckedFields& fields, const char* key, int most) {
  const Json& list = fields.list(key, 4);
  Score score;
  score.loss_sum = fields.number(list[0], key);
  score.weight = fields.number(list[1], key);
  score.samples = static_cast<int>(fields.whole(list[3], key, 0, most));
  score.correct = static_cast<int>(fields.whole(list[2], key, 0, score.samples));
  return score;
}

// The tensor of a name; each may be taken once, and all must be.
class TensorTable {
 public:
  explicit TensorTable(const SafetensorsFile& file) {
    for (const StoredTensor& tensor : file.tensors) tensors_.emplace(tensor.name, &tensor);
  }
  bool has(const std::string& name) const { return tensors_.contains(name); }
  const StoredTensor& take(const std::string& name) {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) throw Error("checkpoint: it has no tensor " + in_quotes(name));
    const StoredTensor& tensor = *found->second;
    tensors_.erase(found);
    return tensor;
  }
  void check_empty() const {
    if (tensors_.empty()) return;
    throw Error("checkpoint: it has a tensor " + in_quotes(tensors_.begin()->first) +
                ", which its run does not need");
  }

 private:
  std::map<std::string, const StoredTensor*> tensors_;
};

}  // namespace

bool is_checkpoint(const SafetensorsFile& file) {
  const std::string* const format = metadata_of(file, "format");
  return format != nullptr && *format == kFormat;
}

Config config_of_checkpoint(std::span<const std::uint8_t> file) {
  return saved_config(read_checkpoint(file));
}

std::int64_t steps_of_checkpoint(std::span<const std::uint8_t> file) {
  const Json state = metadata_json(read_checkpoint(file), "state");
  return CheckedFields(state, "state").whole("steps", 0, kMostRunSteps);
}

Config resumed_config(const Config& saved,
                      const std::vector<std::pair<std::string, std::string>>& given) {
  Config config = saved;
  for (const auto& [name, text] : given) {
    const Config changed = config_from_fields({{name, text}}, config);
    if (changed == config) continue;
    const std::string was = json_line(config_to_json(config)[name]);
    const std::string is = json_line(config_to_json(changed)[name]);
    if (name == "epochs") {
      if (changed.epochs < config.epochs) {
        throw Error("epochs is " + is + ", but the checkpoint's run has " + was +
                    ": a run that goes on can get more epochs, not fewer");
      }
      if (depends_on_epochs(schedule_options(config, 1))) {
        throw Error("epochs is " + is + ", but the checkpoint's run has " + was +
                    ", and the rates of its schedule " + in_quotes(config.schedule) +
                    " depend on how many there are");
      }
    } else if (changes_bits(name) && name != "precision") {  // that goes with the device
      throw Error(name + " is " + is + ", but the checkpoint's run has " + was +
                  ": a run that goes on can only change epochs, threads, input, device, precision, "
                  "simd and log_every");
    }
    config = changed;
  }
  return config;
}

Config portable_config(Config config) {
  const auto names = cpu::simd_names();
  if (std::find(names.begin(), names.end(), config.simd) == names.end()) config.simd = "auto";
  if (config.device != "cpu") config.device = "auto";
  return config;
}

std::string checkpoint_notice(std::span<const std::uint8_t> file) {
  if (check_checksum(file) != Checksum::kNone) return "";
  return "The checkpoint is of an older version without a checksum: whether it is damaged cannot "
         "be told";
}

SafetensorsFile read_weights(std::span<const std::uint8_t> bytes) {
  SafetensorsFile file = read_safetensors(bytes);
  if (!is_checkpoint(file)) return file;
  file = read_checkpoint(bytes);
  const auto begins = [](const StoredTensor& tensor, std::string_view prefix) {
    return tensor.name.rfind(prefix, 0) == 0;
  };
  const bool averaged = std::any_of(file.tensors.begin(), file.tensors.end(),
                                    [&](const StoredTensor& t) { return begins(t, "average."); });
  SafetensorsFile weights{std::move(file.metadata), {}};
  for (const std::string_view prefix : {averaged ? "average." : "model.", "running."}) {
    for (StoredTensor& tensor : file.tensors) {
      if (!begins(tensor, prefix)) continue;
      tensor.name.erase(0, prefix.size());
      weights.tensors.push_back(tensor);
    }
  }
  return weights;
}

Json Session::position() const {
  constexpr const char* kPhases[] = {"training", "scoring", "done", "diverged"};
  // A new epoch has begun only once it has a step.
  const bool between = batch_ == 0 && epoch_ > 1;
  const int batches = trainer_.batches(), total = trainer_.train_count();
  return {{"phase", kPhases[static_cast<int>(phase_)]},
          {"step", steps_},
          {"epoch", steps_ == 0 ? 0
                    : between   ? epoch_ - 1
                                : epoch_},
          {"batch", between ? batches : batch_},
          {"batches", batches},
          {"samples", between ? total : epoch_score_.samples},
          {"total", total}};
}

Json Session::state() const {
  const Trainer::Counters counters = trainer_.counters();
  const Schedule::State& plateau = schedule_.state();
  const History::Pending& pending = history_.pending();
  Json state = {{"phase", position()["phase"]},
                {"steps", steps_},
                {"epoch", epoch_},
                {"batch", batch_},
                {"scored", scored_},
                {"lr", number_json(lr_)},
                {"epoch_score", score_json(epoch_score_)},
                {"validation_score", score_json(validation_score_)},
                {"test_score", score_json(test_score_)},
                {"best_loss", number_json(best_loss_)},
                {"best_epoch", best_epoch_},
                {"last_epoch", last_epoch_},
                {"optimizer_steps", counters.optimizer.steps},
                {"optimizer_product", number_json(counters.optimizer.product)},
                {"average_updates", counters.average_updates},
                {"penalty", number_json(counters.penalty)},
                {"schedule",
                 {{"best", number_json(plateau.best)},
                  {"bad_epochs", plateau.bad_epochs},
                  {"cooldown_left", plateau.cooldown_left},
                  {"drops", plateau.drops}}},
                {"history",
                 {{"stride", pending.stride},
                  {"steps", pending.steps},
                  {"loss", number_json(pending.loss)},
                  {"accuracy", number_json(pending.accuracy)}}}};
  if (phase_ == Phase::kDiverged) {
    state["diverged"] = {{"values", to_json(*diverged_)}, {"lines", {diverged_->message}}};
  }
  return state;
}

// Also makes ready for the tensors: what there must be follows from these counters.
void Session::restore_state(const Json& state, const Config& saved) {
  const CheckedFields fields(state, "state");
  const std::string phase = fields.text("phase");
  phase_ = phase == "training"  ? Phase::kTraining
           : phase == "scoring" ? Phase::kScoring
           : phase == "done"    ? Phase::kDone
           : phase == "diverged"
               ? Phase::kDiverged
               : throw Error("checkpoint: its phase is " + in_quotes(phase) +
                             ", but it must be training, scoring, done or diverged");
  const int batches = trainer_.batches();
  const int size = config_.test_batch, total = trainer_.data().test().count();
  const int held_out = trainer_.validation_count();
  const bool done = phase_ == Phase::kDone, scoring = phase_ == Phase::kScoring;
  epoch_ = fields.count("epoch", 1, saved.epochs + (done ? 1 : 0));
  batch_ = scoring ? fields.count("batch", batches, batches)
                   : fields.count("batch", 0, done ? 0 : batches - 1);
  steps_ = fields.whole("steps", 0, kMostRunSteps);
  if (steps_ != std::int64_t{epoch_ - 1} * batches + batch_) {
    fields.refuse("steps", "is " + std::to_string(steps_) + ", but batch " +
                               std::to_string(batch_) + " of epoch " + std::to_string(epoch_) +
                               " is step " +
                               std::to_string(std::int64_t{epoch_ - 1} * batches + batch_));
  }
  scored_ = scoring ? fields.count("scored", 0,
                                   (held_out + size - 1) / size + (total + size - 1) / size - 1)
                    : fields.count("scored", 0, INT_MAX);
  lr_ = fields.number("lr");
  epoch_score_ = read_score(fields, "epoch_score", trainer_.train_count());
  validation_score_ = read_score(fields, "validation_score", held_out);
  test_score_ = read_score(fields, "test_score", total);
  best_loss_ = fields.number("best_loss");
  best_epoch_ = fields.count("best_epoch", 0, config_.early_stopping == 0 ? 0 : epoch_);
  last_epoch_ =
      done ? fields.count("last_epoch", epoch_ - 1, epoch_ - 1) : fields.count("last_epoch", 0, 0);
  Trainer::Counters counters;
  counters.optimizer.steps = static_cast<std::uint64_t>(fields.whole("optimizer_steps", 0, steps_));
  counters.optimizer.product = fields.number("optimizer_product");
  counters.average_updates = fields.whole("average_updates", 0, config_.ema > 0.0 ? steps_ : 0);
  counters.penalty = fields.number("penalty");
  trainer_.restore(counters);
  const CheckedFields plateau(fields.at("schedule"), "schedule");
  schedule_.restore({plateau.number("best"), plateau.count("bad_epochs", 0, saved.epochs),
                     plateau.count("cooldown_left", 0, INT_MAX / 2),
                     plateau.count("drops", 0, saved.epochs)});
  if (phase_ == Phase::kDiverged) {
    const CheckedFields diverged(fields.at("diverged"), "divergence");
    const CheckedFields values(diverged.at("values"), "divergence");
    if (values.text("event") != "diverged") values.refuse("event", "must be \"diverged\"");
    diverged_ = {.epoch = values.count("epoch", 1, saved.epochs),
                 .step = values.whole("step", 1, kMostRunSteps),
                 .layer = values.count("layer", 1, INT_MAX),
                 .layer_text = values.text("layer_text"),
                 .message = values.text("message"),
                 .weights_kept = true};
  }
}

Json Session::monitors() const {
  Json warned = Json::array();
  for (const auto& [code, layer] : warned_) warned.push_back({code, layer});
  return {{"probe", probe_ ? probe_->state() : Json()},
          {"classes", epoch_classes_ ? epoch_classes_->state() : Json()},
          {"warned", std::move(warned)}};
}

void Session::restore_monitors(const Json& monitors) {
  const CheckedFields fields(monitors, "monitors");
  if (!fields.at("probe").is_null()) probe_state().restore(fields.at("probe"), trainer_);
  for (const Json& row : fields.list("warned")) {
    fields.list(row, "warned", 2);
    if (!row[0].is_string()) fields.refuse("warned", "names no warning");
    warned_.emplace(row[0].get<std::string>(),
                    static_cast<int>(fields.whole(row[1], "warned", -1, INT_MAX)));
  }
  if (phase_ == Phase::kScoring) {
    start_classes();
    epoch_classes_->restore(fields.at("classes"));
    if (config_.probe > 0)
      last_look_ = probe({});  // as at the end of the epoch: no weight has changed since
  }
}

std::vector<std::uint8_t> Session::checkpoint() {
  backend_->finish();
  std::vector<NamedTensor> tensors;
  for (const Trainer::Part& part : trainer_.parts(batch_, best_epoch_ != 0)) {
    for (const Model::Parameter& one : *part.list) {
      tensors.push_back(
          {part.name + "." + one.name, one.spec.shape, Model::gather(one, part.values)});
    }
  }
  for (const auto& [name, values] : history_.columns()) {
    tensors.push_back({"history." + name, {static_cast<std::int64_t>(values.size())}, values});
  }
  if (probe_ || config_.probe > 0) {
    const std::string text = json_line(monitors());
    tensors.push_back(
        {"monitors", {static_cast<std::int64_t>(text.size())}, {}, {text.begin(), text.end()}});
  }
  std::vector<std::uint8_t> file =
      write_safetensors(std::move(tensors), {{"format", kFormat},
                                             {"version", std::to_string(kCheckpointVersion)},
                                             checksum_entry(),
                                             {"config", json_line(config_to_json(config_))},
                                             {"data", json_line(data_json(trainer_.data()))},
                                             {"state", json_line(state())}});
  write_checksum(file);
  return file;
}

// What a fork cannot take over from the run as it stands.
void Session::begin_fork(const Config& saved) {
  if (phase_ == Phase::kDiverged) throw Error("the run to fork has diverged and cannot go on");
  if (phase_ == Phase::kDone && config_.epochs <= saved.epochs) {
    throw Error("epochs is " + std::to_string(config_.epochs) +
                ", but the run to fork is at the end of its " + std::to_string(saved.epochs) +
                ": give the fork more epochs");
  }
  if (config_.epochs < epoch_) {
    throw Error("epochs is " + std::to_string(config_.epochs) +
                ", but the run to fork is in epoch " + std::to_string(epoch_));
  }
  if (config_.optimizer != saved.optimizer) {
    Trainer::Counters counters = trainer_.counters();
    counters.optimizer = {};
    trainer_.restore(counters);
  }
  if (phase_ != Phase::kScoring) return;
  scored_ = 0;
  validation_score_ = {};
  test_score_ = {};
}

void Session::restore(std::span<const std::uint8_t> checkpoint) { take_up(checkpoint, false); }
void Session::fork(std::span<const std::uint8_t> checkpoint) { take_up(checkpoint, true); }

void Session::take_up(std::span<const std::uint8_t> checkpoint, bool forks) {
  part_of_classes_.reset();
  const SafetensorsFile file = read_checkpoint(checkpoint);
  const Config saved = saved_config(file);
  Config like_this = saved;
  like_this.threads = config_.threads;
  like_this.input = config_.input;
  like_this.device = config_.device;
  like_this.precision = config_.precision;
  like_this.simd = config_.simd;
  like_this.log_every = config_.log_every;
  if (forks) {
    check_fork(saved, config_);
  } else if (resumed_config(like_this, {{"epochs", std::to_string(config_.epochs)}}) != config_) {
    throw Error("checkpoint: it is of another run than this one");
  }
  const Json data = metadata_json(file, "data"), here = data_json(trainer_.data());
  if (data != here) {
    throw Error("checkpoint: its run was trained on other images than " +
                in_quotes(trainer_.data().name()) + " has here");
  }
  const Json state = metadata_json(file, "state");
  restore_state(state, saved);
  if (forks) begin_fork(saved);

  TensorTable tensors(file);
  std::vector<Trainer::Part> parts = trainer_.parts(batch_, best_epoch_ != 0);
  for (const Trainer::Part& part : parts) {
    const bool begins_anew =
        config_.optimizer != saved.optimizer && part.name.rfind("optimizer.", 0) == 0;
    for (const Model::Parameter& one : *part.list) {
      const std::string name = part.name + "." + one.name;
      if (forks && (begins_anew || !tensors.has(name))) continue;
      const StoredTensor& tensor = tensors.take(name);
      if (tensor.shape != one.spec.shape) {
        throw Error("checkpoint: " + in_quotes(tensor.name) + " has the shape " +
                    shape_text(tensor.shape) + ", but its model needs " +
                    shape_text(one.spec.shape));
      }
      Model::scatter(one, float_values(tensor), part.values);
    }
  }
  trainer_.parts_written();
  if (diverged_) diverged_->weights_kept = weights_finite();
  History::Columns columns = history_.columns();
  for (auto& [name, values] : columns) values = float_values(tensors.take("history." + name));
  const CheckedFields pending(CheckedFields(state, "state").at("history"), "history");
  history_.restore(std::move(columns),
                   {pending.count("stride", 1, 1 << 30), pending.count("steps", 0, 1 << 30),
                    pending.number("loss"), pending.number("accuracy")});
  trainer_.start_epoch(epoch_);
  apply_events();
  if (tensors.has("monitors") && config_.model == saved.model) {
    const StoredTensor& bytes = tensors.take("monitors");
    restore_monitors(
        parse_json({reinterpret_cast<const char*>(bytes.bytes.data()), bytes.bytes.size()},
                   "checkpoint: monitors", "an object", bytes.bytes.size()));
  } else if (config_.probe > 0 && !forks) {
    throw Error("checkpoint: it has no tensor \"monitors\"");
  }
  if (!forks) tensors.check_empty();
  if (forks && phase_ == Phase::kScoring) {
    start_classes();
    if (config_.probe > 0) last_look_ = probe({});
  }

  if (phase_ == Phase::kDone && config_.epochs > saved.epochs) {
    if (best_epoch_ != 0 && best_epoch_ != last_epoch_) {
      throw Error("epochs is " + std::to_string(config_.epochs) +
                  ", but the checkpoint's run has ended with the weights of epoch " +
                  std::to_string(best_epoch_) + ", its best, and cannot go on from the last");
    }
    phase_ = Phase::kTraining;
    last_epoch_ = 0;
  }
}

}  // namespace reluscope
