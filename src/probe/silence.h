// When a unit is silent and when it is dead, over any set of samples: the one definition of both.
//   silent  no output is above 0
//   dead    zero output and zero gradient for every sample: each output is exactly 0, and each
//           input lies where the function is flat. Such a unit passes nothing on and cannot learn.
// A unit that is saturated at another value, such as tanh at -1 or 1, is not dead.
#pragma once

#include <cstdint>
#include <vector>

#include "nn/regimes.h"
#include "probe/unit_values.h"

namespace reluscope {

// The regimes of a layer with its current parameters; none if it is not an activation.
std::vector<Regime> regimes_of(const Model& model, int layer);

struct Silence {               // by unit; a channel counts every position of every sample
  std::vector<double> firing;  // share of outputs above 0
  std::vector<std::uint8_t> silent, dead;  // flags
};

// Measures one layer; samples are added in chunks.
class SilenceMeter {
 public:
  // regimes: the activation's. Without them no unit counts as dead.
  explicit SilenceMeter(std::vector<Regime> regimes = {}) : regimes_(std::move(regimes)) {}

  // y: outputs. z: inputs, laid out like y; not read without regimes.
  void add(const UnitValues& y, ConstMatrixView z);
  Silence found() const;

 private:
  std::vector<Regime> regimes_;
  std::int64_t outputs_ = 0;  // of a unit
  std::vector<std::int64_t> fired_, off_;
};

}  // namespace reluscope
