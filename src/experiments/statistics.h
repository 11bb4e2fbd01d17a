// Statistics over several seeds: means, deviations, and whether a difference exceeds chance.
#pragma once

#include <span>
#include <string>

namespace reluscope {

struct Summary {
  int count = 0;
  double mean = 0.0;
  double deviation = 0.0;  // of the sample (divided by count - 1); 0 for one value
};
// Sums in the given order. Without values, all 0.
Summary summarize(std::span<const double> values);

// The value that |mean| / (deviation / sqrt(count)) exceeds by chance in one of twenty cases:
// Student's t distribution, two-sided, count - 1 degrees of freedom (for more than 30, its value
// for 30). count: 2 or more.
double student_limit(int count);

enum class Verdict {
  kSupported,
  kNoDifference,  // no difference that exceeds both chance and the least that counts
  kContradicted,  // the opposite holds, by more than chance
  kUndecided,     // too few values, or some are NaN
};
const char* verdict_text(Verdict verdict);  // "supported"

struct Comparison {
  Summary difference;   // of value - reference, pair by pair
  double margin = 0.0;  // half the 95% confidence interval of its mean
  Verdict verdict = Verdict::kUndecided;
};

// Whether `values` are above (or below) `references`. Both form pairs: same seed, same draws.
// Supported: the mean difference has the claimed sign, is at least `least` and exceeds the margin.
// Contradicted: it exceeds the margin the other way.
Comparison compare(std::span<const double> values, std::span<const double> references, bool above,
                   double least);

// "97.31% ± 0.12%" or "0.4213 ± 0.0031"; a single value has no "±".
std::string summary_text(const Summary& summary, bool percent);
std::string value_text(double value, bool percent);

}  // namespace reluscope
