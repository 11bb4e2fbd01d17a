// What the units of a layer do over a set of samples: moments, zeros, how often each fires, whether
// it is silent or dead (see silence.h), and where an activation's inputs lie. Counts are exact;
// every sum is in double, a column's terms in the order of the samples and then column after
// column, so all builds give the same bits.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "nn/regimes.h"
#include "probe/silence.h"

namespace reluscope {

// Counts of [low, high) in equal bins; what is not a number is in none.
struct Histogram {
  static constexpr int kBins = 64;
  static constexpr double kDeviations = 4.0;  // low and high: so many from the mean

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
  std::vector<double> values;  // one, or one a channel
  double min, max;             // what an architecture text may begin with
};

// Of an activation layer, about its inputs z and the units it switches.
struct ActivationActivity {
  double mean, deviation;  // of z
  Histogram histogram;     // of z
  std::vector<RegimeShare> regimes;
  std::vector<double> firing;              // by unit, as SilenceMeter has them
  std::vector<std::uint8_t> silent, dead;  // flags
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

// Of the values of one layer's output, and of its input where it is an activation, added a chunk
// of samples at a time. The histogram needs the moments first: after all chunks, add them again
// by add_to_histogram().
class ActivityMeter {
 public:
  // regimes: of the activation; none for another layer.
  explicit ActivityMeter(std::vector<Regime> regimes)
      : regimes_(regimes), silence_(std::move(regimes)) {}

  // z: laid out like y; not looked at without regimes.
  void add(const UnitValues& y, ConstMatrixView z);
  void add_to_histogram(ConstMatrixView z);
  // Writes what was measured into the numbers of `activity`.
  void finish(LayerActivity& activity) const;

 private:
  struct Moments {
    std::vector<double> sums, squares;  // by column
    void add(ConstMatrixView values);
    double mean(double count) const;
    double deviation(double count) const;  // of the whole population
  };

  void set_histogram_range();

  std::vector<Regime> regimes_;
  std::int64_t count_ = 0;  // values so far
  int positions_ = 1, units_ = 0;
  Moments outputs_, inputs_;
  std::vector<std::int64_t> zeros_;  // by column
  SilenceMeter silence_;
  std::vector<std::int64_t> regime_counts_;
  Histogram histogram_;
  bool range_set_ = false;
};

}  // namespace reluscope
