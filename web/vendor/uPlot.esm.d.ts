// The types of the file that the site build puts here from the package uplot.
export { default } from 'uplot'
