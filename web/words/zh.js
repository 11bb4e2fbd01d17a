// All words of the page in Chinese, one object for each group of files.
import { charts } from './zh/charts.js'
import { claims } from './zh/claims.js'
import { curves } from './zh/curves.js'
import { experiments } from './zh/experiments.js'
import { frame } from './zh/frame.js'
import { images } from './zh/images.js'
import { lab } from './zh/lab.js'
import { panel } from './zh/panel.js'
import { run } from './zh/run.js'
import { stage } from './zh/stage.js'
import { units } from './zh/units.js'

/** @type {typeof import('./en.js').en} */
export const zh = { charts, claims, curves, experiments, frame, images, lab, panel, run, stage, units }
