#include "train/describe.h"

#include <algorithm>
#include <map>

#include "core/error.h"
#include "core/text.h"
#include "io/json_object.h"
#include "nn/architecture.h"
#include "optim/optimizer.h"

namespace reluscope {
namespace {

std::int64_t parameter_count(const Layer& layer) {
  std::int64_t count = 0;
  for (const ParameterSpec& spec : layer.parameters()) count += element_count(spec.shape);
  return count;
}

// The number of copies of all weights: the weights, their gradients, moments, and other copies.
double weight_copies(const Config& config) {
  constexpr std::size_t kAny = 16;
  const auto optimizer = make_optimizer(config.optimizer, optimizer_options(config), kAny);
  double copies = 2.0 + static_cast<double>(optimizer->state().size());
  if (config.accumulate > 1) copies += 1.0;
  if (config.ema > 0.0) copies += 1.0;
  if (config.early_stopping > 0) copies += config.ema > 0.0 ? 2.0 : 1.0;
  return copies;
}

}  // namespace

ModelSummary describe_model(std::string_view architecture, const Shape& input, int classes,
                            int batch) {
  const auto layers = parse_architecture(architecture, input, classes);
  ModelSummary summary{architecture_text(layers), input, batch, {}};
  std::map<std::string, int> numbers;
  for (const auto& layer : layers) {
    LayerSummary row{.kind = layer->kind(),
                     .name = layer->stem() + std::to_string(++numbers[layer->stem()]),
                     .text = layer->text(),
                     .output = layer->out_shape(),
                     .parameters = parameter_count(*layer),
                     .multiply_adds = layer->multiply_adds()};
    if (layer->activation() >= 0) row.activation = activation_info(layer->activation()).name;
    row.memory_bytes = 4 * (row.parameters + batch * element_count(row.output));
    summary.parameters += row.parameters;
    summary.multiply_adds += row.multiply_adds;
    summary.memory_bytes += row.memory_bytes;
    summary.layers.push_back(std::move(row));
  }
  return summary;
}

Json to_json(const ModelSummary& summary) {
  Json rows = Json::array();
  for (const LayerSummary& layer : summary.layers) {
    Json row = json_object("kind", layer.kind, "name", layer.name, "text", layer.text);
    if (!layer.activation.empty()) row["activation"] = layer.activation;
    row.update(json_object("output_shape", layer.output, "parameters", layer.parameters,
                           "multiply_adds", layer.multiply_adds, "memory_bytes",
                           layer.memory_bytes));
    rows.push_back(std::move(row));
  }
  return json_object("text", summary.text, "input_shape", summary.input, "batch", summary.batch,
                     "parameters", summary.parameters, "multiply_adds", summary.multiply_adds,
                     "memory_bytes", summary.memory_bytes, "layers", std::move(rows));
}

std::vector<std::string> to_table(const ModelSummary& summary) {
  const auto batched = [&summary](Shape shape) {
    shape.insert(shape.begin(), summary.batch);
    return shape_text(shape);
  };
  const auto count = [](std::int64_t n) { return n == 0 ? std::string("--") : with_commas(n); };
  const auto megabytes = [](double bytes) { return format("%.2f", bytes / 1e6); };
  const auto row = [](const std::string& layer, const std::string& shape,
                      const std::string& parameters, const std::string& multiply_adds) {
    return format("%-30s %-20s %14s %14s", layer.c_str(), shape.c_str(), parameters.c_str(),
                  multiply_adds.c_str());
  };
  const std::string rule(81, '=');
  std::vector<std::string> lines = {rule, row("Layer", "Output Shape", "Param #", "Mult-Adds"),
                                    rule, row("input", batched(summary.input), "--", "--")};
  std::int64_t outputs = 0;
  for (const LayerSummary& layer : summary.layers) {
    lines.push_back(row(layer.name + ": " + layer.text, batched(layer.output),
                        count(layer.parameters), count(layer.multiply_adds * summary.batch)));
    outputs += element_count(layer.output);
  }
  const double input_bytes =
      4.0 * static_cast<double>(summary.batch * element_count(summary.input));
  const double output_bytes = 4.0 * static_cast<double>(summary.batch * outputs);
  const double parameter_bytes = 4.0 * static_cast<double>(summary.parameters);
  lines.insert(
      lines.end(),
      {rule, "Total params: " + with_commas(summary.parameters),
       "Trainable params: " + with_commas(summary.parameters), "Non-trainable params: 0",
       "Total mult-adds (M): " +
           megabytes(static_cast<double>(summary.multiply_adds * summary.batch)),
       rule, "Input size (MB): " + megabytes(input_bytes),
       "Forward/backward pass size (MB): " + megabytes(output_bytes),
       "Params size (MB): " + megabytes(parameter_bytes),
       "Estimated Total Size (MB): " + megabytes(input_bytes + output_bytes + parameter_bytes),
       rule});
  return lines;
}

void check_memory(const Dataset& data, const Config& config, int evaluation_rows, double free) {
  const int train_rows = std::min(config.batch, data.train().count());
  const double rows = std::max(train_rows, evaluation_rows) + static_cast<double>(train_rows);
  double parameters = 0.0, outputs = 0.0, scratch = 0.0;
  for (const auto& layer : parse_architecture(config.model, data.shape(), data.classes())) {
    parameters += static_cast<double>(parameter_count(*layer));
    outputs += rows * static_cast<double>(element_count(layer->out_shape()));
    scratch = std::max(scratch, static_cast<double>(layer->scratch_floats(train_rows)));
  }
  const double weights = sizeof(float) * parameters * weight_copies(config);
  const double activations = sizeof(float) * (outputs + scratch);
  if (weights + activations <= free) return;
  const auto gigabytes = [](double bytes) { return format("%.2f GB", bytes / 1e9); };
  throw Error("the model needs ", gigabytes(weights + activations),
              " of memory (weights with gradients and moments ", gigabytes(weights),
              ", activations of ", train_rows, " samples ", gigabytes(activations), "), but ",
              gigabytes(free), " is free: give it fewer or smaller layers, or a smaller batch");
}

}  // namespace reluscope
