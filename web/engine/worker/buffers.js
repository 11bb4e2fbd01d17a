// Finds the buffers of an answer that can be transferred to another thread instead of copied.

/** The buffers of the typed arrays in an answer. @param {any} answer @returns {ArrayBuffer[]} */
export function buffersOf(answer) {
  if (ArrayBuffer.isView(answer)) return [/** @type {ArrayBuffer} */ (answer.buffer)]
  if (answer === null || typeof answer !== 'object' || typeof answer[0] === 'number') return []
  return Object.values(answer).flatMap(buffersOf)
}
