// Forks: the forked run continues unchanged; a fork with a live change equals the live change; a
// changed network keeps the parameters it shares with the run and initialises the others.
#include "experiments/experiment.h"
#include "experiments/sweep.h"
#include "run/checkpoint.h"
#include "runs.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

using Bytes = std::vector<std::uint8_t>;

Config run_config(const std::string& changes = "") {
  return with_changes(
      "model=dense 20 | relu | dense 10; batch=32; epochs=3; test_batch=30; lr=0.01;" + changes,
      {});
}

Bytes checkpoint_after(const std::shared_ptr<const Dataset>& data, const Config& config,
                       int calls) {
  Session session(data, config);
  for (int call = 0; call < calls; ++call) session.advance();
  return session.checkpoint();
}

Config forked(const Bytes& checkpoint, const std::string& changes) {
  return forked_config(config_of_checkpoint(checkpoint), steps_of_checkpoint(checkpoint), changes);
}

bool all_zero(Session& session) {
  for (const Optimizer::State& state : session.trainer().optimizer().state()) {
    for (const float value : state.values) {
      if (value != 0.0f) return false;
    }
  }
  return true;
}

}  // namespace

TEST_SUITE("resume") {
  TEST_CASE(
      "a fork with nothing changed is the run, and with a live change the run with that change") {
    const std::uint64_t seed = test_seed() + 600;
    INFO("seed ", seed);
    TestRandom random(seed);
    const auto data = few_digits(240, 70);
    const Config config = run_config("events=3:lr:0.02,25:lr:0.5; optimizer=nadam; probe=5");
    for (int turn = 0; turn < 6; ++turn) {
      const int calls = random.below(20);
      INFO("forked after ", calls, " calls");
      const Bytes bytes = checkpoint_after(data, config, calls);
      Session whole(data, config), same(data, forked(bytes, ""));
      for (int call = 0; call < calls; ++call) whole.advance();
      same.fork(bytes);
      // Between the last step and the last test image, only the fork scores again.
      if (whole.position()["phase"] == "training") {
        CHECK(same.checkpoint() == bytes);
      }
      Session changed(data, forked(bytes, "lr=0.003"));
      changed.fork(bytes);
      whole.set("lr", 0.003);
      while (!is_last(whole.advance())) {
      }
      while (!is_last(changed.advance())) {
      }
      CHECK(changed.config().events == whole.config().events);
      CHECK(changed.weights_sha256() == whole.weights_sha256());
      CHECK(changed.optimizer_sha256() == whole.optimizer_sha256());
      CHECK(changed.checkpoint() == whole.checkpoint());
    }
  }

  TEST_CASE("a rate that is asked for again after it was changed is a change") {
    const Config saved = run_config("events=3:lr:0.5");
    CHECK(forked_config(saved, 8, "lr=0.01").events ==
          std::vector<Event>{{3, "lr", 0.5}, {8, "lr", 0.01}});
    CHECK(forked_config(saved, 8, "").events == saved.events);
    CHECK(forked_config(saved, 1, "lr=0.2").events == std::vector<Event>{{1, "lr", 0.2}});
    CHECK(forked_config(saved, 1, "weight_decay=0.1").events == saved.events);
  }

  TEST_CASE("changes made in the very step of the fork stand, and a fork may end with its epoch") {
    const Config saved = run_config("events=5:lr:0.5,6:lr:0.25");
    CHECK(forked_config(saved, 5, "lr=0.5").events == saved.events);  // the rate at that point
    CHECK(forked_config(saved, 5, "lr=0.125").events ==
          std::vector<Event>{{5, "lr", 0.5}, {5, "lr", 0.125}});
    CHECK(forked_config(saved, 4, "lr=0.5").events == std::vector<Event>{{4, "lr", 0.5}});

    const auto data = six_pixels();
    const Config config = with_changes("model=dense 10; batch=12; epochs=3", {});
    Session session(data, config);
    for (int call = 0; call < 4; ++call)
      session.advance();  // two steps, the test set, a step of epoch 2
    REQUIRE(session.position()["step"] == 3);
    const Bytes bytes = session.checkpoint();
    const auto says = [&](const std::string& changes) {
      return refusal([&] { Session(data, forked(bytes, changes)).fork(bytes); });
    };
    CHECK(says("epochs=2") == "accepted");
    CHECK(says("epochs=1") == "epochs is 1, but the run to fork is in epoch 2");
  }

  TEST_CASE(
      "another activation takes over all weights and moments, its slopes begin where slopes "
      "begin") {
    const auto data = few_digits(240, 70);
    const Bytes bytes = checkpoint_after(data, run_config(), 11);
    Session before(data, config_of_checkpoint(bytes));
    before.restore(bytes);
    Session after(data, forked(bytes, "model=dense 20 | prelu | dense 10"));
    after.fork(bytes);
    for (const char* const name : {"fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"}) {
      CHECK(after.parameter(name).values == before.parameter(name).values);
    }
    CHECK(after.parameter("act1.weight").values == std::vector<float>{0.25f});
    CHECK(after.trainer().optimizer().counters().steps ==
          before.trainer().optimizer().counters().steps);
    CHECK_FALSE(all_zero(after));
    CHECK(after.position() == before.position());
    // It scores like those weights with the other activation.
    Session other(data, forked(bytes, "model=dense 20 | prelu | dense 10"));
    Bytes weights = before.save("safetensors");
    CHECK_THROWS_AS(other.load(weights), Error);
    Session leaky(data, forked(bytes, "model=dense 20 | leaky_relu 0.25 | dense 10"));
    leaky.load(weights);
    CHECK(after.evaluate().loss() == leaky.evaluate().loss());
    CHECK(after.evaluate().loss() != before.evaluate().loss());
  }

  TEST_CASE("another optimizer begins with its own moments at its first step") {
    const auto data = few_digits(240, 70);
    const Bytes bytes = checkpoint_after(data, run_config(), 11);
    Session session(data, forked(bytes, "optimizer=sgd; momentum=0.9"));
    session.fork(bytes);
    CHECK(session.trainer().optimizer().counters().steps == 0);
    CHECK(all_zero(session));
    CHECK(session.position()["step"] == 8);
    session.advance();
    CHECK_FALSE(all_zero(session));
  }

  TEST_CASE("forked while it scores, it scores anew") {
    const auto data = few_digits(240, 70);
    const Bytes bytes = checkpoint_after(data, run_config(), 10);
    Session session(data, forked(bytes, "model=dense 20 | tanh | dense 10"));
    session.fork(bytes);
    REQUIRE(session.position()["phase"] == "scoring");
    const Score now = session.evaluate();
    Reported progress;
    while ((progress = report(session.advance())).event() != "epoch") {
    }
    CHECK(progress.values["correct"] == now.correct);
    CHECK(progress.values["test_loss"].get<double>() == doctest::Approx(now.loss()).epsilon(1e-12));
  }

  TEST_CASE("what cannot be forked is refused by name") {
    const auto data = few_digits(240, 70);
    const Bytes bytes = checkpoint_after(data, run_config(), 11),
                end = checkpoint_after(data, run_config(), 1000);
    const auto said_of = [&](const Bytes& from, const std::string& changes) {
      return refusal([&] { Session(data, forked(from, changes)).fork(from); });
    };
    CHECK(said_of(bytes, "batch=16")
              .rfind("batch is 16, but the run to fork has 32: a fork cannot change it", 0) == 0);
    CHECK(said_of(bytes, "seed=7").rfind("seed is 7, but the run to fork has 1", 0) == 0);
    CHECK(said_of(bytes, "schedule=plateau") ==
          "schedule is \"plateau\", but the run to fork has \"constant\": a fork cannot change "
          "whether validation samples are held out for it");
    CHECK(said_of(bytes, "events=3:lr:0.1") ==
          "events is set, but a fork applies its changes at once");
    CHECK(said_of(bytes, "model=dense 21 | relu | dense 10")
              .rfind("checkpoint: \"model.fc1.weight\" has the shape [20, 784], but its model "
                     "needs [21, 784]",
                     0) == 0);
    CHECK(said_of(bytes, "epochs=1") == "epochs is 1, but the run to fork is in epoch 2");
    CHECK(said_of(end, "lr=0.1") ==
          "epochs is 3, but the run to fork is at the end of its 3: give the fork more epochs");
    CHECK(said_of(end, "epochs=4; lr=0.1") == "accepted");
    CHECK(said_of(checkpoint_after(data, run_config("optimizer=sgd; lr=1e6"), 20), "lr=0.1") ==
          "the run to fork has diverged and cannot be continued");
  }

  TEST_CASE("a race from a checkpoint: the run as it was, and beside it each change") {
    const auto data = few_digits(240, 70);
    const Config config = run_config();
    const Bytes bytes = checkpoint_after(data, config, 14);
    const auto plan = [&](std::vector<std::pair<std::string, std::string>> flags) {
      flags.emplace_back("from", std::string(bytes.begin(), bytes.end()));
      return make_plan("race", *data, config_of_checkpoint(bytes), FlagValues(flags));
    };
    Experiment race(data, plan({{"entry", "slow: lr=0.001"}, {"activations", "elu"}}), 1);
    CHECK(race.start().lines ==
          std::vector<std::string>{"Race: 3 configurations, 1 seed, forked after 11 steps"});
    Reported progress;
    while ((progress = race.advance()).event() != "done") {
    }
    const std::vector<Json> rows = read_rows(progress.values["rows"], "rows");
    REQUIRE(rows.size() == 3);
    Session whole(data, config);
    finish(whole);
    CHECK(rows[0]["name"] == "unchanged");
    CHECK(rows[0]["weights_sha256"] == whole.weights_sha256());
    Session slow(data, config);
    for (int call = 0; call < 14; ++call) slow.advance();
    slow.set("lr", 0.001);
    finish(slow);
    CHECK(rows[1]["name"] == "slow");
    CHECK(rows[1]["weights_sha256"] == slow.weights_sha256());
    CHECK(rows[2]["name"] == "elu");
    for (const auto& row : rows) {
      CHECK(row["from_step"] == 11);
      CHECK(row["epochs"][0]["epoch"] == 1);
      CHECK(row["epochs"].back()["epoch"] == 3);
      CHECK(row["steps"] == 24);
    }
    CHECK(refusal([&] {
            plan({{"seeds", "2"}});
          }) == "seeds is 2, but a fork keeps the seed of its run");
  }
}
