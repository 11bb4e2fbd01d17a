#include "run/history.h"

#include "core/error.h"

namespace reluscope {

void History::add_step(std::int64_t step, double loss, double accuracy) {
  pending_.loss += loss;
  pending_.accuracy += accuracy;
  if (++pending_.steps < pending_.stride) return;
  columns_[0].second.push_back(static_cast<float>(step));
  columns_[1].second.push_back(static_cast<float>(pending_.loss / pending_.steps));
  columns_[2].second.push_back(static_cast<float>(pending_.accuracy / pending_.steps));
  pending_ = {pending_.stride, 0, 0.0, 0.0};
  if (columns_[0].second.size() == kMostPoints) join_pairs();
}

void History::join_pairs() {
  for (std::size_t c = 0; c < kPointColumns; ++c) {
    std::vector<float>& values = columns_[c].second;
    for (std::size_t i = 0; 2 * i + 1 < values.size(); ++i) {
      const float first = values[2 * i], second = values[2 * i + 1];
      values[i] = c == 0 ? second : (first + second) / 2.0f;
    }
    values.resize(values.size() / 2);
  }
  pending_.stride *= 2;
}

void History::add_epoch(std::initializer_list<double> values) {
  auto column = columns_.begin() + kPointColumns;
  for (const double value : values) (column++)->second.push_back(static_cast<float>(value));
}

void History::restore(Columns columns, const Pending& pending) {
  bool same = columns.size() == columns_.size();
  for (std::size_t c = 0; same && c < columns.size(); ++c) {
    const std::size_t like = c < kPointColumns ? 0 : kPointColumns;
    same = columns[c].first == columns_[c].first &&
           columns[c].second.size() == columns[like].second.size();
  }
  if (!same) throw Error("checkpoint: the columns of its history differ in length");
  if (columns[0].second.size() >= kMostPoints || pending.stride < 1 || pending.steps < 0 ||
      pending.steps >= pending.stride) {
    throw Error("checkpoint: its history has " + std::to_string(columns[0].second.size()) +
                " points of " + std::to_string(pending.stride) + " steps, which is not possible");
  }
  columns_ = std::move(columns);
  pending_ = pending;
}

}  // namespace reluscope
