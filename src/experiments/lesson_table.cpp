// The lessons. To add one, add a row: the claim, the settings that test it, and the comparisons
// that must hold. Sizes are chosen so that all lessons together take minutes on one core.
#include "experiments/lessons.h"

namespace reluscope {
namespace {

constexpr bool kAbove = true, kBelow = false;
constexpr Moment kStart = Moment::kStart, kFirst = Moment::kFirstEpoch, kEnd = Moment::kEnd;
constexpr const char* kConstant = "";

// Settings with which many units die but no run diverges: twenty times Adam's usual rate, and ten
// times the rate that suits plain gradient descent here.
constexpr const char* kDying = "train_samples=10000; epochs=3; lr=0.02";
constexpr const char* kDyingBySgd = "train_samples=10000; epochs=3; optimizer=sgd; lr=1";
// Ten hidden layers of one width.
#define TEN_LAYERS(f)                                                                            \
  "dense 64 | " f " | dense 64 | " f " | dense 64 | " f " | dense 64 | " f " | dense 64 | " f    \
  " | dense 64 | " f " | dense 64 | " f " | dense 64 | " f " | dense 64 | " f " | dense 64 | " f \
  " | dense 10"

}  // namespace

const std::vector<Lesson>& lesson_table() {
  static const std::vector<Lesson> table = {
      {"non-linear",
       "ReLU is piecewise linear, yet it lets stacked layers learn what linear layers cannot.",
       "train_samples=10000; epochs=3",
       {{"relu", ""}, {"linear", "model=dense 512 | identity | dense 10"}},
       {{"test_accuracy", kEnd, "relu", kAbove, "linear", 0.0, 0.01}}},
      {"sparse",
       "ReLU silences negative inputs, so many of its outputs are exactly zero; ELU's are not.",
       "train_samples=10000; epochs=3",
       {{"relu", ""}, {"elu", "model=dense 512 | elu | dense 10"}},
       {{"zeros", kEnd, "relu", kAbove, kConstant, 0.5, 0.0},
        {"zeros", kEnd, "relu", kAbove, "elu", 0.0, 0.01}}},
      {"gradients",
       "ReLU reduces vanishing gradients: in a deep network they reach the first layer; a "
       "sigmoid's fade.",
       "train_samples=10000; epochs=3",
       {{"relu", "model=" TEN_LAYERS("relu")}, {"sigmoid", "model=" TEN_LAYERS("sigmoid")}},
       {{"gradient_ratio", kStart, "relu", kAbove, "sigmoid", 0.0, 0.01},
        {"test_accuracy", kEnd, "relu", kAbove, "sigmoid", 0.0, 0.01}}},
      {"dead-units",
       "Dead ReLU: with a large learning rate the input of many units stays negative, so their "
       "output and gradient stay zero.",
       kDying,
       {{"large rate", ""}, {"small rate", "lr=0.001"}},
       {{"silent", kEnd, "large rate", kAbove, "small rate", 0.0, 0.05},
        {"test_accuracy", kEnd, "large rate", kBelow, "small rate", 0.0, 0.005}}},
      {"dead-leaky",
       "Leaky ReLU is a remedy for dead units: a small negative slope keeps them alive.",
       kDying,
       {{"relu", ""}, {"leaky", "model=dense 512 | leaky_relu | dense 10"}},
       {{"negative", kEnd, "leaky", kBelow, "relu", 0.0, 0.05},
        {"test_accuracy", kEnd, "leaky", kAbove, "relu", 0.0, 0.005}}},
      {"dead-prelu",
       "PReLU is a remedy for dead units: it learns a negative slope.",
       kDying,
       {{"relu", ""}, {"prelu", "model=dense 512 | prelu | dense 10"}},
       {{"negative", kEnd, "prelu", kBelow, "relu", 0.0, 0.05},
        {"test_accuracy", kEnd, "prelu", kAbove, "relu", 0.0, 0.005}}},
      {"dead-batchnorm",
       "BatchNorm is a remedy for dead units.",
       kDying,
       {{"relu", ""}, {"batchnorm", "model=dense 512 | bn | relu | dense 10"}},
       {{"negative", kEnd, "batchnorm", kBelow, "relu", 0.0, 0.05},
        {"test_accuracy", kEnd, "batchnorm", kAbove, "relu", 0.0, 0.005}}},
      {"dead-small-rate",
       "A smaller learning rate is a remedy for dead units.",
       kDying,
       {{"large rate", ""}, {"a twentieth", "lr=0.001"}},
       {{"negative", kEnd, "a twentieth", kBelow, "large rate", 0.0, 0.05},
        {"test_accuracy", kEnd, "a twentieth", kAbove, "large rate", 0.0, 0.005}}},
      {"dead-adam",
       "An adaptive optimizer such as Adam is a remedy for dead units, at its usual rate and at "
       "the rate at which they die.",
       kDyingBySgd,
       {{"sgd", ""}, {"adam", "optimizer=adam; lr=0.001"}, {"adam, same rate", "optimizer=adam"}},
       {{"negative", kEnd, "adam", kBelow, "sgd", 0.0, 0.05},
        {"negative", kEnd, "adam, same rate", kBelow, "sgd", 0.0, 0.05}}},
      {"mean-relu",
       "Non-zero mean: ReLU's outputs have a mean above zero.",
       "train_samples=10000; epochs=3",
       {{"relu", ""}},
       {{"output_mean", kStart, "relu", kAbove, kConstant, 0.0, 0.05},
        {"output_mean", kEnd, "relu", kAbove, kConstant, 0.0, 0.05}}},
      {"mean-elu",
       "ELU's outputs have a mean nearer to zero, and it converges faster.",
       "train_samples=10000; epochs=3",
       {{"relu", ""}, {"elu", "model=dense 512 | elu | dense 10"}},
       {{"output_mean", kEnd, "elu", kBelow, "relu", 0.0, 0.01, true},
        {"train_loss", kFirst, "elu", kBelow, "relu", 0.0, 0.005}}},
      {"mean-batchnorm",
       "BatchNorm helps against shifted inputs of the next layer, and converges faster.",
       "train_samples=10000; epochs=3; model=dense 256 | relu | dense 128 | relu | dense 10",
       {{"relu", ""},
        {"batchnorm", "model=dense 256 | bn | relu | dense 128 | bn | relu | dense 10"}},
       {{"input_shift", kEnd, "batchnorm", kBelow, "relu", 0.0, 0.05},
        {"train_loss", kFirst, "batchnorm", kBelow, "relu", 0.0, 0.005}}},
      // Not Glorot's: with the gain of ReLU it equals He's if all layers have the same width.
      {"he-depth",
       "He initialisation preserves the signal's size in a deep ReLU network, in which it fades "
       "with others, and learns more.",
       "train_samples=10000; epochs=3; model=" TEN_LAYERS("relu"),
       {{"he", "init=he_normal"}, {"lecun", "init=lecun_normal"}, {"pytorch", "init=pytorch"}},
       {{"signal", kStart, "he", kAbove, "lecun", 0.0, 0.1},
        {"signal", kStart, "he", kAbove, "pytorch", 0.0, 0.1},
        {"test_accuracy", kEnd, "he", kAbove, "lecun", 0.0, 0.005},
        {"test_accuracy", kEnd, "he", kAbove, "pytorch", 0.0, 0.005}}},
      {"prelu-slopes",
       "PReLU's slopes adapt: they move away from their initial values.",
       "train_samples=10000; epochs=10; model=dense 256 | prelu | dense 128 | prelu | dense 10",
       {{"prelu", ""}},
       {{"slope_move", kEnd, "prelu", kAbove, kConstant, 0.0, 0.01}}},
      {"swish-depth",
       "Swish is better than ReLU in deep networks.",
       "train_samples=10000; epochs=5",
       {{"relu", "model=" TEN_LAYERS("relu")}, {"swish", "model=" TEN_LAYERS("swish")}},
       {{"test_accuracy", kEnd, "swish", kAbove, "relu", 0.0, 0.001}}},
      {"more-layers",
       "More hidden layers make the network better.",
       "train_samples=10000; epochs=5",
       {{"one", "model=dense 128 | relu | dense 10"},
        {"three", "model=dense 128 | relu | dense 128 | relu | dense 128 | relu | dense 10"}},
       {{"test_accuracy", kEnd, "three", kAbove, "one", 0.0, 0.001}}},
      {"dropout",
       "Dropout makes the plain network better on images it has not seen.",
       "train_samples=5000; epochs=15",
       {{"plain", ""}, {"dropout", "model=dense 512 | relu | dropout 0.5 | dense 10"}},
       {{"test_accuracy", kEnd, "dropout", kAbove, "plain", 0.0, 0.001}}},
      {"augmentation",
       "Augmentation by rotation and translation makes the plain network better.",
       "train_samples=5000; epochs=15",
       {{"plain", ""}, {"augmented", "augment_rotate=10; augment_translate=2"}},
       {{"test_accuracy", kEnd, "augmented", kAbove, "plain", 0.0, 0.001}}},
      {"schedule",
       "A learning-rate schedule makes the plain network better.",
       "train_samples=10000; epochs=5",
       {{"plain", ""},
        {"cosine", "schedule=cosine"},
        {"one cycle", "schedule=one_cycle; lr=0.005"}},
       {{"test_accuracy", kEnd, "cosine", kAbove, "plain", 0.0, 0.001},
        {"test_accuracy", kEnd, "one cycle", kAbove, "plain", 0.0, 0.001}}},
      {"convolution",
       "Convolutional layers are better on images than dense ones.",
       "train_samples=5000; epochs=3",
       {{"dense", ""},
        {"convolution",
         "model=conv 8x5 p2 | relu | pool 2 | conv 16x5 p2 | relu | pool 2 | dense 10"}},
       {{"test_accuracy", kEnd, "convolution", kAbove, "dense", 0.0, 0.001}}},
      {"reference",
       "784-512-10 with ReLU and Adam reaches at least 98% after ten epochs.",
       "",
       {{"reference", ""}},
       {{"test_accuracy", kEnd, "reference", kAbove, kConstant, 0.98, 0.0}},
       true},
  };
  return table;
}

}  // namespace reluscope
