/**
 * The hues of Okabe and Ito, for people with colour blindness too, so light or dark that each has a contrast
 * of at least 3 to 1 with the paper.
 */
const colours = [
  { light: '#0072b2', dark: '#4da6e0' },
  { light: '#b86e00', dark: '#e8a13a' },
  { light: '#00835d', dark: '#3fbf95' },
  { light: '#a8457f', dark: '#db8fba' },
  { light: '#2f8fc4', dark: '#8fd0f2' },
  { light: '#c24d00', dark: '#f0854a' },
  { light: '#6b7280', dark: '#a3acba' },
  { light: '#857400', dark: '#cdbb3f' },
]

const coloursIn = (scheme: 'light' | 'dark') =>
  colours.map((colour, index) => `.c${index} { --c: ${colour[scheme]} }`).join(' ')

/** The classes `c0` to `c7`, which set the colour `--c`: of clouds in reports and in the console. */
export const cloudStyle = `${coloursIn('light')}
@media screen and (prefers-color-scheme: dark) { ${coloursIn('dark')} }`

/** The number of colours. Further clouds begin again with the first. */
export const COLOURS = colours.length
