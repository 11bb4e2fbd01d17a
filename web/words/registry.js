// The words of the core's registry in the language of the page. The core speaks English; another language has a table of its
// own, by the names of the entries. An entry that a table lacks, such as an activation that someone adds, stays English.
import { language } from '../dom/language.js'

/** @import { Language } from '../dom/language.js' */
/** @import { Registry } from '../engine/protocol.js' */

/**
 * @typedef {{label: string, about: string}} ChoiceWords
 * @typedef {object} RegistryWords
 * @property {Record<string, {label: string, help: string, choices?: Record<string, ChoiceWords>}>} fields
 * @property {Record<string, ChoiceWords & {parameters?: Record<string, string>}>} activations parameters: what each is
 * @property {Record<string, string>} layers what each does; those of activations follow from the activations
 */

/** @type {Partial<Record<Language, () => Promise<RegistryWords>>>} */
const tables = {
  zh: async () => (await import('./zh/registry.js')).registry,
}

/** The table of the page's language; none for English. @type {RegistryWords | undefined} */
let table

/** To be awaited before translated() is called. */
export async function loadRegistryWords() {
  table = await tables[language]?.()
}

/** The registry with the words of a table, by default that of the page's language. @param {Registry} registry @param {RegistryWords} [own] @returns {Registry} */
export function translated(registry, own = table) {
  if (!own) return registry
  return {
    ...registry,
    fields: registry.fields.map((field) => {
      const { choices, ...said } = own.fields[field.name] ?? {}
      return { ...field, ...said, ...(field.choices && { choices: field.choices.map((choice) => ({ ...choice, ...choices?.[choice.name] })) }) }
    }),
    activations: registry.activations.map((activation) => {
      const { parameters, ...said } = own.activations[activation.name] ?? {}
      return { ...activation, ...said, parameters: activation.parameters.map((each) => ({ ...each, about: parameters?.[each.name] ?? each.about })) }
    }),
    layers: registry.layers.map((layer) => ({ ...layer, about: own.layers[layer.name] ?? own.activations[layer.name]?.about ?? layer.about })),
  }
}
