// A classic script that runs before the page's modules. It reports why the page cannot start if the modules fail to
// load, belong to different versions, or fail before they can report the error themselves.
(() => {
  // Some browsers report the system's locale "C" as the language; formatting a number with it throws.
  try {
    new Intl.NumberFormat(navigator.language)
  } catch {
    Object.defineProperty(navigator, 'language', { value: 'en' })
  }

  // Its own words, because the tables of words/ are modules, which may be what does not load.
  const tables = {
    en: {
      fromFile: 'This page was opened from a file. Browsers do not load modules from files. Run web/start, or "npx serve" in the folder of the page, and open the address that it prints.',
      missing: (file = '') => `A file of the page could not be loaded${file && `: ${file}`}. Reload the page. If the error persists, the site is incomplete.`,
      versions: 'The files of the page belong to different versions, perhaps because a new version is being uploaded. Reload the page in a minute.',
      failed: (message = '') => `The page could not start: ${message}. Reload the page. If the error persists, try another browser.`,
      reload: 'Reload',
    },
    zh: {
      fromFile: '本页面是从文件打开的，而浏览器不从文件加载模块。请运行 web/start，或在页面所在的文件夹中运行“npx serve”，然后打开它显示的地址。',
      missing: (file = '') => `页面的一个文件无法加载${file && `：${file}`}。请重新加载页面。如果错误仍然出现，说明网站不完整。`,
      versions: '页面的文件属于不同的版本，可能是因为正在上传新版本。请在一分钟后重新加载页面。',
      failed: (message = '') => `页面无法启动：${message}。请重新加载页面。如果错误仍然出现，请换一个浏览器。`,
      reload: '重新加载',
    },
  }

  /** By the rule of dom/language.js. @returns {'en' | 'zh'} */
  function chosen() {
    const codes = [new URLSearchParams(location.search).get('lang')]
    try {
      codes.push(JSON.parse(localStorage.getItem('language') ?? 'null'))
    } catch {
      // The storage is disabled or invalid.
    }
    const known = [...codes, ...navigator.languages].map((code) => String(code).toLowerCase().split('-')[0])
    return known.find((code) => code === 'en' || code === 'zh') === 'zh' ? 'zh' : 'en'
  }
  const language = chosen()
  const words = tables[language]

  /** @param {string} text */
  function say(text) {
    if (document.body?.dataset.ready === 'true' || document.querySelector('rl-notices:not(:empty)')) return
    const place = document.getElementById('loading')
    if (!place) return void addEventListener('DOMContentLoaded', () => say(text), { once: true })
    if (place.dataset.failed) return
    place.dataset.failed = 'true'
    place.hidden = false
    if (language === 'zh') place.lang = 'zh-CN'
    place.setAttribute('role', 'alert')
    place.replaceChildren(Object.assign(document.createElement('p'), { id: 'loading-text', textContent: text }))
    if (location.protocol === 'file:') return
    place.append(Object.assign(document.createElement('button'), {
      type: 'button', className: 'button', textContent: words.reload, onclick: () => location.reload(),
    }))
  }

  /** @param {unknown} error */
  function sayOf(error) {
    const message = error instanceof Error ? error.message : String(error)
    if (error instanceof SyntaxError) say(words.versions)
    else if (/dynamically imported module|module script|error loading/i.test(message)) say(words.missing())
    else say(words.failed(message.replace(/[.。\s]*$/, '')))
  }

  addEventListener('error', (event) => {
    const { target } = event
    if (location.protocol === 'file:') say(words.fromFile)
    else if (target instanceof HTMLScriptElement || target instanceof HTMLLinkElement) {
      const address = target instanceof HTMLScriptElement ? target.src : target.href
      say(words.missing(address.split('/').pop()))
    } else if (event.error) sayOf(event.error)
  }, true)
  addEventListener('unhandledrejection', ({ reason }) => sayOf(reason))
  if (location.protocol === 'file:') say(words.fromFile)
})()
