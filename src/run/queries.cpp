// The table of questions about the core, a data set, files and a run.
#include "backend/cpu/cpu_backend.h"
#include "core/bytes.h"
#include "core/error.h"
#include "core/text.h"
#include "data/grey.h"
#include "io/json_object.h"
#include "nn/activation.h"
#include "nn/architecture.h"
#include "probe/probe_report.h"
#include "run/checkpoint.h"
#include "run/question.h"
#include "run/run_lines.h"
#include "train/describe.h"
#include "train/rate_plan.h"

namespace reluscope {
namespace {

constexpr int kMostHardest = 10000, kMostImages = 1 << 30;

Json floats(std::span<const float> values) {
  Bytes bytes;
  append_floats(bytes, values);
  return Json::binary(std::move(bytes), kFloats);
}

Json bytes_json(std::span<const std::uint8_t> bytes) {
  return Json::binary(std::vector<std::uint8_t>(bytes.begin(), bytes.end()));
}

Json classes_answer(const ClassReport& report) {
  Json json = to_json(report);
  json["labels"] = bytes_json(report.labels);
  json["predictions"] = bytes_json(report.predictions);
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
  return to_json(
      q.run().probe(probe_request_from_json(q["request"].dump(), q.run().layer_names())));
}

std::optional<int> image_count(const Question& q) {
  const int images = q.whole("images");
  return images == 0 ? std::nullopt : std::optional(images);
}

using enum About;
using namespace arg;

constexpr Argument kHardest = whole("hardest").within(0, kMostHardest),
                   kImages = whole("images").within(1, kMostImages).or_empty(),
                   kPixels = arg::bytes("pixels"), kFile = arg::bytes("bytes"),
                   kName = text("name"), kPart = text("part"), kLayer = whole("layer");
constexpr std::initializer_list<Argument> kModel = {text("model"), list("input", Kind::kWhole),
                                                    whole("classes"), whole("batch").or_else(64)};

constexpr Query kQueries[] = {
    Query("registry", kCore, {}, registry),
    Query("curve", kCore,
          {text("activation"), list("parameters", Kind::kNumber), list("xs", Kind::kNumber)},
          curve),
    // base: the values of fields that the text does not name.
    Query("configFromJson", kCore, {text("text"), object("base").or_empty()},
          [](const Question& q) {
            return config_to_json(config_from_json(q.text("text"), q.config("base")));
          }),
    Query("parse", kCore, {list("fields", Kind::kList)},
          [](const Question& q) { return config_to_json(config_from_fields(q.pairs("fields"))); }),
    Query("fields", kCore, {object("config")},
          [](const Question& q) { return config_to_fields(q.config("config")); }),
    Query("describe", kCore, kModel, [](const Question& q) { return to_json(described(q)); }),
    Query("modelTable", kCore, {object("config")},
          [](const Question& q) {
            const Config config = q.config("config");
            return reported_json(
                {.lines = to_table(describe_model(config.model, {1, 28, 28}, 10, config.batch))});
          }),
    Query("simdNames", kCore, {},
          [](const Question&) { return reported_json({.lines = cpu::simd_names()}); }),
    Query("saveFormatOf", kCore, {text("path")},
          [](const Question& q) { return save_format_of(q.text("path")); }),
    Query("configOfWeights", kCore, {kFile},
          [](const Question& q) { return config_to_json(config_of_weights(q.bytes("bytes"))); }),
    // given: the fields that change.
    Query("configOfCheckpoint", kCore, {kFile, list("given", Kind::kList).or_empty()},
          [](const Question& q) {
            const Config saved = portable_config(config_of_checkpoint(q.bytes("bytes")));
            return config_to_json(resumed_config(saved, q.pairs("given")));
          }),
    Query("checkpointNotice", kCore, {kFile},
          [](const Question& q) { return checkpoint_notice(q.bytes("bytes")); }),
    Query("networkInput", kCore,
          {kName, whole("height"), whole("width"), whole("channels"), kPixels,
           whole("wanted_height"), whole("wanted_width"), truth("invert")},
          [](const Question& q) {
            return Json::binary(network_input({.name = q.text("name"),
                                               .height = q.whole("height"),
                                               .width = q.whole("width"),
                                               .channels = q.whole("channels"),
                                               .pixels = q.bytes("pixels")},
                                              q.whole("wanted_height"), q.whole("wanted_width"),
                                              q["invert"].get<bool>()));
          }),

    Query("files", kFolder, {}, [](const Question& q) { return q.folder().plan().files; }),
    Query("bytesOfFile", kFolder, {kName, arg::bytes("head"), number("size")},
          [](const Question& q) {
            return q.folder().budget().bytes_of(q.text("name"), q.bytes("head"),
                                                static_cast<std::uint64_t>(q.number("size")));
          }),
    Query("claim", kFolder, {kName, number("bytes")},
          [](const Question& q) { q.folder().budget().claim(q.text("name"), q.number("bytes")); }),
    Query("next", kFolder, {}, [](const Question& q) { return q.folder().next(); }),
    Query("add", kFolder, {whole("height"), whole("width"), whole("channels"), kPixels},
          [](const Question& q) {
            q.folder().add(q.whole("height"), q.whole("width"), q.whole("channels"),
                           q.bytes("pixels"));
          }),

    Query("info", kData, {}, dataset_info),
    Query("image", kData, {kPart, whole("index")},
          [](const Question& q) { return image_of(q, q.whole("index")); }),
    Query("images", kData, {kPart, list("indices", Kind::kWhole)},
          [](const Question& q) {
            Json found = Json::array();
            for (const Json& index : q["indices"]) found.push_back(image_of(q, index.get<int>()));
            return found;
          }),
    // Of the run, or of one with that config.
    Query("augmented", kData, {whole("sample"), whole("count"), object("config").or_null()},
          [](const Question& q) {
            const bool given = q.given("config") || !q.has_run();
            return Json::binary(augmented(q.data(), given ? q.config("config") : q.run().config(),
                                          q.whole("sample"), q.whole("count")));
          }),
    Query("rates", kData, {object("config"), whole("points").or_else(300)},
          [](const Question& q) {
            return to_json(plan_rates(q.data(), q.config("config"), q.whole("points")));
          }),

    Query("config", kRun, {}, [](const Question& q) { return config_to_json(q.run().config()); }),
    Query("model", kRun, {},
          [](const Question& q) {
            const Config& of = q.run().config();
            return to_json(
                describe_model(of.model, q.data().shape(), q.data().classes(), of.batch));
          }),
    Query("start", kRun, {},
          [](const Question& q) { return reported_json(report(q.run().start())); }),
    Query("position", kRun, {}, [](const Question& q) { return q.run().position(); }),
    // A Float32Array for each column of the measurements so far.
    Query("history", kRun, {},
          [](const Question& q) {
            Json columns = Json::object();
            for (const auto& [name, values] : q.run().history().columns()) {
              columns[name] = floats(values);
            }
            return columns;
          }),
    Query("set", kRun, {text("field"), number("value")},
          [](const Question& q) {
            q.run().set(q.text("field"), q.number("value"));
            return config_to_json(q.run().config());
          }),
    Query("evaluate", kRun, {}, [](const Question& q) { return score_json(q.run().evaluate()); }),
    Query("evaluateWithout", kRun, {kLayer, list("units", Kind::kWhole)},
          [](const Question& q) {
            return score_json(
                q.run().evaluate_without(q.whole("layer"), q["units"].get<std::vector<int>>()));
          }),
    Query("unit", kRun, {kLayer, whole("unit"), whole("strongest").or_else(8)},
          [](const Question& q) {
            return to_json(q.run().unit(q.whole("layer"), q.whole("unit"), q.whole("strongest")));
          }),
    Query("probe", kRun, {object("request").or_empty()}, probe),
    Query("deadPart", kRun, {whole("samples")},
          [](const Question& q) {
            const auto found = q.run().dead_part(std::max(1, q.whole("samples")));
            return found ? to_json(*found) : Json();
          }),
    // since: the index of the first look wanted.
    Query("looks", kRun, {whole("since").or_else(0)},
          [](const Question& q) { return looks_json(q.run().units(), q.whole("since")); }),
    Query("look", kRun, {number("step")},
          [](const Question& q) {
            return look_json(q.run().units(), static_cast<std::int64_t>(q.number("step")));
          }),
    Query("warnings", kRun, {}, [](const Question& q) { return to_json(q.run().warnings()); }),
    Query("classes", kRun, {kHardest.or_else(Session::kHardest)},
          [](const Question& q) { return classes_answer(q.run().classes(q.whole("hardest"))); }),
    Query("classesPart", kRun, {kHardest, whole("samples")},
          [](const Question& q) {
            const auto report =
                q.run().classes_part(q.whole("hardest"), std::max(1, q.whole("samples")));
            return report ? classes_answer(*report) : Json();
          }),
    Query("epochClasses", kRun, {},
          [](const Question& q) {
            const auto& scored = q.run().epoch_classes();
            if (!scored) return Json();
            Json json = classes_answer(scored->report);
            json["epoch"] = scored->epoch;
            json["step"] = scored->step;
            return json;
          }),
    Query("parameter", kRun, {kName},
          [](const Question& q) {
            const NamedTensor found = q.run().parameter(q.text("name"));
            return json_object("shape", found.shape, "values", floats(found.values));
          }),
    Query("predict", kRun, {kPixels}, predict),
    Query("evaluateWeights", kRun, {},
          [](const Question& q) { return reported_json(evaluate_weights(q.run())); }),
    Query("predictImage", kRun,
          {object("config"), list("names", Kind::kText), list("files", Kind::kBytes)},
          [](const Question& q) {
            return reported_json(predict_image(q.run(), q["names"].at(0).get<std::string>(),
                                               q["files"].at(0).get_binary()));
          }),
    Query("weightsSha256", kRun, {}, [](const Question& q) { return q.run().weights_sha256(); }),
    Query("save", kRun, {text("format"), kImages},
          [](const Question& q) {
            return Json::binary(q.run().save(q.text("format"), image_count(q)));
          }),
    Query(
        "checkSave", kRun, {text("format"), kImages},
        [](const Question& q) { check_save(q.run().trainer(), q.text("format"), image_count(q)); }),
    Query("load", kRun, {kFile}, [](const Question& q) { q.run().load(q.bytes("bytes")); }),
    Query("checkpoint", kRun, {},
          [](const Question& q) { return Json::binary(q.run().checkpoint()); }),
    Query("restore", kRun, {kFile}, [](const Question& q) { q.run().restore(q.bytes("bytes")); }),
    // The length of the part of a file of this run's lines that precedes its position.
    Query("linesUntilNow", kRun, {text("flag"), kFile, kName},
          [](const Question& q) {
            const auto bytes = q.bytes("bytes");
            const std::string_view file(reinterpret_cast<const char*>(bytes.data()), bytes.size());
            return q.text("flag") == "jsonl"
                       ? events_until(file, q.text("name"), q.run().config(), q.run().position())
                       : rows_until(file, q.text("name"), q.run().position());
          }),
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
