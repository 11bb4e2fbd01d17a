// Every field of a checkpoint: each is set to a unique value, which must survive loading and
// saving. Also states in which a run is rarely stopped.
#include <set>

#include "core/error.h"
#include "io/json_text.h"
#include "probes.h"
#include "run/checkpoint.h"
#include "runs.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

using FileBytes = std::vector<std::uint8_t>;

// The parts of a checkpoint, from which a modified checkpoint can be built.
struct OpenCheckpoint {
  Metadata metadata;
  std::vector<NamedTensor> tensors;

  explicit OpenCheckpoint(const FileBytes& bytes) {
    const SafetensorsFile file = read_safetensors(bytes);
    metadata = file.metadata;
    for (const StoredTensor& stored : file.tensors) {
      NamedTensor& tensor = tensors.emplace_back(NamedTensor{stored.name, stored.shape, {}});
      if (stored.dtype == "U8")
        tensor.bytes.assign(stored.bytes.begin(), stored.bytes.end());
      else
        tensor.values = float_values(stored);
    }
  }
  FileBytes bytes() const {
    FileBytes file = write_safetensors(tensors, metadata);
    write_checksum(file);
    return file;
  }

  std::string& text(const std::string& key) {
    for (auto& [name, value] : metadata) {
      if (name == key) return value;
    }
    FAIL("no metadata is called ", key);
    return metadata.front().second;
  }
  Json state() { return Json::parse(text("state")); }
  NamedTensor& tensor(const std::string& name) {
    for (NamedTensor& one : tensors) {
      if (one.name == name) return one;
    }
    FAIL("no tensor is called ", name);
    return tensors.front();
  }
  Json monitors() {
    const auto& bytes = tensor("monitors").bytes;
    return Json::parse(std::string(bytes.begin(), bytes.end()));
  }
};

// The same checkpoint after a new session has loaded and saved it.
OpenCheckpoint through(const std::shared_ptr<const Dataset>& data, const Config& config,
                       const FileBytes& bytes) {
  Session session(data, config);
  session.restore(bytes);
  return OpenCheckpoint(session.checkpoint());
}

std::set<std::string> keys_of(const Json& object) {
  std::set<std::string> keys;
  for (const auto& item : object.items()) keys.insert(item.key());
  return keys;
}

void check_same_members(const Json& found, const Json& wanted) {
  CHECK(keys_of(found) == keys_of(wanted));
  for (const auto& item : wanted.items()) {
    CAPTURE(item.key());
    CHECK(found.at(item.key()).dump() == item.value().dump());
  }
}

// Everything that can be combined: groups of two batches, an average, penalties, a best epoch,
// moments.
Config rich_config() {
  return config_from_json(
      R"({"model": "conv 4x3 p1 | bn | prelu channel | dense 7 | ln | relu | dense 10",
    "optimizer": "rmsprop", "momentum": 0.5, "centered": true, "lr": 0.001, "batch": 3, "test_batch": 2, "accumulate": 2,
    "ema": 0.9, "l2": 0.001, "validation": 4, "early_stopping": 9, "schedule": "plateau", "epochs": 9})");
}

// Advances until a condition holds; fails if the run ends before.
template <class Reached>
void advance_until(Session& session, const Reached& reached) {
  do {
    REQUIRE(!is_last(session.advance()));
  } while (!reached(session.position()));
}

// Stopped after the first batch of the third epoch, in the middle of a group.
FileBytes stopped_in_group(const std::shared_ptr<const Dataset>& data, const Config& config) {
  Session session(data, config);
  advance_until(session, [](const Json& at) { return at["epoch"] == 3; });
  return session.checkpoint();
}

const std::set<std::string> kStateKeys = {"phase",           "steps",
                                          "epoch",           "batch",
                                          "scored",          "lr",
                                          "epoch_score",     "validation_score",
                                          "test_score",      "best_loss",
                                          "best_epoch",      "last_epoch",
                                          "optimizer_steps", "optimizer_product",
                                          "average_updates", "penalty",
                                          "schedule",        "history"};

Json with_distinct_numbers(Json state) {
  state["scored"] = 6;
  state["lr"] = 0.3125;
  state["epoch_score"] = {1.25, 2.5, 3, 4};
  state["validation_score"] = {2.25, 3.5, 1, 3};
  state["test_score"] = {4.25, 5.5, 6, 7};
  state["best_loss"] = 0.625;
  state["best_epoch"] = 2;
  state["optimizer_steps"] = 5;
  state["optimizer_product"] = 0.375;
  state["average_updates"] = 8;
  state["penalty"] = 0.0625;
  state["schedule"] = {{"best", 0.75}, {"bad_epochs", 1}, {"cooldown_left", 3}, {"drops", 2}};
  state["history"] = {{"stride", 16}, {"steps", 13}, {"loss", 3.75}, {"accuracy", 4.5}};
  return state;
}

TEST_SUITE("resume") {
  TEST_CASE("every counter of a run that trains comes back") {
    const auto data = six_pixels();
    const Config config = rich_config();
    OpenCheckpoint file(stopped_in_group(data, config));
    CHECK(keys_of(file.state()) == kStateKeys);
    Json state = with_distinct_numbers(file.state());
    REQUIRE(state["phase"] == "training");
    REQUIRE(state["steps"] == 15);
    REQUIRE(state["epoch"] == 3);
    REQUIRE(state["batch"] == 1);
    file.text("state") = json_line(state);
    check_same_members(through(data, config, file.bytes()).state(), state);
    CHECK(steps_of_checkpoint(file.bytes()) == 15);

    // Numbers that JSON cannot represent.
    for (const char* const odd : {"inf", "-inf", "nan"}) {
      for (const char* const key : {"lr", "best_loss", "optimizer_product", "penalty"})
        state[key] = odd;
      state["schedule"]["best"] = odd;
      state["history"]["loss"] = odd;
      state["epoch_score"][0] = odd;
      file.text("state") = json_line(state);
      check_same_members(through(data, config, file.bytes()).state(), state);
    }
  }

  TEST_CASE("every counter of a run that scores comes back") {
    const auto data = six_pixels();
    const Config config = rich_config();
    Session session(data, config);
    advance_until(session,
                  [](const Json& at) { return at["epoch"] == 3 && at["phase"] == "scoring"; });
    session.advance();
    OpenCheckpoint file(session.checkpoint());
    Json state = file.state();
    REQUIRE(state["phase"] == "scoring");
    REQUIRE(state["scored"] == 1);
    state = with_distinct_numbers(state);
    file.text("state") = json_line(state);
    check_same_members(through(data, config, file.bytes()).state(), state);
  }

  TEST_CASE("every counter of a run that has ended comes back") {
    const auto data = six_pixels();
    Config config = rich_config();
    config.epochs = 3;
    Session session(data, config);
    finish(session);
    OpenCheckpoint file(session.checkpoint());
    Json state = file.state();
    REQUIRE(state["phase"] == "done");
    REQUIRE(state["last_epoch"] == 3);
    state = with_distinct_numbers(state);
    file.text("state") = json_line(state);
    check_same_members(through(data, config, file.bytes()).state(), state);
  }

  TEST_CASE("every value of every tensor comes back") {
    const auto data = six_pixels();
    const Config config = rich_config();
    OpenCheckpoint file(stopped_in_group(data, config));
    std::set<std::string> kinds;
    float number = 0.0f;
    for (NamedTensor& tensor : file.tensors) {
      const std::size_t last = tensor.name.find_last_of('.'),
                        before = tensor.name.find_last_of('.', last - 1);
      kinds.insert(tensor.name.starts_with("history.") ? "history" : tensor.name.substr(0, before));
      for (float& value : tensor.values) value = number += 0.25f;
    }
    CHECK(kinds == std::set<std::string>{"model", "running", "optimizer.square_avg",
                                         "optimizer.momentum_buffer", "optimizer.grad_avg",
                                         "average", "group", "best.model", "best.running",
                                         "best.average", "history", "monitors"});
    OpenCheckpoint again = through(data, config, file.bytes());
    REQUIRE(again.tensors.size() == file.tensors.size());
    for (const NamedTensor& tensor : file.tensors) {
      CAPTURE(tensor.name);
      CHECK(again.tensor(tensor.name).values == tensor.values);
    }
  }

  TEST_CASE("all that the monitors remember comes back") {
    const auto data = six_pixels();
    const Config config = config_from_json(
        R"({"model": "dense 5 | relu | dense 4 | tanh | dense 10", "batch": 8, "test_batch": 3, "epochs": 2})");
    Session session(data, config);
    for (int call = 0; call < 4; ++call) session.advance();  // one of them scores
    REQUIRE(session.position()["phase"] == "scoring");
    OpenCheckpoint file(session.checkpoint());
    Json monitors = file.monitors();
    CHECK(keys_of(monitors) == std::set<std::string>{"probe", "classes", "raised", "looks"});
    CHECK(keys_of(monitors["probe"]) == std::set<std::string>{"lives", "gradients", "loss"});
    monitors["raised"] = Json::array(
        {{"silent_units", 1, 17, "some are silent"}, {"loss_rising", -1, 18, "it rises"}});
    Json& probe = monitors["probe"];
    probe["lives"][1] = {
        {"units", 5},
        {"changed", {{0, true, 3, 7, 0.5, 6, 0.25}, {4, false, 1, 2, 0.125, 5, 0.0625}}}};
    probe["lives"][3] = {{"units", 4}, {"changed", {{2, true, 2, 9, "inf", -1, 0.0}}}};
    Json& gradients = probe["gradients"];
    CHECK(keys_of(gradients) ==
          std::set<std::string>{"step", "lr", "norm", "parameters", "activations"});
    gradients["step"] = 11;
    gradients["lr"] = 0.03125;
    gradients["norm"] = "inf";
    REQUIRE(gradients["parameters"].size() == 6);
    double number = 1.0;
    for (Json& norms : gradients["parameters"]) {
      for (Json& norm : norms) norm = number += 0.25;
    }
    gradients["activations"] = {{{"share", 0.4375}, {"units", 5}, {"silent", {1, 3}}},
                                {{"share", nullptr}, {"units", 4}, {"silent", Json::array()}}};
    probe["loss"] = {{"first", 2.5}, {"last", 1.5},        {"lowest", 0.875},
                     {"windows", 6}, {"window_sum", 77.5}, {"window_steps", 99}};
    Json& looks = monitors["looks"];
    CHECK(keys_of(looks) == std::set<std::string>{"stride", "next", "list"});
    looks["stride"] = 4;
    looks["next"] = 23;
    REQUIRE(looks["list"].size() == 3);  // before the first step, and after two
    std::int64_t index = 0;
    for (Json& look : looks["list"]) {
      CHECK(keys_of(look) ==
            std::set<std::string>{"index", "step", "epoch", "lr", "samples", "layers", "flow"});
      look["index"] = index += 4;
      look["step"] = index + 1;
      look["epoch"] = index + 2;
      look["lr"] = number += 0.25;
      look["samples"] = 16;
      REQUIRE(look["layers"].size() == 2);
      for (Json& layer : look["layers"]) {
        CHECK(keys_of(layer) ==
              std::set<std::string>{"moments", "histogram", "kinds", "ends", "fired", "silent"});
        REQUIRE(layer["moments"].size() == 7);
        for (Json& moment : layer["moments"]) moment = number += 0.25;
        for (std::size_t bin = 0; bin < 66; ++bin) layer["histogram"][bin] = bin % 23;
        layer["kinds"] = {2, 4};
        layer["ends"] = {"-inf", 0.5, 0.125, 0.5, "inf", 0.875};
        for (std::size_t u = 0; u < layer["fired"].size(); ++u) layer["fired"][u] = u + 11;
        layer["silent"] = {0, 3};
      }
    }
    looks["list"][1]["flow"] = gradients;
    for (Json& row : looks["list"][1]["flow"]["activations"]) {
      row["units"] = 0;  // looks keep none of them
      row["silent"] = Json::array();
    }
    looks["list"][2]["flow"] = nullptr;
    Json& classes = monitors["classes"];
    CHECK(keys_of(classes) == std::set<std::string>{"samples", "confusion", "hardest"});
    classes["samples"] = 8;
    for (std::size_t cell = 0; cell < 100; ++cell) classes["confusion"][cell] = cell % 9;
    classes["hardest"] = {{7, 1, 2, 3.5, 0.75, 0.03125}, {5, 3, 4, 2.5, 0.625, 0.0625}};
    const std::string text = json_line(monitors);
    NamedTensor& tensor = file.tensor("monitors");
    tensor.bytes.assign(text.begin(), text.end());
    tensor.shape = {static_cast<std::int64_t>(text.size())};

    const Json found = through(data, config, file.bytes()).monitors();
    check_same_members(found, monitors);
    check_same_members(found["probe"], probe);
    check_same_members(found["classes"], classes);

    probe["gradients"] = nullptr;
    const std::string other = json_line(monitors);
    tensor.bytes.assign(other.begin(), other.end());
    tensor.shape = {static_cast<std::int64_t>(other.size())};
    check_same_members(through(data, config, file.bytes()).monitors(), monitors);
  }

  TEST_CASE(
      "numbers of a checkpoint beyond what its run can have are refused, and the last that it can "
      "have is not") {
    const auto data = six_pixels();
    const Config config = rich_config();
    OpenCheckpoint file(stopped_in_group(data, config));
    const Json state = file.state();
    const auto says = [&](const std::string& path, const Json& value) {
      Json changed = state;
      changed[Json::json_pointer(path)] = value;
      file.text("state") = json_line(changed);
      return refusal([&] {
        Session session(data, config);
        session.restore(file.bytes());
      });
    };
    struct Limit {
      const char* path;
      int low, high;
    };
    for (const Limit& limit : std::vector<Limit>{{"/best_epoch", 0, 3},
                                                 {"/last_epoch", 0, 0},
                                                 {"/optimizer_steps", 0, 15},
                                                 {"/average_updates", 0, 15},
                                                 {"/schedule/bad_epochs", 0, 9},
                                                 {"/schedule/drops", 0, 9},
                                                 {"/batch", 0, 6},
                                                 {"/epoch", 1, 9},
                                                 {"/history/stride", 1, 1 << 30}}) {
      CAPTURE(limit.path);
      const std::string between = "must be a whole number from " + std::to_string(limit.low) +
                                  " to " + std::to_string(limit.high);
      CHECK(says(limit.path, limit.low - 1).find(between) != std::string::npos);
      CHECK(says(limit.path, limit.high + 1).find(between) != std::string::npos);
      CHECK(says(limit.path, limit.low).find(between) == std::string::npos);
      CHECK(says(limit.path, limit.high).find(between) == std::string::npos);
    }
    // All samples scored, all of them correct.
    CHECK(says("/test_score", {1.0, 2.0, 10, 10}) == "accepted");
    CHECK(says("/test_score", {1.0, 2.0, 10, 11}).find("from 0 to 10") != std::string::npos);
    CHECK(says("/test_score", {1.0, 2.0, 10, 9}).find("from 0 to 9") != std::string::npos);
    CHECK(says("/epoch_score", {1.0, 2.0, 0, 20}) == "accepted");
    CHECK(says("/epoch_score", {1.0, 2.0, 0, 21}).find("from 0 to 20") != std::string::npos);
    CHECK(says("/validation_score", {1.0, 2.0, 0, 4}) == "accepted");
    CHECK(says("/validation_score", {1.0, 2.0, 0, 5}).find("from 0 to 4") != std::string::npos);
    CHECK(says("/history/steps", 1).find("which is not possible") !=
          std::string::npos);  // of a stride of 1
  }

  TEST_CASE("stopped while drops of the rate cool down: they do so as long as without") {
    Config config = config_from_json(
        R"({"model": "dense 4 | relu | dense 10", "optimizer": "sgd", "lr": 0.5, "schedule": "plateau", "lr_gamma": 0.5,
            "lr_patience": 0, "lr_threshold": 0.99, "lr_cooldown": 2, "validation": 4, "batch": 10, "epochs": 8})");
    // No loss falls below a hundredth, so every epoch after the first is bad. The second bad one
    // drops the rate, and two cool down.
    const std::vector<double> wanted = {0.5, 0.5, 0.25, 0.25, 0.25, 0.125, 0.125, 0.125};
    const auto data = six_pixels();
    for (int stop = 1; stop <= 7; ++stop) {
      CAPTURE(stop);
      Session session(data, config);
      std::vector<double> rates;
      const auto epoch = [&rates](Session& running) {
        for (;;) {
          const Reported progress = report(running.advance());
          REQUIRE(!is_last(progress));
          if (progress.event() != "epoch") continue;
          rates.push_back(progress.values["lr"].get<double>());
          return;
        }
      };
      for (int k = 0; k < stop; ++k) epoch(session);
      Session again(data, config);
      again.restore(session.checkpoint());
      for (int k = stop; k < 8; ++k) epoch(again);
      CHECK(rates == wanted);
    }
  }

  TEST_CASE("a run is not resumed on data of which one label or pixel differs") {
    const auto make = [](int part, std::size_t at) {
      TestRandom random(5);
      std::vector<std::uint8_t> files[4];
      for (int p = 0; p < 4; ++p) {
        const std::size_t count = p < 2 ? 24 : 10;
        for (std::size_t k = 0; k < (p % 2 == 0 ? 6 * count : count); ++k) {
          files[p].push_back(
              static_cast<std::uint8_t>(p % 2 == 0 ? random.below(200) : static_cast<int>(k % 9)));
        }
        if (p == part) ++files[p][at];
      }
      return std::make_shared<const Dataset>(
          "small", Dataset::Files{idx_bytes({24, 2, 3}, files[0]), idx_bytes({24}, files[1]),
                                  idx_bytes({10, 2, 3}, files[2]), idx_bytes({10}, files[3])});
    };
    Config config = config_from_json(R"({"model": "dense 10", "batch": 8})");
    Session session(make(-1, 0), config);
    session.advance();
    const FileBytes bytes = session.checkpoint();
    const auto says = [&](int part, std::size_t at) {
      return refusal([&] {
        Session again(make(part, at), config);
        again.restore(bytes);
      });
    };
    CHECK(says(-1, 0) == "accepted");
    const std::string other =
        "checkpoint: its run was trained on other images than those of \"small\"";
    CHECK(says(0, 143) == other);  // the last training pixel
    CHECK(says(1, 0) == other);
    CHECK(says(1, 23) == other);
    CHECK(says(3, 0) == other);
    CHECK(says(3, 9) == other);
  }

  TEST_CASE("as many epochs as there were, one more, and one less") {
    const Config saved = config_from_json(R"({"epochs": 5})");
    const auto says = [&](const std::string& epochs) {
      return refusal([&] { resumed_config(saved, {{"epochs", epochs}}); });
    };
    CHECK(says("5") == "accepted");
    CHECK(says("6") == "accepted");
    CHECK(says("4") ==
          "epochs is 4, but the checkpoint's run has 5: a resumed run can have more epochs, "
          "not fewer");

    // A run that ended with the weights of an epoch before its last cannot continue; one whose last
    // epoch was the best can.
    const auto data = six_pixels();
    const auto ended = [&](double lr) {
      Config config = config_from_json(
          R"({"model": "dense 6 | relu | dense 10", "optimizer": "sgd", "validation": 4, "early_stopping": 9,
              "epochs": 2})");
      config.lr = lr;
      Session session(data, config);
      advance_until(session, [](const Json& at) { return at["phase"] == "done"; });
      const Reported done = report(session.advance());
      const FileBytes bytes = session.checkpoint();
      const std::string message = refusal([&] {
        Session again(data, resumed_config(config_of_checkpoint(bytes), {{"epochs", "3"}}));
        again.restore(bytes);
        CHECK(again.position()["phase"] == "training");
      });
      return std::pair{done.values["best_epoch"].get<int>(), message};
    };
    CHECK(ended(0.0) ==
          std::pair<int, std::string>{1,
                                      "epochs is 3, but the checkpoint's run has "
                                      "ended with the weights of epoch 1, its best "
                                      "epoch, so it cannot be continued from its last"});
    CHECK(ended(0.001) == std::pair<int, std::string>{2, "accepted"});
  }

  TEST_CASE("a checkpoint of an older version, without looks and texts of warnings, goes on") {
    const auto data = six_pixels();
    const Config config = config_from_json(
        R"({"model": "dense 5 | relu | dense 10", "batch": 8, "test_batch": 3, "epochs": 3, "probe": 1})");
    Session session(data, config);
    for (int call = 0; call < 2; ++call) session.advance();
    OpenCheckpoint file(session.checkpoint());
    Json monitors = file.monitors();
    monitors.erase("looks");
    monitors.erase("raised");
    Json& warned = monitors["warned"] = Json::array();
    warned.push_back({"dead_units", 1});
    const std::string text = json_line(monitors);
    NamedTensor& tensor = file.tensor("monitors");
    tensor.bytes.assign(text.begin(), text.end());
    tensor.shape = {static_cast<std::int64_t>(text.size())};
    Session again(data, config);
    again.restore(file.bytes());
    CHECK(again.units().looks().empty());
    REQUIRE(again.warnings().size() == 1);
    CHECK(again.warnings()[0].warning.code == "silent_units");
    CHECK(to_json(again.warnings()).empty());
    again.advance();
    session.advance();
    REQUIRE(again.units().looks().size() == 1);
    const auto layers_of = [](const Session& of) {
      Json json = looks_json(of.units(), 0)["looks"].back();
      json.erase("index");
      return json;
    };
    CHECK(layers_of(again) == layers_of(session));
  }

  TEST_CASE("what the monitors remember, up to what they can and not beyond") {
    const auto data = six_pixels();
    const Config config = config_from_json(
        R"({"model": "dense 5 | relu | dense 4 | tanh | dense 10", "batch": 8, "test_batch": 3, "epochs": 2})");
    Session session(data, config);
    for (int call = 0; call < 4; ++call) session.advance();
    OpenCheckpoint file(session.checkpoint());
    const Json monitors = file.monitors();
    const auto says = [&](const std::string& path, const Json& value) {
      Json changed = monitors;
      changed[Json::json_pointer(path)] = value;
      const std::string text = json_line(changed);
      NamedTensor& tensor = file.tensor("monitors");
      tensor.bytes.assign(text.begin(), text.end());
      tensor.shape = {static_cast<std::int64_t>(text.size())};
      return refusal([&] {
        Session again(data, config);
        again.restore(file.bytes());
      });
    };
    const auto lives = [](int unit, int deaths, int died) {
      return Json{{"units", 5}, {"changed", {{unit, true, deaths, died, 0.5, -1, 0.0}}}};
    };
    CHECK(says("/probe/lives/1", lives(4, 0, -1)) == "accepted");
    CHECK(says("/probe/lives/1", lives(5, 0, 0)).find("from 0 to 4") != std::string::npos);
    CHECK(says("/probe/lives/1", lives(-1, 0, 0)).find("from 0 to 4") != std::string::npos);
    CHECK(says("/probe/lives/1", lives(0, -1, 0)).find("from 0 to") != std::string::npos);
    CHECK(says("/probe/lives/1", lives(0, 0, -2)).find("from -1 to") != std::string::npos);
    CHECK(says("/probe/lives/1/units", 6).find("from 0 to 5") != std::string::npos);
    CHECK(says("/probe/lives/1/units", 4).find("but the layer has 5") != std::string::npos);
    CHECK(says("/probe/lives/1/units", 0) == "accepted");
    CHECK(says("/probe/gradients/activations/0/silent", {4}) == "accepted");
    CHECK(says("/probe/gradients/activations/0/silent", {5}).find("from 0 to 4") !=
          std::string::npos);
    CHECK(says("/probe/loss/window_steps", 99) == "accepted");
    CHECK(says("/probe/loss/window_steps", 100).find("from 0 to 99") != std::string::npos);
    CHECK(says("/looks/next", 2).find("from 0 to 1") != std::string::npos);  // of an index of 2
    CHECK(says("/looks/stride", 0).find("from 1 to") != std::string::npos);
    const std::string layer = "/looks/list/1/layers/0/";
    CHECK(says(layer + "silent", {4}) == "accepted");
    CHECK(says(layer + "silent", {5}).find("from 0 to 4") != std::string::npos);
    CHECK(says(layer + "fired/0", 24) == "accepted");
    CHECK(says(layer + "fired/0", 25).find("from 0 to 24") != std::string::npos);
    CHECK(says(layer + "fired", {1, 2}).find("must have 5") != std::string::npos);
    CHECK(says(layer + "histogram/65", 120) == "accepted");
    CHECK(says(layer + "histogram/65", 121).find("from 0 to 120") != std::string::npos);
    CHECK(says(layer + "kinds", {0, 4}) == "accepted");
    CHECK(says(layer + "kinds", {0, 5}).find("from 0 to 4") != std::string::npos);
    CHECK(says(layer + "kinds", {0, 1, 2}).find("must have 9") != std::string::npos);
    CHECK(says("/looks/list/1/layers", Json::array()).find("must have 2") != std::string::npos);
    const int samples = monitors["classes"]["samples"].get<int>();
    REQUIRE(samples > 0);
    CHECK(says("/classes/confusion/0", samples) == "accepted");
    CHECK(says("/classes/confusion/0", samples + 1).find("from 0 to " + std::to_string(samples)) !=
          std::string::npos);
    Json hardest = Json::array();
    for (int k = 0; k < 10; ++k) hardest.push_back({k, 9, 9, 1.0, 0.5, 0.25});
    CHECK(says("/classes/hardest", hardest) == "accepted");
    for (const int place : {1, 2}) {
      Json beyond = hardest;
      beyond[3][static_cast<std::size_t>(place)] = 10;
      CHECK(says("/classes/hardest", beyond).find("from 0 to 9") != std::string::npos);
    }
    hardest.push_back(hardest[0]);
    CHECK(says("/classes/hardest", hardest).find("has too many entries") != std::string::npos);
    CHECK(says("/raised", Json::array({{"x", -1, 0, "y"}})) == "accepted");
    CHECK(says("/raised", Json::array({{"x", -2, 0, "y"}})).find("from -1 to") !=
          std::string::npos);
  }

  TEST_CASE("a history that is full, and versions before and after this one") {
    const auto with_points = [](std::size_t points, int stride, int steps) {
      History history;
      History::Columns columns = history.columns();
      for (std::size_t c = 0; c < 3; ++c) columns[c].second.assign(points, 1.0f);
      return refusal([&] { history.restore(columns, {stride, steps, 0.0, 0.0}); });
    };
    CHECK(with_points(4095, 1, 0) == "accepted");
    CHECK(with_points(4096, 1, 0).find("which is not possible") != std::string::npos);
    CHECK(with_points(3, 4, 3) == "accepted");
    CHECK(with_points(3, 4, 4).find("which is not possible") != std::string::npos);
    CHECK(with_points(3, 4, -1).find("which is not possible") != std::string::npos);
    CHECK(with_points(3, 0, 0).find("which is not possible") != std::string::npos);

    const auto data = six_pixels();
    const Config config = config_from_json(R"({"model": "dense 10"})");
    OpenCheckpoint file(Session(data, config).checkpoint());
    const auto says = [&](const std::string& version) {
      file.text("version") = version;
      return refusal([&] { steps_of_checkpoint(file.bytes()); });
    };
    CHECK(says("1") == "accepted");
    CHECK(says("3") ==
          "checkpoint: its version is \"3\", but this program reads versions 1 and 2; a newer "
          "program wrote it");
    CHECK(says("0") == "checkpoint: its version is \"0\", but this program reads versions 1 and 2");
    CHECK(says("x") == "checkpoint: its version is \"x\", but this program reads versions 1 and 2");
  }

  TEST_CASE("where a run is: before, within and between epochs, while it scores and at its end") {
    const auto data = six_pixels();
    Session session(
        data,
        config_from_json(R"({"model": "dense 10", "batch": 10, "test_batch": 5, "epochs": 2})"));
    const auto is = [&session](const char* phase, int step, int epoch, int batch, int samples) {
      const Json wanted = {{"phase", phase}, {"step", step}, {"epoch", epoch},
                           {"batch", batch}, {"batches", 3}, {"samples", samples},
                           {"total", 24}};
      CHECK(session.position().dump() == wanted.dump());
      session.advance();
    };
    is("training", 0, 0, 0, 0);
    is("training", 1, 1, 1, 10);
    is("training", 2, 1, 2, 20);
    is("scoring", 3, 1, 3, 24);
    is("scoring", 3, 1, 3, 24);
    is("training", 3, 1, 3, 24);
    is("training", 4, 2, 1, 10);
    is("training", 5, 2, 2, 20);
    is("scoring", 6, 2, 3, 24);
    is("scoring", 6, 2, 3, 24);
    is("done", 6, 2, 3, 24);
    is("done", 6, 2, 3, 24);
  }
}

}  // namespace
