// Sweeps: the plans of grids, random draws and shards, and the continuation of a sweep.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "core/error.h"
#include "experiments.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

Plan sweep(const Flags& flags) {
  return plan_sweep(*small_data(), small_config(), FlagValues(flags));
}

}  // namespace

TEST_SUITE_BEGIN("reference");

TEST_CASE("a grid has every combination once, seeds innermost") {
  CHECK(names(sweep({{"grid", "lr=0.1,0.01"}, {"grid", "batch=8, 16"}})) ==
        std::vector<std::string>{"lr=0.1 batch=8", "lr=0.1 batch=16", "lr=0.01 batch=8",
                                 "lr=0.01 batch=16"});
  const auto seeds = sweep({{"grid", "model=dense 4 | relu | dense 10;dense 10"}, {"seeds", "2"}});
  CHECK(names(seeds) == std::vector<std::string>{"model=dense 4 | relu | dense 10 seed=1",
                                                 "model=dense 4 | relu | dense 10 seed=2",
                                                 "model=dense 10 seed=1", "model=dense 10 seed=2"});
  CHECK(seeds.runs[3].config.seed == 2);
  CHECK(seeds.runs[3].config.model == "dense 10");
  CHECK(seeds.runs[3].index == 3);
  // A repeated value gives one run; 0.10 equals 0.1.
  CHECK(sweep({{"grid", "lr=0.1,0.10,0.1"}}).runs.size() == 1);
  std::set<std::string> ids;
  const auto both = sweep({{"grid", "lr=1,2,3"}, {"grid", "seed=1,2"}});
  for (const PlannedRun& run : both.runs) ids.insert(run_id(run.config));
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
  REQUIRE(plan.runs.size() == 200);
  std::map<int, int> batches;
  int decades[4] = {}, pytorch = 0;
  double momenta = 0.0;
  for (const PlannedRun& run : plan.runs) {
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
    CHECK(few.runs[i].config == plan.runs[i].config);
    CHECK(turned.runs[i].config == plan.runs[i].config);
  }
  Config other = small_config();
  other.seed = 2;
  CHECK(plan_sweep(*small_data(), other, FlagValues({{"random", "lr=log:1e-4:1"}, {"runs", "1"}}))
            .runs[0]
            .config.lr != plan.runs[0].config.lr);
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
      CHECK(std::abs(static_cast<int>(plan.runs.size()) * parts - 7) <
            parts);  // as equal as can be
      for (const PlannedRun& run : plan.runs) CHECK(found.emplace(run.index, run.config).second);
    }
    REQUIRE(found.size() == 7);
    for (const PlannedRun& run : whole.runs) CHECK(found.at(run.index) == run.config);
  }
}

TEST_CASE("a run's id is that of what changes bits, whatever the order or spelling") {
  const auto id = [](const std::string& changes) {
    return run_id(with_changes(changes, Config{}));
  };
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
  CHECK(again.json.size() == 4);  // only the new runs

  NamedTexts files;
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

namespace {

Json finished_row(const std::string& changes, int index, const std::string& name,
                  const Json& ending) {
  const Config config = with_changes(changes, small_config());
  Json row = {{"run", run_id(config)},
              {"index", index},
              {"name", name},
              {"config", changed_fields(config)}};
  row.update(ending);
  return row;
}

Json ended_with(double accuracy, double test_loss, double train_loss) {
  return {{"epochs",
           {{{"epoch", 0}, {"silent", 0.0}, {"output_mean", 9.0}},
            {{"epoch", 2},
             {"train_loss", train_loss},
             {"test_loss", test_loss},
             {"test_accuracy", accuracy},
             {"silent", 0.25},
             {"output_mean", nullptr}}}},
          {"steps", 12},
          {"weights_sha256", "ab" + std::to_string(static_cast<int>(100 * accuracy))}};
}

// One refused run, one diverged run, two settings with two seeds each.
std::vector<Json> five_rows() {
  std::vector<Json> rows = {
      finished_row("lr=0.5; seed=7", 0, "a", ended_with(0.5, 1.5, 1.25)),
      finished_row("lr=0.5; seed=8", 1, "b", ended_with(0.75, 1.0, 0.75)),
      finished_row("lr=0.25; seed=7", 2, "c", ended_with(0.875, 0.5, 0.5)),
      finished_row("lr=0.25; seed=8", 3, "d", ended_with(0.125, 3.0, 2.0)),
      finished_row("lr=0.125; seed=7", 4, "e", {{"refused", "it cannot be"}})};
  rows[3]["diverged"] = "it diverged";
  return rows;
}

}  // namespace

TEST_CASE("a sweep's report: means and deviations over seeds, by hand, the best first") {
  const Report report = report_rows(five_rows());
  std::vector<std::vector<std::string>> table;
  for (const std::string& line : report.lines) {
    std::vector<std::string>& cells = table.emplace_back();
    for (std::size_t at = 0; at < line.size();) {
      at = line.find_first_not_of(' ', at);
      const std::size_t end = std::min(line.find("  ", at), line.size());
      cells.push_back(line.substr(at, end - at));
      at = end;
    }
  }
  using Cells = std::vector<std::string>;
  REQUIRE(table.size() == 6);
  CHECK(table[0].empty());
  CHECK(table[1] == Cells{"seeds", "accuracy", "test loss", "train loss", "silent units",
                          "output mean", "diverged", "refused"});
  // 0.5 and 0.75: mean 0.625, deviation 0.25 / sqrt(2). The number of seeds includes refused runs.
  CHECK(table[2] == Cells{"lr=0.5", "2", "62.50% ± 17.68%", "1.25 ± 0.35", "1 ± 0.35",
                          "25.00% ± 0.00%", "--", "0", "0"});
  CHECK(table[3] == Cells{"lr=0.25", "2", "50.00% ± 53.03%", "1.75 ± 1.8", "1.25 ± 1.1",
                          "25.00% ± 0.00%", "--", "1", "0"});
  CHECK(table[4] == Cells{"lr=0.125", "1", "--", "--", "--", "--", "--", "0", "1"});
  CHECK(table[5] == Cells{"lr=0.125: it cannot be"});

  std::vector<Json> rows = five_rows();
  const auto id = [&rows](std::size_t at) { return rows[at]["run"].get<std::string>(); };
  CHECK(
      report.csv ==
      "run,index,name,data,model,lr,epochs,batch,test_batch,seed,epoch,train_loss,test_loss,test_"
      "accuracy,silent,"
      "output_mean,steps,diverged,refused,weights_sha256\n" +
          id(0) +
          ",0,a,small,dense 12 | relu | dense 10,0.5,2,16,16,7,2,1.25,1.5,0.5,0.25,,12,,,ab50\n" +
          id(1) +
          ",1,b,small,dense 12 | relu | dense 10,0.5,2,16,16,8,2,0.75,1,0.75,0.25,,12,,,ab75\n" +
          id(2) +
          ",2,c,small,dense 12 | relu | dense 10,0.25,2,16,16,7,2,0.5,0.5,0.875,0.25,,12,,,ab87\n" +
          id(3) +
          ",3,d,small,dense 12 | relu | dense 10,0.25,2,16,16,8,2,2,3,0.125,0.25,,12,it "
          "diverged,,ab12\n" +
          id(4) + ",4,e,small,dense 12 | relu | dense 10,0.125,2,16,16,7,,,,,,,,,it cannot be,\n");
  // Fields that one row leaves at their default appear too.
  rows.push_back(finished_row("lr=0.001; seed=1", 5, "f", ended_with(0.5, 1.0, 1.0)));
  CHECK(report_rows(rows).csv.ends_with(
      ",5,f,small,dense 12 | relu | dense 10,0.001,2,16,16,1,2,1,1,0.5,0.25,,12,,,ab50\n"));
}

TEST_CASE("finished rows: each counts once, whatever its place, and of another sweep not at all") {
  const Flags flags = {{"grid", "lr=0.5,0.25,0.125"}};
  Json first = finished_row("lr=0.25", 77, "elsewhere", ended_with(0.5, 1.0, 1.0));
  Json again = finished_row("lr=0.25", 78, "twice", ended_with(0.75, 1.0, 1.0));
  const Json other = finished_row("lr=3", 1, "other", ended_with(0.5, 1.0, 1.0));
  const auto data = small_data();
  const auto plan = [&] { return plan_sweep(*data, small_config(), FlagValues(flags)); };
  Experiment experiment(data, plan(), 1, {first, other, again, first});
  const Reported start = experiment.start();
  CHECK(start.values["runs"] == 3);
  CHECK(start.values["finished"] == 1);
  CHECK(start.lines.back() == "1 of them finished before and are not run again");
  CHECK(Experiment(data, plan(), 1, {other}).start().values["finished"] == 0);
  const Outcome outcome =
      carry_out("sweep", small_config(), flags, 1, {first, other, again, first});
  REQUIRE(outcome.rows.size() == 3);
  CHECK(outcome.json.size() == 2);  // the others were run
  first["index"] = 1;
  first["name"] = "lr=0.25";
  CHECK(outcome.rows[1] == first);

  // Rows of the old file that are not among the new rows, each once, in their order.
  const Json kept = finished_row("lr=4", 5, "kept", ended_with(0.5, 1.0, 1.0));
  CHECK(other_rows({other, first, kept, other}, first.dump() + "\n") ==
        other.dump() + "\n" + kept.dump() + "\n");
}

TEST_CASE("whole numbers of flags up to their limits, and shards up to as many as runs") {
  const auto whole = [](const std::string& text) {
    try {
      return FlagValues(Flags{{"n", text}}).whole("n", 5, 2, 9);
    } catch (const Error&) {
      return -1;
    }
  };
  CHECK(whole("2") == 2);
  CHECK(whole("9") == 9);
  CHECK(whole("1") == -1);
  CHECK(whole("10") == -1);
  CHECK(FlagValues(Flags{}).whole("n", 5, 2, 9) == 5);
  CHECK(sweep({{"grid", "lr=1,2,3"}, {"shard", "2/1000000"}}).runs.size() == 1);
  CHECK(sweep({{"grid", "lr=1,2,3"}, {"shard", "1000000/1000000"}}).runs.empty());
  CHECK_THROWS_AS(sweep({{"grid", "lr=1"}, {"shard", "1/1000001"}}), Error);
}

TEST_SUITE_END();
