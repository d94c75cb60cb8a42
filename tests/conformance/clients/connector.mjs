// What every scenario of Xen Orchestra's connector shares: connecting, waiting for its cache to show something, and the rule that the
// connector may not complain. It reports what it survives by console.warn (a class that did not answer, an event loop that failed).
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { createClient } from 'xen-api'

const { POOL_URLS, POOL_USER, POOL_PASSWORD } = process.env
export const hostUrls = POOL_URLS.split(' ')

const PATIENCE_MS = 15_000
const complaints = []
console.warn = (...args) => complaints.push(args)

export const NULL_REF = 'OpaqueRef:NULL'

// Options of the connector, and `calls`: every method that goes over the wire, in order.
export function makeClient({ host = 1, user = POOL_USER, password = POOL_PASSWORD, ...options } = {}) {
  const client = createClient({
    url: hostUrls[host - 1],
    auth: { user, password },
    // Not `auto`: that one would hide a content type it does not like behind XML-RPC.
    transport: process.env.TRANSPORT ?? 'json-rpc',
    debounce: 50,
    eventPollDelay: 200,
    ...options,
  })
  client.calls = []
  const original = client._call
  client._call = function (method, ...rest) {
    client.calls.push(method)
    return original.call(this, method, ...rest)
  }
  return client
}

export async function withClient(options, use) {
  const client = makeClient(options)
  await client.connect()
  try {
    if (options.watchEvents !== false) {
      await within('the first load of all objects', client.objectsFetched)
    }
    return await use(client)
  } finally {
    await client.disconnect()
  }
}

export async function within(what, promise) {
  const limit = new AbortController()
  const late = delay(PATIENCE_MS, undefined, { signal: limit.signal }).then(() => assert.fail(`${what}: not within ${PATIENCE_MS} ms`))
  try {
    return await Promise.race([promise, late])
  } finally {
    late.catch(() => {})
    limit.abort()
  }
}

// Waits until the cache, which only events keep true, holds an object for which the condition is true.
export async function untilCached(client, ref, what, condition = object => object !== undefined) {
  const end = Date.now() + PATIENCE_MS
  while (!condition(client.getObjectByRef(ref, undefined))) {
    assert.ok(Date.now() < end, `${what}: the cache shows ${JSON.stringify(client.getObjectByRef(ref, undefined))}`)
    await delay(20)
  }
  return client.getObjectByRef(ref, undefined)
}

export async function rejection(promise, code) {
  const error = await promise.then(
    value => assert.fail(`succeeded with ${JSON.stringify(value)} instead of ${code}`),
    reason => reason
  )
  assert.equal(error.code, code, String(error))
  return error
}

export const objectsOf = (client, type) => Object.values(client.objects.all).filter(object => object.$type === type)

// A halted VM of the built-in template; destroyed after use.
export async function withVm(client, use, memoryMib = 32) {
  const template = objectsOf(client, 'VM').find(vm => vm.is_a_template && !vm.is_a_snapshot)
  assert.ok(template, 'the pool has no template')
  const ref = await client.callAsync('VM.clone', template.$ref, 'conformance')
  assert.match(ref, /^OpaqueRef:[0-9a-f-]{36}$/)
  try {
    await client.call('VM.set_is_a_template', ref, false)
    const bytes = memoryMib * 1024 * 1024
    await client.call('VM.set_memory_limits', ref, bytes, bytes, bytes, bytes)
    await client.setFieldEntries('VM', ref, 'platform', { 'sim-working-set-mib': String(memoryMib), 'sim-dirty-pages-per-s': '200' })
    return await use(ref)
  } finally {
    if ((await client.getField('VM', ref, 'power_state')) !== 'Halted') {
      await client.call('VM.hard_shutdown', ref)
    }
    await client.call('VM.destroy', ref)
    await untilCached(client, ref, 'a destroyed VM', vm => vm === undefined)
  }
}

// Runs one scenario; the exit status says whether it held.
export async function main(scenarios) {
  const [name] = process.argv.slice(2)
  if (name === '--list') {
    console.log(Object.keys(scenarios).join('\n'))
    return
  }

  assert.ok(Object.hasOwn(scenarios, name), `no scenario ${name}`)
  try {
    await scenarios[name]()
    assert.deepEqual(complaints, [], 'the connector complained')
  } catch (error) {
    console.error(error, ...complaints)
    process.exit(1)
  }

  // The connector's event loop waits for the next connect() for ever.
  process.exit(0)
}

// For scenarios that disturb the daemons on purpose.
export const forgiveComplaints = () => complaints.splice(0)
