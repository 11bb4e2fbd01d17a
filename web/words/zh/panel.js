// Words of the page in Chinese. See ../words.js.
import { count, short } from '../../dom/format.js'

/** @param {import('../en/panel.js').Plan} plan */
const ends = ({ first, most, last }) => `开始时 ${short(first)}，最大 ${short(most)}，结束时 ${short(last)}`
/** @param {import('../en/panel.js').Plan} plan */
const epochs = ({ updates, perEpoch }) => `共 ${count(updates)} 次更新（每轮 ${count(perEpoch)} 次）`

/** @type {typeof import('../en/panel.js').panel} */
export const panel = {
  panel: {
    which: '显示哪些设置',
    modes: { basic: '基本', all: '全部' },
    sections: { Data: '数据', Augmentation: '数据增强', Model: '模型', Optimizer: '优化器', Schedule: '学习率调度', Regularisation: '正则化', Run: '训练' },
    more: '更多',
    allSettings: (changed) => (changed ? `全部设置：另有 ${changed} 项已更改` : '全部设置'),
    hash: {
      title: '权重的 SHA-256',
      about: '用来识别这组权重。设置和步数相同时，命令行会打印出相同的哈希值。',
      whilePaused: '暂停时显示',
    },
    dataAbout: { own: '从你自己的文件打开', site: '28 × 28 像素的图像，共十个类别' },
    changes: {
      about: '重放或打开本页地址时，会在相同的步重复这些更改。',
      replay: '从第 0 步重放',
      change: (setting, value, step) => `第 ${step} 步之后：${setting} ${short(value)}`,
    },
  },
  fields: {
    reset: (setting, value) => `将“${setting}”恢复为默认值${value && `：${value}`}`,
    live: { label: '实时', about: '训练过程中即可生效' },
    slider: (setting) => `${setting}，滑块`,
    anotherSeed: '换一个随机种子',
  },
  ownData: {
    title: '自己的数据',
    about: '打开或拖入一个 .zip 或 .npz 压缩包、四个 IDX 或 .npy 文件，或者一个文件夹，其中每个类别各有一个 PNG 图像文件夹，例如 cats/1.png。你的文件不会离开本标签页。',
    files: { input: '自己的数据文件', open: '打开文件…' },
    folder: { input: '自己的数据文件夹', open: '打开文件夹…' },
    reading: (files) => `正在读取 ${count(files)} 个文件…`,
    opened: (name, { train, test, width, height, classes }) =>
      `${name}：${count(train)} 张训练图像和 ${count(test)} 张测试图像，${width} × ${height} 像素，${count(classes)} 个类别。关闭本标签页后数据即丢失。`,
    failed: '仍在使用之前的数据集。',
    unnamed: '自己的数据',
    distinct: (name) => `${name}（自己的）`,
  },
  modelEditor: {
    layers: '层',
    summary: (sizes, parameters, multiplyAdds) => `${sizes}，${count(parameters)} 个参数，每张图像 ${count(multiplyAdds)} 次乘加运算`,
    activation: '激活函数',
    mixed: '混合：见下方文本',
    none: '无',
    picture: (activation) => `${activation}：函数及其导数，从 −4 到 4`,
    with: '其中',
    parameters: (parameters) => parameters.map(({ symbol, value, learnable }) => `${symbol} = ${value}${learnable ? '（初始值）' : ''}`).join('，'),
  },
  layerRows: {
    label: '添加一层',
    add: '添加一层…',
    layers: '层',
    activations: '激活函数',
    up: (layer, kind) => `将第 ${layer} 层 ${kind} 上移`,
    down: (layer, kind) => `将第 ${layer} 层 ${kind} 下移`,
    remove: (layer, kind) => `删除第 ${layer} 层 ${kind}`,
    drag: '拖动以移动该层',
    activation: (layer) => `第 ${layer} 层的激活函数`,
    takes: (kind, syntax) => `${kind} 的参数：${syntax}`,
    arguments: (layer, kind) => `第 ${layer} 层 ${kind} 的参数`,
  },
  augmentPreview: {
    title: '一张训练图像在第 1 至 16 轮的样子',
    another: '换一张训练图像',
    epoch: (number) => `第 ${number} 轮`,
    about: (sample, name, on) => `训练图像 ${sample}，标签 ${name}：${on.length === 0
      ? '每一轮都相同。请更改上面的某项设置，例如把“旋转”设为 10。' : `应用了${on.join('、')}。`}`,
  },
  ratePlot: {
    title: { lr: '整个训练过程的学习率', moves: '梯度始终为 1 的权重的步长' },
    picture: (title, plan) => `${title}：${ends(plan)}，${epochs(plan)}`,
    about: {
      lr: ({ momentum, unknown, ...plan }) => `${ends(plan)}，${epochs(plan)}${momentum ? '；虚线：动量，0 到 1' : ''}${unknown ? '；验证损失不再下降时学习率会降低，这无法预测' : ''}。`,
      moves: (plan) => `动量、平均和偏差修正对学习率的作用：${ends(plan)}。`,
    },
  },
}
