// The settings a run has: one row each, from which flags, files, menus and help are made.
#include <algorithm>
#include <cmath>

#include "config/config.h"
#include "core/text.h"
#include "data/idx.h"
#include "io/json_text.h"
#include "nn/init.h"
#include "optim/optimizer.h"
#include "optim/schedule.h"

namespace reluscope {
namespace {

std::vector<FieldChoice> init_choices() {
  std::vector<FieldChoice> choices;
  for (const InitScheme& s : init_schemes()) choices.push_back({s.name, s.label, s.about});
  return choices;
}

template <class Rows>
std::vector<FieldChoice> choices_of(const Rows& rows) {
  std::vector<FieldChoice> choices;
  for (const auto& row : rows) choices.push_back({row.name, row.label, row.about});
  return choices;
}

// Fills in Field::used_by of the fields that rows name: `setting` is what chooses among the rows.
template <class Rows>
void note_users(std::vector<Field>& fields, const std::string& setting, const Rows& rows) {
  for (const auto& row : rows) {
    for (const std::string& name : words(row.fields)) {
      const auto field = std::find_if(fields.begin(), fields.end(),
                                      [&name](const Field& f) { return f.name == name; });
      if (field->used_by.empty()) field->used_by = setting + ":";
      field->used_by += " " + std::string(row.name);
    }
  }
}

// The table. Adding a field adds a member to Config and a row here.
std::vector<Field> make_fields() {
  std::vector<Field> fields;
  const auto add = [&fields](Field field) -> Field& {
    fields.push_back(std::move(field));
    return fields.back();
  };
  const auto number = [&](const char* name, const char* label, const char* section,
                          const char* help, auto member, double min, double max) -> Field& {
    return add({name, label, section, help, member, min, max, false, {}, false, ""});
  };
  const auto choice = [&](const char* name, const char* label, const char* section,
                          const char* help, std::string Config::*member,
                          std::vector<FieldChoice> choices) {
    add({name, label, section, help, member, 0, 0, false, std::move(choices), false, ""});
  };
  const auto text = [&](const char* name, const char* label, const char* section, const char* help,
                        std::string Config::*member) {
    add({name, label, section, help, member, 0, 0, false, {}, false, ""});
  };

  text("data", "Data set", "Data",
       "mnist, fashion-mnist, or a folder or .zip of IDX files, .npy files (.npz too), or .png "
       "files in a folder for each class",
       &Config::data);
  number("mean", "Pixel mean", "Data",
         "subtracted from pixels scaled to 0..1; auto: the training samples'", &Config::mean, -10,
         10);
  number("std", "Pixel deviation", "Data", "what they are then divided by, or auto", &Config::std,
         1e-6, 1e6);
  number("validation", "Validation samples", "Data",
         "held out of the training set, of each class by its share; 0: none, or where something "
         "is steered by them 5000, but at most a tenth",
         &Config::validation, 0, static_cast<double>(kMaxCount));
  number("train_samples", "Training samples", "Data",
         "how many of the training set to train on, from its beginning; 0: all",
         &Config::train_samples, 0, static_cast<double>(kMaxCount));
  number("augment_rotate", "Rotation", "Augmentation",
         "degrees, at most, by which images are turned", &Config::augment_rotate, 0, 180);
  number("augment_translate", "Translation", "Augmentation",
         "pixels, at most, by which they are moved", &Config::augment_translate, 0,
         static_cast<double>(kMaxSide));
  number("augment_scale", "Scale", "Augmentation", "share by which they grow or shrink, at most",
         &Config::augment_scale, 0, 0.9);
  number("augment_shear", "Shear", "Augmentation", "degrees, at most, by which they lean",
         &Config::augment_shear, 0, 60);
  number("augment_elastic", "Elastic distortion", "Augmentation",
         "alpha, in pixels: how far a smoothed random field moves pixels; 34 for digits",
         &Config::augment_elastic, 0, 10000);
  number("augment_elastic_sigma", "Elastic smoothness", "Augmentation",
         "sigma, in pixels, of the Gaussian that smooths the field", &Config::augment_elastic_sigma,
         0.1, 64);
  number("augment_noise", "Noise", "Augmentation",
         "standard deviation, of 255, added to pixels that are not background",
         &Config::augment_noise, 0, 255);
  number("augment_erase", "Random erasing", "Augmentation",
         "probability that a rectangle becomes background", &Config::augment_erase, 0, 1);
  text("model", "Architecture", "Model", "layers from input to output, separated by |",
       &Config::model);
  choice("init", "Initialisation", "Model", "how weights begin", &Config::init, init_choices());
  number("init_value", "Initial value", "Model", "what every weight is with the init \"constant\"",
         &Config::init_value, -1000, 1000);
  choice("optimizer", "Optimizer", "Optimizer", "how gradients become updates", &Config::optimizer,
         choices_of(optimizer_rows()));
  number("lr", "Learning rate", "Optimizer", "size of an update; may change while training",
         &Config::lr, 0, 1e6)
      .live = true;
  const auto share = [&](const char* name, const char* label, const char* section, const char* help,
                         auto member) {
    number(name, label, section, help, member, 0, 1).below_max = true;
  };
  const auto yes_or_no = [&](const char* name, const char* label, const char* section,
                             const char* help, bool Config::*member) {
    add({name, label, section, help, member, 0, 0, false, {}, false, ""});
  };
  share("momentum", "Momentum", "Optimizer", "share of the last update that is kept",
        &Config::momentum);
  share("dampening", "Dampening", "Optimizer", "share of a gradient that the momentum leaves out",
        &Config::dampening);
  yes_or_no("nesterov", "Nesterov", "Optimizer", "look ahead along the momentum",
            &Config::nesterov);
  share("beta1", "Beta 1", "Optimizer", "decay of the mean of gradients", &Config::beta1);
  share("beta2", "Beta 2", "Optimizer", "decay of the mean of squared gradients", &Config::beta2);
  share("alpha", "Alpha", "Optimizer", "decay of the mean of squared gradients", &Config::alpha);
  yes_or_no("centered", "Centred", "Optimizer",
            "take the squared mean of gradients off the mean of their squares", &Config::centered);
  number("epsilon", "Epsilon", "Optimizer", "keeps the division finite", &Config::epsilon, 1e-20,
         1);
  number("momentum_decay", "Momentum decay", "Optimizer",
         "how fast NAdam's momentum grows to beta 1", &Config::momentum_decay, 0, 1);
  number("lr_decay", "Rate decay", "Optimizer",
         "at update t the learning rate is divided by 1 + (t - 1) times this", &Config::lr_decay, 0,
         1e6);
  number("initial_accumulator", "First sum", "Optimizer",
         "what the sums of squared gradients begin at", &Config::initial_accumulator, 0, 1e6);
  share("muon_momentum", "Muon's momentum", "Optimizer", "momentum of the hidden weight matrices",
        &Config::muon_momentum);
  number("muon_scale", "Muon's scale", "Optimizer",
         "rate of the hidden weight matrices as a multiple of the learning rate",
         &Config::muon_scale, 0, 1e6);
  number("clip_norm", "Clip norm", "Optimizer",
         "largest Euclidean norm of all gradients together; 0: any", &Config::clip_norm, 0, 1e9);
  number("clip_value", "Clip value", "Optimizer",
         "largest size of each element of a gradient; 0: any", &Config::clip_value, 0, 1e9);
  number("accumulate", "Accumulate", "Optimizer",
         "batches whose samples make one update; what is left at the end of an epoch makes a "
         "smaller one",
         &Config::accumulate, 1, 65536);
  share(
      "ema", "Weight average", "Optimizer",
      "decay of a moving average of the weights, which is scored and saved in their place; 0: none",
      &Config::ema);

  choice("schedule", "Schedule", "Schedule", "how the learning rate changes", &Config::schedule,
         choices_of(schedule_rows()));
  number("lr_warmup", "Warm-up", "Schedule", "updates in which the rate first rises from 0",
         &Config::lr_warmup, 0, 1e9);
  number("lr_step", "Step", "Schedule", "epochs from one drop to the next", &Config::lr_step, 1,
         100000);
  text("lr_milestones", "Milestones", "Schedule",
       "epochs after which the rate drops, separated by commas", &Config::lr_milestones);
  number("lr_gamma", "Factor", "Schedule", "what a drop multiplies the rate by", &Config::lr_gamma,
         0, 1);
  number("lr_period", "Period", "Schedule",
         "epochs from the highest rate to the lowest; 0: the whole run", &Config::lr_period, 0,
         100000);
  number("lr_restart", "First period", "Schedule", "epochs until the first restart",
         &Config::lr_restart, 1, 100000);
  number("lr_restart_factor", "Period factor", "Schedule",
         "how many times longer each next period is", &Config::lr_restart_factor, 1, 1000);
  number("lr_rise", "Rise", "Schedule", "share of the run in which the rate rises",
         &Config::lr_rise, 0, 1);
  number("lr_div", "First divisor", "Schedule",
         "the run begins at the learning rate divided by this", &Config::lr_div, 1e-3, 1e9);
  number("lr_final_div", "Last divisor", "Schedule", "and ends at its first rate divided by this",
         &Config::lr_final_div, 1e-3, 1e12);
  yes_or_no("cycle_momentum", "Cycle momentum", "Schedule",
            "momentum or beta 1 falls while the rate rises, and back", &Config::cycle_momentum);
  share("momentum_min", "Lowest momentum", "Schedule", "at the highest rate",
        &Config::momentum_min);
  share("momentum_max", "Highest momentum", "Schedule", "at the beginning and the end",
        &Config::momentum_max);
  number("lr_patience", "Patience", "Schedule", "epochs without improvement before a drop",
         &Config::lr_patience, 0, 100000);
  number("lr_threshold", "Threshold", "Schedule",
         "share of the best loss that a new one must be below it", &Config::lr_threshold, 0, 1);
  number("lr_cooldown", "Cool-down", "Schedule", "epochs after a drop that do not count",
         &Config::lr_cooldown, 0, 100000);
  number("lr_min", "Lowest rate", "Schedule", "the rate does not fall below this", &Config::lr_min,
         0, 1e6);
  number(
      "weight_decay", "Weight decay", "Regularisation",
      "pulls all parameters towards 0: added to the gradient, or apart from it with adamw and muon",
      &Config::weight_decay, 0, 1e6);
  number("label_smoothing", "Label smoothing", "Regularisation",
         "share of the wanted probability that is spread evenly over all classes",
         &Config::label_smoothing, 0, 1);
  add({"class_weights",
       "Class weights",
       "Regularisation",
       "how much the samples of each class count, one number a class separated by commas; empty: "
       "all the same",
       &Config::class_weights,
       0.001,
       1000,
       false,
       {},
       false,
       ""});
  number("l1", "L1 penalty", "Regularisation",
         "adds this times the sum of all weights' magnitudes to the loss", &Config::l1, 0, 10);
  number("l2", "L2 penalty", "Regularisation",
         "adds this times the sum of all weights' squares to the loss", &Config::l2, 0, 10);
  number("epochs", "Epochs", "Run", "passes over the training data", &Config::epochs, 1, 100000);
  number("early_stopping", "Early stopping", "Run",
         "epochs without a better validation loss after which to stop and take the best weights; "
         "0: never",
         &Config::early_stopping, 0, 100000);
  number("batch", "Batch size", "Run", "samples in a step", &Config::batch, 1, 65536);
  number("test_batch", "Test batch size", "Run", "samples scored at a time", &Config::test_batch, 1,
         65536);
  number("seed", "Seed", "Run", "the same seed gives the same bits everywhere", &Config::seed, 0,
         kMaxJsonWhole);
  add({"events",
       "Live changes",
       "Run",
       "changes made while training, as STEP:FIELD:VALUE separated by commas",
       &Config::events,
       0,
       0,
       false,
       {},
       false,
       ""});
  number("log_every", "Log interval", "Run", "batches between two printed lines",
         &Config::log_every, 1, 1e9);
  number("probe", "Monitor interval", "Run",
         "steps between two looks at units and gradients; 0: none; changes no bit", &Config::probe,
         0, 1e9);
  number("threads", "Threads", "Run",
         "threads to train with, at most one a core; 0: automatic; changes the speed, not a bit",
         &Config::threads, 0, 256);
  choice("input", "First layer", "Run", "how it reads the image; changes the speed, not a bit",
         &Config::input,
         {{"auto", "Automatic", "sparse where most pixels are background"},
          {"dense", "Dense", "every pixel"},
          {"sparse", "Sparse", "only pixels that differ from the background"}});
  choice("device", "Device", "Run", "where to train", &Config::device,
         {{"auto", "Automatic", "a GPU if there is one, else the CPU"},
          {"cpu", "CPU", "the processor"},
          {"cuda", "CUDA", "an NVIDIA GPU"}});
  choice("precision", "Precision", "Run",
         "of the inputs of matrix products, which are added up in float32; tf32 and bf16 on a GPU "
         "only",
         &Config::precision,
         {{"fp32", "FP32", "all of the 24 digits of a float32"},
          {"tf32", "TF32", "11 digits: faster, and other bits"},
          {"bf16", "BF16", "8 digits: faster still, and coarser"}});
  text("simd", "SIMD", "Run", "instruction set to use; auto is the widest there is", &Config::simd);
  add({"fused",
       "Fused multiply-add",
       "Run",
       "faster on some processors, natively only, and other bits than everywhere else",
       &Config::fused,
       0,
       0,
       false,
       {},
       false,
       ""});
  note_users(fields, "optimizer", optimizer_rows());
  note_users(fields, "schedule", schedule_rows());
  return fields;
}

}  // namespace

const std::vector<Field>& config_fields() {
  static const std::vector<Field> fields = make_fields();
  return fields;
}

}  // namespace reluscope
