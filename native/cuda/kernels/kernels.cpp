#include "cuda/kernels/kernels.h"

#include <type_traits>

namespace reluscope::cuda {
namespace {

template <class... Ops>
void add_operations(std::vector<const KernelInfo*>& kernels,
                    std::type_identity<std::variant<Ops...>>) {
  (kernels.push_back(&kernel_of<Ops>()), ...);
}

}  // namespace

std::vector<const KernelInfo*> all_kernels() {
  std::vector<const KernelInfo*> kernels = {&kernel_of<ScaleAdd>(),
                                            &kernel_of<Clamp>(),
                                            &kernel_of<FillUniform>(),
                                            &kernel_of<Drop>(),
                                            &kernel_of<MakeKeys>(),
                                            &kernel_of<SortBlocks>(),
                                            &kernel_of<SortPass>(),
                                            &kernel_of<Gather>(),
                                            &kernel_of<DrawChanges>(),
                                            &kernel_of<SmoothRows>(),
                                            &kernel_of<GatherAugmented>(),
                                            &kernel_of<Pack>(),
                                            &kernel_of<CopyPatches>(),
                                            &kernel_of<TurnTaps>(),
                                            &kernel_of<Flatten>(),
                                            &kernel_of<Pool>(),
                                            &kernel_of<PoolBackward>(),
                                            &kernel_of<Maxout>(),
                                            &kernel_of<ColumnSums>(),
                                            &kernel_of<BlockMoments>(),
                                            &kernel_of<BlockProducts>(),
                                            &kernel_of<TotalSums>(),
                                            &kernel_of<TotalMoments>(),
                                            &kernel_of<TotalProducts>(),
                                            &kernel_of<NormaliseColumns>(),
                                            &kernel_of<NormaliseColumnsBackward>(),
                                            &kernel_of<SumOfSquares>(),
                                            &kernel_of<AddPenalty>(),
                                            &kernel_of<SoftmaxCrossEntropy>(),
                                            &kernel_of<Softmax>()};
  add_operations(kernels, std::type_identity<Operation>());
  const auto rules = static_cast<RuleId>(optimizer_rows().size());
  for (RuleId rule = kStoreGradient; rule < rules; ++rule) {
    const KernelInfo* const kernel = &update_kernel(rule);  // rules that share one share it
    if (std::find(kernels.begin(), kernels.end(), kernel) == kernels.end())
      kernels.push_back(kernel);
  }
  for (ActivationId id = -1; id < activation_count(); ++id) {
    kernels.push_back(&finish_product_kernel(id));
    kernels.push_back(&finish_input_gradient_kernel(id));
    if (id < 0) continue;
    for (const ActivationOp op :
         {ActivationOp::kForward, ActivationOp::kBackward, ActivationOp::kParameter}) {
      kernels.push_back(&activation_kernel(op, id));
      if (activation_varies(activation_info(id))) kernels.push_back(&varied_kernel(op, id));
    }
  }
  return kernels;
}

}  // namespace reluscope::cuda
