import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Desk, openDesk } from '../../../../../src/cli/check/lanes/desk.ts';
import type { Done, FromLane, ToLane } from '../../../../../src/cli/check/lanes/messages.ts';
import { remoteCalls } from '../../../../../src/cli/check/lanes/remote-calls.ts';
import { type RemoteVisits, remoteVisits } from '../../../../../src/cli/check/lanes/remote-visits.ts';
import type { Turns } from '../../../../../src/cli/check/open.ts';
import type { VisitEnd } from '../../../../../src/findings/observation.ts';
import type { CallPolicyHost, GetOutcome } from '../../../../../src/net/https.ts';
import { openPace, type Pace } from '../../../../../src/scanner/pace.ts';
import { callingBy, openPolicyCalls, type PolicyCalls } from '../../../../../src/scanner/policy-calls.ts';
import { openVisits, type Visits, type Way } from '../../../../../src/scanner/visits.ts';
import { nameOf } from '../../../../support/destinations.ts';
import { endpointOf, observe, sentAway } from '../../../../support/observations.ts';

const settle = async (): Promise<void> => {
  for (let turns = 0; turns < 5; turns += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** Turns of a run at whose policy hosts nobody has to wait. */
function turnsOf(visits: Visits, concurrency = 10): Turns {
  return { visits, calls: openPolicyCalls({ concurrency, isOurs: () => true, clock: () => 0 }) };
}

function paceOf(): Pace {
  return openPace({
    gapMs: 0,
    concurrency: 10,
    isOurs: () => true,
    clock: () => 0,
    sleep: () => Promise.resolve(),
  });
}

interface Wired {
  readonly desk: Desk;
  readonly visits: RemoteVisits;
  /** What was said to the lane. */
  readonly heard: ToLane[];
}

/** A lane and its desk, each of which gets copies of what the other says, later. */
function wire(visits: Visits): Wired {
  const heard: ToLane[] = [];
  const desk: Desk = openDesk(
    (message) => {
      heard.push(message);
      const copy = structuredClone(message);
      setImmediate(() => void remote.hear(copy));
    },
    turnsOf(visits),
    () => undefined,
  );
  const remote = remoteVisits(
    (message) => {
      const copy = structuredClone(message);
      setImmediate(() => desk.hear(copy));
    },
    () => 0,
  );
  return { desk, visits: remote, heard };
}

const wayTo = (address: string): Way => ({
  endpoint: endpointOf({ address }),
  how: { depth: 'standard', intrusive: false },
  operator: undefined,
});
const end: VisitEnd = { kind: 'complete' };

describe('visits of lanes', () => {
  it('a door is seen once for all lanes, whoever was there', async () => {
    const main = openVisits(paceOf(), () => 0);
    const lanes = [wire(main), wire(main), wire(main)];
    let looks = 0;
    const way = wayTo('192.0.2.1');
    const observation = observe({ at: 0, connections: 6, endpoint: way.endpoint });
    const ask = ({ visits }: Wired): ReturnType<Visits['seeing']> =>
      visits.seeing(way, async () => {
        looks += 1;
        await settle();
        return observation;
      });
    const seen = await Promise.all([...lanes, ...lanes].map(ask));
    assert.equal(looks, 1);
    assert.deepEqual(
      seen.map((one) => (one.kind === 'seen' ? one.observation.connections : -1)).toSorted((a, b) => a - b),
      [0, 0, 0, 0, 0, 6],
    );
    for (const one of seen) assert.ok(one.kind === 'seen' && one.observation.base.transcript.length > 0);
    // From now on each lane knows.
    for (const { visits, heard } of lanes) {
      const before = heard.length;
      assert.ok(visits.isKnown(way.endpoint, way.how));
      await ask({ visits, heard, desk: lanes[0]?.desk ?? assert.fail() });
      assert.equal(heard.length, before);
    }
  });

  it('one at a time at an address, whatever lane it is', async () => {
    const main = openVisits(paceOf(), () => 0);
    const lanes = [wire(main), wire(main)];
    let [inside, most] = [0, 0];
    await Promise.all(
      Array.from({ length: 10 }, async (_, index) => {
        const way = wayTo('192.0.2.1');
        const named = { ...way, endpoint: { ...way.endpoint, serverName: `mx${index}.test` } };
        return lanes[index % 2]?.visits.seeing(named, async (between) => {
          inside += 1;
          most = Math.max(most, inside);
          assert.equal(await between(end), 'go');
          await settle();
          inside -= 1;
          return observe({ at: 0, endpoint: named.endpoint });
        });
      }),
    );
    assert.equal(most, 1);
  });

  it('who is sent away stops, and nobody of the others goes there', async () => {
    const main = openVisits(paceOf(), () => 0);
    const lanes = [wire(main), wire(main)];
    const away = observe({ at: 0, base: sentAway('throttled') });
    const first = await lanes[0]?.visits.seeing(wayTo('192.0.2.1'), async (between) => {
      assert.equal(await between(away.base.end), 'stop');
      return away;
    });
    assert.equal(first?.kind, 'seen');
    const other = { ...wayTo('192.0.2.1'), how: { depth: 'quick', intrusive: false } } as const;
    const second = await lanes[1]?.visits.seeing(other, () => assert.fail('nobody goes there'));
    assert.equal(second?.kind, 'resting');
  });

  it('at the end nobody gets a turn', async () => {
    const pace = paceOf();
    const { visits } = wire(openVisits(pace, () => 0));
    pace.stop();
    const seeing = await visits.seeing(wayTo('192.0.2.1'), () => assert.fail('it is over'));
    assert.equal(seeing.kind, 'stopped');
  });
});

describe('calls of policy hosts by lanes', () => {
  /** A lane whose calls are those of all. */
  function calling(calls: PolicyCalls): { readonly desk: Desk; readonly remote: PolicyCalls } {
    const desk = openDesk(
      (message) => void remote.hear(structuredClone(message)),
      { visits: openVisits(paceOf(), () => 0), calls },
      () => undefined,
    );
    const remote = remoteCalls((message) => desk.hear(structuredClone(message)));
    return { desk, remote };
  }

  it('are no more at a time than one thread would make; a lane that is lost holds none', async () => {
    const calls = openPolicyCalls({ concurrency: 100, isOurs: () => false, clock: () => 0 });
    const lanes = [calling(calls), calling(calls)];
    let inside = 0;
    const gate = Promise.withResolvers<GetOutcome>();
    const call = ({ remote }: (typeof lanes)[number]): ReturnType<CallPolicyHost> =>
      callingBy(remote, () => 0)('1.1.1.1', () => {
        inside += 1;
        return gate.promise;
      });
    const all = [...lanes, ...lanes, ...lanes].map(call);
    await settle();
    assert.equal(inside, 4);
    lanes[0]?.desk.fail(new Error('it is gone'));
    await settle();
    assert.equal(inside, 5);
    gate.resolve({ kind: 'failed', fault: 'tcp', because: 'of the test', tls: undefined, noRoute: false });
    assert.equal((await Promise.all(all.filter((_, index) => index % 2 === 1))).length, 3);
  });

  it('hear that an address is left alone', async () => {
    const { remote } = calling({
      enter: () => Promise.resolve({ kind: 'left-alone', because: 'of the test' }),
    });
    const entry = await remote.enter('1.1.1.1');
    assert.deepEqual(entry, { kind: 'left-alone', because: 'of the test' });
  });
});

describe('a desk', () => {
  const target = { kind: 'domain', domain: nameOf('example.test') } as const;
  const dropped: Done = { kind: 'dropped' };

  function open(): { desk: Desk; said: ToLane[]; answer: (message: FromLane) => void } {
    const said: ToLane[] = [];
    const desk = openDesk(
      (message) => void said.push(message),
      turnsOf(openVisits(paceOf(), () => 0)),
      () => undefined,
    );
    return { desk, said, answer: desk.hear };
  }

  it('hands over targets, says who may wait where, and takes what came of them', async () => {
    const { desk, said, answer } = open();
    const lines: (readonly string[])[] = [];
    const done = desk.attempt(target, (asked) => {
      lines.push(asked);
      return ['google.com'];
    });
    assert.equal(desk.busy(), 1);
    answer({ kind: 'join', job: 1, lines: ['google.com'] });
    answer({ kind: 'done', job: 1, done: dropped });
    assert.deepEqual(await done, dropped);
    assert.deepEqual(lines, [['google.com']]);
    assert.equal(desk.busy(), 0);
    assert.deepEqual(said, [
      { kind: 'target', job: 1, target },
      { kind: 'joined', job: 1, long: ['google.com'] },
    ]);
  });

  it('of a lane that is lost tells so, for what it had and what would come', async () => {
    const { desk, answer } = open();
    const before = desk.attempt(target, () => []);
    answer({ kind: 'ask', way: 1, to: wayTo('192.0.2.1') });
    await settle();
    desk.fail(new Error('it is gone'));
    await assert.rejects(before, /it is gone/);
    await assert.rejects(
      desk.attempt(target, () => []),
      /it is gone/,
    );
  });

  it('a lane that is lost holds no door', async () => {
    const main = openVisits(paceOf(), () => 0);
    const said: ToLane[] = [];
    const desk = openDesk(
      (message) => void said.push(message),
      turnsOf(main),
      () => undefined,
    );
    const way = wayTo('192.0.2.1');
    desk.hear({ kind: 'ask', way: 1, to: way });
    await settle();
    assert.deepEqual(said, [{ kind: 'go', way: 1, depth: 'standard' }]);
    desk.fail(new Error('it is gone'));
    await settle();
    const seeing = await main.seeing(way, () => Promise.resolve(observe({ at: 0, endpoint: way.endpoint })));
    assert.equal(seeing.kind, 'seen');
  });
});
