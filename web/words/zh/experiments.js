// Words of the page in Chinese. See ../words.js.
import { count, percent } from '../../dom/format.js'

/** The claims of the lessons of the core (src/experiments/lesson_table.cpp), by name. @type {Record<string, string>} */
const claims = {
  'non-linear': 'ReLU 是分段线性的，却能让堆叠的层学到线性层学不到的东西。',
  sparse: 'ReLU 使负输入静默，因此它的许多输出恰好为零；ELU 的输出则不然。',
  gradients: 'ReLU 能缓解梯度消失：在深层网络中，梯度能到达第一层；sigmoid 的梯度则逐渐消失。',
  'dead-units': '死亡 ReLU：学习率过大时，许多单元的输入始终为负，因此它们的输出和梯度始终为零。',
  'dead-leaky': 'Leaky ReLU 能解决单元死亡问题：很小的负半轴斜率使单元保持存活。',
  'dead-prelu': 'PReLU 能解决单元死亡问题：它会学习负半轴的斜率。',
  'dead-batchnorm': 'BatchNorm 能解决单元死亡问题。',
  'dead-small-rate': '较小的学习率能解决单元死亡问题。',
  'dead-adam': 'Adam 等自适应优化器能解决单元死亡问题，无论是用其常用的学习率，还是用会使单元死亡的学习率。',
  'mean-relu': '非零均值：ReLU 的输出均值大于零。',
  'mean-elu': 'ELU 的输出均值更接近零，而且收敛更快。',
  'mean-batchnorm': 'BatchNorm 有助于应对下一层输入的偏移，而且收敛更快。',
  'he-depth': '在深层 ReLU 网络中，He 初始化能保持信号的大小，而用其他初始化时信号会衰减；用 He 初始化的网络也学得更多。',
  'prelu-slopes': 'PReLU 的斜率会自适应：它们会偏离初始值。',
  'swish-depth': '在深层网络中，Swish 优于 ReLU。',
  'more-layers': '更多的隐藏层使网络更好。',
  dropout: 'Dropout 使普通网络在未见过的图像上表现更好。',
  augmentation: '通过旋转和平移进行的数据增强使普通网络更好。',
  schedule: '学习率调度使普通网络更好。',
  convolution: '对图像而言，卷积层优于全连接层。',
  reference: '784-512-10 的网络使用 ReLU 和 Adam，十轮之后准确率至少达到 98%。',
}

/** The configurations that the lessons compare, by name. @type {Record<string, string>} */
const variants = {
  relu: 'ReLU', linear: '线性', elu: 'ELU', sigmoid: 'sigmoid', 'large rate': '大学习率', 'small rate': '小学习率', leaky: 'Leaky ReLU', prelu: 'PReLU', batchnorm: 'BatchNorm',
  'a twentieth': '二十分之一的学习率', sgd: 'SGD', adam: 'Adam', 'adam, same rate': 'Adam（相同学习率）', he: 'He', lecun: 'LeCun', pytorch: 'PyTorch', swish: 'Swish', one: '一个隐藏层', three: '三个隐藏层',
  plain: '普通网络', dropout: 'Dropout', augmented: '数据增强', cosine: '余弦', 'one cycle': '单周期', dense: '全连接', convolution: '卷积', reference: '参考网络',
}

/** The verdicts of the core. @type {Record<string, string>} */
const verdicts = { supported: '成立', 'supported in part': '部分成立', 'no difference': '无差异', 'not supported': '不成立', undecided: '未定', refused: '无法运行' }

/** The measures of the core (src/experiments/measure.cpp), by name. @type {Record<string, string>} */
const measures = {
  train_loss: '训练损失', test_loss: '测试损失', test_accuracy: '准确率', silent: '静默单元', negative: '从不为正的单元', zeros: '零输出', output_mean: '输出均值',
  input_shift: '输入偏移', signal: '信号（末层 / 首层）', slope_move: '斜率的变化', gradient_ratio: '梯度（首层 / 末层）',
}

/** The moments of the core at which it measures. @type {Record<string, string>} */
const moments = { 'at the start': '开始时的', 'after the first epoch': '第 1 轮后的' }

/** The relations of the core. @type {Record<string, string>} */
const relations = { above: '高于', below: '低于' }

/** @type {typeof import('../en/experiments.js').experiments} */
export const experiments = {
  race: {
    title: '竞赛',
    about: '用相同的随机种子和批次训练多个配置，不影响当前的训练。每个参赛配置只在它所写明的设置上不同：看看谁的损失最先下降，哪个网络会失去单元。',
    explain: {
      what: '每个配置都从面板的设置出发，使用相同的随机种子、相同的批次和相同的数据增强，并且只要形状允许，就从相同的随机初值开始。有多个随机种子时，曲线是均值，两侧的色带各为一个标准差。',
      look: '互相重叠的色带：这样的差异可能只是偶然。表格上方的句子说明领先幅度是否超出偶然（对各随机种子的差值作学生 t 检验，95%）。还要看静默单元增多而损失不变的行；如果一个隐藏单元对前 1,000 张训练图像中的每一张，输出和梯度都为零，它就是静默的。',
      attempt: '在五个激活函数之外再加上 lr=0.02，用三个随机种子：哪些仍能学习？',
    },
    from: '竞赛从哪里开始',
    fromBeginning: '从头开始',
    fromRun: '从当前训练开始',
    list: '配置',
    addActivation: '添加激活函数',
    addActivationOption: '添加激活函数…',
    addSetting: '添加设置',
    addSettingButton: '添加设置',
    seeds: '随机种子数 ',
    seedsOfRace: '竞赛的随机种子数',
    epochs: '轮数 ',
    epochsOfRace: '竞赛的轮数',
    samples: '训练样本数 ',
    samplesOfRace: '竞赛的训练样本数',
    start: '开始竞赛',
    fork: '从当前训练分叉',
    stop: '停止竞赛',
    stopped: '已停止。目前的结果会保留。',
    forkNote: '每个分叉都从当前训练的权重、优化器的矩估计和步数继续，只作一项改动；“不变”是当前训练自身的后续。当前训练不受影响。',
    status: '竞赛',
    table: '竞赛结果',
    printed: '命令行对这场竞赛的输出',
    printedTitle: '命令行的输出',
    log: '对数损失轴',
    note: '按轮显示时，每条线是各随机种子的均值，两侧的色带为 ± 一个标准差；按步显示时，是正在运行的随机种子。',
    winner: '胜者',
    empty: '竞赛开始后，曲线会显示在这里。',
    running: '训练中的损失，按步（平滑）',
    loss: '测试损失，按轮',
    accuracy: '测试准确率，按轮',
    unchanged: '不变',
    full: (most) => `这里的一场竞赛最多有 ${most} 个配置：请先移除一个。`,
    remove: (entry) => `移除 ${entry}`,
    loading: '正在把数据载入单独的工作线程…',
    working: (share, step) => `${step === null ? '竞赛进行中' : `第 ${count(step)} 步之后的分叉`}：${percent(share, 0)}`,
    finished: (step) => (step === null ? '已完成。' : `第 ${count(step)} 步之后的分叉：已完成。`),
    finishedAloud: '竞赛已完成。',
    measures: { test_accuracy: '测试准确率', test_loss: '测试损失', train_loss: '训练损失', silent: '静默单元', output_mean: '输出均值' },
    caption: (seeds) => `最后一轮之后的结果，按测试准确率从高到低排列${seeds > 1 ? `；± 为 ${count(seeds)} 个随机种子的一个标准差` : ''}。`,
    configuration: '配置',
    time: '每步时间',
    diverged: (runs) => `（${runs} 次发散）`,
    refused: (runs) => `（${runs} 次无法运行）`,
  },
  lessons: {
    title: '课程',
    about: '关于 ReLU 的常见说法，以及测量是否支持它们。运行一个说法；快速运行只用少量数据，结论常常是“未定”。',
    explain: {
      what: '一个课程会训练其说法所比较的各个配置，每个配置使用多个随机种子，并对每个随机种子求差值。如果差异在 5% 水平上显著，而且大到有实际意义，该说法就成立。',
      look: '不成立的说法：在数据较少的 MNIST 上，并非每个关于激活函数的说法都成立。命令行会输出同样的表格。',
      attempt: '先快速运行一个说法，再完整运行。打开其中一个配置，改动一项设置。',
    },
    status: '课程',
    stop: '停止',
    whole: ' 完整课程：用五个随机种子而不是三个，数据也更多。一个课程需要几分钟',
    onMnist: (data) => `这些说法针对 MNIST。课程总是在 MNIST 上运行，而不是在“${data}”上。`,
    run: '运行',
    runLesson: (name) => `运行 ${name}`,
    loading: (name) => `${name}：正在把数据载入单独的工作线程…`,
    working: (name, share) => `${name}：${percent(share, 0)}`,
    finished: (name) => `${name}：已完成`,
    stopped: (name) => `${name}：提前停止，没有结论`,
    ended: (name, verdict) => `课程 ${name} 已完成：${verdict}。`,
    claim: (name, english) => claims[name] ?? english,
    variant: (name) => variants[name] ?? name,
    verdict: (word) => verdicts[word] ?? word,
    measure: (name, label) => measures[name] ?? label,
    column: (measure, moment) => `${moments[moment] ?? moment}${measure}`,
    check: ({ measure, moment, variant, relation, reference }) => `${variant}${/[!-~]$/.test(variant) ? ' ' : ''}的${moments[moment] ?? moment}${measure}${relations[relation] ?? relation}${/^[!-~]/.test(reference) ? ' ' : ''}${reference}`,
    decided: (check, verdict) => `${check}：${verdict}`,
    measured: ({ check, difference, chance, least, verdict }) => `${check}：差值 ${difference}，偶然范围 ±${chance}，达到 ${least} 才算数：${verdict}`,
    with: '，导数为 ',
    results: '课程结果',
    configuration: '配置',
    open: '打开此配置',
    openNamed: (name) => `打开此配置：${name}`,
  },
}
