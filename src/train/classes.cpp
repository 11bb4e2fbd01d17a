#include "train/classes.h"

#include <algorithm>
#include <utility>

#include "core/math.h"

namespace reluscope {

ClassMeter::ClassMeter(int classes, int hardest) : most_(static_cast<std::size_t>(hardest)) {
  found_.classes = classes;
  found_.confusion.resize(std::size_t{1} * classes * classes);
  found_.hardest.reserve(most_ + 1);
}

void ClassMeter::add(ConstMatrixView logits, const std::uint8_t* labels, const float* losses,
                     int first) {
  found_.samples += logits.rows();
  for (int row = 0; row < logits.rows(); ++row) {
    const int label = labels[row];
    int best = 0;
    for (int c = 1; c < found_.classes; ++c) {
      if (logits.at(row, c) > logits.at(row, best)) best = c;
    }
    ++found_.confusion[label * found_.classes + best];
    found_.labels.push_back(labels[row]);
    found_.predictions.push_back(static_cast<std::uint8_t>(best));
    const auto loss = static_cast<double>(losses[row]);
    std::vector<HardSample>& hardest = found_.hardest;
    const auto harder = [](double a, const HardSample& b) { return a > b.loss; };
    const auto place = std::upper_bound(hardest.begin(), hardest.end(), loss, harder);
    if (loss != loss || (hardest.size() == most_ && place == hardest.end())) continue;
    // loss = -log softmax of the label; the prediction's logit is so much above the label's.
    const double lead =
        static_cast<double>(logits.at(row, best)) - static_cast<double>(logits.at(row, label));
    const auto probability = [](double log) { return std::min(scalar::exp(log), 1.0); };
    hardest.insert(place,
                   {first + row, label, best, loss, probability(lead - loss), probability(-loss)});
    if (hardest.size() > most_) hardest.pop_back();
  }
}

ClassReport ClassMeter::report(std::string part) const {
  ClassReport report = found_;
  report.part = std::move(part);
  const auto share = [](std::int64_t part_of, std::int64_t whole) {
    return whole == 0 ? std::nullopt
                      : std::optional(static_cast<double>(part_of) / static_cast<double>(whole));
  };
  for (int c = 0; c < report.classes; ++c) {
    const auto at = [&](int label, int prediction) {
      return report.confusion[label * report.classes + prediction];
    };
    std::int64_t predicted = 0, are = 0;
    for (int other = 0; other < report.classes; ++other) {
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
