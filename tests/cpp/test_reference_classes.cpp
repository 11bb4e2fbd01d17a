// Confusion matrix, precision, recall and the hardest samples, compared with plain counting.
#include <algorithm>

#include "oracle.h"
#include "probe/probe_report.h"
#include "probes.h"

using namespace reluscope;
using namespace reluscope::test;

TEST_SUITE_BEGIN("reference");

TEST_CASE("classes: confusion, precision, recall and the hardest samples") {
  const auto data = small_images(230, 70);
  Session session(data, probe_config());
  for (int k = 0; k < 8; ++k) session.advance();
  const ClassReport report = session.classes(7);
  Trainer& trainer = session.trainer();
  std::vector<std::int64_t> confusion(100);
  std::vector<std::pair<double, int>> losses;
  int correct = 0;
  std::vector<Values> all_probabilities;
  for (int k = 0; k < 70; ++k) {
    trainer.infer(data->test(), std::vector<int>{k});
    const Values logits = logical(trainer.model().output(6));
    const int label = data->test().label(k);
    const oracle::Loss loss = oracle::cross_entropy(logits, {label}, 1, 10);
    const int best =
        static_cast<int>(std::max_element(logits.begin(), logits.end()) - logits.begin());
    ++confusion[static_cast<std::size_t>(label * 10 + best)];
    correct += loss.correct;
    losses.emplace_back(-loss.mean, k);
    all_probabilities.push_back(loss.probabilities);
  }
  CHECK(report.part == "test");
  CHECK(report.confusion == confusion);
  CHECK(report.correct == correct);
  CHECK(report.correct == session.evaluate().correct);
  CHECK(report.samples == 70);
  for (std::size_t c = 0; c < 10; ++c) {
    std::int64_t predicted = 0, are = 0;
    for (std::size_t k = 0; k < 10; ++k)
      predicted += confusion[k * 10 + c], are += confusion[c * 10 + k];
    const auto hit = static_cast<double>(confusion[c * 11]);
    CHECK(report.precision[c].has_value() == (predicted > 0));
    if (predicted > 0) CHECK(*report.precision[c] == hit / static_cast<double>(predicted));
    CHECK(report.recall[c].has_value() == (are > 0));
    if (are > 0) CHECK(*report.recall[c] == hit / static_cast<double>(are));
  }
  std::sort(losses.begin(), losses.end());
  REQUIRE(report.hardest.size() == 7);
  for (std::size_t k = 0; k < 7; ++k) {
    const HardSample& hard = report.hardest[k];
    const auto index = static_cast<std::size_t>(losses[k].second);
    CHECK(hard.index == losses[k].second);
    CHECK(close(hard.loss, -losses[k].first, 1e-5));
    CHECK(hard.label == data->test().label(hard.index));
    CHECK(close(hard.label_probability,
                all_probabilities[index][static_cast<std::size_t>(hard.label)], 1e-5));
    CHECK(close(hard.probability,
                all_probabilities[index][static_cast<std::size_t>(hard.prediction)], 1e-5));
    CHECK(hard.probability == doctest::Approx(*std::max_element(all_probabilities[index].begin(),
                                                                all_probabilities[index].end())));
  }
  CHECK(session.classes(0).hardest.empty());
  CHECK(session.classes(1000).hardest.size() == 70);
}

TEST_CASE("classes in parts: the same report, of the weights of one moment") {
  const auto data = small_images(230, 70);
  Session session(data, probe_config());
  for (int k = 0; k < 8; ++k) session.advance();
  const auto text = [](const ClassReport& report) { return to_json(report).dump(); };
  const auto in_parts = [&](int samples) {
    int parts = 1;
    std::optional<ClassReport> report;
    while (!(report = session.classes_part(7, samples))) ++parts;
    CHECK(parts == (70 + samples - 1) / samples);
    CHECK(report->labels == session.classes(7).labels);
    CHECK(report->predictions == session.classes(7).predictions);
    return text(*report);
  };
  for (const int samples : {1, 9, 35, 70, 1000})
    CHECK(in_parts(samples) == text(session.classes(7)));
  // Counts for other weights, or for a list of another length, are discarded.
  CHECK(!session.classes_part(7, 40));
  session.advance();
  CHECK(in_parts(40) == text(session.classes(7)));
  CHECK(!session.classes_part(3, 40));
  CHECK(in_parts(40) == text(session.classes(7)));
}

TEST_CASE("classes that nobody predicts or that do not occur have no precision or recall") {
  ClassMeter meter(3, 2);
  const Layout layout{2, 3};
  std::vector<float> logits(layout.size());
  logits[layout.index(0, 1)] = 5.0f;  // both are classified as 1; the second is a tie of 0 and 2
  logits[layout.index(1, 1)] = 5.0f;
  const std::uint8_t labels[] = {0, 1};
  const float losses[] = {5.0f, 0.01f};
  meter.add({logits.data(), layout}, labels, losses, 40);
  const ClassReport report = meter.report("test");
  CHECK(report.confusion == std::vector<std::int64_t>{0, 1, 0, 0, 1, 0, 0, 0, 0});
  CHECK(!report.precision[0]);
  CHECK(*report.precision[1] == 0.5);
  CHECK(*report.recall[0] == 0.0);
  CHECK(!report.recall[2]);
  CHECK(report.hardest[0].index == 40);
  const Json json = to_json(report);
  CHECK(json["precision"][0].is_null());
  CHECK(json["confusion"][0][1] == 1);
  CHECK(json["hardest"][0]["prediction"] == 1);
}

TEST_CASE(
    "classes at ties: the first of equal outputs is predicted, the first of equal losses is "
    "hardest") {
  const Layout layout{5, 3};
  std::vector<float> logits(layout.size());
  const float rows[5][3] = {{1, 2, 2}, {0, 0, 0}, {3, 1, 3}, {0, 0, 1}, {-1, -1, -2}};
  for (int r = 0; r < 5; ++r) {
    for (int c = 0; c < 3; ++c) logits[layout.index(r, c)] = rows[r][c];
  }
  const std::uint8_t labels[] = {2, 1, 0, 2, 1};
  const float losses[] = {0.5f, 2.0f, 0.5f, 0.5f, 2.0f};
  for (const int most : {5, 3}) {
    ClassMeter meter(3, most);
    meter.add({logits.data(), layout}, labels, losses, 10);
    const ClassReport report = meter.report("x");
    CHECK(report.predictions == std::vector<std::uint8_t>{1, 0, 0, 2, 0});
    CHECK(report.confusion == std::vector<std::int64_t>{1, 0, 0, 2, 0, 0, 0, 1, 1});
    CHECK(report.correct == 2);
    std::vector<int> hardest;
    for (const HardSample& hard : report.hardest) hardest.push_back(hard.index);
    std::vector<int> wanted = {11, 14, 10, 12, 13};
    wanted.resize(static_cast<std::size_t>(most));
    CHECK(hardest == wanted);
    REQUIRE(report.precision[1]);
    CHECK(*report.precision[1] == 0.0);
    CHECK(*report.precision[0] == doctest::Approx(1.0 / 3.0));
    CHECK(*report.recall[0] == 1.0);
    CHECK(*report.recall[2] == 0.5);
  }
}

TEST_CASE("a report on classes as JSON: every value in its place") {
  ClassReport report{"test",
                     2,
                     9,
                     5,
                     {4, 3, 1, 1},
                     {0.75, std::nullopt},
                     {std::nullopt, 0.25},
                     {{6, 1, 0, 2.5, 0.875, 0.0625}},
                     {},
                     {}};
  CHECK(Json::parse(to_json(report).dump()) ==
        Json::parse(R"({"part": "test", "samples": 9, "correct": 5,
    "confusion": [[4, 3], [1, 1]], "precision": [0.75, null], "recall": [null, 0.25],
    "hardest": [{"index": 6, "label": 1, "prediction": 0, "loss": 2.5, "probability": 0.875,
                 "label_probability": 0.0625}]})"));
}

TEST_SUITE_END();
