// The activity of a layer's units over a set of samples: moments, zeros, how often each unit fires,
// whether it is silent or dead (see silence.h), and the distribution of an activation's inputs.
// Counts are exact; every sum is in double, first a column's terms in sample order, then the
// columns in order, so all builds give the same bits.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nn/regimes.h"
#include "probe/silence.h"

namespace reluscope {

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
