// A summary of a network, layer by layer, for `info` and the page's model table; and the memory
// that a run needs, computed before any is allocated.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "data/dataset.h"
#include "nn/layer.h"

namespace reluscope {

struct LayerSummary {
  std::string kind, name, text;                    // "dense", "fc1", "dense 512"
  std::string activation = {};                     // the registry's name, or ""
  Shape output;                                    // of one sample
  std::int64_t parameters = 0, multiply_adds = 0;  // of one sample
  std::int64_t memory_bytes = 0;  // parameters and one batch of outputs, as float32
};

struct ModelSummary {
  std::string text;  // the architecture in canonical spelling
  Shape input;
  int batch;
  std::vector<LayerSummary> layers;
  std::int64_t parameters = 0, multiply_adds = 0, memory_bytes = 0;
};

// Throws Error as parse_architecture does.
ModelSummary describe_model(std::string_view architecture, const Shape& input, int classes,
                            int batch);
Json to_json(const ModelSummary& summary);
// The table, with the columns and totals of torchinfo.summary.
std::vector<std::string> to_table(const ModelSummary& summary);

// A model that cannot fit is refused, because allocating it could kill the process or make the
// machine swap without end. Throws Error if a run needs more than `free` bytes, by a lower bound
// that is accurate to a few percent (without alignment and small buffers), or if the config's model
// is invalid for this data. evaluation_rows: the number of samples scored at once.
void check_memory(const Dataset& data, const Config& config, int evaluation_rows, double free);

}  // namespace reluscope
