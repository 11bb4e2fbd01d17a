// The measurements of a run so far, in bounded memory: the training curve as at most kMostPoints
// points, and each epoch's scores. Floats: for charts; training does not depend on them.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace reluscope {

class History {
 public:
  // A point is the mean over `stride` steps, the last of which is `step`. At
  // kMostPoints points, pairs are joined and the stride doubles, so the size does not grow with the
  // length of the run.
  static constexpr std::size_t kMostPoints = 4096;

  struct Epoch {
    int epoch = 0;
    std::int64_t step = 0;  // steps done by its end
    double lr = 0.0;        // of its last step
    double train_loss = 0.0, train_accuracy = 0.0;
    double validation_loss = std::numeric_limits<double>::quiet_NaN();  // NaN: no held-out data
    double validation_accuracy = std::numeric_limits<double>::quiet_NaN();
    double test_loss = 0.0, test_accuracy = 0.0;
  };

  void add_step(std::int64_t step, double loss, double accuracy);
  void add_epoch(const Epoch& epoch);

  // The whole history as named columns, each group of equal length: "step", "loss", "accuracy" of
  // the points; "epoch.epoch", "epoch.step", "epoch.lr", "epoch.train_loss", ... of the epochs.
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

  Columns columns_ = empty_columns();
  Pending pending_;

  static Columns empty_columns();
};

}  // namespace reluscope
