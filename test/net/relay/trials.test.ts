/** A fortnight of mail, what is proposed by it, what enforcing that blocks, and the way back: real sessions on a clock. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type Promotion, promotionState } from '../../../src/policies/report-only/promotion.ts';
import { propose, trial } from '../../../src/policies/report-only/propose.ts';
import type { Candidate } from '../../../src/policies/report-only/would.ts';
import { promotedDomain, watchPromotions } from '../../../src/relay/promotion-watch.ts';
import { gatherSeen, seenInSession } from '../../../src/relay/seen-sessions.ts';
import { noWatch } from '../../../src/relay/session-results.ts';
import { openPolicies } from '../../../src/store/open-policies.ts';
import { openResults } from '../../../src/store/open-results.ts';
import type { Certificate } from '../../support/certificates.ts';
import { type HostileServer, type Script, startHostileServer } from '../../support/hostile-server.ts';
import { found } from '../../support/lookup.ts';
import { DAY, domain, mxOf, startTestRelay, type TestRelayOptions } from '../../support/relay.ts';
import { authority, certificate } from './outgoing-setting.ts';

/** Each message by a connection of its own. */
const honest: Partial<Script> = {
  answer: (verb) => (verb === 'DOT' ? { say: '250 2.0.0 taken\r\n', next: 'close' } : undefined),
};
const stripped: Partial<Script> = { ...honest, offers: ['PIPELINING', 'SIZE 50000000', '8BITMIME'] };
const terms = { leastDays: 7, leastSessions: 10 };

/** By the last octet of the address of its host, at which only TLS or its absence differs. */
const places = ['proven.test', 'plain.test', 'flaky.test', 'clear.test'] as const;
type Place = (typeof places)[number];

function namesOf(place: Place): readonly string[] {
  return place === 'proven.test' ? [`mx.${place}`, place] : [`mx.${place}`];
}

async function lab(t: TestContext, options: Partial<TestRelayOptions> = {}) {
  const path = mkdtempSync(join(tmpdir(), 'waxwing-trials-'));
  const policies = openPolicies({ path });
  const results = openResults({ path });
  const gathered = gatherSeen();
  let now = Date.UTC(2026, 10, 1, 12);
  const peers = new Map<Place, HostileServer>();
  let port = 0;
  for (const [index, place] of places.entries()) {
    const own: Certificate = await authority.issue({ names: namesOf(place) });
    const address = `127.0.0.${index + 1}`;
    const peer = await startHostileServer(own, place === 'clear.test' ? stripped : honest, { address, port });
    ({ port } = peer);
    peers.set(place, peer);
  }
  const relay = await startTestRelay(t, {
    keyPair: certificate,
    trust: [authority.certPem],
    smtpPort: port,
    dns: {
      mx: (of) => Promise.resolve(mxOf(`10 mx.${of}`)),
      addresses: (host) =>
        Promise.resolve(found([`127.0.0.${places.findIndex((place) => host === `mx.${place}`) + 1}`])),
    },
    watch: {
      ...noWatch,
      opened(way, opened, remembered) {
        const seen = seenInSession(way, opened, remembered, now);
        if (seen !== undefined) gathered.add(seen, now);
      },
    },
    promotion(of) {
      const known = policies.promotions.get(of);
      return known !== undefined && promotionState(known, now) === 'in-force' ? known : undefined;
    },
    ...options,
  });
  t.after(async () => {
    await relay.close();
    for (const peer of peers.values()) await peer.close();
    results.close();
    policies.close();
    rmSync(path, { recursive: true });
  });
  let sent = 0;
  return {
    relay,
    policies,
    now: () => now,
    peer: (place: Place) => peers.get(place) ?? assert.fail(place),
    pass(ms: number): void {
      now += ms;
      relay.later(ms);
    },
    /** Sends one message. @returns its recipient, and how it went at first. */
    async send(place: Place): Promise<{ readonly id: string; readonly to: string; readonly came: string }> {
      const to = `p${(sent += 1)}@${place}`;
      const id = await relay.send({ to: [to] });
      const { event, tls } = await relay.until(
        `the end of ${to}`,
        (one) => one.to === to && one.event !== 'received',
      );
      return { id, to, came: `${event} ${tls?.outcome ?? '-'} by ${tls?.by}` };
    },
    counts(place: Place) {
      results.seen.add(gathered.take());
      return results.seen.since('2026-11-01', domain(place));
    },
  };
}

type Lab = Awaited<ReturnType<typeof lab>>;

function promotionOf(place: Place, setAt: number): Promotion {
  return {
    domain: domain(place),
    level: 'encrypt',
    setAt,
    until: setAt + 14 * DAY,
    reason: 'a fortnight was seen',
    mostBlocked: 0,
    blocked: 0,
    endedAt: null,
    endedBecause: null,
  };
}

/** Fourteen days with a message for each; on the ninth somebody strips the TLS of flaky.test. */
async function fortnight(own: Lab): Promise<void> {
  for (let day = 1; day <= 14; day += 1) {
    own.peer('flaky.test').become(day === 9 ? stripped : honest);
    for (const place of places) assert.match((await own.send(place)).came, /^delivered/);
    own.pass(DAY);
  }
}

describe('a fortnight in which nothing is enforced', () => {
  it('shows what can be, what enforcing blocks, and the way back', async (t) => {
    const own = await lab(t);
    await fortnight(own);

    const levelOf = (place: Place) => propose(domain(place), own.counts(place), terms).level;
    assert.deepEqual(places.map(levelOf), ['authenticate', 'encrypt', null, null]);
    const tried = (place: Place, rule: Candidate['rule'], names: Candidate['names'] = []) => {
      const one = trial({ rule, names }, own.counts(place), true);
      return one && [one.passed, one.blocked, one.blockedOn.join(), one.because];
    };
    assert.deepEqual(tried('flaky.test', 'encrypt'), [
      13,
      1,
      '2026-11-09',
      'mx.flaky.test had no TLS to offer',
    ]);
    // The same days under a changed rule.
    assert.deepEqual(tried('plain.test', 'authenticate')?.slice(0, 2), [0, 14]);
    const names = [{ kind: 'under', suffix: domain('plain.test') }] as const;
    assert.deepEqual(tried('plain.test', 'authenticate', names)?.slice(0, 2), [14, 0]);

    // What was proposed is put in force; what was seen goes as before.
    for (const [place, level] of [
      ['proven.test', 'authenticate'],
      ['flaky.test', 'encrypt'],
    ] as const)
      own.policies.promotions.put({ ...promotionOf(place, own.now()), level });
    assert.equal((await own.send('proven.test')).came, 'delivered authenticated by override');
    assert.equal((await own.send('flaky.test')).came, 'delivered encrypted by override');
    assert.equal((await own.send('plain.test')).came, 'delivered encrypted by default');

    // What was not proposed, and is enforced all the same, blocks what the trial said, and is taken back by itself.
    own.peer('flaky.test').become(stripped);
    const { to, came } = await own.send('flaky.test');
    assert.equal(came, 'blocked - by override');
    const told: string[] = [];
    const watch = watchPromotions({
      store: own.policies.promotions,
      now: own.now,
      domainOf: ({ to: address }) =>
        promotedDomain(address, { routes: [], rules: [], overridden: () => false }),
      onRollback: ({ domain: of }, because) => void told.push(`${of}: ${because}`),
      onEnded: (of) => own.relay.relay.retry([of]),
      onError: (what, error) => assert.fail(`${what}: ${String(error)}`),
    });
    watch.events(own.relay.events);
    watch.flush();
    watch.close();
    assert.deepEqual(told, ['flaky.test: it has blocked 1 recipient, and 0 were said to be bearable']);
    const { tls } = await own.relay.until(
      'that it goes',
      (one) => one.to === to && one.event === 'delivered',
    );
    assert.deepEqual([tls?.outcome, tls?.by], ['cleartext', 'default']);
    assert.equal((await own.send('proven.test')).came, 'delivered authenticated by override');

    // The others end with their time.
    own.pass(15 * DAY);
    assert.equal((await own.send('proven.test')).came, 'delivered authenticated by default');
  });
});

describe('on_blocked = drop', () => {
  it('what a promoted level blocks is held all the same: it may be taken back', async (t) => {
    const holds = { onBlocked: 'drop', noticeAfterMs: DAY, probeAfterMs: [DAY] } as const;
    const own = await lab(t, { queue: { holds } });
    own.policies.promotions.put(promotionOf('clear.test', own.now()));
    const { id, to, came } = await own.send('clear.test');
    assert.equal(came, 'blocked - by override');
    await own.relay.until('that it is held', (one) => one.to === to && one.event === 'held');
    assert.deepEqual(await own.relay.states(id), { [to]: 'held/tls' });
  });
});
