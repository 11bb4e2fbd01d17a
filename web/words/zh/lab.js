// Words of the page in Chinese: the run, saved runs, the comparison of two runs, and the verdict of a race. See ../words.js.
import { count, percent } from '../../dom/format.js'
import { error } from './errors.js'
import { warning } from './warnings.js'

/** @param {number} share */
const points = (share) => `${(100 * share).toFixed(2)} 个百分点`

const moreSeeds = '用更多随机种子才能判断。'

/** @type {typeof import('../en/lab.js').lab} */
export const lab = {
  warning,
  error,

  lab: {
    badAddress: '无法使用地址中的设置',
    badParts: (parts) => `地址中有 ${count(parts)} 项无法使用`,
    reasons: (parts) => parts.map((each) => `${each.part}（${each.error.replace(/。$/, '')}）`).join('；') + '。',
    restUsed: '地址中的其余部分已生效。',
    correct: '请改正地址中 # 后面的这一项，或在页面上选择该设置。',
    unknownData: (data, known) => `data 为“${data}”，但本页面只有 ${known.join(' 和 ')}。`,
    noEngine: '引擎无法重新启动',
    engineAgain: (step) => `引擎已重新启动。训练位于第 ${step} 步。`,
    notBack: '无法用发散之前的权重开始训练',
    back: (lr) => `新的训练从发散之前的权重开始，学习率为 ${lr}。`,
    notTrained: '无法开始训练',
    noStep: '无法执行这一步',
    notReset: '无法重置本次训练',
    reset: (changes) => (changes ? `已重置到第 0 步，并应用了 ${count(changes)} 项更改。` : '已重置到第 0 步。'),
    notBegun: '无法开始这次训练',
    notUndone: '无法打开上一次训练',
    undone: (step) => `已回到上一次训练的第 ${step} 步。`,
    notContinued: '无法继续本次训练',
    notReplayed: '无法重放本次训练',
    kept: '之前的训练没有改变。',
    advice: '请在面板中更改设置，然后重试。',
    otherModel: '另一个模型',
    sameSettings: '相同的设置',
    setting: (label, value) => `${label} ${value}`,
    list: (texts) => texts.join('，'),
  },
  savedRuns: {
    name: (number) => `训练 ${number}`,
    notRead: '无法读取已保存的训练',
    continues: '本页面上的训练继续进行。',
    notRenamed: '无法重命名这次训练',
    notDeleted: '无法删除这次训练',
    unchanged: '它没有改变。',
    deleted: (name) => `已删除“${name}”。`,
    opened: (name, step) => `“${name}”位于第 ${step} 步。`,
    notOpened: (name) => `无法打开“${name}”`,
    presentUnchanged: '本页面上的训练没有改变。',
    settingsLeft: '仍然可以打开它的设置。',
    openFiles: (data) => `请先用相同的名称打开“${data}”的文件。`,
    notSaved: '无法保存本次训练',
    afterFailure: (lost) => (lost === 0 ? '训练继续进行，之前保存的所有训练都完好无损。' : `训练继续进行。有 ${count(lost)} 次已保存的训练不再存在于此浏览器中：存储已被清除。`),
    advice: '请删除不再需要的训练，或下载本次训练的检查点。',
  },
  fileBytes: {
    unreadable: (path) => `无法再读取 ${path}。请在设置的“数据”部分重新打开数据。`,
  },
  pair: {
    badSettings: '请按“名称=值”的形式填写设置，例如 lr=0.01 init=he_uniform。',
    silent: '它的工作线程已有 10 秒没有响应。',
  },
  compare: {
    trained: '训练损失', first: '第一次训练', second: '第二次训练', close: '关闭比较',
    firstIs: '即上方工具栏和按钮所控制的训练。',
    activation: '第二次训练的激活函数', settings: '第二次训练的设置', example: '设置，例如 lr=0.01',
    closed: '比较已关闭', kept: '第一次训练继续进行。',
    firstNamed: (name) => `第一次训练：${name}`,
    secondNamed: (name) => `第二次训练：${name}`,
    ofSecond: (card) => `${card}，第二次训练`,
    tested: '测试准确率',
    testedAfter: (epoch) => `测试准确率，第 ${epoch} 轮`,
    accuracy: (accuracy, more) => percent(accuracy) + (more ? `（${more > 0 ? '+' : '−'}${Math.abs(more).toFixed(2)}）` : ''),
    inBrackets: '括号内：比第一次训练高或低多少个百分点',
    starting: '正在启动…',
    diverged: (step) => `在第 ${count(step)} 步发散。`,
    catching: (step, of) => `正在追赶：第 ${count(step)} 步，第一次训练在第 ${count(of)} 步。`,
    mixed: '多种激活函数', none: '没有激活函数',
    name: (activation, settings) => [...(activation ? [activation] : []), ...settings.map(({ label, value }) => `${label} ${value}`)].join('，'),
  },
  ranking: {
    none: '没有任何配置训练到结束。',
    alone: (name) => `${name} 获胜：其他配置都没有训练到结束。`,
    oneSeed: ({ first, second, lead, far, repeatable }) => (far ? `${first} 遥遥领先：只用一个随机种子，比 ${second} 高 ${points(lead)}。`
      : `只用一个随机种子，难分胜负：${first} 比 ${second} 高 ${points(lead)}。`) + (repeatable ? moreSeeds : ''),
    wins: ({ first, second, lead, seeds, margin }) => `${first} 获胜：在 ${count(seeds)} 个随机种子上平均比 ${second} 高 ${points(lead)}。小于 ${points(margin)}的差异可能出于偶然。`,
    close: (names, margin, repeatable) => `${names.join('、')} 之间难分胜负：小于 ${points(margin)}的差异可能出于偶然。${repeatable ? moreSeeds : ''}`,
  },
}
