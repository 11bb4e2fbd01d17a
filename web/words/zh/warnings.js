// The warnings of the core in Chinese. The core makes them in English (src/probe/warnings.cpp); their numbers are taken out of
// that text. A text that has changed gets the sentence without numbers.

/** The rule of a warning: the text it makes, the Chinese sentence for its groups, and one without numbers.
 * @typedef {{texts: [RegExp, (...groups: string[]) => string][], plain: string}} Rule */

/** A layer as the core names it: "layer 2 (act1, relu)", with three groups. */
const layer = 'layer (\\d+) \\((.+?), (.+?)\\)'
/** @param {string} number @param {string} name @param {string} text */
const layerOf = (number, name, text) => `第 ${number} 层（${name}，${text}）`

/** "try He initialisation, ReLU": the group is the remedy that the core leaves out where the config uses it. */
const he = '(He initialisation, )?'
/** @param {string | undefined} found @param {string} next the remedy after it */
const attempt = (found, next) => `请尝试${[...(found ? ['He 初始化'] : []), next].join('、')}`.replace(/(?<=试)(?=[A-Z])/, ' ')

/** @param {string} text @param {boolean} smaller */
const step = (text, smaller) => new RegExp(`^A step changes (.+) by (\\S+) of its size, .*${smaller ? 'smaller' : 'larger'} ${text}$`)

/** @type {Record<string, Rule>} */
const rules = {
  silent_units: {
    texts: [
      [new RegExp(`^(\\d+) of (\\d+) units of ${layer} (?:is|are) silent since the start: try ${he}Leaky`),
        (silent, units, number, name, text, first) => `${layerOf(number, name, text)}的 ${units} 个单元中有 ${silent} 个从一开始就静默：${attempt(first, 'Leaky ReLU 或 BatchNorm')}。`],
      [new RegExp(`^(\\d+) of (\\d+) units of ${layer} (?:is|are) silent since step (\\d+): learning rate (\\S+);`),
        (silent, units, number, name, text, since, lr) => `${layerOf(number, name, text)}的 ${units} 个单元中有 ${silent} 个静默，始于第 ${since} 步，学习率为 ${lr}：请尝试 Leaky ReLU、BatchNorm 或较小的学习率。`],
    ],
    plain: '某一层有许多单元静默：请尝试 Leaky ReLU、BatchNorm 或较小的学习率。',
  },
  saturation: {
    texts: [[new RegExp(`^(\\d+%) of the inputs of ${layer} lie `),
      (share, ...of) => `${layerOf(of[0], of[1], of[2])}的输入有 ${share} 落在函数边界处的平坦部分，梯度因此消失：请尝试较小的初始权重、BatchNorm、较小的学习率或 ReLU。`]],
    plain: '某一层的大部分输入落在激活函数的平坦部分，梯度因此消失：请尝试较小的初始权重、BatchNorm、较小的学习率或 ReLU。',
  },
  mean_shift: {
    texts: [[new RegExp(`^The outputs of ${layer} have a mean of (\\S+) at a deviation of ([^\\s,]+),`),
      (number, name, text, mean, deviation) => `${layerOf(number, name, text)}的输出均值为 ${mean}，标准差为 ${deviation}，均值远离 0：请尝试在它后面加 BatchNorm，或改用 ELU 或 tanh。`]],
    plain: '某一层的输出均值远离 0：请尝试在它后面加 BatchNorm，或改用 ELU 或 tanh。',
  },
  slope_range: {
    texts: [[new RegExp(`^The learnt (\\S+) of ${layer} is (\\S+), outside (\\S+) to (\\S+):`),
      (symbol, number, name, text, value, min, max) => `${layerOf(number, name, text)}学到的 ${symbol} 为 ${value}，超出了 ${min} 到 ${max} 的范围：请尝试较小的学习率。`]],
    plain: '激活函数学到的参数超出了允许的范围：请尝试较小的学习率。',
  },
  vanishing_gradients: {
    texts: [
      [new RegExp(`^The gradient vanishes .* an element of (\\S+) gets (\\S+) of what one of (\\S+) gets; try ${he}ReLU`),
        (first, share, last, remedy) => `梯度在反向传播途中消失：${first} 的一个元素得到的梯度只有 ${last} 的 ${share} 倍；${attempt(remedy, 'ReLU 及其同类，或 BatchNorm')}。`],
      [/^No gradient gets back to (\S+):/, (first) => `没有梯度能传回 ${first}：请尝试 Leaky ReLU、BatchNorm 或较小的学习率。`],
    ],
    plain: '梯度在反向传播途中消失：请尝试 He 初始化、ReLU 及其同类，或 BatchNorm。',
  },
  exploding_gradients: {
    texts: [[new RegExp(`^The gradient explodes: its norm is (\\S+) at step (\\d+); try ${he}a smaller`),
      (norm, at, remedy) => `梯度爆炸：在第 ${at} 步，它的范数为 ${norm}；${attempt(remedy, '较小的学习率、BatchNorm 或梯度裁剪')}。`]],
    plain: '梯度爆炸：请尝试 He 初始化、较小的学习率、BatchNorm 或梯度裁剪。',
  },
  large_update: {
    texts: [[step('rate than (\\S+)\\.', true), (weight, share, lr) => `每一步使 ${weight} 改变其大小的 ${share} 倍，而 0.001 左右才是健康的：请尝试比 ${lr} 小的学习率。`]],
    plain: '每一步使权重改变得太多：请尝试较小的学习率。',
  },
  small_update: {
    texts: [[step('rate than (\\S+)\\.', false), (weight, share, lr) => `每一步只使 ${weight} 改变其大小的 ${share} 倍，而 0.001 左右才是健康的：请尝试比 ${lr} 大的学习率。`]],
    plain: '每一步使权重改变得太少：请尝试较大的学习率。',
  },
  loss_not_falling: {
    texts: [[/^The loss does not fall: (\S+) over the first 100 steps, (\S+) over the last; try another learning rate than (\S+) or (Adam|another initialisation)\.$/,
      (first, last, lr, other) => `损失没有下降：最初 100 步为 ${first}，最近 100 步为 ${last}；请尝试与 ${lr} 不同的学习率，或${other === 'Adam' ? '使用 Adam' : '另一种初始化'}。`]],
    plain: '损失没有下降：请尝试另一个学习率、另一种初始化或 Adam。',
  },
  loss_rising: {
    texts: [[/^The loss rises again: (\S+) over the last 100 steps, (\S+) at best; try a smaller rate than (\S+)\.$/,
      (last, lowest, lr) => `损失又在上升：最近 100 步为 ${last}，最低时为 ${lowest}；请尝试比 ${lr} 小的学习率。`]],
    plain: '损失又在上升：请尝试较小的学习率。',
  },
}

/** @param {string} code of the rule @param {string} message in English */
export function warning(code, message) {
  const rule = rules[code]
  for (const [pattern, say] of rule?.texts ?? []) {
    const found = pattern.exec(message)
    if (found) return say(...found.slice(1))
  }
  return rule?.plain ?? message
}
