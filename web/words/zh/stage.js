// Words of the page in Chinese. See ../words.js.
import { count, percent } from '../../dom/format.js'

/** @type {typeof import('../en/stage.js').stage} */
export const stage = {
  image: {
    title: '一张图像穿过网络',
    about: '在当前权重下，一张图像、每个隐藏单元的输出，以及各类别的概率。',
    explain: {
      what: '图像穿过整个网络。每个方格是一个单元的输出：蓝色大于零，橙色小于零；若它在全部 500 张探测图像上都静默，则打叉。条形是各类别的概率。',
      look: '在一张图像上，ReLU 层只有一部分单元激活；换一个数字，激活的就是另一些单元。使用 Leaky ReLU 和 ELU 时，几乎没有灰色的单元。',
      attempt: '在训练过程中用箭头按钮逐张查看图像。点击一个单元：视图“单元检查器”会显示它在寻找什么。',
    },
    empty: '隐藏单元的输出将显示在这里。',
    probabilities: '所选测试图像的概率',
    choose: '选择图像',
    previous: '上一张图像',
    random: '随机图像',
    next: '下一张图像',
    index: '图像序号',
    indexUpTo: (last) => `图像序号，0 到 ${count(last)}`,
    test: '测试',
    train: '训练',
    image: (part, index, label) => `${part === 'test' ? '测试' : '训练'}图像 ${index}，标签为 ${label}`,
    prediction: (predicted, probability, correct) => `预测：${predicted}，概率 ${percent(probability, 1)}；正确类别：${correct}。`,
    noPrediction: (correct) => `没有预测：概率为 NaN；正确类别：${correct}。`,
  },
}
