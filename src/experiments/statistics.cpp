#include "experiments/statistics.h"

#include <cmath>
#include <vector>

#include "core/text.h"

namespace reluscope {
namespace {

// Quantiles 0.975 for 1, 2, ... 30 degrees of freedom.
constexpr double kStudent[] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306,
                               2.262,  2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
                               2.110,  2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064,
                               2.060,  2.056, 2.052, 2.048, 2.045, 2.042};

}  // namespace

Summary summarize(std::span<const double> values) {
  Summary summary;
  summary.count = static_cast<int>(values.size());
  if (values.empty()) return summary;
  for (const double value : values) summary.mean += value;
  summary.mean /= summary.count;
  if (summary.count < 2) return summary;
  double squares = 0.0;
  for (const double value : values) {
    squares += (value - summary.mean) * (value - summary.mean);
  }
  summary.deviation = std::sqrt(squares / (summary.count - 1));
  return summary;
}

double student_limit(int count) {
  constexpr int kRows = static_cast<int>(std::size(kStudent));
  return kStudent[count - 1 < kRows ? count - 2 : kRows - 1];
}

const char* verdict_text(Verdict verdict) {
  constexpr const char* kTexts[] = {"supported", "no difference", "not supported", "undecided"};
  return kTexts[static_cast<int>(verdict)];
}

Comparison compare(std::span<const double> values, std::span<const double> references, bool above,
                   double least) {
  std::vector<double> differences;
  for (std::size_t i = 0; i < values.size() && i < references.size(); ++i) {
    differences.push_back(values[i] - references[i]);
  }
  Comparison result;
  result.difference = summarize(differences);
  if (result.difference.count < 2 || !std::isfinite(result.difference.mean)) return result;
  result.margin = student_limit(result.difference.count) * result.difference.deviation /
                  std::sqrt(static_cast<double>(result.difference.count));
  const double claimed = above ? result.difference.mean : -result.difference.mean;
  result.verdict = claimed > result.margin && claimed >= least ? Verdict::kSupported
                   : -claimed > result.margin                  ? Verdict::kContradicted
                                                               : Verdict::kNoDifference;
  return result;
}

std::string value_text(double value, bool percent) {
  return percent ? format("%.2f%%", 100.0 * value) : format("%.4g", value);
}

std::string summary_text(const Summary& summary, bool percent) {
  if (summary.count == 0) return "--";
  std::string text = value_text(summary.mean, percent);
  if (summary.count > 1) {
    text += " ± " +
            (percent ? value_text(summary.deviation, percent) : format("%.2g", summary.deviation));
  }
  return text;
}

}  // namespace reluscope
