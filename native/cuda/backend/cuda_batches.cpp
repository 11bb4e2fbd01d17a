// CudaBackend: batches from images that stay on the device as bytes: order, pixels, augmentation.
#include <algorithm>

#include "backend/augment_draws.h"
#include "core/error.h"
#include "cuda/backend/cuda_backend.h"

namespace reluscope::cuda {

// The device's copy, made at the first request.
std::uint8_t* CudaBackend::resident(const std::uint8_t* host, std::size_t bytes) {
  std::uint8_t*& copy = resident_[host];
  if (copy == nullptr) {
    copy = static_cast<std::uint8_t*>(device_->allocate(bytes));
    std::copy_n(host, bytes, copy);
  }
  return copy;
}

const float* CudaBackend::copied(std::span<const float> values, std::vector<float>& known,
                                 Buffer& there) {
  if (!std::equal(values.begin(), values.end(), known.begin(), known.end())) {
    finish();
    known.assign(values.begin(), values.end());
    if (there.size() < known.size()) there = Buffer(align_up(known.size()), device_.get());
    std::copy(known.begin(), known.end(), there.data());
  }
  return there.data();
}

bool CudaBackend::gather(const Gathering& gathering) {
  constexpr std::size_t kTable = 256;
  Gathering own = gathering;
  const auto count = static_cast<std::size_t>(gathering.count),
             rows = static_cast<std::size_t>(gathering.to.rows());
  own.table = copied({gathering.table, kTable}, known_table_, table_);
  own.images = resident(gathering.images, count * static_cast<std::size_t>(gathering.pixels));
  if (gathering.to_labels != nullptr) own.labels = resident(gathering.labels, count);
  if (gathering.samples != nullptr) {
    auto* const samples = reinterpret_cast<int*>(make_room(rows * sizeof(int), 0).first);
    std::copy_n(gathering.samples, rows, samples);
    own.samples = samples;
  }
  own.changes = nullptr;
  if (gathering.changes == nullptr) {
    push(grid_for(own.to.layout.size()), Gather{own});
  } else {
    gather_augmented(own, *gathering.changes);
  }
  return true;
}

void CudaBackend::gather_augmented(const Gathering& own, const AugmentPlan& plan) {
  const bool displaced = plan.options.elastic != 0.0;
  const auto count = static_cast<std::size_t>(own.to.rows());
  const float* const gaussian =
      displaced ? copied(plan.gaussian, known_gaussian_, gaussian_) : nullptr;
  const std::size_t changes = align_up(count * sizeof(DrawnChanges) / sizeof(float));
  const std::size_t fields = displaced ? 2 * count * static_cast<std::size_t>(own.pixels) : 0;
  float* const at = workspace(changes + fields);
  const AugmentedBatch batch{
      .gathering = own,
      .plan = plan,
      .rng = {plan.seed, Purpose::kAugment, static_cast<std::uint32_t>(own.epoch)},
      .radius = plan.radius(),
      .rows = own.to.rows(),
      .changes = reinterpret_cast<DrawnChanges*>(at),
      .fields = displaced ? at + changes : nullptr,
      .gaussian = gaussian};
  push(grid_for(count), DrawChanges{batch});
  if (displaced) push(grid_for(fields), SmoothRows{batch});
  push(grid_for(own.to.layout.size()), GatherAugmented{batch});
}

// Bitonic sort. Strides within a block run in shared memory, longer strides as passes over all
// keys.
bool CudaBackend::shuffle(const Rng& rng, std::uint64_t* there, int count, std::uint64_t* order) {
  const auto n = static_cast<unsigned>(count);
  const Grid passes = grid_for(n / 2 + 1),
             blocks{static_cast<int>((n + kSortKeys - 1) / kSortKeys), kThreads};
  push(grid_for(n), MakeKeys{there, n, rng});
  push(blocks, SortBlocks{there, n, 2, kSortKeys});
  for (unsigned size = 2 * kSortKeys; size / 2 < n; size *= 2) {
    push(passes, SortPass{there, n, size, 0});
    for (unsigned stride = size / 4; stride >= kSortKeys; stride /= 2)
      push(passes, SortPass{there, n, size, stride});
    push(blocks, SortBlocks{there, n, size, size});
  }
  submit();
  device_->copy_to_host(order, there, n * sizeof(std::uint64_t));
  return true;
}

}  // namespace reluscope::cuda
