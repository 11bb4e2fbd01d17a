// Lessons: claims about ReLU and its relatives, each with an experiment whose numbers support or
// contradict it. The table of lessons is in lesson_table.cpp.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "experiments/plan.h"

namespace reluscope {

struct LessonVariant {
  const char* name;
  const char* changes;  // of the lesson's config: "lr=0.1; model=dense 10"
};

enum class Moment { kStart, kFirstEpoch, kEnd };

// "The measure of `variant` is above (or below) that of `reference`." Decided by compare() of
// experiments/statistics.h, with one pair a seed.
struct LessonCheck {
  const char* measure;  // of experiments/measure.h
  Moment moment;
  const char* variant;
  bool above;
  const char* reference;  // a variant, or "" for the constant
  double constant = 0.0;
  double least = 0.0;      // smaller differences do not count
  bool magnitude = false;  // compares absolute values
};

struct Lesson {
  const char* name;     // "dead-units"
  const char* claim;    // one sentence
  const char* changes;  // to the defaults, in all variants
  std::vector<LessonVariant> variants;
  std::vector<LessonCheck> checks;
  bool whole_only = false;  // meaningless with less data: skipped in quick lessons
};

// All lessons, in display order.
const std::vector<Lesson>& lesson_table();

// Name and claim of every lesson, one line each.
std::vector<std::string> lesson_list();

// Flags: only (names, separated by commas), quick, seeds (default 5; quick: 3). A variant with an
// invalid config is not run, and the report gives the reason. Runs that several lessons share are
// run once. Throws Error for an invalid flag or an unknown lesson.
Plan plan_lessons(const Dataset& data, const Config& base, const FlagValues& flags);

// The verdict on a lesson from the verdicts on its checks: supported or no difference if all agree,
// not supported if some contradict and none support, "supported in part" for any other decided
// case; "refused" if a check lacks a variant.
std::string lesson_verdict(const std::vector<std::string>& checks);

}  // namespace reluscope
