// The only Embind file: Dataset and Session for JavaScript. Everything that can fail answers
// {error: "sentence"}, everything else {value: ...}; structured values travel as JSON text, bytes
// and floats as copies. web/engine/worker/core.js is the only caller and the place of the checks.
#include <emscripten/bind.h>
#include <emscripten/heap.h>
#include <emscripten/val.h>
#include <malloc.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backend/cpu/cpu_backend.h"
#include "core/error.h"
#include "core/text.h"
#include "data/folder.h"
#include "data/grey.h"
#include "experiments/experiment.h"
#include "experiments/lessons.h"
#include "experiments/sweep.h"
#include "nn/activation.h"
#include "nn/architecture.h"
#include "probe/probe_report.h"
#include "run/checkpoint.h"
#include "run/commands.h"
#include "run/inspect.h"
#include "run/run_lines.h"
#include "run/session.h"
#include "train/rate_plan.h"

using emscripten::val;

namespace reluscope {
namespace {

// Bytes that this module's memory can still hold.
double free_memory() {
  return static_cast<double>(emscripten_get_heap_max()) - static_cast<double>(mallinfo().uordblks);
}

// The cores that the next session may take its threads from.
int granted_cores = 1;

template <class Work>
val answer(Work work) {
  val result = val::object();
  try {
    result.set("value", work());
  } catch (const Error& error) {
    result.set("error", std::string(error.what()));
  } catch (const std::bad_alloc&) {
    result.set("error", std::string("out of memory: no more than " +
                                    format("%.1f", static_cast<double>(emscripten_get_heap_max()) /
                                                       (1 << 30)) +
                                    " GiB can be had here"));
  } catch (const std::exception& error) {
    result.set("error", std::string("internal error: ") + error.what());
  }
  return result;
}

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// The bytes of a Uint8Array, or what {length, read(place)} puts into one place after the other,
// saying how many it did. In pieces that are appended by their pointers, which libc++ copies at
// once: other iterators go byte by byte, and so does resize().
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

// A copy that JavaScript owns: memory may grow and move under a view.
template <class T>
val copy_of(const std::vector<T>& values) {
  return val(emscripten::typed_memory_view(values.size(), values.data())).call<val>("slice");
}

std::string score_text(const Score& score) {
  return text_of({{"test_loss", score.loss()},
                  {"test_accuracy", score.accuracy()},
                  {"correct", score.correct},
                  {"total", score.samples}});
}

std::string progress_text(Progress progress) {
  Json json = std::move(progress.values);
  json["lines"] = progress.lines;
  json["json"] = progress.json;
  json["csv_lines"] = progress.csv;
  return text_of(json);
}

val class_report(const ClassReport& report) {
  val result = val::object();
  result.set("text", text_of(to_json(report)));
  result.set("labels", copy_of(report.labels));
  result.set("predictions", copy_of(report.predictions));
  return result;
}

std::vector<std::pair<std::string, std::string>> pairs_of(const std::string& json_text) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const Json& pair : Json::parse(std::string_view(json_text))) {
    pairs.emplace_back(pair.at(0).get<std::string>(), pair.at(1).get<std::string>());
  }
  return pairs;
}

Json activations_json() {
  Json rows = Json::array();
  for (ActivationId id = 0; id < activation_count(); ++id) {
    const ActivationInfo& info = activation_info(id);
    Json parameters = Json::array();
    for (const ActivationParameter& p : info.parameters) {
      parameters.push_back({{"name", p.name},
                            {"symbol", p.symbol},
                            {"default", p.initial},
                            {"min", p.min},
                            {"max", p.max},
                            {"learnable", p.learnable},
                            {"about", p.about}});
    }
    rows.push_back({{"name", info.name},
                    {"label", info.label},
                    {"formula", info.formula},
                    {"derivative", info.derivative},
                    {"about", info.about},
                    {"parameters", std::move(parameters)},
                    {"kinks", std::vector<double>(info.kinks.begin(), info.kinks.end())}});
  }
  return rows;
}

val registry() {
  return answer([] {
    Json layers = Json::array();
    for (const LayerWord& word : layer_words()) {
      layers.push_back({{"name", word.name}, {"syntax", word.syntax}, {"about", word.about}});
    }
    Json formats = Json::array();
    for (const SaveFormat& format : save_formats()) {
      formats.push_back({{"name", format.name}, {"about", format.about}});
    }
    return text_of({{"activations", activations_json()},
                    {"save_formats", std::move(formats)},
                    {"saved_images", kSavedImages},
                    {"most_data", kMostData},
                    {"head_bytes", kHeadBytes},
                    {"layers", std::move(layers)},
                    {"fields", fields_json()},
                    {"default_config", config_to_json({})}});
  });
}

val save_format_of_path(const std::string& path) {
  return answer([&] { return save_format_of(path); });
}

val simd_target() {
  return answer([] { return cpu::simd_names().front(); });
}

val curve(const std::string& name, const val& parameters, const val& xs) {
  return answer([&] {
    const ActivationId id = find_activation(name);
    if (id < 0) {
      throw Error("activation is " + in_quotes(name) + ", but known are " +
                  join_or(activation_names()));
    }
    const auto p = emscripten::convertJSArrayToNumberVector<double>(parameters);
    if (p.size() != activation_info(id).parameters.size()) {
      throw Error(name + " has " + std::to_string(activation_info(id).parameters.size()) +
                  " parameters, but " + std::to_string(p.size()) + " were given");
    }
    std::vector<float> y, dy;
    for (const double x : emscripten::convertJSArrayToNumberVector<double>(xs)) {
      y.push_back(static_cast<float>(activation_value(id, x, p)));
      dy.push_back(static_cast<float>(activation_derivative(id, x, p)));
    }
    val result = val::object();
    result.set("y", copy_of(y));
    result.set("dy", copy_of(dy));
    return result;
  });
}

// base: JSON too, what holds for fields that the text does not name.
val config_of_json(const std::string& text, const std::string& base) {
  return answer(
      [&] { return text_of(config_to_json(config_from_json(text, config_from_json(base)))); });
}

val config_of_fields(const std::string& pairs) {
  return answer([&] { return text_of(config_to_json(config_from_fields(pairs_of(pairs)))); });
}

val fields_of_config(const std::string& text) {
  return answer([&] {
    Json pairs = Json::array();
    for (const auto& [name, value] : config_to_fields(config_from_json(text))) {
      pairs.push_back({name, value});
    }
    return text_of(pairs);
  });
}

val describe(const std::string& architecture, int channels, int height, int width, int classes,
             int batch) {
  return answer([&] {
    return text_of(
        to_json(describe_model(architecture, {channels, height, width}, classes, batch)));
  });
}

val model_table(const std::string& architecture, int channels, int height, int width, int classes,
                int batch) {
  return answer([&] {
    return text_of(
        to_table(describe_model(architecture, {channels, height, width}, classes, batch)));
  });
}

val commands_text() {
  return answer([] {
    return text_of({{"commands", commands_json()}, {"lessons", lesson_list()}});
  });
}

// files: [[name, text], ...].
val merge_results(const std::string& files) {
  return answer([&] {
    std::vector<NamedText> texts;
    for (const auto& [name, text] : pairs_of(files)) texts.push_back({name, text});
    const std::vector<Json> rows = merge_rows(texts);
    const Report report = report_rows(rows);
    std::string lines;
    for (const Json& row : rows) lines += text_of(row) + "\n";
    return text_of({{"rows", lines}, {"csv", report.csv}, {"lines", report.lines}});
  });
}

val config_of_weights_text(const val& bytes) {
  return answer([&] { return text_of(config_to_json(config_of_weights(bytes_of(bytes)))); });
}

// given: [[name, text], ...], what may differ from the checkpoint's own.
val config_of_checkpoint_text(const val& bytes, const std::string& given) {
  return answer([&] {
    const Config saved = portable_config(config_of_checkpoint(bytes_of(bytes)));
    return text_of(config_to_json(resumed_config(saved, pairs_of(given))));
  });
}

val checkpoint_notice_of(const val& bytes) {
  return answer([&] { return checkpoint_notice(bytes_of(bytes)); });
}

val network_input_of(const std::string& name, int height, int width, int channels,
                     const val& pixels, int wanted_height, int wanted_width, bool invert) {
  return answer([&] {
    const std::vector<std::uint8_t> bytes = bytes_of(pixels);
    return copy_of(
        network_input({name, height, width, channels, bytes}, wanted_height, wanted_width, invert));
  });
}

// A data set that sessions share; delete() on the JavaScript side drops one owner.
class BoundDataset {
 public:
  static val make(const std::string& name, const val& train_images, const val& train_labels,
                  const val& test_images, const val& test_labels) {
    return answer([&] {
      BoundDataset bound;
      bound.data_ = std::make_shared<const Dataset>(
          name,
          Dataset::Files{bytes_of(train_images), bytes_of(train_labels), bytes_of(test_images),
                         bytes_of(test_labels)},
          Dataset::kFromLabels);
      return bound;
    });
  }

  explicit BoundDataset(std::shared_ptr<const Dataset> data = nullptr) : data_(std::move(data)) {}

  val info() const {
    return answer([&] {
      return text_of({{"name", data_->name()},
                      {"train", data_->train().count()},
                      {"test", data_->test().count()},
                      {"height", data_->train().height()},
                      {"width", data_->train().width()},
                      {"classes", data_->classes()},
                      {"class_names", data_->class_names()},
                      {"class_counts", class_counts(data_->train(), data_->classes())},
                      {"background", data_->background()},
                      {"density", data_->density()}});
    });
  }

  val image(bool test, int index) const {
    return answer([&] {
      const ImageSet& set = test ? data_->test() : data_->train();
      if (index < 0 || index >= set.count()) {
        throw Error("image " + std::to_string(index) + " does not exist; 0 to " +
                    std::to_string(set.count() - 1) + " do");
      }
      const auto pixels = set.image(index);
      val result = val::object();
      result.set("pixels", copy_of(std::vector<std::uint8_t>(pixels.begin(), pixels.end())));
      result.set("label", static_cast<int>(set.label(index)));
      return result;
    });
  }

  // Of a run with this config on this data, without making it.
  val augmented(const std::string& config, int sample, int count) const {
    return answer([&] {
      return copy_of(reluscope::augmented(*data_, config_from_json(config), sample, count));
    });
  }
  val rates(const std::string& config, int points) const {
    return answer(
        [&] { return text_of(to_json(plan_rates(*data_, config_from_json(config), points))); });
  }

  std::shared_ptr<const Dataset> data() const { return data_; }

 private:
  std::shared_ptr<const Dataset> data_;
};

// A folder or an archive, by its files' names, and then the images in it; see data/folder.h.
class BoundFolder {
 public:
  // most: bytes that the data may take.
  static val make(const std::string& paths, const std::string& where, double most) {
    return answer([&] {
      BoundFolder bound;
      bound.images_ = std::make_shared<FolderImages>(
          plan_files(Json::parse(paths).get<std::vector<std::string>>(), where),
          DataBudget(static_cast<std::uint64_t>(most)));
      return bound;
    });
  }

  val files() const {
    return answer([&] { return text_of(images_->plan().files); });
  }
  // Of one of the files: DataBudget's bytes_of() and claim().
  val bytes_of_file(const std::string& name, const val& head, double size) {
    return answer([&] {
      return static_cast<double>(
          images_->budget().bytes_of(name, bytes_of(head), static_cast<std::uint64_t>(size)));
    });
  }
  val claim(const std::string& name, double bytes) {
    return answer([&] {
      images_->budget().claim(name, bytes);
      return true;
    });
  }
  val next() const {
    return answer([&] { return std::string(images_->next()); });
  }
  val add(int height, int width, int channels, const val& pixels) {
    return answer([&] {
      images_->add(height, width, channels, bytes_of(pixels));
      return true;
    });
  }
  val finish(const std::string& name) {
    return answer(
        [&] { return BoundDataset(std::make_shared<const Dataset>(images_->finish(name))); });
  }

 private:
  std::shared_ptr<FolderImages> images_;
};

class BoundSession {
 public:
  // cores: what the session takes for the machine's. A page leaves one to the browser.
  static val make(const BoundDataset& dataset, const std::string& config, int cores) {
    return answer([&] {
      granted_cores = cores;
      BoundSession bound;
      const Config wanted = config_from_json(config);
      std::unique_ptr<Backend> backend;  // Session refuses other devices
      if (wanted.device != "cuda") {
        backend = std::make_unique<cpu::CpuBackend>(wanted.simd, wanted.threads, wanted.fused, 0,
                                                    free_memory());
      }
      bound.session_ = std::make_shared<Session>(dataset.data(), wanted, std::move(backend));
      return bound;
    });
  }

  val config() const {
    return answer([&] { return text_of(config_to_json(session_->config())); });
  }
  val describe() const {
    return answer([&] { return text_of(to_json(session_->describe())); });
  }
  val start() const {
    return answer([&] { return progress_text(session_->start()); });
  }
  val advance() {
    return answer([&] { return progress_text(session_->advance()); });
  }
  val set(const std::string& field, double value) {
    return answer([&] {
      session_->set(field, value);
      return true;
    });
  }
  val evaluate() {
    return answer([&] { return score_text(session_->evaluate()); });
  }
  val evaluate_without(int layer, const std::string& units) {
    return answer([&] {
      return score_text(
          session_->evaluate_without(layer, Json::parse(units).get<std::vector<int>>()));
    });
  }
  val unit(int layer, int unit, int strongest) {
    return answer([&] { return text_of(to_json(session_->unit(layer, unit, strongest))); });
  }
  val probe(const std::string& request) {
    return answer([&] {
      const ProbeSnapshot snapshot =
          session_->probe(probe_request_from_json(request, session_->layer_names()));
      Json json = to_json(snapshot);
      json["warnings"] = to_json(session_->warnings(snapshot));
      return text_of(json);
    });
  }
  val classes(int hardest) {
    return answer([&] { return class_report(session_->classes(hardest)); });
  }
  val classes_part(int hardest, int samples) {
    return answer([&] {
      const auto report = session_->classes_part(hardest, samples);
      return report ? class_report(*report) : val::null();
    });
  }
  val epoch_classes() const {
    return answer([&] {
      const auto& report = session_->epoch_classes();
      return report ? class_report(*report) : val::null();
    });
  }
  val parameter(const std::string& name) const {
    return answer([&] {
      const Session::ParameterValues found = session_->parameter(name);
      val result = val::object();
      result.set("shape", copy_of(found.shape));
      result.set("values", copy_of(found.values));
      return result;
    });
  }
  val predict(const val& pixels) {
    return answer([&] {
      const Session::Prediction prediction = session_->predict(bytes_of(pixels));
      val layers = val::array();
      for (const Session::LayerOutput& layer : prediction.layers) {
        val row = val::object();
        row.set("name", layer.name);
        row.set("kind", layer.kind);
        row.set("text", layer.text);
        row.set("values", copy_of(layer.values));
        layers.call<void>("push", row);
      }
      val result = val::object();
      result.set("probabilities", copy_of(prediction.probabilities));
      result.set("layers", layers);
      return result;
    });
  }
  val augmented(int sample, int count) const {
    return answer([&] { return copy_of(session_->augmented(sample, count)); });
  }
  val weights_sha256() const {
    return answer([&] { return session_->weights_sha256(); });
  }
  val load(const val& bytes) {
    return answer([&] {
      session_->load(bytes_of(bytes));
      return true;
    });
  }
  val checkpoint() {
    return answer([&] { return copy_of(session_->checkpoint()); });
  }
  val restore(const val& bytes) {
    return answer([&] {
      session_->restore(bytes_of(bytes));
      return true;
    });
  }
  val position() const {
    return answer([&] { return text_of(session_->position()); });
  }
  // An object with a Float32Array for each column.
  val history() const {
    return answer([&] {
      val columns = val::object();
      for (const auto& [name, values] : session_->history().columns()) {
        columns.set(name, copy_of(values));
      }
      return columns;
    });
  }
  val evaluate_weights() {
    return answer([&] { return progress_text(reluscope::evaluate_weights(*session_)); });
  }
  val predict_image(const std::string& name, const val& pixels) {
    return answer(
        [&] { return progress_text(reluscope::predict_image(*session_, name, bytes_of(pixels))); });
  }
  // images: 0 for as many as there are by default.
  val save(const std::string& format, int images) {
    return answer([&] { return copy_of(session_->save(format, count_of(images))); });
  }
  val check_save(const std::string& format, int images) const {
    return answer([&] {
      reluscope::check_save(session_->trainer(), format, count_of(images));
      return val::null();
    });
  }
  // Of a file of this run's lines, how many bytes tell of what has happened by now.
  val lines_until_now(const std::string& flag, const val& bytes, const std::string& file) const {
    return answer([&] {
      const std::vector<std::uint8_t> all = bytes_of(bytes);
      const std::string_view text(reinterpret_cast<const char*>(all.data()), all.size());
      return static_cast<double>(
          flag == "jsonl" ? events_until(text, file, session_->config(), session_->position())
                          : rows_until(text, file, session_->position()));
    });
  }

 private:
  static std::optional<int> count_of(int images) {
    return images == 0 ? std::nullopt : std::optional(images);
  }

  std::shared_ptr<Session> session_;  // Embind moves its objects by copying them
};

class BoundExperiment {
 public:
  // flags: [[name, text], ...]. files: the bytes of flags that name a file, by their names.
  // finished: what a sweep's file holds already, and its name.
  static val make(const BoundDataset& dataset, const std::string& kind, const std::string& config,
                  const std::string& flags, const val& files, const std::string& finished,
                  const std::string& file) {
    return answer([&] {
      auto given = pairs_of(flags);
      for (const CommandFlag& flag : find_command(kind).flags) {
        if (!flag.plan || !flag.file || files[flag.name].isUndefined()) continue;
        const std::vector<std::uint8_t> bytes = bytes_of(files[flag.name]);
        given.emplace_back(flag.name, std::string(bytes.begin(), bytes.end()));
      }
      BoundExperiment bound;
      bound.experiment_ = std::make_shared<Experiment>(
          dataset.data(),
          make_plan(kind, *dataset.data(), config_from_json(config), PlanFlags(given)), 1,
          read_rows(finished, file), free_memory);
      return bound;
    });
  }

  val start() const {
    return answer([&] { return progress_text(experiment_->start()); });
  }
  val advance() {
    return answer([&] { return progress_text(experiment_->advance()); });
  }

 private:
  std::shared_ptr<Experiment> experiment_;
};

val check_rows(const std::string& text, const std::string& file) {
  return answer([&] {
    std::string lines;
    for (const Json& row : read_rows(text, file)) lines += text_of(row) + "\n";
    return lines;
  });
}

val other_rows_text(const std::string& before, const std::string& rows) {
  return answer([&] { return other_rows(read_rows(before, "results"), rows); });
}

}  // namespace

// Behind std::thread::hardware_concurrency(), in the place of Emscripten's. Weak: where there are
// no threads, the C library's own stands, which says 1.
extern "C" __attribute__((weak)) int emscripten_num_logical_cores() { return granted_cores; }

EMSCRIPTEN_BINDINGS(reluscope) {
  emscripten::function("registry", &registry);
  emscripten::function("simdTarget", &simd_target);
  emscripten::function("saveFormatOf", &save_format_of_path);
  emscripten::function("curve", &curve);
  emscripten::function("configOfJson", &config_of_json);
  emscripten::function("configOfFields", &config_of_fields);
  emscripten::function("fieldsOfConfig", &fields_of_config);
  emscripten::function("describe", &describe);
  emscripten::function("modelTable", &model_table);
  emscripten::function("commands", &commands_text);
  emscripten::function("mergeResults", &merge_results);
  emscripten::function("checkRows", &check_rows);
  emscripten::function("otherRows", &other_rows_text);
  emscripten::function("configOfWeights", &config_of_weights_text);
  emscripten::function("configOfCheckpoint", &config_of_checkpoint_text);
  emscripten::function("checkpointNotice", &checkpoint_notice_of);
  emscripten::function("networkInput", &network_input_of);
  emscripten::class_<BoundExperiment>("Experiment")
      .class_function("make", &BoundExperiment::make)
      .function("start", &BoundExperiment::start)
      .function("advance", &BoundExperiment::advance);
  emscripten::class_<BoundDataset>("Dataset")
      .class_function("make", &BoundDataset::make)
      .function("info", &BoundDataset::info)
      .function("augmented", &BoundDataset::augmented)
      .function("rates", &BoundDataset::rates)
      .function("image", &BoundDataset::image);
  emscripten::class_<BoundFolder>("Folder")
      .class_function("make", &BoundFolder::make)
      .function("files", &BoundFolder::files)
      .function("bytesOfFile", &BoundFolder::bytes_of_file)
      .function("claim", &BoundFolder::claim)
      .function("next", &BoundFolder::next)
      .function("add", &BoundFolder::add)
      .function("finish", &BoundFolder::finish);
  emscripten::class_<BoundSession>("Session")
      .class_function("make", &BoundSession::make)
      .function("config", &BoundSession::config)
      .function("describe", &BoundSession::describe)
      .function("start", &BoundSession::start)
      .function("advance", &BoundSession::advance)
      .function("set", &BoundSession::set)
      .function("evaluate", &BoundSession::evaluate)
      .function("evaluateWithout", &BoundSession::evaluate_without)
      .function("unit", &BoundSession::unit)
      .function("probe", &BoundSession::probe)
      .function("classes", &BoundSession::classes)
      .function("classesPart", &BoundSession::classes_part)
      .function("epochClasses", &BoundSession::epoch_classes)
      .function("parameter", &BoundSession::parameter)
      .function("predict", &BoundSession::predict)
      .function("augmented", &BoundSession::augmented)
      .function("load", &BoundSession::load)
      .function("checkpoint", &BoundSession::checkpoint)
      .function("restore", &BoundSession::restore)
      .function("position", &BoundSession::position)
      .function("history", &BoundSession::history)
      .function("evaluateWeights", &BoundSession::evaluate_weights)
      .function("predictImage", &BoundSession::predict_image)
      .function("weightsSha256", &BoundSession::weights_sha256)
      .function("save", &BoundSession::save)
      .function("checkSave", &BoundSession::check_save)
      .function("linesUntilNow", &BoundSession::lines_until_now);
}

}  // namespace reluscope
