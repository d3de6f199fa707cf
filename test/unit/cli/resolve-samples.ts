/** Answers made by hand, as the validator and the resolver make them. */
import type { Resolved } from '../../../src/cli/resolve-advice.ts';
import type { Alias, Answer, Link } from '../../../src/dns/answer.ts';
import { type Name, parseName, root } from '../../../src/dns/name.ts';
import { type RecordType, types } from '../../../src/dns/record.ts';

export function name(text: string): Name {
  const parsed = parseName(text);
  if (parsed.kind !== 'ok') throw new Error(parsed.because);
  return parsed.value;
}

export function link(
  kind: Link['kind'],
  at: string,
  type: RecordType,
  status: Link['status'],
  because: string,
): Link {
  return { kind, name: name(at), type, status, because };
}

export const anchor = link(
  'anchor',
  '.',
  types.DS,
  'secure',
  'trusted to begin with: key 20326 (RSASHA256), key 38696 (RSASHA256)',
);
export const rootKeys = link(
  'keys',
  '.',
  types.DNSKEY,
  'secure',
  'key 20326 (RSASHA256), key 46780 (RSASHA256): RRSIG by . key 20326 (RSASHA256), valid until 2026-12-12T00:00:00Z',
);
export const delegation = link(
  'delegation',
  'test',
  types.DS,
  'secure',
  'DS of key 11 (ECDSAP256SHA256): RRSIG by . key 46780 (RSASHA256), valid until 2026-12-10T17:00:00Z',
);
export const keys = link(
  'keys',
  'test',
  types.DNSKEY,
  'secure',
  'key 11 (ECDSAP256SHA256): RRSIG by test key 11 (ECDSAP256SHA256), valid until 2026-12-09T00:00:00Z',
);
export const way: readonly Link[] = [anchor, rootKeys, delegation, keys];

const question = { name: name('mail.test'), type: types.MX };
const unsigned = { signedSince: null, signedUntil: null };
const common = { question, ttl: 3600, ...unsigned, owner: question.name, aliases: [], errors: [] };

/** The data of an MX record with preference 10. */
export function mx(exchange: string): Uint8Array {
  return Buffer.from(`\0\x0a${name(exchange)}`, 'latin1');
}

const signed = 'RRSIG by test key 11 (ECDSAP256SHA256), valid until 2026-12-05T00:00:00Z';

export const secure = {
  ...common,
  kind: 'found',
  status: 'secure',
  records: [mx('mx1.mail.test'), mx('mx2.mail.test')],
  chain: [...way, link('answer', 'mail.test', types.MX, 'secure', signed)],
  because: signed,
} satisfies Answer;

const toUnsigned: Alias = {
  from: name('mail.test'),
  to: name('cloud.example'),
  by: 'CNAME',
  status: 'secure',
};

export const insecure = {
  ...common,
  kind: 'found',
  status: 'insecure',
  owner: name('cloud.example'),
  aliases: [toUnsigned],
  records: [mx('mx.cloud.example')],
  chain: [
    ...way,
    link('alias', 'mail.test', types.CNAME, 'secure', signed),
    link(
      'delegation',
      'example',
      types.DS,
      'insecure',
      'NSEC at example says that example is delegated without a DS',
    ),
  ],
  because: 'NSEC at example says that example is delegated without a DS',
} satisfies Answer;

export const absent = {
  ...common,
  kind: 'absent',
  what: 'no-such-record',
  status: 'secure',
  chain: [
    ...way,
    link('denial', 'mail.test', types.MX, 'secure', `NSEC at mail.test does not list MX; ${signed}`),
  ],
  because: `NSEC at mail.test does not list MX; ${signed}`,
} satisfies Answer;

const expired =
  'MX at mail.test is not proven: its RRSIG by test key 11 (ECDSAP256SHA256) expired at 2026-11-20T00:00:00Z';

export const bogus = {
  ...common,
  kind: 'unknown',
  status: 'bogus',
  ttl: 0,
  unproven: [mx('mx.evil.test')],
  chain: [...way, link('answer', 'mail.test', types.MX, 'bogus', expired)],
  because: expired,
  errors: [{ code: 7, text: 'signature has run out' }],
} satisfies Answer;

const mismatch = 'test has no key that the DS in the zone above names: key 11 (ECDSAP256SHA256)';

export const bogusKeys = {
  ...common,
  kind: 'unknown',
  status: 'bogus',
  ttl: 0,
  unproven: [],
  chain: [anchor, rootKeys, delegation, link('keys', 'test', types.DNSKEY, 'bogus', mismatch)],
  because: mismatch,
} satisfies Answer;

const rootExpired =
  'the 3 DNSKEY records of . are not signed with a key that is trusted: its RRSIG by . key 20326 (RSASHA256) is valid from 2026-11-21T00:00:00Z on only';

export const bogusRoot = {
  ...common,
  kind: 'unknown',
  status: 'bogus',
  ttl: 0,
  unproven: [],
  chain: [anchor, link('keys', '.', types.DNSKEY, 'bogus', rootExpired)],
  because: rootExpired,
} satisfies Answer;

const strips =
  'the resolver gives no DNSSEC records: for ., of which keys are trusted, it has DNSKEY records without RRSIG';

export const stripped = {
  ...common,
  kind: 'unknown',
  status: 'indeterminate',
  ttl: 0,
  unproven: [mx('mx1.mail.test')],
  chain: [anchor, link('keys', '.', types.DNSKEY, 'indeterminate', strips)],
  because: strips,
} satisfies Answer;

const silence =
  'MX at mail.test could not be asked: 127.0.0.53:53 did not answer within 5 s (UDP, 3 tries; TCP, no connection)';

export const silent = {
  ...common,
  kind: 'unknown',
  status: 'indeterminate',
  ttl: 0,
  unproven: [],
  chain: [],
  because: silence,
} satisfies Answer;

/** An answer as the command has it. */
export function resolved(answer: Answer, rest: Partial<Resolved> = {}): Resolved {
  return {
    answer,
    mode: 'validate',
    resolvers: ['127.0.0.53:53'],
    anchors: [root],
    notices: [],
    now: Date.UTC(2026, 10, 28, 12),
    ...rest,
  };
}
