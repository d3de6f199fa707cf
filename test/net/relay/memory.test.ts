/** What sessions have reached is remembered, and asked for again: real sessions, on a clock that goes by days. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type MemoryMode, memoryFrom } from '../../../src/policies/memory/expect.ts';
import { noteOfSession } from '../../../src/relay/memory-notes.ts';
import { type Recorder, startRecorder } from '../../../src/relay/recorder.ts';
import { noWatch } from '../../../src/relay/session-results.ts';
import { openPolicies } from '../../../src/store/open-policies.ts';
import { openResults } from '../../../src/store/open-results.ts';
import type { PolicyStore } from '../../../src/store/policy-store.ts';
import { type HostileServer, type Script, startHostileServer } from '../../support/hostile-server.ts';
import {
  DAY,
  domain,
  eventually,
  mxOf,
  startTestRelay,
  type TestRelay,
  type TestRelayOptions,
} from '../../support/relay.ts';
import { settings } from '../../support/tracks.ts';
import { authority, certificate } from './outgoing-setting.ts';

/** What an owner without signed zone can have: a certificate that proves the domain itself. */
const ofDomain = await authority.issue({ names: ['mx.test', 'far.test'] });
const ofOther = await authority.issue({ names: ['new.test'] });

/** Each message by a connection of its own, so that none from before is used again. */
const honest: Partial<Script> = {
  answer: (verb) => (verb === 'DOT' ? { say: '250 2.0.0 taken\r\n', next: 'close' } : undefined),
};
const stripped: Partial<Script> = { ...honest, offers: ['PIPELINING', 'SIZE 50000000', '8BITMIME'] };

interface Memory {
  readonly policies: PolicyStore;
  readonly recorder: Recorder;
  /** `stands-against mx.test encrypt`; of the domain as a whole `*`. */
  readonly changes: readonly string[];
  now: number;
}

function memory(t: TestContext, mode: MemoryMode): Memory {
  const path = mkdtempSync(join(tmpdir(), 'waxwing-memory-'));
  const policies = openPolicies({ path });
  const results = openResults({ path });
  const changes: string[] = [];
  const clock = { now: Date.UTC(2026, 10, 1, 12) };
  const recorder = startRecorder({
    results,
    now: () => clock.now,
    keepMs: () => 10 * DAY,
    memory: () => ({ ...settings, mode }),
    keepSeenMs: () => 30 * DAY,
    onNotice: () => undefined,
    onMemory: ({ kind, track }) => void changes.push(`${kind} ${track.host ?? '*'} ${track.level}`),
    onError: (what, error) => assert.fail(`${what}: ${String(error)}`),
  });
  t.after(() => {
    recorder.close();
    results.close();
    policies.close();
    rmSync(path, { recursive: true });
  });
  return Object.assign(clock, { policies, recorder, changes });
}

interface World extends Memory {
  readonly peer: HostileServer;
  readonly relay: TestRelay;
  /** The MX host, which is at the peer whatever its name. */
  mx: string;
  /** Sends one message. @returns how it went at first: `delivered authenticated by default`. */
  send(): Promise<{ readonly id: string; readonly to: string; readonly came: string }>;
  /** A day passes, and what waits is tried again. */
  nextDay(): void;
}

async function world(
  t: TestContext,
  mode: MemoryMode,
  options: Partial<TestRelayOptions> = {},
): Promise<World> {
  const own = Object.assign(memory(t, mode), { mx: 'mx.test' });
  const peer = await startHostileServer(ofDomain, honest);
  t.after(() => peer.close());
  const relay = await startTestRelay(t, {
    keyPair: certificate,
    trust: [authority.certPem],
    smtpPort: peer.port,
    dns: { mx: () => Promise.resolve(mxOf(`10 ${own.mx}`)) },
    watch: {
      ...noWatch,
      opened(way, opened, remembered) {
        const note = noteOfSession(way, opened, remembered, own.now);
        if (note !== undefined) own.recorder.reached(note);
      },
    },
    memory(of) {
      own.recorder.flush();
      return memoryFrom(own.policies.memory.of(of), own.now, { ...settings, mode });
    },
    ...options,
  });
  let sent = 0;
  return Object.assign(own, {
    peer,
    relay,
    async send() {
      const to = `p${(sent += 1)}@far.test`;
      const id = await relay.send({ to: [to] });
      const { event, tls } = await relay.until(
        `the end of ${to}`,
        (one) => one.to === to && one.event !== 'received',
      );
      return { id, to, came: `${event} ${tls?.outcome ?? '-'} by ${tls?.by}` };
    },
    nextDay() {
      own.now += DAY;
      relay.later(DAY);
    },
  });
}

/** Eight days with a message each. */
async function eightDays(own: World): Promise<void> {
  const came: string[] = [];
  for (let day = 0; day < 8; day += 1) {
    came.push((await own.send()).came);
    own.nextDay();
  }
  // Two rows say as much; from the eighth session on, seven days after the first, it is expected.
  assert.deepEqual([...new Set(came)], ['delivered authenticated by default']);
  assert.equal((await own.send()).came, 'delivered authenticated by memory');
}

/** A day passes, and somebody has had a look at the peer again. */
async function lookedAt(own: World): Promise<void> {
  const before = own.peer.conversations().length;
  own.nextDay();
  await eventually('a look', () => (own.peer.conversations().length > before ? true : undefined));
  await eventually('its end', () => {
    own.recorder.flush();
    const [first] = own.policies.memory.of(domain('far.test'));
    return first === undefined || first.against?.lastAt === own.now ? true : undefined;
  });
}

async function deliveredAs(own: World, to: string): Promise<string> {
  const { tls } = await own.relay.until(
    `the delivery to ${to}`,
    (one) => one.to === to && one.event === 'delivered',
  );
  return `${tls?.outcome} by ${tls?.by}`;
}

describe('a host that was authenticated for weeks', { concurrency: 5 }, () => {
  it('has no STARTTLS to offer: mail is held with the reason, for three days and not longer', async (t) => {
    const own = await world(t, 'enforce');
    await eightDays(own);
    own.nextDay();
    own.peer.become(stripped);
    const { to, came } = await own.send();
    assert.equal(came, 'blocked - by memory');
    const [blocked] = own.relay.about(to);
    assert.equal(blocked?.tls?.required, 'authenticate');
    assert.match(blocked?.tls?.because ?? '', /mx\.test does not offer STARTTLS/);
    await lookedAt(own);
    await lookedAt(own);
    assert.deepEqual(
      own.relay.about(to).filter(({ event }) => event === 'delivered'),
      [],
    );
    own.nextDay();
    assert.equal(await deliveredAs(own, to), 'cleartext by default');
    assert.deepEqual(
      own.changes.filter((change) => change.startsWith('stands-against')),
      ['stands-against mx.test authenticate'],
    );
    own.recorder.flush();
    assert.deepEqual(
      own.changes.filter((change) => change.startsWith('gave-way')),
      ['gave-way mx.test authenticate'],
    );
  });

  it('has it again: mail goes with the next look', async (t) => {
    const own = await world(t, 'enforce');
    await eightDays(own);
    own.peer.become(stripped);
    own.nextDay();
    const { to, came } = await own.send();
    assert.equal(came, 'blocked - by memory');
    own.peer.become(honest);
    own.nextDay();
    assert.equal(await deliveredAs(own, to), 'authenticated by memory');
    assert.ok(!own.changes.some((change) => change.startsWith('gave-way')));
  });

  it('is named no more: unsigned DNS names another, whose certificate proves nothing of the domain', async (t) => {
    const own = await world(t, 'enforce');
    await eightDays(own);
    own.mx = 'new.test';
    own.peer.become(honest, ofOther);
    own.nextDay();
    const { to, came } = await own.send();
    assert.equal(came, 'blocked - by memory');
    assert.match(
      own.relay.about(to)[0]?.tls?.because ?? '',
      /mx-not-secure: the certificate is valid for new\.test/,
    );
    // An operator who has asked at the domain need not wait.
    assert.ok(own.policies.memory.purge(domain('far.test')) > 0);
    own.nextDay();
    assert.equal(await deliveredAs(own, to), 'encrypted by default');
  });

  it('observe: nothing waits, and what would is told', async (t) => {
    const own = await world(t, 'observe');
    for (let day = 0; day < 9; day += 1) {
      await own.send();
      own.nextDay();
    }
    own.peer.become(stripped);
    assert.equal((await own.send()).came, 'delivered cleartext by default');
    own.recorder.flush();
    assert.ok(own.changes.includes('stands-against mx.test authenticate'));
  });

  it('on_blocked = bounce: what was only seen bounces nothing', async (t) => {
    const holds = { onBlocked: 'bounce', noticeAfterMs: DAY, probeAfterMs: [60_000] } as const;
    const own = await world(t, 'enforce', { queue: { holds } });
    await eightDays(own);
    own.peer.become(stripped);
    own.nextDay();
    const { id, to, came } = await own.send();
    assert.equal(came, 'blocked - by memory');
    await own.relay.until('that it is held', (one) => one.to === to && one.event === 'held');
    assert.deepEqual(await own.relay.states(id), { [to]: 'held/tls' });
  });
});
