// Keyboard navigation of a grid: the grid is one Tab stop, arrow keys move between cells, Enter and space choose a
// cell.

/** @param {HTMLElement[]} cells @param {HTMLElement} cell */
function focusCell(cells, cell) {
  for (const each of cells) each.tabIndex = each === cell ? 0 : -1
  cell.focus()
}

/** @param {HTMLElement} table */
export const cellsOf = (table) => /** @type {HTMLElement[]} */ ([...table.querySelectorAll('[role=gridcell]')])

/** The cell that contains the target of an event. @param {EventTarget | null} target */
export const cellAt = (target) => /** @type {HTMLElement | null} */ (target instanceof Element ? target.closest('[role=gridcell]') : null)

/**
 * Lets the user move between the cells of a table, and choose one by a click or key.
 * @param {HTMLElement} table with its cells in row-major order @param {() => number} columns @param {(cell: HTMLElement) => void} choose
 */
export function listenToGrid(table, columns, choose) {
  const chosen = (/** @type {HTMLElement | null} */ cell) => {
    if (!cell) return
    focusCell(cellsOf(table), cell)
    choose(cell)
  }
  table.addEventListener('click', ({ target }) => chosen(cellAt(target)))
  table.addEventListener('keydown', (event) => {
    const cells = cellsOf(table)
    const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns(), ArrowDown: columns() }
    const move = moves[/** @type {keyof typeof moves} */ (event.key)]
    const at = cells.indexOf(/** @type {HTMLElement} */ (event.target))
    if (at < 0 || (!move && event.key !== 'Enter' && event.key !== ' ')) return
    event.preventDefault()
    if (!move) return chosen(cells[at])
    const next = at + move
    const sameRow = Math.floor(next / columns()) === Math.floor(at / columns())
    if (cells[next] && (Math.abs(move) > 1 || sameRow)) focusCell(cells, cells[next])
  })
}
