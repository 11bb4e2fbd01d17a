// The errors of the core and the engine in Chinese. Both make them in English: one sentence with the fault and the allowed
// values, which are taken out of that text and stay as they are. An unknown text stays English behind a Chinese prefix.

import { any, dataTexts, fileTexts, find, placeOf, range, readingTexts, said } from './error_files.js'

/** @import { Texts } from './error_files.js' */

/** What a value must be. @type {Texts} */
const allowedTexts = [
  [/^auto or a whole number from (\S+) to (below )?(\S+)$/, (...of) => `auto 或 ${range(of[0], of[1], of[2])}整数`],
  [/^auto or a number from (\S+) to (below )?(\S+)$/, (...of) => `auto 或 ${range(of[0], of[1], of[2])}数`],
  [/^a list of numbers from (\S+) to (below )?(\S+)$/, (...of) => `由 ${range(of[0], of[1], of[2])}数组成的列表`],
  [/^a whole number from (\S+) to (below )?(\S+)$/, (...of) => `${range(of[0], of[1], of[2])}整数`],
  [/^a number from (\S+) to (below )?(\S+)$/, (...of) => `${range(of[0], of[1], of[2])}数`],
  [/^from (\S+) to (\S+), the number of test images$/, (first, last) => `${first} 到 ${last} 之间的数，后者是测试图像的数目`],
  [/^from (\S+) to (\S+)$/, (first, last) => `${first} 到 ${last} 之间的数`],
  [/^a list of \{step, field, value\}, steps ascending$/, () => '{step, field, value} 的列表，step 依次递增'],
  [/^whole epochs from 1, ascending, separated by commas$/, () => '从 1 开始的整数轮次，依次递增，用逗号分隔'],
  [/^changes such as (".*"), with an optional name and a colon before them$/, (example) => `一些更改，例如 ${said(example)}，前面可以加上名称和冒号`],
  [/^a layer: (.+)$/, (layers) => `一个层：${any(layers)}`],
  [/^a text$/, () => '文本'], [/^a list$/, () => '列表'], [/^an object$/, () => '对象'], [/^a number$/, () => '数'],
  [/^a whole number$/, () => '整数'], [/^bytes, a Uint8Array$/, () => '字节（Uint8Array）'],
]
/** @param {string} text */
const allowed = (text) => find(allowedTexts, text) ?? any(text)

/** What was found, if it is not the value. @type {Texts} */
const foundTexts = [
  [/^a list with an entry that is not such an object$/, () => '含有非此类对象的列表'],
  [/^a list with steps out of order or range$/, () => 'step 顺序不对或超出范围的列表'],
  [/^a list$/, () => '列表'], [/^an object$/, () => '对象'], [/^bytes$/, () => '字节'],
  [/^a list with (.+)$/, (value) => `含有 ${foundValue(value)} 的列表`],
]
/** @param {string} value */
const foundValue = (value) => find(foundTexts, value) ?? said(value)

/** What a number of a model's text is. @type {Record<string, string>} */
const numbers = {
  'a width': '宽度', 'a number of groups': '组数', 'a number of pieces': '段数', 'a number of channels': '通道数', 'the side of a kernel': '卷积核边长',
  'the side of a window': '窗口边长', 'a padding': '填充', 'a stride': '步幅',
}

/** What is wrong with a word of a model's text. @type {Texts} */
const reasons = [
  [/^is not a layer(?: \(did you mean "(.+?)"\?\))?: known are (.+)$/, (near, known) => `不是层${near ? `（是否想写“${near}”？）` : ''}：已知的有 ${any(known)}`],
  [/^is the last layer and gives (\d+) outputs, but the data has (\d+) classes: end with "(.+)"$/,
    (outputs, classes, end) => `是最后一层，给出 ${outputs} 个输出，但数据有 ${classes} 个类别：请以“${end}”结尾`],
  [/^is out of place: only residual is followed by "\("$/, () => '的位置不对：只有 residual 后面可以跟“(”'],
  [/^closes no residual block$/, () => '没有与之对应的 residual 块'],
  [/^has no layer before it$/, () => '前面没有层'],
  [/^takes layers in parentheses, as in "(.+)"$/, (example) => `需要括号中的层，例如“${example}”`],
  [/^has no layer before it whose output it could add: begin with another layer$/, () => '前面没有可以相加其输出的层：请以另一种层开头'],
  [/^opens a block that no "\)" closes$/, () => '打开的块没有用“)”关闭'],
  [/^adds its input of shape (.+) to a block's output of shape (.+), but the two must be the same$/,
    (input, output) => `要把形状为 ${input} 的输入与形状为 ${output} 的块输出相加，但两者的形状必须相同`],
  [/^gives (\S+) outputs a sample; at most (\S+) are allowed$/, (outputs, most) => `对每个样本给出 ${outputs} 个输出，但最多允许 ${most} 个`],
  [/^brings the model to (\S+) parameters; at most (\S+) are allowed$/, (count, most) => `使模型的参数达到 ${count} 个，但最多允许 ${most} 个`],
  [/^is nearer to 0 than single precision can tell: give 0 or more$/, () => '比单精度所能区分的更接近 0：请填写 0 或更大的数'],
  [/^is one argument too many: (\S+) takes none$/, (layer) => `是多余的参数：${layer} 没有参数`],
  [/^is one argument too many: (\S+) takes at most (\d+)$/, (layer, most) => `是多余的参数：${layer} 最多有 ${most} 个参数`],
  [/^needs an image, but the layer before it gives (\d+) features$/, (count) => `需要图像，但它前面的层给出 ${count} 个特征`],
  [/^is not expected: behind its first argument (\S+) takes a stride, as in s2(, and a padding, as in p1)?$/,
    (layer, pads) => `在此处不可用：在第一个参数之后，${layer} 可以带步幅，例如 s2${pads ? '，以及填充，例如 p1' : ''}`],
  [/^asks for windows of (\d+ x \d+) pixels, but its input has (\d+ x \d+)( with padding)?$/,
    (window, input, padded) => `要求 ${window} 像素的窗口，但它的输入${padded ? '连同填充' : ''}只有 ${input} 像素`],
  [/^takes one number of groups, as in "(.+)"$/, (example) => `需要一个组数，例如“${example}”`],
  [/^takes one width, as in "(.+)"$/, (example) => `需要一个宽度，例如“${example}”`],
  [/^takes one probability, as in "(.+)"$/, (example) => `需要一个概率，例如“${example}”`],
  [/^takes one number of pieces, as in "(.+)"$/, (example) => `需要一个段数，例如“${example}”`],
  [/^takes the side of a window, as in "(.+)"$/, (example) => `需要窗口的边长，例如“${example}”`],
  [/^(is no size: conv )?takes channels and a kernel, as in "(.+)"$/, (size, example) => `${size ? '不是尺寸：conv ' : ''}需要通道数和卷积核，例如“${example}”`],
  [/^does not divide the (\d+) channels in front of this gn: the nearest numbers that do are (\d+) and (\d+)$/,
    (channels, below, above) => `不能整除这个 gn 前面的 ${channels} 个通道：最接近的约数是 ${below} 和 ${above}`],
  [/^does not divide the (\d+) channels in front of this maxout$/, (channels) => `不能整除这个 maxout 前面的 ${channels} 个通道`],
  [/^is not a probability, a number from 0 to below 1$/, () => '不是概率，即大于或等于 0 且小于 1 的数'],
  [/^is for activations that learn a parameter, (.+), but (\S+) learns none$/, (learning, name) => `只用于会学习参数的激活函数（${any(learning)}），但 ${name} 不学习参数`],
  [/^is above the (\S+) where (\S+)'s range ends$/, (end, name) => `大于 ${name} 范围的终点 ${end}`],
  [/^is not ((?:a|the) [a-z ]+), a whole number from (\S+) to (\S+)$/, (what, first, last) => `不是${numbers[what] ?? ` ${what}`}，即 ${range(first, '', last)}整数`],
  [/^is not an? (.+), a number from (\S+) to (\S+)$/, (what, first, last) => `不是 ${what}，即 ${range(first, '', last)}数`],
]

/** What is wrong with a checkpoint. @type {Texts} */
const checkpointTexts = [
  [/^the file contains only weights; give a file written by train --checkpoint$/, () => '文件只含有权重；请使用由 train --checkpoint 写出的文件'],
  [/^its version is (.+), but this program reads versions (\d+) and (\d+)(; a newer program wrote it)?$/,
    (version, first, last, newer) => `它的版本为 ${version === 'none' ? '无' : said(version)}，但本程序读取版本 ${first} 和 ${last}${newer ? '；它由较新的程序写出' : ''}`],
  [/^the file is damaged: its SHA-256 (?:(is missing)|differs from the one stored in it)$/, (missing) => `文件已损坏：它的 SHA-256 ${missing ? '缺失' : '与其中存储的不同'}`],
  [/^its metadata has no (".*")$/, (key) => `它的元数据中没有 ${said(key)}`],
  [/^its run was trained on other images than those of (".*")$/, (data) => `它的训练使用的图像与 ${said(data)} 的不同`],
  [/^it has no tensor (".*")$/, (name) => `它没有张量 ${said(name)}`],
  [/^(".*") has the shape (.+), but its model needs (.+)$/, (name, shape, wanted) => `${said(name)} 的形状为 ${shape}，但它的模型需要 ${wanted}`],
  [/^it has a tensor (".*"), which its run does not need$/, (name) => `它有张量 ${said(name)}，但它的训练不需要`],
  [/^(.+?) of its (\S+) is missing$/, (key, what) => `它的 ${what} 中缺少 ${said(key)}`],
  [/^(.+?) of its (\S+) is (.*), but it must be (.+)$/s, (key, what, value, wanted) => `它的 ${what} 中的 ${said(key)} 为 ${said(value)}，但必须是 ${allowed(wanted)}`],
  [/^(.+?) of its (\S+) (has too many looks|must be .+|is .+)$/s, (key, what, why) => `它的 ${what} 中的 ${said(key)} 不正确（${why}）`],
  [/^its (.+) is not an object$/, (what) => `它的 ${what} 不是对象`],
  [/^its (.+) is not a list$/, (what) => `它的 ${what} 不是列表`],
  [/^its (.+) has (\d+) entries, but it must have (\d+)$/, (what, size, wanted) => `它的 ${what} 有 ${size} 项，但必须有 ${wanted} 项`],
  [/^its phase is (".*"), but it must be (.+)$/, (phase, known) => `它的阶段为 ${said(phase)}，但必须是 ${any(known)}`],
  [/^the columns of its history differ in length$/, () => '其历史的各列长度不同'],
  [/^its history has (\d+) points of (\d+) steps, which is not possible$/, (points, steps) => `其历史有 ${points} 个点，每个点 ${steps} 步，这是不可能的`],
]

/** The differences of a file of weights from a model. @type {Texts} */
const weightTexts = [
  [/^the file has no (".*?"), which the model (".*") needs$/, (name, model) => `文件中没有 ${said(name)}，但模型 ${said(model)} 需要它`],
  [/^the file has (".*?"), which the model (".*") does not have$/, (name, model) => `文件中有 ${said(name)}，但模型 ${said(model)} 中没有`],
  [/^(".*?") has the shape (.+), but the model needs (.+)$/, (name, shape, wanted) => `${said(name)} 的形状为 ${shape}，但模型需要 ${wanted}`],
  [/^(".*?") is of dtype (\S+), but F32 is needed$/, (name, dtype) => `${said(name)} 的 dtype 为 ${dtype}，但需要 F32`],
  [/^(".*?") holds a value that is not finite$/, (name) => `${said(name)} 含有非有限的值`],
]

/** What is wrong with a file in the form of safetensors. @type {Texts} */
const safetensorsTexts = [
  [/^the file has (\d+) bytes, but at least 8 are needed$/, (bytes) => `文件只有 ${bytes} 字节，但至少需要 8 字节`],
  [/^the header is said to have (\d+) bytes, but at most (\d+) are allowed$/, (bytes, most) => `文件头据称有 ${bytes} 字节，但最多允许 ${most} 字节`],
  [/^the header is said to have (\d+) bytes, but only (\d+) follow$/, (bytes, rest) => `文件头据称有 ${bytes} 字节，但后面只有 ${rest} 字节`],
  [/^the header does not begin with \{$/, () => '文件头不以 { 开头'],
  [/^tensor (".*?") ends at byte (\d+) of the data, but the file has only (\d+)$/, (name, end, size) => `张量 ${said(name)} 结束于数据的第 ${end} 字节，但文件只有 ${size} 字节`],
  [/^tensor (".*?") is of dtype (\S+), but F32 is needed$/, (name, dtype) => `张量 ${said(name)} 的 dtype 为 ${dtype}，但需要 F32`],
  [/^tensor (".*?")(.*)$/, (name, rest) => `张量 ${said(name)} 的描述有误（${rest.replace(/^'s /, '').trim()}）`],
  [/^the file has (\d+) bytes of data, but its tensors take (\d+)$/, (bytes, wanted) => `文件有 ${bytes} 字节的数据，但它的张量占 ${wanted} 字节`],
]

/** The sentences with names in front, by the name. @type {Record<string, [string, Texts]>} */
const named = {
  data: ['数据：', dataTexts], checkpoint: ['检查点：', [...checkpointTexts, ...fileTexts]], safetensors: ['safetensors：', [...safetensorsTexts, ...fileTexts]],
}

/** The whole sentences. @type {Texts} */
const sentences = [
  // src/nn: the model's text
  [/^model: (".*?") at position (\d+) (.+)$/s, (word, at, why) => `model：第 ${at} 个字符处的 ${said(word)} ${find(reasons, why) ?? why}`],
  [/^model: the text is empty; write layers such as (".*")$/, (example) => `model：文字为空；请写出各层，例如 ${said(example)}`],
  [/^model: (\d+) layers, but at most (\d+) are allowed$/, (layers, most) => `model：有 ${layers} 层，但最多允许 ${most} 层`],
  [/^model: the text ends with (".*") at position (\d+), where another layer was expected$/, (word, at) => `model：文字以第 ${at} 个字符处的 ${said(word)} 结尾，但那里还需要一层`],
  [/^model: (".*") has no activation to replace$/s, (model) => `model：${said(model)} 中没有可替换的激活函数`],
  [/^the model needs (.+) of memory \(weights with gradients and moments (.+), activations of (\d+) samples (.+)\), but (.+) is free: give it fewer or smaller layers, or a smaller batch$/,
    (all, weights, samples, activations, free) => `模型需要 ${all} 内存（权重连同梯度和矩 ${weights}，${samples} 个样本的激活值 ${activations}），但只有 ${free} 可用：请减少层数或减小层的宽度，或使用较小的批次`],
  // src/config
  [/^unknown setting (".*"): none of the (\d+) is named like it; the plainest are (.+)$/s, (name, count, plain) => `未知的设置 ${said(name)}：${count} 个设置中没有名称与之相近的；最常用的是 ${any(plain)}`],
  [/^unknown setting (".*"): the nearest known one is (".*")$/s, (name, near) => `未知的设置 ${said(name)}：最接近的已知设置是 ${said(near)}`],
  [/^(".*") is not a setting: FIELD=VALUE was expected, such as (\S+)$/s, (part, example) => `${said(part)} 不是设置：应写成“名称=值”的形式，例如 ${example}`],
  [/^(".*") cannot change while training; (.+) can$/s, (name, live) => `${said(name)} 不能在训练过程中更改；可以更改的是 ${any(live)}`],
  [/^(\S+) is (.*), which is nearer to 0 than (\S+) and would act as 0: give 0 or more$/s, (name, value, least) => `${name} 为 ${foundValue(value)}，它比 ${least} 更接近 0，会被当作 0：请填写 0 或更大的数`],
  [/^config: (.*) was given, but an object such as (\{.*\}) was expected$/s, (value, example) => `config：给出的是 ${foundValue(value)}，但需要一个对象，例如 ${example}`],
  // src/train, src/optim
  [/^std is auto, but all training pixels are equal: give std a number$/, () => 'std 为 auto，但所有训练像素都相等：请为 std 填写一个数'],
  [/^class_weights has (\d+) numbers, but the data has (\d+) classes$/, (count, classes) => `class_weights 有 ${count} 个数，但数据有 ${classes} 个类别`],
  [/^input is "sparse", but device (".*") multiplies dense input only: auto and dense are allowed$/, (device) => `input 为“sparse”，但设备 ${said(device)} 只计算稠密输入：允许的是 auto 和 dense`],
  [/^input is "sparse", but the first layer is (.+): only a dense layer reads sparse input$/, (layer) => `input 为“sparse”，但第一层是 ${layer}：只有 dense 层能读取稀疏输入`],
  [/^image (\d+) does not exist; 0 to (\d+) do$/, (image, last) => `图像 ${image} 不存在；存在的是 0 到 ${last}`],
  [/^validation is (\d+), but the training set has (\d+) samples and at least one must be left$/, (count, all) => `validation 为 ${count}，但训练集有 ${all} 个样本，且至少要剩下一个`],
  [/^(schedule|early_stopping) is (.+), but a training set of one sample has none to hold out for validation$/, (name, value) => `${name} 为 ${said(value)}，但只有一个样本的训练集无法留出验证样本`],
  [/^train_samples is (\d+), but the training set has (\d+) samples(?:, of which (\d+) are held out for validation)?$/,
    (count, all, held) => `train_samples 为 ${count}，但训练集有 ${all} 个样本${held ? `，其中 ${held} 个留作验证` : ''}`],
  [/^precision is (".*"), but device (".*") multiplies in (\S+) here: tf32 and bf16 need an NVIDIA GPU$/, (precision, device, own) => `precision 为 ${said(precision)}，但设备 ${said(device)} 在这里以 ${own} 计算：tf32 和 bf16 需要 NVIDIA GPU`],
  [/^batch is (\d+), so that the last batch of (\d+) samples has (\d+), but batch normalisation of features \(bn\) needs at least (\d+)$/,
    (batch, all, last, least) => `batch 为 ${batch}，因此 ${all} 个样本的最后一个批次只有 ${last} 个样本，但特征的批归一化（bn）至少需要 ${least} 个`],
  [/^image: (\d+) pixels, but the network takes (\d+)$/, (pixels, wanted) => `图像：有 ${pixels} 个像素，但网络需要 ${wanted} 个`],
  [/^image: (".*") is (\S+) pixels, but the network takes (\S+)$/, (name, size, wanted) => `图像：${said(name)} 为 ${size} 像素，但网络需要 ${wanted}`],
  [/^npz_images is (\d+), whose activations are (\S+) GB, but an \.npz holds at most 4 GB: at most (\d+) are allowed$/,
    (count, size, most) => `npz_images 为 ${count}，其激活值有 ${size} GB，但 .npz 文件最多容纳 4 GB：最多允许 ${most} 张`],
  [/^lr_milestones is (.*), but it must be whole epochs from 1, ascending, separated by commas$/s, (value) => `lr_milestones 为 ${said(value)}，但必须是${allowed('whole epochs from 1, ascending, separated by commas')}`],
  [/^nesterov is on but momentum is 0: Nesterov's method needs a momentum above 0$/, () => 'nesterov 已开启，但 momentum 为 0：Nesterov 方法需要大于 0 的动量'],
  [/^nesterov is on but dampening is (\S+): Nesterov's method needs a dampening of 0$/, (value) => `nesterov 已开启，但 dampening 为 ${value}：Nesterov 方法要求 dampening 为 0`],
  [/^simd is (".*"), but this machine and build have (.+)$/, (simd, known) => `simd 为 ${said(simd)}，但此机器和此版本只有 ${any(known)}`],
  [/^fused is true, but (\S+) has no fused multiply-add: (.+) have$/, (name, others) => `fused 为 true，但 ${name} 没有融合乘加：${others.replace(/, /g, '、').replace(' and ', ' 和 ')} 有`],
  [/^device is "cuda", but this build or command has no CUDA: auto and cpu are allowed$/, () => 'device 为“cuda”，但此版本或此命令没有 CUDA：允许的是 auto 和 cpu'],
  [/^(init|optimizer|schedule|measure)(?: is)? (".*"), which is not known$/, (name, value) => `${name} 为 ${said(value)}，它是未知的`],
  [/^weights: (.+)$/s, (all) => `权重：${all.split('; ').map((each) => find(weightTexts, each) ?? each).join('；')}`],
  // src/run
  [/^there is no run yet: configure one first$/, () => '还没有训练：请先设置一次训练'],
  [/^no data set is loaded yet$/, () => '还没有载入数据集'],
  [/^(\S+) is (.*), but (the checkpoint's run|the run to fork) has (.*?): (a resumed run can only change|a resumed run can have more epochs, not fewer|a fork cannot change it, nor)(.*)$/s,
    (name, value, whose, saved, why, rest) => `${name} 为 ${said(value)}，但${whose === 'the run to fork' ? '要分支的训练' : '检查点的训练'}为 ${said(saved)}：${why.endsWith('fewer') ? '继续的训练可以增加轮数，不能减少'
      : `${why.startsWith('a fork') ? '分支不能更改它，也不能更改' : '继续的训练只能更改'} ${any(rest.trim())}`}`],
  [/^epochs is (.*), but the checkpoint's run has (.*), and the rates of its schedule (".*") depend on the number of epochs$/, (value, saved, schedule) => `epochs 为 ${value}，但检查点的训练为 ${saved}，而其学习率调度 ${said(schedule)} 的学习率取决于轮数`],
  [/^schedule is (".*"), but the run to fork has (".*"): a fork cannot change whether validation samples are held out for it$/, (value, saved) => `schedule 为 ${said(value)}，但要分支的训练为 ${said(saved)}：分支不能改变是否为它留出验证样本`],
  [/^Diverged at step (\d+) \(epoch (\d+)\): the output of layer (\d+) \((.+?), (.+)\) is no longer finite at learning rate (\S+); the weights (?:(are those before that step)|themselves had already overflowed)$/,
    (step, epoch, layer, name, text, lr, kept) => `在第 ${step} 步（第 ${epoch} 轮）发散：学习率为 ${lr} 时，第 ${layer} 层（${name}，${text}）的输出不再是有限值；${kept ? '权重是该步之前的权重' : '权重本身已经溢出'}`],
  [/^events is set, but a fork applies its changes at once$/, () => '已设置 events，但分支会立即应用其更改'],
  [/^the run to fork has diverged and cannot be continued$/, () => '要分支的训练已发散，无法继续'],
  [/^epochs is (\d+), but the run to fork is at the end of its (\d+): give the fork more epochs$/, (epochs, end) => `epochs 为 ${epochs}，但要分支的训练已在其 ${end} 轮的末尾：请为分支设置更多轮数`],
  [/^epochs is (\d+), but the run to fork is in epoch (\d+)$/, (epochs, at) => `epochs 为 ${epochs}，但要分支的训练已在第 ${at} 轮`],
  [/^epochs is (\d+), but the checkpoint's run has ended with the weights of epoch (\d+), its best epoch, so it cannot be continued from its last$/,
    (epochs, best) => `epochs 为 ${epochs}，但检查点的训练以最佳轮（第 ${best} 轮）的权重结束，因此无法从最后一轮继续`],
  [/^activation is (".*"), but known are (.+)$/, (name, known) => `activation 为 ${said(name)}，但已知的有 ${any(known)}`],
  [/^layer (\d+) does not exist; 0 to (\d+) do$/, (layer, last) => `层 ${layer} 不存在；存在的是 0 到 ${last}`],
  [/^unit (\d+) of (\S+) does not exist; 0 to (\d+) do$/, (unit, layer, last) => `${layer} 的单元 ${unit} 不存在；存在的是 0 到 ${last}`],
  [/^layer (\d+) \((.+?), (.+)\) is not an activation layer, so it has no units to show$/, (layer, name, text) => `层 ${layer}（${name}，${text}）不是激活层，因此没有可显示的单元`],
  [/^principal components: (\d+) points were given, but at least 2 are needed$/, (points) => `主成分：给出了 ${points} 个点，但至少需要 2 个`],
  [/^principal components: (\d+) points of (\d+) dimensions were given, but one of the two must be at most (\d+)$/, (points, size, most) => `主成分：给出了 ${points} 个 ${size} 维的点，但两者之一不得超过 ${most}`],
  [/^no look was recorded, or is kept, after step (\d+)$/, (step) => `第 ${step} 步之后没有记录，或记录已不再保留`],
  // src/experiments
  [/^race: (\d+) entries, but at most (\d+) are allowed$/, (count, most) => `竞赛：有 ${count} 个配置，但最多允许 ${most} 个`],
  [/^race: two entries have the name (".*"); put another name and a colon before one of them$/s, (name) => `竞赛：有两个配置的名称为 ${said(name)}；请在其中一个前面加上另一个名称和冒号`],
  [/^entry (".*") changes data to (".*"), but a race runs on one data set, (".*")$/s, (name, data, base) => `配置 ${said(name)} 把 data 改为 ${said(data)}，但一场竞赛只使用一个数据集 ${said(base)}`],
  [/^seeds is (\d+), but a fork keeps the seed of its run$/, (seeds) => `seeds 为 ${seeds}，但分支保留其训练的随机种子`],
  [/^only: (".*") is not a lesson(?:: known are (.+)|: the nearest known one is (".*"))$/, (name, known, near) => `only：${said(name)} 不是课程：${near ? `最接近的已知课程是 ${said(near)}` : `已知的有 ${any(known)}`}`],
  [/^it needs all the data and epochs, so quick lessons leave it out$/, () => '它需要全部数据和轮数，因此快速课程不包含它'],
  // src/data
  [/^(training|test) data: there are (\d+) images but (\d+) labels; the counts must be equal$/, (part, images, labels) => `${placeOf(part)}数据：有 ${images} 张图像，但有 ${labels} 个标签；两者的数目必须相等`],
  [/^test images: they are (\S+) pixels, but the training images are (\S+); the sizes must be equal$/, (test, train) => `测试图像：它们为 ${test} 像素，但训练图像为 ${train}；大小必须相等`],
  [/^a file has (\d+) bytes of the (\d+) that it should have$/, (bytes, wanted) => `一个文件有 ${bytes} 字节，但应有 ${wanted} 字节`],
  [/^(\S+) must be a Uint8Array$/, (name) => `${name} 必须是 Uint8Array`],
  // web/engine, web/lab
  [/^data is (".*"), but this page has (.+)$/, (data, known) => `data 为 ${said(data)}，但本页面只有 ${known.replaceAll(' and ', ' 和 ')}`],
  [/^there is a data set (".*") already: choose another name$/, (name) => `已经有数据集 ${said(name)}：请选择另一个名称`],
  [/^there is no autosave in this browser any more$/, () => '此浏览器中已没有自动保存的训练'],
  [/^there is no experiment yet: start one first$/, () => '还没有实验：请先开始一个'],
  [/^the page speaks version (\S+) and the engine (\S+): reload the page$/, (page, engine) => `页面使用版本 ${page}，而引擎使用版本 ${engine}：请重新加载页面`],
  [/^the worker speaks version (\S+), this page (\S+)$/, (worker, page) => `工作线程使用版本 ${worker}，而本页面使用版本 ${page}`],
  [/^a new version of this page is here: load the page again$/, () => '本页面有新版本：请重新加载页面'],
  [/^(\S+) could not be reached$/, (url) => `无法访问 ${url}`],
  [/^(\S+) answered (.+)$/, (url, status) => `${url} 的响应为 ${status}`],
  [/^(\S+) is cut off or not a gzip file$/, (url) => `${url} 不完整，或不是 gzip 文件`],
  [/^(\S+) is empty$/, (url) => `${url} 为空`],
  [/^the engine was started again$/, () => '引擎已重新启动'],
  [/^the engine was closed$/, () => '引擎已关闭'],
  [/^the worker could not be loaded$/, () => '无法加载工作线程'],
  [/^the engine does not answer: (\d+) workers were started, and each was silent for (\S+) seconds$/, (workers, seconds) => `引擎没有响应：启动了 ${workers} 个工作线程，每个都有 ${seconds} 秒没有响应`],
  [/^another run has begun$/, () => '另一次训练已经开始'],
  [/^the run (".*") was saved without a checkpoint$/s, (name) => `训练 ${said(name)} 保存时没有检查点`],
  [/^the run (\S+) is not in this browser's storage any more, or damaged$/, (id) => `训练 ${id} 已不在此浏览器的存储中，或已损坏`],
  [/^the browser gives this page no more storage$/, () => '浏览器不再为本页面提供更多存储空间'],
  [/^the storage is full$/, () => '存储空间已满'],
  [/^out of memory: this needs more than is available here \((.*)\)$/s, (text) => `内存不足：所需内存超过了此处可用的内存（${text}）`],
  // The general ones
  [/^(\S+) is (.*), but it must be (.+)$/s, (name, value, wanted) => `${name} 为 ${foundValue(value)}，但必须是 ${allowed(wanted)}`],
]

/** @param {string} text without a full stop @returns {string | undefined} */
function translated(text) {
  const whole = find(sentences, text)
  if (whole) return whole
  const [, name, rest] = /^(.+?): (.+)$/s.exec(text) ?? []
  if (!rest) return find(readingTexts, text)
  const [title, texts] = named[name] ?? [`${placeOf(name)}：`, [...fileTexts, ...readingTexts]]
  const found = find(texts, rest)
  if (found) return title + found
  // A name may have a colon: that of a file, or of a part of a checkpoint.
  const at = text.lastIndexOf(': ')
  const last = find(fileTexts, text.slice(at + 2))
  return last && `${placeOf(text.slice(0, at))}：${last}`
}

/** @param {string} message in English, with or without a full stop */
export function error(message) {
  const found = translated(message.replace(/\.$/, ''))
  if (found) return `${found.replace(/(?<=[，。：；）]) | (?=[，。：；（])|(?<=”) (?=\p{Script=Han})|(?<=\p{Script=Han}) (?=\p{Script=Han})|(?<=\p{Script=Han}) (?=“)/gu, '')}。`
  return /\p{Script=Han}/u.test(message) ? message : `错误信息：${message}`
}
