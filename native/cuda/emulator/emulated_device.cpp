#include "cuda/emulator/emulated_device.h"

#include <algorithm>
#include <cmath>
#include <new>

#include "core/bytes.h"
#include "core/error.h"

namespace reluscope::cuda::emulated {
namespace {

// The storage of one matrix of a product.
struct Stored {
  const char* name;
  const float* data;
  int rows, cols, leading;
  std::int64_t stride;

  std::int64_t floats() const { return std::int64_t{rows - 1} * leading + cols; }
};

// An input of a product, rounded to the precision.
float rounded(float x, Precision precision) {
  if (precision == Precision::kFloat32) return x;
  const unsigned dropped = precision == Precision::kTf32 ? 13 : 16;  // of 23 bits
  auto bits = bits_as<std::uint32_t>(x);
  if ((bits & 0x7F800000u) == 0x7F800000u) return x;
  bits += (1u << (dropped - 1)) - 1 + (bits >> dropped & 1u);  // to the nearest, ties to even
  return bits_as<float>(bits >> dropped << dropped);
}

// The activations as documented by cuBLASLt: ReLU, or GELU by tanh.
float activated(Epilogue epilogue, float x) {
  if (epilogue == Epilogue::kBiasRelu) return x < 0.0f ? 0.0f : x;
  const double z = static_cast<double>(x);
  return static_cast<float>(
      0.5 * z *
      (1.0 + std::tanh(std::sqrt(2.0 / 3.14159265358979323846) * (z + 0.044715 * z * z * z))));
}

}  // namespace

EmulatedDevice::~EmulatedDevice() {
  for (const auto& [at, bytes] : blocks_) {
    ::operator delete (reinterpret_cast<void*>(at), std::align_val_t{256});
  }
}

void EmulatedDevice::check(const char* what) {
  if (fails_at > 0 && --fails_at == 0) lost_ = true;
  if (lost_) throw Error(failure_text(what, "unspecified launch failure", true));
}

void* EmulatedDevice::allocate(std::size_t bytes) {
  check("allocating memory");
  if (bytes_ + bytes > most_bytes) {
    throw Error("device cuda (" + name() + "): out of memory: " + std::to_string(bytes) +
                " bytes are needed, but only " + std::to_string(most_bytes - bytes_) + " are free");
  }
  void* const memory = ::operator new (bytes, std::align_val_t{256});
  std::memset(memory, 0xFF, bytes);  // NaN
  blocks_[reinterpret_cast<std::uintptr_t>(memory)] = bytes;
  bytes_ += bytes;
  return memory;
}

void EmulatedDevice::release(void* memory) noexcept {
  const auto at = blocks_.find(reinterpret_cast<std::uintptr_t>(memory));
  if (at == blocks_.end()) return;
  bytes_ -= at->second;
  blocks_.erase(at);
  ::operator delete (memory, std::align_val_t{256});
}

void EmulatedDevice::check_range(const char* what, const float* data, std::int64_t floats) const {
  const auto begin = reinterpret_cast<std::uintptr_t>(data);
  const std::uintptr_t end = begin + static_cast<std::uintptr_t>(floats) * sizeof(float);
  auto block = blocks_.upper_bound(begin);
  if (block != blocks_.begin()) --block;
  if (block == blocks_.end() || begin < block->first || begin >= block->first + block->second) {
    throw Error(std::string("product: ") + what + " is not in the device's memory");
  }
  if (end > block->first + block->second) {
    throw Error(std::string("product: ") + what + " ends " +
                std::to_string(end - block->first - block->second) + " bytes after its allocation");
  }
}

void EmulatedDevice::multiply(const Product& p) {
  const auto refuse = [](const std::string& reason) { throw Error("product: " + reason); };
  const bool keeps = p.epilogue == Epilogue::kBiasGeluKept;
  const auto stored = [](const char* name, const float* data, bool turned, int rows, int cols,
                         int leading, std::int64_t stride) {
    return Stored{name, data, turned ? cols : rows, turned ? rows : cols, leading, stride};
  };
  std::vector<Stored> all{stored("a", p.a, p.transpose_a, p.m, p.k, p.lda, p.stride_a),
                          stored("b", p.b, p.transpose_b, p.k, p.n, p.ldb, p.stride_b)};
  if (p.epilogue != Epilogue::kNone) all.push_back({"bias", p.bias, 1, p.n, p.n, p.stride_bias});
  const std::size_t inputs = all.size();
  const Stored c{"c", p.c, p.m, p.n, p.ldc, p.stride_c};
  all.push_back(c);
  if (keeps) all.push_back({"kept", p.kept, p.m, p.n, p.ldc, p.stride_c});
  if (p.m < 1 || p.n < 1 || p.k < 1 || p.batches < 1) {
    refuse(std::to_string(p.m) + " x " + std::to_string(p.n) + " x " + std::to_string(p.k) +
           " in " + std::to_string(p.batches) + " batches");
  }
  if (p.accumulate && p.epilogue != Epilogue::kNone) refuse("an epilogue after a sum");
  for (const Stored& one : all) {
    if (one.leading < one.cols) {
      refuse(std::string("the leading dimension of ") + one.name + " is " +
             std::to_string(one.leading) + ", but a row has " + std::to_string(one.cols));
    }
    if (one.stride < 0) refuse(std::string("the stride of ") + one.name + " is negative");
    check_range(one.name, one.data, one.stride * (p.batches - 1) + one.floats());
  }
  if (p.batches > 1 && c.stride < c.floats()) {
    refuse("batches of c overlap: " + std::to_string(c.stride) + " floats apart, but each has " +
           std::to_string(c.floats()));
  }
  // Results must not overlap anything.
  const auto end = [&p](const Stored& s) {
    return s.data + s.stride * (p.batches - 1) + s.floats();
  };
  for (std::size_t i = inputs; i < all.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (all[i].data < end(all[j]) && all[j].data < end(all[i])) {
        refuse(all[i].name + std::string(" overlaps ") + all[j].name);
      }
    }
  }
  if (keeps && p.ldc % 8 != 0) {
    refuse("the leading dimension of kept is " + std::to_string(p.ldc) +
           ", but it must be a multiple of 8");
  }
  ++products;
  ++epilogues[p.epilogue];
  std::vector<float> row(p.n);
  for (std::int64_t batch = 0; batch < p.batches; ++batch) {
    const float* const left = p.a + batch * p.stride_a;
    const float* const right = p.b + batch * p.stride_b;
    float* const to = p.c + batch * p.stride_c;
    for (std::int64_t i = 0; i < p.m; ++i) {
      std::fill(row.begin(), row.end(), 0.0f);
      for (std::int64_t l = 0; l < p.k; ++l) {
        const float x =
            rounded(p.transpose_a ? left[l * p.lda + i] : left[i * p.lda + l], p.precision);
        for (std::int64_t j = 0; j < p.n; ++j) {
          const float y = p.transpose_b ? right[j * p.ldb + l] : right[l * p.ldb + j];
          row[j] += x * rounded(y, p.precision);
        }
      }
      for (std::int64_t j = 0; j < p.n; ++j) {
        float& place = to[i * p.ldc + j];
        place = (p.accumulate ? place : 0.0f) + row[j];
        if (p.epilogue == Epilogue::kNone) continue;
        place += p.bias[batch * p.stride_bias + j];
        if (!activates(p.epilogue)) continue;
        if (keeps) p.kept[batch * p.stride_c + i * p.ldc + j] = place;
        place = after_activation(activated(p.epilogue, place));
      }
    }
  }
}

void EmulatedDevice::run_all(std::span<const Node> nodes) {
  for (const Node& node : nodes) {
    if (node.kernel == nullptr) {
      multiply(node.product());
    } else {
      launch(*node.kernel, node.grid, node.arguments.data(), conditions, record);
    }
  }
}

}  // namespace reluscope::cuda::emulated
