/** All that an observer says to one door, on all connections that there may be, to a server in memory. */
import assert from 'node:assert/strict';
import { connectionBudget, type Depth } from '../../../src/findings/endpoint.ts';
import type { Observation } from '../../../src/findings/observation.ts';
import { observeDoor, type TalkBy } from '../../../src/scanner/observe-door.ts';
import { Channel } from '../../../src/wire/channel.ts';
import type { Random } from '../dns/random.ts';
import { endpointOf, now } from '../observations.ts';
import { corpus, type Scene } from './book.ts';
import { flightTurn, isHello } from './hellos.ts';
import { hostileTurn } from './hostile.ts';
import { talkInMemory } from './memory.ts';
import { goodHandshake, hostileHandshake, PEER, serverOf, TIMEOUT_MS } from './play.ts';

/** In a thousand: how often a moment is hostile. Some servers are right in nearly all they do, some in nothing. */
const HOSTILITIES = [0, 20, 100, 300, 1_000];
/** What a visit may take beyond its time: the connection that is under way as it ends. */
const MOST_TALKS = 4;

export interface Whole {
  readonly observation: Observation;
  readonly depth: Depth;
}

export async function playWhole({ protocol, task, answers }: Scene, random: Random): Promise<Whole> {
  const depth = random.pick(['quick', 'standard', 'deep', 'deep'] as const) ?? 'deep';
  const hostility = random.pick(HOSTILITIES) ?? 0;
  const isHostile = (): boolean => random.below(1_000) < hostility;
  const tls = task.includes('implicit') ? 'implicit' : 'starttls';
  const everySuite = random.below(100) === 0;
  let [clock, connections] = [0, 0];
  const talkBy: TalkBy = (_, talk, step) => {
    connections += 1;
    const server = serverOf(
      { protocol, answers },
      (_at, honest) => (isHostile() ? hostileTurn(random, honest, corpus) : undefined),
      () => (isHostile() ? hostileHandshake(random) : goodHandshake),
      [],
    );
    const played = talkInMemory(
      talk(new Channel(PEER), '127.0.0.1'),
      step,
      {
        handshake: server.handshake,
        turn: (said, inside) => (isHello(said) ? flightTurn(random, isHostile()) : server.turn(said, inside)),
      },
      TIMEOUT_MS,
    );
    clock += played.ms;
    return Promise.resolve(played);
  };
  const endpoint = endpointOf({
    protocol: protocol === 'smtp' && tls === 'implicit' ? 'submission' : protocol,
    tls,
  });
  const observation = await observeDoor(
    endpoint,
    {
      depth,
      intrusive: random.below(2) === 0,
      budget: 1 + random.below(16),
      between: () => Promise.resolve(random.below(100) === 0 ? 'stop' : 'go'),
      everySuite: () => everySuite,
    },
    { helloName: 'probe.example.test', timeoutMs: TIMEOUT_MS, now: () => now, clock: () => clock },
    talkBy,
  );
  if (!everySuite) {
    assert.equal(observation.connections, connections);
    assert.ok(connections <= connectionBudget[depth], `${connections} connections`);
    assert.ok(clock <= MOST_TALKS * TIMEOUT_MS, `it has taken ${clock} ms`);
  } else assert.ok(connections <= connectionBudget[depth] + 1_000, `${connections} connections`);
  return { observation, depth };
}
