// Processing between gradients and weights, compared with plain sums in double: clipping,
// accumulated batches and averages of weights. Fading values become zero. Error messages.
#include <cmath>
#include <cstring>
#include <map>
#include <set>

#include "backend/cpu/cpu_backend.h"
#include "core/error.h"
#include "matrices.h"
#include "network.h"
#include "optim/optimizer.h"
#include "refusals.h"
#include "run/report.h"
#include "run/session.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

// Images of 6 x 6 pixels in three classes, four fifths background.
std::shared_ptr<const Dataset> three_classes(int train) {
  TestRandom random(test_seed() + 70);
  const auto part = [&random](int count) {
    std::vector<std::uint8_t> pixels, labels;
    for (int k = 0; k < count; ++k) {
      labels.push_back(static_cast<std::uint8_t>(k % 3));
      for (int at = 0; at < 36; ++at) {
        const bool there = at / 12 == k % 3 ? random.below(2) == 0 : random.below(10) == 0;
        pixels.push_back(there ? static_cast<std::uint8_t>(random.below(256)) : std::uint8_t{0});
      }
    }
    const auto n = static_cast<std::uint32_t>(count);
    return std::pair{idx_bytes({n, 6, 6}, pixels), idx_bytes({n}, labels)};
  };
  const auto [train_images, train_labels] = part(train);
  const auto [test_images, test_labels] = part(30);
  return std::make_shared<const Dataset>(
      "small", Dataset::Files{train_images, train_labels, test_images, test_labels});
}

Config three_class_config() {
  Config config;
  config.model = "dense 17 | prelu | dense 10";
  config.batch = 24;
  return config;
}

std::vector<float> copy(std::span<const float> values) { return {values.begin(), values.end()}; }

void train(Trainer& trainer, int epochs, double lr) {
  for (int epoch = 1; epoch <= epochs; ++epoch) {
    trainer.start_epoch(epoch);
    for (int batch = 0; batch < trainer.batches(); ++batch) {
      REQUIRE(trainer.step(batch, lr).diverged_layer == -1);
    }
  }
}

std::string start_refusal(const std::string& json) {
  return refusal([&] { Session session(three_classes(60), config_from_json(json)); });
}

}  // namespace

TEST_SUITE_BEGIN("reference");

TEST_CASE("the norm is the double sum's, and clipping scales by it or leaves every bit") {
  const std::uint64_t seed = test_seed() + 71;
  INFO("seed ", seed);
  TestRandom random(seed);
  cpu::CpuBackend backend;
  for (const std::size_t n : {1, 15, 16, 17, 160, 1000, 70001}) {
    CAPTURE(n);
    const std::vector<float> g = random.reals(n, -3.0, 3.0);
    double sum = 0.0;
    for (const float value : g) sum += static_cast<double>(value) * static_cast<double>(value);
    CHECK(backend.sum_of_squares(g.data(), n) == doctest::Approx(sum).epsilon(1e-12));
    const double norm = std::sqrt(sum);
    for (const double limit : {0.5 * norm, 0.999 * norm, 1.001 * norm + 1e-5}) {
      std::vector<float> clipped = g;
      clip_gradients(backend, clipped, {.norm = limit});
      if (limit > norm) {
        CHECK(first_difference(clipped, g) == "");
        continue;
      }
      const double factor = limit / (norm + 1e-6);
      for (std::size_t k = 0; k < n; ++k) {
        REQUIRE(close(static_cast<double>(clipped[k]), factor * static_cast<double>(g[k]), 1e-6));
      }
    }
    std::vector<float> both = g;
    clip_gradients(backend, both, {.value = 0.5, .norm = 0.1});  // by value first
    double after = 0.0;
    for (const float value : both) after += static_cast<double>(value) * static_cast<double>(value);
    double limited = 0.0;
    for (const float value : g)
      limited += std::pow(std::min(0.5, std::abs(static_cast<double>(value))), 2);
    CHECK(std::sqrt(after) ==
          doctest::Approx(
              std::min(0.1 * std::sqrt(limited) / (std::sqrt(limited) + 1e-6), std::sqrt(limited)))
              .epsilon(1e-5));
  }
  std::vector<float> odd = {kNan, 2.0f, -2.0f, 0.25f};
  clip_gradients(backend, odd, {.value = 1.0});
  CHECK(std::isnan(odd[0]));
  CHECK(odd[1] == 1.0f);
  CHECK(odd[2] == -1.0f);
  CHECK(odd[3] == 0.25f);
}

TEST_CASE("accumulated batches make the updates of batches as large, the last ones smaller") {
  // 50 samples, 8 at a time, 3 batches an update: groups of 24, 24 and 2.
  const std::shared_ptr<const Dataset> data = three_classes(50);
  for (const std::string input : {"dense", "sparse"}) {
    for (const std::string optimizer : {"sgd", "adam", "muon"}) {
      CAPTURE(input);
      CAPTURE(optimizer);
      Config config = three_class_config();
      config.input = input;
      config.optimizer = optimizer;
      config.epsilon = 1e-3;  // where a gradient is nearly 0, Adam's step is any
      cpu::CpuBackend backend;
      Trainer large(data, config, backend);
      config.batch = 8;
      config.accumulate = 3;
      Trainer small(data, config, backend);
      CHECK(large.updates_per_epoch() == 3);
      CHECK(small.batches() == 7);
      CHECK(small.updates_per_epoch() == 3);
      const std::vector<float> begin = copy(small.model().parameters());
      small.start_epoch(1);
      small.step(0, 0.01);
      small.step(1, 0.01);
      CHECK(first_difference(copy(small.model().parameters()), begin) == "");
      small.step(2, 0.01);
      CHECK(first_difference(copy(small.model().parameters()), begin) != "");
      for (int batch = 3; batch < 7; ++batch) small.step(batch, 0.01);
      CHECK(small.optimizer().steps() == 3);
      train(large, 1, 0.01);
      const auto a = small.model().parameters(), b = large.model().parameters();
      for (std::size_t k = 0; k < a.size(); ++k) {
        REQUIRE(close(static_cast<double>(a[k]), static_cast<double>(b[k]), 2e-6));
      }
    }
  }
  Config config = three_class_config();
  config.accumulate = 1000;  // more than there are: one update for each epoch
  cpu::CpuBackend backend;
  Trainer once(data, config, backend);
  CHECK(once.updates_per_epoch() == 1);
  train(once, 2, 0.01);
  CHECK(once.optimizer().steps() == 2);
}

TEST_CASE("an average of weights is the double one, it is scored and saved, the weights stay") {
  const std::shared_ptr<const Dataset> data = three_classes(60);
  Config config = three_class_config();
  config.ema = 0.8;
  cpu::CpuBackend backend;
  Trainer trainer(data, config, backend), plain(data, three_class_config(), backend);
  CHECK(first_difference(copy(trainer.scored_parameters()), copy(trainer.model().parameters())) ==
        "");
  std::vector<double> expected;
  for (int epoch = 1; epoch <= 4; ++epoch) {
    trainer.start_epoch(epoch);
    plain.start_epoch(epoch);
    for (int batch = 0; batch < trainer.batches(); ++batch) {
      trainer.step(batch, 0.02);
      plain.step(batch, 0.02);
      const auto weights = trainer.model().parameters();
      if (expected.empty()) expected = widened(copy(weights));
      for (std::size_t k = 0; k < weights.size(); ++k)
        expected[k] = 0.8 * expected[k] + 0.2 * static_cast<double>(weights[k]);
      trainer.evaluate(0, 30);
      plain.evaluate(0, 30);
      REQUIRE(first_difference(copy(weights), copy(plain.model().parameters())) == "");
    }
  }
  const std::vector<float> average = copy(trainer.scored_parameters());
  for (std::size_t k = 0; k < average.size(); ++k) {
    REQUIRE(close(static_cast<double>(average[k]), expected[k], 1e-6));
  }
  CHECK(first_difference(average, copy(trainer.model().parameters())) != "");

  // Scored like a network whose weights are the average.
  const double weights_loss = plain.evaluate(0, 30).loss_sum;
  std::copy(average.begin(), average.end(), plain.model().parameters().begin());
  plain.model().parameters_changed();
  CHECK(trainer.evaluate(0, 30).loss_sum == plain.evaluate(0, 30).loss_sum);
  CHECK(trainer.evaluate(0, 30).loss_sum != weights_loss);
  const std::vector<std::uint8_t> image(36, 100);
  trainer.infer(image);
  plain.infer(image);
  CHECK(trainer.probabilities() == plain.probabilities());
}

TEST_CASE("a file holds the average in place of the weights, and the last line its hash") {
  Config config = three_class_config();
  config.ema = 0.5;
  config.epochs = 1;
  Session session(three_classes(60), config);
  Reported progress;
  while ((progress = report(session.advance())).event() != "done") {
  }
  CHECK(progress.values["weights_sha256"] == session.weights_sha256());
  CHECK(progress.values["ema_sha256"] != session.weights_sha256());
  const std::vector<std::uint8_t> file = session.save("safetensors");
  std::uint64_t size = 0;
  for (std::size_t k = 0; k < 8; ++k) size |= std::uint64_t{file[k]} << (8 * k);
  const Json header =
      Json::parse(file.begin() + 8, file.begin() + 8 + static_cast<std::ptrdiff_t>(size));
  for (const Model::Parameter& p : session.trainer().model().parameter_list()) {
    const std::vector<float> values = Model::gather(p, session.trainer().scored_parameters());
    std::vector<float> saved(values.size());
    std::memcpy(saved.data(),
                file.data() + 8 + size + header[p.name]["data_offsets"][0].get<std::size_t>(),
                saved.size() * sizeof(float));
    CHECK(first_difference(saved, values) == "");
  }
}

TEST_CASE("the rate in use is told where it changes, and only there") {
  for (const bool changes : {false, true}) {
    CAPTURE(changes);
    Config config = three_class_config();
    config.lr = 0.25;
    config.schedule = changes ? "exponential" : "constant";
    config.lr_gamma = 0.5;
    config.epochs = 2;
    config.log_every = 1;
    Session session(three_classes(60), config);
    std::vector<double> epochs;
    for (Reported p = report(session.advance()); p.event() != "done";
         p = report(session.advance())) {
      const int epoch = p.values["epoch"];
      const double lr = changes && epoch == 2 ? 0.125 : 0.25;
      if (p.event() == "batch") {
        CHECK(p.values["lr"] == lr);
        CHECK((p.lines[0].find("\tLR: " + std::string(epoch == 2 ? "0.125" : "0.25")) !=
               std::string::npos) == changes);
      } else if (p.event() == "epoch") {
        CHECK(p.values.contains("lr") == changes);
        if (changes) CHECK(p.values["lr"] == lr);
        epochs.push_back(lr);
      }
    }
    CHECK(epochs.size() == 2);
  }
}

// Once gradients are zero, moments and decaying weights fade to zero, not to denormal numbers.
TEST_CASE("no optimizer leaves denormal numbers behind") {
  cpu::CpuBackend backend;
  for (const OptimizerRow& row : optimizer_rows()) {
    for (const double decay : {0.0, 1.0}) {
      CAPTURE(row.name);
      CAPTURE(decay);
      OptimizerOptions options;
      options.momentum = 0.9;
      options.beta2 = 0.95;
      options.alpha = 0.95;
      options.centered = true;
      options.weight_decay = decay;
      const HiddenMatrix matrix{0, {8, 16}, 16};
      const std::size_t floats = align_up(matrix.layout.size()) + kAlignFloats;
      const auto optimizer = make_optimizer(row.name, options, floats, std::span(&matrix, 1));
      TestRandom random(test_seed() + 72);
      Buffer w(floats), g(floats);
      for (std::size_t k = 0; k < floats; ++k) w.data()[k] = random.real(-1.0, 1.0);
      for (int step = 0; step < 4000; ++step) {
        for (std::size_t k = 0; k < floats; ++k)
          g.data()[k] = step < 3 ? random.real(-1.0, 1.0) : 0.0f;
        // Muon scales even the last trace of a fading momentum to full size.
        optimizer->begin_step(0.05);
        optimizer->apply(backend, w.data(), g.data(), floats);
        int abnormal = 0;
        const auto count = [&abnormal](std::span<const float> values) {
          for (const float v : values) abnormal += !(v == 0.0f || std::isnormal(v));
        };
        count({w.data(), floats});
        for (const Optimizer::State& state : optimizer->state()) count(state.values);
        REQUIRE(abnormal == 0);
      }
    }
  }
}

TEST_CASE(
    "Lion steps by the sign of its mean, which it makes afterwards, and not where that is 0") {
  const std::uint64_t seed = test_seed() + 73;
  INFO("seed ", seed);
  TestRandom random(seed);
  cpu::CpuBackend backend;
  constexpr std::size_t kFloats = 5 * kAlignFloats;
  OptimizerOptions options;
  options.beta1 = 0.8;
  options.beta2 = 0.95;
  options.weight_decay = 0.1;
  const auto optimizer = make_optimizer("lion", options, kFloats);
  CHECK(optimizer->state().size() == 1);
  CHECK(optimizer->state().front().name == "exp_avg");
  Buffer w(kFloats), g(kFloats);
  for (std::size_t k = 0; k < kFloats; ++k) w.data()[k] = random.real(-1.0, 1.0);
  std::vector<double> weight = widened(copy({w.data(), kFloats})), mean(kFloats);
  for (int step = 0; step < 30; ++step) {
    const double lr = step < 20 ? 0.01 : 0.003;
    for (std::size_t k = 0; k < kFloats; ++k) {
      g.data()[k] = k % 7 == 0 ? 0.0f : random.real(-1.0, 1.0);
    }
    optimizer->begin_step(lr);
    optimizer->apply(backend, w.data(), g.data(), kFloats);
    backend.finish();
    for (std::size_t k = 0; k < kFloats; ++k) {
      CAPTURE(step);
      CAPTURE(k);
      const double slope = static_cast<double>(g.data()[k]);
      const double looked = 0.8 * mean[k] + 0.2 * slope;
      mean[k] = 0.95 * mean[k] + 0.05 * slope;
      const double sign = looked > 0.0 ? 1.0 : looked < 0.0 ? -1.0 : 0.0;
      weight[k] = weight[k] * (1.0 - lr * 0.1) - lr * sign;
      REQUIRE(close(static_cast<double>(w.data()[k]), weight[k], 1e-5));
      REQUIRE(close(static_cast<double>(optimizer->state().front().values[k]), mean[k], 1e-6));
    }
  }
}

TEST_CASE("every optimizer lowers the loss of a small network, under every schedule") {
  for (const OptimizerRow& row : optimizer_rows()) {
    for (const ScheduleRow& schedule : schedule_rows()) {
      if (schedule.needs_validation) continue;
      CAPTURE(row.name);
      CAPTURE(schedule.name);
      Config config = three_class_config();
      config.optimizer = row.name;
      config.schedule = schedule.name;
      config.lr = row.name == std::string("sgd") ? 0.1 : 0.01;
      config.lr_gamma = 0.8;
      config.muon_scale = 2.0;
      config.epochs = 12;
      Session session(three_classes(240), config);
      std::vector<double> losses;
      for (Reported p = report(session.advance()); p.event() != "done";
           p = report(session.advance())) {
        REQUIRE(p.event() != "diverged");
        if (p.event() == "epoch") losses.push_back(p.values["train_loss"].get<double>());
      }
      CHECK(losses.back() < 0.8 * losses.front());
    }
  }
}

TEST_CASE("penalties pull weights alone, weight decay pulls every parameter") {
  const std::shared_ptr<const Dataset> data = three_classes(60);
  const std::set<std::string> weights = {"conv1.weight", "fc1.weight", "fc2.weight"};
  const std::set<std::string> others = {"conv1.bias",  "bn1.weight", "bn1.bias",
                                        "act1.weight", "fc1.bias",   "ln1.weight",
                                        "ln1.bias",    "act2.beta",  "fc2.bias"};
  Config config = three_class_config();
  config.model = "conv 4x3 p1 | bn | prelu channel | dense 12 | ln | swish | dense 10";
  config.init = "pytorch";  // in which no bias is 0
  config.seed = 3;
  cpu::CpuBackend backend;
  struct Stepped {
    std::map<std::string, Values> before, after;
    Score score;
  };
  const auto step = [&](const std::string& field, double value, const std::string& optimizer) {
    Config changed = config_from_fields({{"optimizer", optimizer}}, config);
    if (!field.empty()) changed = config_from_json(Json{{field, value}}.dump(), changed);
    Trainer trainer(data, changed, backend);
    trainer.start_epoch(1);
    Stepped stepped;
    stepped.before = state_of(trainer.model(), trainer.model().parameters());
    stepped.score = trainer.step(0, 0.5).score;
    stepped.after = state_of(trainer.model(), trainer.model().parameters());
    return stepped;
  };
  const Stepped plain = step("", 0.0, "sgd"), adamw = step("", 0.0, "adamw");
  double absolute = 0.0, squares = 0.0;
  for (const auto& parameter : plain.before) {
    const std::string& name = parameter.first;
    const Values& values = parameter.second;
    CAPTURE(name);
    CHECK(weights.contains(name) != others.contains(name));
    double size = 0.0;
    for (const double w : values) {
      size += std::abs(w);
      if (!weights.contains(name)) continue;
      absolute += std::abs(w);
      squares += w * w;
    }
    if (name != "bn1.bias" && name != "ln1.bias") CHECK(size > 0.0);
  }
  CHECK(plain.before.size() == weights.size() + others.size());

  // Loss: the penalty counts for each of 24 samples. Gradient: l1 sign(w), 2 l2 w, decay w; the
  // rate is 0.5.
  const Stepped l1 = step("l1", 0.125, "sgd"), l2 = step("l2", 0.25, "sgd");
  CHECK(l1.score.loss_sum ==
        doctest::Approx(plain.score.loss_sum + 24 * 0.125 * absolute).epsilon(1e-6));
  CHECK(l2.score.loss_sum ==
        doctest::Approx(plain.score.loss_sum + 24 * 0.25 * squares).epsilon(1e-6));
  const Stepped decay = step("weight_decay", 0.25, "sgd"),
                apart = step("weight_decay", 0.25, "adamw");
  CHECK(decay.score.loss_sum == plain.score.loss_sum);
  for (const auto& parameter : plain.before) {
    const std::string& name = parameter.first;
    const Values& before = parameter.second;
    CAPTURE(name);
    const bool penalised = weights.contains(name);
    for (std::size_t k = 0; k < before.size(); ++k) {
      const double w = before[k], now = plain.after.at(name)[k];
      const double sign = w > 0.0 ? 1.0 : w < 0.0 ? -1.0 : 0.0;
      REQUIRE(close(l1.after.at(name)[k], now - (penalised ? 0.5 * 0.125 * sign : 0.0), 1e-6));
      REQUIRE(close(l2.after.at(name)[k], now - (penalised ? 0.5 * 2.0 * 0.25 * w : 0.0), 1e-6));
      REQUIRE(close(decay.after.at(name)[k], now - 0.5 * 0.25 * w, 1e-6));
      REQUIRE(close(apart.after.at(name)[k], adamw.after.at(name)[k] - 0.5 * 0.25 * w, 1e-6));
    }
  }
}

TEST_CASE("a penalty is paid once by a group of batches") {
  const std::shared_ptr<const Dataset> data = three_classes(48);
  Config config = three_class_config();
  config.optimizer = "sgd";
  config.l1 = 0.01;
  config.l2 = 0.02;
  cpu::CpuBackend backend;
  Trainer large(data, config, backend);
  config.batch = 8;
  config.accumulate = 3;
  Trainer small(data, config, backend);
  train(large, 2, 0.1);
  train(small, 2, 0.1);
  const auto a = small.model().parameters(), b = large.model().parameters();
  for (std::size_t k = 0; k < a.size(); ++k) {
    REQUIRE(close(static_cast<double>(a[k]), static_cast<double>(b[k]), 2e-6));
  }
}

TEST_CASE("every setting of an optimizer and of a schedule reaches it") {
  Config c;
  c.momentum = 0.11;
  c.nesterov = true;
  c.beta1 = 0.12;
  c.beta2 = 0.13;
  c.epsilon = 0.14;
  c.weight_decay = 0.15;
  c.dampening = 0.16;
  c.alpha = 0.17;
  c.centered = true;
  c.momentum_decay = 0.18;
  c.lr_decay = 0.19;
  c.initial_accumulator = 0.21;
  c.muon_momentum = 0.22;
  c.muon_scale = 0.23;
  const OptimizerOptions o = optimizer_options(c);
  CHECK(o.momentum == 0.11);
  CHECK(o.nesterov);
  CHECK(o.beta1 == 0.12);
  CHECK(o.beta2 == 0.13);
  CHECK(o.epsilon == 0.14);
  CHECK(o.weight_decay == 0.15);
  CHECK(o.dampening == 0.16);
  CHECK(o.alpha == 0.17);
  CHECK(o.centered);
  CHECK(o.momentum_decay == 0.18);
  CHECK(o.lr_decay == 0.19);
  CHECK(o.initial_accumulator == 0.21);
  CHECK(o.muon_momentum == 0.22);
  CHECK(o.muon_scale == 0.23);
  CHECK(!o.cycles_momentum);
  CHECK(!optimizer_options(Config{}).nesterov);
  CHECK(!optimizer_options(Config{}).centered);

  c.schedule = "one_cycle";
  c.epochs = 31;
  c.lr_step = 32;
  c.lr_milestones = "33,34";
  c.lr_gamma = 0.35;
  c.lr_min = 0.36;
  c.lr_period = 37;
  c.lr_restart = 38;
  c.lr_restart_factor = 39;
  c.lr_rise = 0.41;
  c.lr_div = 42.0;
  c.lr_final_div = 43.0;
  c.momentum_min = 0.44;
  c.momentum_max = 0.45;
  c.lr_patience = 46;
  c.lr_threshold = 0.47;
  c.lr_cooldown = 48;
  c.lr_warmup = 49;
  CHECK(optimizer_options(c).cycles_momentum);
  const ScheduleOptions s = schedule_options(c, 51);
  CHECK(s.schedule == "one_cycle");
  CHECK(s.updates_per_epoch == 51);
  CHECK(s.epochs == 31);
  CHECK(s.lr_step == 32);
  CHECK(s.lr_milestones == "33,34");
  CHECK(s.lr_gamma == 0.35);
  CHECK(s.lr_min == 0.36);
  CHECK(s.lr_period == 37);
  CHECK(s.lr_restart == 38);
  CHECK(s.lr_restart_factor == 39);
  CHECK(s.lr_rise == 0.41);
  CHECK(s.lr_div == 42.0);
  CHECK(s.lr_final_div == 43.0);
  CHECK(s.cycle_momentum);
  CHECK(s.momentum_min == 0.44);
  CHECK(s.momentum_max == 0.45);
  CHECK(s.lr_patience == 46);
  CHECK(s.lr_threshold == 0.47);
  CHECK(s.lr_cooldown == 48);
  CHECK(s.lr_warmup == 49);
  c.cycle_momentum = false;
  CHECK(!schedule_options(c, 51).cycle_momentum);
  CHECK(!optimizer_options(c).cycles_momentum);
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("input");

TEST_CASE("every number of the config is refused out of its range, by name") {
  for (const Field& field : config_fields()) {
    const bool is_double = std::holds_alternative<double Config::*>(field.member);
    const bool is_int = std::holds_alternative<int Config::*>(field.member);
    if (!is_double && !is_int) continue;
    CAPTURE(field.name);
    const auto says = [&field](const std::string& text) {
      try {
        config_from_fields({{field.name, text}});
      } catch (const Error& error) {
        return std::string(error.what()).starts_with(field.name + " is ") &&
               std::string(error.what()).find(", but it must be ") != std::string::npos;
      }
      return false;
    };
    CHECK(says("nan"));
    CHECK(says("1e300"));
    CHECK(says("-1e300"));
    CHECK(says("many"));
    if (is_int) CHECK(says("3.5"));
    if (field.min == 0.0) CHECK(says("-1e-9"));
    if (field.below_max) CHECK(says(field.max == 1.0 ? "1" : "x"));
  }
}

TEST_CASE("settings that name a choice or a use say what there is") {
  for (const Field& field : config_fields()) {
    CAPTURE(field.name);
    if (field.used_by.empty()) continue;
    CHECK(field.used_by.size() == 1);
    CHECK((field.used_by.contains("optimizer") || field.used_by.contains("schedule")));
  }
  const auto row_of = [](const std::string& name) {
    for (const auto& row : fields_json()) {
      if (row["name"] == name) return Json::parse(row.dump());
    }
    return Json();
  };
  CHECK(row_of("momentum")["used_when"]["optimizer"] == Json({"sgd", "rmsprop"}));
  CHECK(row_of("lr_min")["used_when"]["schedule"] ==
        Json({"cosine", "cosine_restarts", "plateau"}));
  CHECK(!row_of("weight_decay").contains("used_when"));
  CHECK(row_of("schedule")["choices"].size() == schedule_rows().size());
  CHECK(row_of("optimizer")["choices"].size() == optimizer_rows().size());
  CHECK_THROWS_WITH_AS(
      config_from_fields({{"schedule", "cosin"}}),
      "schedule is \"cosin\", but it must be constant, step, multi_step, exponential, "
      "cosine, cosine_restarts, one_cycle or plateau",
      Error);
}

TEST_CASE("options that do not go together, milestones that are none, plateaus of nothing") {
  CHECK(start_refusal(R"({"model": "dense 10", "optimizer": "sgd", "nesterov": true})") ==
        "nesterov is on but momentum is 0: Nesterov's method needs a momentum above 0");
  CHECK(
      start_refusal(
          R"({"model": "dense 10", "optimizer": "sgd", "nesterov": true, "momentum": 0.9, "dampening": 0.1})") ==
      "nesterov is on but dampening is 0.1: Nesterov's method needs a dampening of 0");
  for (const char* text : {"", "3,", ",3", "3,x", "5,3", "3,3", "0", "1.5", "nan", "1e9", "3 4"}) {
    CAPTURE(text);
    CHECK(start_refusal(
              std::string(R"({"model": "dense 10", "schedule": "multi_step", "lr_milestones": ")") +
              text + "\"}") ==
          "lr_milestones is \"" + std::string(text) +
              "\", but it must be whole epochs from 1, ascending, separated by commas");
    CHECK(start_refusal(std::string(R"({"model": "dense 10", "lr_milestones": ")") + text +
                        "\"}") == "accepted");
  }
  CHECK(start_refusal(
            R"({"model": "dense 10", "schedule": "multi_step", "lr_milestones": "1, 20"})") ==
        "accepted");
  CHECK(start_refusal(R"({"model": "dense 10", "schedule": "plateau"})") ==
        "accepted");  // holds samples out
  // One cycle sets its own momentum.
  CHECK(
      start_refusal(
          R"({"model": "dense 10", "optimizer": "sgd", "nesterov": true, "schedule": "one_cycle"})") ==
      "accepted");
}

TEST_SUITE_END();
