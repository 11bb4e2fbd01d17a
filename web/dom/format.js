// Formats numbers and times for display.
import { dateLocale, locale } from './language.js'

const grouped = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 })

/** Rounds to a whole number and adds thousands separators. @param {number} value */
export const count = (value) => grouped.format(Math.round(value))

/**
 * A date and time in the page's language, as in the user's country. Some systems report a language that the browser does not know.
 * @param {number} milliseconds since 1970
 */
export function moment(milliseconds) {
  const style = /** @type {const} */ ({ dateStyle: 'medium', timeStyle: 'short' })
  try {
    return new Date(milliseconds).toLocaleString(dateLocale, style)
  } catch {
    return new Date(milliseconds).toLocaleString(locale, style)
  }
}

/** A loss with four decimals, or with an exponent if it is below 0.001. @param {number} value */
export function loss(value) {
  if (!Number.isFinite(value)) return '–'
  return value !== 0 && Math.abs(value) < 0.001 ? value.toExponential(2) : value.toFixed(4)
}

/** A share from 0 to 1 as a percentage. @param {number} value @param {number} [digits] */
export const percent = (value, digits = 2) => (Number.isFinite(value) ? `${(100 * value).toFixed(digits)}%` : '–')

/** @param {number} seconds */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return '–'
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 60) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  if (minutes < 60) return `${minutes}:${String(whole % 60).padStart(2, '0')} min`
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')} h`
}

/** A number of bytes in B, KB, MB or GB. @param {number} value */
export function bytes(value) {
  if (value < 1000) return `${value} B`
  if (value < 1e6) return `${(value / 1e3).toFixed(1)} KB`
  return value < 1e9 ? `${(value / 1e6).toFixed(2)} MB` : `${(value / 1e9).toFixed(1)} GB`
}

/** A number with three significant digits, for labels. @param {number} value */
export function short(value) {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞'
  const size = Math.abs(value)
  if (value !== 0 && (size < 0.001 || size >= 1e5)) return value.toExponential(1).replaceAll('-', '−')
  return String(Number(value.toPrecision(3))).replace('-', '−')
}

/** @param {number} number @param {string} one @param {string} [many] */
export const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`

/** @param {string} text */
export const capitalised = (text) => text.charAt(0).toUpperCase() + text.slice(1)

/** What an error says. @param {unknown} error */
export const messageOf = (error) => (error instanceof Error ? error.message : String(error))

/** What an error says, with a full stop. Settings' names begin some of them and stay as they are. @param {unknown} error */
export const sentence = (error) => messageOf(error).replace(/(?<![.!?。！？])$/, '.')

/** Converts a title to a file name. @param {string} text */
export const fileName = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}.]+/gu, '-').replace(/^-+|-+$/g, '').slice(0, 80) || 'reluscope'
