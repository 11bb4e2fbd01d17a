// The lines that are removed from the files of a run when it resumes, and the error messages for
// damaged checkpoints.
#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "run/checkpoint.h"
#include "run/report.h"
#include "run/run_lines.h"
#include "runs.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

std::size_t length_of(const std::vector<std::string>& lines) {
  return std::accumulate(
      lines.begin(), lines.end(), std::size_t{0},
      [](std::size_t sum, const std::string& line) { return sum + line.size() + 1; });
}

std::string text_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// A run to its end: its output, and after each call the length of the output and the position of
// the run.
struct LoggedRun {
  struct Moment {
    Json position;
    std::size_t events, rows;
  };
  std::vector<std::string> events, rows;
  std::vector<Moment> moments;

  LoggedRun(const std::shared_ptr<const Dataset>& data, const Config& config) {
    Session session(data, config);
    const auto take = [&](const Reported& progress) {
      events.insert(events.end(), progress.json.begin(), progress.json.end());
      rows.insert(rows.end(), progress.csv.begin(), progress.csv.end());
      moments.push_back({session.position(), length_of(events), length_of(rows)});
    };
    take(report(session.start()));
    for (;;) {
      const Reported progress = report(session.advance());
      if (is_last(progress)) {
        events.insert(events.end(), progress.json.begin(), progress.json.end());
        break;
      }
      take(progress);
    }
  }
};

Config config_of(const std::string& json) { return config_from_json(json); }

}  // namespace

TEST_SUITE("resume") {
  TEST_CASE("a run that resumes keeps exactly the lines that it had written when it was kept") {
    const auto data = few_digits(40, 12);
    for (
        const char* const json :
        {R"({"model": "dense 4 | relu | dense 10", "batch": 8, "test_batch": 5, "epochs": 3, "log_every": 2})",
         R"({"model": "dense 4 | relu | dense 10", "batch": 8, "test_batch": 5, "epochs": 3, "log_every": 1, "probe": 3})",
         R"({"model": "dense 4 | relu | dense 10", "batch": 8, "test_batch": 5, "epochs": 3, "log_every": 3, "probe": 5,
                 "validation": 8, "early_stopping": 1})",
         R"({"model": "dense 4 | relu | dense 10", "batch": 7, "epochs": 2, "log_every": 1, "probe": 1})"}) {
      CAPTURE(json);
      const Config config = config_of(json);
      const LoggedRun run(data, config);
      const std::string events = text_of(run.events), rows = text_of(run.rows);
      for (const auto& moment : run.moments) {
        CAPTURE(moment.position.dump());
        CHECK(events_until(events, "x", config, moment.position) == moment.events);
        CHECK(rows_until(rows, "x", moment.position) == moment.rows);
        // The file ends anywhere after that, even within a line.
        const std::size_t more = (events.size() - moment.events) / 2;
        CHECK(events_until(std::string_view(events).substr(0, moment.events + more), "x", config,
                           moment.position) == moment.events);
      }
    }
  }

  TEST_CASE(
      "lines of another run are refused and those of the same run on another machine are not") {
    const auto data = few_digits(16, 8);
    const Config config = config_of(
        R"({"model": "dense 4 | relu | dense 10", "batch": 8, "log_every": 1, "epochs": 1})");
    const LoggedRun run(data, config);
    const Json position = run.moments.back().position;
    const std::string events = text_of(run.events), rows = text_of(run.rows);
    Config other = config;
    other.threads = 1;
    other.log_every = 7;
    other.simd = "scalar";
    other.epochs = 9;
    CHECK(events_until(events, "x", other, position) == run.moments.back().events);
    other.lr = 0.5;
    CHECK(refusal([&] { events_until(events, "x.jsonl", other, position); }) ==
          "jsonl: \"x.jsonl\" holds another run than the checkpoint's; name another file");
    CHECK(refusal([&] {
            events_until(events.substr(events.find('\n') + 1), "x.jsonl", config, position);
          }) == "jsonl: \"x.jsonl\" does not begin with the start of a run; name another file");
    for (const char* const line : {"not JSON", "[]", "{}", "{\"event\": 1}"}) {
      CHECK(refusal([&] {
              events_until(run.events[0] + "\n" + line + "\n", "x.jsonl", config, position);
            }) == "jsonl: \"x.jsonl\": line 2 is not an event of a run; name another file");
    }
    CHECK(events_until("", "x", config, position) == 0);
    CHECK(events_until("{\"event\": \"sta", "x", config, position) == 0);
    CHECK(rows_until("", "x", position) == 0);
    CHECK(refusal([&] { rows_until("a,b\n", "x.csv", position); }) ==
          "csv: \"x.csv\" has other columns than this run's table; name another file");
    CHECK(refusal([&] { rows_until(metrics_header() + "\nbatch,1\n", "x.csv", position); }) ==
          "csv: \"x.csv\": line 2 is not a row of a run; name another file");
    CHECK(rows_until(rows + "batch,2,1,9", "x", position) == rows.size());
  }

  TEST_CASE(
      "a checkpoint with any bit wrong is refused and one without a checksum is read and said to "
      "be so") {
    const auto data = few_digits(16, 8);
    const Config config =
        config_of(R"({"model": "dense 3 | relu | dense 10", "batch": 8, "epochs": 1, "probe": 0})");
    Session session(data, config);
    session.advance();
    std::vector<std::uint8_t> file = session.checkpoint();
    CHECK(check_checksum(file) == Checksum::kRight);
    CHECK(checkpoint_notice(file).empty());
    for (std::size_t bit = 0; bit < 8 * file.size(); bit += bit < 8 * 2000 ? 5 : 997) {
      CAPTURE(bit);
      file[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
      CHECK_THROWS_AS(config_of_checkpoint(file), Error);
      file[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    }
    file.back() ^= 1;
    CHECK(refusal([&] { config_of_checkpoint(file); }) ==
          "checkpoint: the file is damaged: its SHA-256 differs from the one stored in it");
    file.back() ^= 1;

    const SafetensorsFile whole = read_safetensors(file);
    Metadata metadata;
    for (auto [key, value] : whole.metadata) {
      if (key != "sha256") metadata.emplace_back(key, key == "version" ? "1" : value);
    }
    std::vector<NamedTensor> tensors;
    for (const StoredTensor& stored : whole.tensors)
      tensors.push_back({stored.name, stored.shape, float_values(stored)});
    const std::vector<std::uint8_t> older = write_safetensors(tensors, metadata);
    CHECK(checkpoint_notice(older) ==
          "The checkpoint has an older version without a checksum, so damage cannot be detected");
    Session again(data, config);
    again.restore(older);
    CHECK(again.weights_sha256() == session.weights_sha256());
    for (auto& [key, value] : metadata) {
      if (key == "version") value = "2";
    }
    CHECK(refusal([&] { config_of_checkpoint(write_safetensors(tensors, metadata)); }) ==
          "checkpoint: the file is damaged: its SHA-256 is missing");
  }
}
