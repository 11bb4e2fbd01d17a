// Words of the page in English. See ../words.js.
import { count, plural } from '../../dom/format.js'

const colours = 'Orange is negative, grey zero, blue positive'
const scale = 'Scale'

export const units = {
  deadUnits: {
    title: 'Dead units',
    about: 'One cell per unit: the share of images on which it fires. A silent unit, without output and gradient on every image, does not learn unless other layers revive it.',
    explain: {
      what: 'A unit is silent if its output and its gradient are 0 for all 500 probe images. Its input then lies on a flat part of its function, so that $(∂L)/(∂z) = (∂L)/(∂y) f′(z) = 0$. A unit that is silent on the whole training set is dead: no image teaches it anything. That is checked when the run ends, and by the button.',
      look: 'The step at which many units fall silent at once, and the learning rate at that step. A few silent units are usual. Some fire again, because the layers before them still learn.',
      attempt: 'SGD or Adam with a learning rate of 0.1: most of the map turns orange within an epoch; draw the slider back to watch it. Then Leaky ReLU with the same rate.',
    },
    moment: 'Moment of the map',
    start: 'Start', now: 'Now',
    scale,
    scaleOf: 'Colour scale of the firing rates',
    scales: { all: 'all alike', layer: 'by layer', unit: 'by unit' },
    full: { all: '100%', layer: 'the layer’s most', unit: 'the unit’s most so far' },
    silent: 'silent', dead: 'dead', never: 'never above 0',
    colours: 'From grey to blue by firing rate',
    chart: 'Silent units, over the steps',
    atStep: (/** @type {number} */ step) => `step ${count(step)}`,
    /** @param {number} step @param {number} last */
    atStepOf: (step, last) => `step ${count(step)} of ${count(last)}`,
    nowAtStep: (/** @type {number} */ step) => `now, step ${count(step)}`,
    firingRates: (/** @type {string} */ layer) => `${layer}, firing rates`,
    /** @param {{silent: number, units: number, channels: boolean, samples: number, full: string}} values channels: the units are channels; full: the rate of the full colour, '' if it needs no words */
    silentOf: ({ silent, units: all, channels, samples, full }) =>
      `${count(silent)} of ${plural(all, channels ? 'channel' : 'unit')} silent on the ${count(samples)} probe images${full && `, full colour at ${full}`}`,
    average: (/** @type {string} */ rate) => `fires on ${rate} on average`,
    /** @param {number} number of units */
    again: (number) => `${count(number)} fell silent and fire again`,
    /** @param {number} number of units @param {number} step */
    silentOnBatch: (number, step) => `${count(number)} silent on the batch of step ${count(step)}`,
    check: (/** @type {number} */ images) => `Check on all ${count(images)} training images`,
    checking: 'Checking…',
    unchecked: (/** @type {number} */ images) => `No unit is called dead before it is checked on all ${count(images)} training images.`,
    /** @param {{step: number, samples: number, found: {dead: number, units: number, layer: string}[], now: number}} values now: the step of the run */
    checked: ({ step, samples, found, now }) =>
      `Dead at step ${count(step)}, on all ${count(samples)} training images: ${found.map(({ dead, units: all, layer }) => `${count(dead)} of ${count(all)} in ${layer}`).join(', ')}.` +
      (step === now ? '' : ` The run is at step ${count(now)} now.`),
  },
  unitInspector: {
    title: 'Unit inspector',
    about: 'One unit in detail. Choose it here or click it in the view Dead units.',
    explain: {
      what: 'A unit of the first layer sees the image through its weights. The response shows, for any layer, where the images that excite the unit differ from the mean image: $∑v(x − x̄)∕∑|v|$ over the probe set, with the unit’s output $v$.',
      look: 'Blue strokes excite the unit, orange strokes inhibit it. Whether the images that excite it most share a class, and whether its bars agree.',
      attempt: 'Choose the order “largest output weights first” and switch the first unit off, then the last. Without a silent unit the score barely changes.',
    },
    layer: 'Layer', layerOf: 'Layer of the unit',
    unit: 'Unit',
    choose: 'Choose a unit',
    previous: 'Previous unit', next: 'Next unit',
    order: 'Order', orderOf: 'Order of the units',
    orders: { number: 'by number', firing: 'most firing first', weights: 'largest output weights first' },
    scale,
    scaleOf: 'Colour scale of the weights',
    scales: { unit: 'by unit', layer: 'by layer', all: 'all layers alike' },
    colours,
    weights: 'Weights', noWeights: 'No weights of its own',
    /** @param {string} name @param {string} shape */
    weightsOf: (name, shape) => `Weights (${name}, ${shape})`,
    /** @param {{unit: number, layer: string, low: string, high: string}} values */
    weightsFrom: ({ unit, layer, low, high }) => `Weights of unit ${unit} of ${layer}, from ${low} to ${high}`,
    response: 'Response',
    responseTitle: 'Response to the images',
    /** @param {number} unit @param {string} layer @param {string} full value of the full colour */
    responseOf: (unit, layer, full) => `Response of unit ${unit} of ${layer} to the probe images, full colour at ±${full}`,
    strongest: 'Images that fire it most',
    noImage: 'Its output is above 0 for no image of the probe set.',
    /** @param {number} index @param {string} label */
    image: (index, label) => `Training image ${index}, labelled ${label}`,
    /** @param {string} label of an image, before its value */
    labelled: (label) => `${label}: `,
    outgoing: 'Output weights',
    noOutgoing: 'No weights after it',
    outgoingOfUnit: 'Output weights of the unit',
    outgoingOf: (/** @type {string} */ name) => `Output weights (${name})`,
    /** @param {string} name @param {number} all */
    outgoingLargest: (name, all) => `Output weights (${name}, largest of ${count(all)})`,
    unitNumber: (/** @type {number} */ unit) => `unit ${unit}`,
    /** @param {number} unit @param {string} layer @param {string} what the description of unitWords() */
    described: (unit, layer, what) => `Unit ${unit} of ${layer} ${what}`,
    /** @param {number} place @param {number} all @param {string} norm of the output weights, '' if it needs no words */
    place: (place, all, norm) => `number ${count(place)} of ${count(all)}${norm && `, norm ${norm}`}`,
    off: 'Switch this unit off',
    effectOf: 'Effect of switching it off',
    scoring: 'Scoring the test set with it and without it…',
    /** @param {{unit: number, all: string, without: string, lost: number, total: number, step: number}} values all, without: accuracies; lost: correct images, below 0: gained */
    effect: ({ unit, all, without, lost, total, step }) => `Test accuracy ${all} with unit ${unit}, ${without} without it: ` +
      `${lost === 0 ? 'the same number' : `${count(Math.abs(lost))} ${lost > 0 ? 'fewer' : 'more'}`} correct of ${count(total)} images, at step ${count(step)}. The run keeps the unit.`,
  },
  gradientFlow: {
    title: 'Gradient flow',
    about: 'How much gradient reaches each layer, and how far each step moves its weights.',
    explain: {
      what: 'In the backward pass each layer multiplies the gradient by its weights and by the slope $f′$. The norm is $‖∂L∕∂W‖$, the ratio $‖ΔW‖∕‖W‖$.',
      look: 'Layers that differ by powers of ten: the first layers learn more slowly than the last, or not at all. For z < 0 ReLU passes no gradient, Leaky ReLU a hundredth of it.',
      attempt: 'Ten layers of Sigmoid: the first ones receive almost no gradient. Then ReLU with He initialisation, or BatchNorm.',
    },
    empty: 'A training step makes the gradients. Nothing has been trained yet.',
    norms: 'Gradient of each layer (norm)',
    ratios: 'Update ÷ weight, of a step',
    typical: 'typical',
    shares: 'Share of the gradient through z < 0',
    bars: 'Gradient of each layer now',
    more: 'More numbers',
    moreOf: 'Steps and shares now',
    columns: ['Layer', 'Update ÷ weight', 'Gradient through z < 0'],
    /** @param {number} step @param {string} rate @param {string} norm */
    at: (step, rate, norm) => `In step ${count(step)}, learning rate ${rate}: all layers together ${norm}. The bars have a logarithmic scale.`,
    oneLayer: 'Only one layer of this model has weights.',
    notNumbers: 'The gradients are not numbers any more (NaN).',
    noneFirst: 'The first layer gets no gradient: it cannot learn.',
    noneLast: 'The last layer gets no gradient.',
    same: 'The first and the last layer get about the same gradient.',
    lessThan: (/** @type {string} */ times) => `The first layer gets ${times} times less gradient than the last.`,
    moreThan: (/** @type {string} */ times) => `The first layer gets ${times} times more gradient than the last.`,
  },
  slopes: {
    title: 'Learnt slopes',
    about: 'The learnt values of PReLU’s α and Swish’s β: the network adapts its own activation.',
    explain: {
      what: 'PReLU is $f(z) = αz$ below 0 and learns α like a weight. Swish is $zσ(βz)$, here with β learnt.',
      look: 'How a slope changes from its initial value. α near 0 is ReLU, α near 1 a straight line. Layers may differ.',
      attempt: 'PReLU in two or three layers, or “prelu channel”, which has a slope for each unit.',
    },
    empty: 'No activation of this model learns a slope.',
    usePrelu: 'Use PReLU', useSwish: 'Use Swish',
    chart: 'Change of the slope since step 0',
    legend: { f: 'f now', df: 'f′ now', ghost: 'f at step 0' },
    afterStep: (/** @type {number} */ step) => `after step ${count(step)}`,
    /** @param {number} channels @param {string} low @param {string} high */
    meanOfChannels: (channels, low, high) => `mean of ${plural(channels, 'channel')}, now ${low} to ${high}`,
    /** @param {{symbol: string, layer: string, start: string, now: string, change: string}} values */
    curve: ({ symbol, layer, start, now, change }) => `The curve of ${symbol} of ${layer}: ${start} at step 0, ${now} now (${change})`,
    /** @param {string} symbol @param {string} layer */
    line: (symbol, layer) => `${symbol} of ${layer}`,
    /** @param {string} symbol @param {string} layer @param {number} channels */
    meanLine: (symbol, layer, channels) => `${symbol} of ${layer}, mean of ${channels}`,
  },
  microscope: {
    title: 'Activation microscope',
    about: 'The distribution of an activation’s inputs, and the outputs of the function.',
    explain: {
      what: 'The inputs of the function are the pre-activations $z = Wx + b$, here for 500 fixed images. The bars are their histogram, and the thin outline that of step 0; the solid line is $f(z)$, the dashed line its slope.',
      look: 'ReLU passes only inputs above 0, so its outputs have a mean above 0, which shifts the inputs of the next layer. Where the slope is 0 a unit learns nothing.',
      attempt: 'Choose Sigmoid and watch inputs move to the flat ends. Choose ELU and see the mean of the outputs approach 0.',
    },
    /** The names of the regimes, and a short explanation of each. */
    regimes: { off: 'off', saturated: 'saturated', leaky: 'leaky', curved: 'curved', linear: 'linear' },
    meanings: {
      off: 'output 0, no gradient', saturated: 'flat near a bound, almost no gradient', leaky: 'a line with a small slope',
      curved: 'neither flat nor linear', linear: 'passes unchanged',
    },
    /** @param {number} step @param {number} samples @param {string} part of the data set: train or validation */
    at: (step, samples, part) => `after step ${count(step)}, ${count(samples)} images (${part})`,
    numbersOf: (/** @type {string} */ layer) => `Numbers of ${layer}`,
    /** @param {{layer: string, text: string, values: number, low: string, high: string, mean: string, start: string, shares: {regime: string, share: string}[]}} values start: the mean at step 0, or '' */
    plot: ({ layer, text, values, low, high, mean, start, shares }) => `Inputs of ${layer} (${text}): ${count(values)} values from ${low} to ${high}, mean ${mean}${start && `, at step 0 ${start}`}; ` +
      shares.map(({ regime, share }) => `${share} ${regime}`).join(', '),
    ghost: 'inputs at step 0',
    /** @param {{regime: string, share: string}[]} shares @param {string} mean */
    inputs: (shares, mean) => `Inputs: ${shares.map(({ regime, share }) => `${share} ${regime}`).join(', ')}. Mean output ${mean}.`,
    shares: 'Share of the inputs in each regime',
    allInputs: 'all z',
    stats: {
      input: 'Input', inputAbout: 'mean and deviation of z',
      output: 'Output', outputAbout: 'mean and deviation of f(z); a mean near 0 is best',
      sparsity: 'Sparsity', sparsityAbout: 'of the outputs are exactly 0',
      units: 'Units', unitsAbout: 'in this layer', channelsAbout: 'channels × positions',
      slopeAbout: 'learnt so far; the curve uses this value',
    },
    /** @param {string} low @param {string} high */
    range: (low, high) => `${low} to ${high}`,
  },
  probeView: {
    warnings: 'Warnings',
    atStep: (/** @type {number} */ step) => `Step ${count(step)}`,
  },
  empty: {
    oneStep: 'Make one step', train: 'Start training',
    use: (/** @type {string} */ model) => `Use “${model}”`,
    noHidden: 'This model has no activation between its layers, so it is linear and has no hidden unit.',
  },
  initMap: {
    title: 'Initialisation map',
    about: 'The variance of each layer’s output before the first step, for every initialisation with every activation: does the signal fade, stay or grow with depth?',
    explain: {
      what: 'Each cell shows the hidden layers from left to right. The colour of a layer is $Var[f(z_l)]$ over the probe set and all units before the first step, on a logarithmic scale. Grey is 1.',
      look: 'In a cell of one colour the signal is stable. In a cell that turns orange it fades from layer to layer; in one that turns blue it grows and may overflow. He initialisation is meant for ReLU, Glorot and LeCun for tanh and similar functions.',
      attempt: 'Draw the map with 30 layers. Then compare the greyest and the most orange pair in a race.',
    },
    depth: 'Depth', depthOf: 'Depth of the map',
    width: 'Width',
    units: (/** @type {number} */ number) => `${number} units`,
    full: 'Full colour:',
    factor: (/** @type {number} */ number) => `a factor of ${number}`,
    fades: 'fades', grows: 'grows',
    colours: 'Orange is below 1, grey 1, blue above',
    table: 'Output variance at step 0: activations in rows, initialisations in columns',
    draw: 'Draw the map', stop: 'Stop',
    first: 'Press Draw the map. It takes some seconds and does not disturb the current run.',
    stopped: 'Stopped. Cells without colours were not computed.',
    loading: 'Loading the data into a separate worker…',
    drawn: 'The initialisation map is drawn.',
    ready: 'Point at a cell or move between cells with the arrow keys. Choose a cell to apply its settings in the Model section of the panel.',
    /** @param {string} depth as entered @param {number} most */
    badDepth: (depth, most) => `Depth is ${depth}, but it must be a whole number from 1 to ${most}.`,
    /** @param {number} done @param {number} all */
    progress: (done, all) => `${done} of ${all}`,
    /** @param {string} init @param {string} activation */
    pair: (init, activation) => `${init} with ${activation}`,
    /** @param {string} pair @param {{variance: string, layer: number}[]} layers some of them, in their order */
    cell: (pair, layers) => `${pair}: variance ${layers.map(({ variance, layer }) => `${variance} after layer ${layer}`).join(', ')}`,
  },
  convolution: {
    title: 'Convolution',
    about: 'The filters of every convolution and their feature maps for the selected image, with the current weights.',
    explain: {
      what: 'A filter, for example 3 × 3 weights, slides over the image. The map is blue where the image resembles the filter and orange where it resembles its negative: $z_k = w_k ∗ x + b_k$.',
      look: 'Filters start as noise and become detectors of edges and strokes. A ReLU after them passes only the blue part of a map. A channel whose map is grey for every image is silent.',
      attempt: 'Compare a 1 with an 8. Then set the learning rate to 0.05 and count the grey maps.',
    },
    image: 'The selected image',
    imageAbout: 'The selected image. To select another one, use the view One image through the network, Confusion matrix or Hidden space.',
    scale,
    scales: { layer: 'by layer', all: 'same for all layers', unit: 'by channel' },
    negative: 'negative', positive: 'positive',
    colours,
    empty: 'This model has no convolution.',
    channels: (/** @type {number} */ number) => plural(number, 'channel'),
    channelsOf: (/** @type {string} */ layer) => `Channels of ${layer}`,
    /** @param {number} channel @param {string} layer */
    filter: (channel, layer) => `Filter ${channel} of ${layer}`,
    /** @param {number} channel @param {string} layer @param {string} [values] see values() */
    map: (channel, layer, values) => `Map ${channel} of ${layer}${values ? `: ${values}` : ''}`,
    /** @param {number} channel @param {string} layer @param {string} values see values() */
    channel: (channel, layer, values) => `${layer}, channel ${channel}: ${values}`,
    /** @param {{low: string, high: string, above: number, all: number}} map above: positions above zero */
    values: ({ low, high, above, all }) => `from ${low} to ${high}, above zero at ${above} of ${all} positions`,
    /** @param {string} full value of the full colour @param {number} planes that are shown @param {number} all */
    filterScale: (full, planes, all) => `filters: full colour at ±${full}${all > planes ? `, first ${planes} of ${all} planes` : ''}`,
    /** @param {string | undefined} full value of the full colour; undefined: of each channel its own @param {number} bad number of NaN */
    mapScale: (full, bad) => `maps: full colour at ±${full ?? 'each channel’s largest'}${bad ? `, ${bad} NaN` : ''}`,
  },
  /** What is said of a unit. Any of these clauses may follow one another, in this order. */
  unitWords: {
    join: (/** @type {string[]} */ clauses) => clauses.join('; '),
    /** @param {string} rate @param {number} samples @param {number} positions of a channel */
    fires: (rate, samples, positions) => (positions > 1 ? `fires on ${rate} of the ${count(positions)} positions of ${count(samples)} images` : `fires on ${rate} of ${count(samples)} images`),
    silent: 'silent',
    silentFromStart: 'silent from the start',
    /** @param {number} step @param {string} rate */
    silentSince: (step, rate) => `silent since step ${count(step)} (learning rate ${rate})`,
    /** @param {number} step @param {string} rate */
    firedAgain: (step, rate) => `fired again at step ${count(step)} (learning rate ${rate})`,
    wasSilentFromStart: 'was silent from the start',
    /** @param {number} step @param {string} rate */
    wasSilentFrom: (step, rate) => `was silent from step ${count(step)} (learning rate ${rate})`,
    /** @param {number} step @param {string} rate */
    firesAgain: (step, rate) => `fires again since step ${count(step)} (learning rate ${rate})`,
    fellSilent: (/** @type {number} */ times) => `fell silent ${plural(times, 'time')}`,
    silentOnBatch: (/** @type {number} */ step) => `silent on the batch of step ${count(step)}`,
    dead: (/** @type {number} */ samples) => `dead: silent on all ${count(samples)} training images`,
    notDead: (/** @type {number} */ samples) => `not dead: not silent on all ${count(samples)} training images`,
  },
  unitGrid: {
    unitsOf: (/** @type {string} */ name) => `Units of ${name}`,
    /** @param {number} unit @param {string} what its value or description */
    unit: (unit, what) => `unit ${unit}: ${what}`,
    /** @param {{on: number, all: number, largest: string, bad: number}} values on: units above zero; bad: units that are NaN */
    summary: ({ on, all, largest, bad }) => `${count(on)} of ${count(all)} above zero, largest ${largest}${bad ? `, ${bad} NaN` : ''}`,
    /** @param {string} name @param {string} text */
    spoken: (name, text) => `${name}, ${text}`,
  },
  layerStack: {
    scale,
    scaleOf: 'Colour scale',
    scales: { layer: 'by layer', all: 'same for all layers', unit: 'by unit' },
    silent: 'silent',
    colours,
    noHidden: 'This model has no hidden layer: the output layer reads the image directly. Add a layer under Model in the settings, for example “dense 128 | relu”.',
    units: (/** @type {number} */ number) => plural(number, 'unit'),
    /** @param {string} full value of the full colour */
    fullColour: (full) => `full colour at ±${full}`,
    lowest: '−largest so far', highest: '+largest so far',
    negative: 'negative', positive: 'positive',
  },
}
