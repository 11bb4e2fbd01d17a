// Words of the page in Chinese: the claims of the first screen, and the tour. See ../words.js.
import { count, percent, short } from '../../dom/format.js'

/** An accuracy. @param {number} value */
const rate = (value) => percent(value, 1)

/** @type {typeof import('../en/claims.js').claims} */
export const claims = {
  kill: {
    title: '让一半单元死亡',
    about: (lr) => `学习率 ${lr}`,
    watch: '看单元网格：被标记的单元是静默的。它的输入在每张图像上都小于 0，所以它输出 0，也不再学习。',
    seen: ({ silent, units, step, since, sinceLr }) => `第 ${count(step)} 步之后，${count(units)} 个单元中有 ${count(silent)} 个静默，其中一半在第 ${count(since)} 步时已经静默，当时的学习率为 ${short(sinceLr)}。`,
    alive: (dead, units, lr) => `学习率为 ${short(lr)} 时，${count(units)} 个单元中有 ${count(dead)} 个死亡。`,
    dead: ({ dead, units, sinceLr, samples, since }) => `${count(units)} 个单元中有 ${count(dead)} 个死亡：${short(sinceLr)} 的学习率使它们的输入在全部 ${count(samples)} 张训练图像上都小于 0。到第 ${count(since)} 步时，静默单元中的一半已经静默。`,
  },
  leaky: {
    title: 'Leaky ReLU 来救援', about: '学习率相同，保留小斜率',
    first: '先用 ReLU，再以相同的学习率用 Leaky ReLU。',
    watch: '看单元网格：没有单元静默，因为小斜率让每个负输入都有一小部分通过。',
    found: ({ silent, units, reluSilent, never, reluNever, accuracy, reluAccuracy }) =>
      `${count(units)} 个单元中有 ${count(silent)} 个静默，用 ReLU 时为 ${count(reluSilent)} 个。输出从不大于 0 的单元有 ${count(never)} 个，用 ReLU 时为 ${count(reluNever)} 个。测试准确率为 ${rate(accuracy)}，用 ReLU 时为 ${rate(reluAccuracy)}。`,
  },
  mean: {
    title: '均值不为零', about: '以及 BatchNorm',
    first: '先只用 ReLU，再在它前面加上 BatchNorm。',
    watch: '看输出的均值：ReLU 截掉了小于 0 的部分，所以它的均值大于 0。BatchNorm 把它的输入移回 0 附近。',
    found: ({ mean, reluMean, loss, reluLoss }) =>
      `ReLU 输出的均值为 ${short(reluMean)}，加上 BatchNorm 后为 ${short(mean)}。第一轮的训练损失为 ${short(reluLoss)}，加上 BatchNorm 后为 ${short(loss)}。`,
  },
  elu: {
    title: 'ELU', about: '输出在零附近',
    first: '先用 ReLU，再用 ELU。',
    watch: '看曲线和输出的均值：ELU 可以小于 0，所以它的输出能够正负相抵。',
    found: ({ mean, reluMean, loss, reluLoss, faster }) =>
      `ELU 输出的均值为 ${short(mean)}，ReLU 为 ${short(reluMean)}。它${faster ? '学得更快' : '并没有学得更快'}：第一轮的训练损失为 ${short(loss)}，ReLU 为 ${short(reluLoss)}。`,
  },
  prelu: {
    title: 'PReLU 学习自己的斜率', about: '从 0.25 开始',
    watch: '看曲线的左臂：它的斜率是一个权重，在训练过程中会变化。',
    found: (slopes, step) => `到第 ${count(step)} 步，斜率的变化：${slopes.map(({ from, to }, i) => `隐藏层 ${i + 1} 从 ${short(from)} 变为 ${short(to)}`).join('，')}。`,
  },
  batchnorm: {
    title: 'BatchNorm', about: '学习率相同，单元存活',
    first: '先在会使单元死亡的学习率下只用 ReLU，再在它前面加上 BatchNorm。',
    watch: '看单元网格：BatchNorm 使每个单元的输入保持在 0 附近，所以总有一些输入大于 0。',
    found: ({ silent, units, reluSilent, accuracy, reluAccuracy }) =>
      `${count(units)} 个单元中有 ${count(silent)} 个静默，不用 BatchNorm 时为 ${count(reluSilent)} 个。测试准确率为 ${rate(accuracy)}，不用时为 ${rate(reluAccuracy)}。`,
  },
  swish: {
    title: '深层 Swish', about: '十层',
    first: '先在十层网络中用 ReLU，再用 Swish。',
    watch: '看准确率：据说在深层网络中 Swish 比 ReLU 好。灰线是 ReLU。',
    found: (accuracy, reluAccuracy, close) => `Swish 达到 ${rate(accuracy)}，ReLU 达到 ${rate(reluAccuracy)}。${close ? '这么小的差异可能出于偶然。' : '单独一次训练可能只是运气。'}`,
  },
  sigmoid: {
    title: '深层 Sigmoid', about: '十层，然后换成 ReLU',
    first: '先在十层网络中用 Sigmoid，再用 ReLU。',
    watch: '看损失：Sigmoid 的梯度在传到第一层的途中逐渐消失，ReLU 的梯度能够到达。灰线是 Sigmoid。',
    found: (accuracy, sigmoidAccuracy) => `经过十层，ReLU 达到 ${rate(accuracy)}，Sigmoid 达到 ${rate(sigmoidAccuracy)}。`,
  },

  soFar: {
    silent: (silent, units, step) => `第 ${count(step)} 步之后，${count(units)} 个单元中有 ${count(silent)} 个静默。`,
    mean: (mean, step) => `第 ${count(step)} 步之后，输出的均值为 ${short(mean)}。`,
    accuracy: (accuracy) => `测试准确率为 ${rate(accuracy)}。`,
  },
  answers: { yes: '成立', part: '部分成立', no: '在本次训练中不成立', seen: '到目前为止' },
  verdict: (answer, text) => `${answer}：${text}`,

  list: {
    label: '说法', row: '试一个说法', compare: '比较两个', sideBySide: '并排，实时', tested: '用五个随机种子检验',
    stopped: '训练提前停止，没有结论。再按一次该说法即可重新运行。',
    firstAndWatch: (first, watch) => `${first}${watch}`,
    started: (title, watch) => `${title}。${watch}`,
  },
  tour: {
    title: '导览', about: '60 秒', back: '上一步', next: '下一步', end: '结束', close: '结束导览', ended: '导览已结束。',
    heading: (stop, stops, claim) => `第 ${stop} 站，共 ${stops} 站：${claim}`,
    stops: {
      kill: '对每个负输入，ReLU 都输出 0。学习率很大时，许多单元在每张图像上都落到这一侧。它们输出 0，得不到梯度，也就不再学习。',
      leaky: 'Leaky ReLU 在 0 以下保留一个小斜率，所以总有一些梯度能够通过。请看结论：它在哪些方面有帮助，在哪些方面没有。',
      elu: 'ELU 在 0 以下平滑地弯向 −1。它的输出均值接近 0，而 ReLU 的输出均值大于 0。',
      prelu: 'PReLU 把 0 以下的斜率变成一个权重：每一层都会找到自己的斜率。现在请在上方选择另一个激活函数，或画一个数字。',
    },
  },
}
