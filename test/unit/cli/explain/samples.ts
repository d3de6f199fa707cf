/** Things found out by hand, as `waxwing explain` finds them out. */
import type { Explained, Finding } from '../../../../src/cli/explain/explained.ts';
import type { Subject } from '../../../../src/cli/explain/subject.ts';
import type { Answer, DnssecStatus } from '../../../../src/dns/answer.ts';
import { type Name, parseName } from '../../../../src/dns/name.ts';
import { type RecordType, types } from '../../../../src/dns/record.ts';
import { decideAll } from '../../../../src/policies/combine.ts';
import { readTlsaSet } from '../../../../src/policies/dane/tlsa.ts';
import { decide } from '../../../../src/policies/decide.ts';
import type { DestinationFacts } from '../../../../src/policies/destination.ts';
import { listFor } from '../../../../src/policies/list/facts.ts';
import type { StsFacts } from '../../../../src/policies/mta-sts/facts.ts';
import type { Route } from '../../../../src/policies/overrides/route.ts';
import type { TlsLevel } from '../../../../src/policies/words.ts';
import {
  byMx,
  DOMAIN,
  factsOf,
  hostWith,
  hostWithout,
  nameOf,
  overrideOf,
  routeOf,
  stsOf,
  tlsaData,
} from '../../../support/destinations.ts';
import { noPolicy } from '../../../support/facts.ts';
import { keptOf, listOf, NOON } from '../../../support/lists.ts';
import { expected, memoryWith } from '../../../support/tracks.ts';

export const NOW = Date.UTC(2026, 10, 28, 12);
const DAY = 86_400_000;

export function name(text: string): Name {
  const parsed = parseName(text);
  if (parsed.kind !== 'ok') throw new Error(parsed.because);
  return parsed.value;
}

/** An answer that brought nothing. */
export function failed(at: string, type: RecordType, status: DnssecStatus): Answer {
  const question = { name: name(at), type };
  const common = {
    question,
    status,
    ttl: 0,
    owner: question.name,
    aliases: [],
    signedSince: null,
    signedUntil: null,
    chain: [],
    errors: [],
  };
  return { ...common, kind: 'unknown', unproven: [], because: `${at} is ${status}` };
}

export function found(at: string, type: RecordType, status: DnssecStatus, ...records: Uint8Array[]): Answer {
  const question = { name: name(at), type };
  const common = {
    question,
    status,
    ttl: 60,
    owner: question.name,
    aliases: [],
    signedSince: null,
    signedUntil: null,
    chain: [],
    errors: [],
  };
  return { ...common, kind: 'found', records, because: `${at} is ${status}` };
}

/** An answer that stands at the end of an alias. */
export function atAlias(answer: Answer, owner: string): Answer {
  return { ...answer, owner: name(owner) };
}

interface Rest {
  readonly route?: Route;
  readonly level?: TlsLevel;
  readonly answers?: readonly Answer[];
  readonly mode?: Explained['mode'];
  readonly notices?: Explained['notices'];
  readonly subject?: Subject;
  readonly port?: number;
  readonly firstContact?: boolean;
}

/** What the program makes of facts. */
export function explained(facts: DestinationFacts, rest: Rest = {}): Explained {
  const { route, level = 'may', firstContact = false } = rest;
  const rules = { route, defaultLevel: level };
  const unruled = { ...rules, route: route === undefined ? undefined : { ...route, tls: null } };
  const finding: Finding = {
    kind: 'looked-up',
    facts,
    verdict: decideAll(facts, rules),
    unruled: decideAll({ ...facts, override: undefined }, unruled),
    firstContact,
  };
  return { ...settingOf(rest, level), finding };
}

/** The same for an address. */
export function addressed(address: string, rest: Rest = {}): Explained {
  const { level = 'may' } = rest;
  const at = { kind: 'literal', address } as const;
  const decision = decide(at, rest.route, level);
  const subject = { kind: 'recipients', at } as const;
  return { ...settingOf({ subject, ...rest }, level), finding: { kind: 'address', address, decision } };
}

function settingOf(rest: Rest, level: TlsLevel): Omit<Explained, 'finding'> {
  const { route, answers = [], mode = 'validate', notices = [], port = 25 } = rest;
  return {
    subject: rest.subject ?? { kind: 'recipients', at: { kind: 'domain', domain: DOMAIN } },
    rules: { route, defaultLevel: level },
    levelOrigin: 'default',
    port,
    answers,
    mode,
    resolvers: ['127.0.0.1:53'],
    notices,
    giveUpAfterMs: 5 * DAY,
    onBlocked: 'hold',
    now: NOW,
  };
}

const MX = 'mx1.example.test';
const TLSA = `_25._tcp.${MX}`;
const dane = hostWith(MX, 'usable');
const plainHost = { ...hostWith(MX, 'absent'), status: 'insecure' } as const;
const unsigned = byMx('insecure', MX);
/** In force, as it is kept. */
function policy(sts: StsFacts, rest: Partial<StsFacts> = {}): StsFacts {
  const known = sts.known === null ? null : { ...sts.known, fetchedAt: NOW - DAY, expiresAt: NOW + 6 * DAY };
  return { ...sts, known, because: 'of the test', ...rest } as StsFacts;
}
const record = { kind: 'found', id: '1' } as const;
const enforce = policy(stsOf('enforce', MX), { record });
const noFetch = 'mta-sts.example.test at 192.0.2.80:443: no answer';
/** A record that promises a policy which cannot be had. */
function unfetched(
  type: 'sts-policy-fetch-error' | 'sts-webpki-invalid' | 'sts-policy-invalid',
  because = noFetch,
): Explained {
  const sts = { ...noPolicy(DOMAIN), record, report: { type, because, fallback: false } };
  return explained(factsOf({ way: unsigned, hosts: [plainHost], sts }));
}

const twoKinds = readTlsaSet([tlsaData(2), tlsaData(3), tlsaData(3, 1, 9)]);
const until = NOW + 2 * DAY;

/** One for every layer and state, and for what is wrong or weak. */
export const samples = {
  dane: explained(factsOf({ hosts: [dane] }), { firstContact: true }),
  daneWithAuthority: explained(
    factsOf({
      hosts: [hostWith(MX, { kind: 'found', base: nameOf(MX), set: twoKinds, evidence: ['seen'] })],
    }),
  ),
  halfDane: explained(factsOf({ way: unsigned, hosts: [dane] })),
  halfDaneAndLevel: explained(factsOf({ way: unsigned, hosts: [dane] }), { level: 'authenticate' }),
  mixed: explained(factsOf({ hosts: [dane, hostWith('mx2.example.test', 'absent')] })),
  unusable: explained(factsOf({ hosts: [hostWith(MX, 'unusable')] })),
  tlsaBogus: explained(factsOf({ hosts: [hostWith(MX, 'unknown')] }), {
    answers: [failed(TLSA, types.TLSA, 'bogus')],
  }),
  tlsaUnanswered: explained(factsOf({ hosts: [hostWith('mx.provider.test', 'unknown'), dane] }), {
    answers: [failed('_25._tcp.mx.provider.test', types.TLSA, 'indeterminate')],
  }),
  tlsaAliasBogus: explained(factsOf({ hosts: [hostWith(MX, 'unknown')] }), {
    answers: [
      atAlias(found(MX, types.A, 'secure', Uint8Array.of(192, 0, 2, 1)), 'mx.provider.test'),
      failed('_25._tcp.mx.provider.test', types.TLSA, 'bogus'),
    ],
  }),
  tlsaUnproven: explained(factsOf({ hosts: [hostWith(MX, 'absent')] }), {
    answers: [found(TLSA, types.TLSA, 'insecure', tlsaData(3))],
  }),
  enforced: explained(factsOf({ way: unsigned, hosts: [plainHost], sts: enforce })),
  notListed: explained(
    factsOf({
      way: unsigned,
      hosts: [plainHost],
      sts: policy(stsOf('enforce', 'other.example.test', '*.example.net'), { record }),
    }),
  ),
  notListedButSecure: explained(
    factsOf({
      hosts: [dane, hostWith('mx2.example.test', 'absent')],
      sts: policy(stsOf('enforce', 'other.example.test'), { record }),
    }),
  ),
  testing: explained(
    factsOf({
      way: unsigned,
      hosts: [plainHost],
      sts: policy(stsOf('testing', 'other.example.test'), { record }),
    }),
  ),
  modeNone: explained(factsOf({ way: unsigned, hosts: [plainHost], sts: policy(stsOf('none'), { record }) })),
  remembered: explained(
    factsOf({
      way: unsigned,
      hosts: [plainHost],
      sts: policy(stsOf('enforce', MX), {
        report: {
          type: 'sts-policy-fetch-error',
          because: 'there is no TXT record (insecure)',
          fallback: true,
        },
      }),
    }),
  ),
  fetchError: unfetched('sts-policy-fetch-error'),
  webPkiInvalid: unfetched('sts-webpki-invalid'),
  policyInvalid: unfetched('sts-policy-invalid'),
  recordInvalid: explained(
    factsOf({
      way: unsigned,
      hosts: [plainHost],
      sts: {
        ...noPolicy(DOMAIN),
        record: { kind: 'invalid', because: '2 TXT records begin with "v=STSv1;"' },
      },
    }),
  ),
  recordUnknown: explained(
    factsOf({
      way: unsigned,
      hosts: [plainHost],
      sts: { ...noPolicy(DOMAIN), kind: 'unknown', record: { kind: 'unknown', because: 'SERVFAIL' } },
    }),
    { answers: [failed('_mta-sts.example.test', types.TXT, 'indeterminate')] },
  ),
  fallenShort: explained({
    ...factsOf({ way: unsigned, hosts: [plainHost] }),
    memory: memoryWith(
      'enforce',
      expected({ against: { since: NOW - DAY, lastAt: NOW, days: 2, sessions: 4 } }),
      { ...expected({ host: null }), state: 'young' },
    ),
  }),
  onlyObserved: explained({
    ...factsOf({ way: unsigned, hosts: [plainHost] }),
    memory: memoryWith('observe', expected()),
  }),
  listed: explained(factsOf({ way: unsigned, hosts: [plainHost], list: listOf('enforce', MX) })),
  listedOnTrial: explained(
    factsOf({ way: unsigned, hosts: [plainHost], list: listOf('testing', 'other.test') }),
  ),
  hostNotOnList: explained(
    factsOf({ way: unsigned, hosts: [plainHost], list: listOf('enforce', 'other.test') }),
  ),
  listEnded: explained(
    factsOf({
      way: unsigned,
      hosts: [plainHost],
      list: listFor(DOMAIN, keptOf('enforce', MX), NOON + 14 * DAY),
    }),
  ),
  listEndedRemembered: explained({
    ...factsOf({
      way: unsigned,
      hosts: [plainHost],
      list: listFor(DOMAIN, keptOf('enforce', MX), NOON + 14 * DAY),
    }),
    memory: memoryWith('enforce', expected({ level: 'authenticate' })),
  }),
  plain: explained(factsOf({ way: unsigned, hosts: [plainHost] })),
  signedPlain: explained(factsOf()),
  encryptByDefault: explained(factsOf({ way: unsigned, hosts: [plainHost] }), { level: 'encrypt' }),
  authenticateByDefault: explained(factsOf({ way: unsigned, hosts: [plainHost] }), { level: 'authenticate' }),
  loweredByOverride: explained(factsOf({ hosts: [dane], override: { ...overrideOf('may'), until } })),
  loweredByRoute: explained(factsOf({ way: unsigned, hosts: [plainHost], sts: enforce }), {
    route: routeOf({ tls: 'off' }),
  }),
  liftedByOverride: explained(factsOf({ hosts: [hostWith(MX, 'unknown')], override: overrideOf('encrypt') })),
  authenticateByRoute: explained(factsOf({ hosts: [dane] }), { route: routeOf({ tls: 'authenticate' }) }),
  login: explained(factsOf({ way: { kind: 'configured', host: DOMAIN }, override: overrideOf('may') }), {
    route: routeOf({
      tls: 'encrypt',
      to: { protocol: 'smtps', host: { kind: 'name', name: DOMAIN }, port: 465 },
      login: { user: 'anna', password: '' },
    }),
    port: 465,
  }),
  mxBogus: explained(
    factsOf({ way: { kind: 'unknown', because: 'the MX records cannot be learnt' }, hosts: [] }),
    { answers: [failed('example.test', types.MX, 'bogus')] },
  ),
  mxUnanswered: explained(
    factsOf({ way: { kind: 'unknown', because: 'the MX records cannot be learnt' }, hosts: [] }),
    { answers: [failed('example.test', types.MX, 'indeterminate')] },
  ),
  mxNamesNoHost: explained(
    factsOf({ way: { kind: 'unknown', because: 'no MX record of example.test names a host' }, hosts: [] }),
    { answers: [found('example.test', types.MX, 'secure', Uint8Array.of(0, 10, 0))] },
  ),
  noSuchDomain: explained(
    factsOf({ way: { kind: 'no-such-domain', because: 'there is no such domain' }, hosts: [] }),
  ),
  nullMx: explained(factsOf({ way: { kind: 'null', because: 'null MX' }, hosts: [] }), {
    answers: [found('example.test', types.MX, 'secure', Uint8Array.of(0, 0, 0))],
  }),
  nullMxUnsigned: explained(factsOf({ way: { kind: 'null', because: 'null MX' }, hosts: [] }), {
    answers: [found('example.test', types.MX, 'insecure', Uint8Array.of(0, 0, 0))],
  }),
  untrustedPolicyHost: unfetched(
    'sts-webpki-invalid',
    'its certificate is not valid (UNABLE_TO_VERIFY_LEAF_SIGNATURE)',
  ),
  firstContact: explained(factsOf({ way: unsigned, hosts: [plainHost] }), { firstContact: true }),
  firstContactSigned: explained(factsOf(), { firstContact: true }),
  testingBesideMixed: explained(
    factsOf({
      hosts: [dane, hostWith('mx2.example.test', 'absent')],
      sts: policy(stsOf('testing', MX, 'mx2.example.test'), { record }),
    }),
  ),
  firstPolicy: explained(
    factsOf({ way: unsigned, hosts: [plainHost], sts: { ...enforce, from: 'fetch' } as StsFacts }),
    {
      firstContact: true,
    },
  ),
  testingBesideDane: explained(factsOf({ hosts: [dane], sts: policy(stsOf('testing', MX), { record }) })),
  implicit: explained(
    factsOf({
      way: { kind: 'implicit', status: 'secure', because: 'no MX' },
      hosts: [hostWith('example.test', 'usable')],
    }),
  ),
  implicitNothing: explained(
    factsOf({
      way: { kind: 'implicit', status: 'secure', because: 'no MX' },
      hosts: [hostWithout('example.test', 'absent')],
    }),
  ),
  noAddress: explained(factsOf({ hosts: [hostWithout(MX, 'absent')] })),
  addressBogus: explained(
    factsOf({ hosts: [hostWithout(MX, 'unknown'), hostWith('mx2.example.test', 'usable')] }),
    { answers: [failed(MX, types.A, 'bogus')] },
  ),
  addressUnanswered: explained(factsOf({ hosts: [hostWithout(MX, 'unknown')] }), {
    answers: [failed(MX, types.A, 'indeterminate')],
  }),
  literal: addressed('192.0.2.1'),
  nextHop: explained(
    factsOf({ way: { kind: 'configured', host: DOMAIN }, hosts: [hostWith('example.test', 'absent')] }),
    {
      subject: { kind: 'next-hop', host: { kind: 'name', name: DOMAIN }, port: 587 },
      route: routeOf({ to: { protocol: 'smtp', host: { kind: 'name', name: DOMAIN }, port: 587 } }),
      port: 587,
    },
  ),
  dnssecOff: explained(factsOf({ way: byMx('indeterminate', MX), hosts: [plainHost] }), { mode: 'off' }),
  stripped: explained(factsOf({ way: byMx('indeterminate', MX), hosts: [plainHost] }), {
    notices: [{ kind: 'unprovable', says: 'Answers cannot be proven.', remedy: 'Name another resolver.' }],
  }),
} satisfies Record<string, Explained>;
