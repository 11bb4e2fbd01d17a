// Where an activation is switched off, saturated, bent or a straight line. All of it follows from
// the registry's own derivative, so a new activation needs to say nothing about it.
#pragma once

#include <limits>
#include <span>
#include <vector>

#include "nn/activation.h"

namespace reluscope {

enum class RegimeKind {
  kOff,        // flat at 0, on the side where a rectifier cuts: no gradient gets through
  kSaturated,  // flat elsewhere: at a bound
  kLeaky,      // a line below the first kink, less steep than what follows
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

// A slope this near to 0 counts as flat, and one this near to its limit as a straight line.
inline constexpr double kFlatSlope = 0.05;

// Cuts the line at the kinks, and where a smooth end becomes flat or straight to within kFlatSlope
// (to the next 1/64 further out). Looks no further than +-64. Neighbours of one kind are one.
std::vector<Regime> activation_regimes(ActivationId id, std::span<const double> parameters);

}  // namespace reluscope
