// Configs: JSON, flags and URL hash through one table of fields; errors that name the field, the
// value found and the allowed values; and the errors of a session.
#include <cmath>
#include <cstdio>
#include <limits>
#include <set>

#include "backend/cpu/cpu_backend.h"
#include "config/config.h"
#include "core/error.h"
#include "core/text.h"
#include "io/json_text.h"
#include "network.h"
#include "refusals.h"
#include "run/checkpoint.h"
#include "run/report.h"
#include "run/session.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

std::string session_refusal(const std::string& json) {
  return refusal([&] { Session session(six_pixels(), config_from_json(json)); });
}

bool field_is_numeric(const Field& field) {
  return !std::holds_alternative<bool Config::*>(field.member) &&
         !std::holds_alternative<std::string Config::*>(field.member) &&
         !std::holds_alternative<std::vector<Event> Config::*>(field.member);
}

// With another value of that field, as far from its default as it may be.
Config with_other_value(const Field& field) {
  Config changed;
  if (const auto* t = std::get_if<std::string Config::*>(&field.member)) {
    changed.*(*t) = field.choices.empty() ? "other" : field.choices.back().name;
  } else if (const auto* b = std::get_if<bool Config::*>(&field.member)) {
    changed.*(*b) = !(changed.*(*b));
  } else if (std::holds_alternative<std::vector<Event> Config::*>(field.member)) {
    changed.events = {{0, "lr", 0.5}};
  } else {
    const double value = field.below_max ? field.max / 2 : field.max;
    changed = config_from_fields({{field.name, number_text(value)}});
  }
  return changed;
}

}  // namespace

TEST_SUITE_BEGIN("input");

TEST_CASE("the defaults are the reference program's") {
  const Config c;
  CHECK(c.model == "dense 512 | relu | dense 10");
  CHECK(c.optimizer == "adam");
  CHECK(c.lr == 0.001);
  CHECK(c.beta1 == 0.9);
  CHECK(c.beta2 == 0.999);
  CHECK(c.epsilon == 1e-8);
  CHECK(c.epochs == 10);
  CHECK(c.batch == 64);
  CHECK(c.test_batch == 1000);
  CHECK(!c.mean);  // for MNIST the program's 0.1307 and 0.3081
  CHECK(!c.std);
  CHECK(kMnistMean == 0.1307);
  CHECK(kMnistStd == 0.3081);
  CHECK(c.init == "he_normal");
  CHECK(config_from_json("{}") == c);
  CHECK(config_from_fields({}) == c);
  CHECK(config_to_fields(c).empty());
}

TEST_CASE("a run that goes on or is forked refuses every field whose row does not allow it") {
  // What a run may change, in full: a new row must not let a field through by itself.
  const std::set<std::string> free = {"epochs", "log_every", "threads",  "input",
                                      "device", "simd",      "precision"};
  const std::set<std::string> fixed = {
      "data", "mean", "std",  "validation",     "train_samples", "batch",
      "ema",  "seed", "init", "early_stopping", "accumulate",    "init_value"};
  for (const Field& field : config_fields()) {
    CAPTURE(field.name);
    const Config saved, changed = with_other_value(field);
    REQUIRE(!(changed == saved));
    const std::string begin =
        field.name + " is " + config_to_json(changed)[field.name].dump() + ", but the ";
    const std::string resumed = refusal([&] { check_resume(saved, changed); });
    const std::string forked = refusal([&] { check_fork(saved, changed); });
    if (free.contains(field.name))
      CHECK(resumed == "accepted");
    else
      check_says(resumed, {begin + "checkpoint's run has ", "a resumed run can only change"});
    if (fixed.contains(field.name))
      check_says(forked, {begin + "run to fork has ", "a fork cannot change it"});
    else if (field.name != "schedule")  // which says whether samples are held out
      CHECK(forked == "accepted");
  }
}

TEST_CASE(
    "every field goes through JSON and texts and comes back, and an unknown one is never taken") {
  REQUIRE(!config_fields().empty());
  for (const Field& field : config_fields()) {
    CAPTURE(field.name);
    CHECK(!field.label.empty());
    CHECK(!field.help.empty());
    CHECK(!field.section.empty());
    CHECK((field.max > field.min) == field_is_numeric(field));
    Config changed;
    if (const auto* d = std::get_if<double Config::*>(&field.member)) changed.*(*d) = 0.1 + 0.2;
    if (const auto* a = std::get_if<AutoNumber Config::*>(&field.member)) changed.*(*a) = 0.1 + 0.2;
    if (const auto* w = std::get_if<AutoWhole Config::*>(&field.member)) changed.*(*w) = 3;
    if (const auto* i = std::get_if<int Config::*>(&field.member)) changed.*(*i) = 3;
    if (const auto* s = std::get_if<std::int64_t Config::*>(&field.member))
      changed.*(*s) = 9007199254740991;
    if (const auto* b = std::get_if<bool Config::*>(&field.member))
      changed.*(*b) = !(changed.*(*b));
    if (const auto* t = std::get_if<std::string Config::*>(&field.member))
      changed.*(*t) = field.choices.empty() ? "a | b & c=d #é" : field.choices.back().name;
    if (std::holds_alternative<std::vector<Event> Config::*>(field.member))
      changed.events = {{0, "lr", 0.5}, {7, "lr", 1.0 / 3.0}};
    if (const auto* l = std::get_if<std::vector<double> Config::*>(&field.member))
      changed.*(*l) = {field.max, 1.0 / 3.0, 1.0};
    CHECK(!(changed == Config{}));
    CHECK(config_from_json(config_to_json(changed).dump()) == changed);
    const Fields texts = config_to_fields(changed);
    REQUIRE(texts.size() == 1);
    CHECK(texts[0].first == field.name);
    CHECK(config_from_fields(texts) == changed);
  }
  CHECK(fields_json().size() == config_fields().size());
}

TEST_CASE("an unknown key names the nearest known one") {
  check_says(json_refusal(R"({"learning_rat": 1})"), {"\"learning_rat\""});
  check_says(json_refusal(R"({"epoch": 1})"), {"\"epoch\"", "\"epochs\""});
  check_says(json_refusal(R"({"optimiser": "sgd"})"), {"\"optimiser\"", "\"optimizer\""});
  check_says(text_refusal("batchsize", "1"), {"\"batchsize\"", "\"batch\""});
  check_says(text_refusal("moментum", "1"), {"momentum"});
  check_says(text_refusal("LR", "1"), {"\"LR\"", "lr"});
  check_says(text_refusal("", "1"), {"\"\""});
  check_says(text_refusal("qqqqqqqqqqqqqqqqqqqqqqqq", "1"),
             {"\"qqqqqqqqqqqqqqqqqqqqqqqq\"", "lr", "epochs"});
  check_says(text_refusal(std::string(100000, 'a'), "1"), {"aaaa"}, 500);
}

TEST_CASE("mean and deviation are numbers or auto") {
  const Config given = config_from_fields({{"mean", "0.5"}});
  CHECK(given.mean == 0.5);
  CHECK(config_from_fields({{"mean", "auto"}}, given) == Config{});
  CHECK(config_from_json(R"({"mean": "auto"})", given) == Config{});
  CHECK(config_to_json({})["std"] == "auto");
  CHECK(config_to_json(given)["mean"] == 0.5);
  check_says(text_refusal("mean", "automatic"),
             {"mean is", "automatic", "auto or a number from -10 to 10"});
  check_says(text_refusal("std", "0"), {"std is 0", "auto or a number from 1e-06"});
  check_says(json_refusal(R"({"std": "0.3"})"), {"std is \"0.3\"", "auto or a number"});
}

TEST_CASE("a learning rate that is negative or not a number") {
  for (const char* bad : {"-1", "-0.001", "nan", "NaN", "inf", "-inf", "1e400", "ten", "", " ",
                          "0.1x", "1,5", "0x1", "1e7"}) {
    check_says(text_refusal("lr", bad), {"lr is", bad, "from 0 to 1000000"});
  }
  check_says(json_refusal(R"({"lr": -0.5})"), {"lr is -0.5", "from 0 to 1000000"});
  check_says(json_refusal(R"({"lr": "0.1"})"), {"lr is \"0.1\"", "a number"});
  check_says(json_refusal(R"({"lr": null})"), {"lr is null", "a number"});
  check_says(json_refusal(R"({"lr": true})"), {"lr is true", "a number"});
  check_says(json_refusal(R"({"lr": [1]})"), {"lr is a list", "a number"});
  check_says(json_refusal(R"({"lr": {"a": 1}})"), {"lr is an object", "a number"});
  CHECK(text_refusal("lr", "0") == "accepted");
  CHECK(text_refusal("lr", "1e-3") == "accepted");
}

TEST_CASE("whole numbers that are too small, fractional or too large") {
  const std::pair<const char*, const char*> fields[] = {
      {"batch", "a whole number from 1"},      {"epochs", "a whole number from 1"},
      {"test_batch", "a whole number from 1"}, {"log_every", "a whole number from 1"},
      {"threads", "a whole number from 0"},  // 0: one for each core
  };
  for (const auto& [name, range] : fields) {
    const std::string field = name;
    if (field == "threads") {
      CHECK(text_refusal(name, "0") == "accepted");
    } else {
      check_says(text_refusal(name, "0"), {field + " is 0", range});
      check_says(json_refusal("{\"" + field + "\": 0}"), {field + " is 0"});
    }
    check_says(text_refusal(name, "-1"), {field + " is -1", range});
    check_says(text_refusal(name, "1.5"), {field + " is 1.5", range});
    check_says(text_refusal(name, "1e18"), {name, range});
    check_says(text_refusal(name, "nan"), {name, range});
    check_says(json_refusal("{\"" + field + "\": -1}"), {field + " is -1"});
    check_says(json_refusal("{\"" + field + "\": 2.5}"), {field + " is 2.5"});
    check_says(json_refusal("{\"" + field + "\": \"8\"}"), {field + " is \"8\""});
  }
  check_says(text_refusal("threads", "257"), {"threads is 257", "to 256"});
  check_says(text_refusal("seed", "-1"), {"seed is -1", "from 0"});
  check_says(text_refusal("seed", "9007199254740992"), {"seed", "9007199254740991"});
  check_says(json_refusal(R"({"seed": 18446744073709551615})"), {"seed", "9007199254740991"});
}

TEST_CASE("numbers beyond what a double holds are refused like any other") {
  check_says(json_refusal(R"({"lr": 1e999})"), {"config"});
  check_says(json_refusal(R"({"lr": -1e999})"), {"config"});
  check_says(json_refusal(R"({"seed": 123456789012345678901234567890})"), {"seed"});
}

TEST_CASE("choices, booleans and shares outside what is allowed") {
  check_says(text_refusal("optimizer", "adamm"), {"optimizer is \"adamm\"", "adam", "sgd"});
  check_says(text_refusal("optimizer", ""), {"optimizer is \"\"", "adam"});
  check_says(text_refusal("init", "hee"), {"init is \"hee\"", "he_normal", "pytorch"});
  check_says(text_refusal("device", "tpu"), {"device is \"tpu\"", "auto", "cpu"});
  check_says(text_refusal("nesterov", "yes"), {"nesterov is \"yes\"", "true or false"});
  check_says(json_refusal(R"({"nesterov": 1})"), {"nesterov is 1", "true or false"});
  check_says(json_refusal(R"({"model": 5})"), {"model is 5", "text"});
  for (const char* share : {"momentum", "beta1", "beta2"}) {
    check_says(text_refusal(share, "1"), {std::string(share) + " is 1", "below 1"});
    check_says(text_refusal(share, "-0.1"), {std::string(share) + " is -0.1", "from 0"});
  }
  check_says(text_refusal("epsilon", "0"), {"epsilon is 0"});
  check_says(text_refusal("std", "0"), {"std is 0"});
  CHECK(config_from_fields({{"init", "he"}}).init == "he_normal");  // an alias
}

TEST_CASE("text that is not JSON, or not an object") {
  check_says(json_refusal(""), {"config", "JSON"});
  check_says(json_refusal("{"), {"config", "JSON", "byte"});
  check_says(json_refusal("{\"lr\": 0.1,}"), {"config", "JSON"});
  check_says(json_refusal("lr=0.1"), {"config", "JSON"});
  check_says(json_refusal("{\"lr\": NaN}"), {"config", "JSON"});
  check_says(json_refusal("[]"), {"config", "object"});
  check_says(json_refusal("3"), {"config", "object"});
  check_says(json_refusal("\"dense 10\""), {"config", "object"});
  check_says(json_refusal("null"), {"config", "object"});
  check_says(json_refusal("{\"data\": \"\xff\xfe\"}"), {"config", "JSON"});
  check_says(json_refusal(std::string(100000, '[')), {"config"});
  check_says(json_refusal(std::string(100000, '[') + std::string(100000, ']')),
             {"config", "object"});
}

TEST_CASE("a refused config leaves what was there as it was") {
  Config base;
  base.lr = 0.5;
  const Config before = base;
  CHECK_THROWS_AS(config_from_json(R"({"lr": 0.25, "batch": 0})", base), Error);
  CHECK_THROWS_AS(config_from_fields({{"lr", "0.25"}, {"batch", "0"}}, base), Error);
  CHECK(base == before);
  CHECK_THROWS_AS(set_live(base, "lr", -1.0), Error);
  CHECK_THROWS_AS(set_live(base, "lr", std::numeric_limits<double>::quiet_NaN()), Error);
  CHECK_THROWS_AS(set_live(base, "batch", 32.0), Error);
  CHECK(base == before);
  set_live(base, "lr", 0.125);
  CHECK(base.lr == 0.125);
}

TEST_CASE("live changes: only live fields, steps in order, values in range") {
  check_says(text_refusal("events", "5:batch:32"), {"batch", "lr"});
  check_says(text_refusal("events", "5:lr:-1"), {"lr is -1"});
  check_says(text_refusal("events", "5:lrr:1"), {"lrr", "lr"});
  check_says(text_refusal("events", "5:lr"), {"events", "5:lr"});
  check_says(text_refusal("events", "x:lr:1"), {"events", "x:lr:1"});
  check_says(text_refusal("events", "-1:lr:1"), {"events", "-1:lr:1"});
  check_says(text_refusal("events", "1.5:lr:1"), {"events", "1.5:lr:1"});
  check_says(text_refusal("events", "9:lr:1,5:lr:1"), {"events", "ascending"});
  check_says(text_refusal("events", ","), {"events"});
  check_says(json_refusal(R"({"events": [{"step": 1, "field": "lr"}]})"),
             {"events", "step, field, value"});
  check_says(
      json_refusal(
          R"({"events": [{"step": 9, "field": "lr", "value": 1}, {"step": 5, "field": "lr", "value": 1}]})"),
      {"events", "order"});
  check_says(json_refusal(R"({"events": [5]})"), {"events"});
  check_says(json_refusal(R"({"events": "5:lr:1"})"), {"events", "list"});
  const Config c = config_from_fields({{"events", "0:lr:0.5,7:lr:0.25,7:lr:0.125"}});
  CHECK(c.events == std::vector<Event>{{0, "lr", 0.5}, {7, "lr", 0.25}, {7, "lr", 0.125}});
}

TEST_CASE("what a session cannot run is refused when it is made") {
  CHECK(session_refusal(R"({"model": "dense 4 | relu | dense 10"})") == "accepted");
  check_says(session_refusal(R"({"model": "dense 4 | rule | dense 10"})"),
             {"\"rule\"", "position 11", "\"relu\""}, 500);
  check_says(session_refusal(R"({"model": "dense 4 | relu | dense 3"})"), {"3", "10 classes"});
  check_says(session_refusal(R"({"model": "dense 0 | relu | dense 10"})"), {"\"0\"", "position 7"});
  check_says(session_refusal(R"({"device": "cuda"})"), {"cuda", "cpu"});
  check_says(session_refusal(R"({"simd": "mmx"})"), {"\"mmx\"", "auto", cpu::simd_names().back()});
  check_says(session_refusal(R"({"optimizer": "sgd", "nesterov": true})"),
             {"nesterov", "momentum"});
}

TEST_CASE("bad requests to a running session leave it as it was") {
  Session session(six_pixels(),
                  config_from_json(R"({"model": "dense 4 | relu | dense 10", "batch": 8})"));
  session.advance();
  const std::string before = session.weights_sha256();
  const Config config = session.config();
  CHECK_THROWS_WITH_AS(session.set("lr", -1.0), doctest::Contains("lr is -1"), Error);
  CHECK_THROWS_WITH_AS(session.set("lrr", 1.0), doctest::Contains("\"lr\""), Error);
  CHECK_THROWS_WITH_AS(session.set("batch", 1.0), doctest::Contains("cannot change while training"),
                       Error);
  CHECK_THROWS_WITH_AS(session.save("onnxx"), doctest::Contains("onnxx"), Error);
  const std::vector<std::uint8_t> image(5);
  CHECK_THROWS_WITH_AS(session.predict(image), doctest::Contains("5 pixels"), Error);
  CHECK(session.config() == config);
  CHECK(session.weights_sha256() == before);
  CHECK(session.predict(std::vector<std::uint8_t>(6)).probabilities.size() == 10);
}

TEST_CASE(
    "a run that diverges stops at that step, names the layer, and keeps the weights from before "
    "it") {
  Session session(
      six_pixels(),
      config_from_json(
          R"({"model": "dense 8 | identity | dense 10", "batch": 8, "optimizer": "sgd", "lr": 1e6, "epochs": 1000})"));
  std::string before = session.weights_sha256();
  Reported progress;
  int steps = 0;
  do {
    before = session.weights_sha256();
    progress = report(session.advance());
    REQUIRE(++steps < 10000);
  } while (progress.values["event"] != "diverged" && progress.values["event"] != "done");
  REQUIRE(progress.values["event"] == "diverged");
  CHECK(session.weights_sha256() == before);
  CHECK(progress.values["step"].get<int>() >= 1);
  const std::string message = progress.values["message"];
  CAPTURE(message);
  CHECK(message.find("step " + std::to_string(progress.values["step"].get<int>())) !=
        std::string::npos);
  CHECK(message.find("layer " + std::to_string(progress.values["layer"].get<int>())) !=
        std::string::npos);
  CHECK(!progress.lines.empty());
  CHECK(session.advance().as<DivergedEvent>()->weights_kept);
  const Reported again = report(session.advance());
  CHECK(again.values == progress.values);
  CHECK(session.weights_sha256() == before);
}

TEST_CASE("JSON up to its limits of depth, names and length") {
  const auto says = [](const std::string& text, const JsonLimits& limits = {}) {
    return refusal([&] { parse_json(text, "x", "a list", limits); });
  };
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']');
  };
  CHECK(says(nested(16)) == "accepted");
  CHECK(says(nested(17)) == "x: it is nested deeper than 16 objects and lists");
  const auto names = [](int count) {
    std::string text = "[{}, {";
    for (int k = 0; k < count; ++k) text += (k > 0 ? ",\"" : "\"") + std::to_string(k) + "\": 0";
    return text + "}]";
  };
  CHECK(says(names(1000)) == "accepted");
  CHECK(says(names(1001)) == "x: an object in it has more than 1000 names");
  CHECK(says("[1, 2]", {.bytes = 6}) == "accepted");
  CHECK(says("[1, 2]", {.bytes = 5}) == "x: its text has 6 bytes, but at most 5 are allowed");
  CHECK(says("1" + std::string(4194303, ' ')) == "accepted");
  CHECK(says("1" + std::string(4194304, ' ')) ==
        "x: its text has 4194305 bytes, but at most 4194304 are allowed");
}

TEST_CASE("every number of the config is taken at both ends of its range, and not a step beyond") {
  const auto taken = [](const std::string& name, double value) {
    char text[40];
    std::snprintf(text, sizeof text, "%.17g", value);
    const Json json = {{name, value}};
    const bool by_text = refusal([&] { config_from_fields({{name, text}}); }) == "accepted";
    CHECK(by_text == (json_refusal(json.dump()) == "accepted"));
    if (by_text)
      CHECK(config_to_json(config_from_fields({{name, text}}))[name].get<double>() == value);
    return by_text;
  };
  int fields = 0;
  for (const Field& field : config_fields()) {
    const bool is_int = std::holds_alternative<int Config::*>(field.member) ||
                        std::holds_alternative<std::int64_t Config::*>(field.member) ||
                        std::holds_alternative<AutoWhole Config::*>(field.member);
    const bool is_number = is_int || std::holds_alternative<double Config::*>(field.member) ||
                           std::holds_alternative<AutoNumber Config::*>(field.member);
    if (!is_number) continue;
    ++fields;
    CAPTURE(field.name);
    const auto next = [&](double value, double direction) {
      return is_int ? value + direction : std::nextafter(value, value + 1e9 * direction);
    };
    CHECK(taken(field.name, field.min));
    CHECK(!taken(field.name, next(field.min, -1.0)));
    CHECK(taken(field.name, field.max) != field.below_max);
    CHECK(taken(field.name, next(field.max, -1.0)));
    CHECK(!taken(field.name, next(field.max, 1.0)));
  }
  CHECK(fields > 50);
  for (const char* const good : {"0.001,1000", "1000,1"})
    CHECK(text_refusal("class_weights", good) == "accepted");
  for (const char* const bad : {"1,1000.001", "0.000999,1"})
    CHECK(text_refusal("class_weights", bad) != "accepted");
  CHECK(text_refusal("events", "9007199254740991:lr:0") == "accepted");
  CHECK(text_refusal("events", "9007199254740992:lr:0") != "accepted");
  CHECK(text_refusal("events", "0:lr:1000000") == "accepted");
  CHECK(text_refusal("events", "0:lr:1000001") != "accepted");
}

TEST_SUITE_END();
