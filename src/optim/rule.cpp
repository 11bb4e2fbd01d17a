#include "optim/rule.h"

#include "core/error.h"
#include "core/text.h"
#include "optim/rules.h"

namespace reluscope {
namespace {

template <class List>
struct Tables;
template <class... R>
struct Tables<scalar::RuleList<R...>> {
  static constexpr OptimizerRow kRows[] = {R::kRow...};
  static constexpr void (*kScalars[])(const RuleStep<double>&,
                                      float*) = {&R::template scalars<double>...};
};
using Rules = Tables<scalar::UpdateRules>;

}  // namespace

std::span<const OptimizerRow> optimizer_rows() { return Rules::kRows; }

RuleId find_rule(std::string_view name) {
  for (const OptimizerRow& row : Rules::kRows) {
    if (name == row.name) return static_cast<RuleId>(&row - Rules::kRows);
  }
  throw Error("optimizer is " + in_quotes(name) + ", which is not known");
}

void rule_scalars(RuleId rule, const RuleStep<double>& step, float* scalars) {
  Rules::kScalars[rule](step, scalars);
}

}  // namespace reluscope
