// Fastify with @fastify/http-proxy, as its README has it: `node fastify.js PORT UPSTREAM`.
import httpProxy from '@fastify/http-proxy'
import Fastify from 'fastify'

const [port, upstream] = process.argv.slice(2)
const server = Fastify()
await server.register(httpProxy, { upstream })
await server.listen({ port: Number(port), host: '127.0.0.1' })
