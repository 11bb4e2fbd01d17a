#include "probe/silence.h"

namespace reluscope {
namespace {

// Adds to counts[u] of how many outputs of unit u counted(y, z) is true.
template <class Predicate>
void count_units(const UnitValues& y, ConstMatrixView z, std::vector<std::int64_t>& counts,
                 const Predicate& counted) {
  const ConstMatrixView& m = y.matrix();
  for (int p = 0; p < m.layout.panels(); ++p) {
    const int cols = m.layout.panel_cols(p), width = m.layout.panel_width(p);
    std::uint32_t found[kPanel] = {};
    const float *ys = m.panel(p), *zs = z.panel(p);
    for (int r = 0; r < m.rows(); ++r, ys += width, zs += width) {
      for (int c = 0; c < cols; ++c) found[c] += counted(ys[c], zs[c]);
    }
    for (int c = 0; c < cols; ++c) {
      counts[static_cast<std::size_t>(y.unit_of_column(p * kPanel + c))] += found[c];
    }
  }
}

}  // namespace

std::vector<Regime> regimes_of(const Model& model, int layer) {
  const ActivationId id = model.layers()[static_cast<std::size_t>(layer)]->activation();
  return id < 0 ? std::vector<Regime>()
                : activation_regimes(id, model.activation_parameters(layer));
}

void SilenceMeter::add(const UnitValues& y, ConstMatrixView z) {
  outputs_ += std::int64_t{y.samples()} * y.positions();
  fired_.resize(static_cast<std::size_t>(y.units()));
  off_.resize(fired_.size());
  count_units(y, y.matrix(), fired_, [](float out, float) { return out > 0.0f; });
  for (const Regime& regime : regimes_) {
    if (!is_flat(regime.kind)) continue;
    const auto from = static_cast<float>(regime.from), to = static_cast<float>(regime.to);
    count_units(y, z, off_, [from, to](float out, float in) {
      return static_cast<int>(out == 0.0f) & static_cast<int>(in > from) &
             static_cast<int>(in <= to);
    });
  }
}

Silence SilenceMeter::found() const {
  Silence found;
  for (std::size_t u = 0; u < fired_.size(); ++u) {
    found.firing.push_back(static_cast<double>(fired_[u]) / static_cast<double>(outputs_));
    found.silent.push_back(fired_[u] == 0);
    found.dead.push_back(off_[u] == outputs_);
  }
  return found;
}

}  // namespace reluscope
