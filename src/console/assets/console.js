// What the pages do beyond plain HTML: "/" to search, the time slider, parts that refresh themselves.
// Everything also works without this script, by the buttons of the forms.

/**
 * Fetch a page and put its parts in place of those here. A part that is the same is not touched, so
 * nothing flickers, and focus and selection stay.
 *
 * @param {string} url
 * @param {string[]} ids
 * @param {AbortSignal} [signal]
 */
export async function refreshParts(url, ids, signal) {
  const response = await fetch(url, { signal: signal ?? null, headers: { Accept: 'text/html' } })
  // Logged out meanwhile: show the login page instead of old figures.
  if (response.redirected || response.status === 401) location.assign(url)
  if (!response.ok) throw new Error(`${url}: ${response.status}`)
  const fresh = new DOMParser().parseFromString(await response.text(), 'text/html')
  for (const id of ids) {
    const [now, next] = [document.getElementById(id), fresh.getElementById(id)]
    if (now && next && now.innerHTML !== next.innerHTML) replaceContent(now, next)
  }
}

/**
 * Tables that are open stay open.
 *
 * @param {HTMLElement} now
 * @param {HTMLElement} next
 */
function replaceContent(now, next) {
  const isOpen = [...now.querySelectorAll('details')].map(({ open }) => open)
  now.innerHTML = next.innerHTML
  now.querySelectorAll('details').forEach((details, index) => {
    details.open = isOpen[index] ?? false
  })
}

/** @param {HTMLElement} element */
function partsOf(element) {
  return (element.dataset['updates'] ?? '').split(' ').filter(id => id !== '')
}

/** "/" moves to the search box, as on many sites. */
function listenForSlash() {
  document.addEventListener('keydown', event => {
    const target = event.target
    const isTyping = target instanceof HTMLElement && target.matches('input, textarea, select')
    if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    document.getElementById('find')?.focus()
  })
}

/** @param {HTMLFormElement} form */
function startSlider(form) {
  const range = form.querySelector('input[type=range]')
  const output = form.querySelector('output')
  if (!(range instanceof HTMLInputElement) || !output) return
  let running = new AbortController()
  const isAtEnd = () => range.value === range.max
  const say = () => {
    const text = isAtEnd()
      ? 'now'
      : new Date(Number(range.value)).toISOString().slice(0, 19).replace('T', ' ')
    output.textContent = text
    range.setAttribute('aria-valuetext', text)
  }
  const url = () => {
    const query = new URLSearchParams(location.search)
    if (isAtEnd()) query.delete('time')
    else query.set('time', range.value)
    return `${location.pathname}${query.size > 0 ? `?${query}` : ''}`
  }
  say()
  range.addEventListener('input', async () => {
    say()
    running.abort()
    running = new AbortController()
    try {
      await refreshParts(url(), partsOf(form), running.signal)
      history.replaceState(null, '', url())
    } catch (error) {
      if (!(error instanceof DOMException && error.name === 'AbortError'))
        output.textContent = 'no answer'
    }
  })
  form.querySelector('button')?.setAttribute('hidden', '')
}

/** Refresh the parts that an element names, while the page is visible. @param {HTMLElement} element */
function startRefreshing(element) {
  const everyMs = Number(element.dataset['refresh']) * 1000
  let isLeaving = false
  addEventListener('beforeunload', () => {
    isLeaving = true
  })
  setInterval(() => {
    if (document.visibilityState !== 'visible') return
    // A part in which somebody is at work by keyboard stays as it is.
    const ids = partsOf(element).filter(
      id => !document.getElementById(id)?.contains(document.activeElement) || id === 'content',
    )
    refreshParts(location.href, ids)
      .then(() => {
        // The whole page has come: load it, with what this script does for it. A reload would stop a click on a link.
        if (!element.isConnected && !isLeaving) location.reload()
      })
      .catch(() => element.setAttribute('data-stale', ''))
  }, everyMs)
}

listenForSlash()
for (const form of document.querySelectorAll('form.slider')) {
  if (form instanceof HTMLFormElement) startSlider(form)
}
for (const element of document.querySelectorAll('[data-refresh]')) {
  if (element instanceof HTMLElement) startRefreshing(element)
}
