// A network in double with the same architecture and parameters, in plain loops, to test the float
// passes of Model. Also small data sets in memory.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "nn/activation.h"
#include "nn/model.h"
#include "oracle.h"
#include "parameter_slope.h"
#include "support.h"

namespace reluscope::test {

// The bytes of an IDX file of unsigned bytes.
inline std::vector<std::uint8_t> idx_bytes(const std::vector<std::uint32_t>& sizes,
                                           const std::vector<std::uint8_t>& data) {
  std::vector<std::uint8_t> bytes = {0, 0, 8, static_cast<std::uint8_t>(sizes.size())};
  for (const std::uint32_t size : sizes) {
    for (const int shift : {24, 16, 8, 0})
      bytes.push_back(static_cast<std::uint8_t>(size >> shift));
  }
  bytes.insert(bytes.end(), data.begin(), data.end());
  return bytes;
}

// 24 training and 10 test images of 2 x 3 pixels.
inline std::shared_ptr<const Dataset> six_pixels() {
  TestRandom random(5);
  const auto part = [&](std::uint32_t count) {
    std::vector<std::uint8_t> pixels, labels;
    for (std::uint32_t k = 0; k < count; ++k) {
      labels.push_back(static_cast<std::uint8_t>(k % 10));
      for (int at = 0; at < 6; ++at) pixels.push_back(static_cast<std::uint8_t>(random.below(256)));
    }
    return std::pair{idx_bytes({count, 2, 3}, pixels), idx_bytes({count}, labels)};
  };
  auto [train_images, train_labels] = part(24);
  auto [test_images, test_labels] = part(10);
  return std::make_shared<Dataset>(
      "small", Dataset::Files{train_images, train_labels, test_images, test_labels});
}

using State = std::map<std::string, Values>;  // state_dict name -> values in PyTorch order

inline State state_of(const Model& model, std::span<const float> buffer) {
  State state;
  for (const Model::Parameter& p : model.parameter_list())
    state[p.name] = widened(Model::gather(p, buffer));
  return state;
}

struct DoublePass {
  double loss = 0.0;
  Values logits;
  State gradients;
  State scales;  // the scale of each gradient's rounding error, see Bounded
};

// Forward, mean cross-entropy and backward of a Model's layers in double. x (N, features).
inline DoublePass double_pass(const Model& model, const State& state, const Values& x, int features,
                              const std::vector<int>& labels) {
  const int n = static_cast<int>(labels.size());
  std::vector<Values> inputs = {x};  // of each layer
  std::vector<int> widths = {features};
  const auto own = [&](int l, const std::string& name) { return model.layer_name(l) + "." + name; };
  const auto activation_values = [&](int l, ActivationId id) {
    Values p;
    const Layer& layer = model.layer(l);
    const auto infos = activation_info(id).parameters;
    if (!infos.empty() && infos[0].learnable) {
      p = state.at(own(l, layer.parameters()[0].name));
    } else {
      for (const ActivationParameter& info : infos)
        p.push_back(static_cast<double>(static_cast<float>(info.initial)));
    }
    return p;
  };

  for (int l = 0; l < model.layer_count(); ++l) {
    const Layer& layer = model.layer(l);
    const int width = static_cast<int>(element_count(layer.out_shape()));
    if (layer.activation() >= 0) {
      const Values p = activation_values(l, layer.activation());
      Values y;
      for (const double value : inputs.back())
        y.push_back(activation_value(layer.activation(), value, p));
      inputs.push_back(y);
    } else {
      REQUIRE(layer.kind() == "dense");
      inputs.push_back(
          values_of(oracle::dense_forward(inputs.back(), state.at(own(l, "weight")),
                                          state.at(own(l, "bias")), n, widths.back(), width)));
    }
    widths.push_back(width);
  }

  const oracle::Loss loss = oracle::cross_entropy(inputs.back(), labels, n, widths.back());
  DoublePass pass{loss.mean, inputs.back(), {}, {}};
  const auto note = [&pass](const std::string& name, const BoundedValues& gradient) {
    for (const Bounded& b : gradient) {
      pass.gradients[name].push_back(b.value);
      pass.scales[name].push_back(b.scale);
    }
  };
  Values dy = loss.dlogits;
  for (int l = model.layer_count() - 1; l >= 0; --l) {
    const auto at = static_cast<std::size_t>(l);
    const Layer& layer = model.layer(l);
    if (layer.activation() >= 0) {
      const Values p = activation_values(l, layer.activation());
      Sum dparam;
      for (std::size_t k = 0; k < dy.size(); ++k) {
        dparam.add(dy[k] * activation_parameter_derivative(layer.activation(), inputs[at][k], p));
        dy[k] *= activation_derivative(layer.activation(), inputs[at][k], p);
      }
      for (const ParameterSpec& spec : layer.parameters()) {
        note(own(l, spec.name), {dparam.bounded()});
      }
    } else {
      note(own(l, "weight"), oracle::dense_dweight(inputs[at], dy, n, widths[at], widths[at + 1]));
      note(own(l, "bias"), oracle::dense_dbias(dy, n, widths[at + 1]));
      dy = values_of(
          oracle::dense_dx(dy, state.at(own(l, "weight")), n, widths[at], widths[at + 1]));
    }
  }
  return pass;
}

// One forward, loss and backward of the model; returns the mean loss. Gradients are in the model.
inline double float_pass(Model& model, Backend& backend, const Signal& x,
                         const std::uint8_t* labels) {
  const ConstMatrixView logits = model.forward(Mode::kTrain, x);
  const int n = logits.rows();
  std::vector<float> losses(static_cast<std::size_t>(n));
  std::vector<std::uint8_t> correct(static_cast<std::size_t>(n));
  backend.softmax_cross_entropy({logits, labels, 1.0f / static_cast<float>(n), losses.data(),
                                 correct.data(), model.logits_gradient().data});
  backend.finish();
  model.backward();
  double sum = 0.0;
  for (const float loss : losses) sum += static_cast<double>(loss);
  return sum / n;
}

}  // namespace reluscope::test
