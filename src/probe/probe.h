// The monitors: the network's activity on a fixed sample of images, and the gradient flow in
// watched steps. A look is recorded, at a step that the config names, or live, whenever a display
// asks. A live look changes nothing that a recorded one or a checkpoint depends on. Nothing is
// computed or allocated before the first look. Monitoring never changes a weight. Every number has
// the same bits in every build, with any number of threads, from dense or sparse input.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "probe/activity.h"
#include "probe/gradient_flow.h"
#include "probe/pca.h"
#include "train/trainer.h"

namespace reluscope {

class StateFields;

// The size of the probe set, and how many of its first samples the components are computed for.
inline constexpr int kProbeSamples = 500;
inline constexpr int kComponentSamples = 250;
inline constexpr int kComponents = 3;

struct ProbeRequest {
  bool gradients = false;   // watch the next step; the snapshot holds the last watched step
  bool everywhere = false;  // find the dead units
  std::vector<int> components_of = {};  // the layers whose principal components are asked for
};

// When a unit fell silent and revived, as seen by the recorded looks. A step is the number of steps
// made when a look first saw the change; the learning rate is that of the last of them.
struct UnitLife {
  bool silent = false;
  int times = 0;            // how often it fell silent
  std::int64_t since = -1;  // the last time, -1: never
  double since_lr = 0.0;
  std::int64_t revived = -1;  // the last revival, -1: none
  double revived_lr = 0.0;
};

// Whether the training loss falls: its mean over windows of kWindow steps.
struct LossTrend {
  static constexpr int kWindow = 100;  // steps

  double first = 0.0, last = 0.0, lowest = 0.0;  // means of whole windows
  std::int64_t windows = 0;                      // complete windows so far
  double window_sum = 0.0;                       // of the incomplete window
  int window_steps = 0;

  void add(double loss) {
    window_sum += loss;
    if (++window_steps < kWindow) return;
    last = window_sum / kWindow;
    if (windows == 0) first = last;
    if (windows == 0 || last < lowest) lowest = last;
    ++windows;
    window_sum = 0.0;
    window_steps = 0;
  }
};

struct LayerSnapshot {
  LayerActivity activity;
  std::vector<UnitLife> lives;  // by unit of an activation, else empty, as before a recorded look
  std::optional<std::vector<std::uint8_t>> dead;  // flags by unit of an activation, if requested
};

// The learnt slopes of an activation layer now; none if it learns none.
std::optional<LearntSlopes> slopes_of(const Model& model, int layer);

// An activation's units that are silent on the whole training set.
struct DeadUnits {
  int layer;  // from 0
  std::string name, text;
  std::vector<std::uint8_t> flags;  // by unit
};
// The check itself, of all activation layers: one forward of the training set, in parts between
// which no weight may change.
class DeadCheck {
 public:
  explicit DeadCheck(const Trainer& trainer);
  // Runs the next samples, at least 1, through the network. Returns whether they were the last.
  bool add(Trainer& trainer, int samples);
  std::vector<DeadUnits> found() const;

 private:
  std::vector<int> samples_;
  std::size_t checked_ = 0;
  std::vector<DeadUnits> rows_;
  std::vector<SilenceMeter> meters_;  // of the rows
};
std::vector<DeadUnits> find_dead(Trainer& trainer);  // at once

struct LayerComponents {
  int layer;
  std::string name;
  std::vector<int> samples, labels;  // of the points
  PrincipalComponents found;
};

struct ProbeSnapshot {
  std::int64_t step = 0;  // steps done
  int epoch = 1;
  double lr = 0.0;   // of the last step
  std::string part;  // the samples' set: "train"
  int samples = 0;
  LossTrend loss;  // since the first look
  std::vector<LayerSnapshot> layers;
  std::optional<GradientFlow> gradients;    // of the last watched step
  std::vector<LayerComponents> components;  // in the order of the request
};

// A flow's values in a checkpoint. It has the rows of its network: set_rows().
void each_field_of_flow(const StateFields& fields, GradientFlow& flow);

class Probe {
 public:
  // Draws the probe set. seed: the run's.
  Probe(const Trainer& trainer, std::uint64_t seed);

  // A live snapshot after `step` steps, the last with learning rate lr. Runs the probe set through
  // the network in evaluation mode. Throws Error if request.components_of names what is no layer.
  ProbeSnapshot look(Trainer& trainer, const ProbeRequest& request, std::int64_t step, int epoch,
                     double lr);
  // A recorded snapshot: it also notes which units fell silent or revived.
  ProbeSnapshot record(Trainer& trainer, std::int64_t step, int epoch, double lr);
  // Whether the gradients of the next step were requested.
  bool wants_step() const { return wants_step_; }
  // The observer for Trainer::step() that keeps the gradients of step `step`, from 1. recorded: for
  // recorded looks too.
  StepObserver& watch(std::int64_t step, double lr, bool recorded);
  std::span<const int> samples() const { return samples_; }  // of the probe set
  void add_loss(double loss) { loss_.add(loss); }            // of a step's batch

  // Writes or reads all state besides the network that later recorded snapshots depend on, for a
  // checkpoint. Throws Error for a state that is invalid for this network.
  void each_field(const StateFields& fields, const Model& model);

 private:
  LayerComponents components_of(const Trainer& trainer, int layer, std::span<const float> outputs);

  std::vector<int> samples_;                  // of the set, in the order drawn
  std::vector<std::vector<UnitLife>> lives_;  // by layer
  GradientMeter recorded_, live_;             // of the last steps watched for each; step 0: none
  bool wants_step_ = false;
  LossTrend loss_;
  std::vector<std::vector<double>>
      coordinates_;  // by layer: the last, which determine the next signs
};

}  // namespace reluscope
