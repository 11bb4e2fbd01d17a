#include "train/classes.h"

#include <algorithm>
#include <utility>

#include "core/math.h"

namespace reluscope {

ClassMeter::ClassMeter(int classes, int hardest)
    : classes_(classes),
      most_(static_cast<std::size_t>(hardest)),
      confusion_(static_cast<std::size_t>(classes) * static_cast<std::size_t>(classes)) {
  hardest_.reserve(most_ + 1);
}

void ClassMeter::add(ConstMatrixView logits, const std::uint8_t* labels, const float* losses,
                     int first) {
  samples_ += logits.rows();
  for (int row = 0; row < logits.rows(); ++row) {
    int best = 0;
    for (int c = 1; c < classes_; ++c) {
      if (logits.at(row, c) > logits.at(row, best)) best = c;
    }
    const int label = labels[row];
    ++confusion_[static_cast<std::size_t>(label * classes_ + best)];
    labels_.push_back(labels[row]);
    predictions_.push_back(static_cast<std::uint8_t>(best));
    const auto loss = static_cast<double>(losses[row]);
    const auto harder = [](double a, const HardSample& b) { return a > b.loss; };
    const auto place = std::upper_bound(hardest_.begin(), hardest_.end(), loss, harder);
    if (loss != loss || (hardest_.size() == most_ && place == hardest_.end())) continue;
    // loss = -log softmax of the label; the prediction's logit is so much above the label's.
    const double lead =
        static_cast<double>(logits.at(row, best)) - static_cast<double>(logits.at(row, label));
    const auto probability = [](double log) { return std::min(scalar::exp(log), 1.0); };
    hardest_.insert(place,
                    {first + row, label, best, loss, probability(lead - loss), probability(-loss)});
    if (hardest_.size() > most_) hardest_.pop_back();
  }
}

ClassReport ClassMeter::report(std::string part) const {
  ClassReport report{std::move(part), classes_, samples_,    0, confusion_, {}, {},
                     hardest_,        labels_,  predictions_};
  const auto share = [](std::int64_t part_of, std::int64_t whole) -> std::optional<double> {
    if (whole == 0) return std::nullopt;
    return static_cast<double>(part_of) / static_cast<double>(whole);
  };
  for (int c = 0; c < classes_; ++c) {
    const auto at = [&](int label, int prediction) {
      return confusion_[static_cast<std::size_t>(label * classes_ + prediction)];
    };
    std::int64_t predicted = 0, are = 0;
    for (int other = 0; other < classes_; ++other) {
      predicted += at(other, c);
      are += at(c, other);
    }
    report.correct += static_cast<int>(at(c, c));
    report.precision.push_back(share(at(c, c), predicted));
    report.recall.push_back(share(at(c, c), are));
  }
  return report;
}

}  // namespace reluscope
