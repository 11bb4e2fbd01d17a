// Finds where an activation is off, saturated, curved or a straight line. All of it follows from
// the derivative in the registry, so a new activation needs no code here.
#pragma once

#include <limits>
#include <span>
#include <vector>

#include "nn/activation.h"

namespace reluscope {

enum class RegimeKind {
  kOff,        // flat at 0, on the side that a rectifier cuts off: no gradient passes
  kSaturated,  // flat elsewhere: at a bound
  kLeaky,      // a line below the first kink, less steep than the next regime
  kCurved,     // neither flat nor a line
  kLinear,
};

const char* regime_name(RegimeKind kind);  // "off", ...
inline bool is_flat(RegimeKind kind) {
  return kind == RegimeKind::kOff || kind == RegimeKind::kSaturated;
}

// Inputs above `from` up to and including `to`; the first begins and the last ends at infinity.
struct Regime {
  RegimeKind kind;
  double from = -std::numeric_limits<double>::infinity();
  double to = std::numeric_limits<double>::infinity();
};

// A slope this close to 0 counts as flat; a slope this close to its limit, as a straight line.
inline constexpr double kFlatSlope = 0.05;

// Splits the axis at the kinks, and where a smooth end becomes flat or straight to within
// kFlatSlope (rounded outwards to 1/64), inside [-64, 64]. Merges neighbours of the same kind.
std::vector<Regime> activation_regimes(ActivationId id, std::span<const double> parameters);

}  // namespace reluscope
