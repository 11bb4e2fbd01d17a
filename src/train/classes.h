// Which classes a network confuses, and which samples it gets most wrong.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/tensor.h"

namespace reluscope {

class StateFields;

struct HardSample {
  int index;  // in its set
  int label, prediction;
  double loss;
  double probability;        // of the prediction
  double label_probability;  // of the label
};

struct ClassReport {
  std::string part;  // which samples: "test"
  int classes;
  int samples, correct;
  std::vector<std::int64_t> confusion;  // (label, prediction)
  // By class; none without such samples. Precision: the share of samples predicted as the class
  // that belong to it. Recall: the share of the class's samples that are predicted as it.
  std::vector<std::optional<double>> precision, recall;
  std::vector<HardSample> hardest;  // by loss, descending; of equals the first in the set
  std::vector<std::uint8_t> labels, predictions;  // of all samples, in the order added
};

class ClassMeter {
 public:
  // hardest: the maximum number of hardest samples to list.
  ClassMeter(int classes, int hardest);

  // logits (N, classes), labels and losses (N) of consecutive samples of their set, from `first`.
  void add(ConstMatrixView logits, const std::uint8_t* labels, const float* losses, int first);
  ClassReport report(std::string part) const;

  // Writes or reads the counts so far, for a checkpoint: probe/probe_state.cpp. Throws Error for
  // counts that are invalid for these classes.
  void each_field(const StateFields& fields);

 private:
  std::size_t most_;
  ClassReport found_{};  // so far, without what report() computes
};

}  // namespace reluscope
