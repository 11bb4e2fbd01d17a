#include "cuda/backend/cuda_backend.h"

#include <algorithm>
#include <cstring>

#include "core/error.h"

namespace reluscope::cuda {
namespace {

constexpr std::size_t kStagedBytes = std::size_t{4} << 20, kResultBytes = std::size_t{4} << 20;
constexpr std::size_t kMostReplays = 64;

std::size_t round_up(std::size_t value) {
  constexpr std::size_t kUnit = 64;
  return (value + kUnit - 1) / kUnit * kUnit;
}

}  // namespace

CudaBackend::CudaBackend(std::unique_ptr<Device> device, Precision precision, int threads)
    : device_(std::move(device)), name_(device_->name()), precision_(precision), pool_(threads) {
  if (precision != Precision::kFloat32) name_ += ", " + std::string(this->precision());
  staged_ = static_cast<std::byte*>(device_->allocate_host(kStagedBytes));
  results_ = static_cast<std::byte*>(device_->allocate(kResultBytes));
  read_ = static_cast<std::byte*>(device_->allocate_host(kResultBytes));
  partial_sums_ = static_cast<double*>(device_->allocate_host(kSquareBlocks * sizeof(double)));
}

CudaBackend::~CudaBackend() {
  try {
    device_->wait();
  } catch (const Error&) {  // a lost device: the failed call has already reported it
  }
  replays_.clear();
  for (const auto& [host, copy] : resident_) device_->release(copy);
  device_->release_host(staged_);
  device_->release(results_);
  device_->release_host(read_);
  device_->release_host(partial_sums_);
}

// --- The queue --------------------------------------------------------------------------------

void CudaBackend::measure(Measure what) {
  finish();
  measure_ = what;
  costs_.clear();
}

void CudaBackend::note(const std::string& name, double seconds, std::span<const Node> nodes) {
  Cost& cost = costs_[name];
  ++cost.runs;
  cost.seconds += seconds;
  for (const Node& node : nodes) {
    const double floats = node.kernel == nullptr ? node.product().floats()
                                                 : node.kernel->floats(node.arguments.data());
    cost.bytes += floats * sizeof(float);
    if (node.kernel == nullptr) cost.operations += node.product().operations();
  }
}

void CudaBackend::submit() {
  if (queue_.empty()) return;
  if (measure_ == Measure::kNothing) {
    run_queue();
  } else if (measure_ == Measure::kQueues) {
    // The clock runs until the next finish(), so that launch overhead overlaps the previous queue.
    if (!clock_runs_) device_->start_clock();
    clock_runs_ = true;
    run_queue();
    note("queue", 0.0, queue_);
  } else {
    for (const Node& node : queue_) {
      device_->start_clock();
      device_->run({&node, 1});
      note(node.name(), device_->stop_clock(), {&node, 1});
    }
  }
  queue_.clear();
}

// The first time a queue is run directly, the second time it becomes a graph, and from then on only
// changed arguments are set.
void CudaBackend::run_queue() {
  const auto found = std::find_if(replays_.begin(), replays_.end(), [&](const Replay& replay) {
    return std::equal(replay.nodes.begin(), replay.nodes.end(), queue_.begin(), queue_.end(),
                      [](const Node& a, const Node& b) { return a.replaces(b); });
  });
  if (found == replays_.end()) {
    device_->run(queue_);
    if (replays_.size() == kMostReplays) replays_.erase(replays_.begin());
    replays_.push_back({queue_, nullptr});
  } else {
    if (found->graph == nullptr) {
      found->nodes = queue_;
      found->graph = device_->make_graph(queue_);
      ++graphs_made_;
    }
    for (std::size_t i = 0; i < queue_.size(); ++i) {
      if (found->nodes[i].same_arguments(queue_[i])) continue;
      device_->set_arguments(*found->graph, i, queue_[i]);
      found->nodes[i].arguments = queue_[i].arguments;
      ++arguments_set_;
    }
    device_->run(*found->graph);
  }
}

void CudaBackend::finish() {
  submit();
  if (clock_runs_) costs_["queue"].seconds += device_->stop_clock();
  clock_runs_ = false;
  if (results_bytes_ > 0) device_->copy_to_host(read_, results_, results_bytes_);
  device_->wait();
  for (const Returned& one : returned_) std::memcpy(one.to, read_ + one.from, one.bytes);
  returned_.clear();
  staged_bytes_ = results_bytes_ = 0;
}

std::pair<std::byte*, std::size_t> CudaBackend::make_room(std::size_t staged, std::size_t results) {
  staged = round_up(staged);
  results = round_up(results);
  if (staged > kStagedBytes || results > kResultBytes) {
    throw Error("device cuda: a batch needs " + std::to_string(staged) + " bytes of input and " +
                std::to_string(results) + " bytes of results, but at most " +
                std::to_string(kStagedBytes) + " each are allowed");
  }
  if (staged_bytes_ + staged > kStagedBytes || results_bytes_ + results > kResultBytes) finish();
  return {staged_ + std::exchange(staged_bytes_, staged_bytes_ + staged),
          std::exchange(results_bytes_, results_bytes_ + results)};
}

// The contents are valid until the next operation that uses the workspace is queued.
float* CudaBackend::workspace(std::size_t floats) {
  if (floats > workspace_.size()) {
    finish();
    workspace_ = Buffer();
    workspace_ = Buffer(align_up(floats), device_.get());
  }
  return workspace_.data();
}

Grid CudaBackend::grid_for(std::size_t n) const {
  constexpr std::size_t kMost = std::size_t{1} << 31;
  if (n >= kMost) {
    throw Error("device cuda: a matrix has " + std::to_string(n) +
                " floats, but fewer than 2^31 are allowed; a smaller batch makes it smaller");
  }
  const auto blocks = static_cast<int>((n + kThreads - 1) / kThreads);
  return {std::clamp(blocks, 1, device_->most_blocks()), kThreads};
}

// Learnt parameters are in device memory; others are copied from the host.
ActivationParameters CudaBackend::parameters_of(ActivationId id, const float* p) const {
  ActivationParameters parameters{};
  if (id < 0) return parameters;
  const ActivationInfo& info = activation_info(id);
  if (activation_learns(info)) {
    parameters.at = p;
  } else {
    std::copy_n(p, info.parameters.size(), parameters.values);
  }
  return parameters;
}

}  // namespace reluscope::cuda
