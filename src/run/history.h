// The measurements of a run so far, in bounded memory: the training curve as at most kMostPoints
// points, and each epoch's scores. Floats: for charts; training does not depend on them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace reluscope {

class History {
 public:
  // A point is the mean over `stride` steps up to `step`. At kMostPoints points, pairs are joined
  // and the stride doubles, so the size does not grow with the length of the run.
  static constexpr std::size_t kMostPoints = 4096;

  void add_step(std::int64_t step, double loss, double accuracy);
  // values: in the order of the columns of the epochs; NaN for a score without held-out data.
  void add_epoch(std::initializer_list<double> values);

  // The whole history as named columns, each group of equal length: those of the points, and
  // "epoch.epoch", "epoch.step" and so on of the epochs, with the steps done and the learning rate
  // at the end of each.
  using Columns = std::vector<std::pair<std::string, std::vector<float>>>;
  const Columns& columns() const { return columns_; }

  struct Pending {  // the incomplete point
    int stride = 1, steps = 0;
    double loss = 0.0, accuracy = 0.0;  // sums
  };
  const Pending& pending() const { return pending_; }
  // Throws Error for invalid columns.
  void restore(Columns columns, const Pending& pending);

 private:
  static constexpr std::size_t kPointColumns = 3;
  void join_pairs();

  Columns columns_{{"step", {}},
                   {"loss", {}},
                   {"accuracy", {}},
                   {"epoch.epoch", {}},
                   {"epoch.step", {}},
                   {"epoch.lr", {}},
                   {"epoch.train_loss", {}},
                   {"epoch.train_accuracy", {}},
                   {"epoch.validation_loss", {}},
                   {"epoch.validation_accuracy", {}},
                   {"epoch.test_loss", {}},
                   {"epoch.test_accuracy", {}}};
  Pending pending_;
};

}  // namespace reluscope
