// A layer's output by unit, for any memory layout. A unit is a feature of a dense output and a
// channel of images (C, H, W), whose positions all belong to it. The only place that knows both
// layouts.
#pragma once

#include "nn/model.h"

namespace reluscope {

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
  return {model.output(layer), model.layers()[static_cast<std::size_t>(layer)]->out_shape(),
          model.samples()};
}

}  // namespace reluscope
