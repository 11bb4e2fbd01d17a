// A device that is the CPU: kernels run in the emulator, and products in plain loops, which check first
// what cuBLAS would refuse, or read and write out of bounds.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "cuda/emulator.h"

namespace reluscope::cuda::emulated {

class EmulatedDevice final : public Device {
 public:
  ~EmulatedDevice() override;

  Conditions conditions;
  Record record;
  int products = 0, most_product_batches = 0;
  std::size_t most_bytes = std::size_t{4} << 30;  // of memory, as a device would have it
  bool lost = false;                              // every call fails, as after a fault

  std::string name() const override { return "emulated"; }
  int most_blocks() const override { return 3; }
  void* allocate(std::size_t bytes) override;
  void release(void* memory) noexcept override;
  void* allocate_host(std::size_t bytes) override { return allocate(bytes); }
  void release_host(void* memory) noexcept override { release(memory); }
  void run(std::span<const Node> nodes) override;
  std::unique_ptr<Graph> make_graph(std::span<const Node> nodes) override;
  void set_arguments(Graph& graph, std::size_t at, const Node& node) override;
  void run(Graph& graph) override;
  void wait() override;

  // As cuBLAS would compute it. Throws Error for leading dimensions that are too small, matrices that are
  // not within one allocation, and results that overlap.
  void multiply(const Product& product);
  std::size_t allocations() const { return blocks_.size(); }

 private:
  void check_range(const char* what, const float* data, std::int64_t floats) const;

  std::map<std::uintptr_t, std::size_t> blocks_;  // where each begins, and its bytes
  std::size_t bytes_ = 0;
};

}  // namespace reluscope::cuda::emulated
