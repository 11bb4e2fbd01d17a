#include "run/queries.h"

#include <cstring>

#include "backend/cpu/cpu_backend.h"
#include "core/error.h"
#include "core/text.h"
#include "data/grey.h"
#include "io/json_object.h"
#include "nn/activation.h"
#include "nn/architecture.h"
#include "probe/probe_report.h"
#include "run/checkpoint.h"
#include "run/inspect.h"
#include "run/run_lines.h"
#include "train/rate_plan.h"

namespace reluscope {
namespace {

constexpr int kMostHardest = 10000, kMostImages = 1 << 30;

Json floats(const std::vector<float>& values) {
  std::vector<std::uint8_t> bytes(values.size() * sizeof(float));
  if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return Json::binary(std::move(bytes), kFloats);
}

Json bytes_json(std::span<const std::uint8_t> bytes) {
  return Json::binary(std::vector<std::uint8_t>(bytes.begin(), bytes.end()));
}

Json score_answer(const Score& score) {
  return json_object("test_loss", score.loss(), "test_accuracy", score.accuracy(), "correct",
                     score.correct, "total", score.samples);
}

Json classes_answer(const ClassReport& report) {
  Json json = to_json(report);
  json["labels"] = bytes_json(report.labels);
  json["predictions"] = bytes_json(report.predictions);
  return json;
}

Json pairs_answer(const std::vector<std::pair<std::string, std::string>>& pairs) {
  Json json = Json::array();
  for (const auto& [name, value] : pairs) json.push_back({name, value});
  return json;
}

Json activations_json() {
  Json rows = Json::array();
  for (ActivationId id = 0; id < activation_count(); ++id) {
    const ActivationInfo& info = activation_info(id);
    Json parameters = Json::array();
    for (const ActivationParameter& p : info.parameters) {
      parameters.push_back(json_object("name", p.name, "symbol", p.symbol, "default", p.initial,
                                       "min", p.min, "max", p.max, "learnable", p.learnable,
                                       "about", p.about));
    }
    rows.push_back(json_object("name", info.name, "label", info.label, "formula", info.formula,
                               "derivative", info.derivative, "about", info.about, "parameters",
                               std::move(parameters), "kinks",
                               std::vector<double>(info.kinks.begin(), info.kinks.end())));
  }
  return rows;
}

// For menus and flags.
Json registry(const Question&) {
  Json layers = Json::array();
  for (const LayerWord& word : layer_words()) {
    layers.push_back(json_object("name", word.name, "syntax", word.syntax, "about", word.about,
                                 "example", word.example));
  }
  Json formats = Json::array();
  for (const SaveFormat& format : save_formats()) {
    formats.push_back({{"name", format.name}, {"about", format.about}});
  }
  return json_object("activations", activations_json(), "save_formats", std::move(formats),
                     "saved_images", kSavedImages, "most_data", kMostData, "head_bytes", kHeadBytes,
                     "simd_target", cpu::simd_names().front(), "layers", std::move(layers),
                     "fields", fields_json(), "default_config", config_to_json({}));
}

// The values of an activation and of its derivative.
Json curve(const Question& q) {
  const std::string& name = q.text("activation");
  const ActivationId id = find_activation(name);
  if (id < 0) {
    throw Error("activation is " + in_quotes(name) + ", but known are " +
                join_or(activation_names()));
  }
  const auto parameters = q["parameters"].get<std::vector<double>>();
  if (parameters.size() != activation_info(id).parameters.size()) {
    throw Error(name + " has " + std::to_string(activation_info(id).parameters.size()) +
                " parameters, but " + std::to_string(parameters.size()) + " were given");
  }
  std::vector<float> y, dy;
  for (const Json& x : q["xs"]) {
    y.push_back(static_cast<float>(activation_value(id, x.get<double>(), parameters)));
    dy.push_back(static_cast<float>(activation_derivative(id, x.get<double>(), parameters)));
  }
  return {{"y", floats(y)}, {"dy", floats(dy)}};
}

// A model layer by layer, without building it. input: channels, height, width.
ModelSummary described(const Question& q) {
  const auto input = q["input"].get<std::vector<int>>();
  if (input.size() != 3) throw Error("input must be three numbers: channels, height and width");
  return describe_model(q.text("model"), {input[0], input[1], input[2]}, q.whole("classes"),
                        q.whole("batch"));
}

Json dataset_info(const Question& q) {
  const Dataset& data = q.data();
  return json_object("name", data.name(), "train", data.train().count(), "test",
                     data.test().count(), "height", data.train().height(), "width",
                     data.train().width(), "classes", data.classes(), "class_names",
                     data.class_names(), "class_counts", class_counts(data.train(), data.classes()),
                     "background", data.background(), "density", data.density());
}

Json image_of(const Question& q, int index) {
  const std::string& part = q.text("part");
  if (part != "train" && part != "test") {
    throw Error("part is " + in_quotes(part) + ", but it must be train or test");
  }
  const ImageSet& set = part == "test" ? q.data().test() : q.data().train();
  if (index < 0 || index >= set.count()) {
    throw Error("image " + std::to_string(index) + " does not exist; 0 to " +
                std::to_string(set.count() - 1) + " do");
  }
  return {{"pixels", bytes_json(set.image(index))}, {"label", set.label(index)}};
}

Json images(const Question& q) {
  Json found = Json::array();
  for (const Json& index : q["indices"]) found.push_back(image_of(q, index.get<int>()));
  return found;
}

Json predict(const Question& q) {
  const Session::Prediction prediction = q.run().predict(q.bytes("pixels"));
  Json layers = Json::array();
  for (const Session::LayerOutput& layer : prediction.layers) {
    layers.push_back(json_object("name", layer.name, "kind", layer.kind, "text", layer.text,
                                 "values", floats(layer.values)));
  }
  return {{"probabilities", floats(prediction.probabilities)}, {"layers", std::move(layers)}};
}

Json probe(const Question& q) {
  const ProbeSnapshot snapshot =
      q.run().probe(probe_request_from_json(q["request"].dump(), q.run().layer_names()));
  Json json = to_json(snapshot);
  json["warnings"] = to_json(q.run().warnings(snapshot));
  return json;
}

// A Float32Array for each column of what was measured so far.
Json history(const Question& q) {
  Json columns = Json::object();
  for (const auto& [name, values] : q.run().history().columns()) columns[name] = floats(values);
  return columns;
}

// Of a file of this run's lines, how many bytes tell of what has happened by now.
Json lines_until_now(const Question& q) {
  const auto bytes = q.bytes("bytes");
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return q.text("flag") == "jsonl"
             ? events_until(text, q.text("name"), q.run().config(), q.run().position())
             : rows_until(text, q.text("name"), q.run().position());
}

std::optional<int> image_count(const Question& q) {
  const int images = q.whole("images");
  return images == 0 ? std::nullopt : std::optional(images);
}

using enum About;
using enum Kind;

namespace arg {  // those of several questions

constexpr Argument model{.name = "model"}, classes{.name = "classes", .kind = kWhole},
    batch{.name = "batch", .kind = kWhole, .missing = Missing::kInitial, .initial = 64},
    input{.name = "input", .kind = kList, .items = kWhole},
    config{.name = "config", .kind = kObject}, bytes{.name = "bytes", .kind = kBytes},
    pixels{.name = "pixels", .kind = kBytes}, name{.name = "name"}, part{.name = "part"},
    hardest{.name = "hardest",
            .kind = kWhole,
            .missing = Missing::kInitial,
            .initial = Session::kHardest,
            .min = 0,
            .max = kMostHardest},
    layer{.name = "layer", .kind = kWhole}, format{.name = "format"},
    // 0: as many as there are by default.
    images{.name = "images",
           .kind = kWhole,
           .missing = Missing::kInitial,
           .min = 1,
           .max = kMostImages},
    given{.name = "given", .kind = kList, .missing = Missing::kInitial, .items = kList};

}  // namespace arg

constexpr Query kQueries[] = {
    {"registry", kCore, {}, registry},
    {"curve",
     kCore,
     {{.name = "activation"},
      {.name = "parameters", .kind = kList, .items = kNumber},
      {.name = "xs", .kind = kList, .items = kNumber}},
     curve},
    // base: what holds for fields that the text does not name.
    {"configFromJson",
     kCore,
     {{.name = "text"}, {.name = "base", .kind = kObject, .missing = Missing::kInitial}},
     [](const Question& q) {
       return config_to_json(config_from_json(q.text("text"), q.config("base")));
     }},
    {"parse",
     kCore,
     {{.name = "fields", .kind = kList, .items = kList}},
     [](const Question& q) { return config_to_json(config_from_fields(q.pairs("fields"))); }},
    {"fields",
     kCore,
     {arg::config},
     [](const Question& q) { return pairs_answer(config_to_fields(q.config("config"))); }},
    {"describe",
     kCore,
     {arg::model, arg::input, arg::classes, arg::batch},
     [](const Question& q) { return to_json(described(q)); }},
    {"modelTable",
     kCore,
     {arg::model, arg::input, arg::classes, arg::batch},
     [](const Question& q) { return Json(to_table(described(q))); }},
    {"saveFormatOf",
     kCore,
     {{.name = "path"}},
     [](const Question& q) { return Json(save_format_of(q.text("path"))); }},
    {"configOfWeights",
     kCore,
     {arg::bytes},
     [](const Question& q) { return config_to_json(config_of_weights(q.bytes("bytes"))); }},
    // given: what of it is to be different.
    {"configOfCheckpoint",
     kCore,
     {arg::bytes, arg::given},
     [](const Question& q) {
       const Config saved = portable_config(config_of_checkpoint(q.bytes("bytes")));
       return config_to_json(resumed_config(saved, q.pairs("given")));
     }},
    {"checkpointNotice",
     kCore,
     {arg::bytes},
     [](const Question& q) { return Json(checkpoint_notice(q.bytes("bytes"))); }},
    {"networkInput",
     kCore,
     {arg::name,
      {.name = "height", .kind = kWhole},
      {.name = "width", .kind = kWhole},
      {.name = "channels", .kind = kWhole},
      arg::pixels,
      {.name = "wanted_height", .kind = kWhole},
      {.name = "wanted_width", .kind = kWhole},
      {.name = "invert", .kind = kSwitch}},
     [](const Question& q) {
       return Json::binary(network_input({.name = q.text("name"),
                                          .height = q.whole("height"),
                                          .width = q.whole("width"),
                                          .channels = q.whole("channels"),
                                          .pixels = q.bytes("pixels")},
                                         q.whole("wanted_height"), q.whole("wanted_width"),
                                         q["invert"].get<bool>()));
     }},

    {"files", kFolder, {}, [](const Question& q) { return Json(q.folder().plan().files); }},
    {"bytesOfFile",
     kFolder,
     {arg::name, {.name = "head", .kind = kBytes}, {.name = "size", .kind = kNumber}},
     [](const Question& q) {
       return Json(q.folder().budget().bytes_of(q.text("name"), q.bytes("head"),
                                                static_cast<std::uint64_t>(q.number("size"))));
     }},
    {"claim",
     kFolder,
     {arg::name, {.name = "bytes", .kind = kNumber}},
     [](const Question& q) {
       q.folder().budget().claim(q.text("name"), q.number("bytes"));
       return Json();
     }},
    {"next", kFolder, {}, [](const Question& q) { return Json(std::string(q.folder().next())); }},
    {"add",
     kFolder,
     {{.name = "height", .kind = kWhole},
      {.name = "width", .kind = kWhole},
      {.name = "channels", .kind = kWhole},
      arg::pixels},
     [](const Question& q) {
       q.folder().add(q.whole("height"), q.whole("width"), q.whole("channels"), q.bytes("pixels"));
       return Json();
     }},

    {"info", kData, {}, dataset_info},
    {"image",
     kData,
     {arg::part, {.name = "index", .kind = kWhole}},
     [](const Question& q) { return image_of(q, q.whole("index")); }},
    {"images", kData, {arg::part, {.name = "indices", .kind = kList, .items = kWhole}}, images},
    // Of the run, or of one with that config.
    {"augmented",
     kData,
     {{.name = "sample", .kind = kWhole},
      {.name = "count", .kind = kWhole},
      {.name = "config", .kind = kObject, .missing = Missing::kNull}},
     [](const Question& q) {
       const Config of = q.given("config") || !q.has_run() ? q.config("config") : q.run().config();
       return Json::binary(augmented(q.data(), of, q.whole("sample"), q.whole("count")));
     }},
    {"rates",
     kData,
     {arg::config,
      {.name = "points", .kind = kWhole, .missing = Missing::kInitial, .initial = 300}},
     [](const Question& q) {
       return to_json(plan_rates(q.data(), q.config("config"), q.whole("points")));
     }},

    {"config", kRun, {}, [](const Question& q) { return config_to_json(q.run().config()); }},
    {"model", kRun, {}, [](const Question& q) { return to_json(q.run().describe()); }},
    {"start", kRun, {}, [](const Question& q) { return reported_json(report(q.run().start())); }},
    {"position", kRun, {}, [](const Question& q) { return q.run().position(); }},
    {"history", kRun, {}, history},
    {"set",
     kRun,
     {{.name = "field"}, {.name = "value", .kind = kNumber}},
     [](const Question& q) {
       q.run().set(q.text("field"), q.number("value"));
       return config_to_json(q.run().config());
     }},
    {"evaluate", kRun, {}, [](const Question& q) { return score_answer(q.run().evaluate()); }},
    {"evaluateWithout",
     kRun,
     {arg::layer, {.name = "units", .kind = kList, .items = kWhole}},
     [](const Question& q) {
       return score_answer(
           q.run().evaluate_without(q.whole("layer"), q["units"].get<std::vector<int>>()));
     }},
    {"unit",
     kRun,
     {arg::layer,
      {.name = "unit", .kind = kWhole},
      {.name = "strongest", .kind = kWhole, .missing = Missing::kInitial, .initial = 8}},
     [](const Question& q) {
       return to_json(q.run().unit(q.whole("layer"), q.whole("unit"), q.whole("strongest")));
     }},
    {"probe", kRun, {{.name = "request", .kind = kObject, .missing = Missing::kInitial}}, probe},
    {"classes",
     kRun,
     {arg::hardest},
     [](const Question& q) { return classes_answer(q.run().classes(q.whole("hardest"))); }},
    {"classesPart",
     kRun,
     {{.name = "hardest", .kind = kWhole, .min = 0, .max = kMostHardest},
      {.name = "samples", .kind = kWhole}},
     [](const Question& q) {
       const auto report =
           q.run().classes_part(q.whole("hardest"), std::max(1, q.whole("samples")));
       return report ? classes_answer(*report) : Json();
     }},
    {"epochClasses",
     kRun,
     {},
     [](const Question& q) {
       const auto& scored = q.run().epoch_classes();
       if (!scored) return Json();
       Json json = classes_answer(scored->report);
       json["epoch"] = scored->epoch;
       json["step"] = scored->step;
       return json;
     }},
    {"parameter",
     kRun,
     {arg::name},
     [](const Question& q) {
       const Session::ParameterValues found = q.run().parameter(q.text("name"));
       return Json{{"shape", found.shape}, {"values", floats(found.values)}};
     }},
    {"predict", kRun, {arg::pixels}, predict},
    {"evaluateWeights",
     kRun,
     {},
     [](const Question& q) { return reported_json(evaluate_weights(q.run())); }},
    {"predictImage",
     kRun,
     {arg::name, arg::pixels},
     [](const Question& q) {
       return reported_json(predict_image(q.run(), q.text("name"), q.bytes("pixels")));
     }},
    {"weightsSha256", kRun, {}, [](const Question& q) { return Json(q.run().weights_sha256()); }},
    {"save",
     kRun,
     {arg::format, arg::images},
     [](const Question& q) {
       return Json::binary(q.run().save(q.text("format"), image_count(q)));
     }},
    {"checkSave",
     kRun,
     {arg::format, arg::images},
     [](const Question& q) {
       check_save(q.run().trainer(), q.text("format"), image_count(q));
       return Json();
     }},
    {"load",
     kRun,
     {arg::bytes},
     [](const Question& q) {
       q.run().load(q.bytes("bytes"));
       return Json();
     }},
    {"checkpoint", kRun, {}, [](const Question& q) { return Json::binary(q.run().checkpoint()); }},
    {"restore",
     kRun,
     {arg::bytes},
     [](const Question& q) {
       q.run().restore(q.bytes("bytes"));
       return Json();
     }},
    {"linesUntilNow", kRun, {{.name = "flag"}, arg::bytes, arg::name}, lines_until_now},
};

}  // namespace

std::span<const Query> queries() { return kQueries; }

Json reported_json(Reported said) {
  Json json = std::move(said.values);
  json["lines"] = said.lines;
  json["json"] = said.json;
  json["csv_lines"] = said.csv;
  return json;
}

}  // namespace reluscope
