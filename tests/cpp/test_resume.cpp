// A run that is stopped anywhere and resumed continues with the same bits: its output, its weights,
// its optimizer, and its final checkpoint, byte by byte.
#include <algorithm>

#include "backend/cpu/cpu_backend.h"
#include "core/error.h"
#include "run/checkpoint.h"
#include "runs.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;
using Bytes = std::vector<std::uint8_t>;

const Fields kSmall = {{"model", "dense 20 | relu | dense 10"},
                       {"batch", "32"},
                       {"epochs", "3"},
                       {"test_batch", "30"},
                       {"lr", "0.01"},
                       {"log_every", "3"}};

Config config_of(const Fields& changes) {
  return config_from_fields(changes, config_from_fields(kSmall));
}

// One run that is never stopped, with a checkpoint before every call in `stops`; a new session
// resumes each of them.
void check_resumes(const std::string& name, const std::shared_ptr<const Dataset>& data,
                   const Config& config, TestRandom& random, int stop_count) {
  INFO(name);
  Session probe_length(data, config);
  const int calls = static_cast<int>(finish(probe_length).size());
  std::vector<int> stops = {0, calls};
  for (int i = 0; i < stop_count; ++i) stops.push_back(random.below(calls));
  std::sort(stops.begin(), stops.end());

  Session whole(data, config);
  std::vector<std::string> expected;
  std::vector<std::pair<int, Bytes>> checkpoints;
  for (int call = 0; call <= calls; ++call) {
    for (const int stop : stops) {
      if (stop == call) checkpoints.emplace_back(call, whole.checkpoint());
    }
    if (call < calls) expected.push_back(said(whole.advance()));
  }
  const std::string weights = whole.weights_sha256(), moments = whole.optimizer_sha256();
  const Bytes end = whole.checkpoint();

  for (const auto& stopped : checkpoints) {
    const int call = stopped.first;
    const Bytes& bytes = stopped.second;
    INFO("stopped before call ", call, " of ", calls);
    CHECK(config_of_checkpoint(bytes) == config);
    Session again(data, config);
    again.restore(bytes);
    CHECK(again.checkpoint() == bytes);
    std::vector<std::string> rest;
    for (int left = std::max(1, calls - call); left > 0; --left)
      rest.push_back(said(again.advance()));
    const auto from = expected.begin() + std::min(call, calls - 1);
    const auto difference = std::mismatch(rest.begin(), rest.end(), from).first;
    if (difference != rest.end()) {
      CHECK(*difference == *(from + (difference - rest.begin())));
    }
    CHECK(again.weights_sha256() == weights);
    CHECK(again.optimizer_sha256() == moments);
    CHECK(again.checkpoint() == end);
  }
}

struct ResumedRun {
  const char* name;
  Fields changes;
};

const std::vector<ResumedRun> kResumedRuns = {
    {"adam", {}},
    {"adam, probed", {{"probe", "5"}, {"validation", "40"}, {"lr", "0.05"}}},
    {"sgd", {{"optimizer", "sgd"}, {"momentum", "0.9"}, {"dampening", "0.1"}}},
    {"adamw", {{"optimizer", "adamw"}, {"weight_decay", "0.01"}, {"lr_warmup", "5"}}},
    {"nadam", {{"optimizer", "nadam"}}},
    {"rmsprop", {{"optimizer", "rmsprop"}, {"momentum", "0.5"}, {"centered", "true"}}},
    {"adagrad", {{"optimizer", "adagrad"}, {"lr_decay", "0.01"}, {"initial_accumulator", "0.1"}}},
    {"lion", {{"optimizer", "lion"}, {"lr", "0.0003"}, {"weight_decay", "0.1"}}},
    {"muon", {{"optimizer", "muon"}, {"model", "dense 20 | relu | dense 24 | tanh | dense 10"}}},
    {"step", {{"schedule", "step"}, {"lr_step", "1"}}},
    {"one cycle", {{"schedule", "one_cycle"}, {"optimizer", "nadam"}}},
    {"plateau",
     {{"schedule", "plateau"}, {"lr_patience", "0"}, {"lr_threshold", "0.2"}, {"epochs", "6"}}},
    {"early stopping with an average",
     {{"early_stopping", "2"},
      {"ema", "0.9"},
      {"lr", "0.03"},
      {"epochs", "12"},
      {"validation", "40"}}},
    {"average", {{"ema", "0.8"}}},
    {"accumulate", {{"accumulate", "4"}, {"l2", "0.001"}, {"clip_norm", "1"}}},
    {"accumulate, average, plateau",
     {{"accumulate", "3"},
      {"ema", "0.9"},
      {"schedule", "plateau"},
      {"lr_patience", "0"},
      {"l1", "0.0001"}}},
    {"augmentation",
     {{"augment_rotate", "10"},
      {"augment_elastic", "20"},
      {"augment_noise", "9"},
      {"augment_erase", "0.4"},
      {"epochs", "2"}}},
    {"class weights and smoothing",
     {{"class_weights", "1,2,1,1,1,3,1,1,1,0.5"}, {"label_smoothing", "0.1"}}},
    {"live changes", {{"events", "3:lr:0.002,17:lr:0.02,30:lr:0.001"}}},
    {"own normalisation and a part of the samples", {{"train_samples", "150"}, {"mean", "0.2"}}},
    {"learnt slopes",
     {{"model",
       "dense 20 | prelu channel | dropout 0.3 | dense 12 | maxout 2 | ln | rrelu | dense 10"}}},
};

const ResumedRun kConvolution = {"convolution, normalisation and dropout",
                                 {{"model",
                                   "conv 8x3 p1 | bn | relu | pool 2 | residual ( conv 8x3 p1 | bn "
                                   "| relu ) | pool 2 | dropout 0.3 | dense 10"},
                                  {"epochs", "2"},
                                  {"early_stopping", "1"},
                                  {"ema", "0.9"},
                                  {"accumulate", "2"},
                                  {"probe", "4"}}};

TEST_SUITE("resume") {
  TEST_CASE("stopped at a random step and taken up again: the same bits as never stopped") {
    const std::uint64_t seed = test_seed() + 500;
    INFO("seed ", seed);
    TestRandom random(seed);
    const auto data = few_digits(240, 70);
    for (const ResumedRun& each : kResumedRuns)
      check_resumes(each.name, data, config_of(each.changes), random, 6);
  }

  TEST_CASE("the same of a convolutional network with running statistics") {
    const std::uint64_t seed = test_seed() + 501;
    INFO("seed ", seed);
    TestRandom random(seed);
    check_resumes(kConvolution.name, few_digits(110, 40), config_of(kConvolution.changes), random,
                  4);
  }

  TEST_CASE("another number of threads, instruction set or input goes on with the same bits") {
    const auto data = few_digits(240, 70);
    Config config = config_of({});
    config.threads = 1;
    config.simd = cpu::simd_names().back();
    config.input = "dense";
    Session whole(data, config);
    Bytes bytes;
    for (int call = 0; call < 11; ++call) whole.advance();
    bytes = whole.checkpoint();
    finish(whole);
    const Config saved = config_of_checkpoint(bytes);
    for (const std::string& simd : cpu::simd_names()) {
      const Config other = resumed_config(
          saved, {{"simd", simd}, {"threads", "2"}, {"input", "sparse"}, {"log_every", "50"}});
      Session again(data, other);
      again.restore(bytes);
      finish(again);
      CHECK(again.weights_sha256() == whole.weights_sha256());
      CHECK(again.optimizer_sha256() == whole.optimizer_sha256());
    }
    Config strange = saved;
    strange.simd = "avx1024";
    strange.device = "cuda";
    CHECK(portable_config(strange).simd == "auto");
    CHECK(portable_config(strange).device == "auto");
    CHECK(portable_config(saved) == saved);
  }

  TEST_CASE("more epochs after the end: the run that was begun with as many") {
    const auto data = few_digits(240, 70);
    for (const char* const schedule : {"constant", "step", "plateau"}) {
      for (const char* const probe : {"auto", "5"}) {
        INFO(std::string(schedule), ", probe ", std::string(probe));
        const Fields fields = {
            {"schedule", schedule}, {"lr_patience", "0"}, {"lr_step", "2"}, {"probe", probe}};
        Config longer = config_of(fields);
        longer.epochs = 5;
        Session whole(data, longer);
        finish(whole);
        for (const int calls : {12, 1000}) {  // in the middle, at the end
          Session shorter(data, config_of(fields));
          for (int call = 0; call < calls && !is_last(shorter.advance()); ++call) {
          }
          const Bytes bytes = shorter.checkpoint();
          Session again(data, resumed_config(config_of_checkpoint(bytes), {{"epochs", "5"}}));
          again.restore(bytes);
          finish(again);
          CHECK(again.weights_sha256() == whole.weights_sha256());
          if (calls == 12 || probe == std::string("5")) {
            CHECK(again.checkpoint() == whole.checkpoint());
          } else {  // it keeps the look at the end that it had before
            const auto looks = again.units().looks().size();
            CHECK(looks == whole.units().looks().size() + 1);
          }
        }
      }
    }
  }

  TEST_CASE("a run that diverged stays so, with its words") {
    const auto data = few_digits(240, 70);
    const Config config = config_of({{"optimizer", "sgd"}, {"lr", "1e6"}});
    Session session(data, config);
    while (!is_last(session.advance())) {
    }
    const std::string words = said(session.advance());
    CHECK(words.find("Diverged at step") != std::string::npos);
    Session again(data, config);
    again.restore(session.checkpoint());
    CHECK(said(again.advance()) == words);
    CHECK(again.weights_sha256() == session.weights_sha256());
  }

  TEST_CASE("a live change made after going on is the same as one made without stopping") {
    const auto data = few_digits(240, 70);
    Session whole(data, config_of({}));
    for (int call = 0; call < 9; ++call) whole.advance();
    const Bytes bytes = whole.checkpoint();
    whole.set("lr", 0.002);
    Session again(data, config_of({}));
    again.restore(bytes);
    again.set("lr", 0.002);
    CHECK(finish(whole) == finish(again));
    CHECK(whole.checkpoint() == again.checkpoint());
    CHECK(config_of_checkpoint(again.checkpoint()).events == std::vector<Event>{{8, "lr", 0.002}});
  }

  TEST_CASE("the weights in a checkpoint are those that the run scores and saves") {
    const auto data = few_digits(240, 70);
    for (const char* const ema : {"0", "0.9"}) {
      const Config config = config_of({{"ema", ema}});
      Session session(data, config);
      for (int call = 0; call < 14; ++call) session.advance();
      Session scorer(data, config_of({}));
      scorer.load(session.checkpoint());
      CHECK(scorer.evaluate().loss_sum == session.evaluate().loss_sum);
    }
  }

  TEST_CASE("a long history halves its points, and keeps their means") {
    History history;
    for (int step = 1; step <= 20000; ++step) history.add_step(step, step, 0.5);
    const auto& columns = history.columns();
    REQUIRE(columns[0].second.size() < History::kMostPoints);
    REQUIRE(columns[0].second.size() >= History::kMostPoints / 2);
    CHECK(history.pending().stride == 8);
    for (std::size_t i = 0; i < columns[0].second.size(); ++i) {
      REQUIRE(columns[0].second[i] == static_cast<float>(8 * (i + 1)));
      REQUIRE(columns[1].second[i] == doctest::Approx(8.0 * static_cast<double>(i) + 4.5));
      REQUIRE(columns[2].second[i] == 0.5f);
    }
  }
}

}  // namespace
