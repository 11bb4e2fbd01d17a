// Optimizers, Muon, clipping and schedules against PyTorch (Muon: against NumPy in double), on
// every SIMD target. Options go through the config, as they do in a run.
#include <set>

#include "backend/cpu/cpu_backend.h"
#include "config/config.h"
#include "matrices.h"
#include "optim/optimizer.h"
#include "optim/schedule.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

Config config_of(const char* key, const Json& name, const Json& lr, const Json& options) {
  Json json = {{key, name}, {"lr", lr}};
  json.update(options);
  return config_from_json(json.dump());
}

std::string first_not_close(const std::vector<float>& actual, const Json& expected) {
  const std::vector<double> values = numbers<double>(expected);
  if (values.size() != actual.size()) return "sizes differ";
  for (std::size_t k = 0; k < values.size(); ++k) {
    if (!close(static_cast<double>(actual[k]), values[k], 1e-5)) {
      return "element " + std::to_string(k) + ": " + std::to_string(actual[k]) + " instead of " +
             std::to_string(values[k]);
    }
  }
  return "";
}

}  // namespace

TEST_SUITE_BEGIN("golden");

TEST_CASE("every optimizer and variant is where PyTorch is after 10 and after 50 steps") {
  const Json& file = golden("optim");
  const std::vector<int> kept = numbers<int>(file["kept"]);
  std::set<std::string> seen;
  for (const std::string& simd : cpu::simd_names()) {
    cpu::CpuBackend backend(simd);
    for (const Json& c : file["cases"]) {
      INFO(simd, ", ", c["name"].get<std::string>(), " ", c["options"].dump());
      seen.insert(c["name"].get<std::string>());
      const Config config = config_of("optimizer", c["name"], c["lr"], c["options"]);
      Panels w(1, 12, numbers<float>(file["start"]), 0.0f);
      const auto optimizer =
          make_optimizer(config.optimizer, optimizer_options(config), w.layout().size());
      std::size_t next = 0;
      for (std::size_t step = 0; step < file["grads"].size(); ++step) {
        Panels g(1, 12, numbers<float>(file["grads"][step]), 0.0f);
        optimizer->begin_step(config.lr);
        optimizer->apply(backend, w.data(), g.data(), w.layout().size());
        backend.finish();
        if (static_cast<int>(step) + 1 != kept[next]) continue;
        CAPTURE(step);
        CHECK(first_not_close(w.logical(), c["after"][next]) == "");
        CHECK(w.padding_is_zero());
        CHECK(w.guard_is_intact());
        ++next;
      }
      CHECK(next == kept.size());
    }
  }
  for (const OptimizerRow& row : optimizer_rows()) {
    CAPTURE(row.name);
    CHECK((seen.count(row.name) == 1 || std::string(row.name) == "muon"));
    CHECK(row.pytorch == file["classes"].value(row.name, std::string()));
  }
}

TEST_CASE("Muon's matrices follow its definition in double, AdamW has the rest") {
  const Json& file = golden("optim");
  const std::vector<int> kept = numbers<int>(file["kept"]);
  for (const std::string& simd : cpu::simd_names()) {
    cpu::CpuBackend backend(simd);
    for (const Json& c : file["muon"]) {
      const int outputs = c["outputs"], inputs = c["inputs"];
      INFO(simd, ", ", outputs, " x ", inputs);
      Json options = {{"muon_scale", c["muon_scale"]},
                      {"muon_momentum", c["muon_momentum"]},
                      {"weight_decay", c["weight_decay"]}};
      const Config config = config_of("optimizer", "muon", c["lr"], options);
      // Between two vectors, stored with inputs as rows.
      const Layout layout{inputs, outputs};
      const std::size_t offset = kAlignFloats, behind = offset + align_up(layout.size());
      const std::size_t floats = behind + kAlignFloats;
      const HiddenMatrix matrix{offset, layout, outputs};
      const auto optimizer =
          make_optimizer("muon", optimizer_options(config), floats, std::span(&matrix, 1));
      const auto adamw = make_optimizer("adamw", optimizer_options(config), floats);
      CHECK(optimizer->needs_gradients());

      Buffer w(floats), g(floats), reference(floats);
      const auto put = [&](Buffer& buffer, const Json& values) {
        const std::vector<float> v = numbers<float>(values);
        for (int o = 0; o < outputs; ++o) {
          for (int i = 0; i < inputs; ++i)
            buffer.data()[offset + layout.index(i, o)] = v[at2(o, i, inputs)];
        }
      };
      put(w, c["start"]);
      for (const std::size_t at : {std::size_t{0}, behind}) {
        for (std::size_t k = 0; k < 5; ++k)
          w.data()[at + k] = reference.data()[at + k] = static_cast<float>(k) - 2.0f;
      }
      std::size_t next = 0;
      for (int step = 0; step < kept.back(); ++step) {
        put(g, c["grads"][static_cast<std::size_t>(step) % c["grads"].size()]);
        for (const std::size_t at : {std::size_t{0}, behind}) {
          for (std::size_t k = 0; k < 5; ++k) g.data()[at + k] = 0.1f * static_cast<float>(k + 1);
        }
        optimizer->begin_step(config.lr);
        optimizer->apply(backend, w.data(), g.data(), floats);
        adamw->begin_step(config.lr);
        adamw->apply(backend, reference.data(), g.data(), floats);
        if (step + 1 != kept[next]) continue;
        CAPTURE(step);
        std::vector<float> values;
        for (int o = 0; o < outputs; ++o) {
          for (int i = 0; i < inputs; ++i) values.push_back(w.data()[offset + layout.index(i, o)]);
        }
        CHECK(first_not_close(values, c["after"][next]) == "");
        ++next;
      }
      CHECK(next == kept.size());
      for (std::size_t k = 0; k < kAlignFloats; ++k) {
        CHECK(w.data()[k] == reference.data()[k]);
        CHECK(w.data()[behind + k] == reference.data()[behind + k]);
      }
      for (int i = 0; i < inputs; ++i) {
        for (int o = outputs; o < layout.padded_cols(); ++o)
          CHECK(w.data()[offset + layout.index(i, o)] == 0.0f);
      }
    }
  }
}

TEST_CASE("clipping by norm and by value is PyTorch's") {
  const Json& file = golden("optim");
  std::vector<float> gradients = numbers<float>(file["grads"][0]);
  for (const float g : numbers<float>(file["grads"][1])) gradients.push_back(g);
  cpu::CpuBackend backend;
  for (const Json& c : file["clip"]) {
    INFO(c["by"].get<std::string>(), " ", c["limit"].get<double>());
    std::vector<float> clipped = gradients;
    ClipOptions options;
    (c["by"] == "norm" ? options.norm : options.value) = c["limit"];
    clip_gradients(backend, clipped, options);
    CHECK(first_not_close(clipped, c["clipped"]) == "");
  }
}

TEST_CASE("every schedule's rates and momenta are PyTorch's") {
  const Json& file = golden("schedules");
  std::set<std::string> seen;
  for (const Json& c : file["cases"]) {
    INFO(c["schedule"].get<std::string>(), " ", c["options"].dump());
    seen.insert(c["schedule"].get<std::string>());
    Config config = config_of("schedule", c["schedule"], c["lr"], c["options"]);
    config.epochs = file["epochs"];
    Schedule schedule(schedule_options(config, c["updates_per_epoch"]));
    Schedule restored = schedule;
    for (std::size_t update = 0; update < c["rates"].size(); ++update) {
      CAPTURE(update);
      const StepRates rates = schedule.at(static_cast<std::int64_t>(update), config.lr);
      CHECK(rates.lr == doctest::Approx(c["rates"][update].get<double>()).epsilon(1e-8));
      REQUIRE(rates.momentum.has_value() == c.contains("momenta"));
      if (rates.momentum) {
        CHECK(*rates.momentum == doctest::Approx(c["momenta"][update].get<double>()).epsilon(1e-8));
      }
      // A new schedule that receives the state continues identically.
      restored = Schedule(schedule_options(config, c["updates_per_epoch"]));
      restored.restore(schedule.state());
      CHECK(restored.at(static_cast<std::int64_t>(update), config.lr).lr == rates.lr);
      if (c.contains("losses")) schedule.epoch_ended(c["losses"][update]);
    }
    CHECK(schedule_row(config.schedule).needs_validation == c.contains("losses"));
    CHECK(schedule.constant() == (c["schedule"] == "constant" && c["options"].empty()));
    CHECK(optimizer_options(config).cycles_momentum == c.contains("momenta"));
  }
  for (const ScheduleRow& row : schedule_rows()) {
    CAPTURE(row.name);
    CHECK(seen.count(row.name) == 1);
  }
}

TEST_SUITE_END();
