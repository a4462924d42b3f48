import test from 'ava'
import fc from 'fast-check'
import { isSecretName, redactedExcerpt, redactPath, redactText } from '../src/redaction.js'

const FERNET = `gAAAAABl${'Zm9vYmFy_-'.repeat(18)}==`
const JWS = `eyJ${'hbGciOi'.repeat(4)}.eyJzdWIi.c2ln-_`
const WORD = 'hunter2-s3cret' // a secret that only its name reveals

const secretFree = (text: string) =>
  [FERNET, FERNET.slice(8, 40), JWS, 'hunter2'].every(secret => !text.includes(secret))

for (const name of ['password', 'adminPass', 'X-Auth-Token', 'api_key', 'X-Amz-Signature']) {
  test(`${name} is the name of a secret`, t => t.true(isSecretName(name)))
}
for (const name of ['sort_key', 'sort_keys', 'img_signature', 'signature_verified', 'name']) {
  test(`${name} is not the name of a secret`, t => t.false(isSecretName(name)))
}

const texts: readonly [text: string, redacted: string][] = [
  ['volume-1 of host@nfs#nfs is available', 'volume-1 of host@nfs#nfs is available'],
  ['http://127.0.0.1:9292/v2/images?limit=1', 'http://127.0.0.1:9292/v2/images?limit=1'],
  ['http://user@host/', 'http://user@host/'],
  ['http://user:pa/ss@host/', 'http://***@host/'],
  ['rabbit://u:p@one,v:q@two/', 'rabbit://***@two/'],
  ['password=a b', 'password=*** b'],
  ['"password": "a, b", "size": 1', '"password": "***", "size": 1'],
  [
    String.raw`{\"password\": \"a\\\"b\", \"size\": 1}`,
    String.raw`{\"password\": \"***\", \"size\": 1}`,
  ],
  [`{'secret': u'a', 'size': 1}`, `{'secret': u'***', 'size': 1}`],
  [`[{'key': 'a', 'value': 'b'}]`, `[{'key': '***', 'value': '***'}]`],
  ['Authorization: Bearer abc', 'Authorization: ***'],
  ['"token": null, "secret": 5}', '"token": null, "secret": ***}'],
  ['"password": "never ends', '"password": "***'],
  [`token ${FERNET}.`, 'token ***.'],
  [`(${JWS})`, '(***)'],
]
for (const [text, redacted] of texts) {
  test(`only the secrets of the text ${text.slice(0, 50)} are redacted`, t => {
    t.is(redactText(text), redacted)
    t.is(redactText(redacted), redacted)
  })
}

test('a secret that crosses the end of an excerpt is not shown in part', t => {
  const text = `rabbit://user:${WORD}@host`
  for (let most = 1; most <= text.length; most += 1)
    t.notRegex(redactedExcerpt(text, most), /hunter/)
})

test('law: a secret in any text is not in the redacted text', t => {
  const around = fc.string({ unit: 'grapheme' })
  const planted = fc.constantFrom(
    FERNET,
    `"adminPass": "${WORD}"`,
    `://u:${WORD}@`,
    `auth_key='${WORD}'`,
  )
  fc.assert(
    fc.property(around, planted, around, (before, secret, after) => {
      t.true(secretFree(redactText(`${before} ${secret} ${after}`)))
    }),
  )
})

const paths: readonly [path: string, redacted: string][] = [
  ['/image/v2/images?limit=2&sort_key=name', '/image/v2/images?limit=2&sort_key=name'],
  ['/x?token=abc&limit=2', '/x?token=***&limit=2'],
  ['/x?a=1&X-Amz-Signature=abc', '/x?a=1&X-Amz-Signature=***'],
  ['/x?temp_url_signature=a&AdminPassword=b', '/x?temp_url_signature=***&AdminPassword=***'],
  ['/x?tok%65n=abc', '/x?tok%65n=***'],
  ['/x?token', '/x?token'],
  ['/x?a=b=c&d&%', '/x?a=b=c&d&%'],
  [`/x?${FERNET.slice(0, 60)}`, '/x?***'],
  [`/x?name=${JWS}`, '/x?name=***'],
  ['/tokens/token=abc/x', '/tokens/***/x'],
  [`/v2/images/${FERNET}/file`, '/v2/images/***/file'],
  [`/v2/images/%67${FERNET.slice(1)}`, '/v2/images/***'],
  ['http://user:pa/ss@host/x?limit=1', 'http://***@host/x?limit=1'],
]
for (const [path, redacted] of paths) {
  test(`the path ${path.slice(0, 60)} is logged as ${redacted}`, t => {
    t.is(redactPath(path), redacted)
  })
}
