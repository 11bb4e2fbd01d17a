// The theme that was chosen on the page holds for the documentation too.
import { recall } from '../dom/memory.js'

const theme = recall('theme', '')
if (theme) document.documentElement.dataset.theme = theme
