import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { checkConfig, readConfig } from '../../src/config/config.js'
import { formatIssue } from '../../src/config/config-issue.js'
import { options } from '../../src/config/options.js'
import { check, federated, least, place } from './configurations.js'

test('an option that is not set has its default', t => {
  const { config, problems, warnings } = check(t, least)
  t.deepEqual(problems, [])
  t.deepEqual(warnings, [])
  t.like(config, {
    server: { host: '0.0.0.0', port: 5001, workers: 1, publicEndpoint: null, maxRequests: null },
    upstream: { connectTimeoutMs: 5_000, headersTimeoutMs: 60_000, idleTimeoutMs: 600_000 },
    routing: {
      searchByBroadcast: false,
      aggregation: false,
      aggregationErrors: 'partial',
      aggregationTimeoutMs: 8000,
    },
    auth: { authUrl: 'http://localhost:5000/v3', credentials: null, cacheSeconds: 600 },
    notification: { queueExpiresMs: 1_209_600_000 },
    logging: { file: null },
    ops: { host: '127.0.0.1', port: 9914 },
    fleet: { stream: null },
  })
  t.like(config?.clouds[0], {
    spName: 'default',
    authUrl: 'http://localhost:5000/v3',
    enabledServices: ['image', 'volume'],
    queueName: 'mixmatch.default.notifications',
    cafile: null,
    allowedHosts: ['localhost'],
    credentials: null,
  })
})

test('the region of a cloud can be set', t => {
  const { config } = check(t, federated.replace('[sp_sp1]', '[sp_sp1]\nregion_name = RegionTwo'))
  t.deepEqual(
    config?.clouds.map(({ name, region }) => [name, region]),
    [
      ['default', null],
      ['sp1', 'RegionTwo'],
    ],
  )
})

test('the clouds are read in the order of service_providers', t => {
  const { config } = check(t, federated.replace('default, sp1', 'sp1, default'))
  t.deepEqual(
    config?.clouds.map(({ name, spName, authUrl, endpoints }) => [
      name,
      spName,
      authUrl,
      endpoints.image,
    ]),
    [
      ['sp1', 'sp1', 'https://keystone.sp1/v3', null],
      ['default', 'default', 'http://localhost:5000/v3', 'http://glance:9292'],
    ],
  )
})

test('a configuration of the Python mixmatch is read unchanged', t => {
  const { config, problems, warnings } = check(
    t,
    `[DEFAULT]
service_providers = default, cornmeal-sp
search_by_broadcast = True
aggregation = True
image_api_versions = v2.3, v2.2
volume_api_versions = v3.0
network_api_versions = v2.0
caching = True
cache_time = 300
debug = True

[database]
connection="sqlite:////var/lib/mixmatch/events.db"
max_retries = -1

[cache]
enabled = True
backend = dogpile.cache.memory

[auth]
auth_url="http://127.0.0.1:5000/v3"
username="mixmatch"
password="nomoresecret"
user_domain_id="default"
project_name="service"
project_domain_id="default"
caching=True

[sp_default]
sp_name="default"
messagebus="rabbit://rabbituser:rabbitpassword@127.0.0.1"
image_endpoint="http://127.0.0.1:9292"
volume_endpoint="http://127.0.0.1:8776"
network_endpoint="http://127.0.0.1:9696"
enabled_services=image, volume, network

[sp_cornmeal-sp]
sp_name="cornmeal-sp"
messagebus="rabbit://rabbituser:rabbitpassword@192.168.0.141"
auth_url="http://192.168.0.141:5000/v3"
image_endpoint="http://192.168.0.141:9292/"
volume_endpoint="http://192.168.0.141:8776"
`,
  )
  t.deepEqual(problems, [])
  t.deepEqual(
    warnings.map(each => each.replace(/^mixmatch.conf:\d+ (.*?):? has no effect: .*$/, '$1')),
    [
      '[DEFAULT] image_api_versions',
      '[DEFAULT] volume_api_versions',
      '[DEFAULT] network_api_versions',
      '[DEFAULT] caching',
      '[database] max_retries',
      '[cache] enabled',
      '[cache] backend',
      '[auth] caching',
    ],
  )
  t.like(config?.clouds[0], {
    enabledServices: ['image', 'volume'],
    extendsNetworks: true,
    networkEndpoint: 'http://127.0.0.1:9696',
  })
  t.like(config?.clouds[1], { extendsNetworks: false, networkEndpoint: null })
  t.is(config?.auth.credentials?.password.reveal(), 'nomoresecret')
  t.is(config?.database.file, '/var/lib/mixmatch/events.db')
  t.is(config?.clouds[1]?.endpoints.image, 'http://192.168.0.141:9292')
})

test('every file that exists is read, and a later one overrides an earlier one', t => {
  const { cwd, env } = place(t, {
    'mixmatch.conf': `${least}[ops]\nport = 1\nhost = ::1\n`,
    'etc/mixmatch/mixmatch.conf': '[ops]\nport = 2\n',
  })
  const { config, files } = checkConfig({ cwd, env })
  t.deepEqual(files.slice(0, 2), ['mixmatch.conf', 'etc/mixmatch/mixmatch.conf'])
  t.like(config?.ops, { port: 2, host: '::1' })
})

test('with --config-file no other file is read', t => {
  const { cwd, env } = place(t, { 'mixmatch.conf': 'nonsense', 'other.conf': least })
  t.is(readConfig({ cwd, env, sources: [{ file: 'other.conf' }] }).server.port, 5001)
})

test('a missing configuration is CONFIG_NOT_FOUND', t => {
  const { cwd } = place(t, {})
  t.throws(() => readConfig({ cwd, env: {}, sources: [{ file: 'missing.conf' }] }), {
    code: 'CONFIG_NOT_FOUND',
  })
  t.throws(() => readConfig({ cwd, env: {} }), { code: 'CONFIG_NOT_FOUND' })
})

test('the environment alone can be the configuration', t => {
  const { cwd } = place(t, {})
  const config = readConfig({
    cwd,
    env: {
      OS_DEFAULT__SERVICE_PROVIDERS: 'default',
      OS_SP_DEFAULT__IMAGE_ENDPOINT: 'http://glance:9292',
      OS_SP_DEFAULT__VOLUME_ENDPOINT: 'http://cinder:8776',
    },
  })
  t.is(config.clouds[0]?.endpoints.volume, 'http://cinder:8776')
})

test('the environment overrides the files, and its values are taken literally', t => {
  const { config, problems } = check(
    t,
    `${federated}[auth]\nusername = u\npassword = from the file\n`,
    {
      OS_AUTH__PASSWORD: '"p$x$$y#z"',
      OS_SP_SP1__MESSAGEBUS: 'rabbit://u:p@h/',
      OS_DEFAULT__CACHE_TIME: '7',
    },
  )
  t.deepEqual(problems, [])
  t.is(config?.auth.credentials?.password.reveal(), '"p$x$$y#z"')
  t.deepEqual(config?.clouds[1]?.messagebuses, ['rabbit://u:p@h/'])
  t.is(config?.auth.cacheSeconds, 7)
})

test('hyphens and dots in the name of a cloud are underscores in the environment', t => {
  const text = federated.replaceAll('sp1', 'corn-meal.sp')
  const { config } = check(t, text, { OS_SP_CORN_MEAL_SP__SP_NAME: 'x' })
  t.is(config?.clouds[1]?.spName, 'x')
})

test('a password file contains only the password, taken literally', t => {
  const where = place(t, {
    'mixmatch.conf': `${least}[auth]\nusername = u\npassword_file = secret\n`,
    secret: ' p$x "#;\n',
  })
  t.is(readConfig(where).auth.credentials?.password.reveal(), ' p$x "#;')
  const env = { OS_AUTH__PASSWORD: 'from the environment' }
  t.is(readConfig({ ...where, env }).auth.credentials?.password.reveal(), 'from the environment')
})

test('a password file that is missing, empty or has several lines is a problem', t => {
  const text = `${least}[auth]\nusername = u\npassword_file = secret\n`
  for (const files of [{}, { secret: '' }, { secret: '\n' }, { secret: 'hunter2\nhunter3\n' }]) {
    const { problems } = checkConfig(place(t, { 'mixmatch.conf': text, ...files }))
    t.is(problems.length, 1)
    t.regex(
      problems.map(formatIssue).join(),
      /^mixmatch.conf:\d+ \[auth\] password_file: expected a file/,
    )
    t.notRegex(problems.map(formatIssue).join(), /hunter/)
  }
})

test('all problems are reported together in the order of the file, with line, group and option', t => {
  const text = `[DEFAULT]
service_providers = default, sp1
port = 65536
aggregation = perhaps
headers_timeout = 0
trusted_proxies = 10.0.0.0/33
[auth]
auth_url = 192.168.0.141:5000
[database]
connection = mysql+pymysql://root:hunter2@db/mixmatch
[ops]
host = operators
port = http
[sp_default]
image_endpoint = http://glance:9292/v2
enabled_services = image, volumes
[sp_sp1]
messagebus = rabbits://u:hunter2@h/
`
  const { config, problems } = check(t, text)
  t.is(config, null)
  t.deepEqual(problems, [
    'mixmatch.conf:3 [DEFAULT] port: expected a port from 0 to 65535, found "65536"',
    'mixmatch.conf:4 [DEFAULT] aggregation: expected true or false (or yes, no, on, off, 1, 0), found "perhaps"',
    'mixmatch.conf:5 [DEFAULT] headers_timeout: expected a number of seconds above 0, up to 2147483, such as 60 or 0.5, found "0"',
    'mixmatch.conf:6 [DEFAULT] trusted_proxies: expected a list, each item an IP address or a network such as 10.0.0.0/8, found "10.0.0.0/33"',
    'mixmatch.conf:8 [auth] auth_url: expected an http or https URL without credentials, query or fragment, found "192.168.0.141:5000"',
    'mixmatch.conf:10 [database] connection: expected sqlite:///relative/path or sqlite:////absolute/path, because the event log is one SQLite file, found "mysql+pymysql://***@db/mixmatch"',
    'mixmatch.conf:13 [ops] port: expected a port from 0 to 65535, found "http"',
    'mixmatch.conf:14 [sp_default] volume_endpoint: expected the URL of the service itself, because the catalog of this cloud names Mixmatch; found nothing',
    'mixmatch.conf:15 [sp_default] image_endpoint: expected an http or https URL without credentials and without a version such as /v3 at its end, found "http://glance:9292/v2"',
    'mixmatch.conf:16 [sp_default] enabled_services: expected a list, each item image, volume or network, found "image, volumes"',
    'mixmatch.conf:17 [sp_sp1] auth_url: expected the Keystone of that cloud, found nothing; "openstack service provider show sp1" prints it',
    'mixmatch.conf:18 [sp_sp1] messagebus: transport URL (rabbits://…): expected the driver rabbit (or amqps, or file), found rabbits',
  ])
})

test('readConfig throws all problems, one on each line', t => {
  const where = place(t, { 'mixmatch.conf': `${least}[ops]\nport = x\nhost = :\n` })
  const error = t.throws(() => readConfig(where), { code: 'CONFIG_INVALID' })
  t.is(error?.message.split('\n').length, 2)
})

test('a problem in the environment names the variable', t => {
  const { problems } = check(t, least, { OS_OPS__PORT: 'x' })
  t.deepEqual(problems, ['$OS_OPS__PORT [ops] port: expected a port from 0 to 65535, found "x"'])
})

test('no message contains a secret, even when it is in the wrong place', t => {
  const secrets = [
    '[auth]\nusername = u\npassword = hunter2$hunter2\n',
    '[auth]\nusername = u\npassword = a\n hunter2\n',
    '[auth]\npassword = x\nauth_url = http://u:hunter2@h\n',
    '[auth]\npassword = hunter2\nauth_url = $password\n',
    '[auth]\npassword = x\n\n hunter2\n',
    '[auth]\npassword = x\nhunter2\n',
    '[database]\nconnection = x://u:hunter2@h/hunter2@h\n',
  ]
  for (const text of secrets) {
    const { problems } = check(t, least + text)
    t.is(problems.length, 1, text)
    t.notRegex(problems.join(), /hunter2/)
  }
  const { problems } = check(
    t,
    least.replace('rabbit://rabbit/', 'rabbit://u:hunter2/hunter2@h:x/hunter2'),
  )
  t.is(problems.length, 1)
  t.notRegex(problems.join(), /hunter2/)
})

test('an option that continues on an indented line by accident is a problem', t => {
  const { problems } = check(t, `${least}[auth]\nusername = u\n  password = p\n`)
  t.deepEqual(problems, [
    'mixmatch.conf:9 [auth] username: expected one line, but it goes on in line 10, because that is indented',
  ])
})

test('list items are separated by commas or lines, quoted or not', t => {
  const lists = ['a, b', 'a,b,', '"a, b"', '"a", "b"', "\n  a\n  'b'", '\n  a,\n  b,', 'a, b, a']
  for (const list of lists) {
    const { config } = check(t, least.replace('[sp_', `notification_exchanges = ${list}\n[sp_`))
    t.deepEqual(config?.notification.exchanges, ['a', 'b'], list)
  }
})

test('booleans are the words of oslo.config, in upper or lower case', t => {
  const read = (text: string) =>
    check(t, least.replace('[sp_', `aggregation = ${text}\n[sp_`)).config?.routing.aggregation
  for (const yes of ['true', 'True', '1', 'YES', 'on', '"on"']) t.is(read(yes), true, yes)
  for (const no of ['false', 'False', '0', 'no', 'OFF']) t.is(read(no), false, no)
  for (const neither of ['', 'y', 't', '2']) t.is(read(neither), undefined, neither)
})

test('an empty optional option counts as not set', t => {
  const { config, problems } = check(
    t,
    least.replace('[sp_', 'log_file =\nnotification_exchanges =\nhost =\n[sp_'),
    { OS_SP_DEFAULT__MESSAGEBUS: '' },
  )
  t.is(config, null)
  t.deepEqual(problems, [
    'mixmatch.conf:6 [DEFAULT] host: expected a host name or an IP address without brackets or port, found nothing',
  ])
})

test('$name and $group.name refer to other options, with or without braces, and $$ is a dollar sign', t => {
  const { config, problems } = check(
    t,
    `[DEFAULT]
service_providers = default
host = 10.0.0.1
log_file = /log/$host/\${port}/\${sp_default.sp_name}/$$host/\\$host/5$ a
[auth]
auth_url = http://$host:5000
[sp_default]
sp_name = here
image_endpoint = $auth.auth_url/image
volume_endpoint = \${AUTH.auth_url}/volume
`,
  )
  t.deepEqual(problems, [])
  t.is(config?.logging.file, '/log/10.0.0.1/5001/here/$host/$host/5$ a')
  t.is(config?.clouds[0]?.endpoints.image, 'http://10.0.0.1:5000/image')
  t.is(config?.clouds[0]?.endpoints.volume, 'http://10.0.0.1:5000/volume')
})

test('a reference to an unknown option or to itself is a problem', t => {
  const lines = [
    'log_file = $hosst',
    'log_file = $auth.nope',
    'log_file = x$log_file',
    'host = $port.',
  ]
  const problems = lines.flatMap(line => check(t, least.replace('[sp_', `${line}\n[sp_`)).problems)
  t.deepEqual(
    problems.map(each => each.replace(/^.*?: /, '')),
    [
      '$hosst refers to no option (host?); a dollar sign is written $$',
      '$auth.nope refers to no option; a dollar sign is written $$',
      '$log_file refers back to itself',
      '$port. refers to no option; a dollar sign is written $$',
    ],
  )
})

test('an unknown name gets a warning that suggests a similar one', t => {
  const { problems, warnings } = check(
    t,
    `${federated.replace('[sp_d', 'serch-by-broadcast = 1\n[sp_d')}pasword = x
[auht]
username = x
[sp_sp2]
auth_url = x
[oslo_messaging_rabbit]
ssl = 1
`,
    {
      OS_AUTH__USRNAME: 'x',
      OS_SP_SP3__AUTH_URL: 'x',
      OS_KEYSTONE_AUTHTOKEN__USERNAME: 'x',
      OS_PASSWORD: 'x',
    },
  )
  t.deepEqual(problems, [])
  t.deepEqual(warnings, [
    'mixmatch.conf:4 [DEFAULT] serch_by_broadcast: is not read: there is no such option. Is it search_by_broadcast?',
    'mixmatch.conf:13 [sp_sp1] pasword: is not read: there is no such option. Is it password?',
    'mixmatch.conf:14 [auht]: is not read: there is no such group. Is it auth?',
    'mixmatch.conf:16 [sp_sp2]: is not read: service_providers does not name "sp2". Is it sp_sp1?',
    'mixmatch.conf:18 [oslo_messaging_rabbit]: is not read: there is no such group',
    '$OS_AUTH__USRNAME [auth] usrname: is not read: there is no such option. Is it username?',
    '$OS_SP_SP3__AUTH_URL: is not read: service_providers names no such cloud',
  ])
})

test('the last of two lines with the same option is used, and the first gets a warning', t => {
  const { config, warnings } = check(t, `${least}[ops]\nport = 1\n[auth]\n[ops]\nport = 2\n`)
  t.is(config?.ops.port, 2)
  t.deepEqual(warnings, ['mixmatch.conf:9 [ops] port: has no effect: line 12 gives it again'])
})

test('other names of an option are read, and its own name overrides them', t => {
  const text = `${least.replace('[sp_', 'bind_port = 7\n[sp_')}[cache]\nexpiration_time = 20\n`
  const { config, warnings } = check(t, text)
  t.is(config?.server.port, 7)
  t.is(config?.auth.cacheSeconds, 20)
  t.deepEqual(warnings, [])
  const both = check(t, text.replace('[sp_', 'cache_time = 30\n[sp_'))
  t.is(both.config?.auth.cacheSeconds, 30)
  t.deepEqual(both.warnings, [
    'mixmatch.conf:11 [cache] expiration_time: has no effect: [DEFAULT] cache_time is given, which is the same',
  ])
})

test('each name in service_providers needs a group', t => {
  const { problems } = check(t, least.replace('= default', '= default, sp1'))
  t.deepEqual(problems, [
    'mixmatch.conf:3 [DEFAULT] service_providers: names "sp1", but there is no group [sp_sp1]',
  ])
})

test('service_providers must contain the identity provider', t => {
  for (const names of ['', 'sp1']) {
    const { problems } = check(t, federated.replace('= default, sp1', `= ${names}`))
    t.regex(
      problems.join(),
      /expected the names of the clouds, "default" among them; found (none|sp1)/,
    )
  }
})

test('cloud names with the same environment variables are rejected', t => {
  const { problems } = check(t, `${federated.replace('default, sp1', 'default, sp1, SP1')}`)
  t.regex(problems.join(), /found "sp1" and "SP1"/)
})

test('the identity provider needs only the endpoints of its enabled services', t => {
  const onlyImages = least.replace(/volume_endpoint.*/, 'enabled_services = image')
  t.deepEqual(check(t, onlyImages).problems, [])
})

test('two clouds on one message bus need different queues', t => {
  const shared = federated.replace('rabbit.sp1', 'rabbit')
  t.deepEqual(check(t, shared).problems, [])
  const env = { OS_SP_DEFAULT__QUEUE_NAME: 'q', OS_SP_SP1__QUEUE_NAME: 'q' }
  t.deepEqual(check(t, shared, env).problems, [
    '$OS_SP_SP1__QUEUE_NAME [sp_sp1] queue_name: expected a queue of its own on that message bus, found that of "default"',
  ])
})

test('a cloud without a message bus, and one with insecure certificates, get a warning', t => {
  const { problems, warnings } = check(
    t,
    federated
      .replace('messagebus = rabbit.sp1/', '')
      .replace('messagebus = rabbit://rabbit.sp1/', 'insecure = true'),
  )
  t.deepEqual(problems, [])
  t.deepEqual(warnings, [
    'mixmatch.conf:9 [sp_sp1] messagebus: is not set: notifications of this cloud are not recorded',
    'mixmatch.conf:10 [sp_sp1] insecure: certificates are not checked',
  ])
})

test('cafile must be a readable file', t => {
  const where = place(t, { 'mixmatch.conf': `${federated}cafile = ca.pem\n` })
  t.regex(
    checkConfig(where).problems.map(formatIssue).join(),
    /\[sp_sp1\] cafile: .*ENOENT: ca.pem$/,
  )
  writeFileSync(join(where.cwd, 'ca.pem'), '')
  t.is(readConfig(where).clouds[1]?.cafile, join(where.cwd, 'ca.pem'))
})

test('a cafile without a certificate gets a warning', t => {
  const where = place(t, { 'mixmatch.conf': `${federated}cafile = ca.pem\n`, 'ca.pem': 'x' })
  const warningsOf = () => checkConfig(where).warnings.map(formatIssue)
  t.regex(warningsOf().join(), /\[sp_sp1\] cafile: contains no certificate, .*: ca\.pem$/)
  writeFileSync(join(where.cwd, 'ca.pem'), '-----BEGIN CERTIFICATE-----\n')
  t.deepEqual(warningsOf(), [])
})

test('credentials of a service provider must be complete', t => {
  const whole = 'username = u\npassword = p\nproject_name = service\n'
  t.like(check(t, federated + whole).config?.clouds[1]?.credentials, {
    username: 'u',
    userDomainId: 'default',
    projectName: 'service',
  })
  const partial = [
    ['username = u', /\[sp_sp1\] username: expected a password/],
    ['password = p\nproject_name = s', /\[sp_sp1\] username: expected one/],
    ['password = p\nusername = u', /\[sp_sp1\] project_name: expected one/],
  ] as const
  for (const [lines, expected] of partial) {
    const { problems } = check(t, `${federated}${lines}\n`)
    t.is(problems.length, 1)
    t.regex(problems.join(), expected)
  }
})

test('a password beside password_file gets a warning', t => {
  const where = place(t, {
    'mixmatch.conf': `${least}[auth]\npassword = p\npassword_file = secret\n`,
    secret: 'q',
  })
  const { config, warnings } = checkConfig(where)
  t.is(config?.auth.credentials?.password.reveal(), 'q')
  t.deepEqual(warnings.map(formatIssue), [
    'mixmatch.conf:9 [auth] password: has no effect: password_file counts instead',
  ])
})

test('the path of the event log is relative to the working directory, or absolute', t => {
  const where = place(t, { 'mixmatch.conf': `${least}[database]\nconnection = sqlite:///a/b.db\n` })
  t.is(readConfig(where).database.file, join(where.cwd, 'a/b.db'))
  for (const refused of ['sqlite://', 'sqlite:///', 'sqlite:///:memory:', 'events.db']) {
    const { problems } = check(t, `${least}[database]\nconnection = ${refused}\n`)
    t.is(problems.length, 1, refused)
  }
})

test('a password prints as ***', t => {
  const { config } = check(t, `${least}[auth]\npassword = hunter2\n`)
  t.notRegex(JSON.stringify(config), /hunter2/)
  t.is(`${config?.auth.credentials?.password}`, '***')
})

test('a timeout beyond the limit of Node timers is rejected', t => {
  const read = (text: string) =>
    check(t, least.replace('[sp_', `idle_timeout = ${text}\n[sp_`)).config?.upstream.idleTimeoutMs
  t.is(read('2147483'), 2_147_483_000)
  t.is(read('2147484'), undefined)
  t.is(read('0.5'), 500)
})

test('any password can be written in a file with quotes and doubled dollar signs', t => {
  const where = place(t, {})
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), password => {
      fc.pre(/^.+$/u.test(password) && !/[\r\n\u2028\u2029]/.test(password))
      const text = `${least}[auth]\npassword = "${password.replaceAll('$', () => '$$')}"\n`
      writeFileSync(join(where.cwd, 'mixmatch.conf'), text)
      t.is(readConfig(where).auth.credentials?.password.reveal(), password)
    }),
    { numRuns: 100 },
  )
})

test('any file content is checked to the end without an exception', t => {
  const where = place(t, {})
  const word = fc.oneof(
    fc.constantFrom('[DEFAULT]', '[auth]', '[sp_default]', ' ', '\n', '=', '$', '${', '"', ','),
    fc.constantFrom(
      ...Object.values(options).flatMap(group => Object.values(group).map(each => each.name)),
    ),
    fc.string(),
  )
  fc.assert(
    fc.property(fc.array(word, { maxLength: 40 }), words => {
      writeFileSync(join(where.cwd, 'mixmatch.conf'), words.join(''))
      const { config, problems } = checkConfig(where)
      t.is(config === null, problems.length > 0)
    }),
    { numRuns: 200 },
  )
})

test('a file that cannot be read as text is a problem', t => {
  const where = place(t, { 'mixmatch.conf': '' })
  writeFileSync(join(where.cwd, 'mixmatch.conf'), Buffer.from([0x5b, 0xff, 0xfe]))
  t.throws(() => readConfig(where), { code: 'CONFIG_INVALID', message: /UTF-8/ })
  t.throws(() => readConfig({ ...where, sources: [{ file: '.' }] }), {
    code: 'CONFIG_INVALID',
    message: /EISDIR/,
  })
})

test('a bus that is configured twice, or for two clouds, is rejected', t => {
  const twice = federated.replace(
    'rabbit://rabbit.sp1/',
    'rabbit://u:p@rabbit.sp1/,\n  rabbit://v:q@rabbit.sp1:5672/%2F',
  )
  t.regex(check(t, twice).problems.join(), /messagebus: .*found rabbit\.sp1:5672\/ twice/)
  for (const [bus, found] of [
    ['rabbit://u:hunter2@b/', 'b:5672/'],
    ['file:///b.ndjson', '/b.ndjson'],
  ]) {
    const buses = `rabbit://a/, ${bus}, ${bus}`
    t.deepEqual(check(t, federated.replace('rabbit://rabbit.sp1/', buses)).problems, [
      `mixmatch.conf:10 [sp_sp1] messagebus: expected message buses that differ, found ${found} twice`,
    ])
  }
  const shared = federated
    .replace(
      'rabbit://rabbit.sp1/',
      'rabbit://rabbit.sp1/\nqueue_name = q\nmessagebus = rabbit://u@rabbit',
    )
    .replace('rabbit://rabbit/', 'rabbit://rabbit/\nqueue_name = q')
  t.regex(check(t, shared).problems.join(), /queue_name: .*found that of "default"/)
})
