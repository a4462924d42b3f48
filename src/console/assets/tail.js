// The live tail: new events come as rows over an event stream, and stand above the older ones.

const MOST_ROWS = 500

const body = document.getElementById('events')
const button = document.getElementById('pause')
const state = document.getElementById('tail-state')

if (body instanceof HTMLTableSectionElement && button instanceof HTMLButtonElement && state) {
  followEvents(body, button, state)
}

/**
 * @param {HTMLTableSectionElement} body
 * @param {HTMLButtonElement} button
 * @param {HTMLElement} state
 */
function followEvents(body, button, state) {
  /** @type {string[]} rows that came while paused, oldest first */
  let held = []
  let isPaused = false
  const source = new EventSource(button.dataset['stream'] ?? '')

  const show = (/** @type {string[]} */ rows) => {
    const template = document.createElement('template')
    template.innerHTML = rows.toReversed().join('')
    for (const row of template.content.children) row.classList.add('fresh')
    body.prepend(template.content)
    while (body.rows.length > MOST_ROWS) body.deleteRow(-1)
  }
  const say = (/** @type {string} */ text) => {
    if (state.textContent !== text) state.textContent = text
  }

  source.addEventListener('open', () => say('following'))
  source.addEventListener('error', () => say('connection lost, trying again'))
  source.addEventListener('rows', event => {
    const rows = JSON.parse(event.data)
    if (isPaused) {
      held = [...held, ...rows].slice(-MOST_ROWS)
      say(`paused, ${held.length} new`)
    } else {
      show(rows)
      say('following')
    }
  })
  button.hidden = false
  button.addEventListener('click', () => {
    isPaused = !isPaused
    button.textContent = isPaused ? 'Resume' : 'Pause'
    button.setAttribute('aria-pressed', String(isPaused))
    if (!isPaused) {
      show(held)
      held = []
    }
    say(isPaused ? 'paused' : 'following')
  })
}
