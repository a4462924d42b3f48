// fast-proxy, as its README has it: `node fast-proxy.js PORT UPSTREAM`.
import { createServer } from 'node:http'
import fastProxy from 'fast-proxy'

const [port, base] = process.argv.slice(2)
const { proxy } = fastProxy({ base })
createServer((req, res) => proxy(req, res, req.url, {})).listen(Number(port), '127.0.0.1')
