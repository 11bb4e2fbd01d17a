// Kernels that move elements: panels to row-major order, patches, flattening, pooling, maxout.
#include "cuda/kernels/kernel.h"  // first

namespace reluscope::cuda {

RELUSCOPE_KERNEL(Pack, "pack") {
  const auto stride = static_cast<unsigned>(k.stride);
  for_each(static_cast<unsigned>(k.x.rows()) * stride, [&](unsigned i) {
    const int row = static_cast<int>(i / stride), col = static_cast<int>(i % stride);
    k.to[i] = col < k.x.cols() ? k.x.at(row, col) : 0.0f;
  });
}

RELUSCOPE_KERNEL(CopyPatches, "copy_patches") {
  const cpu::Patches& p = k.patches;
  const auto stride = static_cast<unsigned>(k.stride);
  const int channels = k.source.cols(), columns = p.kernel_height * p.kernel_width * channels;
  for_each(static_cast<unsigned>(k.rows) * stride, [&](unsigned i) {
    const int pixel = k.first + static_cast<int>(i / stride), col = static_cast<int>(i % stride);
    float value = 0.0f;
    if (col < columns) {
      const int tap = col / channels, c = col % channels;
      const int image = pixel / (p.width * p.height);
      int y =
          pixel / p.width % p.height * p.scale + p.offset + p.direction * (tap / p.kernel_width);
      int x = pixel % p.width * p.scale + p.offset + p.direction * (tap % p.kernel_width);
      const bool known = y >= 0 && x >= 0 && y % p.divisor == 0 && x % p.divisor == 0;
      y /= p.divisor;
      x /= p.divisor;
      if (known && y < p.source_height && x < p.source_width) {
        value = k.source.at((image * p.source_height + y) * p.source_width + x, c);
      }
    }
    k.to[i] = value;
  });
}

RELUSCOPE_KERNEL(TurnTaps, "turn_taps") {
  const int outs = k.w.cols(), channels = k.turned.cols();
  for_each(k.turned.layout, [&](unsigned i, int row, int c) {
    const int tap = row / outs, o = row % outs;
    k.turned.data[i] = c < channels ? k.w.at(tap * channels + c, o) : 0.0f;
  });
}

RELUSCOPE_KERNEL(Flatten, "flatten") {
  for_each(k.to.layout, [&](unsigned i, int row, int col) {
    float value = 0.0f;
    if (col < k.to.cols()) {  // back: row is a pixel of a sample, col a channel
      value = k.back ? k.from.at(row / k.pixels, col * k.pixels + row % k.pixels)
                     : k.from.at(row * k.pixels + col % k.pixels, col / k.pixels);
    }
    k.to.data[i] = value;
  });
}

namespace {

// The maximum of the window whose first pixel is row `at` of x, and its tap. The first of equal
// maxima wins and NaN wins over numbers.
RELUSCOPE_DEVICE float largest(const Window& window, const ConstMatrixView& x, int at, int c,
                               int& tap) {
  float most = x.at(at, c);
  tap = 0;
  for (int r = 0; r < window.kernel_height; ++r) {
    for (int s = 0; s < window.kernel_width; ++s) {
      const float value = x.at(at + r * window.width + s, c);
      if (value > most || value != value) {
        most = value;
        tap = r * window.kernel_width + s;
      }
    }
  }
  return most;
}

// The row of x at which the window of result (n, oy, ox) begins.
RELUSCOPE_DEVICE int window_row(const Window& w, int n, int oy, int ox) {
  return n * w.pixels() + (oy * w.width + ox) * w.stride;
}

}  // namespace

RELUSCOPE_KERNEL(Pool, "pool") {
  const Window& w = k.window;
  const int out_width = w.out_width(), out_pixels = w.out_pixels();
  for_each(k.y.layout, [&](unsigned i, int row, int c) {
    const int place = row % out_pixels;
    const int at = window_row(w, row / out_pixels, place / out_width, place % out_width);
    if (k.max) {
      int tap;
      k.y.data[i] = largest(w, k.x, at, c, tap);
      return;
    }
    float sum = 0.0f;
    for (int r = 0; r < w.kernel_height; ++r) {
      for (int s = 0; s < w.kernel_width; ++s) sum += k.x.at(at + r * w.width + s, c);
    }
    k.y.data[i] = sum / static_cast<float>(w.taps());
  });
}

// Each element of dx sums the gradients of the windows that contain it, in the order of the
// windows.
RELUSCOPE_KERNEL(PoolBackward, "pool_backward") {
  const Window& w = k.window;
  const int out_height = w.out_height(), out_width = w.out_width(), pixels = w.pixels();
  for_each(k.dx.layout, [&](unsigned i, int row, int c) {
    const int n = row / pixels, y = row % pixels / w.width, x = row % w.width;
    // The first window that contains coordinate `at`.
    const auto first = [&](int at, int kernel) {
      return at < kernel ? 0 : (at - kernel + w.stride) / w.stride;
    };
    float sum = 0.0f;
    for (int oy = first(y, w.kernel_height); oy < out_height && oy * w.stride <= y; ++oy) {
      for (int ox = first(x, w.kernel_width); ox < out_width && ox * w.stride <= x; ++ox) {
        const float slope = k.dy.at((n * out_height + oy) * out_width + ox, c);
        if (k.max) {
          int tap;
          largest(w, k.x, window_row(w, n, oy, ox), c, tap);
          if (tap == (y - oy * w.stride) * w.kernel_width + x - ox * w.stride) sum += slope;
        } else {
          sum += slope / static_cast<float>(w.taps());
        }
      }
    }
    k.dx.data[i] = sum;
  });
}

namespace {

// The first piece of a unit that is NaN, or else the first largest.
RELUSCOPE_DEVICE int largest_piece(const Maxout& k, int row, int unit, float& most) {
  const auto column = [&](int piece) {
    return (unit / k.area * k.pieces + piece) * k.area + unit % k.area;
  };
  int best = 0;
  most = k.x.at(row, column(0));
  for (int piece = 1; piece < k.pieces && most == most; ++piece) {
    const float value = k.x.at(row, column(piece));
    if (value > most || value != value) {
      best = piece;
      most = value;
    }
  }
  return best;
}

}  // namespace

RELUSCOPE_KERNEL(Maxout, "maxout") {
  for_each(k.out.layout, [&](unsigned i, int row, int col) {
    float value = 0.0f, most;
    if (col >= k.out.cols()) {
      // padding
    } else if (k.dy.data == nullptr) {
      largest_piece(k, row, col, value);
    } else {
      const int group = col / k.area, unit = group / k.pieces * k.area + col % k.area;
      if (largest_piece(k, row, unit, most) == group % k.pieces) value = k.dy.at(row, unit);
    }
    k.out.data[i] = value;
  });
}

}  // namespace reluscope::cuda
