/** All that is said to one door, on one connection after the other, whoever makes them. It judges nothing. */
import { connectionBudget, type Depth, type Endpoint } from '../findings/endpoint.ts';
import { isTlsSpoken } from '../findings/hello-facts.ts';
import type { Observation, Probes, Step, Visit, VisitEnd } from '../findings/observation.ts';
import type { Talk } from '../wire/bytes.ts';
import type { Channel } from '../wire/channel.ts';
import type { Connected } from './connection.ts';
import { dialectOf } from './dialects.ts';
import { emptyDraft, visitOf } from './draft.ts';
import { listSuites } from './list-suites.ts';
import { merged } from './merged.ts';
import { isSentAway } from './pace.ts';
import {
  hindrance,
  type Knock,
  type Knocking,
  type NotTested,
  notTested,
  type Question,
  questionsFor,
} from './probes.ts';
import { emptyFlight, helloOf, withAlpn, withHello } from './raw-hello.ts';
import type { VisitRequest } from './visit.ts';

/** How much is looked at. */
export interface Plan {
  readonly depth: Depth;
  /** Whether the owner lets us ask what leaves traces. */
  readonly intrusive: boolean;
  /** Connections at most; never more than the depth has. */
  readonly budget: number;
  /** Awaited before every further connection, with how the last one ended; `stop`: there is no further one. */
  readonly between: (last: VisitEnd) => Promise<'go' | 'stop'>;
  /** Whether every suite is listed, by as many connections as that takes beside the budget. */
  readonly everySuite?: boolean;
}

/**
 * Makes a connection and runs a dialogue on it. It never rejects for what the server or the network does.
 *
 * @param step where the dialogue is, asked when it breaks off.
 */
export type TalkBy = <Outcome>(
  knock: Knock,
  talk: (channel: Channel, localAddress: string | undefined) => Talk<Outcome>,
  step: () => Step,
) => Promise<Connected<Outcome>>;

export interface DoorTerms {
  /** Our name for EHLO and LHLO: a domain in ASCII form or an address literal. */
  readonly helloName: string;
  /** Milliseconds for one connection, from its beginning to its end. */
  readonly timeoutMs: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds, from any beginning. */
  readonly clock: () => number;
}

/** All that is said to one door takes no longer than so many connections at most may, and the one that is under way then. */
const MOST_TALKS = 3;
/** One question may be what a server hangs at. Connections that are left hanging are what clients are banned for. */
const MOST_TIMEOUTS = 2;

/** What a handshake names: the server, and the protocol where it does. */
export function announced(
  { serverName, tls, protocol }: Endpoint,
  { named = true, alpn: asked }: Knock,
): { readonly serverName: string | null; readonly alpn?: readonly string[] } {
  const alpn = asked ?? (tls === 'implicit' ? dialectOf(protocol).alpn : undefined);
  return { serverName: named ? serverName : null, ...(alpn === undefined ? {} : { alpn }) };
}

/** Visits one door. */
export async function observeDoor(
  endpoint: Endpoint,
  plan: Plan,
  { helloName, now, clock, timeoutMs }: DoorTerms,
  talkBy: TalkBy,
): Promise<Observation> {
  const { protocol, tls, serverName } = endpoint;
  const at = now();
  const dialect = dialectOf(protocol);
  const polite: VisitRequest = {
    helloName,
    tls,
    to: serverName,
    curious: false,
    intrusive: false,
    clock,
  };
  const knocking = knockingAt(endpoint, polite, talkBy);
  const isDeeper = plan.depth !== 'quick';
  const began = clock();
  const base = await knocking.visit({}, { ...polite, curious: isDeeper, intrusive: plan.intrusive });
  const baseMs = clock() - began;
  const questions = isDeeper
    ? questionsFor(base, {
        dialect,
        deep: plan.depth === 'deep',
        intrusive: plan.intrusive,
        startTls: tls === 'starttls',
        named: serverName !== null,
        saysHello: protocol === 'smtp' || protocol === 'submission' || protocol === 'lmtp',
        helloName,
      })
    : [];
  const further = await askAll(questions, base, plan, { timeoutMs, clock, baseMs }, knocking);
  const { connections, probes, last } = further;
  const isListed = plan.everySuite === true && isDeeper && isTlsSpoken(base, probes) && !isSentAway(last);
  const suites = isListed ? { hello: { suites: await listSuites(knocking, plan.between, last) } } : {};
  return { endpoint, at, connections: 1 + connections, base, probes: merged(probes, suites) };
}

function knockingAt(endpoint: Endpoint, polite: VisitRequest, talkBy: TalkBy): Knocking {
  const dialect = dialectOf(endpoint.protocol);
  return {
    async visit(knock, request = polite) {
      const draft = emptyDraft();
      const connected = await talkBy(
        knock,
        (channel, localAddress) => {
          const helloName = knock.helloName?.(localAddress) ?? request.helloName;
          return dialect.visit(channel, { ...request, helloName }, draft);
        },
        () => draft.step,
      );
      return visitOf(connected, draft);
    },
    talk: (talk) =>
      talkBy(
        {},
        (channel) => talk(channel, polite),
        () => 'probe',
      ),
    async hello(hello, named) {
      const { serverName, alpn } = announced(endpoint, { named });
      const [draft, flight] = [emptyDraft(), emptyFlight()];
      const question = withAlpn(hello(serverName), alpn);
      const connected = await talkBy(
        { named },
        (channel) => withHello(dialect.visit(channel, polite, draft), question, flight),
        () => draft.step,
      );
      const visit = visitOf(connected, draft);
      return { seen: helloOf(visit, flight, question), end: visit.end };
    },
  };
}

/** Asks one question after the other, as long as there may be connections and the server lets us in. */
async function askAll(
  questions: readonly Question[],
  base: Visit,
  { depth, budget, between }: Plan,
  { timeoutMs, clock, baseMs }: Pick<DoorTerms, 'timeoutMs' | 'clock'> & { readonly baseMs: number },
  knocking: Knocking,
): Promise<{ readonly probes: Probes; readonly connections: number; readonly last: VisitEnd }> {
  const most = Math.min(budget, connectionBudget[depth]) - 1;
  let probes: Probes = {};
  let connections = 0;
  let last = base.end;
  let timeouts = 0;
  let talkedMs = baseMs;
  let stopped: NotTested | undefined;
  for (const question of questions) {
    if (question.isOpen?.(probes) === false) continue;
    const left = (why: NotTested): Probes => (question.isExtra === true ? {} : question.unasked(why));
    const why = stopped ?? hindrance(base, question);
    if (why !== undefined) {
      probes = merged(probes, left(why));
      continue;
    }
    if (connections >= most) stopped = spent(most + 1, last);
    else if ((await between(last)) === 'stop') stopped = notTested(last);
    if (stopped !== undefined) {
      probes = merged(probes, left(stopped));
      continue;
    }
    connections += 1;
    const began = clock();
    const answered = await question.ask(knocking, probes);
    talkedMs += clock() - began;
    probes = merged(probes, answered.probes);
    last = answered.end;
    // Without this, a server that answers each time just before its time is up would keep us for all connections there are.
    if (talkedMs > MOST_TALKS * timeoutMs) stopped = tooSlow(talkedMs, last);
    if (last.kind === 'timeout') timeouts += 1;
    if (timeouts === MOST_TIMEOUTS) stopped = notTested(last);
  }
  return { probes, connections, last };
}

function tooSlow(ms: number, end: VisitEnd): NotTested {
  const because = `it has taken ${Math.round(ms / 1000)} s so far, and no more is waited for`;
  return { kind: 'not-tested', because, end };
}

function spent(connections: number, end: VisitEnd): NotTested {
  return { kind: 'not-tested', because: `${connections} connections are all that there may be`, end };
}
