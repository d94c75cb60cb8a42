// Xen Orchestra's connector against the daemons. One scenario a run: node xen-orchestra.mjs SCENARIO (or --list).
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import {
  NULL_REF, forgiveComplaints, hostUrls, main, makeClient, objectsOf, rejection, untilCached, withClient, withVm, within,
} from './connector.mjs'

// XML-RPC has a type for dates, of which the connector makes a Date; in JSON they are text.
const assertRecent = date => {
  const [, year, month, day, time] = date instanceof Date ? [] : (/^(\d{4})(\d\d)(\d\d)T(\d\d:\d\d:\d\dZ)$/.exec(date) ?? assert.fail(`no date: ${date}`))
  const age = Date.now() - (date instanceof Date ? date : new Date(`${year}-${month}-${day}T${time}`))
  assert.ok(Math.abs(age) < 60_000, String(date))
}
const count = (client, method) => client.calls.filter(call => call === method).length
const otherHost = (client, ref) => objectsOf(client, 'host').find(host => host.$ref !== ref)

await main({
  async 'every listed class is loaded'() {
    await withClient({}, async client => {
      for (const type of ['pool', 'host', 'host_metrics', 'VM', 'VM_metrics', 'task']) {
        assert.ok(client._types.includes(type), `${type} is not among ${client._types}`)
      }
      const loaded = client.calls.filter(method => method.endsWith('.get_all_records'))
      for (const type of client._types) {
        assert.ok(loaded.includes(`${type}.get_all_records`), `${type} was not loaded`)
      }
      assert.equal(objectsOf(client, 'host').length, hostUrls.length)
      assert.equal(client.pool.$master.$type, 'host')
      assert.equal(client.pool.$master.$metrics.live, true)
    })
  },

  async 'every listed method is known'() {
    await withClient({ watchEvents: false }, async client => {
      const methods = await client._call('system.listMethods')
      assert.equal(new Set(methods).size, methods.length, 'names are listed twice')
      const types = new Set(methods.map(method => method.split('.')[0]))
      assert.ok(types.size > 5)
      // A listed method that is called with nothing complains of what is missing, not of its name.
      await Promise.all(
        methods.map(method =>
          client._call(method, []).then(
            () => {},
            error => assert.notEqual(error.code, 'MESSAGE_METHOD_UNKNOWN', method)
          )
        )
      )
    })
  },

  async 'a life cycle by tasks, seen by events alone'() {
    await withClient({}, client =>
      withVm(client, async ref => {
        const created = await untilCached(client, ref, 'a cloned VM', vm => vm?.is_a_template === false)
        assert.equal(created.power_state, 'Halted')

        assert.equal(await client.callAsync('VM.start', ref, false, false), '')
        const { resident_on: source } = await untilCached(client, ref, 'a started VM', vm => vm.power_state === 'Running' && vm.resident_on !== NULL_REF)

        const target = otherHost(client, source).$ref
        await client.callAsync('VM.pool_migrate', ref, target, { live: 'true' })
        const moved = await untilCached(client, ref, 'a migrated VM', vm => vm.resident_on === target)
        assert.equal(moved.power_state, 'Running')
        assert.equal(moved.$resident_on.$type, 'host')
        assert.ok(moved.$resident_on.resident_VMs.includes(ref))

        await client.callAsync('VM.hard_shutdown', ref)
        await untilCached(client, ref, 'a stopped VM', vm => vm.power_state === 'Halted' && vm.resident_on === NULL_REF)
      })
    )
  },

  async 'a failed task rejects with its code'() {
    await withClient({}, client =>
      withVm(client, async ref => {
        const error = await rejection(client.callAsync('VM.pause', ref), 'VM_BAD_POWER_STATE')
        assert.deepEqual(error.params, [ref, 'running', 'halted'])
        assert.equal(error.task.status, 'failure')
        assertRecent(error.task.finished)
      })
    )
  },

  async 'a cancelled task rejects and the VM stays'() {
    const { CancelToken } = await import('promise-toolbox')
    await withClient({}, client =>
      withVm(client, async ref => {
        await client.callAsync('VM.start', ref, false, false)
        const { resident_on: source } = await untilCached(client, ref, 'a started VM', vm => vm.power_state === 'Running' && vm.resident_on !== NULL_REF)
        const { token, cancel } = CancelToken.source()
        const migration = client.callAsync(token, 'VM.pool_migrate', ref, otherHost(client, source).$ref, { live: 'true' })
        migration.catch(() => {})
        await untilCached(client, ref, 'the migration', vm => Object.values(vm.current_operations).includes('pool_migrate'))
        cancel()
        const error = await within('the cancelled migration', migration.then(() => assert.fail('it was not cancelled'), reason => reason))
        assert.equal(error.message, 'task canceled')
        const vm = await client.getRecord('VM', ref)
        assert.equal(vm.resident_on, source)
        assert.equal(vm.power_state, 'Running')
      }, 64)
    )
  },

  async 'a task of the client itself'() {
    await withClient({}, async client => {
      const ref = await client.createTask('transfer', 'by the client')
      const task = await untilCached(client, ref, 'a new task')
      assert.equal(task.status, 'pending')
      assertRecent(task.created)
      const result = client.watchTask(ref)
      await client.call('task.set_result', ref, '<value>done</value>')
      await client.call('task.set_status', ref, 'success')
      assert.equal(await within('the task', result), 'done')
      await untilCached(client, ref, 'a task that was destroyed', value => value === undefined)
    })
  },

  async 'a barrier waits for the events before it'() {
    await withClient({}, async client => {
      for (let round = 0; round < 5; ++round) {
        const value = `${round}-${Date.now()}`
        await client.pool.update_other_config('conformance', value)
        const pool = await within('the barrier', client.barrier(client.pool.$ref))
        assert.equal(pool.other_config.conformance, value)
      }
      await client.pool.update_other_config('conformance', null)
      await client.pool.update_other_config('conformance', null)
      await client.barrier()
      assert.ok(!('conformance' in client.pool.other_config))
    })
  },

  async 'a token of event.inject loses nothing'() {
    await withClient({ watchEvents: false }, async client => {
      const { $ref: pool } = client.pool
      for (let round = 0; round < 10; ++round) {
        const token = await client.call('event.inject', 'pool', pool)
        const injected = await client.call('event.from', ['pool'], token, 0.1)
        assert.deepEqual(injected.events.map(event => [event.class, event.operation, event.ref]), [['pool', 'mod', pool]])
        assert.ok(injected.token > token, `${injected.token} is not after ${token}`)
        const quiet = await client.call('event.from', ['pool'], injected.token, 0.1)
        assert.deepEqual(quiet.events, [])
        const task = await client.call('task.create', 'seen', '')
        const { events } = await client.call('event.from', ['task'], quiet.token, 5.1)
        assert.ok(events.some(event => event.ref === task && event.operation === 'add'))
        await client.call('task.destroy', task)
      }
    })
  },

  async 'tasks are counted exactly'() {
    await withClient({}, async client => {
      const before = count(client, 'task.get_all_records')
      for (let round = 0; round < 5; ++round) {
        await Promise.all(Array.from({ length: 6 }, async (_, i) => client.call('task.destroy', await client.call('task.create', `count ${i}`, ''))))
        await client.barrier()
      }
      assert.equal(count(client, 'task.get_all_records'), before, 'the connector had to load all tasks again')
    })
  },

  async 'a member says where the coordinator is'() {
    await withClient({ host: 2 }, async client => {
      assert.equal(count(client, 'session.login_with_password'), 2)
      assert.equal(client._url.hostname, new URL(hostUrls[0]).hostname)
      assert.equal(objectsOf(client, 'host').length, hostUrls.length)
    })
  },

  async 'a wrong password is refused'() {
    const client = makeClient({ password: 'wrong' })
    const error = await rejection(client.connect(), 'SESSION_AUTHENTICATION_FAILED')
    assert.equal(error.params[0], process.env.POOL_USER)
  },

  async 'a session that ended is renewed'() {
    await withClient({}, async client => {
      const first = client.sessionId
      await client._call('session.logout', [first])
      await client.pool.update_other_config('renewed', 'yes')
      assert.notEqual(client.sessionId, first)
      await within('the barrier', client.barrier())
      await client.pool.update_other_config('renewed', null)
      // Its event loop may ask in the moment in which the connector has no session.
      forgiveComplaints()
    })
  },

  async 'disconnecting ends the session'() {
    let session
    await withClient({}, async client => {
      session = client.sessionId
    })
    await withClient({ watchEvents: false }, async client => {
      const end = Date.now() + 5000
      const isGone = () => client._call('pool.get_all', [session]).then(() => false, error => error.code === 'SESSION_INVALID')
      while (!(await isGone())) {
        assert.ok(Date.now() < end, 'the session is still valid')
        await delay(20)
      }
    })
  },

  async 'errors carry code and parameters'() {
    await withClient({}, async client => {
      assert.deepEqual((await rejection(client.call('VM.get_record', 'OpaqueRef:none'), 'HANDLE_INVALID')).params, ['VM', 'OpaqueRef:none'])
      assert.deepEqual((await rejection(client.call('VM.get_by_uuid', 'none'), 'UUID_INVALID')).params, ['VM', 'none'])
      assert.deepEqual((await rejection(client.call('VM.no_such_method', 'x'), 'MESSAGE_METHOD_UNKNOWN')).params, ['VM.no_such_method'])
      assert.deepEqual((await rejection(client._call('bogus.method', []), 'MESSAGE_METHOD_UNKNOWN')).params, ['bogus.method'])
      assert.deepEqual((await rejection(client._call('pool.get_all', ['OpaqueRef:none']), 'SESSION_INVALID')).params, ['OpaqueRef:none'])
      assert.deepEqual(
        (await rejection(client.call('VM.start', 'OpaqueRef:none'), 'MESSAGE_PARAMETER_COUNT_MISMATCH')).params, ['VM.start', '3', '1'])
      const { $ref } = client.pool
      await client.setFieldEntry('pool', $ref, 'other_config', 'twice', 'a')
      const twice = await rejection(client.call('pool.add_to_other_config', $ref, 'twice', 'b'), 'MAP_DUPLICATE_KEY')
      assert.deepEqual(twice.params, ['pool', 'other_config', $ref, 'twice'])
      await client.setFieldEntry('pool', $ref, 'other_config', 'twice', null)
    })
  },

  async 'two hundred calls, twenty in flight'() {
    await withClient({ watchEvents: false, callConcurrency: 20 }, async client => {
      const refs = await Promise.all(Array.from({ length: 200 }, () => client.call('pool.get_all')))
      assert.ok(refs.every(([ref]) => ref === client.pool.$ref))
    })
  },

  async 'text of every kind comes back as it was'() {
    await withClient({}, async client => {
      const before = client.pool.name_description
      for (const text of ['', ' lead and trail ', '<a b="c">&amp;</a>', 'tab\tline\nend', 'žluťoučký 🐎 漢字', 'x'.repeat(400 * 1024)]) {
        await client.pool.set_name_description(text)
        const pool = await client.barrier(client.pool.$ref)
        assert.equal(pool.name_description, text)
      }
      await client.pool.set_name_description(before)
    })
  },

  async 'a restart of xapi keeps references'() {
    await withClient({}, async client => {
      const { $ref: pool } = client.pool
      const hosts = objectsOf(client, 'host').map(host => host.$ref).sort()
      const task = await client.call('task.create', 'interrupted', '')
      process.kill(Number(process.env.COORDINATOR_PID), 'SIGKILL')
      const end = Date.now() + 15_000
      const answers = () => client.pool.update_other_config('restarted', 'yes').then(() => true, () => false)
      while (!(await answers())) {
        assert.ok(Date.now() < end, 'no answer after the restart')
        await delay(100)
        if (client.status === 'disconnected') {
          await client.connect().catch(() => {})
        }
      }
      await within('the barrier', client.barrier())
      assert.equal(client.pool.$ref, pool)
      assert.deepEqual(objectsOf(client, 'host').map(host => host.$ref).sort(), hosts)
      assert.notEqual(client.getObjectByRef(task, undefined)?.status, 'pending')
      await client.pool.update_other_config('restarted', null)
      forgiveComplaints()
    })
  },
})
