// A progress bar: one line of standard error that is redrawn, only on a terminal.
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>

#include "core/text.h"

namespace reluscope {

class ProgressBar {
 public:
  // people: the stream for text output. The bar is shown only if it is a terminal.
  explicit ProgressBar(std::FILE* people)
      : wanted_(isatty(fileno(people)) != 0 && isatty(STDERR_FILENO) != 0) {}

  // share: share of the work that is done, 0 to 1. samples: number trained on since the bar was
  // made; if it is given, the bar also shows the rate.
  void draw(double share, double samples = 0.0) {
    if (!wanted_) return;
    const auto now = Clock::now();
    if (now - drawn_ < std::chrono::milliseconds(100)) return;
    drawn_ = now;
    const double seconds = std::chrono::duration<double>(now - start_).count();
    constexpr std::size_t kWidth = 30;
    std::string bar(static_cast<std::size_t>(share * kWidth), '#');
    bar.resize(kWidth, '.');
    const std::string rate = samples > 0.0 ? format("  %.0f samples/s", samples / seconds) : "";
    std::fprintf(stderr, "\r[%s] %3.0f%%%s  %.0f s left \x1b[K", bar.c_str(), 100 * share,
                 rate.c_str(), share > 0.0 ? seconds / share - seconds : 0.0);
    shown_ = true;
  }
  void clear() {  // before other lines
    if (shown_) std::fputs("\r\x1b[K", stderr);
    shown_ = false;
  }

 private:
  using Clock = std::chrono::steady_clock;

  bool wanted_, shown_ = false;
  Clock::time_point start_ = Clock::now(), drawn_;
};

}  // namespace reluscope
