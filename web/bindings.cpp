// The only Embind file: one function for all questions (run/question.h), and the objects that live
// in this memory. Every function returns {value: ...} or, after an error, {error: "sentence"};
// web/engine/worker/core.js is the only caller.
#include <emscripten/bind.h>
#include <emscripten/heap.h>
#include <emscripten/val.h>
#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "backend/cpu/cpu_backend.h"
#include "core/error.h"
#include "core/text.h"
#include "experiments/experiment.h"
#include "experiments/experiment_queries.h"
#include "experiments/sweep.h"
#include "io/json_text.h"
#include "run/commands.h"

using emscripten::val;

namespace reluscope {
namespace {

// Bytes that this module's memory can still hold.
double free_memory() {
  return static_cast<double>(emscripten_get_heap_max()) - static_cast<double>(mallinfo().uordblks);
}

template <class Work>
val answer(Work work) {
  val result = val::object();
  try {
    result.set("value", work());
  } catch (const Error& error) {
    result.set("error", std::string(error.what()));
  } catch (const std::bad_alloc&) {
    result.set("error", "out of memory: no more than " +
                            format("%.1f", emscripten_get_heap_max() / 0x1p30) +
                            " GiB are available here");
  } catch (const std::exception& error) {
    result.set("error", std::string("internal error: ") + error.what());
  }
  return result;
}

// The bytes of a Uint8Array or of a reader {length, read(place)}, which fills a place and returns
// the number of bytes. In pieces that are appended by their pointers, which libc++ copies at once:
// other iterators go byte by byte, and so does resize().
std::vector<std::uint8_t> bytes_of(const val& source) {
  constexpr std::size_t kPiece = 1 << 20;
  const auto length = source["length"].as<std::size_t>();
  const bool reads = !source["read"].isUndefined();
  std::vector<std::uint8_t> bytes, piece(std::min(length, kPiece));
  bytes.reserve(length);
  while (bytes.size() < length) {
    const std::size_t count = std::min(kPiece, length - bytes.size());
    const val place(emscripten::typed_memory_view(count, piece.data()));
    if (reads) {
      const auto found = source.call<std::size_t>("read", place);
      if (found != count) {
        throw Error("a file has " + std::to_string(bytes.size() + found) + " bytes of the " +
                    std::to_string(length) + " that it should have");
      }
    } else {
      place.call<void>("set", source.call<val>("subarray", bytes.size(), bytes.size() + count));
    }
    bytes.insert(bytes.end(), piece.data(), piece.data() + count);
  }
  return bytes;
}

// An argument as JSON: typed arrays of bytes stay bytes, others become lists of numbers.
Json json_of(const val& value) {
  if (value.isUndefined() || value.isNull()) return nullptr;
  if (value.isNumber()) {
    const auto number = value.as<double>();
    const bool whole = std::trunc(number) == number && std::abs(number) < 0x1p53;
    return whole ? Json(static_cast<std::int64_t>(number)) : Json(number);
  }
  if (value.isString()) return value.as<std::string>();
  if (value.instanceof (val::global("Uint8Array"))) return Json::binary(bytes_of(value));
  if (value.isArray()) {
    Json list = Json::array();
    for (const val& item : emscripten::vecFromJSArray<val>(value)) list.push_back(json_of(item));
    return list;
  }
  const bool is_view = val::global("ArrayBuffer").call<bool>("isView", value);
  const val plain = is_view ? val::global("Array").call<val>("from", value) : value;
  return Json::parse(val::global("JSON").call<std::string>("stringify", plain));
}

bool holds_bytes(const Json& json) {
  return json.is_binary() ||
         (json.is_structured() && std::any_of(json.begin(), json.end(), holds_bytes));
}

// A copy that JavaScript owns: memory may grow and move under a view.
template <class T>
val copy_of(const T* values, std::size_t bytes) {
  return val(emscripten::typed_memory_view(bytes / sizeof(T), values)).call<val>("slice");
}

val js_of(const Json& json) {
  if (json.is_binary()) {
    const auto& bytes = json.get_binary();
    const bool floats = bytes.has_subtype() && bytes.subtype() == kFloats;
    return floats ? copy_of(reinterpret_cast<const float*>(bytes.data()), bytes.size())
                  : copy_of(bytes.data(), bytes.size());
  }
  if (!holds_bytes(json)) return val::global("JSON").call<val>("parse", json_line(json));
  val result = json.is_array() ? val::array() : val::object();
  for (const auto& [name, item] : json.items()) result.set(name, js_of(item));
  return result;
}

// An event that comes at every step, without a text in between.
template <class Event>
val js_of_fields(const Event& event) {
  val result = val::object();
  each_field(event, [&result](const char* name, const auto& value) {
    if constexpr (std::is_arithmetic_v<std::decay_t<decltype(value)>>) {
      result.set(name, static_cast<double>(value));
    } else {
      result.set(name, val(value));
    }
  });
  return result;
}

// The objects below are shared pointers: delete() on the JavaScript side drops one owner.
using SharedDataset = std::shared_ptr<const Dataset>;

val make_dataset(const std::string& name, const val& train_images, const val& train_labels,
                 const val& test_images, const val& test_labels) {
  return answer([&] {
    Dataset::Files files{bytes_of(train_images), bytes_of(train_labels), bytes_of(test_images),
                         bytes_of(test_labels)};
    return std::make_shared<const Dataset>(name, std::move(files), Dataset::kFromLabels);
  });
}

// A folder or an archive, by its files' names, and then the images in it; see data/folder.h.
// most: bytes that the data may take.
val make_folder(const val& paths, const std::string& where, double most) {
  return answer([&] {
    return std::make_shared<FolderImages>(
        plan_files(emscripten::vecFromJSArray<std::string>(paths), where),
        DataBudget(static_cast<std::uint64_t>(most)));
  });
}
val finish_folder(FolderImages& images, const std::string& name) {
  return answer([&] { return std::make_shared<const Dataset>(images.finish(name)); });
}

// config: JSON. cores: the number that the session takes for the machine's; a page leaves one to
// the browser.
val make_session(const SharedDataset& dataset, const std::string& config, int cores) {
  return answer([&] {
    const Config wanted = config_from_json(config);
    std::unique_ptr<Backend> backend;  // Session refuses other devices
    if (wanted.device != "cuda") {
      backend = std::make_unique<cpu::CpuBackend>(wanted.simd, wanted.threads, wanted.fused, cores,
                                                  free_memory());
    }
    return std::make_shared<Session>(dataset, wanted, std::move(backend));
  });
}

val advance_session(Session& session) {
  return answer([&] {
    const Progress progress = session.advance();
    if (const auto* step = progress.as<StepEvent>()) {
      if (progress.events.size() == 1 && !step->logged) return js_of_fields(*step);
    } else if (const auto* scoring = progress.as<ScoringEvent>()) {
      return js_of_fields(*scoring);
    }
    Json json = reported_json(report(progress));
    if (const auto* diverged = progress.as<DivergedEvent>()) {
      json["weights_kept"] = diverged->weights_kept;
    }
    if (const auto raised = progress.warnings(); !raised.empty())
      json["warnings"] = to_json(raised);
    return js_of(json);
  });
}

// flags: [[name, text], ...]. files: the bytes of flags that name a file, by their names.
// finished: the rows in a sweep's file; file: its name.
val make_experiment(const SharedDataset& dataset, const std::string& kind,
                    const std::string& config, const val& flags, const val& files,
                    const std::string& finished, const std::string& file) {
  return answer([&] {
    std::vector<std::pair<std::string, std::string>> given;
    for (const Json& flag : json_of(flags)) given.emplace_back(flag.at(0), flag.at(1));
    for (const CommandFlag& flag : find_command(kind).flags) {
      if (!flag.plan || !flag.file || files[flag.name].isUndefined()) continue;
      const std::vector<std::uint8_t> bytes = bytes_of(files[flag.name]);
      given.emplace_back(flag.name, std::string(bytes.begin(), bytes.end()));
    }
    return std::make_shared<Experiment>(
        dataset, make_plan(kind, *dataset, config_from_json(config), FlagValues(given)), 1,
        read_rows(finished, file), free_memory);
  });
}
template <auto Method>  // start() or advance()
val report_of(Experiment& experiment) {
  return answer([&] { return js_of(reported_json((experiment.*Method)())); });
}

// The names of all questions, and what each is about.
val questions() {
  Json rows = Json::array();
  for (const Query& query : all_queries()) {
    rows.push_back({{"name", query.name}, {"about", about_name(query.about)}});
  }
  return js_of(rows);
}

// arguments: a list. The objects may be null.
val ask_by_name(const std::string& name, const val& arguments, FolderImages* folder,
                const Dataset* data, Session* run) {
  return answer([&] {
    return js_of(
        ask(find_query(name), {.folder = folder, .data = data, .run = run}, json_of(arguments)));
  });
}

}  // namespace

EMSCRIPTEN_BINDINGS(reluscope) {
  emscripten::function("questions", &questions);
  emscripten::function("ask", &ask_by_name, emscripten::allow_raw_pointers());
  emscripten::class_<Dataset>("Dataset")
      .smart_ptr<SharedDataset>("SharedDataset")
      .class_function("make", &make_dataset);
  emscripten::class_<FolderImages>("Folder")
      .smart_ptr<std::shared_ptr<FolderImages>>("SharedFolder")
      .class_function("make", &make_folder)
      .function("finish", &finish_folder);
  emscripten::class_<Session>("Session")
      .smart_ptr<std::shared_ptr<Session>>("SharedSession")
      .class_function("make", &make_session)
      .function("advance", &advance_session);
  emscripten::class_<Experiment>("Experiment")
      .smart_ptr<std::shared_ptr<Experiment>>("SharedExperiment")
      .class_function("make", &make_experiment)
      .function("start", &report_of<&Experiment::start>)
      .function("advance", &report_of<&Experiment::advance>);
}

}  // namespace reluscope
