// What is known of the units of a run: the live snapshot, for pictures of the present moment, and the looks that the run has
// recorded, whether or not a view was open.

/** @import { Look, Looks, ProbeSnapshot } from '../engine/protocol.js' */

export class ProbeHistory {
  /** @type {ProbeSnapshot | undefined} */
  latest

  /** @param {Look[]} [looks] of a resumed run */
  constructor(looks = []) {
    /** In ascending order of their steps. @type {Look[]} */
    this.looks = looks
  }

  /** @param {Looks} found */
  add({ stride, looks }) {
    this.looks = [...this.looks.filter(({ index }) => index % stride === 0), ...looks]
  }
}

/** The activations of a model or snapshot, except one at the output of the network. @template {{kind: string}} T @param {{layers: T[]}} of */
export const hiddenActivations = ({ layers }) => layers.slice(0, -1).filter(({ kind }) => kind === 'activation')

/** @param {{name: string, text: string}} layer */
export const layerTitle = ({ name, text }) => `${name}: ${text}`
