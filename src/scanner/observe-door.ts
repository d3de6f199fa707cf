/** All that is said to one door, on one connection after the other, whoever makes them. It judges nothing. */
import { connectionBudget, type Depth, type Endpoint } from '../findings/endpoint.ts';
import { isTlsSpoken, takenIn } from '../findings/hello-facts.ts';
import type { Observation, Probes, Step, Visit, VisitEnd } from '../findings/observation.ts';
import type { Talk } from '../wire/bytes.ts';
import type { Channel } from '../wire/channel.ts';
import { bounded } from './bounded.ts';
import type { Connected } from './connection.ts';
import { dialectOf } from './dialects.ts';
import { emptyDraft, visitOf } from './draft.ts';
import { helloNameAt } from './hello-name.ts';
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
import { type Doubts, doubtsAfter, hear, isInDoubt, nobodyThere, withoutClosed } from './wordless.ts';

/** How much is looked at. */
export interface Plan {
  readonly depth: Depth;
  /** Whether the owner lets us ask what leaves traces. */
  readonly intrusive: boolean;
  /** Connections at most; never more than the depth has. */
  readonly budget: number;
  /** Awaited before every further connection, with how the last one ended; `stop`: there is no further one. */
  readonly between: (last: VisitEnd) => Promise<'go' | 'stop'>;
  /** Whether every suite is listed, by as many connections as that takes beside the budget; asked where TLS was seen. */
  readonly everySuite?: () => boolean;
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
  const { between } = plan;
  const most = Math.min(plan.budget, connectionBudget[plan.depth]) - 1;
  const further = await askAll(questions, base, { most, between, timeoutMs, clock }, baseMs, knocking);
  const { connections, probes, last } = further;
  const [known] = takenIn({ base, probes });
  const mayList = isDeeper && isTlsSpoken(base, probes) && !isSentAway(last);
  const isListed = mayList && plan.everySuite?.() === true;
  const suites = isListed
    ? { hello: { suites: await listSuites(knocking, between, last, known, clock) } }
    : {};
  return bounded({ endpoint, at, connections: 1 + connections, base, probes: merged(probes, suites) });
}

function knockingAt(endpoint: Endpoint, polite: VisitRequest, talkBy: TalkBy): Knocking {
  const dialect = dialectOf(endpoint.protocol);
  const here = (request: VisitRequest, localAddress: string | undefined): VisitRequest => ({
    ...request,
    helloName: helloNameAt(request.helloName, localAddress),
  });
  return {
    async visit(knock, request = polite) {
      const draft = emptyDraft();
      const connected = await talkBy(
        knock,
        (channel, localAddress) => {
          const other = knock.helloName?.(localAddress);
          const said = other === undefined ? here(request, localAddress) : { ...request, helloName: other };
          return dialect.visit(channel, said, draft);
        },
        () => draft.step,
      );
      return visitOf(connected, draft);
    },
    talk: (talk) =>
      talkBy(
        {},
        (channel, localAddress) => talk(channel, here(polite, localAddress)),
        () => 'probe',
      ),
    async hello(hello, named) {
      const { serverName, alpn } = announced(endpoint, { named });
      const [draft, flight] = [emptyDraft(), emptyFlight()];
      const question = withAlpn(hello(serverName), alpn);
      const connected = await talkBy(
        { named },
        (channel, localAddress) =>
          withHello(dialect.visit(channel, here(polite, localAddress), draft), question, flight),
        () => draft.step,
      );
      const visit = visitOf(connected, draft);
      return { seen: helloOf(visit, flight, question), end: visit.end };
    },
  };
}

/** What has been asked so far. */
interface Asking {
  probes: Probes;
  connections: number;
  last: VisitEnd;
  timeouts: number;
  talkedMs: number;
  /** Why nothing more is asked; undefined: it goes on. */
  stopped: NotTested | undefined;
}

interface AskingTerms extends Pick<DoorTerms, 'timeoutMs' | 'clock'> {
  /** Behind the first one. */
  readonly most: number;
  readonly between: Plan['between'];
}

/** Asks one question after the other, as long as there may be connections and the server lets us in. */
async function askAll(
  questions: readonly Question[],
  base: Visit,
  terms: AskingTerms,
  baseMs: number,
  knocking: Knocking,
): Promise<Pick<Asking, 'probes' | 'connections' | 'last'>> {
  const asking: Asking = {
    probes: {},
    connections: 0,
    last: base.end,
    timeouts: 0,
    talkedMs: baseMs,
    stopped: undefined,
  };
  const doubts = doubtsAfter(base, knocking);
  for (const question of [...questions, undefined]) {
    if (question?.isOpen?.(asking.probes) === false) continue;
    const hindered = question && hindrance(base, question);
    if (hindered === undefined) await askAgain(asking, doubts, question, terms);
    if (question === undefined) continue;
    const before = asking.probes;
    const answered =
      hindered === undefined ? await askOnce(asking, () => question.ask(knocking, before), terms) : undefined;
    if (answered !== undefined) hear(doubts, question, answered.probes, before, knocking);
    const why = hindered ?? asking.stopped;
    const unasked = why === undefined || question.isExtra === true ? {} : question.unasked(why, before);
    asking.probes = merged(before, answered?.probes ?? unasked);
  }
  const { probes, connections, last } = asking;
  return { probes: withoutClosed(probes, doubts, last), connections, last };
}

/** Where it has closed without a word, and it is time to know whether it would close at anything. */
async function askAgain(
  asking: Asking,
  doubts: Doubts,
  next: Question | undefined,
  terms: AskingTerms,
): Promise<void> {
  const { again } = doubts;
  const left = terms.most - asking.connections;
  if (again === undefined || asking.stopped !== undefined || !isInDoubt(doubts, left, next)) return;
  const answered = await askOnce(asking, again, terms);
  if (answered?.heard === 'answer') doubts.closed = [];
  else if (answered !== undefined) asking.stopped ??= nobodyThere(answered.end);
}

/** @returns undefined where nobody is asked any more, which is then said. */
async function askOnce<Answered extends { readonly end: VisitEnd }>(
  asking: Asking,
  ask: () => Promise<Answered>,
  { most, between, timeoutMs, clock }: AskingTerms,
): Promise<Answered | undefined> {
  const { connections, last } = asking;
  if (asking.stopped !== undefined) return undefined;
  if (connections >= most) asking.stopped = spent(most + 1, last);
  else if ((await between(last)) === 'stop') asking.stopped = notTested(last);
  if (asking.stopped !== undefined) return undefined;
  asking.connections += 1;
  const began = clock();
  const answered = await ask();
  asking.talkedMs += clock() - began;
  asking.last = answered.end;
  // Without this, a server that answers each time just before its time is up would keep us for all connections there are.
  if (asking.talkedMs > MOST_TALKS * timeoutMs) asking.stopped = tooSlow(asking.talkedMs, answered.end);
  if (answered.end.kind === 'timeout') asking.timeouts += 1;
  if (asking.timeouts === MOST_TIMEOUTS) asking.stopped = notTested(answered.end);
  return answered;
}

function tooSlow(ms: number, end: VisitEnd): NotTested {
  const because = `it has taken ${Math.round(ms / 1000)} s so far, and no more is waited for`;
  return { kind: 'not-tested', because, end };
}

function spent(connections: number, end: VisitEnd): NotTested {
  return { kind: 'not-tested', because: `${connections} connections are all that there may be`, end };
}
