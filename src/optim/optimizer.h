// Optimizers over the one flat parameter buffer, with PyTorch's semantics and defaults. A new
// one is a class, its rows of fields in config/config.cpp, and a row in optimizer.cpp's table.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backend/backend.h"

namespace reluscope {

struct OptimizerOptions {  // what any of them may need; defaults are PyTorch's
  double momentum = 0.0;
  bool nesterov = false;
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  double weight_decay = 0.0;
  double dampening = 0.0;
  double alpha = 0.99;
  bool centered = false;
  double momentum_decay = 0.004;
  double lr_decay = 0.0, initial_accumulator = 0.0;
  double muon_momentum = 0.95;
  double muon_scale = 20.0;      // Muon's own rate as a multiple of lr
  bool cycles_momentum = false;  // begin_step() will be given momenta
  Memory* memory = nullptr;      // for moments, see Backend::memory()
};

// A weight matrix between layers, which an optimizer may treat as a whole.
struct HiddenMatrix {
  std::size_t offset;  // into the flat buffer, in floats
  Layout layout;       // as it is stored
  int outputs;         // how many of its rows or columns are outputs of its layer
};

class Optimizer {
 public:
  virtual ~Optimizer() = default;

  // Begins the next update, with this learning rate; `momentum`, if a schedule has one, takes the
  // place of the configured momentum or beta1.
  void begin_step(double lr, std::optional<double> momentum = {});
  // What the begun update does to the parameters `offset` floats into the flat buffer.
  ParameterUpdate update_at(std::size_t offset, float* parameters, float* gradients);

  // Whether updates need whole gradients: then update_at() is not enough, only apply() is.
  virtual bool needs_gradients() const { return false; }
  // Applies the begun update to all `floats` of the buffer, from stored gradients.
  virtual void apply(Backend& backend, float* parameters, float* gradients, std::size_t floats);

  std::uint64_t steps() const { return steps_; }  // begun so far
  // Moment buffers, laid out like the parameters, by name: {"exp_avg", ...}.
  struct State {
    std::string name;
    std::span<const float> values;
  };
  std::vector<State> state() const;
  // All that a step depends on besides: the number of steps, and what a kind keeps of its own.
  struct Counters {
    std::uint64_t steps = 0;
    double product = 1.0;  // of NAdam's momenta
  };
  Counters counters() const { return {steps_, product_}; }
  // Takes up where another of the same kind was; its moments are to be written apart.
  void restore(const Counters& counters) {
    steps_ = counters.steps;
    product_ = counters.product;
  }
  std::span<float> moment_named(const std::string& name);  // to be filled, or empty
  virtual std::size_t scratch_bytes() const { return 0; }  // besides state()

 protected:
  explicit Optimizer(const OptimizerOptions& options) : options_(options) {}
  // Sets what the update is, but for its pointers, which are offsets into the moments below.
  virtual void begin(double lr, std::optional<double> momentum) = 0;
  // slot: from 1, which of ParameterUpdate's moments it becomes.
  void add_moment(int slot, const char* name, std::size_t floats, float initial = 0.0f);
  float* moment(int slot) { return moments_[static_cast<std::size_t>(slot - 1)].values.data(); }
  double product_ = 1.0;  // see Counters

  const OptimizerOptions options_;
  ParameterUpdate update_;

 private:
  friend std::unique_ptr<Optimizer> make_optimizer(std::string_view, const OptimizerOptions&,
                                                   std::size_t, std::span<const HiddenMatrix>);
  struct Moment {
    const char* name = "";
    Buffer values;
  };
  std::array<Moment, 3> moments_;
  bool decoupled_decay_ = false;
  std::uint64_t steps_ = 0;
};

struct OptimizerRow {
  const char* name;
  const char* label;
  const char* about;
  const char* fields;    // of the config that it uses, besides lr and weight_decay
  bool decoupled_decay;  // weight decay shrinks the weights instead of entering the gradient
  std::unique_ptr<Optimizer> (*make)(const OptimizerOptions&, std::size_t parameter_floats,
                                     std::span<const HiddenMatrix>);
};

std::span<const OptimizerRow> optimizer_rows();

// Throws Error for an unknown name or options that do not go together.
std::unique_ptr<Optimizer> make_optimizer(std::string_view name, const OptimizerOptions& options,
                                          std::size_t parameter_floats,
                                          std::span<const HiddenMatrix> hidden = {});

// muon.cpp
std::unique_ptr<Optimizer> make_muon(const OptimizerOptions& options, std::size_t parameter_floats,
                                     std::span<const HiddenMatrix> hidden);

}  // namespace reluscope
