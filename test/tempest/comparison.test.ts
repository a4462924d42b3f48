import test from 'ava'
import { compare, testsThat } from './comparison.js'
import { explainedIn } from './explained.js'
import { parseVerdicts } from './verdicts.js'

const images = 'tempest.api.image.v2.test_images.BasicOperationsImagesTest'
const direct = parseVerdicts(`PASS ${images}.test_delete_image[id-f848bb94,smoke]
PASS ${images}.test_update_image[id-f66891a7]
FAIL ${images}.test_register_image[id-139b765e] Details: b'400 Bad Request'
SKIP setUpClass:tempest.api.image.v1.test_images.ListImagesTest Glance API v1 not supported
`)
const expected = testsThat(direct, 'PASS')

const nothing = new Set<string>()

test('a test is known by its name without its tags, and keeps why it did not pass', t => {
  t.deepEqual(expected, [`${images}.test_delete_image`, `${images}.test_update_image`])
  t.deepEqual(direct.get(`${images}.test_register_image`), {
    outcome: 'FAIL',
    reason: "Details: b'400 Bad Request'",
  })
  t.deepEqual(testsThat(direct, 'SKIP'), [
    'setUpClass:tempest.api.image.v1.test_images.ListImagesTest',
  ])
})

test('a line that tells of no test is refused', t => {
  t.throws(() => parseVerdicts('No tests to run\n'), { message: /No tests to run/ })
})

test('what passes directly and through the proxy is no difference', t => {
  const proxied = parseVerdicts(`PASS ${images}.test_delete_image[id-f848bb94,smoke]
PASS ${images}.test_update_image[id-f66891a7]
PASS ${images}.test_register_image[id-139b765e]`)
  t.deepEqual(compare(expected, proxied, nothing), {
    passed: expected,
    explained: [],
    unexplained: [],
    wrong: [],
  })
})

test('what fails, is skipped or is not heard of through the proxy alone is a difference', t => {
  const failing = parseVerdicts(`FAIL ${images}.test_delete_image[id-f848bb94] TimeoutException
SKIP ${images}.test_update_image[id-f66891a7] no such method`)
  t.deepEqual(compare(expected, failing, nothing).unexplained, [
    { test: `${images}.test_delete_image`, outcome: 'FAIL', reason: 'TimeoutException' },
    { test: `${images}.test_update_image`, outcome: 'SKIP', reason: 'no such method' },
  ])
  const silent = compare(expected, parseVerdicts(''), nothing)
  t.deepEqual(
    silent.unexplained.map(({ outcome }) => outcome),
    ['GONE', 'GONE'],
  )
})

test('an explained difference is told apart, and an explanation of none is wrong', t => {
  const guide = `# Tempest\n\n## Through the proxy\n\n- \`${images}.test_delete_image\`: because.
- \`${images}.test_update_image\`: because\n  of that.\n
## Over both clouds\n\n- \`${images}.test_register_image\`: no.\n`
  const explained = explainedIn(guide, 'Through the proxy')
  const proxied = parseVerdicts(
    `FAIL ${images}.test_delete_image\nPASS ${images}.test_update_image`,
  )
  const compared = compare(expected, proxied, explained)
  t.deepEqual(
    compared.explained.map(difference => difference.test),
    [`${images}.test_delete_image`],
  )
  t.deepEqual(compared.unexplained, [])
  t.deepEqual(compared.wrong, [`${images}.test_update_image`])
})

test('a section that the guide has not got explains nothing away', t => {
  t.throws(() => explainedIn('# Tempest\n', 'Through the proxy'), { message: /no section/ })
})
