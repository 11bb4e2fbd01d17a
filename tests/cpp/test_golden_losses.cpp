// Activations with a parameter for each channel, maxout, and losses with smoothing, weights and
// penalties, compared with PyTorch (make_golden_nn.py), on every SIMD target and on two threads.
#include "backend/cpu/cpu_backend.h"
#include "matrices.h"
#include "network.h"
#include "one_layer.h"
#include "train/trainer.h"

using namespace reluscope;
using namespace reluscope::test;

namespace {

template <class Check>
void on_every_backend(const Check& check) {
  for (const std::string& simd : cpu::simd_names()) {
    for (const int threads : {1, 2}) {
      INFO(simd, ", ", threads, " threads");
      cpu::CpuBackend backend(simd, threads);
      check(backend);
    }
  }
}

constexpr StepContext kTraining{Mode::kTrain, 1, 0, 1};

}  // namespace

TEST_SUITE_BEGIN("golden");

TEST_CASE("a parameter for each channel, as PReLU(num_parameters=C)") {
  on_every_backend([](Backend& backend) {
    for (const Json& c : golden("nn")["channels"]) {
      INFO(c["name"].get<std::string>(), " ", c["shape"].dump());
      const Shape shape = numbers<std::int64_t>(c["shape"]);
      const int n = c["batch"], cols = static_cast<int>(element_count(shape));
      const ActivationId id = find_activation(c["name"].get<std::string>());
      const auto owned =
          parse_layer(std::string(activation_info(id).name) + " channel 0.25", {shape});
      const Layer& layer = *owned;
      REQUIRE(layer.parameters().size() == 1);
      const Layout layout = layer.parameters()[0].layout;
      CHECK(layer.parameters()[0].shape == Shape{shape[0]});
      Panels weight(1, layout.cols, numbers<float>(c["weight"]), 0.0f);
      Panels gradient(1, layout.cols, 0.0f);
      Buffer scratch(layer.scratch_floats(n)), cache(layer.cache_floats());
      ParameterUpdate store;
      store.gradient = gradient.data();
      LayerSlices slices{{weight.data()}, {gradient.data()}, {store}, scratch.data(), cache.data()};
      const Panels x(n, cols, numbers<float>(c["x"]), 0.5f),
          dy(n, cols, numbers<float>(c["dy"]), 0.0f);
      Panels y(n, cols, kNan), dx(n, cols, kNan);
      layer.forward({{backend, kTraining, slices, {x.view(), 0.0f}}, y.view()});
      layer.backward({{backend, kTraining, slices, {x.view(), 0.0f}}, dy.view(), dx.view()});
      check_close(y.logical(), c["y"]);
      check_close(dx.logical(), c["dx"]);
      check_close(gradient.logical(), c["dweight"]);
      CHECK((dx.padding_is_zero() && gradient.padding_is_zero()));
      CHECK((y.guard_is_intact() && dx.guard_is_intact() && gradient.guard_is_intact()));
      // A first layer has no dx. New parameters take effect once the cache is invalid.
      Panels again(1, layout.cols, 0.0f);
      slices.gradients[0] = again.data();
      layer.backward({{backend, kTraining, slices, {x.view(), 0.0f}}, dy.view(), {}});
      CHECK(first_difference(again.logical(), gradient.logical()) == "");
      for (int k = 0; k < layout.cols; ++k) weight.data()[k] = 1.0f;
      slices.cache_valid = false;
      layer.forward({{backend, kTraining, slices, {x.view(), 0.0f}}, y.view()});
      if (c["name"] == "prelu") CHECK(first_difference(y.logical(), x.logical()) == "");
    }
  });
}

TEST_CASE("maxout, as the largest of a view of pieces") {
  on_every_backend([](Backend& backend) {
    for (const Json& c : golden("nn")["maxout"]) {
      INFO(c["pieces"].dump(), " pieces of ", c["shape"].dump());
      const Shape shape = numbers<std::int64_t>(c["shape"]);
      const int n = c["batch"], cols = static_cast<int>(element_count(shape));
      const auto owned = parse_layer("maxout " + c["pieces"].dump(), {shape});
      const Layer& layer = *owned;
      const int out = static_cast<int>(element_count(layer.out_shape()));
      LayerSlices slices;
      const Panels x(n, cols, numbers<float>(c["x"]), 9.0f),
          dy(n, out, numbers<float>(c["dy"]), 0.0f);
      Panels y(n, out, kNan), dx(n, cols, kNan);
      layer.forward({{backend, kTraining, slices, {x.view(), 0.0f}}, y.view()});
      layer.backward({{backend, kTraining, slices, {x.view(), 0.0f}}, dy.view(), dx.view()});
      check_close(y.logical(), c["y"]);
      check_close(dx.logical(), c["dx"]);
      CHECK(dx.padding_is_zero());
      CHECK((y.guard_is_intact() && dx.guard_is_intact()));
    }
  });
}

TEST_CASE("label smoothing and class weights, as cross_entropy has them") {
  on_every_backend([](Backend& backend) {
    for (const Json& c : golden("nn")["losses"]) {
      INFO(c["shape"].dump(), ", smoothing ", c["label_smoothing"].dump(), ", weights ",
           c["weights"].dump());
      const int n = c["shape"][0], classes = c["shape"][1];
      const Panels logits(n, classes, numbers<float>(c["logits"]), 1e30f);
      Panels dlogits(n, classes, kNan);
      const std::vector<float> weights = numbers<float>(c["weights"]);
      std::vector<std::uint8_t> labels, correct(static_cast<std::size_t>(n));
      double weight = 0.0;
      for (const int label : numbers<int>(c["labels"])) {
        labels.push_back(static_cast<std::uint8_t>(label));
        weight +=
            weights.empty() ? 1.0 : static_cast<double>(weights[static_cast<std::size_t>(label)]);
      }
      std::vector<float> losses(static_cast<std::size_t>(n), kNan);
      SoftmaxLoss args{logits.view(), labels.data(),  static_cast<float>(1.0 / weight),
                       losses.data(), correct.data(), dlogits.data()};
      args.label_smoothing = c["label_smoothing"].get<float>();
      args.class_weights = weights.empty() ? nullptr : weights.data();
      backend.softmax_cross_entropy(args);
      check_close(losses, c["per_sample"]);
      check_close(dlogits.logical(), c["dlogits"]);
      CHECK((dlogits.padding_is_zero() && dlogits.guard_is_intact()));
      double mean = 0.0;
      for (const float loss : losses) mean += static_cast<double>(loss) / weight;
      CHECK(close(mean, c["loss"], 1e-5));
    }
  });
}

TEST_CASE("training with penalties, smoothing and weights follows PyTorch") {
  const Json& file = golden("nn")["trainings"];
  std::vector<std::uint8_t> pixels, labels;
  for (const int p : numbers<int>(file["pixels"])) pixels.push_back(static_cast<std::uint8_t>(p));
  for (const int l : numbers<int>(file["labels"])) labels.push_back(static_cast<std::uint8_t>(l));
  const auto count = static_cast<std::uint32_t>(labels.size());
  const auto images = idx_bytes({count, file["image"][0], file["image"][1]}, pixels);
  const auto answers = idx_bytes({count}, labels);
  const auto data =
      std::make_shared<const Dataset>("nn", Dataset::Files{images, answers, images, answers});
  const int batch = static_cast<int>(count);
  on_every_backend([&](Backend& backend) {
    for (const Json& c : file["cases"]) {
      CAPTURE(c["config"].dump());
      Config config = config_from_json(c["config"].dump());
      config.model = file["model"];
      config.mean = 0.1307;
      config.std = 0.3081;
      config.batch = batch;
      config.test_batch = batch;
      Trainer trainer(data, config, backend);
      Model& model = trainer.model();
      for (const Model::Parameter& p : model.parameter_list())
        Model::scatter(p, numbers<float>(file["initial"][p.name]), model.parameters());
      model.parameters_changed();
      const double before = trainer.evaluate(0, batch).loss();
      for (std::size_t step = 0; step < c["losses"].size(); ++step) {
        // One batch for each epoch, in a different order each time: the same sum in PyTorch.
        trainer.start_epoch(static_cast<int>(step) + 1);
        const StepResult result = trainer.step(0, config.lr);
        INFO("step ", step);
        REQUIRE(close(result.score.loss(), c["losses"][step], 1e-4));
      }
      for (const Model::Parameter& p : model.parameter_list()) {
        if (c["final"].contains(p.name))
          check_close(Model::gather(p, model.parameters()), c["final"][p.name], 1e-4);
        if (p.name != "fc1.weight") continue;
        double sum = 0.0;
        for (const float w : Model::gather(p, model.parameters()))
          sum += std::abs(static_cast<double>(w));
        CHECK(close(sum, c["final_sum"], 1e-4));
      }
      // Scoring uses the plain loss, which is the same in every case for the same weights.
      static const double first = before;
      CHECK(before == first);
    }
  });
}

TEST_SUITE_END();
