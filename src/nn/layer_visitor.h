// What each kind of layer tells those who write a network down in another form: model files of
// other programs. A visitor does without the layers' classes, and a new kind of layer does not
// compile before every such form has an answer to it.
#pragma once

#include <span>

#include "backend/backend.h"
#include "core/tensor.h"
#include "nn/activation.h"

namespace reluscope {

class LayerVisitor {
 public:
  virtual ~LayerVisitor() = default;

  // Parameters, by their state_dict names, are the layer's: Layer::parameters() and state().
  virtual void dense(int in, int out) = 0;
  virtual void conv(const Window& window, int in, int out) = 0;
  virtual void pool(Pooling kind, const Window& window, bool global) = 0;
  virtual void batch_norm(int channels, double epsilon) = 0;
  virtual void layer_norm(const Shape& shape, double epsilon) = 0;
  virtual void maxout(int pieces) = 0;
  virtual void dropout(double probability) = 0;
  virtual void flatten() = 0;
  virtual void residual(int from) = 0;  // adds the output of layer `from`
  // values: as many as the registry's entry has parameters. learnt: how many numbers its learnt
  // one has, 1 or as many as channels; 0 where it learns none.
  virtual void activation(ActivationId id, std::span<const double> values, int learnt) = 0;
};

}  // namespace reluscope
