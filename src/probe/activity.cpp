#include "probe/activity.h"

#include <numeric>

#include "core/primitives.h"

namespace reluscope {
namespace {

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

// How many values satisfy the predicate.
template <class Predicate>
std::int64_t count(ConstMatrixView m, const Predicate& counted) {
  std::int64_t total = 0;
  count_by_column(
      m, m, [&](float value, float) { return counted(value); },
      [&](int, std::uint32_t found) { total += found; });
  return total;
}

}  // namespace

std::vector<Regime> regimes_of(const Model& model, int layer) {
  const ActivationId id = model.layer(layer).activation();
  return id < 0 ? std::vector<Regime>()
                : activation_regimes(id, model.activation_parameters(layer));
}

void SilenceMeter::add(const UnitValues& y, ConstMatrixView z) {
  outputs_ += std::int64_t{y.samples} * y.positions;
  fired_.resize(y.units);
  off_.resize(fired_.size());
  const auto count_units = [&y](std::vector<std::int64_t>& counts, ConstMatrixView x,
                                const auto& counted) {
    count_by_column(y.matrix, x, counted, [&](int column, std::uint32_t count) {
      counts[y.unit_of_column(column)] += count;
    });
  };
  count_units(fired_, y.matrix, [](float out, float) { return out > 0.0f; });
  for (const Regime& regime : regimes_) {
    if (!is_flat(regime.kind)) continue;
    const auto from = static_cast<float>(regime.from), to = static_cast<float>(regime.to);
    count_units(off_, z, [from, to](float out, float in) {
      return static_cast<int>(out == 0.0f) & static_cast<int>(in > from) &
             static_cast<int>(in <= to);
    });
  }
}

Silence SilenceMeter::found() const {
  Silence found;
  for (std::size_t u = 0; u < fired_.size(); ++u) {
    found.firing.push_back(static_cast<double>(fired_[u]) / static_cast<double>(outputs_));
    found.silent.push_back(off_[u] == outputs_);
  }
  return found;
}

void ActivityMeter::Moments::add(ConstMatrixView m) {
  sums.resize(m.layout.panels() * kPanel);
  squares.resize(sums.size());
  for (int p = 0; p < m.layout.panels(); ++p) {
    const int cols = m.layout.panel_cols(p), width = m.layout.panel_width(p);
    double* const sum = sums.data() + p * kPanel;
    double* const square = squares.data() + p * kPanel;
    double s[kPanel], q[kPanel];
    for (int c = 0; c < kPanel; ++c) s[c] = sum[c], q[c] = square[c];
    const float* row = m.panel(p);
    for (int r = 0; r < m.rows(); ++r, row += width) {
      for (int c = 0; c < cols; ++c) {
        const auto value = static_cast<double>(row[c]);
        s[c] += value;
        q[c] += value * value;
      }
    }
    for (int c = 0; c < kPanel; ++c) sum[c] = s[c], square[c] = q[c];
  }
}

double ActivityMeter::Moments::mean(double count) const {
  return std::accumulate(sums.begin(), sums.end(), 0.0) / count;
}

double ActivityMeter::Moments::deviation(double count) const {
  const double square = std::accumulate(squares.begin(), squares.end(), 0.0) / count;
  const double m = mean(count), variance = square - m * m;
  return variance < 0.0 ? 0.0 : scalar::sqrt(variance);
}

void ActivityMeter::add(const UnitValues& y, ConstMatrixView z) {
  count_ += std::int64_t{y.samples} * y.units * y.positions;
  units_ = y.units;
  positions_ = y.positions;
  outputs_.add(y.matrix);
  zeros_ += count(y.matrix, [](float value) { return value == 0.0f; });
  if (regimes_.empty()) return;
  inputs_.add(z);
  silence_.add(y, z);
  regime_counts_.resize(regimes_.size());
  std::int64_t before = 0;  // inputs up to regime r
  for (std::size_t r = 0; r < regimes_.size(); ++r) {
    std::int64_t up_to = std::int64_t{z.rows()} * z.cols();
    if (r + 1 < regimes_.size()) {
      const auto end = static_cast<float>(regimes_[r].to);
      up_to = count(z, [end](float value) { return value <= end; });
    }
    regime_counts_[r] += up_to - before;
    before = up_to;
  }
}

void ActivityMeter::add_to_histogram(ConstMatrixView z) {
  if (regimes_.empty()) return;
  Histogram& h = histogram_;
  if (!range_set_) {
    const double n = static_cast<double>(count_), mean = inputs_.mean(n);
    double half = Histogram::kDeviations * inputs_.deviation(n);
    if (!(half > 0.0)) half = 1.0;  // all values are equal
    h.low = mean - half;
    h.high = mean + half;
    range_set_ = true;
  }
  const double scale = Histogram::kBins / (h.high - h.low);
  for (int p = 0; p < z.layout.panels(); ++p) {
    const float* row = z.panel(p);
    for (int r = 0; r < z.rows(); ++r, row += z.layout.panel_width(p)) {
      for (int c = 0; c < z.layout.panel_cols(p); ++c) {
        const double at = (static_cast<double>(row[c]) - h.low) * scale;
        if (at >= 0.0 && at < Histogram::kBins) {
          ++h.counts[static_cast<std::size_t>(at)];
        } else {
          h.below += at < 0.0;
          h.above += at >= Histogram::kBins;
        }
      }
    }
  }
}

void ActivityMeter::finish(LayerActivity& activity) const {
  const auto n = static_cast<double>(count_);
  activity.units = units_;
  activity.positions = positions_;
  activity.mean = outputs_.mean(n);
  activity.deviation = outputs_.deviation(n);
  activity.sparsity = static_cast<double>(zeros_) / n;
  if (regimes_.empty()) return;
  ActivationActivity& a = activity.activation.emplace();
  a.mean = inputs_.mean(n);
  a.deviation = inputs_.deviation(n);
  a.histogram = histogram_;
  for (std::size_t r = 0; r < regimes_.size(); ++r) {
    a.regimes.push_back({regimes_[r], static_cast<double>(regime_counts_[r]) / n});
  }
  static_cast<Silence&>(a) = silence_.found();
}

}  // namespace reluscope
