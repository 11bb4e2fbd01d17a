// The entry of the page: loads the words of its language, then the page, whose modules use them as they load. There is no
// top-level await, because in WebKit modules that wait for the same module may run before it has ended.
import { loadRegistryWords } from './words/registry.js'
import { loadWords } from './words/words.js'

void Promise.all([loadWords(), loadRegistryWords()]).then(() => import('./page.js'))
