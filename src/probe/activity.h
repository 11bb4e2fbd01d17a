// The activity of a layer's units over a set of samples: moments, zeros, how often each unit fires,
// whether it is silent, and the distribution of an activation's inputs. What the words mean, here
// alone:
//   fires   an output is above 0
//   silent  zero output and zero gradient for every sample of the set: each output is exactly 0,
//           and each input lies where the function is flat. These samples teach such a unit
//           nothing, and it passes nothing of them on.
//   dead    silent on the whole training set. Nothing is called dead that was not checked so.
// A unit that is saturated at another value, such as tanh at -1 or 1, is not silent.
//
// Counts are exact; every sum is in double, first a column's terms in sample order, then the
// columns in order, so all builds give the same bits.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nn/model.h"
#include "nn/regimes.h"

namespace reluscope {

// A layer's output by unit, for any memory layout: the only place that knows both. A unit is a
// feature of a dense output, or a channel of images (C, H, W) with all its positions.
struct UnitValues {
  // values: of `samples` samples of shape `shape` (without the batch): (N, features) with channel
  // c's positions in columns from c * positions, or one row per position, (N * H * W, C).
  UnitValues(ConstMatrixView values, const Shape& shape, int samples)
      : matrix(values),
        samples(samples),
        units(static_cast<int>(shape.front())),
        positions(static_cast<int>(element_count(shape) / shape.front())) {}

  bool by_position() const { return matrix.cols() == units; }
  // A column belongs to one unit.
  int unit_of_column(int col) const { return by_position() ? col : col / positions; }
  float at(int sample, int unit, int position) const {
    return by_position() ? matrix.at(sample * positions + position, unit)
                         : matrix.at(sample, unit * positions + position);
  }

  ConstMatrixView matrix;
  int samples, units, positions;  // positions: of a unit in a sample
};

// A layer's output in the last forward.
inline UnitValues output_of(const Model& model, int layer) {
  return {model.output(layer), model.layer(layer).out_shape(), model.samples()};
}

// The regimes of a layer with its current parameters; none if it is not an activation.
std::vector<Regime> regimes_of(const Model& model, int layer);

struct Silence {                     // by unit; a channel counts every position of every sample
  std::vector<double> firing;        // share of outputs above 0
  std::vector<std::uint8_t> silent;  // flags
};
// Of flags by unit.
std::int64_t count_flags(const std::vector<std::uint8_t>& flags);

// Measures one layer; samples are added in chunks.
class SilenceMeter {
 public:
  // regimes: the activation's. Without them no unit counts as silent.
  explicit SilenceMeter(std::vector<Regime> regimes = {}) : regimes_(std::move(regimes)) {}

  // y: outputs. z: inputs, laid out like y; not read without regimes.
  void add(const UnitValues& y, ConstMatrixView z);
  Silence found() const;

 private:
  std::vector<Regime> regimes_;
  std::int64_t outputs_ = 0;  // of a unit
  std::vector<std::int64_t> fired_, off_;
};

// Counts of values in [low, high), in equal bins. NaN is in no bin.
struct Histogram {
  static constexpr int kBins = 64;
  static constexpr double kDeviations = 4.0;  // from the mean to low and to high

  double low = 0.0, high = 0.0;
  std::array<std::int64_t, kBins> counts{};
  std::int64_t below = 0, above = 0;
};

struct RegimeShare {
  Regime regime;
  double share;  // of all inputs, 0 to 1
};

struct LearntSlopes {
  std::string name, symbol;    // "weight", "α"
  std::vector<double> values;  // one, or one per channel
  double min, max;             // limits of the initial value in an architecture text
};

// An activation layer's inputs z and units.
struct ActivationActivity : Silence {
  double mean, deviation;  // of z
  Histogram histogram;     // of z
  std::vector<RegimeShare> regimes;
  std::optional<LearntSlopes> slopes;
};

struct LayerActivity {
  int layer;  // from 0
  std::string name, kind, text;
  int units, positions;
  double mean, deviation;  // of all outputs
  double sparsity;         // share of outputs that are 0
  std::optional<ActivationActivity> activation;
};

// Measures one layer's output and, of an activation, its input. Samples are added in chunks, and
// then once more with add_to_histogram(), which needs the moments.
class ActivityMeter {
 public:
  // regimes: of the activation; none for another layer.
  explicit ActivityMeter(std::vector<Regime> regimes)
      : regimes_(regimes), silence_(std::move(regimes)) {}

  // z: laid out like y; not read without regimes.
  void add(const UnitValues& y, ConstMatrixView z);
  void add_to_histogram(ConstMatrixView z);
  // Writes the results to `activity`.
  void finish(LayerActivity& activity) const;

 private:
  struct Moments {
    std::vector<double> sums, squares;  // by column
    void add(ConstMatrixView values);
    double mean(double count) const;
    double deviation(double count) const;  // of the whole population
  };

  std::vector<Regime> regimes_;
  std::int64_t count_ = 0;  // values so far
  int positions_ = 1, units_ = 0;
  Moments outputs_, inputs_;
  std::int64_t zeros_ = 0;
  SilenceMeter silence_;
  std::vector<std::int64_t> regime_counts_;
  Histogram histogram_;
  bool range_set_ = false;
};

}  // namespace reluscope
