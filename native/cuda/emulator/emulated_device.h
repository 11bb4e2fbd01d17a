// A device that runs on the CPU: kernels in the emulator, products in plain loops. It checks first
// for arguments that cuBLAS would refuse and for accesses out of bounds.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <vector>

#include "cuda/emulator/emulator.h"

namespace reluscope::cuda::emulated {

struct EmulatedGraph final : Graph {
  std::vector<Node> nodes;
};

class EmulatedDevice final : public Device {
 public:
  ~EmulatedDevice() override;

  Conditions conditions;
  Record record;
  int products = 0;
  std::map<Epilogue, int> epilogues;              // number of products with each
  int copies = 0, waits = 0;                      // number of calls
  std::size_t most_bytes = std::size_t{4} << 30;  // simulated memory size
  bool has_epilogues = true;                      // the result of fuses()
  // Applied to the result of fused activations, to simulate devices whose activations differ.
  float (*after_activation)(float y) = [](float y) { return y; };
  int fails_at = 0;  // the call, counted from now, from which on the device is lost; 0: none

  std::string name() const override { return "emulated"; }
  int most_blocks() const override { return 3; }
  void* allocate(std::size_t bytes) override;
  void release(void* memory) noexcept override;
  void* allocate_host(std::size_t bytes) override { return allocate(bytes); }
  void release_host(void* memory) noexcept override { release(memory); }
  bool fuses(const Product&) override { return has_epilogues; }
  void run(std::span<const Node> nodes) override {
    check("starting kernels");
    run_all(nodes);
  }
  std::unique_ptr<Graph> make_graph(std::span<const Node> nodes) override {
    check("making a graph");
    auto graph = std::make_unique<EmulatedGraph>();
    graph->nodes.assign(nodes.begin(), nodes.end());
    return graph;
  }
  void set_arguments(Graph& graph, std::size_t at, const Node& node) override {
    check("setting arguments");
    static_cast<EmulatedGraph&>(graph).nodes.at(at).arguments = node.arguments;
  }
  void run(Graph& graph) override {
    check("starting a graph");
    run_all(static_cast<EmulatedGraph&>(graph).nodes);
  }
  void copy_to_host(void* to, const void* from, std::size_t bytes) override {
    check("copying to the host");
    ++copies;
    std::memcpy(to, from, bytes);
  }
  void wait() override {
    check("waiting for the device");
    ++waits;
  }
  void start_clock() override { started_ = Clock::now(); }
  double stop_clock() override {
    return std::chrono::duration<double>(Clock::now() - started_).count();
  }

  // Computes a product. Throws Error for leading dimensions that are too small, matrices that are
  // not within one allocation, and results that overlap other matrices.
  void multiply(const Product& product);

 private:
  using Clock = std::chrono::steady_clock;
  // Called by every function that can fail on a device; counts down fails_at.
  void check(const char* what);
  void run_all(std::span<const Node> nodes);
  void check_range(const char* what, const float* data, std::int64_t floats) const;

  std::map<std::uintptr_t, std::size_t> blocks_;  // address -> bytes of each allocation
  std::size_t bytes_ = 0;
  bool lost_ = false;
  Clock::time_point started_;
};

}  // namespace reluscope::cuda::emulated
