#include "probe/silence.h"

namespace reluscope {

std::vector<Regime> regimes_of(const Model& model, int layer) {
  const ActivationId id = model.layer(layer).activation();
  return id < 0 ? std::vector<Regime>()
                : activation_regimes(id, model.activation_parameters(layer));
}

void SilenceMeter::add(const UnitValues& y, ConstMatrixView z) {
  outputs_ += std::int64_t{y.samples()} * y.positions();
  fired_.resize(y.units());
  off_.resize(fired_.size());
  const auto count_units = [&y](std::vector<std::int64_t>& counts, ConstMatrixView x,
                                const auto& counted) {
    count_by_column(y.matrix(), x, counted, [&](int column, std::uint32_t count) {
      counts[y.unit_of_column(column)] += count;
    });
  };
  count_units(fired_, y.matrix(), [](float out, float) { return out > 0.0f; });
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
    found.silent.push_back(fired_[u] == 0);
    found.dead.push_back(off_[u] == outputs_);
  }
  return found;
}

}  // namespace reluscope
