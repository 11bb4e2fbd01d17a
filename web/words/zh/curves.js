// Words of the page in Chinese: the activation, and the curves of loss and accuracy. See ../words.js.

const fates = { off: '被截为 0', saturated: '落在饱和的平坦处', leaky: '按小斜率缩小', curved: '被弯曲', linear: '原样通过' }

/** @type {typeof import('../en/curves.js').curves} */
export const curves = {
  activation: {
    title: '激活函数做了什么',
    about: '函数及其斜率，以及它实际得到的输入。',
    explain: {
      what: '一个单元把加权后的输入相加：$z = Wx + b$。激活函数把这个数变成输出 $f(z)$。条形表示各个 $z$ 出现的频率，实线是 $f$，虚线是它的斜率 $f′$。',
      look: '斜率为 0 的地方学不到任何东西。ReLU 把大约一半的输入截为 0，所以输出的均值大于 0；ELU 和 tanh 使均值接近 0。',
      attempt: '在上方选择另一个激活函数：它的曲线会和上一次的曲线一起显示在这里。',
    },
    layer: '隐藏层',
    layerOf: (i, all) => `第 ${i} 层，共 ${all} 层`,
    none: '没有激活函数',
    linear: '没有激活函数，整个网络只是一个线性映射。请在上方选择一个激活函数，让它弯曲。',
    does: (label) => `${label} 对输入做了什么`,
    regimes: { off: '关闭', saturated: '饱和', leaky: '泄漏', curved: '弯曲', linear: '线性' },
    fates: {
      off: (share) => `${share} ${fates.off}`, saturated: (share) => `${share} ${fates.saturated}`, leaky: (share) => `${share} ${fates.leaky}`,
      curved: (share) => `${share} ${fates.curved}`, linear: (share) => `${share} ${fates.linear}`,
    },
    ofInputs: (share, regime) => `${share} 的输入${fates[regime]}`,
    finding: (said, mean) => `输入中 ${said.join('，')}。输出均值为 ${mean}。`,
    summary: ({ name, label, step, mean, fates: said }) => `${name}（${label}）的输入，第 ${step} 步之后：均值 ${mean}；${said.join('，')}`,
    before: (label) => `虚线：上一次训练，${label}。`,
  },
  learning: {
    title: '学习过程',
    about: '本次训练和上一次训练的准确率与损失。',
    explain: {
      what: '准确率是最可能的类别恰好正确的图像所占的比例；网络对正确类别越有把握，损失越小。线条是训练批次，圆点是每轮之后的测试图像。',
      look: '曲线上升得多快，与灰色的上一次训练相比如何。损失停在 2.3 附近，就是在瞎猜。',
      attempt: '先用 ReLU 训练，再选择 ELU。下方的“损失与准确率”有更大的图。',
    },
    accuracy: '准确率', loss: '损失', empty: '请按“训练”。',
    scored: (accuracy, epoch) => `第 ${epoch} 轮之后，${accuracy} 的测试图像判断正确。`,
    later: '测试图像在每轮结束时评分。',
    start: '请按“训练”：两条曲线会在一秒内出现。',
    withGhost: (finding, label) => `${finding}灰色：上一次训练（${label}）。`,
  },
  curves: {
    title: '损失与准确率',
    about: '各步的训练批次。测试集在每轮结束时评分，不影响训练。',
    explain: {
      what: '损失是交叉熵 $−log p_label$ 在一个批次上的平均值。准确率是最可能的类别恰好正确的图像所占的比例。粗线是细线的移动平均。坐标轴显示当前重要的范围；“完整范围”显示全部。',
      look: '训练损失继续下降而测试损失上升：网络在死记图像（过拟合）。损失突然跳动，或停在 2.3（瞎猜的数值）：学习率太大，或许多单元静默。',
      attempt: '在训练中改变学习率；图中会标出那一步。打开“对数损失”可以看清后期的进展。',
    },
    accuracy: '准确率', loss: '损失', logLoss: '对数损失', smoothing: '平滑', noSmoothing: '平滑：无',
    smoothingOf: (points) => `平滑：约 ${points} 个点的平均`,
    emptyLoss: '请按“训练”。一两秒内损失会出现在这里，每隔几步一个点。',
    emptyAccuracy: '准确率会出现在这里；测试集的准确率在每轮结束时出现。',
  },
}
