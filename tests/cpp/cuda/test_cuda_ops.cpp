// The operations of the CUDA backend on the emulator: each compared with the reference in double
// and with the CPU, equal bits in six orders of threads, every kernel covered, every barrier
// necessary.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <type_traits>

#include "../support.h"
#include "backend/cpu/cpu_backend.h"
#include "core/bytes.h"
#include "core/error.h"
#include "cuda/backend/cuda_backend.h"
#include "cuda/checks/checks.h"
#include "cuda/emulator/emulated_device.h"
#include "cuda/kernels/kernels.h"
#include "reference_backend.h"

using namespace reluscope;
using namespace reluscope::test;
using cuda::Bench;
using cuda::CudaBackend;
using cuda::emulated::Conditions;
using cuda::emulated::EmulatedDevice;
using cuda::emulated::Order;
using cuda::emulated::Record;

namespace {

using Results = std::vector<Bench::Result>;

// The results of a check on an emulated device. Adds launches to `record` and the number of
// products to `products`.
Results run_emulated(const cuda::Check& check, const Conditions& conditions, Record& record,
                     std::uint64_t seed, bool epilogues = false, int* products = nullptr) {
  auto owned = std::make_unique<EmulatedDevice>();
  EmulatedDevice& device = *owned;
  device.has_epilogues = epilogues;
  CudaBackend backend(std::move(owned));
  device.conditions = conditions;
  Bench bench(backend, seed);
  check.run(bench);
  const Results results = bench.results();
  if (products != nullptr) *products = device.products;
  for (const auto& [name, count] : device.record.launches) record.launches[name] += count;
  for (const auto& [name, lines] : device.record.barriers)
    record.barriers[name].insert(lines.begin(), lines.end());
  return results;
}

template <class AnyBackend = cpu::CpuBackend>
Results run_on(const cuda::Check& check, std::uint64_t seed) {
  AnyBackend backend;
  Bench bench(backend, seed);
  check.run(bench);
  return bench.results();
}

using Kernels = std::variant<
    cuda::ScaleAdd, cuda::Clamp, cuda::FillUniform, cuda::Drop, cuda::MakeKeys, cuda::SortBlocks,
    cuda::SortPass, cuda::Gather, cuda::DrawChanges, cuda::SmoothRows, cuda::GatherAugmented,
    cuda::Pack, cuda::CopyPatches, cuda::TurnTaps, cuda::Flatten, cuda::Pool, cuda::PoolBackward,
    cuda::Maxout, cuda::ColumnSums, cuda::BlockMoments, cuda::BlockProducts, cuda::TotalSums,
    cuda::TotalMoments, cuda::TotalProducts, cuda::NormaliseColumns, cuda::NormaliseColumnsBackward,
    cuda::SumOfSquares, cuda::AddPenalty, cuda::SoftmaxCrossEntropy, cuda::Softmax>;

template <class... K>
void add_kernels(std::set<const cuda::KernelInfo*>& kernels,
                 std::type_identity<std::variant<K...>>) {
  (kernels.insert(&cuda::kernel_of<K>()), ...);
}

std::set<const cuda::KernelInfo*> all_kernels() {
  using cuda::DeviceOp;
  std::set<const cuda::KernelInfo*> kernels;
  add_kernels(kernels, std::type_identity<Kernels>());
  add_kernels(kernels, std::type_identity<Operation>());
  const auto rules = static_cast<RuleId>(optimizer_rows().size());
  for (RuleId rule = kStoreGradient; rule < rules; ++rule) {
    kernels.insert(&cuda::update_kernel(rule));
  }
  for (ActivationId id = -1; id < activation_count(); ++id) {
    for (int op = 0; op <= static_cast<int>(DeviceOp::kFinishInputGradient); ++op) {
      const bool finishes = op >= static_cast<int>(DeviceOp::kFinishProduct);
      const bool varied = op >= static_cast<int>(DeviceOp::kVariedForward) && !finishes;
      if (!finishes && id < 0) continue;
      if (varied && !activation_varies(activation_info(id))) continue;
      kernels.insert(&cuda::activation_kernel(static_cast<DeviceOp>(op), id));
    }
  }
  return kernels;
}

std::string first_other_bits(const Results& a, const Results& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t k = 0; k < a[i].values.size(); ++k) {
      if (bits_as<std::uint32_t>(a[i].values[k]) != bits_as<std::uint32_t>(b[i].values[k])) {
        return a[i].name + ", element " + std::to_string(k);
      }
    }
  }
  return "";
}

}  // namespace

TEST_SUITE_BEGIN("cuda");

TEST_CASE(
    "every operation on the emulator is the reference's in double and the CPU's, with the same "
    "bits in any order of threads") {
  const std::uint64_t seed = test_seed() + 700;
  Record record;
  const auto orders = std::span(cuda::emulated::kOrders)
                          .first(full_tier() ? std::size(cuda::emulated::kOrders) : 2);
  for (const cuda::Check& check : cuda::all_checks()) {
    INFO("seed ", seed, ", ", check.name);
    const Results expected = run_on(check, seed), reference = run_on<ReferenceBackend>(check, seed);
    CHECK(expected.size() > 0);
    REQUIRE(reference.size() == expected.size());
    CHECK(cuda::difference(expected, reference) == "");
    Results first;
    int products = 0;
    for (const Order order : orders) {
      INFO("order ", static_cast<int>(order));
      const Results results = run_emulated(check, {order}, record, seed, false, &products);
      REQUIRE(results.size() == expected.size());
      CHECK(cuda::difference(results, expected) == "");
      CHECK(cuda::difference(results, reference) == "");
      if (first.empty()) first = results;
      CHECK(first_other_bits(results, first) == "");
    }
    // Products with fused epilogues, whose GELU is computed differently.
    if (products == 0) continue;
    Results fused = run_emulated(check, {}, record, seed, true);
    CHECK(cuda::difference(fused, expected) == "");
    for (std::size_t i = 0; i < fused.size(); ++i) {
      if (fused[i].name.starts_with("gelu_tanh")) fused[i].values = first[i].values;
    }
    CHECK(first_other_bits(fused, first) == "");
  }
  for (const cuda::KernelInfo* kernel : all_kernels()) {
    INFO(kernel->name);
    CHECK(record.launches[kernel->name] >= static_cast<int>(orders.size()));
  }
}

TEST_CASE(
    "activations follow products on the device where its own are the CPU's and nobody reads the "
    "product in between") {
  using cuda::Epilogue;
  struct Outcome {
    std::map<Epilogue, int> epilogues;
    Results results;
  };
  const auto run = [](const char* name, bool keeps_product, float (*after_activation)(float)) {
    auto owned = std::make_unique<EmulatedDevice>();
    EmulatedDevice& device = *owned;
    if (after_activation != nullptr) device.after_activation = after_activation;
    CudaBackend backend(std::move(owned));
    Bench b(backend, test_seed() + 702);
    const MatrixView x = b.random(5, 40), w = b.random(40, 40), bias = b.random(1, 40);
    const MatrixView z = b.poisoned(5, 40), y = b.poisoned(5, 40);
    const ActivationId id = find_activation(name);
    for (int i = 0; i < 2; ++i) {  // the second time the properties of the device are known
      device.epilogues.clear();
      backend.matmul({x}, w, bias.data, z, {id, nullptr, y.data, keeps_product});
      backend.finish();
    }
    b.result("z", z);
    b.result("y", y);
    return Outcome{device.epilogues, b.results()};
  };
  // Two products, as 40 columns are a panel of 32 and one of 16.
  const auto only = [](Epilogue epilogue) { return std::map<Epilogue, int>{{epilogue, 2}}; };
  CHECK(run("relu", true, nullptr).epilogues == only(Epilogue::kBias));
  const Outcome relu = run("relu", false, nullptr);
  CHECK(relu.epilogues == only(Epilogue::kBiasRelu));
  for (const float value : relu.results[0].values) CHECK(std::isnan(value));  // never written
  CHECK(run("gelu_tanh", false, nullptr).epilogues == only(Epilogue::kBiasGelu));
  const Outcome gelu = run("gelu_tanh", true, nullptr);
  CHECK(gelu.epilogues == only(Epilogue::kBiasGeluKept));
  CHECK(run("gelu", false, nullptr).epilogues == only(Epilogue::kBias));  // the exact one
  // An activation that loses NaN, as a maximum may, and an imprecise one.
  const auto without_nan = [](float y) { return std::isnan(y) ? 0.0f : y; };
  const auto imprecise = [](float y) { return y * 1.0001f; };
  for (const char* const name : {"relu", "gelu_tanh"}) {
    const Results expected = run(name, true, nullptr).results;
    for (float (*wrong)(float) : {+without_nan, +imprecise}) {
      const Outcome outcome = run(name, false, wrong);
      CHECK(outcome.epilogues == only(Epilogue::kBias));
      CHECK(cuda::difference(outcome.results, expected) == "");
    }
  }
}

// Several kernels may share a function with a barrier: at least one must fail without it.
TEST_CASE("a barrier that is left out is found out, every one of them") {
  const std::uint64_t seed = test_seed() + 701;
  std::map<int, bool> found;  // by line
  struct Case {
    cuda::Check check;
    Results expected;
    std::set<int> lines;
  };
  std::vector<Case> cases;
  for (const cuda::Check& check : cuda::all_checks()) {
    Case& made = cases.emplace_back(check, run_on(check, seed));
    Record seen;
    run_emulated(check, {}, seen, seed);
    for (const auto& [kernel, own] : seen.barriers) made.lines.insert(own.begin(), own.end());
  }
  // Most missing barriers are detected in any order by one of the checks.
  for (const Order order : cuda::emulated::kOrders) {
    for (const Case& each : cases) {
      for (const int line : each.lines) {
        if (found[line]) continue;
        Record record;
        found[line] = cuda::difference(run_emulated(each.check, {order, line}, record, seed),
                                       each.expected) != "";
      }
    }
  }
  CHECK(found.size() >= 5);
  for (const auto& barrier : found) {
    INFO("seed ", seed, ", barrier in line ", barrier.first);
    CHECK(barrier.second);
  }
}

TEST_CASE(
    "the self-test's comparison says nothing of a right device and names what a wrong one gets "
    "wrong") {
  const auto checks = cuda::all_checks();
  const auto sums = std::find_if(checks.begin(), checks.end(),
                                 [](const auto& check) { return check.name == "batch_norm"; });
  REQUIRE(sums != checks.end());
  auto owned = std::make_unique<EmulatedDevice>();
  EmulatedDevice& device = *owned;
  CudaBackend backend(std::move(owned));
  cpu::CpuBackend reference;
  CHECK(cuda::run_check(*sums, backend, reference, test_seed()) == "");
  // With the barriers ignored: one of them follows writes by every lane.
  const std::set<int> lines = device.record.barriers.at("block_moments");
  REQUIRE(lines.size() >= 2);
  device.conditions = {Order::kDescending, *lines.rbegin()};
  const std::string problem = cuda::run_check(*sums, backend, reference, test_seed());
  CHECK(problem.find("element") != std::string::npos);
  CHECK(problem.find("instead of") != std::string::npos);
}

TEST_SUITE_END();
