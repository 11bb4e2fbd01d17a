// A training step must not allocate. While a switch is on, every operator new of this program is
// counted on all threads, including those of Buffer.
//
// Sanitizers replace these operators, so nothing is counted with them.
#include "mnist.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define RELUSCOPE_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RELUSCOPE_SANITIZED
#endif

#if !defined(RELUSCOPE_SANITIZED)

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

#include "backend/cpu/cpu_backend.h"
#include "train/trainer.h"

namespace {

std::atomic<bool> counting{false};
std::atomic<int> allocations{0};
std::atomic<std::int64_t> live_bytes{0}, peak_bytes{0};

// Set a breakpoint here to find an allocation.
[[gnu::noinline]] void count_allocation() { allocations.fetch_add(1); }

void* counted(std::size_t size, std::size_t alignment) {
  if (counting.load(std::memory_order_relaxed)) count_allocation();
  if (alignment < sizeof(void*)) alignment = sizeof(void*);
  const std::size_t rounded = (size + alignment - 1) / alignment * alignment;
  void* const memory = std::aligned_alloc(alignment, rounded == 0 ? alignment : rounded);
  if (memory == nullptr) throw std::bad_alloc();
  const std::int64_t live = live_bytes += static_cast<std::int64_t>(malloc_usable_size(memory));
  if (live > peak_bytes) peak_bytes = live;  // exact if only one thread allocates
  return memory;
}

// Not inlined, because GCC would see free() of memory from the library's operator new and warn.
[[gnu::noinline]] void release(void* memory) {
  if (memory != nullptr) live_bytes -= static_cast<std::int64_t>(malloc_usable_size(memory));
  std::free(memory);
}

}  // namespace

// The library defines the array and non-throwing forms by these.
void* operator new(std::size_t size) { return counted(size, alignof(std::max_align_t)); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return counted(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }

namespace reluscope {
namespace {

template <class Work>
int allocations_in(const Work& work) {
  allocations = 0;
  counting = true;
  work();
  counting = false;
  return allocations;
}

TEST_SUITE("ops") {
  TEST_CASE("the counter of allocations counts") {
    CHECK(allocations_in([] {}) == 0);
    std::unique_ptr<int> kept;  // a compiler may omit an unused allocation
    CHECK(allocations_in([&] { kept = std::make_unique<int>(1); }) == 1);
    CHECK(allocations_in([] { std::vector<double> some(100); }) == 1);
    CHECK(allocations_in([] { Buffer some(100); }) == 1);
  }

  TEST_CASE("memory listed by purpose is within 10% of the peak on the heap") {
    for (const char* const input : {"dense", "sparse"}) {
      for (const char* const optimizer : {"adam", "sgd"}) {
        CAPTURE(input);
        CAPTURE(optimizer);
        Config config;
        config.input = input;
        config.optimizer = optimizer;
        const auto data = test::mnist();
        const std::int64_t before = live_bytes;
        peak_bytes = before;
        cpu::CpuBackend backend("auto", 1);
        Trainer trainer(data, config, backend);
        trainer.start_epoch(1);
        for (int batch = 0; batch < 3; ++batch) trainer.step(batch, 0.001);
        trainer.evaluate(0, 1000);
        std::int64_t listed = 0;
        for (const auto& [purpose, bytes] : trainer.memory()) {
          if (purpose != "data") listed += static_cast<std::int64_t>(bytes);
        }
        const std::int64_t peak = peak_bytes - before;
        CHECK(std::abs(peak - listed) <= listed / 10);
      }
    }
    for (const auto& [purpose, bytes] :
         Trainer(test::mnist(), {}, *std::make_unique<cpu::CpuBackend>()).memory()) {
      if (purpose == "data") CHECK(bytes == 70000 * (784 + 1) + 2 * (16 + 8));
    }
  }

  TEST_CASE("augmenting allocates nothing in a step, on one thread or two") {
    for (const int threads : {1, 2}) {
      Config config;
      config.model = "dense 16 | relu | dense 10";
      config.augment_rotate = 10;
      config.augment_elastic = 20;
      config.augment_noise = 10;
      config.augment_erase = 0.5;
      config.early_stopping = 1;
      cpu::CpuBackend backend("auto", threads);
      Trainer trainer(test::mnist(), config, backend);
      trainer.start_epoch(1);
      for (int batch = 0; batch < 3; ++batch) trainer.step(batch, 0.001);
      CAPTURE(threads);
      CHECK(allocations_in([&] {
              for (int batch = 3; batch < 8; ++batch) trainer.step(batch, 0.001);
            }) == 0);
      CHECK(allocations_in([&] { trainer.validate(0, 1000); }) == 0);
      CHECK(allocations_in([&] { trainer.keep_weights(); }) == 0);
      CHECK(allocations_in([&] { trainer.restore_weights(); }) == 0);
    }
  }

  TEST_CASE("a training step allocates nothing, dense or sparse, on one thread or two") {
    const std::string models[] = {
        "dense 512 | relu | dense 10", "dense 33 | prelu | dense 17 | elu | dense 10",
        "dense 34 | rrelu | maxout 2 | dense 16 | swish channel | dense 10"};
    const std::string inputs[] = {"dense", "sparse"}, optimizers[] = {"adam", "sgd"};
    for (const std::string& model : models) {
      for (const std::string& input : inputs) {
        for (const std::string& optimizer : optimizers) {
          for (const int threads : {1, 2}) {
            Config config;
            config.model = model;
            config.input = input;
            config.optimizer = optimizer;
            if (model == models[2]) {
              config.l1 = 0.0001;
              config.label_smoothing = 0.1;
              config.class_weights.assign(10, 1.5);
            }
            cpu::CpuBackend backend("auto", threads);
            Trainer trainer(test::mnist(), config, backend);
            trainer.start_epoch(1);
            for (int batch = 0; batch < 3; ++batch) trainer.step(batch, 0.001);
            CAPTURE(model);
            CAPTURE(input);
            CAPTURE(optimizer);
            CAPTURE(threads);
            CHECK(allocations_in([&] {
                    for (int batch = 3; batch < 8; ++batch) trainer.step(batch, 0.001);
                  }) == 0);
            // The smaller last batch must not allocate either.
            CHECK(allocations_in([&] { trainer.step(trainer.batches() - 1, 0.001); }) == 0);
            CHECK(allocations_in([&] { trainer.evaluate(0, 1000); }) == 0);
            CHECK(allocations_in([&] { trainer.infer(test::mnist()->test().image(0)); }) == 0);
          }
        }
      }
    }
  }

  TEST_CASE("no optimizer, clipping, accumulation or average allocates in a step") {
    for (const OptimizerRow& row : optimizer_rows()) {
      for (const char* const input : {"dense", "sparse"}) {
        CAPTURE(row.name);
        CAPTURE(input);
        Config config;
        config.model = "dense 40 | relu | dense 20 | relu | dense 10";
        config.input = input;
        config.optimizer = row.name;
        config.weight_decay = 0.01;
        config.clip_norm = 1.0;
        config.clip_value = 0.5;
        config.accumulate = 2;
        config.ema = 0.9;
        cpu::CpuBackend backend("auto", 2);
        Trainer trainer(test::mnist(), config, backend);
        trainer.start_epoch(1);
        for (int batch = 0; batch < 4; ++batch) trainer.step(batch, 0.001);
        CHECK(allocations_in([&] {
                for (int batch = 4; batch < 8; ++batch) trainer.step(batch, 0.001);
              }) == 0);
        CHECK(allocations_in([&] { trainer.evaluate(0, 1000); }) == 0);
      }
    }
  }

  TEST_CASE("a step with layers of images, normalisation and dropout allocates nothing") {
    for (const std::string optimizer : {"adam", "sgd"}) {
      for (const int threads : {1, 2}) {
        Config config;
        config.model =
            "conv 5x3 s2 p1 | bn | prelu | pool 2 | residual ( conv 5x3 p1 | ln ) | relu | "
            "avgpool 2 s1 | dense 17 | bn | dropout 0.25 | dense 10";
        config.optimizer = optimizer;
        cpu::CpuBackend backend("auto", threads);
        Trainer trainer(test::mnist(), config, backend);
        trainer.start_epoch(1);
        for (int batch = 0; batch < 3; ++batch) trainer.step(batch, 0.001);
        CAPTURE(optimizer);
        CAPTURE(threads);
        CHECK(allocations_in([&] {
                for (int batch = 3; batch < 8; ++batch) trainer.step(batch, 0.001);
              }) == 0);
        CHECK(allocations_in([&] { trainer.step(trainer.batches() - 1, 0.001); }) == 0);
        CHECK(allocations_in([&] { trainer.evaluate(0, 1000); }) == 0);
        CHECK(allocations_in([&] { trainer.infer(test::mnist()->test().image(0)); }) == 0);
      }
    }
  }
}

}  // namespace
}  // namespace reluscope

#endif  // not sanitized
