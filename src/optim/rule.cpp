#include "optim/rule.h"

#include <array>

#include "core/error.h"
#include "core/text.h"
#include "optim/rules.h"

namespace reluscope {
namespace {

template <class... R>
constexpr std::array<OptimizerRow, sizeof...(R)> make_rows(scalar::RuleList<R...>) {
  return {R::kRow...};
}
constexpr auto kRows = make_rows(scalar::UpdateRules());

using Scalars = void (*)(const RuleStep<double>&, float*);
template <class... R>
constexpr std::array<Scalars, sizeof...(R)> make_scalars(scalar::RuleList<R...>) {
  return {&R::template scalars<double>...};
}
constexpr auto kScalars = make_scalars(scalar::UpdateRules());

}  // namespace

std::span<const OptimizerRow> optimizer_rows() { return kRows; }

RuleId find_rule(std::string_view name) {
  for (std::size_t k = 0; k < kRows.size(); ++k) {
    if (name == kRows[k].name) return static_cast<RuleId>(k);
  }
  throw Error("optimizer is " + in_quotes(name) + ", which is not known");
}

void rule_scalars(RuleId rule, const RuleStep<double>& step, float* scalars) {
  kScalars.at(static_cast<std::size_t>(rule))(step, scalars);
}

}  // namespace reluscope
