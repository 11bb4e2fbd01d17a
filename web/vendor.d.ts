// Types of what the site build puts into vendor/ (see site.mjs), which the compiler does not find in the tree.
declare module '*/vendor/uPlot.esm.js' {
  import uPlot from 'uplot'
  export default uPlot
}
// What web/engine/weights.mjs uses of the package pngjs, which comes without types.
declare module 'pngjs' {
  export const PNG: { sync: { read(file: Uint8Array): { width: number, height: number, data: Uint8Array } } }
}
