// Keyboard navigation of a grid: the grid is one Tab stop, arrow keys move between cells, Enter and space choose a
// cell.

/** @param {HTMLElement[]} cells @param {HTMLElement} cell */
export function focusCell(cells, cell) {
  for (const each of cells) each.tabIndex = each === cell ? 0 : -1
  cell.focus()
}

/**
 * @param {KeyboardEvent} event on one of the cells
 * @param {HTMLElement[]} cells in row-major order
 * @param {number} columns
 * @param {(cell: HTMLElement) => void} choose
 */
export function onGridKey(event, cells, columns, choose) {
  const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }
  const move = moves[/** @type {keyof typeof moves} */ (event.key)]
  const at = cells.indexOf(/** @type {HTMLElement} */ (event.target))
  if (at < 0 || (!move && event.key !== 'Enter' && event.key !== ' ')) return
  event.preventDefault()
  if (!move) return choose(cells[at])
  const next = at + move
  const sameRow = Math.floor(next / columns) === Math.floor(at / columns)
  if (cells[next] && (Math.abs(move) > 1 || sameRow)) focusCell(cells, cells[next])
}
