// Words of the page in Chinese. See ../words.js.
import { bytes, count, moment, percent, short } from '../../dom/format.js'

/** Which layer a warning is about. @param {number | null} layer its number among the hidden ones; null if it needs none */
const ofLayer = (layer) => (layer === null ? '' : `隐藏层 ${layer} 的 `)

/** Sentences, with a space after those that are not Chinese. @param {string[]} sentences */
const together = (sentences) => sentences.filter(Boolean).reduce((all, each) => all + (/[!-~]$/.test(all) ? ' ' : '') + each, '')

/** @type {typeof import('../en/frame.js').frame} */
export const frame = {
  page: {
    title: 'reluscope：激活函数实验室',
    skipToStage: '跳到第一个视图',
    skipToSettings: '跳到设置',
    loadingEngine: '正在加载引擎…',
    loadingData: '正在加载数据',
    settings: '设置',
    views: '视图',
    sections: '页面的各部分',
    tabStage: '主屏',
    tabViews: '视图',
    tabSettings: '设置',
  },

  groups: { Stage: '主屏', Training: '训练过程', Units: '单元', Images: '图像', Experiments: '实验', Run: '本次训练', Views: '视图' },

  mainButton: {
    train: '训练',
    pause: '暂停',
    trainAnew: '重新训练',
    startOver: '重新开始',
    startAgain: '再次训练',
    moreEpochs: (epochs) => `再训练 ${epochs} 轮`,
  },

  app: {
    start: { title: '实验室无法启动', kept: '地址中的设置已保留。', advice: '请检查网络连接后重试。', again: '重试' },
    noSimd: {
      title: '此浏览器没有 WebAssembly SIMD',
      text: '训练以带 128 位 SIMD 指令的 WebAssembly 运行。此浏览器不支持这些指令，或已将其禁用。',
      advice: '请用新版的 Chrome、Edge、Firefox 或 Safari（16.4 或更高版本）打开本页面。',
    },
    epochDone: (epoch, epochs, accuracy) => `第 ${epoch} 轮（共 ${epochs} 轮）结束：测试准确率 ${percent(accuracy)}。`,
    paused: (step) => `在第 ${step} 步暂停。`,
    finished: (epochs, accuracy) => `训练在 ${count(epochs)} 轮后结束：测试准确率 ${percent(accuracy)}。`,
    diverged: {
      title: '训练发散，已停止',
      kept: '当前权重已保留，各视图显示的就是它们。',
      keptAdvice: '可用更低的学习率从这些权重开始新的训练，或降低学习率后重置。',
      goOn: '以十分之一的学习率从这些权重继续',
      advice: '请降低学习率，然后重置。',
      reset: '回到第 0 步',
    },
    engine: {
      stopped: '引擎已停止',
      silent: '引擎没有响应',
      silentText: '训练用的工作线程已有 10 秒没有响应。很大的模型走一步可能需要这么久；否则就是工作线程卡住了。',
      kept: (step) => (step === undefined ? '设置已保留。本次训练尚未自动保存。' : `本次训练已在第 ${step} 步自动保存。`),
      restart: (step) => (step === undefined ? '重新启动引擎' : `从第 ${step} 步重新启动`),
      reload: '重新加载页面',
    },
    loading: '正在加载数据集…',
    unpacking: (data) => `正在解压 ${data}…`,
    loadingOf: (data, loaded, total) => `正在加载 ${data}：${bytes(loaded)}${total > 0 ? `，共 ${bytes(total)}` : ''}`,
    unknownView: {
      title: '地址中有未知的视图',
      kept: '改为显示所有视图。',
      advice: '请改正地址中 ?embed= 之后的列表，例如：?embed=curves,space。',
    },
    unknownLanguage: {
      title: '地址中的语言未知',
      text: (wanted, codes, shown) => `lang 的值是“${wanted}”，但本页面的语言只有 ${codes.join('、')}；现以${shown}显示。`,
    },
  },

  topbar: {
    epoch: '轮',
    accuracy: '测试准确率',
    loss: '训练损失',
    lossShort: '损失',
    step: '步',
    speed: '每秒样本数',
    speedShort: '样本/秒',
    left: '剩余时间',
    makeStep: '单步',
    makeStepTitle: '训练一步',
    reset: '重置',
    resetTitle: '以面板中的设置回到第 0 步',
    data: '数据集',
    dataLabel: '本次训练的数据集',
    rate: '学习率',
    rateLabel: '学习率，立即生效',
    progress: '本次训练的进度',
    others: '数据集、学习率等',
    docs: '文档',
    docsTitle: '文档（在新标签页中打开）',
    theme: '切换浅色与深色',
    run: '本次训练',
    wrongRate: { title: '无法使用此学习率', kept: '学习率没有改变。' },
    where: ({ simd, threads, limit }) =>
      `${simd} SIMD · ${count(threads)} 个线程${{ '': '', notIsolated: '（页面未隔离）', failed: '（多线程启动失败）', noMemory: '（没有共享内存）' }[limit]}`,
    whereLabel: (where) => `运行环境：${where}`,
    why: ({ simd, threads, reason, input, density }) => together([
      `训练在此标签页的工作线程中进行，形式为使用 ${simd} 指令的 WebAssembly，共 ${count(threads)} 个线程。`,
      reason,
      `第一层以${{ sparse: '稀疏', dense: '稠密' }[input]}数据的形式读取图像：${percent(density, 1)} 的像素与背景不同。`,
      '你的数据不会离开本机。',
    ]),
    done: '已完成',
    scoring: '评估中',
    accuracyOf: (epoch) => `测试，第 ${epoch} 轮`,
    progressValue: (done, epoch, epochs) => `${percent(done, 0)}，第 ${epoch} 轮，共 ${epochs} 轮`,
    waiting: (settings) => `${count(settings.length)} 项更改需要重新开始才能生效：${settings.join('、')}`,
    restart: '应用更改并重新开始',
    discard: '放弃',
  },

  languageSwitch: {
    otherLanguage: 'EN',
    label: 'EN: Switch to English',
    lost: {
      title: '切换语言需要重新加载页面',
      data: '重新加载后，页面不再保留你的数据文件：要继续在这些数据上训练，请再次打开它们。',
      run: '此浏览器无法在重新加载后保留本次训练。',
    },
    anyway: '重新加载',
  },

  notices: {
    dismiss: '关闭通知',
    together,
  },

  share: {
    share: '分享',
    shareTitle: '复制包含所有设置的页面链接',
    copied: '链接已复制。打开链接的人会看到同样的训练。',
    cannotCopy: '此浏览器不允许页面复制。请在这里复制链接：',
    embed: '嵌入',
    embedTitle: '在你自己的网页中显示本次训练的视图',
    dialog: '嵌入你的网页',
    what: '显示内容',
    firstScreen: '主屏',
    autostart: '进入可见范围时开始训练',
    width: '宽度',
    height: '高度',
    pixels: '像素',
    code: 'HTML 代码',
    copyCode: '复制代码',
    codeCopied: '代码已复制。请粘贴到你网页的 HTML 中。',
    codeSelected: '此浏览器不允许页面复制。代码已选中：请用键盘复制。',
    preview: '预览',
    close: '关闭',
    noViews: '请至少选择一个视图。',
    wrongSize: '宽度和高度须为 100 到 5000 的像素数。',
    frame: (views) => `reluscope：${views.join('、')}`,
  },

  embed: {
    activation: '激活函数',
    mixed: '混合',
    none: '无',
    accuracy: '测试准确率',
    whole: '在 reluscope 中打开',
    wholeTitle: '以这些设置在新标签页中打开完整页面',
    unknown: (name, names) => `embed 中的“${name}”不是视图；可用的视图有 stage、${names.join('、')}`,
  },

  cards: {
    teaches: {
      Training: '网络学得怎么样，又是从什么中学到的。',
      Units: '哪些单元激活，哪些保持静默，各自学到了什么。',
      Images: '网络如何看待一张图像，又会混淆什么。',
      Experiments: '在相同条件下比较激活函数。',
      Run: '训练了什么，代价多大，如何保存。',
    },
    collapse: (view) => `折叠“${view}”`,
    open: (view) => `展开“${view}”`,
    close: (view) => `关闭“${view}”`,
    closed: (view) => `“${view}”已关闭。可在“视图”菜单中重新打开。`,
    show: (view) => `显示“${view}”`,
    alone: (view) => `单独打开“${view}”，用于嵌入`,
    aloneTitle: '只打开此视图，例如用于嵌入网页',
    views: '视图',
    openAll: '全部展开',
    collapseAll: '全部折叠',
  },

  stage: {
    noComparison: '无法打开比较',
  },

  pills: {
    label: '激活函数',
    others: '更多激活函数',
    more: '更多…',
    compare: '比较',
    compareTitle: '用相同的批次，在旁边训练第二个激活函数',
    chosen: (activation) => `所有激活层都是 ${activation}`,
    train: (activation) => `用 ${activation} 开始新的训练并立即运行；本次训练以灰色留在图表上`,
    begin: (activation) => `用 ${activation} 新建一次训练；本次训练以灰色留在图表上`,
    undo: '撤销',
    undoTitle: (run, step) => `回到上一次训练（${run}，第 ${count(step)} 步）`,
  },

  alerts: {
    label: '警告',
    dismiss: '关闭警告',
    short: {
      saturation: (layer) => `${layer === null ? '隐藏层' : `隐藏层 ${layer} `}的大多数输入落在函数平坦的区域，因此学得很慢。`,
      mean_shift: (layer) => `${layer === null ? '隐藏层' : `隐藏层 ${layer} `}的输出均值远离 0。`,
      vanishing_gradients: () => '梯度在传到第一层的途中逐渐消失。',
      exploding_gradients: () => '梯度过大。',
      large_update: () => '每一步都使权重发生很大比例的变化。',
      small_update: () => '步幅太小，学不到东西。',
      loss_not_falling: () => '损失没有下降。',
      loss_rising: () => '损失又在上升。',
    },
    silent: ({ silent, units, layer, since, lr }) => (since === 0
      ? `${ofLayer(layer)}${count(units)} 个单元中有 ${count(silent)} 个从一开始就静默：它们对每张图像都输出 0。`
      : `${ofLayer(layer)}${count(units)} 个单元中有 ${count(silent)} 个静默，其中一半从第 ${count(since)} 步起静默：学习率 ${short(lr)}。`),
    dead: ({ dead, units, layer, samples, step }) =>
      `${ofLayer(layer)}${count(units)} 个单元中有 ${count(dead)} 个死亡：在全部 ${count(samples)} 张训练图像上既无输出也无梯度（第 ${count(step)} 步）。`,
    announced: (warning) => `警告：${warning}`,
    use: (activation) => `试试 ${activation}`,
    rate: (lr) => `将学习率改为 ${lr}`,
    norm: '加入 BatchNorm',
    more: (others) => `还有 ${others} 条`,
    one: '只显示一条',
  },

  autosaved: {
    failed: {
      title: '无法在此浏览器中自动保存本次训练',
      kept: (before) => (before ? '训练继续，之前的自动保存完好。' : '训练继续。此浏览器中现在没有本次训练的自动保存。'),
      advice: '请释放一些存储空间，或把本次训练保存为文件。',
    },
    offer: {
      title: (savedAt, over) => (over ? `可以重新显示 ${moment(savedAt)} 的训练` : `可以继续 ${moment(savedAt)} 的训练`),
      text: ({ model, data, step, totalSteps, epoch, epochs }) => `${model}，数据集 ${data}：第 ${count(step)} 步（共 ${count(totalSteps)} 步），第 ${epoch} 轮（共 ${epochs} 轮）。`,
      advice: '在你选择之前，它保持不变，也不会自动保存其他训练。',
      show: '显示',
      goOn: '继续',
      discard: '放弃',
    },
    notOpened: { title: '无法打开自动保存的训练', kept: '它没有改变，本页面上的训练也没有改变。' },
    notRead: { title: '无法读取自动保存', kept: '它没有改变。', advice: '请重新加载页面再试；在此之前不会自动保存。' },
    otherTab: {
      title: '另一个标签页已打开本页面',
      text: '用于在重新加载或崩溃后恢复的自动保存属于那个标签页；此标签页不会更改它。',
      kept: '此标签页的训练在下方已保存的训练之中：每次暂停和每轮结束时都会保存。',
      advice: '若也要自动保存它，请关闭另一个标签页并重新加载此页。',
    },
  },
}
