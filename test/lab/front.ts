import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../../sandbox/free-port.js'
import { untilInLab } from './until-in-lab.js'

const run = promisify(execFile)

/** The secret that `nginx-offload.conf` and Mixmatch have in common. */
export const OFFLOAD_SECRET = randomBytes(32).toString('hex')

/** The configurations in `httpd`, by their files, and the path under which each has Mixmatch. */
export const fronts = {
  'apache-resource.conf': '/resource',
  'apache-root.conf': '',
  'nginx.conf': '',
  'nginx-offload.conf': '',
  'haproxy.cfg': '',
} as const
export type FrontFile = keyof typeof fronts

/** One running front, with TLS, on a free port of 127.0.0.1. */
export interface Front {
  /** The URL of the proxy for clients: `https://127.0.0.1:40123/resource`. */
  readonly base: string
  /** The PEM file of the certificate that clients must trust. */
  readonly cafile: string
  readonly pid: number
  stop(): Promise<void>
}

/**
 * Start a front with the configuration file for operators. Only names, ports and the certificate are
 * replaced. `surroundings` has the rest of the configuration, which the Debian package contains.
 */
export async function startFront(file: FrontFile, proxy: string, folder: string): Promise<Front> {
  await mkdir(folder, { recursive: true })
  await chmod(folder, 0o755)
  const port = await freePort()
  const certificate = await selfSigned(folder)
  const shipped = await readFile(new URL(`../../httpd/${file}`, import.meta.url), 'utf8')
  const config = join(folder, file)
  await writeFile(config, fitted(shipped, port, proxy, certificate))

  const [command = '', ...args] = await surroundings(file, folder, config, port)
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const exited = once(child, 'exit')
  let said = ''
  child.stderr.on('data', (bytes: Buffer) => {
    said += bytes
  })
  const origin = `127.0.0.1:${port}`
  await untilInLab(`${file} serves`, () => {
    if (child.exitCode !== null) throw new Error(`${file} does not serve: ${said}`)
    return accepts(port)
  })
  return {
    base: `https://${origin}${fronts[file]}`,
    cafile: certificate.chain,
    pid: child.pid ?? 0,
    async stop() {
      child.kill('SIGTERM')
      await exited
    },
  }
}

interface Certificate {
  readonly chain: string
  readonly key: string
  readonly both: string
}

/** @throws if the file does not contain the text to replace. Otherwise another file would be tested */
function fitted(text: string, port: number, proxy: string, { chain, key, both }: Certificate) {
  const wanted: [RegExp, string][] = [
    [/\*:443\b|(?<=listen )443\b/g, `127.0.0.1:${port}`],
    [/127\.0\.0\.1:5001/g, new URL(proxy).host],
  ]
  if (text.includes('MM-Offload-Secret "THE')) {
    wanted.push([/THE_SECRET_OF_MIXMATCH_CONF_0+/, OFFLOAD_SECRET])
  }
  const certificates: [RegExp, string][] = text.includes('mixmatch-and-key')
    ? [[/\/etc\/ssl\/private\/mixmatch-and-key\.pem/g, both]]
    : [
        [/\/etc\/ssl\/certs\/mixmatch\.pem/g, chain],
        [/\/etc\/ssl\/private\/mixmatch\.key/g, key],
      ]
  return [...wanted, ...certificates].reduce((fit, [pattern, value]) => {
    if (!pattern.test(fit)) throw new Error(`nothing there like ${pattern}`)
    return fit.replace(pattern, value)
  }, text)
}

const modules = ['mpm_event', 'authn_core', 'authz_core', 'env', 'headers', 'reqtimeout']
const more = ['proxy', 'proxy_http', 'socache_shmcb', 'ssl']

/** The rest of a configuration, and the command that runs in the foreground. */
async function surroundings(file: FrontFile, folder: string, config: string, port: number) {
  if (file === 'haproxy.cfg') return ['haproxy', '-f', config]
  const main = join(folder, 'main.conf')
  if (file.startsWith('nginx')) {
    const inside = `access_log off; client_body_temp_path ${folder}/body; include ${config};`
    const others = ['proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      of => `${of}_temp_path ${folder}/${of};`,
    )
    const text = `pid ${folder}/pid; daemon off; error_log stderr; events {}
      http { ${inside} ${others.join(' ')} }`
    await writeFile(main, text)
    return ['nginx', '-p', folder, '-c', main, '-e', 'stderr']
  }
  const loaded = [...modules, ...more].map(
    name => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`,
  )
  const around = [
    `ServerRoot ${folder}`,
    `DefaultRuntimeDir ${folder}`,
    `PidFile ${folder}/pid`,
    `Mutex file:${folder} default`,
    'User www-data',
    'Group www-data',
    // The standard error of a child of Node is a socket, and a socket cannot be opened by its name.
    `ErrorLog ${folder}/error.log`,
    'ServerName 127.0.0.1',
  ]
  await writeFile(
    main,
    [...around, ...loaded, `Listen 127.0.0.1:${port}`, `Include ${config}`, ''].join('\n'),
  )
  return ['apache2', '-D', 'FOREGROUND', '-f', main]
}

async function selfSigned(folder: string): Promise<Certificate> {
  const [chain, key] = [join(folder, 'chain.pem'), join(folder, 'key.pem')]
  const both = join(folder, 'both.pem')
  const names = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
  const kind = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2']
  await run('openssl', ['req', ...kind, ...names, '-keyout', key, '-out', chain])
  await writeFile(both, (await readFile(chain, 'utf8')) + (await readFile(key, 'utf8')))
  return { chain, key, both }
}

function accepts(port: number): Promise<boolean> {
  return run('bash', ['-c', `exec 3<>/dev/tcp/127.0.0.1/${port}`]).then(
    () => true,
    () => false,
  )
}
