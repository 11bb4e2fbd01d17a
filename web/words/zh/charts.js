// Words of the page in Chinese: charts, and what all views share. See ../words.js.
import { count } from '../../dom/format.js'

/** @type {typeof import('../en/charts.js').charts} */
export const charts = {
  explain: { question: '这是什么？', what: '含义', look: '看什么', attempt: '试一试' },
  chart: {
    noValues: '还没有数值',
    noData: (title) => `${title}，还没有数据`,
    asCsv: (title) => `${title}，保存为 CSV`,
    asPng: (title) => `${title}，保存为 PNG`,
    showAll: (outside) => `${outside}：显示全部`,
    withoutOutliers: '不显示离群值',
    outside: ({ below, above }) => [above > 0 && `上方有 ${count(above)} 个值`, below > 0 && `下方有 ${count(below)} 个值`].filter(Boolean).join('，'),
    more: (number) => `另有 ${count(number)} 条`,
  },
  axes: {
    step: { label: '步', at: (x) => `第 ${count(x)} 步`, all: (x) => `${count(x)} 步` },
    epoch: { label: '轮', at: (x) => `第 ${count(x)} 轮`, all: (x) => `${count(x)} 轮` },
  },
  summary: {
    line: (name, value, at, parts) => [`${name}：${at}为 ${value}`, ...parts].join('，'),
    first: (value, at) => `起始 ${value}（${at}）`,
    lowest: (value, at) => `最低 ${value}（${at}）`,
    highest: (value, at) => `最高 ${value}（${at}）`,
    chart: (title, all, lines) => `${title}，共 ${all}：${lines.join('；')}`,
  },
  legend: { lines: '曲线', hide: (name) => `隐藏或显示“${name}”` },
  zoom: { full: '完整范围', about: '数值的完整范围；准确率为 0 到 100%' },
  lines: {
    training: '训练', thisPoint: '该点', trainingPoint: '训练，该点', validation: '验证', test: '测试',
    previous: (label) => `上一次训练（${label}）`,
    testOf: (name) => `${name}，测试`,
    now: (name, value, at) => `${name} ${value}，${at}`,
    latest: (at) => `最新数值：${at}`,
    join: '；',
  },
  activationPlot: {
    empty: '激活函数输入的直方图，还没有数据',
    colours: '橙色为负，灰色为零，蓝色为正',
    outside: (outside) => `${count(outside)} 个值在图外`,
  },
  formula: { if: '若', else: '否则', learnt: '可学习', random: '随机取自', in: '区间', scored: '评分时', with: '用' },
  bars: { class: '类别', bar: '条形', probability: '概率', correct: '正确的类别' },
}
