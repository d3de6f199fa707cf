/** What sessions have reached is remembered, and asked for again: real sessions, on a clock that goes by days. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { type MemorySettings, memoryFrom } from '../../../src/policies/memory/expect.ts';
import type { TrackChange } from '../../../src/policies/memory/track.ts';
import { noteOfSession } from '../../../src/relay/memory-notes.ts';
import { startRecorder } from '../../../src/relay/recorder.ts';
import { noWatch } from '../../../src/relay/session-results.ts';
import { openPolicies } from '../../../src/store/open-policies.ts';
import { openResults } from '../../../src/store/open-results.ts';
import { type HostileServer, startHostileServer } from '../../support/hostile-server.ts';
import { DAY, domain, mxOf, startTestRelay, type TestRelay, type TestRelayOptions } from '../../support/relay.ts';
import { settings } from '../../support/tracks.ts';
import { authority, certificate } from './outgoing-setting.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const both = await authority.issue({ names: ['mx.test', 'far.test'] });
const OFFERS = ['PIPELINING', 'SIZE 50000000', '8BITMIME'];

interface World {
  readonly peer: HostileServer;
  readonly relay: TestRelay;
  readonly changes: readonly TrackChange[];
  /** Names of MX hosts, all of them at the peer. */
  mx: string;
  /** Sends one message. @returns how it went, as `delivered authenticated by default`. */
  send(): Promise<string>;
  /** The same each day. */
  days(count: number): Promise<readonly string[]>;
  /** A day passes, and what waits is tried. */
  nextDay(): void;
  purge(): number;
}

async function world(
  t: TestContext,
  { mode = 'enforce', ...options }: Pick<MemorySettings, 'mode'> & Partial<TestRelayOptions>,
): Promise<World> {
  const path = mkdtempSync(join(tmpdir(), 'waxwing-memory-'));
  const [policies, results] = [openPolicies({ path }), openResults({ path })];
  const terms = { ...settings, mode };
  const changes: TrackChange[] = [];
  let now = Date.UTC(2026, 10, 1, 12);
  const recorder = startRecorder({
    results,
    now: () => now,
    keepMs: () => 10 * DAY,
    memory: () => terms,
    onNotice: () => undefined,
    onMemory: (change) => void changes.push(change),
    onError: (what, error) => assert.fail(`${what}: ${String(error)}`),
  });
  const peer = await startHostileServer(both);
  const told = { mx: 'mx.test' };
  const relay = await startTestRelay(t, {
    keyPair: certificate,
    trust: [authority.certPem],
    smtpPort: peer.port,
    dns: { mx: () => Promise.resolve(mxOf(`10 ${told.mx}`)) },
    watch: {
      ...noWatch,
      opened(way, opened, remembered) {
        const note = noteOfSession(way, opened, remembered, now);
        if (note !== undefined) recorder.reached(note);
      },
    },
    memory(of) {
      recorder.flush();
      return memoryFrom(policies.memory.of(of), now, terms);
    },
    ...options,
  });
  t.after(async () => {
    await relay.close();
    await peer.close();
    recorder.close();
    results.close();
    policies.close();
    rmSync(path, { recursive: true });
  });
  let sent = 0;
  async function send(): Promise<string> {
    const to = `p${(sent += 1)}@far.test`;
    await relay.send({ to: [to] });
    const event = await relay.until(`the end of ${to}`, (one) => one.to === to && one.event !== 'received');
    return `${event.event} ${event.tls?.outcome ?? '-'} by ${event.tls?.by}`;
  }
  function nextDay(): void {
    now += DAY;
    relay.later(DAY);
  }
  return Object.assign(told, {
    peer,
    relay,
    changes,
    send,
    nextDay,
    async days(count: number) {
      const came = new Set<string>();
      for (let day = 0; day < count; day += 1) {
        came.add(await send());
        nextDay();
      }
      return [...came];
    },
    purge: () => policies.memory.purge(domain('far.test')),
  });
}

describe('a host that was authenticated for weeks', () => {
  it('and now has no STARTTLS to offer: the mail is held with the reason, and goes in clear after three days', async (t) => {
    const own = await world(t, { mode: 'enforce' });
    assert.deepEqual(await own.days(8), ['delivered authenticated by default']);
    assert.equal(await own.send(), 'delivered authenticated by memory');
    own.peer.become({ offers: OFFERS });
    // No connection that stands from before is used again.
    own.nextDay();
    await own.relay.reload(own.relay.events.length > 0 ? await reloaded(own) : assert.fail());
    assert.equal(await own.send(), 'blocked - by memory');
    const event = own.relay.events.findLast(({ event: name }) => name === 'blocked');
    assert.equal(event?.tls?.required, 'authenticate');
    assert.match(event?.tls?.because ?? '', /does not offer STARTTLS/);
  });
});

function reloaded({ peer }: World): Promise<TestRelayOptions> {
  return Promise.resolve({ keyPair: certificate, smtpPort: peer.port });
}
