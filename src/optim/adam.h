// Adam and AdamW, which differ in how weights decay, see OptimizerRow::decoupled_decay; and what
// Muon does to the parameters that are not its own.
#pragma once

#include "core/math.h"
#include "optim/optimizer.h"

namespace reluscope {

// Kingma and Ba, "Adam: a method for stochastic optimization" (2015), algorithm 1, in the form
// of torch.optim.Adam: w -= lr / (1 - b1^t) * m / (sqrt(v) / sqrt(1 - b2^t) + eps).
class Adam : public Optimizer {
 public:
  Adam(const OptimizerOptions& options, std::size_t floats) : Optimizer(options) {
    add_moment(1, "exp_avg", floats);
    add_moment(2, "exp_avg_sq", floats);
  }

 protected:
  void begin(double lr, std::optional<double> momentum) override {
    const double beta1 = momentum.value_or(options_.beta1);
    const double correction1 = 1.0 - scalar::integer_power(beta1, steps());
    const double correction2 = 1.0 - scalar::integer_power(options_.beta2, steps());
    update_.kind = ParameterUpdate::Kind::kAdam;
    update_.adam = {static_cast<float>(beta1),
                    static_cast<float>(1.0 - beta1),
                    static_cast<float>(options_.beta2),
                    static_cast<float>(1.0 - options_.beta2),
                    static_cast<float>(lr / correction1),
                    static_cast<float>(1.0 / scalar::sqrt(correction2)),
                    static_cast<float>(options_.epsilon)};
  }
};

}  // namespace reluscope
