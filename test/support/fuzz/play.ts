/** One dialogue of a dialect with a server in memory, which is as real ones are up to a step, and hostile there. */
import assert from 'node:assert/strict';
import type { CheckProtocol } from '../../../src/findings/endpoint.ts';
import { checkProtocols } from '../../../src/findings/endpoint.ts';
import type { Observation, ObservedTls } from '../../../src/findings/observation.ts';
import type { Connected } from '../../../src/scanner/connection.ts';
import { dialectOf } from '../../../src/scanner/dialects.ts';
import { emptyDraft, visitOf } from '../../../src/scanner/draft.ts';
import { notTested } from '../../../src/scanner/probes.ts';
import type { VisitRequest } from '../../../src/scanner/visit.ts';
import { Channel } from '../../../src/wire/channel.ts';
import { printable } from '../../../src/wire/dialogue.ts';
import type { Random } from '../dns/random.ts';
import { observe, tlsSeen } from '../observations.ts';
import { requestOf } from '../visit-transcript.ts';
import { type Answers, corpus, known, type Scene, turnKey } from './book.ts';
import { honestTurn, hostileTurn, type Turn } from './hostile.ts';
import { type MemoryServer, talkInMemory } from './memory.ts';

export const TIMEOUT_MS = 30_000;
export const PEER = 'mx1.example.test';

/** A moment at which a server speaks, or a handshake is made. */
export interface Moment {
  readonly kind: 'turn' | 'handshake';
  /** What went before. */
  readonly name: string;
}

/** Something that a server says at a moment; undefined where it is as it should be. */
export type Meddling = (moment: number, honest: Buffer) => Turn | undefined;
type Handshake = ReturnType<MemoryServer['handshake']>;

/** A server of the scene. @param moments is told each of its moments as it comes. */
export function serverOf(
  { protocol, answers }: Pick<Scene, 'protocol' | 'answers'>,
  meddle: Meddling,
  handshake: (moment: number) => Handshake,
  moments: Moment[],
): MemoryServer {
  return {
    turn(said, inside) {
      const at = moments.length;
      moments.push({ kind: 'turn', name: nameOf(said, inside) });
      const honest = answerTo(said, inside, answers, protocol);
      return meddle(at, honest) ?? honestTurn(honest);
    },
    handshake() {
      moments.push({ kind: 'handshake', name: 'the handshake' });
      return handshake(moments.length - 1);
    },
  };
}

function nameOf(said: Buffer, inside: boolean): string {
  if (said.length === 0) return inside ? 'behind the handshake' : 'at the beginning';
  return `after ${printable(said.subarray(0, 32)).trim()}${inside ? ' inside TLS' : ''}`;
}

const nothing = Buffer.alloc(0);

function answerTo(said: Buffer, inside: boolean, answers: Answers, protocol: CheckProtocol): Buffer {
  const key = turnKey(said, inside);
  // Where TLS comes first nothing is said before it.
  return answers.get(key) ?? (said.length === 0 ? undefined : known.get(protocol)?.get(key)) ?? nothing;
}

export const goodHandshake: Handshake = { kind: 'secured', facts: tlsSeen() };

/** A handshake as a hostile server has it. */
export function hostileHandshake(random: Random): Handshake {
  const kind = random.below(10);
  if (kind < 6) return { kind: 'secured', facts: oddFacts(random) };
  const alert = kind < 9 ? random.pick(alerts) : undefined;
  if (kind < 9) return { kind: 'tlsFailed', because: random.pick(failures) ?? 'x', alert };
  return { kind: 'stray', bytes: random.pick(corpus) ?? nothing };
}

const alerts = ['handshake failure', 'unrecognized name', 'protocol version', 'internal error', undefined];
const failures = ['sslv3 alert handshake failure', 'the peer closed the connection', 'wrong version number'];
const versions = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3', 'unknown'];
const ciphers = ['TLS_AES_256_GCM_SHA384', 'TLS_RSA_WITH_3DES_EDE_CBC_SHA', 'TLS_RSA_WITH_NULL_SHA', 'x'];
const groups = ['X25519MLKEM768', 'prime256v1', 'ffdhe2048', 'x', null];
const paths: readonly ObservedTls['path'][] = [
  { kind: 'trusted' },
  { kind: 'absent' },
  { kind: 'untrusted', code: 'CERT_HAS_EXPIRED' },
  { kind: 'untrusted', code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
  { kind: 'untrusted', code: 'X' },
];

/** What no library would let through to us is possible as well. */
function oddFacts(random: Random): ObservedTls {
  const usual = tlsSeen();
  const chain = usual.chain.flatMap((der) => {
    const way = random.below(8);
    if (way === 0) return [];
    if (way === 1) return [der.subarray(0, random.below(der.length))];
    const octets = Buffer.from(der);
    if (way < 5) octets[random.below(octets.length)] = random.below(256);
    return way === 2 ? [octets, octets] : [octets];
  });
  return {
    version: random.pick(versions) ?? '',
    cipher: random.pick(ciphers) ?? '',
    group: random.pick(groups) ?? null,
    chain,
    path: random.pick(paths) ?? { kind: 'absent' },
    serverName: random.below(4) === 0 ? null : PEER,
    alpn: random.pick(['http/1.1', 'xmpp-client', null]) ?? null,
  };
}

/** How long one was at it, and what was seen of it. */
export interface PlayedScene {
  readonly observation: Observation;
  readonly ms: number;
  readonly octets: number;
}

/** Does the task of a scene, as the observer does, and places what came of it in an observation. */
export function playScene({ protocol, task }: Scene, server: MemoryServer): PlayedScene {
  const [verb = '', ...words] = task.split(' ');
  const request = requestOf(words);
  const channel = new Channel(PEER);
  const dialect = dialectOf(protocol);
  if (verb === 'visit') {
    const draft = emptyDraft();
    const played = talkInMemory(dialect.visit(channel, request, draft), () => draft.step, server, TIMEOUT_MS);
    return placed(played, { base: visitOf(played, draft) }, protocol, request);
  }
  const { injection, state, intrusive } = dialect;
  const ask = { injection, state, intrusive }[verb] ?? assert.fail(`${protocol} has no ${verb}`);
  const played = talkInMemory<object>(ask(channel, request), () => 'probe', server, TIMEOUT_MS);
  return placed(played, { probes: { [verb]: probed(verb, played) } }, protocol, request);
}

function probed(verb: string, { talked, transcript }: Connected<object>): object | undefined {
  const none = verb === 'intrusive' ? { vrfy: null, expn: null, relay: null } : undefined;
  if (talked.kind === 'ended') return none ?? notTested(talked.end);
  const { outcome } = talked;
  if ('kind' in outcome) return none ?? { kind: 'not-tested', because: 'it ended', end: outcome };
  return verb === 'intrusive' ? outcome : { kind: 'seen', ...outcome, transcript };
}

function placed(
  { ms, octets }: { readonly ms: number; readonly octets: number },
  seen: Pick<Parameters<typeof observe>[0] & object, 'base' | 'probes'>,
  protocol: CheckProtocol,
  { tls }: VisitRequest,
): PlayedScene {
  // SMTP with TLS at once is that of submission.
  const spoken = protocol === 'smtp' && tls === 'implicit' ? 'submission' : protocol;
  const port = checkProtocols[spoken][tls] ?? 4_567;
  return { observation: observe({ endpoint: { protocol: spoken, tls, port }, ...seen }), ms, octets };
}

/** The moments of the scene where nobody meddles. */
export function momentsOf(scene: Scene): readonly Moment[] {
  const moments: Moment[] = [];
  playScene(
    scene,
    serverOf(
      scene,
      () => undefined,
      () => goodHandshake,
      moments,
    ),
  );
  return moments;
}

/** Plays the scene with one moment of it hostile, and now and then those behind it. */
export function playHostile(scene: Scene, hostile: number, random: Random): PlayedScene {
  const isHostile = (at: number): boolean => at === hostile || (at > hostile && random.below(5) === 0);
  const meddle: Meddling = (at, honest) => (isHostile(at) ? hostileTurn(random, honest, corpus) : undefined);
  const handshake = (at: number): Handshake => (isHostile(at) ? hostileHandshake(random) : goodHandshake);
  return playScene(scene, serverOf(scene, meddle, handshake, []));
}
