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

  // Runs training steps, epoch after epoch, in groups of a size that suits the device.
  const std::vector<StepRates> rates(static_cast<std::size_t>(trainer.steps_at_once()),
                                     {config.lr, {}});
  int epoch = 1, batch = 0;
  std::int64_t samples = 0;
  const auto make_steps = [&](int count) {
    while (count > 0) {
      if (batch == trainer.batches()) {
        trainer.start_epoch(++epoch);
        batch = 0;
      }
      const int some = std::min({count, trainer.batches() - batch, trainer.steps_at_once()});
      for (const StepResult& result :
           trainer.steps(batch, std::span(rates).first(static_cast<std::size_t>(some)))) {
        if (result.diverged_layer >= 0) {
          throw Error("bench: the network diverged; a smaller lr may help");
        }
        samples += result.score.samples;
      }
      batch += some;
      count -= some;
    }
  };

  constexpr int kWarmUp = 50;  // steps that build graphs and fill caches
  make_steps(std::min(kWarmUp, trainer.batches()));
  using Clock = std::chrono::steady_clock;
  const std::int64_t before = samples;
  const auto begin = Clock::now();
  double seconds = 0.0;
  int made = 0;
  while (seconds < *most) {
    make_steps(trainer.steps_at_once());
    made += trainer.steps_at_once();
    seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  }
  const double rate = static_cast<double>(samples - before) / seconds;
  std::printf("%.0f samples/s, %.1f us a step (%d steps of %d samples in %.2f s)\n", rate,
              1e6 * seconds / made, made, std::min(config.batch, trainer.train_count()), seconds);
  std::printf("An epoch of %d samples: %.1f ms\n", trainer.train_count(),
              1e3 * trainer.train_count() / rate);
  print_lines(stdout, device_costs(backend, make_steps));
  return 0;
}

}  // namespace reluscope
