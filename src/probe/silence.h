// Outputs by unit, and when a unit is silent and when it is dead, over any set of samples: the one
// definition of both.
//   silent  no output is above 0
//   dead    zero output and zero gradient for every sample: each output is exactly 0, and each
//           input lies where the function is flat. Such a unit passes nothing on and cannot learn.
// A unit that is saturated at another value, such as tanh at -1 or 1, is not dead.
#pragma once

#include <cstdint>
#include <vector>

#include "nn/model.h"
#include "nn/regimes.h"

namespace reluscope {

// A layer's output by unit, for any memory layout: the only place that knows both. A unit is a
// feature of a dense output, or a channel of images (C, H, W) with all its positions.
class UnitValues {
 public:
  // values: of `samples` samples of shape `shape` (without the batch): (N, features) with channel
  // c's positions in columns from c * positions, or one row per position, (N * H * W, C).
  UnitValues(ConstMatrixView values, const Shape& shape, int samples)
      : values_(values),
        samples_(samples),
        units_(static_cast<int>(shape.front())),
        positions_(static_cast<int>(element_count(shape) / shape.front())) {}

  const ConstMatrixView& matrix() const { return values_; }
  int samples() const { return samples_; }
  int units() const { return units_; }
  int positions() const { return positions_; }  // of a unit in a sample
  // A column belongs to one unit.
  int unit_of_column(int col) const { return by_position() ? col : col / positions_; }
  float at(int sample, int unit, int position) const {
    return by_position() ? values_.at(sample * positions_ + position, unit)
                         : values_.at(sample, unit * positions_ + position);
  }

 private:
  bool by_position() const { return values_.cols() == units_; }

  ConstMatrixView values_;
  int samples_, units_, positions_;
};

// A layer's output in the last forward.
inline UnitValues output_of(const Model& model, int layer) {
  return {model.output(layer), model.layer(layer).out_shape(), model.samples()};
}

// Calls add(column, count) for each column, with the number of rows for which counted(y, z) holds.
// z is laid out like y.
template <class Predicate, class Add>
void count_by_column(ConstMatrixView y, ConstMatrixView z, const Predicate& counted,
                     const Add& add) {
  for (int p = 0; p < y.layout.panels(); ++p) {
    const int cols = y.layout.panel_cols(p), width = y.layout.panel_width(p);
    std::uint32_t found[kPanel] = {};
    const float *ys = y.panel(p), *zs = z.panel(p);
    for (int r = 0; r < y.rows(); ++r, ys += width, zs += width) {
      for (int c = 0; c < cols; ++c) found[c] += counted(ys[c], zs[c]);
    }
    for (int c = 0; c < cols; ++c) add(p * kPanel + c, found[c]);
  }
}

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
