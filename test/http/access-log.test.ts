import test from 'ava'
import { withoutSecrets } from '../../src/http/access-log.js'

const cases: [string, string][] = [
  ['/image/v2/images?limit=2', '/image/v2/images?limit=2'],
  ['/x?token=abc&limit=2', '/x?token=***&limit=2'],
  ['/x?a=1&X-Amz-Signature=abc', '/x?a=1&X-Amz-Signature=***'],
  ['/x?temp_url_signature=a&AdminPassword=b', '/x?temp_url_signature=***&AdminPassword=***'],
  ['/x?tok%65n=abc', '/x?tok%65n=***'],
  ['/x?token', '/x?token'],
  ['/tokens/token=abc', '/tokens/token=abc'],
]
for (const [path, written] of cases) {
  test(`${path} is written down as ${written}`, t => t.is(withoutSecrets(path), written))
}
