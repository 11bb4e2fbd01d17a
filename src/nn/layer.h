// What a layer is. A layer owns no memory: the model hands it its slices of the one parameter
// buffer, the one gradient buffer and the activation arena.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "core/tensor.h"

namespace reluscope {

enum class Mode { kTrain, kEvaluate };

// How a parameter begins. Weights and biases follow the init scheme; others have their own value.
enum class ParameterRole { kWeight, kBias, kConstant };

struct ParameterSpec {
  std::string name;  // the last part of the state_dict name: "weight"
  Shape shape;       // as PyTorch has it
  Layout layout;     // as it is stored
  bool transposed;   // stored (row, col) is element (col, row) of shape
  ParameterRole role;
  double constant;  // for kConstant
  std::int64_t fan_in, fan_out;
};

struct LayerSlices {
  std::vector<float*> parameters;  // in the order of Layer::parameters()
  std::vector<float*> gradients;   // the same; overwritten by backward, unless it is fused
  std::vector<ParameterUpdate> updates;  // the same: what becomes of each gradient
  float* scratch;                  // Layer::scratch_floats() of them, shared with other layers
  float* cache;                    // Layer::cache_floats() of them, its own
  bool cache_valid = false;        // set by the layer, reset by whoever changes parameters
};

class Layer {
 public:
  virtual ~Layer() = default;

  virtual std::string kind() const = 0;  // "dense", "activation"
  virtual std::string stem() const = 0;  // of its state_dict names, before the number: "fc"
  virtual std::string text() const = 0;  // as in an architecture text: "dense 512"
  virtual Shape out_shape() const = 0;   // of one sample
  virtual std::vector<ParameterSpec> parameters() const { return {}; }
  virtual std::int64_t multiply_adds() const { return 0; }  // of one sample, forward
  virtual std::size_t scratch_floats(int /*rows*/) const { return 0; }
  virtual std::size_t cache_floats() const { return 0; }
  virtual ActivationId activation() const { return -1; }  // which it applies, if it is one
  virtual bool takes_offset() const { return false; }  // whether forward honours Signal::offset
  virtual double gain() const { return 1.0; }             // for the init of the layer before

  // The parameters of activation(), among the slices or fixed.
  virtual const float* activation_parameters(const LayerSlices&) const { return nullptr; }
  // Whether forward and backward also do the activations next to this layer; others get none.
  virtual bool takes_activations() const { return false; }

  // y (N, out), every column written.
  virtual void forward(Backend& backend, Mode mode, LayerSlices& slices, const Signal& x,
                       MatrixView y, const ActivationAfter& after) const = 0;
  // Given dy = dL/dy, computes dx = dL/dx unless dx.data is null, and the parameters' gradients,
  // which are stored or applied as slices.updates says. Padding columns of dy are zero, and those
  // of dx must be.
  virtual void backward(Backend& backend, LayerSlices& slices, const Signal& x, ConstMatrixView dy,
                        MatrixView dx, const ActivationBefore& before) const = 0;
};

}  // namespace reluscope
