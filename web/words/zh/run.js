// Words of the page in Chinese. See ../words.js.
import { bytes, count, percent } from '../../dom/format.js'

const places = { 'file system': '私有文件系统', database: '数据库' }

/** What the formats of the core are for, by file name extension. @type {Record<string, string>} */
const saveFormats = {
  pth: 'PyTorch 的 state_dict，供 torch.load 读取',
  safetensors: '权重和全部设置，供 eval、predict 和 export 读取',
  onnx: '供任何能运行 ONNX 的程序使用的网络，包含归一化',
  npz: '各层对前若干张测试图像的输出，供 NumPy 使用',
  py: '在 PyTorch 中重建网络并评估 .pth 的程序',
}

/** @type {typeof import('../en/run.js').run} */
export const run = {
  runs: {
    title: '训练记录',
    about: '此浏览器中的各次训练，以及它们之间不同的设置。勾选若干次训练以比较其曲线。',
    explain: {
      what: '每次开始过的训练都会保存在此浏览器中，包括设置、曲线和权重。每一行列出相对于上一次训练的改动。',
      look: '哪项改动影响了准确率。每次只改一项设置：同时改动多项时，无法区分各自的影响。',
      attempt: '先训练，把学习率降到十分之一再训练一次，比较两者。然后打开较好的那一次，继续训练。',
    },
    columns: ['比较', '名称', '相对上一次训练的改动', '测试准确率', '步数', '大小', '打开或删除'],
    empty: '每次训练在首次暂停或第 1 轮结束时连同权重出现在这里，并一直保留到你删除它。',
    table: '训练记录',
    storageTitle: '存储',
    copy: '复制本次训练的地址',
    copied: '已复制',
    copiedAloud: '已复制本次训练的地址。',
    notCopied: { title: '浏览器不允许此页面复制', advice: '请从这里复制地址。' },
    loss: '训练损失（平滑）',
    accuracy: '各次训练的测试准确率',
    changes: (differences) => differences.join('，') || '无',
    first: '第一次训练',
    scored: (accuracy, epoch) => `${percent(accuracy)}，第 ${count(epoch)} 轮`,
    steps: (step, all, diverged) => `${count(step)} / ${count(all)}${diverged ? '，已发散' : ''}`,
    noStorage: '此浏览器不为此页面存储数据：关闭页面后，训练记录会丢失。',
    storage: ({ where, runs, size, usage, quota }) => `${runs > 0 ? `${count(runs)} 次训练占用此浏览器的${places[where]} ${bytes(size)}` : `训练会保存在此浏览器的${places[where]}中`}` +
      `${quota > 0 ? `；本站已使用 ${bytes(usage)}，可用空间共 ${bytes(quota)}` : ''}。`,
    open: '打开',
    settings: '设置',
    settingsTitle: '只打开它的设置，用于新的训练',
    isOpen: '本次训练已打开',
    openTitle: '连同权重打开，从最后保存的一步继续',
    compareRun: (name) => `比较 ${name}`,
    nameOf: (name) => `${name} 的名称`,
    openRun: (name) => `打开 ${name}`,
    openSettings: (name) => `打开 ${name} 的设置`,
    deleteRun: (name) => `删除 ${name}`,
  },
  model: {
    title: '模型',
    about: '每一层的输出形状、参数量和开销，按一个批次计算。',
    explain: {
      what: '模型的各层。乘加次数和内存按一个批次的前向传播计算；参数是学到的数值。',
      look: '大部分参数在第一个全连接层。卷积的参数很少，乘加次数却很多。',
      attempt: '把 “conv 8x3 | relu | pool 2” 放在第一个全连接层之前，再作比较。',
    },
    table: '模型表',
    chosen: '所选的模型，重新开始后生效。',
    typed: '正在输入的模型，按 Enter 键应用。',
    columns: ['层', '输出形状', '参数量', '乘加次数', '内存'],
    input: '输入',
    total: '合计',
  },
  downloads: {
    title: '文件',
    about: '为其他程序保存网络，保存测量数据，以及从文件打开权重。',
    explain: {
      what: '供其他程序使用的网络学习结果：.pth 用于 PyTorch，.onnx 用于大多数其他程序，.safetensors 可以在这里再次打开。.py 在 PyTorch 中重建网络，.ckpt 包含整个训练。',
      look: '相同的权重得到相同的字节，无论在这里、在 Node 中还是在本机程序中：两个文件可以用哈希值比较。',
      attempt: '训练后把 .pth 和 .py 保存到同一个文件夹，并在那里运行脚本：它在 PyTorch 中评估 MNIST，结果与此页面一致。',
    },
    file: '权重文件或检查点文件',
    status: '文件',
    open: '打开文件…',
    drop: '或把文件拖放到这里：.safetensors 文件会设定训练的设置和网络的权重；.ckpt 文件会继续其中的训练。',
    saveFormat: (name, about) => saveFormats[name] ?? about,
    csv: '目前为止的指标，以表格形式',
    jsonl: '目前为止的指标，以 JSON 行的形式，与命令行的输出相同',
    json: '设置，可用于 --config',
    ckpt: '整个训练存于一个文件，包括权重、优化器和指标：可在这里、在 Node 中或在本机程序中继续',
    download: (end) => `下载 .${end}`,
    saved: (name, size) => `${name}，${bytes(size)}`,
    notMade: (end) => `无法生成 .${end}`,
    runKept: '训练没有改变。',
    opening: (name) => `正在打开 ${name}…`,
    resumed: (name, step) => `${name} 的训练位于第 ${step} 步。`,
    hasWeights: (name) => `网络已采用 ${name} 的权重。`,
    notOpened: (name) => `无法打开 ${name}`,
    previousKept: '之前的训练没有改变，除非它现在位于第 0 步。',
  },
  log: {
    title: '日志',
    about: '同一次训练的命令行输出。',
    explain: {
      what: '相同设置下命令行的输出：每 100 个批次的损失，以及每轮之后测试集上的得分。',
      look: '最后一行是权重的 SHA-256。它在每个浏览器、Node 和本机程序中都相同。',
      attempt: '在视图“文件”中下载设置，用 reluscope train --config 加该文件训练，再比较最后一行。',
    },
    label: '日志',
    empty: '请按“训练”。每 100 个批次出现一行，每轮之后出现测试集上的得分。',
  },
}
