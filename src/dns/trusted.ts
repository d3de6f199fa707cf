/**
 * Answers as a resolver gives them, with what it says of their proof, or with none.
 *
 * RFC 6840 §5.7 and §5.8 (the AD bit), RFC 2308 §2 (what is not there), RFC 8914 (reasons).
 */
import type { Alias, Answer, DnssecStatus, Link } from './answer.ts';
import { ask, type LookUp } from './look-ups.ts';
import type { Message } from './message.ts';
import { childOf, isAtOrBelow, type Name, showName } from './name.ts';
import {
  type ExtendedError,
  isNoSet,
  type Question,
  type RecordType,
  type ResourceRecord,
  types,
} from './record.ts';
import { readName, readSoa } from './records.ts';
import { rrSetsOf } from './rrset.ts';
import { showExtendedError, showRcode, showType } from './show.ts';

/** What the word of the resolver is worth. */
export type Trust =
  /** Nothing: every answer is indeterminate, for this reason. */
  | { readonly kind: 'none'; readonly because: string }
  /** It validates, and its AD bit is believed. */
  | { readonly kind: 'resolver' };

/** More aliases than this lead nowhere. */
const MAX_ALIASES = 10;
/** Seconds for which a look-up without an answer is not repeated (RFC 9520 §3.2). */
const FAILURE_SECONDS = 5;
const MAX_TTL_SECONDS = 86_400;

const NOERROR = 0;
const NXDOMAIN = 3;
/** RFC 8914 §4.7 to §4.13. */
const FIRST_BOGUS = 6;
const LAST_BOGUS = 12;

/** Where a look-up stands on its way along the aliases. */
interface Way {
  readonly question: Question;
  readonly trust: Trust;
  owner: Name;
  status: DnssecStatus;
  ttl: number;
  readonly aliases: Alias[];
  readonly chain: Link[];
  readonly errors: ExtendedError[];
}

/** What one message says of the name at which the way stands. */
type Told =
  | { readonly kind: 'records'; readonly data: readonly Uint8Array[]; readonly ttl: number }
  | { readonly kind: 'alias'; readonly alias: Omit<Alias, 'status'>; readonly ttl: number }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'malformed'; readonly because: string };

/** Looks up a question by the word of the resolver. */
export function* trusted(question: Question, trust: Trust): LookUp<Answer> {
  const way: Way = {
    question,
    trust,
    owner: question.name,
    status: trust.kind === 'none' ? 'indeterminate' : 'secure',
    ttl: MAX_TTL_SECONDS,
    aliases: [],
    chain: [],
    errors: [],
  };
  // Whatever comes is only some of what there is; for ANY see RFC 8482.
  if (isNoSet(question.type)) {
    return unknown(way, 'indeterminate', `a question for ${showType(question.type)} has no certain answer`);
  }
  for (;;) {
    const asked = yield* ask({ name: way.owner, type: question.type });
    if (asked.kind === 'failed') {
      way.errors.push(...asked.errors);
      return unknown(way, 'indeterminate', asked.because);
    }
    const { message, from } = asked;
    way.errors.push(...(message.edns?.errors ?? []));
    if (message.rcode !== NOERROR && message.rcode !== NXDOMAIN) return refused(way, message, from);
    if (isReferral(message)) return unknown(way, 'indeterminate', `${from} resolves nothing for others`);
    const answer = follow(way, message, from);
    if (answer !== undefined) return answer;
  }
}

/** Goes along the aliases of one message. @returns undefined where the end of them is to be asked for. */
function follow(way: Way, message: Message, from: string): Answer | undefined {
  const status = statusOf(way.trust, message);
  const startedAt = way.owner;
  way.status = weaker(way.status, status);
  for (;;) {
    const told = tellOf(message.answers, { name: way.owner, type: way.question.type });
    switch (told.kind) {
      case 'records':
        return found(way, status, told.data, told.ttl, from);
      case 'malformed':
        return unknown(way, way.status, `${from}: ${told.because}`);
      case 'nothing':
        break;
      case 'alias': {
        const { alias } = told;
        const passed = alias.to === way.question.name || way.aliases.some(({ to }) => to === alias.to);
        if (passed)
          return unknown(way, way.status, `the aliases of ${showName(way.question.name)} lead in a circle`);
        if (way.aliases.length === MAX_ALIASES) {
          return unknown(
            way,
            way.status,
            `${showName(way.question.name)} has more than ${MAX_ALIASES} aliases`,
          );
        }
        step(way, alias, status, told.ttl, from);
        continue;
      }
    }
    const soa = message.authority.find(({ type }) => type === types.SOA);
    // Without SOA this may only be as far as the resolver went.
    if (message.rcode === NOERROR && soa === undefined && way.owner !== startedAt) return undefined;
    return absent(way, status, message, from);
  }
}

function step(way: Way, alias: Omit<Alias, 'status'>, status: DnssecStatus, ttl: number, from: string): void {
  way.aliases.push({ ...alias, status });
  const type = alias.by === 'DNAME' ? types.DNAME : types.CNAME;
  const because = `${showName(alias.from)} is an alias of ${showName(alias.to)}; ${saying(way.trust, status, from)}`;
  way.chain.push({ kind: 'alias', name: alias.from, type, status, because });
  way.ttl = Math.min(way.ttl, ttl);
  way.owner = alias.to;
}

function tellOf(answers: readonly ResourceRecord[], { name, type }: Question): Told {
  const sets = rrSetsOf(answers);
  const asked = sets.find((set) => set.name === name && set.type === type);
  if (asked !== undefined) return { kind: 'records', data: asked.data, ttl: asked.ttl };
  const of = (wanted: RecordType) => sets.filter((set) => set.type === wanted);
  const dname = of(types.DNAME).find((set) => set.name !== name && isAtOrBelow(name, set.name));
  if (dname !== undefined) {
    const target = readOne(dname.data);
    const to = target === undefined ? undefined : substituted(name, dname.name, target);
    if (to === undefined)
      return { kind: 'malformed', because: `the DNAME at ${showName(dname.name)} leads nowhere` };
    return { kind: 'alias', alias: { from: name, to, by: 'DNAME' }, ttl: dname.ttl };
  }
  const cname = of(types.CNAME).find((set) => set.name === name);
  if (cname === undefined) return { kind: 'nothing' };
  const to = readOne(cname.data);
  if (to === undefined) return { kind: 'malformed', because: `${showName(name)} has more than one CNAME` };
  return { kind: 'alias', alias: { from: name, to, by: 'CNAME' }, ttl: cname.ttl };
}

/** RFC 2181 §10.1 and RFC 6672 §2.4: there is one only. */
function readOne(data: readonly Uint8Array[]): Name | undefined {
  const [first, ...more] = data;
  return first === undefined || more.length > 0 ? undefined : readName(first);
}

/** RFC 6672 §2.2: the part below the owner stays; undefined where that is too long. */
function substituted(name: Name, owner: Name, target: Name): Name | undefined {
  let labels = name.slice(0, name.length - owner.length);
  const parts: string[] = [];
  while (labels !== '') {
    const length = labels.charCodeAt(0);
    parts.push(labels.slice(1, 1 + length));
    labels = labels.slice(1 + length);
  }
  return parts.reduceRight<Name | undefined>(
    (below, label) => (below === undefined ? undefined : childOf(label, below)),
    target,
  );
}

/** RFC 6840 §5.8: AD says that the resolver takes all of the answer for authentic. */
function statusOf(trust: Trust, message: Message): DnssecStatus {
  if (trust.kind === 'none') return 'indeterminate';
  return message.authenticated ? 'secure' : 'insecure';
}

function weaker(one: DnssecStatus, other: DnssecStatus): DnssecStatus {
  return one === 'secure' ? other : one;
}

function saying(trust: Trust, status: DnssecStatus, from: string): string {
  if (trust.kind === 'none') return trust.because;
  return status === 'secure' ? `${from} has validated it (AD)` : `${from} says that it is not signed (no AD)`;
}

function common(way: Way, because: string): Omit<Extract<Answer, { kind: 'found' }>, 'kind' | 'records'> {
  const { question, status, ttl, owner, aliases, chain, errors } = way;
  // Only whoever checks signatures knows how long they hold.
  const unchecked = { signedSince: null, signedUntil: null };
  return { question, status, ttl, ...unchecked, owner, aliases, chain, because, errors };
}

function found(
  way: Way,
  status: DnssecStatus,
  records: readonly Uint8Array[],
  ttl: number,
  from: string,
): Answer {
  const because = saying(way.trust, status, from);
  way.chain.push({ kind: 'answer', name: way.owner, type: way.question.type, status, because });
  way.ttl = Math.min(way.ttl, ttl);
  return { kind: 'found', ...common(way, because), records };
}

function absent(way: Way, status: DnssecStatus, { rcode, authority }: Message, from: string): Answer {
  const what = rcode === NXDOMAIN ? 'no-such-name' : 'no-such-record';
  const because = `${from} says that there is ${what === 'no-such-name' ? 'no such name' : 'no such record'}; ${saying(way.trust, status, from)}`;
  way.chain.push({ kind: 'denial', name: way.owner, type: way.question.type, status, because });
  const soa = authority.find(({ type }) => type === types.SOA);
  // RFC 2308 §5: without SOA it is not to be remembered.
  way.ttl = soa === undefined ? 0 : Math.min(way.ttl, soa.ttl, readSoa(soa.data)?.minimum ?? 0);
  return { kind: 'absent', what, ...common(way, because) };
}

/** An rcode that says that there is no answer. */
function refused(way: Way, message: Message, from: string): Answer {
  const reasons = (message.edns?.errors ?? []).map(showExtendedError).join(', ');
  const because = `${from} answered ${showRcode(message.rcode)}${reasons === '' ? '' : ` (${reasons})`}`;
  const bogus = way.trust.kind === 'resolver' && saysBogus(message);
  return unknown(way, bogus ? 'bogus' : 'indeterminate', because);
}

/** Whether a resolver gives signatures as the reason for not answering. */
export function saysBogus({ edns }: Message): boolean {
  return edns?.errors.some(({ code }) => code >= FIRST_BOGUS && code <= LAST_BOGUS) === true;
}

/** Whether this is no answer but the names of servers that are to be asked (RFC 2308 §2.2): from no resolver for us. */
export function isReferral({ answers, authority, authoritative }: Message): boolean {
  if (answers.length > 0 || authoritative) return false;
  return authority.some(({ type }) => type === types.NS) && !authority.some(({ type }) => type === types.SOA);
}

function unknown(way: Way, status: DnssecStatus, because: string): Answer {
  way.status = status;
  way.ttl = FAILURE_SECONDS;
  return { kind: 'unknown', ...common(way, because), unproven: [] };
}
