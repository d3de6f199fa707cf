/** Domains of every kind, what the DNS says of them, and what a Postfix 3.7 is to be told: for histories of many look-ups. */
import type { Answer } from '../../src/dns/answer.ts';
import { showName, nameOf as wireNameOf } from '../../src/dns/name.ts';
import { type Question, types } from '../../src/dns/record.ts';
import { nameOf, tlsaData } from './destinations.ts';

/** What a domain is. */
export type Kind = (typeof kinds)[number];

const kinds = [
  'dane',
  'dane two',
  'mixed',
  'half',
  'unusable',
  'sts',
  'sts and mixed',
  'testing',
  'plain',
  'nowhere',
] as const;

/** Those that become one another: where there is no MTA-STS, nothing outlives its records. */
const changing: readonly Kind[] = ['dane', 'dane two', 'mixed', 'half', 'unusable', 'plain', 'nowhere'];
const CHANGE_EVERY_MS = 30 * 60_000;
/** Of all records of a domain. */
const TTL_SECONDS = [0, 1, 30, 300, 7_200];

/** @param name of a domain, or one below it. */
export function numberOf(name: string): number {
  const [, digits] = /d(\d+)\.test$/.exec(name) ?? [];
  return Number(digits ?? 0);
}

export function kindOf(number: number, now: number): Kind {
  const kind = kinds[number % kinds.length] ?? 'plain';
  const at = changing.indexOf(kind);
  // Not all of them at once.
  const turns = Math.floor(now / CHANGE_EVERY_MS + (number % 97) / 97);
  return at === -1 ? kind : (changing[(at + turns) % changing.length] ?? kind);
}

export function ttlOf(number: number): number {
  return TTL_SECONDS[Math.floor(number / kinds.length) % TTL_SECONDS.length] ?? 0;
}

const secure = (name: string): string => `OK secure match=${name} servername=hostname`;

/** Where all can be learnt. */
export function expected(kind: Kind, domain: string): string {
  switch (kind) {
    case 'dane':
    case 'dane two':
      return 'OK dane-only';
    case 'mixed':
    case 'half':
      return 'OK dane';
    case 'unusable':
      return 'OK encrypt';
    case 'sts':
    case 'sts and mixed':
      return secure(`.${domain}`);
    case 'testing':
    case 'plain':
    case 'nowhere':
      return 'NOTFOUND ';
  }
}

/**
 * Where some of it could not: what asks for no less at those hosts of which all is known, and leaves out those of which it is not.
 *
 * @param unseen a policy of MTA-STS that nobody could fetch yet, so that there is none (RFC 8461 §5.1).
 */
export function partial(kind: Kind, domain: string, unseen: boolean): readonly string[] {
  switch (kind) {
    case 'mixed':
      return ['OK dane', 'OK dane-only'];
    case 'sts':
      return unseen ? ['NOTFOUND '] : [expected(kind, domain)];
    case 'sts and mixed':
      return unseen
        ? ['OK dane', 'OK dane-only']
        : [expected(kind, domain), 'OK dane-only', secure(`b.${domain}`)];
    default:
      return [expected(kind, domain)];
  }
}

/** What the DNS says. @param isLost nothing: it fails. */
export function dnsAnswer(question: Question, now: number, isLost: boolean): Answer {
  const name = showName(question.name);
  const number = numberOf(name);
  const kind = kindOf(number, now);
  const isSigned = kind !== 'half' && kind !== 'sts' && kind !== 'testing';
  const isAboutMx = question.type === types.MX || question.type === types.TXT;
  const status = isSigned || (kind === 'half' && !isAboutMx) ? 'secure' : 'insecure';
  const common = {
    question,
    status,
    ttl: ttlOf(number),
    owner: question.name,
    aliases: [],
    signedSince: null,
    signedUntil: null,
    chain: [],
    because: 'of the test',
    errors: [],
  } as const;
  if (isLost) return { ...common, status: 'indeterminate', kind: 'unknown', unproven: [] };
  const records = recordsOf(name, question.type, kind);
  if (records === undefined) return { ...common, kind: 'absent', what: 'no-such-name' };
  return records.length === 0
    ? { ...common, kind: 'absent', what: 'no-such-record' }
    : { ...common, kind: 'found', records };
}

/** @returns undefined where the name does not exist. */
function recordsOf(name: string, type: number, kind: Kind): readonly Uint8Array[] | undefined {
  if (kind === 'nowhere') return undefined;
  const domain = /d\d+\.test$/.exec(name)?.[0] ?? '';
  const isSecond = name.includes('b.d');
  const hasTwo = kind === 'dane two' || kind === 'mixed' || kind === 'sts and mixed';
  switch (type) {
    case types.MX:
      return [mx(10, `a.${domain}`), ...(hasTwo ? [mx(20, `b.${domain}`)] : [])];
    case types.A:
      return [Uint8Array.of(192, 0, 2, 1)];
    case types.TXT: {
      const text = 'v=STSv1; id=1;';
      const has = kind === 'sts' || kind === 'sts and mixed' || kind === 'testing';
      return has ? [Uint8Array.of(text.length, ...Buffer.from(text))] : [];
    }
    case types.TLSA:
      if (kind === 'unusable') return [tlsaData(1)];
      if (kind === 'dane' || kind === 'half' || kind === 'dane two') return [tlsaData(3)];
      return (kind === 'mixed' || kind === 'sts and mixed') && !isSecond ? [tlsaData(3)] : [];
    default:
      return [];
  }
}

function mx(preference: number, host: string): Uint8Array {
  return Uint8Array.of(0, preference, ...Buffer.from(wireNameOf(nameOf(host)), 'latin1'));
}

/** Numbers in [0, 1), the same for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
