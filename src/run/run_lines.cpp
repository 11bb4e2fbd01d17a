#include "run/run_lines.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/text.h"
#include "run/report.h"

namespace reluscope {
namespace {

// Steps made and epochs scored.
struct Reached {
  std::int64_t step, epochs;

  explicit Reached(const Json& position) : step(position.at("step").get<std::int64_t>()) {
    const auto epoch = position.at("epoch").get<std::int64_t>();
    const bool scored =
        position.at("phase") != "scoring" && position.at("batch") == position.at("batches");
    epochs = scored ? epoch : epoch - 1;
  }
};

// Calls each(line, number from 1) for the complete lines until it returns false. Returns the length
// of the lines before that one.
template <class Each>
std::size_t length_while(std::string_view text, const Each& each) {
  std::size_t at = 0;
  for (int number = 1;; ++number) {
    const std::size_t end = text.find('\n', at);
    if (end == std::string_view::npos || !each(text.substr(at, end - at), number)) return at;
    at = end + 1;
  }
}

std::int64_t whole_number(std::string_view cell) {
  const auto number = parse_number(cell);
  return number && *number == std::floor(*number) && std::fabs(*number) < 0x1p53
             ? static_cast<std::int64_t>(*number)
             : -1;
}

// Whether a run with config `other` may have been resumed as `run`.
bool same_run(const Config& other, const Config& run) {
  const auto differing = differing_fields(other, run);
  return std::all_of(differing.begin(), differing.end(), [](const Field* field) {
    return field->may_differ_on_resume() || field->name == "events";
  });
}

[[noreturn]] void refuse_file(const std::string& flag, const std::string& file,
                              const std::string& reason) {
  throw Error(flag + ": " + in_quotes(file) + reason + "; name another file");
}

}  // namespace

std::size_t events_until(std::string_view text, const std::string& file, const Config& run,
                         const Json& position) {
  const Reached reached(position);
  const auto refuse = [&file](const std::string& reason) { refuse_file("jsonl", file, reason); };
  return length_while(text, [&](std::string_view line, int number) {
    const Json event = Json::parse(line, nullptr, false);
    if (!event.is_object() || !event.contains("event") || !event["event"].is_string()) {
      refuse(": line " + std::to_string(number) + " is not an event of a run");
    }
    const auto name = event["event"].get<std::string>();
    if (number == 1) {
      if (name != "start" || !event.contains("config"))
        refuse(" does not begin with the start of a run");
      if (!same_run(config_from_json(event["config"].dump()), run))
        refuse(" holds another run than the checkpoint's");
    }
    if (name == "start") return true;  // older versions wrote one at every resume
    if (name == "dead" || name == "done" || name == "diverged") return false;
    if (name == "epoch" || name == "classes")
      return event.value("epoch", std::int64_t{0}) <= reached.epochs;
    // The snapshot before the first step is taken only when that step is made.
    return reached.step > 0 && event.value("step", std::int64_t{0}) <= reached.step;
  });
}

std::size_t rows_until(std::string_view text, const std::string& file, const Json& position) {
  const Reached reached(position);
  return length_while(text, [&](std::string_view line, int number) {
    if (number == 1) {
      if (line == metrics_header()) return true;
      refuse_file("csv", file, " has other columns than this run's table");
    }
    // event,epoch,batch,step,...
    std::vector<std::string_view> cells = split(line, ',');
    cells.resize(std::max(cells.size(), std::size_t{4}));
    const std::int64_t epoch = whole_number(cells[1]), step = whole_number(cells[3]);
    if (cells[0] == "epoch" && epoch > 0) return epoch <= reached.epochs;
    if (cells[0] == "batch" && step > 0) return step <= reached.step;
    refuse_file("csv", file, ": line " + std::to_string(number) + " is not a row of a run");
  });
}

}  // namespace reluscope
