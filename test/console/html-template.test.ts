import test from 'ava'
import fc from 'fast-check'
import { html } from '../../src/console/html-template.js'

test('values in an HTML template are escaped in text and in attributes', t => {
  const value = `<a href='x' title="y">&\``
  t.is(
    html`<p title="${value}">${value}</p>`.text,
    '<p title="&#60;a href=&#39;x&#39; title=&#34;y&#34;&#62;&#38;&#96;">&#60;a href=&#39;x&#39; title=&#34;y&#34;&#62;&#38;&#96;</p>',
  )
})

test('markup in an HTML template is not escaped again, and null and false are left out', t => {
  const items = ['a', '<b>'].map(each => html`<li>${each}</li>`)
  t.is(
    html`<ul>${items}</ul>${null}${false}${undefined}${0}`.text,
    '<ul><li>a</li><li>&#60;b&#62;</li></ul>0',
  )
})

test('no text in an HTML template adds a tag, an attribute or an entity', t => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      const { text: escaped } = html`<p title="${text}">`
      const inner = escaped.slice('<p title="'.length, -2)
      t.notRegex(inner, /["'<>`]/)
      const back = inner.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))
      t.is(back, text)
    }),
  )
})
