// All words of the page in English, one object for each group of files.
import { charts } from './en/charts.js'
import { claims } from './en/claims.js'
import { curves } from './en/curves.js'
import { experiments } from './en/experiments.js'
import { frame } from './en/frame.js'
import { images } from './en/images.js'
import { lab } from './en/lab.js'
import { panel } from './en/panel.js'
import { run } from './en/run.js'
import { stage } from './en/stage.js'
import { units } from './en/units.js'

export const en = { charts, claims, curves, experiments, frame, images, lab, panel, run, stage, units }
