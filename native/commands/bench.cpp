// `reluscope bench`: measures the training speed with these settings and, on a GPU, the kernels.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <span>
#include <vector>

#include "commands/commands.h"
#include "commands/devices.h"
#include "core/error.h"
#include "core/text.h"
#include "files/data_files.h"
#include "files/output.h"
#include "run/report.h"
#include "run/session.h"

namespace reluscope {
namespace {

// Runs training steps, epoch after epoch, in groups of a size that suits the device.
class Steps {
 public:
  Steps(Trainer& trainer, double lr)
      : trainer_(trainer), rates_(static_cast<std::size_t>(trainer.steps_at_once()), {lr, {}}) {}

  void make(int count) {
    while (count > 0) {
      if (batch_ == trainer_.batches()) {
        trainer_.start_epoch(++epoch_);
        batch_ = 0;
      }
      const int some = std::min({count, trainer_.batches() - batch_, trainer_.steps_at_once()});
      const auto results =
          trainer_.steps(batch_, std::span(rates_).first(static_cast<std::size_t>(some)));
      for (const StepResult& result : results) {
        if (result.diverged_layer >= 0)
          throw Error("bench: the network diverged; a smaller lr may help");
        samples_ += result.score.samples;
      }
      batch_ += some;
      count -= some;
    }
  }
  std::int64_t samples() const { return samples_; }

 private:
  Trainer& trainer_;
  std::vector<StepRates> rates_;
  int epoch_ = 1, batch_ = 0;
  std::int64_t samples_ = 0;
};

}  // namespace

int bench_command(const Arguments& arguments) {
  const Config config = arguments.config();
  const auto most = arguments.flags.has("seconds") ? parse_number(arguments.text("seconds")) : 2.0;
  if (!most || !(*most >= 0.01 && *most <= 3600.0)) {
    throw Error("seconds is " + in_quotes(arguments.text("seconds")) +
                ", but it must be a number from 0.01 to 3600");
  }
  const auto data = load_dataset(config.data, arguments.program, arguments.budget());
  ChosenDevice device = choose_device(config);
  Backend* const backend = device.backend.get();
  Session session(data, config, std::move(device.backend));
  if (!device.notice.empty()) std::printf("%s\n", device.notice.c_str());
  print_lines(stdout, report(session.start()).lines);
  Trainer& trainer = session.trainer();
  Steps steps(trainer, config.lr);

  constexpr int kWarmUp = 50;  // steps that build graphs and fill caches
  steps.make(std::min(kWarmUp, trainer.batches()));
  using Clock = std::chrono::steady_clock;
  const std::int64_t before = steps.samples();
  const auto begin = Clock::now();
  double seconds = 0.0;
  int made = 0;
  while (seconds < *most) {
    steps.make(trainer.steps_at_once());
    made += trainer.steps_at_once();
    seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  }
  const double rate = static_cast<double>(steps.samples() - before) / seconds;
  std::printf("%s samples/s, %s us a step (%d steps of %d samples in %.2f s)\n",
              format("%.0f", rate).c_str(), format("%.1f", 1e6 * seconds / made).c_str(), made,
              std::min(config.batch, trainer.train_count()), seconds);
  std::printf("An epoch of %d samples: %s ms\n", trainer.train_count(),
              format("%.1f", 1e3 * trainer.train_count() / rate).c_str());
  print_lines(stdout, device_costs(backend, [&](int count) { steps.make(count); }));
  return 0;
}

}  // namespace reluscope
