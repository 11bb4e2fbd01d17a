// Held-out samples, early stopping, and statistics of pixels.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <set>

#include "backend/cpu/cpu_backend.h"
#include "core/error.h"
#include "network.h"
#include "run/report.h"
#include "run/session.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

using Bytes = std::vector<std::uint8_t>;

// Random images of 3 x 4 pixels with random labels, which cannot generalise.
std::shared_ptr<const Dataset> noise(int train, int test, std::uint64_t test_seed_offset = 0) {
  TestRandom random(test_seed() + 80), other(test_seed() + 81 + test_seed_offset);
  const auto part = [](TestRandom& from, int count) {
    Bytes pixels, labels;
    for (int k = 0; k < count; ++k) {
      labels.push_back(static_cast<std::uint8_t>(k < 10 ? k : from.below(10)));
      for (int at = 0; at < 12; ++at) pixels.push_back(static_cast<std::uint8_t>(from.below(256)));
    }
    const auto n = static_cast<std::uint32_t>(count);
    return std::pair{idx_bytes({n, 3, 4}, pixels), idx_bytes({n}, labels)};
  };
  auto [train_images, train_labels] = part(random, train);
  auto [test_images, test_labels] = part(other, test);
  return std::make_shared<const Dataset>(
      "noise", Dataset::Files{train_images, train_labels, test_images, test_labels});
}

struct Ended {
  std::vector<Json> epochs;
  Json done;
  std::vector<std::string> lines;
};

Ended run(Session& session) {
  Ended ended;
  for (;;) {
    const Reported progress = report(session.advance());
    for (const std::string& line : progress.lines) ended.lines.push_back(line);
    if (progress.event() == "epoch") ended.epochs.push_back(progress.values);
    if (progress.event() == "done") {
      ended.done = progress.values;
      return ended;
    }
    REQUIRE(progress.event() != "diverged");
  }
}

Config config_for_noise() {
  Config config;
  config.model = "dense 32 | relu | dense 10";
  config.lr = 0.01;
  config.batch = 16;
  config.epochs = 12;
  return config;
}

}  // namespace

TEST_SUITE_BEGIN("reference");

TEST_CASE("a stratified sample takes of each class by its share, and depends on the seed alone") {
  const std::uint64_t seed = test_seed() + 82;
  INFO("seed ", seed);
  TestRandom random(seed);
  for (const int total : {1, 7, 100, 1234}) {
    Bytes labels;
    for (int i = 0; i < total; ++i) {  // classes of very different sizes
      const double u = random.uniform(0, 1);
      labels.push_back(static_cast<std::uint8_t>(10 * u * u));
    }
    std::array<int, 256> sizes{};
    for (const std::uint8_t label : labels) ++sizes[label];
    for (const int count : {0, 1, total / 10, total / 3, total - 1, total}) {
      const auto chosen = stratified_sample(labels, count, Rng(seed, Purpose::kValidation, 0));
      REQUIRE(chosen.size() == static_cast<std::size_t>(count));
      CHECK(std::is_sorted(chosen.begin(), chosen.end()));
      CHECK(std::set<int>(chosen.begin(), chosen.end()).size() == chosen.size());
      std::array<int, 256> taken{};
      for (const int sample : chosen) {
        REQUIRE(sample >= 0);
        REQUIRE(sample < total);
        ++taken[labels[static_cast<std::size_t>(sample)]];
      }
      for (std::size_t c = 0; c < 256; ++c) {
        CHECK(std::abs(taken[c] - static_cast<double>(count) * sizes[c] / total) < 1.0);
      }
      CHECK(stratified_sample(labels, count, Rng(seed, Purpose::kValidation, 0)) == chosen);
    }
  }
  const Bytes equal(1000, 3);
  CHECK(stratified_sample(equal, 100, Rng(1, Purpose::kValidation, 0)) !=
        stratified_sample(equal, 100, Rng(2, Purpose::kValidation, 0)));
  CHECK(stratified_sample(equal, 100, Rng(1, Purpose::kValidation, 0)) !=
        stratified_sample(equal, 100, Rng(1, Purpose::kTestSplit, 0)));
  // By hand: of 3 samples, classes of 5, 3 and 2 get 1.5, 0.9 and 0.6, so the last two round up.
  const auto three =
      stratified_sample(Bytes{0, 0, 0, 0, 0, 1, 1, 1, 2, 2}, 3, Rng(7, Purpose::kValidation, 0));
  CHECK(three[0] < 5);
  CHECK(three[1] >= 5);
  CHECK(three[1] < 8);
  CHECK(three[2] >= 8);
}

TEST_CASE("held-out samples are never trained on, and all others are, once an epoch") {
  const int count = 90;
  Bytes pixels, labels;
  for (int k = 0; k < count; ++k) {
    pixels.push_back(static_cast<std::uint8_t>(k));  // its index
    labels.push_back(static_cast<std::uint8_t>(k % 10));
  }
  const ImageSet set(1, 1, pixels, labels);
  PixelTable table{};
  for (std::size_t p = 0; p < 256; ++p) table.values[p] = static_cast<float>(p);
  cpu::CpuBackend backend;
  Batcher batcher({.pixels = 1,
                   .train_rows = 7,
                   .evaluate_rows = 20,
                   .table = table,
                   .sparse = false,
                   .background = 0},
                  backend);
  const auto held_out = stratified_sample(labels, 20, Rng(1, Purpose::kValidation, 0));
  std::vector<int> others;
  for (int k = 0; k < count; ++k) {
    if (!std::binary_search(held_out.begin(), held_out.end(), k)) others.push_back(k);
  }
  for (const int epoch : {1, 2}) {
    batcher.shuffle(3, epoch, static_cast<int>(others.size()), others.data());
    std::vector<int> seen;
    for (int first = 0; first < 70; first += 7) {
      const Batch batch = batcher.shuffled(set, first, 7);
      for (int r = 0; r < 7; ++r) {
        seen.push_back(static_cast<int>(batch.input.values.at(r, 0)));
        REQUIRE(batch.labels[r] == seen.back() % 10);
      }
    }
    CHECK(!std::is_sorted(seen.begin(), seen.end()));
    std::sort(seen.begin(), seen.end());
    CHECK(seen == others);
  }
  const Batch scored = batcher.chosen(set, std::span(held_out).subspan(3, 10));
  for (int r = 0; r < 10; ++r) {
    CHECK(scored.input.values.at(r, 0) ==
          static_cast<float>(held_out[static_cast<std::size_t>(r) + 3]));
  }
}

TEST_CASE("how many are held out: as many as asked, or a tenth and at most 5000 where needed") {
  Config config;
  CHECK(validation_size(config, 60000) == 0);
  config.early_stopping = 3;
  CHECK(validation_size(config, 60000) == 5000);
  CHECK(validation_size(config, 49999) == 4999);
  CHECK(validation_size(config, 105) == 10);
  CHECK(validation_size(config, 2) == 1);
  config.validation = 77;
  CHECK(validation_size(config, 60000) == 77);
  config.early_stopping = 0;
  CHECK(validation_size(config, 60000) == 77);
  CHECK(validation_size(config, 78) == 77);
  CHECK_THROWS_WITH_AS(
      validation_size(config, 77),
      "validation is 77, but the training set has 77 samples and at least one must be left", Error);
  config = {};
  config.early_stopping = 2;
  CHECK_THROWS_WITH_AS(validation_size(config, 1),
                       doctest::Contains("a training set of one sample"), Error);
}

TEST_CASE("a run tells the validation set's loss and accuracy after each epoch") {
  const auto data = noise(200, 30);
  Config config = config_for_noise();
  config.epochs = 2;
  config.validation = 45;
  config.test_batch = 20;
  Session session(data, config);
  CHECK(session.trainer().train_count() == 155);
  CHECK(session.trainer().validation_count() == 45);
  CHECK(session.trainer().training_samples().size() == 155);
  const Json start = report(session.start()).values;
  CHECK(start["train_samples"] == 155);
  CHECK(start["validation_samples"] == 45);
  const Ended ended = run(session);
  REQUIRE(ended.epochs.size() == 2);
  for (const Json& epoch : ended.epochs) {
    CHECK(epoch["validation_total"] == 45);
    CHECK(epoch["total"] == 30);
    CHECK(epoch["validation_loss"].get<double>() > 0.0);
    CHECK(epoch["validation_accuracy"].get<double>() ==
          epoch["validation_correct"].get<int>() / 45.0);
  }
  // By hand, from the weights at the end.
  Score score;
  for (int first = 0; first < 45; first += 20) {
    score.add(session.trainer().validate(first, std::min(20, 45 - first)));
  }
  CHECK(score.samples == 45);
  CHECK(ended.epochs.back()["validation_loss"] == score.loss());
  CHECK(ended.epochs.back()["validation_correct"] == score.correct);
  int told = 0;
  for (const std::string& line : ended.lines) {
    told += line.rfind("Validation set: Average loss: ", 0) == 0;
  }
  CHECK(told == 2);
  CHECK(!ended.done.contains("best_epoch"));
}

TEST_CASE("early stopping ends with the weights of the best epoch") {
  const auto data = noise(300, 30);
  Config config = config_for_noise();
  config.early_stopping = 2;
  config.validation = 100;
  Session session(data, config);
  const Ended ended = run(session);
  const int best = ended.done["best_epoch"], last = ended.done["epochs"];
  INFO("best epoch ", best, ", last ", last);
  REQUIRE(last < config.epochs);  // noise does not generalise for long
  CHECK(last == best + 2);
  CHECK(ended.epochs.size() == static_cast<std::size_t>(last));
  for (const Json& epoch : ended.epochs) {
    CHECK(ended.done["best_validation_loss"].get<double>() <=
          epoch["validation_loss"].get<double>());
  }
  Config exact = config;
  exact.early_stopping = 0;
  exact.epochs = best;
  Session shorter(data, exact);
  CHECK(run(shorter).done["weights_sha256"] == ended.done["weights_sha256"]);
  CHECK(shorter.evaluate().loss_sum == session.evaluate().loss_sum);
  // Patience never runs out: all epochs run, and the best weights are still used.
  config.early_stopping = 100;
  Session patient(data, config);
  const Ended all = run(patient);
  CHECK(all.epochs.size() == 12);
  CHECK(all.done["best_epoch"] == best);
  CHECK(all.done["weights_sha256"] == ended.done["weights_sha256"]);
}

TEST_CASE("the test set steers nothing") {
  Config config = config_for_noise();
  config.early_stopping = 2;
  Session session(noise(300, 30), config), other(noise(300, 25, 7), config);
  const Ended one = run(session), two = run(other);
  CHECK(one.done == two.done);
  CHECK(one.epochs.back()["test_loss"] != two.epochs.back()["test_loss"]);
}

TEST_CASE("mean and deviation are those of the pixels that are trained on") {
  const auto data = noise(200, 20);
  const auto expected = [&](const std::vector<int>& without) {
    double sum = 0.0, squares = 0.0, n = 0.0;
    for (int i = 0; i < data->train().count(); ++i) {
      if (std::binary_search(without.begin(), without.end(), i)) continue;
      for (const std::uint8_t p : data->train().image(i)) {
        sum += p / 255.0;
        squares += p / 255.0 * (p / 255.0);
        n += 1.0;
      }
    }
    return std::pair{sum / n, std::sqrt(squares / n - sum / n * (sum / n))};
  };
  cpu::CpuBackend backend;
  Config config = config_for_noise();
  const auto check = [&](const PixelStatistics& found, double mean, double std) {
    CHECK(close(found.mean, mean, 1e-12));
    CHECK(close(found.std, std, 1e-12));
  };
  const auto [mean, std] = expected({});
  check(Trainer(data, config, backend).normalisation(), mean, std);
  config.validation = 60;
  const auto held_out =
      stratified_sample(data->train().labels(), 60, Rng(1, Purpose::kValidation, 0));
  const auto [train_mean, train_std] = expected(held_out);
  CHECK(train_mean != mean);
  check(Trainer(data, config, backend).normalisation(), train_mean, train_std);
  config.mean = 0.25;
  check(Trainer(data, config, backend).normalisation(), 0.25, train_std);
  config.std = 2.0;
  check(Trainer(data, config, backend).normalisation(), 0.25, 2.0);
  // By the data set's name, MNIST's customary numbers.
  const auto named =
      std::make_shared<const Dataset>("mnist", data->train(), data->test(), data->class_names());
  check(Trainer(named, config_for_noise(), backend).normalisation(), 0.1307, 0.3081);
  const ImageSet flat(1, 2, Bytes(20, 7), {0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  const auto equal = std::make_shared<const Dataset>("flat", flat, flat, data->class_names());
  CHECK_THROWS_WITH_AS(Trainer(equal, config_for_noise(), backend),
                       "std is auto, but all training pixels are equal: give std a number", Error);
}

TEST_CASE("early stopping at ties: the first of equal losses is the best") {
  Config config = config_for_noise();
  config.optimizer = "sgd";
  config.lr = 0.0;  // every epoch ends with the same loss
  config.validation = 60;
  for (const int patience : {1, 3}) {
    config.early_stopping = patience;
    Session session(noise(200, 20), config);
    const std::string before = session.weights_sha256();
    const Ended ended = run(session);
    CHECK(ended.done["best_epoch"] == 1);
    CHECK(ended.done["epochs"] == 1 + patience);
    CHECK(ended.epochs.size() == static_cast<std::size_t>(1 + patience));
    CHECK(ended.done["best_validation_loss"] == ended.epochs[0]["validation_loss"]);
    CHECK(ended.done["weights_sha256"] == before);
  }
  // As many epochs as patience, which never runs out.
  config.early_stopping = 3;
  config.epochs = 3;
  Session session(noise(200, 20), config);
  CHECK(run(session).lines.back().find("Weights SHA-256") == 0);
  CHECK(session.position()["epoch"] == 3);
}

TEST_CASE("a validation loss that is no number is the best only while there is no other") {
  Config config = config_for_noise();
  config.validation = 60;
  config.early_stopping = 4;
  config.epochs = 3;
  // Weights that are no numbers while the epochs in `broken` are scored.
  const auto train = [&config](const std::set<int>& broken) {
    Session session(noise(200, 20), config);
    Model& model = session.trainer().model();
    const Model::Parameter& weights = model.parameter_list().front();
    std::vector<float> kept;
    std::vector<double> losses;
    for (;;) {
      const Reported progress = report(session.advance());
      if (progress.event() == "done") return std::pair{progress.values, losses};
      REQUIRE(progress.event() != "diverged");
      if (progress.event() == "epoch")
        losses.push_back(progress.values["validation_loss"].get<double>());
      const bool scoring = session.position()["phase"] == "scoring";
      if (scoring && kept.empty() && broken.contains(static_cast<int>(losses.size()) + 1)) {
        kept = Model::gather(weights, model.parameters());
        Model::scatter(weights, std::vector<float>(kept.size(), kNan), model.parameters());
        model.parameters_changed();
      } else if (!scoring && !kept.empty()) {
        Model::scatter(weights, kept, model.parameters());
        model.parameters_changed();
        kept.clear();
      }
    }
  };
  config.epochs = 1;
  const auto [one, one_loss] = train({1});
  REQUIRE(std::isnan(one_loss.at(0)));
  REQUIRE(one.contains("best_epoch"));
  CHECK(one["best_epoch"] == 1);
  CHECK(one["best_validation_loss"] == std::numeric_limits<double>::infinity());
  config.epochs = 3;
  const auto [first, first_losses] = train({1, 3});
  REQUIRE((std::isnan(first_losses.at(0)) && std::isnan(first_losses.at(2))));
  CHECK(first["best_epoch"] == 2);
  CHECK(first["best_validation_loss"] == first_losses[1]);
  const auto [later, later_losses] = train({2, 3});
  CHECK(later["best_epoch"] == 1);
  CHECK(later["best_validation_loss"] == later_losses[0]);
}

TEST_CASE("at least one sample is trained on, and versions are told up to a thousand") {
  const auto data = six_pixels();  // 24 samples
  const auto says = [&](int validation, int train_samples) {
    Config config;
    config.model = "dense 10";
    config.validation = validation;
    config.train_samples = train_samples;
    try {
      const Session session(data, config);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  CHECK(says(23, 0) == "accepted");
  CHECK(says(24, 0) ==
        "validation is 24, but the training set has 24 samples and at least one must be left");
  CHECK(says(4, 20) == "accepted");
  CHECK(says(4, 21) ==
        "train_samples is 21, but the training set has 24 samples, of which 4 are held out for "
        "validation");
  CHECK(says(0, 24) == "accepted");

  Config config;
  config.model = "dense 10";
  CHECK(augmented(*data, config, 23, 1000).size() == 6000);
  CHECK_THROWS_WITH_AS(augmented(*data, config, 23, 1001),
                       "versions: 1001 were asked for, but 1 to 1000 are allowed", Error);
}

TEST_CASE("the curves hold what the run said, the rate that of the epoch's last step") {
  Config config = config_for_noise();
  config.validation = 40;
  config.epochs = 3;
  config.early_stopping = 9;
  Session session(noise(100, 20), config);
  std::map<std::string, std::vector<float>> wanted;
  const auto add = [&wanted](const std::string& column, double value) {
    wanted[column].push_back(static_cast<float>(value));
  };
  double correct = 0.0, samples = 0.0;
  for (Reported p = report(session.advance()); p.event() != "done"; p = report(session.advance())) {
    REQUIRE(p.event() != "diverged");
    if (p.event() == "batch") {
      for (const char* const name : {"step", "loss", "accuracy"})
        add(name, p.values[name].get<double>());
      const double all = p.values["samples"].get<double>();
      correct += p.values["accuracy"].get<double>() * (all - samples);
      samples = all;
      // A change after all steps of the epoch belongs to the next epoch.
      if (p.values["batch"] == p.values["batches"])
        session.set("lr", 0.01 / (1 + p.values["epoch"].get<int>()));
    } else if (p.event() == "epoch") {
      add("epoch.epoch", p.values["epoch"].get<double>());
      add("epoch.step", 4.0 * p.values["epoch"].get<double>());
      add("epoch.lr", 0.01 / p.values["epoch"].get<double>());
      add("epoch.train_accuracy", correct / samples);
      for (const char* const name :
           {"train_loss", "validation_loss", "validation_accuracy", "test_loss", "test_accuracy"}) {
        add(std::string("epoch.") + name, p.values[name].get<double>());
      }
      correct = samples = 0.0;
    }
  }
  CHECK(session.history().columns().size() == wanted.size());
  for (const auto& column : session.history().columns()) {
    CAPTURE(column.first);
    const std::vector<float>&found = column.second, &said = wanted[column.first];
    REQUIRE(found.size() == said.size());
    for (std::size_t k = 0; k < found.size(); ++k)
      CHECK(found[k] == doctest::Approx(said[k]).epsilon(1e-6));
  }
}

TEST_CASE("lines are printed by the batch within its epoch") {
  Config config = config_for_noise();
  config.epochs = 2;
  config.log_every = 2;
  Session session(noise(48, 20), config);  // 3 batches
  std::vector<std::pair<int, int>> told;
  for (Reported p = report(session.advance()); p.event() != "done"; p = report(session.advance())) {
    REQUIRE(p.event() != "diverged");
    if (p.event() != "batch") continue;
    CHECK(p.lines.size() == p.json.size());
    CHECK(p.csv.size() == p.json.size());
    if (!p.lines.empty())
      told.emplace_back(p.values["epoch"].get<int>(), p.values["batch"].get<int>());
  }
  CHECK(told == std::vector<std::pair<int, int>>{{1, 2}, {2, 2}});
}

TEST_CASE("a change that is made now overtakes those that were planned for later") {
  Config config = config_for_noise();
  config.events = {{1, "lr", 0.5}, {3, "lr", 0.25}};
  Session session(noise(96, 20), config);  // 6 batches
  std::vector<double> rates;
  for (int step = 0; step < 5; ++step) {
    if (step == 2) session.set("lr", 0.125);
    rates.push_back(report(session.advance()).values["lr"].get<double>());
  }
  CHECK(rates == std::vector<double>{0.01, 0.5, 0.125, 0.125, 0.125});
  CHECK(session.config().events == std::vector<Event>{{1, "lr", 0.5}, {2, "lr", 0.125}});
}

TEST_SUITE_END();
