// Experiments: statistics and verdicts compared with values computed by hand, measures compared
// with plain loops, and races that change no bit of a run.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <set>

#include "core/error.h"
#include "experiments.h"
#include "experiments/lessons.h"
#include "experiments/measure.h"
#include "experiments/race.h"
#include "experiments/statistics.h"
#include "nn/architecture.h"
#include "run/report.h"

using namespace reluscope;
using namespace reluscope::test;

TEST_SUITE_BEGIN("reference");

TEST_CASE("mean and sample deviation") {
  const double values[] = {2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0};
  const Summary summary = summarize(values);
  CHECK(summary.count == 8);
  CHECK(summary.mean == 5.0);
  CHECK(summary.deviation == doctest::Approx(std::sqrt(32.0 / 7.0)));
  CHECK(summarize({}).count == 0);
  CHECK(summarize(std::span(values, 1)).deviation == 0.0);
}

TEST_CASE("Student's limits") {  // Pearson and Hartley, Biometrika tables, table 12
  CHECK(student_limit(2) == 12.706);
  CHECK(student_limit(5) == 2.776);
  CHECK(student_limit(31) == 2.042);
  CHECK(student_limit(1000) == 2.042);
  for (int count = 3; count < 40; ++count) CHECK(student_limit(count) <= student_limit(count - 1));
}

TEST_CASE("a verdict needs the sign, more than chance, and as much as counts") {
  const std::vector<double> low = {1.0, 2.0, 3.0, 4.0, 5.0};
  const auto shifted = [&low](double by, double noise) {
    std::vector<double> values = low;
    for (std::size_t i = 0; i < values.size(); ++i) values[i] += by + (i % 2 == 0 ? noise : -noise);
    return values;
  };
  const auto verdict = [&](const std::vector<double>& values, bool above, double least) {
    return compare(values, low, above, least).verdict;
  };
  // All pairs differ by the same amount, however much the values vary.
  CHECK(verdict(shifted(0.5, 0.0), true, 0.1) == Verdict::kSupported);
  CHECK(verdict(shifted(0.5, 0.0), false, 0.1) == Verdict::kContradicted);
  CHECK(verdict(shifted(-0.5, 0.0), false, 0.1) == Verdict::kSupported);
  CHECK(verdict(shifted(0.05, 0.0), true, 0.1) == Verdict::kNoDifference);
  CHECK(verdict(shifted(0.0, 0.0), true, 0.0) == Verdict::kNoDifference);
  CHECK(verdict(shifted(0.5, 2.0), true, 0.1) == Verdict::kNoDifference);
  CHECK(compare(std::vector{1.0}, std::vector{0.0}, true, 0.0).verdict == Verdict::kUndecided);
  CHECK(verdict({1.0, 2.0, 3.0, 4.0, std::nan("")}, true, 0.0) == Verdict::kUndecided);

  // Differences 1, 2, 3: mean 2, deviation 1, margin 4.303 / sqrt(3).
  const Comparison comparison =
      compare(std::vector{1.0, 2.0, 3.0}, std::vector{0.0, 0.0, 0.0}, true, 0.0);
  CHECK(comparison.difference.mean == 2.0);
  CHECK(comparison.difference.deviation == 1.0);
  CHECK(comparison.margin == doctest::Approx(4.303 / std::sqrt(3.0)));
  CHECK(comparison.verdict == Verdict::kNoDifference);
}

TEST_CASE("a lesson's verdict from those on its checks") {
  using Texts = std::vector<std::string>;
  CHECK(lesson_verdict({"supported", "supported"}) == "supported");
  CHECK(lesson_verdict({"supported", "no difference"}) == "supported in part");
  CHECK(lesson_verdict({"supported", "not supported"}) == "supported in part");
  CHECK(lesson_verdict({"no difference", "not supported"}) == "not supported");
  CHECK(lesson_verdict(Texts{"no difference"}) == "no difference");
  CHECK(lesson_verdict({"supported", "undecided"}) == "undecided");
  CHECK(lesson_verdict({"supported", "refused", "not supported"}) == "refused");
}

TEST_CASE("every lesson says something and can be judged") {
  std::set<std::string> seen;
  REQUIRE(lesson_list().size() == lesson_table().size());
  for (std::size_t i = 0; i < lesson_table().size(); ++i) {
    const Lesson& lesson = lesson_table()[i];
    CAPTURE(lesson.name);
    CHECK(seen.insert(lesson.name).second);
    CHECK(lesson_list()[i].find(lesson.name) == 0);
    CHECK(lesson_list()[i].find(lesson.claim) != std::string::npos);
    CHECK(!lesson.variants.empty());
    CHECK(!lesson.checks.empty());
    const auto has = [&lesson](const char* name) {
      return std::any_of(lesson.variants.begin(), lesson.variants.end(),
                         [name](const LessonVariant& v) { return std::string(v.name) == name; });
    };
    for (const LessonCheck& check : lesson.checks) {
      CHECK(has(check.variant));
      CHECK((check.reference[0] == '\0' || has(check.reference)));
      CHECK_NOTHROW(find_measure(check.measure));
      CHECK(check.least >= 0.0);
    }
  }
}

TEST_CASE("measures are what plain loops over the layers' outputs give") {
  const auto data = small_data();
  Config config = small_config();
  config.model = "dense 31 | relu | dense 9 | prelu | dense 10";
  config.lr = 0.5;  // so that units die
  Session session(data, config);
  for (int i = 0; i < 12; ++i) session.advance();
  Trainer& trainer = session.trainer();
  const std::string before = session.weights_sha256();
  const Json found = measure(trainer);
  CHECK(session.weights_sha256() == before);

  double units = 0, silent = 0, negative = 0, zeros = 0, outputs = 0, means = 0, shifts = 0;
  std::vector<double> sizes;
  for (const int l : {1, 3}) {
    double sum = 0, squares = 0;
    std::vector<std::vector<double>> xs, ys;  // unit, sample
    for (int first = 0; first < 96; first += 16) {
      std::vector<int> samples(16);
      std::iota(samples.begin(), samples.end(), first);
      trainer.infer(trainer.probe_set(), samples);
      const ConstMatrixView x = trainer.model().output(l - 1), y = trainer.model().output(l);
      xs.resize(static_cast<std::size_t>(x.cols()));
      ys.resize(xs.size());
      for (int c = 0; c < x.cols(); ++c) {
        for (int r = 0; r < x.rows(); ++r) {
          xs[static_cast<std::size_t>(c)].push_back(static_cast<double>(x.at(r, c)));
          ys[static_cast<std::size_t>(c)].push_back(static_cast<double>(y.at(r, c)));
        }
      }
    }
    for (std::size_t c = 0; c < xs.size(); ++c) {
      units += 1;
      // Of ReLU an output is 0 where the function is flat; PReLU is flat nowhere.
      silent +=
          l == 1 && std::all_of(ys[c].begin(), ys[c].end(), [](double v) { return v == 0.0; });
      negative += std::all_of(xs[c].begin(), xs[c].end(), [](double v) { return v <= 0.0; });
      double mean = 0, variance = 0;
      for (const double v : xs[c]) mean += v / 96;
      for (const double v : xs[c]) variance += (v - mean) * (v - mean) / 96;
      shifts += std::abs(mean) / std::sqrt(variance);
      for (const double v : ys[c]) {
        zeros += v == 0.0;
        outputs += 1;
        sum += v;
        squares += v * v;
      }
    }
    means += sum / (96.0 * static_cast<double>(xs.size())) / 2;
    sizes.push_back(std::sqrt(squares / (96.0 * static_cast<double>(xs.size()))));
  }
  CHECK(found["silent"].get<double>() == silent / units);
  CHECK(found["negative"].get<double>() == negative / units);
  CHECK(found["zeros"].get<double>() == zeros / outputs);
  CHECK(found["output_mean"].get<double>() == doctest::Approx(means));
  CHECK(found["input_shift"].get<double>() == doctest::Approx(shifts / units));
  CHECK(found["signal"].get<double>() == doctest::Approx(sizes[1] / sizes[0]));
  const auto& parameters = trainer.model().parameter_list();
  const auto slope = std::find_if(parameters.begin(), parameters.end(),
                                  [](const auto& p) { return p.name == "act2.weight"; });
  REQUIRE(slope != parameters.end());
  const double value =
      static_cast<double>(Model::gather(*slope, trainer.model().parameters()).at(0));
  CHECK(found["slope_move"].get<double>() == std::abs(value - 0.25));
  CHECK(negative > 0);  // otherwise the counts above compare nothing

  Config plain = config;
  plain.model = "dense 10";
  Session without(data, plain);
  const Json nothing = measure(without.trainer());
  for (const Json& value : nothing) CHECK(value.is_null());
}

TEST_CASE("the gradients that are looked at are those of the first batch, and nothing is updated") {
  const auto data = small_data();
  Config config = small_config();
  config.optimizer = "sgd";
  config.lr = 1.0;
  Session session(data, config);
  Trainer& trainer = session.trainer();
  const std::string before = session.weights_sha256();
  const double ratio = gradient_ratio(trainer);
  CHECK(session.weights_sha256() == before);
  const auto& parameters = trainer.model().parameter_list();
  std::vector<std::vector<float>> old;
  for (const auto& p : parameters) old.push_back(Model::gather(p, trainer.model().parameters()));
  session.advance();
  const auto size = [&](std::size_t at) {  // the size of a gradient descent step with rate 1
    const std::vector<float> now = Model::gather(parameters[at], trainer.model().parameters());
    double squares = 0;
    for (std::size_t i = 0; i < now.size(); ++i) {
      squares += std::pow(static_cast<double>(old[at][i]) - static_cast<double>(now[i]), 2);
    }
    return std::sqrt(squares / static_cast<double>(now.size()));
  };
  CHECK(ratio == doctest::Approx(size(0) / size(2)).epsilon(1e-3));
}

TEST_CASE("networks that differ in activations alone begin with the same weights") {
  const auto data = small_data();
  const auto weights = [&](const std::string& activation) {
    Config config = small_config();
    config.model = with_activation("dense 12 | relu | dense 6 | relu | dense 10", activation);
    config.init = "pytorch";  // also draws biases, and has no gain
    Session session(data, config);
    std::map<std::string, std::vector<float>> found;
    const Model& model = session.trainer().model();
    for (const auto& p : model.parameter_list()) {
      if (p.spec.role != ParameterRole::kConstant)
        found[p.name] = Model::gather(p, model.parameters());
    }
    return found;
  };
  const auto relu = weights("relu");
  CHECK(relu.size() == 6);
  for (const char* const other : {"prelu", "elu", "swish", "leaky_relu 0.3"}) {
    CAPTURE(other);
    CHECK(weights(other) == relu);
  }
}

TEST_CASE("a recorded run gives the bits and the numbers of a session alone") {
  const auto data = small_data();
  const Config config = small_config();
  Session session(data, config);
  std::vector<Json> epochs;
  Reported progress;
  do {
    progress = report(session.advance());
    if (progress.event() == "epoch") epochs.push_back(progress.values);
  } while (progress.event() != "done");

  PlannedRun plan{3, "name", config, true};
  RecordedRun run(data, plan);
  while (run.advance()) {
  }
  const Json& row = run.row();
  CHECK(row["weights_sha256"] == progress.values["weights_sha256"]);
  CHECK(row["steps"] == 12);
  CHECK(row["index"] == 3);
  CHECK(row["run"] == run_id(config));
  REQUIRE(row["epochs"].size() == 3);
  CHECK(row["epochs"][0]["gradient_ratio"].is_number());
  for (const int epoch : {1, 2}) {
    for (const char* const key : {"epoch", "train_loss", "test_loss", "test_accuracy", "correct"}) {
      CHECK(row["epochs"][epoch][key] == epochs[static_cast<std::size_t>(epoch - 1)][key]);
    }
    CHECK(!row["epochs"][epoch].contains("seconds"));
  }
  CHECK(run.calls() == run.all_calls());
}

TEST_CASE("a race gives each racer what it gets alone, with any number of jobs, in a fixed order") {
  const Flags flags = {{"entry", "plain: lr=0.01"},
                       {"entry", "batch=8; lr=0.02"},
                       {"activations", "elu,prelu"},
                       {"seeds", "2"}};
  const Outcome one = carry_out("race", small_config(), flags);
  REQUIRE(one.rows.size() == 8);
  for (std::size_t i = 0; i < 8; ++i) {
    PlannedRun plan;
    plan.config = config_from_json(one.rows[i]["config"].dump());
    CHECK(plan.config.seed == (i < 4 ? 1 : 2));
    RecordedRun alone(small_data(), plan);
    while (alone.advance()) {
    }
    CHECK(one.rows[i]["epochs"] == alone.row()["epochs"]);
    CHECK(one.rows[i]["weights_sha256"] == alone.row()["weights_sha256"]);
  }
  CHECK(one.rows[0]["name"] == "plain");
  CHECK(one.rows[1]["name"] == "batch=8; lr=0.02");
  CHECK(one.rows[2]["config"]["model"] == "dense 12 | elu | dense 10");
  const Outcome three = carry_out("race", small_config(), flags, 3);
  CHECK(three.rows == one.rows);
  CHECK(three.csv == one.csv);
  CHECK(three.json == one.json);
  // One line each for 2 seeds x 4 racers x (start and 2 epochs), 8 rows and 4 summaries.
  CHECK(one.json.size() == 24 + 8 + 4);
  const Json summary = Json::parse(one.json.back());
  CHECK(summary["name"] == "prelu");
  std::vector<double> accuracies;
  for (const std::size_t i : {3, 7}) {
    accuracies.push_back(one.rows[i]["epochs"].back()["test_accuracy"].get<double>());
  }
  CHECK(summary["test_accuracy"]["mean"].get<double>() == summarize(accuracies).mean);
  CHECK(summary["test_accuracy"]["deviation"].get<double>() == summarize(accuracies).deviation);
}

TEST_CASE("without entries the five classic activations race") {
  const auto plan = plan_race(*small_data(), small_config(), FlagValues(Flags{}));
  CHECK(names(plan) == std::vector<std::string>{"relu", "leaky_relu", "prelu", "elu", "swish"});
  CHECK(plan.side_by_side == 5);
}

TEST_CASE("runs that cannot begin and runs that diverge are rows too") {
  const Outcome outcome =
      carry_out("sweep", with_changes("optimizer=sgd; momentum=0; input=auto", small_config()),
                {{"grid", "nesterov=false,true"}, {"grid", "lr=0.01,1e6"}});
  REQUIRE(outcome.rows.size() == 4);
  CHECK(!outcome.rows[0].contains("diverged"));
  CHECK(outcome.rows[1]["diverged"].get<std::string>().find("Diverged at step") == 0);
  CHECK(outcome.rows[1]["epochs"].back()["test_accuracy"].is_number());
  CHECK(outcome.rows[2]["refused"].get<std::string>().find("nesterov") == 0);
  CHECK(outcome.csv.find("nesterov is on but momentum is 0") != std::string::npos);
}

TEST_CASE("lessons run what they share once, and refuse by name what cannot be run") {
  const auto data = small_data();
  const auto plan = plan_lessons(*data, small_config(),
                                 FlagValues({{"only", "dead-leaky,dead-prelu"}, {"seeds", "2"}}));
  CHECK(plan.runs.size() == 3 * 2);  // relu, leaky, prelu
  const Outcome outcome = carry_out("lessons", small_config(),
                                    {{"only", "dead-leaky"}, {"only", "reference"}, {"quick", ""}});
  std::vector<Json> lessons;
  for (const std::string& line : outcome.json) {
    const Json json = Json::parse(line);
    if (json.value("event", "") == "lesson") lessons.push_back(json);
  }
  REQUIRE(lessons.size() == 2);
  CHECK(lessons[0]["name"] == "dead-leaky");
  CHECK(lessons[0]["checks"].size() == 2);
  CHECK(lessons[0]["variants"][1]["command"].get<std::string>().find(
            "reluscope train --data small --model \"dense 512 | leaky_relu | dense 10\"") == 0);
  CHECK(lessons[1]["verdict"] == "refused");
  CHECK(lessons[1]["variants"][0]["refused"].get<std::string>().find("quick") != std::string::npos);
}

TEST_CASE("training samples: only the first of the set are ever looked at") {
  const auto all = small_data(96), first = small_data(32);
  Config config = small_config();
  config.model = "dense 10";
  config.input = "dense";
  const auto hash = [](std::shared_ptr<const Dataset> data, const Config& c) {
    Session session(std::move(data), c);
    Reported progress;
    do progress = report(session.advance());
    while (progress.event() != "done");
    return progress.values["weights_sha256"].get<std::string>();
  };
  Config limited = config;
  limited.train_samples = 32;
  CHECK(hash(all, limited) == hash(first, config));
  CHECK(hash(all, limited) != hash(all, config));
  limited.train_samples = 96;
  CHECK(hash(all, limited) == hash(all, config));
}

TEST_CASE("eval counts who is taken for whom, predict puts the best first") {
  const auto data = small_data();
  Session session(data, small_config());
  Reported progress;
  do progress = report(session.advance());
  while (progress.event() != "done");
  const Json found = evaluate_weights(session).values;
  const Score score = session.evaluate();
  CHECK(found["correct"] == score.correct);
  CHECK(found["test_loss"].get<double>() == score.loss());
  int diagonal = 0, all = 0;
  std::vector<int> labels(10);
  for (int i = 0; i < 40; ++i) ++labels[data->test().label(i)];
  for (std::size_t label = 0; label < 10; ++label) {
    int row = 0;
    for (std::size_t c = 0; c < 10; ++c) row += found["confusion"][label][c].get<int>();
    CHECK(row == labels[label]);
    diagonal += found["confusion"][label][label].get<int>();
    all += row;
  }
  CHECK(all == 40);
  CHECK(diagonal == score.correct);

  const Reported prediction = predict_image(session, "x.png", data->test().image(0));
  const auto probabilities = session.predict(data->test().image(0)).probabilities;
  const auto order = prediction.values["classes"].get<std::vector<std::size_t>>();
  REQUIRE(order.size() == 10);
  for (std::size_t i = 1; i < 10; ++i)
    CHECK(probabilities[order[i - 1]] >= probabilities[order[i]]);
  CHECK(prediction.lines.size() == 10);
}

TEST_CASE("a verdict at its borders: exactly what counts, and the other way within chance") {
  const std::vector<double> low = {1.0, 2.0, 3.0, 4.0}, half_more = {1.5, 2.5, 3.5, 4.5};
  // The same difference in every pair, so that the result is significant.
  CHECK(compare(half_more, low, true, 0.5).verdict == Verdict::kSupported);
  CHECK(compare(low, half_more, false, 0.5).verdict == Verdict::kSupported);
  CHECK(compare(half_more, low, true, std::nextafter(0.5, 1.0)).verdict == Verdict::kNoDifference);
  // The least difference that counts applies only to the claimed direction.
  CHECK(compare(half_more, low, false, 2.0).verdict == Verdict::kContradicted);

  // Deviation 1 over three pairs: the margin is 4.303 / sqrt(3), 2.48.
  const std::vector<double> zeros(3, 0.0), two = {1.0, 2.0, 3.0}, three = {2.0, 3.0, 4.0};
  CHECK(compare(zeros, two, true, 0.0).verdict == Verdict::kNoDifference);
  CHECK(compare(zeros, two, true, 2.2).verdict == Verdict::kNoDifference);
  CHECK(compare(two, zeros, false, 0.0).verdict == Verdict::kNoDifference);
  CHECK(compare(zeros, three, true, 0.0).verdict == Verdict::kContradicted);
  CHECK(compare(three, zeros, true, 3.0).verdict == Verdict::kSupported);
  CHECK(compare(three, zeros, true, 3.5).verdict == Verdict::kNoDifference);

  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(compare(std::vector{infinity, 1.0}, std::vector{0.0, 0.0}, true, 0.0).verdict ==
        Verdict::kUndecided);
  CHECK(compare(std::vector{1.0, 2.0, 3.0}, std::vector{0.0}, true, 0.0).difference.count == 1);
}

TEST_CASE("measures of a network whose inputs are all exactly 0") {
  Config config = small_config();
  config.init = "zero";
  Session session(small_data(), config);
  const Json found = measure(session.trainer());
  CHECK(found["silent"] == 1.0);
  CHECK(found["negative"] == 1.0);  // at most 0
  CHECK(found["zeros"] == 1.0);
  CHECK(found["output_mean"] == 0.0);
  CHECK(found["input_shift"].is_null());
  CHECK(found["signal"].is_null());
}

namespace {

// The cells of a CSV line without quotes.
std::vector<std::string> unquoted_cells(const std::string& line) {
  std::vector<std::string> cells(1);
  for (const char c : line) {
    if (c == ',')
      cells.emplace_back();
    else
      cells.back() += c;
  }
  return cells;
}

std::vector<std::vector<std::string>> unquoted_rows(const std::string& csv) {
  std::vector<std::vector<std::string>> rows;
  for (std::size_t at = 0; at < csv.size();) {
    const std::size_t end = csv.find('\n', at);
    REQUIRE(end != std::string::npos);
    rows.push_back(unquoted_cells(csv.substr(at, end - at)));
    at = end + 1;
  }
  return rows;
}

// Empty for null, texts unchanged, numbers exact.
void check_cell(const std::string& cell, const Json& value) {
  if (value.is_null())
    CHECK(cell == "");
  else if (value.is_string())
    CHECK(cell == value.get<std::string>());
  else
    CHECK(std::strtod(cell.c_str(), nullptr) == value.get<double>());
}

}  // namespace

TEST_CASE("a race's table has each epoch of each row, cell by cell") {
  const Outcome race = carry_out("race", small_config(),
                                 {{"entry", "plain: lr=0.01"},
                                  {"entry", "learnt: model=dense 12 | prelu | dense 10"},
                                  {"entry", "held: validation=20"},
                                  {"seeds", "2"}});
  const auto table = unquoted_rows(race.csv);
  REQUIRE(table.size() == 1 + 6 * 3);
  CHECK(std::vector<std::string>(table[0].begin(), table[0].begin() + 3) ==
        std::vector<std::string>{"name", "seed", "epoch"});
  CHECK(std::set<std::string>(table[0].begin(), table[0].end()).size() == table[0].size());
  const std::string names[] = {"plain", "learnt", "held"};
  std::size_t line = 1;
  for (std::size_t run = 0; run < 6; ++run) {
    const Json& epochs = race.rows[run]["epochs"];
    REQUIRE(epochs.size() == 3);
    for (std::size_t e = 0; e < 3; ++e, ++line) {
      REQUIRE(table[line].size() == table[0].size());
      CHECK(table[line][0] == names[run % 3]);
      CHECK(table[line][1] == (run < 3 ? "1" : "2"));
      CHECK(table[line][2] == std::to_string(e));
      std::size_t found = 0;
      for (std::size_t c = 2; c < table[0].size(); ++c) {
        CAPTURE(table[0][c]);
        const auto value = epochs[e].find(table[0][c]);
        check_cell(table[line][c], value == epochs[e].end() ? Json() : *value);
        found += value != epochs[e].end();
      }
      CHECK(found == epochs[e].size());  // none is left out
    }
  }
}

TEST_CASE("a race counts racers that could not begin, and has no mean or deviation of nothing") {
  const Outcome race = carry_out("race", with_changes("optimizer=sgd", small_config()),
                                 {{"entry", "good: lr=0.01"},
                                  {"entry", "refused: nesterov=true"},
                                  {"entry", "diverged: lr=1e6"}});
  REQUIRE(race.rows.size() == 3);
  REQUIRE(race.json.size() >= 3);
  const auto summary = [&race](std::size_t racer) {
    return Json::parse(race.json[race.json.size() - 3 + racer]);
  };
  CHECK(summary(0)["name"] == "good");
  CHECK(summary(0)["diverged"] == 0);
  CHECK(summary(0)["refused"] == 0);
  CHECK(summary(0)["test_loss"]["count"] == 1);
  CHECK(summary(0)["test_loss"]["mean"] == race.rows[0]["epochs"][2]["test_loss"]);
  CHECK(summary(0)["test_loss"]["deviation"].is_null());
  CHECK(summary(1)["name"] == "refused");
  CHECK(summary(1)["diverged"] == 0);
  CHECK(summary(1)["refused"] == 1);
  CHECK(summary(1)["test_loss"]["count"] == 0);
  CHECK(summary(1)["test_loss"]["mean"].is_null());
  CHECK(summary(2)["diverged"] == 1);
  CHECK(summary(2)["refused"] == 0);
  CHECK(race.failure.empty());
  const std::string reason = race.rows[1]["refused"].get<std::string>();
  CHECK(std::count(race.lines.begin(), race.lines.end(), "refused: " + reason) == 1);

  const Outcome none = carry_out("race", with_changes("optimizer=sgd", small_config()),
                                 {{"entry", "a: nesterov=true"}, {"entry", "b: nesterov=true"}});
  CHECK(none.failure == "no run could begin. The first was refused: " + reason);
}

TEST_CASE("a lesson's table has the means and deviations of its runs, cell by cell") {
  const Outcome outcome = carry_out("lessons", with_changes("train_samples=32", small_config()),
                                    {{"only", "dead-leaky"}, {"seeds", "2"}});
  const auto table = unquoted_rows(outcome.csv);
  const Lesson* lesson = nullptr;
  for (const Lesson& each : lesson_table()) {
    if (std::string(each.name) == "dead-leaky") lesson = &each;
  }
  REQUIRE(lesson != nullptr);
  REQUIRE(table.size() == 1 + lesson->checks.size());
  const auto column = [&table](const std::string& name) {
    const auto found = std::find(table[0].begin(), table[0].end(), name);
    REQUIRE(found != table[0].end());
    return static_cast<std::size_t>(found - table[0].begin());
  };
  const auto last = [&outcome](const std::string& variant, const char* measure) {
    std::vector<double> values;
    for (const char* const seed : {"1", "2"}) {
      for (const Json& row : outcome.rows) {
        if (row["name"] != "dead-leaky: " + variant + ", seed " + seed) continue;
        values.push_back(row["epochs"].back()[measure].get<double>());
      }
    }
    REQUIRE(values.size() == 2);
    return values;
  };
  for (std::size_t k = 0; k < lesson->checks.size(); ++k) {
    const LessonCheck& check = lesson->checks[k];
    const std::vector<std::string>& cells = table[k + 1];
    REQUIRE(cells.size() == table[0].size());
    const auto number = [&](const char* name) {
      return std::strtod(cells[column(name)].c_str(), nullptr);
    };
    const std::vector<double> of = last(check.variant, check.measure),
                              by = last(check.reference, check.measure);
    // The deviation of two values is their distance over sqrt(2); the margin is 12.706 times that
    // over sqrt(2).
    const double difference = (of[0] - by[0] + of[1] - by[1]) / 2;
    const double spread = std::abs((of[0] - by[0]) - (of[1] - by[1])) / std::sqrt(2.0);
    CHECK(cells[column("lesson")] == "dead-leaky");
    CHECK(cells[column("measure")] == check.measure);
    CHECK(cells[column("moment")] == "");
    CHECK(cells[column("variant")] == "leaky");
    CHECK(cells[column("reference")] == "relu");
    CHECK(cells[column("relation")] == (k == 0 ? "below" : "above"));
    CHECK(number("mean") == doctest::Approx((of[0] + of[1]) / 2));
    CHECK(number("deviation") == doctest::Approx(std::abs(of[0] - of[1]) / std::sqrt(2.0)));
    CHECK(number("reference_mean") == doctest::Approx((by[0] + by[1]) / 2));
    CHECK(number("reference_deviation") ==
          doctest::Approx(std::abs(by[0] - by[1]) / std::sqrt(2.0)));
    CHECK(number("difference") == doctest::Approx(difference));
    CHECK(number("difference_deviation") == doctest::Approx(spread));
    CHECK(number("margin") == doctest::Approx(12.706 * spread / std::sqrt(2.0)));
    CHECK(number("least") == check.least);
    CHECK(cells[column("seeds")] == "2");
    const double claimed = k == 0 ? -difference : difference,
                 margin = 12.706 * spread / std::sqrt(2.0);
    const bool supported = claimed > margin && claimed >= check.least;
    const std::string verdict = supported           ? "supported"
                                : -claimed > margin ? "not supported"
                                                    : "no difference";
    CHECK(cells[column("check_verdict")] == verdict);
  }
}

TEST_CASE(
    "eval's and predict's tables: labels down, answers across, and equal classes in their order") {
  const auto data = small_data();
  Session session(data, small_config());
  for (int k = 0; k < 6; ++k) session.advance();
  const Reported eval = evaluate_weights(session);
  const auto table = unquoted_rows(eval.values["csv"].get<std::string>());
  REQUIRE(table.size() == 11);
  std::vector<std::vector<int>> counts(10, std::vector<int>(10));
  for (int i = 0; i < 40; ++i) {
    const std::vector<float> p = session.predict(data->test().image(i)).probabilities;
    ++counts[data->test().label(i)]
            [static_cast<std::size_t>(std::max_element(p.begin(), p.end()) - p.begin())];
  }
  for (std::size_t label = 0; label < 10; ++label) {
    CHECK(table[0][label + 1] == std::to_string(label));
    CHECK(table[label + 1][0] == std::to_string(label));
    for (std::size_t answer = 0; answer < 10; ++answer) {
      CHECK(table[label + 1][answer + 1] == std::to_string(counts[label][answer]));
    }
  }
  const Reported predicted = predict_image(session, "x", data->test().image(3));
  const std::vector<float> p = session.predict(data->test().image(3)).probabilities;
  const auto rows = unquoted_rows(predicted.values["csv"].get<std::string>());
  REQUIRE(rows.size() == 11);
  for (std::size_t k = 1; k < 11; ++k) {
    CHECK(std::strtod(rows[k][1].c_str(), nullptr) ==
          static_cast<double>(p[std::stoul(rows[k][0])]));
  }
  Config zero = small_config();
  zero.init = "zero";
  Session equal(data, zero);
  CHECK(predict_image(equal, "x", data->test().image(0)).values["classes"] ==
        Json({0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST_SUITE_END();
