/**
 * Hostile servers over sockets, with a handshake that is real where they let it come about: what an observer makes of them.
 *
 * Far more of them are in memory, in `test/unit/scanner/observe-door.test.ts`. `FUZZ_VISITS` says how many of each protocol (1),
 * `FUZZ_SEED` which (1).
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { createSecureContext, TLSSocket } from 'node:tls';
import { connectionBudget } from '../../../src/findings/endpoint.ts';
import { openObserver } from '../../../src/scanner/observe.ts';
import type { Plan } from '../../../src/scanner/observe-door.ts';
import { createAuthority } from '../../support/certificates.ts';
import { type Random, randomOf } from '../../support/dns/random.ts';
import { corpus, type Scene, scenes } from '../../support/fuzz/book.ts';
import { flightTurn, isHello } from '../../support/fuzz/hellos.ts';
import { hostileTurn, type Turn } from '../../support/fuzz/hostile.ts';
import { assertJudged, assertKept } from '../../support/fuzz/judged.ts';
import { goodHandshake, type Moment, PEER, serverOf } from '../../support/fuzz/play.ts';
import { endpointOf } from '../../support/observations.ts';

const VISITS = Number(process.env['FUZZ_VISITS'] ?? 1);
const SEED = Number(process.env['FUZZ_SEED'] ?? 1);
const TIMEOUT_MS = 300;
/** Beside what connections may take, on a busy host. */
const SLACK_MS = 5_000;
/** In a hundred: how often a moment is hostile. */
const HOSTILITIES = [5, 20, 60];
const LONGEST_DELAY_MS = 400;

const { certPem, keyPem } = await (await createAuthority()).issue({ names: [PEER] });
const context = createSecureContext({ cert: certPem, key: keyPem });

/** Follows the scene on one connection. */
function serve(plain: Socket, scene: Scene, random: Random): void {
  const hostility = random.pick(HOSTILITIES) ?? 0;
  const isHostile = (): boolean => random.below(100) < hostility;
  const moments: Moment[] = [];
  const server = serverOf(
    scene,
    (_, honest) => (isHostile() ? hostileTurn(random, honest, corpus) : undefined),
    () => goodHandshake,
    moments,
  );
  let isOver = false;
  const act = (socket: Socket, turn: Turn): void => {
    isOver = turn.finally !== 'wait';
    void say(plain, socket, turn);
  };
  const listen = (socket: Socket, inside: boolean): void => {
    socket.on('error', () => plain.destroy());
    socket.on('data', (said: Buffer) => {
      if (isOver) return;
      if (inside || !isHello(said)) return act(socket, server.turn(said, inside));
      if (isHostile()) return act(socket, flightTurn(random, true));
      socket.removeAllListeners('data');
      socket.pause();
      socket.unshift(said);
      secure();
    });
    act(socket, server.turn(Buffer.alloc(0), inside));
  };
  const secure = (): void => {
    const secured = new TLSSocket(plain, { isServer: true, secureContext: context });
    secured.on('error', () => plain.destroy()).on('_tlsError', () => plain.destroy());
    secured.once('secure', () => listen(secured, true));
  };
  plain.on('error', () => plain.destroy());
  if (scene.task.includes('implicit'))
    plain.once('readable', () => (isHostile() ? listen(plain, false) : secure()));
  else listen(plain, false);
}

async function say(plain: Socket, socket: Socket, { slices, delayMs, finally: last }: Turn): Promise<void> {
  const pause = (): Promise<unknown> =>
    new Promise((resolve) => setTimeout(resolve, Math.min(delayMs, LONGEST_DELAY_MS)));
  for (const slice of slices) {
    if (delayMs > 1) await pause();
    if (!socket.writable) return;
    socket.write(slice);
  }
  if (last === 'close') socket.end();
  if (last === 'reset') plain.resetAndDestroy();
  const again = slices.at(-1);
  while (last === 'endless' && again !== undefined && socket.writable) {
    if (!socket.write(again)) await Promise.race([once(socket, 'drain'), once(socket, 'close')]);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function portOf(t: TestContext, scene: Scene, seed: number, count: () => number): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    serve(socket, scene, randomOf(seed + count()));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const bound = server.address();
  assert.ok(bound !== null && typeof bound !== 'string');
  return bound.port;
}

async function visit(t: TestContext, scene: Scene, seed: number): Promise<void> {
  let connections = 0;
  const port = await portOf(t, scene, seed, () => {
    connections += 1;
    return connections;
  });
  const observer = openObserver({
    helloName: 'probe.example.test',
    roots: [],
    timeoutMs: TIMEOUT_MS,
    now: () => Date.now(),
  });
  t.after(() => observer.close());
  const depth = 'standard';
  const tls = scene.task.includes('implicit') ? 'implicit' : 'starttls';
  const protocol = scene.protocol === 'smtp' && tls === 'implicit' ? 'submission' : scene.protocol;
  const endpoint = endpointOf({ address: '127.0.0.1', port, protocol, tls, serverName: PEER });
  const plan: Plan = { depth, intrusive: false, budget: 16, between: () => Promise.resolve('go') };
  const began = performance.now();
  const observation = await observer.observe(endpoint, plan);
  const ms = performance.now() - began;
  assert.ok(ms < TIMEOUT_MS * connectionBudget[depth] + SLACK_MS, `it took ${ms} ms`);
  assert.ok(connections <= connectionBudget[depth], `${connections} connections`);
  assertKept(observation);
  await assertJudged(observation, depth, randomOf(seed));
}

describe(`a hostile server over a socket, ${VISITS} times of each kind, seed ${SEED}`, () => {
  for (const [index, scene] of scenes.entries()) {
    if (!scene.task.startsWith('visit')) continue;
    it(`${scene.protocol}, ${scene.task}`, async (t) => {
      const seeds = Array.from({ length: VISITS }, (_, nth) => SEED + index * 7_919 + nth * 104_729);
      await Promise.all(seeds.map((seed) => visit(t, scene, seed)));
    });
  }
});
