#include "nn/regimes.h"

namespace reluscope {
namespace {

constexpr double kEnd = 64.0, kStep = 1.0 / 64.0;
// A shorter end has not reached a constant slope within the range examined.
constexpr double kSettled = 8.0;

double magnitude(double x) { return x < 0.0 ? -x : x; }

struct Cutter {
  ActivationId id;
  std::span<const double> parameters;
  std::vector<Regime> regimes = {};

  std::vector<Regime> cut() {
    double from = -std::numeric_limits<double>::infinity();
    for (const double kink : activation_info(id).kinks) {
      cut_piece(from, kink);
      from = kink;
    }
    cut_piece(from, std::numeric_limits<double>::infinity());
    Regime& first = regimes.front();
    if (regimes.size() > 1 && first.kind == RegimeKind::kLinear &&
        magnitude(slope(-kEnd)) < magnitude(slope(kEnd))) {
      first.kind = RegimeKind::kLeaky;
    }
    return std::move(regimes);
  }

  double value(double x) const { return activation_value(id, x, parameters); }
  double slope(double x) const { return activation_derivative(id, x, parameters); }

  void add(RegimeKind kind, double from, double to) {
    if (!regimes.empty() && regimes.back().kind == kind && kind != RegimeKind::kLinear) {
      regimes.back().to = to;
    } else {
      regimes.push_back({kind, from, to});
    }
  }

  // Kind of an interval with constant slope; at: a point in it. A smooth end at 0 is off only if
  // the function keeps rising at the other end: a sigmoid has two bounds.
  RegimeKind kind_of(double at, bool exactly) const {
    const double s = slope(at);
    if (exactly ? s != 0.0 : magnitude(s) > kFlatSlope) return RegimeKind::kLinear;
    const bool zero = magnitude(value(at)) < 1e-6;
    const bool rises = magnitude(slope(-at)) > kFlatSlope;
    return zero && (exactly || rises) ? RegimeKind::kOff : RegimeKind::kSaturated;
  }

  // Between two kinks, or a kink and an end, f' is continuous.
  void cut_piece(double from, double to) {
    const bool left_end = from<-kEnd, right_end = to> kEnd;
    const double low = left_end ? -kEnd : from, high = right_end ? kEnd : to;
    double x = low + kStep / 2;
    const double first = slope(x);
    while (x < high && slope(x) == first) x += kStep;
    if (x >= high) {
      const double at = left_end ? -kEnd : right_end ? kEnd : (low + high) / 2;
      return add(kind_of(at, true), from, to);
    }
    // How far from an end inwards, at most to `bound`, the slope is near its limit.
    const auto straight_to = [&](double end, double bound, double step) {
      double at = end;
      while ((bound - at) / step >= 1.0 && magnitude(slope(at + step) - slope(end)) <= kFlatSlope)
        at += step;
      return magnitude(at - end) < kSettled ? end : at;
    };
    // Bounds of the curved part.
    const double left = left_end ? straight_to(-kEnd, high, kStep) : low;
    const double right = right_end ? straight_to(kEnd, left, -kStep) : high;
    if (left > low) add(kind_of(-kEnd, false), from, left);
    if (left < right) add(RegimeKind::kCurved, left > low ? left : from, right < high ? right : to);
    if (right < high) add(kind_of(kEnd, false), right, to);
  }
};

}  // namespace

const char* regime_name(RegimeKind kind) {
  constexpr const char* kNames[] = {"off", "saturated", "leaky", "curved", "linear"};
  return kNames[static_cast<int>(kind)];
}

std::vector<Regime> activation_regimes(ActivationId id, std::span<const double> parameters) {
  return Cutter{id, parameters}.cut();
}

}  // namespace reluscope
