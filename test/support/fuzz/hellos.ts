/** Hellos of our own, said to servers in memory that answer with flights of real ones, and with what was done to those. */
import type { CheckProtocol } from '../../../src/findings/endpoint.ts';
import { checkProtocols } from '../../../src/findings/endpoint.ts';
import type { HelloProbes } from '../../../src/findings/hello-seen.ts';
import { dialectOf } from '../../../src/scanner/dialects.ts';
import { emptyDraft, visitOf } from '../../../src/scanner/draft.ts';
import { emptyFlight, helloOf, withHello } from '../../../src/scanner/raw-hello.ts';
import type { Question } from '../../../src/tls/hello/questions.ts';
import { Channel } from '../../../src/wire/channel.ts';
import { type Recording, recordings } from '../../unit/tls/hello/recordings.ts';
import type { Random } from '../dns/random.ts';
import { observe } from '../observations.ts';
import { requestOf } from '../visit-transcript.ts';
import { corpus, type Scene, scenes } from './book.ts';
import { honestTurn, hostileTurn, type Turn } from './hostile.ts';
import { talkInMemory } from './memory.ts';
import { goodHandshake, PEER, type PlayedScene, serverOf, TIMEOUT_MS } from './play.ts';

const flights: readonly Buffer[] = recordings.map(({ octets }) => octets);
/** Mostly other flights, and now and then words of other protocols. */
const mixed: readonly Buffer[] = [...flights, ...corpus];

/** A question of which flights were recorded, and where the answer to it belongs. */
export interface HelloStep {
  readonly name: string;
  readonly place: Exclude<keyof HelloProbes, 'suites'>;
  readonly question: Question;
  readonly flights: readonly Buffer[];
}

const places: Readonly<Record<string, HelloStep['place']>> = {
  retry: 'retry',
  weak: 'weakFirst',
  'TLS 1.1': 'old',
  'TLS 1.0': 'older',
  'SSL 3.0': 'ssl3',
  'SSL 2.0': 'ssl2',
  primes: 'prime',
  large: 'large',
  fallback: 'fallback',
  'only anon': 'anonymous',
  'only rc4': 'weak',
  'all of TLS 1.2': 'bestFirst',
  'all of TLS 1.3': 'weakNamed',
};

export const helloSteps: readonly HelloStep[] = Object.entries(places).flatMap(([name, place]) => {
  const found = recordings.filter((one) => one.name === name);
  const [first] = found;
  if (first === undefined) return [];
  return [{ name, place, question: first.question, flights: found.map(({ octets }: Recording) => octets) }];
});

/** Each protocol by STARTTLS, as far as its server comes to the go-ahead, and each with TLS at once. */
const doors: readonly { readonly scene: Scene; readonly words: readonly string[] }[] = scenes
  .filter(({ task }) => task.startsWith('visit'))
  .map((scene) => ({ scene, words: scene.task.includes('implicit') ? ['implicit'] : [] }));

/** How many kinds of doors there are: each stands before a hello. */
export const helloDoors = doors.length;

/** Says the hello at one of the doors. @param door the number of it. */
export function playHello(step: HelloStep, door: number, random: Random): PlayedScene {
  const { scene, words } = doors[door % doors.length] ?? {
    scene: { protocol: 'smtp', answers: new Map() },
    words: [],
  };
  const [draft, flight] = [emptyDraft(), emptyFlight()];
  const request = requestOf(words);
  const visit = dialectOf(scene.protocol).visit(new Channel(PEER), request, draft);
  let isSaid = false;
  const server = serverOf(
    scene,
    (_, honest) => {
      if (!isSaid) return undefined;
      const told = random.pick(step.flights) ?? honest;
      return hostileTurn(random, told, mixed);
    },
    () => goodHandshake,
    [],
  );
  const played = talkInMemory(
    withHello(visit, step.question, flight),
    () => draft.step,
    {
      handshake: server.handshake,
      turn(said, inside) {
        isSaid ||= isHello(said);
        return server.turn(said, inside);
      },
    },
    TIMEOUT_MS,
  );
  const seen = helloOf(visitOf(played, draft), flight, step.question);
  return {
    observation: withAnswer(step.place, seen, scene.protocol, request.tls),
    ms: played.ms,
    octets: played.octets,
  };
}

function withAnswer(
  place: HelloStep['place'],
  seen: ReturnType<typeof helloOf>,
  protocol: CheckProtocol,
  tls: 'starttls' | 'implicit',
): PlayedScene['observation'] {
  const spoken = protocol === 'smtp' && tls === 'implicit' ? 'submission' : protocol;
  const port = checkProtocols[spoken][tls] ?? 4_567;
  return observe({ endpoint: { protocol: spoken, tls, port }, probes: { hello: answerAt(place, seen) } });
}

function answerAt(place: HelloStep['place'], seen: ReturnType<typeof helloOf>): HelloProbes {
  if (place === 'weak') return { weak: [seen.kind === 'seen' ? { ...seen, without: [] } : seen] };
  if (place === 'fallback') return { fallback: seen.kind === 'seen' ? { ...seen, version: 0x0302 } : seen };
  if (place === 'large') return { large: seen.kind === 'seen' ? { ...seen, octets: 2_048 } : seen };
  return { [place]: seen };
}

/** Of TLS or SSL 3.0 by its record, of SSL 2.0 by the first octets of its message. */
export function isHello(said: Buffer): boolean {
  return (said[0] === 0x16 && said[1] === 0x03) || (said[0] === 0x80 && said[2] === 0x01);
}

/** What a server answers to a hello: a flight of a real one, of this question or of another. */
export function flightTurn(random: Random, isHostile: boolean): Turn {
  const told = random.pick(flights) ?? Buffer.alloc(0);
  return isHostile ? hostileTurn(random, told, mixed) : honestTurn(told);
}
