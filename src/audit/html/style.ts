import { cloudStyle } from './cloud-colours.js'

/** Text has a contrast of at least 4.5 to 1 in both schemes; colours of clouds are never the colour of text. */
export const style = `
:root { color-scheme: light dark; --ink: #1b2330; --quiet: #566074; --rule: #e1e5eb; --paper: #f5f6f8;
  --card: #fff; --accent: #0067a3; --alarm: #b3261e; --warn: #fff6e5; --warn-edge: #e69f00 }
@media screen and (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --quiet: #a4aebd; --rule: #2c3442;
  --paper: #11151c; --card: #181e28; --accent: #6cc0f0; --alarm: #ff8a7e; --warn: #2b2414 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif }
main { max-width: 1240px; margin: 0 auto; padding: 40px 24px 64px }
a { color: var(--accent) } :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
header { margin-bottom: 16px }
.brand { margin: 0; color: var(--accent); font-weight: 700; font-size: 13px; letter-spacing: .08em; text-transform: uppercase }
h1 { margin: 2px 0 6px; font-size: 32px; line-height: 1.2; letter-spacing: -.01em; overflow-wrap: anywhere }
h2 { margin: 0; font-size: 18px; overflow-wrap: anywhere }
h2 small { color: var(--quiet); font-weight: 400; font-size: 14px } .basis { margin: 28px 0 10px }
.verdict { margin: 0; font-size: 18px; color: var(--quiet); overflow-wrap: anywhere }
.findings { display: flex; flex-wrap: wrap; gap: 8px; margin: 0 0 16px; padding: 0; list-style: none }
.findings li { padding: 4px 14px; background: var(--card); border: 1px solid var(--rule); border-radius: 16px }
.findings .alarming { border-color: var(--alarm) } .findings .alarming, .findings .alarming a { color: var(--alarm); font-weight: 600 }
.scope { display: flex; flex-wrap: wrap; gap: 10px 28px; margin: 0 0 20px; padding: 14px 20px;
  background: var(--card); border: 1px solid var(--rule); border-radius: 10px }
.scope div { min-width: 0 } .scope dt { color: var(--quiet); font-size: 12px } .scope dd { margin: 0; overflow-wrap: anywhere;
  font-size: 13px; font-variant-numeric: tabular-nums }
.caveat { margin: 0 0 12px; padding: 10px 16px; background: var(--warn); border-left: 4px solid var(--warn-edge); border-radius: 4px; overflow-wrap: anywhere }
.conclusion { margin: 24px 0 0; padding: 14px 20px; background: var(--card); border: 2px solid var(--accent); border-radius: 10px; overflow-wrap: anywhere }
figure, section { margin: 0 0 20px; padding: 20px 24px; background: var(--card); border: 1px solid var(--rule); border-radius: 10px }
section:target { border-color: var(--accent); box-shadow: 0 0 0 1px var(--accent) }
figcaption { margin-bottom: 12px } figcaption p, .note, .none { margin: 2px 0 0; color: var(--quiet); font-size: 13px; overflow-wrap: anywhere }
.drawing { overflow-x: auto } .drawing svg { min-width: 760px }
svg { display: block; width: 100%; height: auto; overflow: visible }
svg text { font: 12px/1 system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif; fill: var(--ink);
  font-variant-numeric: tabular-nums }
svg text.tick { fill: var(--quiet); font-size: 11px } svg text.flow { font-size: 11px }
.rule { stroke: var(--rule) } .base { stroke: var(--c); stroke-opacity: .35 }
.line { fill: none; stroke: var(--c); stroke-width: 2 } .area { fill: var(--c); fill-opacity: .08 }
.bar { fill: var(--c) } .silence { fill: url(#silence) } .hatch { stroke: var(--quiet); stroke-width: 1.6; stroke-opacity: .55 }
.gap { fill: var(--alarm); fill-opacity: .3; stroke: var(--alarm) } .interval-chart .gap { stroke: none } .doubt { opacity: .55 }
.ribbon { fill: none; stroke: var(--accent); stroke-opacity: .22 } .ribbon:hover { stroke-opacity: .45 }
.node { fill: var(--quiet) } .cell { fill: var(--accent) }
.span { fill: var(--c) } .lasts { fill-opacity: .82 } .bar:hover, .span:hover, .cell:hover { filter: brightness(1.15) }
.neutral { --c: var(--quiet) }
${cloudStyle}
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 0 0 10px; padding: 0; list-style: none; font-size: 13px }
.legend i { display: inline-block; width: 11px; height: 11px; margin-right: 6px; border-radius: 3px; background: var(--c) }
details { margin-top: 10px; font-size: 13px } summary { cursor: pointer; color: var(--accent) }
.wide { margin-top: 10px; overflow-x: auto }
table { width: 100%; border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums }
th { padding: 6px 14px 6px 0; color: var(--quiet); font-weight: 500; text-align: left; white-space: nowrap; border-bottom: 1px solid var(--rule) }
td { padding: 5px 14px 5px 0; border-bottom: 1px solid var(--rule); vertical-align: top; white-space: nowrap }
td.prose { white-space: normal; min-width: 16em }
tbody tr:last-child td { border-bottom: 0 } .number { text-align: right; padding-right: 18px } .nothing { color: var(--quiet) }
@media (max-width: 600px) { main { padding: 20px 12px 32px } h1 { font-size: 24px } figure, section { padding: 14px 12px } }
@page { size: A4 landscape; margin: 12mm }
@media print { :root { color-scheme: light; --ink: #000; --quiet: #444; --rule: #bbb; --paper: #fff; --card: #fff; --accent: #00588c;
    --alarm: #a11; --warn: #fff6e5 }
  main { max-width: none; padding: 0 } body { font-size: 11px } .wide, .drawing { overflow: visible } .drawing svg { min-width: 0 }
  figure, tr, .conclusion { break-inside: avoid } thead { display: table-header-group } h2 { break-after: avoid }
  table { font-size: 8px } th, td, td.prose { padding: 2px 6px 2px 0; min-width: 0; white-space: normal; overflow-wrap: anywhere } time { white-space: nowrap }
  .bar, .span, .cell, .gap, .silence, .legend i, .caveat { print-color-adjust: exact; -webkit-print-color-adjust: exact } }
`.trim()
