// Types of what the site build puts into vendor/ (see site.mjs), which the compiler does not find in the tree.
declare module '*/vendor/uPlot.esm.js' {
  import uPlot from 'uplot'
  export default uPlot
}
declare module '*/vendor/fflate.js' {
  export { gunzipSync, inflateSync, unzlibSync } from 'fflate'
}
