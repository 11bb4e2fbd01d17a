// Whether the training loss falls: its mean over windows of kWindow steps.
#pragma once

#include <cstdint>

namespace reluscope {

struct LossTrend {
  static constexpr int kWindow = 100;  // steps

  double first = 0.0, last = 0.0, lowest = 0.0;  // means of whole windows
  std::int64_t windows = 0;                      // complete windows so far
  double window_sum = 0.0;                       // of the incomplete window
  int window_steps = 0;

  void add(double loss) {
    window_sum += loss;
    if (++window_steps < kWindow) return;
    last = window_sum / kWindow;
    if (windows == 0) first = last;
    if (windows == 0 || last < lowest) lowest = last;
    ++windows;
    window_sum = 0.0;
    window_steps = 0;
  }
};

}  // namespace reluscope
