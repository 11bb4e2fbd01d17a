// Sweeps: what a grid, random draws and shards plan, and that a sweep goes on where one ended.
#include <algorithm>
#include <cmath>
#include <set>

#include "core/error.h"
#include "experiments.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

std::unique_ptr<Plan> sweep(const Flags& flags) {
  return plan_sweep(*small_data(), small_config(), PlanFlags(flags));
}

}  // namespace

TEST_SUITE_BEGIN("reference");

TEST_CASE("a grid has every combination once, seeds innermost") {
  CHECK(names(*sweep({{"grid", "lr=0.1,0.01"}, {"grid", "batch=8, 16"}})) ==
        std::vector<std::string>{"lr=0.1 batch=8", "lr=0.1 batch=16", "lr=0.01 batch=8",
                                 "lr=0.01 batch=16"});
  const auto seeds = sweep({{"grid", "model=dense 4 | relu | dense 10;dense 10"}, {"seeds", "2"}});
  CHECK(names(*seeds) ==
        std::vector<std::string>{
            "model=dense 4 | relu | dense 10 seed=1", "model=dense 4 | relu | dense 10 seed=2",
            "model=dense 10 seed=1", "model=dense 10 seed=2"});
  CHECK(seeds->runs()[3].config.seed == 2);
  CHECK(seeds->runs()[3].config.model == "dense 10");
  CHECK(seeds->runs()[3].index == 3);
  // The same value twice is one run; 0.10 is 0.1.
  CHECK(sweep({{"grid", "lr=0.1,0.10,0.1"}})->runs().size() == 1);
  std::set<std::string> ids;
  const auto both = sweep({{"grid", "lr=1,2,3"}, {"grid", "seed=1,2"}});
  for (const PlannedRun& run : both->runs()) ids.insert(run_id(run.config));
  CHECK(ids.size() == 6);
}

TEST_CASE("random draws lie in their ranges, are spread, and go on where fewer ended") {
  const Flags ranges = {{"random", "lr=log:1e-4:1"},
                        {"random", "batch=int:3:6"},
                        {"random", "momentum=lin:0.5:0.9"},
                        {"random", "init=he_normal,pytorch"}};
  const auto draw = [&ranges](const char* runs, bool reversed = false) {
    Flags flags = ranges;
    if (reversed) std::reverse(flags.begin(), flags.end());
    flags.emplace_back("runs", runs);
    return sweep(flags);
  };
  const auto plan = draw("200");
  REQUIRE(plan->runs().size() == 200);
  std::map<int, int> batches;
  int decades[4] = {}, pytorch = 0;
  double momenta = 0.0;
  for (const PlannedRun& run : plan->runs()) {
    const Config& c = run.config;
    REQUIRE((c.lr >= 1e-4 && c.lr <= 1.0));
    REQUIRE((c.momentum >= 0.5 && c.momentum <= 0.9));
    ++decades[static_cast<int>(std::min(3.0, std::floor(std::log10(c.lr) + 4.0)))];
    ++batches[c.batch];
    pytorch += c.init == "pytorch";
    momenta += c.momentum / 200;
  }
  for (const int count : decades) CHECK((count > 25 && count < 75));  // of 50 expected
  CHECK(batches.size() == 4);
  for (const auto& [batch, count] : batches) {
    CHECK((batch >= 3 && batch <= 6));
    CHECK((count > 25 && count < 75));
  }
  CHECK((pytorch > 70 && pytorch < 130));
  CHECK(momenta == doctest::Approx(0.7).epsilon(0.03));

  const auto few = draw("20"), turned = draw("20", true);
  for (std::size_t i = 0; i < 20; ++i) {
    CHECK(few->runs()[i].config == plan->runs()[i].config);
    CHECK(turned->runs()[i].config == plan->runs()[i].config);
  }
  Config other = small_config();
  other.seed = 2;
  CHECK(plan_sweep(*small_data(), other, PlanFlags({{"random", "lr=log:1e-4:1"}, {"runs", "1"}}))
            ->runs()[0]
            .config.lr != plan->runs()[0].config.lr);
}

TEST_CASE("shards are disjoint and together the whole") {
  const Flags flags = {{"grid", "lr=0.1,0.2,0.3,0.4,0.5,0.6,0.7"}};
  const auto whole = sweep(flags);
  for (const int parts : {1, 2, 3, 7, 9}) {
    std::map<int, Config> found;
    for (int part = 1; part <= parts; ++part) {
      Flags with_shard = flags;
      with_shard.emplace_back("shard", std::to_string(part) + "/" + std::to_string(parts));
      const auto plan = sweep(with_shard);
      CHECK(std::abs(static_cast<int>(plan->runs().size()) * parts - 7) < parts);  // as equal as can be
      for (const PlannedRun& run : plan->runs()) CHECK(found.emplace(run.index, run.config).second);
    }
    REQUIRE(found.size() == 7);
    for (const PlannedRun& run : whole->runs()) CHECK(found.at(run.index) == run.config);
  }
}

TEST_CASE("a run's id is that of what changes bits, whatever the order or spelling") {
  const auto id = [](const std::string& changes) { return run_id(with_changes(changes, Config{})); };
  CHECK(id("") == run_id(Config{}));
  CHECK(id("").size() == 16);
  CHECK(id("lr=0.01; batch=8") == id("batch=8;lr=1e-2"));
  CHECK(id("lr=0.01") != id("lr=0.02"));
  CHECK(id("seed=2") != id("seed=3"));
  CHECK(id("threads=2; log_every=7; input=dense; simd=scalar; device=cpu") == id(""));
  CHECK(id("fused=true") != id(""));
}

TEST_CASE("a sweep goes on from finished rows, and parts put together are the whole") {
  const Flags flags = {{"grid", "lr=0.01,0.03,0.1"}, {"seeds", "2"}};
  const Outcome whole = carry_out("sweep", small_config(), flags);
  REQUIRE(whole.rows.size() == 6);
  CHECK(whole.csv == carry_out("sweep", small_config(), flags, 2).csv);

  const Outcome again =
      carry_out("sweep", small_config(), flags, 1, {whole.rows[4], whole.rows[1]});
  CHECK(again.rows == whole.rows);
  CHECK(again.json.size() == 4);  // only what was run now

  std::vector<NamedText> files;
  for (const char* const shard : {"2/2", "1/2"}) {
    Flags part = flags;
    part.emplace_back("shard", shard);
    std::string text;
    for (const Json& row : carry_out("sweep", small_config(), part).rows) text += row.dump() + "\n";
    files.push_back({shard, text});
  }
  files.push_back(files[0]);  // a duplicate that agrees
  CHECK(merge_rows(files) == whole.rows);
  CHECK(report_rows(merge_rows(files)).csv == whole.csv);
}

TEST_SUITE_END();
