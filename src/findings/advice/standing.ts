/** Where a domain stands: all that an advice is made from, gathered from the case, its findings and the answers of DNS. */
import type { Answer } from '../../dns/answer.ts';
import { nameOf } from '../../dns/name.ts';
import { types } from '../../dns/record.ts';
import { showList } from '../../dns/show.ts';
import { type Domain, parseDomain } from '../../names/domain.ts';
import type { DestinationFacts } from '../../policies/destination.ts';
import { matchingPattern } from '../../policies/mta-sts/match.ts';
import type { CheckCase } from '../case.ts';
import { isAtLeast } from '../check.ts';
import { type Finding, isProblem } from '../finding.ts';
import { newId } from '../mtasts/publish.ts';
import { aliasOf, mxNames, patternsFor } from '../mtasts/right-file.ts';
import { takesNoMail } from '../rules/parked.ts';
import type { Standing } from './advice.ts';
import { type HostState, hostStates, type Judged } from './hosts.ts';

export interface Ground {
  readonly domain: Domain;
  readonly theCase: CheckCase;
  readonly facts: DestinationFacts;
  readonly hosts: readonly HostState[];
  /** Names of all mail hosts, those beyond the ones that were looked at included. */
  readonly mx: readonly Domain[];
  /** Of every host: TLS, and a certificate that proves its name. */
  readonly tls: Judged;
  readonly certificates: Judged;
  readonly sts: StsStanding;
  readonly tlsRpt: Standing['state'];
  /** Whether DNSSEC proves which hosts the mail goes to. */
  readonly signed: boolean;
  /** What breaks mail now, or would; the worst first, without what is a step of its own. */
  readonly repairs: readonly Finding[];
  readonly findings: readonly Finding[];
  /** Seconds that caches keep what is at a place, or that nothing is there; an hour where nobody asked. */
  readonly ttl: (name: string, type: keyof typeof types) => number;
}

interface StsStanding {
  /** `off`: mode none. `broken`: a record or a policy that does not do. */
  readonly state: 'none' | 'off' | 'testing' | 'enforce' | 'broken' | 'unknown';
  readonly because: string;
  /** Whether it names every mail host. */
  readonly complete: boolean;
  /** What the next file lists: all that this one does, and the mail hosts that it does not. */
  readonly patterns: readonly string[];
  readonly maxAgeSeconds: number;
  /** Whole days for which the record has been there, as far as its id is a date; null where it is none. */
  readonly days: number | null;
  /** What the place of the record is an alias of; undefined where it is none. */
  readonly alias: string | undefined;
  /** Whether the name of the policy host leads anywhere. */
  readonly hostHasAddress: boolean;
}

const AN_HOUR = 3_600;

/** @returns why there is nothing to advise, where the domain takes no mail or nobody knows. */
export function groundOf(
  theCase: CheckCase,
  findings: readonly Finding[],
  answers: readonly Answer[],
): Ground | { readonly nothing: string } {
  const { target, facts } = theCase;
  if (target.kind !== 'domain' || facts === null) return { nothing: 'only a domain can be advised' };
  const { way } = facts;
  if (way.kind !== 'hosts' && way.kind !== 'implicit')
    return { nothing: way.kind === 'configured' ? 'only a domain can be advised' : way.because };
  if (takesNoMail(theCase)) {
    const has = `${target.domain} has neither MX records nor an address, and mail for it goes back`;
    return {
      nothing: `${has}: if it is to have mail, it needs an MX record first; if not, the null MX "${target.domain}. IN MX 0 ." says so`,
    };
  }
  // A host without an address takes no mail, and is told of by the check.
  const hosts = hostStates(theCase).filter(({ name }) => mxNames(facts).includes(name));
  const mx = mxNames(facts);
  return {
    domain: target.domain,
    theCase,
    facts,
    hosts,
    mx,
    tls: every(mx, hosts, ({ tls }) => tls),
    certificates: every(mx, hosts, ({ certificate }) => certificate),
    sts: stsStanding(facts, mx, findings, answers, theCase.now),
    tlsRpt: tlsRptStanding(findings),
    signed: way.status === 'secure',
    repairs: findings.filter(isRepair),
    findings,
    ttl: ttlFrom(answers),
  };
}

/** What holds of all hosts, and of none that was not looked at. */
function every(
  mx: readonly Domain[],
  hosts: readonly HostState[],
  judge: (host: HostState) => Judged,
): Judged {
  const judged = hosts.map(judge);
  const bad = judged.find(({ kind }) => kind === 'no') ?? judged.find(({ kind }) => kind === 'unknown');
  if (bad !== undefined) return bad;
  const unseen = mx.filter((name) => !hosts.some((host) => host.name === name));
  if (unseen.length > 0) return { kind: 'unknown', because: `nobody has looked at ${showList(unseen)}` };
  return judged[0] ?? { kind: 'unknown', because: 'there is no mail host' };
}

/** Sections whose faults keep mail away, or would once something is enforced. */
const REPAIRED = /^(?:dns|mx|dnssec|dane|mtasts|starttls|cert|conn|tls)\./;
/** What a step of the plan is for. */
const STEPS_OF_THEIR_OWN: ReadonlySet<string> = new Set([
  'mtasts.none',
  'mtasts.mode-testing',
  'mtasts.mode-none',
  'mtasts.max-age-short',
  'dane.none',
  'dane.partial-mx',
  'dnssec.unsigned',
]);

/** A policy that cannot be had keeps no mail away, and has a step of its own too. */
const WITHOUT_POLICY = /^mtasts\.(?:policy|record)\.|^mtasts\.record-without-policy$/;

function isRepair(one: Finding): boolean {
  return (
    isProblem(one) &&
    isAtLeast(one.severity, 'high') &&
    REPAIRED.test(one.id) &&
    !WITHOUT_POLICY.test(one.id) &&
    !STEPS_OF_THEIR_OWN.has(one.id)
  );
}

function stsStanding(
  { sts }: DestinationFacts,
  mx: readonly Domain[],
  findings: readonly Finding[],
  answers: readonly Answer[],
  now: number,
): StsStanding {
  const { record, because, domain } = sts;
  const policyHost = parseDomain(`mta-sts.${domain}`);
  const known = sts.kind === 'policy' ? sts.known : undefined;
  const policy = known?.policy;
  const place = parseDomain(`_mta-sts.${domain}`);
  const txt = answers.find(
    ({ kind, question: { name, type } }) =>
      kind === 'found' && place.kind === 'ok' && name === nameOf(place.value) && type === types.TXT,
  );
  const standing = {
    because,
    complete: policy !== undefined && mx.every((host) => matchingPattern(policy, host) !== undefined),
    patterns: patternsFor(policy, mx),
    maxAgeSeconds: policy?.maxAgeSeconds ?? 0,
    days: record.kind === 'found' ? daysSince(record.id, now) : null,
    alias: txt && aliasOf(txt),
    hostHasAddress:
      policyHost.kind === 'ok' &&
      answers.some(
        ({ kind, question: { name, type } }) =>
          kind === 'found' && name === nameOf(policyHost.value) && (type === types.A || type === types.AAAA),
      ),
  };
  // A host or a file that does not do, whatever somebody still remembers.
  const fault = findings.find(
    ({ id, state }) => (id.startsWith('mtasts.policy.') || BROKEN.has(id)) && state === 'fail',
  );
  if (record.kind === 'unknown') return { ...standing, state: 'unknown' };
  if (record.kind === 'invalid') return { ...standing, state: 'broken' };
  if (record.kind === 'absent') return { ...standing, state: policy === undefined ? 'none' : 'broken' };
  if (fault !== undefined)
    return {
      ...standing,
      state: 'broken',
      because: `what is there does not do: ${fault.evidence[0] ?? because}`,
    };
  if (policy !== undefined && policy.mode !== 'none') return { ...standing, state: policy.mode };
  return { ...standing, state: sts.kind === 'none' && sts.known?.policy.mode === 'none' ? 'off' : 'broken' };
}

const BROKEN: ReadonlySet<string> = new Set([
  'mtasts.dangling-host',
  'mtasts.record-without-policy',
  'mtasts.policy-without-record',
]);

/** An id is often the date of the change: `20260101`, with or without the time. */
const DATED = /^20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])/;
const DAY_MS = 24 * 3_600_000;
/** Further back nothing depends on it. */
const MOST_DAYS = 60;

/** Whole days since the date in an id; no more than are of interest. @returns null where it is no date, or lies ahead. */
function daysSince(id: string, now: number): number | null {
  const date = DATED.exec(id)?.[0];
  if (date === undefined || date > dateOf(now)) return null;
  for (let days = 0; days < MOST_DAYS; days += 1) if (dateOf(now - days * DAY_MS) === date) return days;
  return MOST_DAYS;
}

/** `20260101`. */
function dateOf(at: number): string {
  return newId(at).slice(0, 8);
}

function tlsRptStanding(findings: readonly Finding[]): Standing['state'] {
  const ours = findings.filter(({ id }) => id.startsWith('tlsrpt.'));
  const presence = ours.find(({ id }) => id === 'tlsrpt.none');
  if (presence === undefined || presence.state === 'not-tested') return 'unknown';
  if (presence.state !== 'pass') return 'missing';
  return ours.some(({ state }) => state === 'fail') ? 'broken' : 'done';
}

function ttlFrom(answers: readonly Answer[]): Ground['ttl'] {
  const kept = new Map(answers.map(({ question: { name, type }, ttl }) => [`${type} ${name}`, ttl]));
  return (name, type) => {
    const domain = parseDomain(name);
    const ttl = domain.kind === 'ok' ? kept.get(`${types[type]} ${nameOf(domain.value)}`) : undefined;
    return ttl === undefined || ttl === 0 ? AN_HOUR : ttl;
  };
}

/** The table at the head of an advice. */
export function standings(ground: Ground): readonly Standing[] {
  const { hosts, tlsRpt, signed, certificates, tls } = ground;
  const unsigned = hosts.filter((host) => !host.signed).map(({ name }) => name);
  const daneStates = new Set(hosts.map(({ dane }) => dane));
  return [
    {
      what: 'tls',
      state: tls.kind === 'no' ? 'broken' : STATES[certificates.kind],
      says: certificates.because,
    },
    { what: 'tls-rpt', state: tlsRpt, says: TLS_RPT_SAYS[tlsRpt] },
    { what: 'mta-sts', ...stsSays(ground) },
    {
      what: 'dnssec',
      state:
        signed && unsigned.length === 0
          ? 'done'
          : signed || unsigned.length < hosts.length
            ? 'partly'
            : 'missing',
      says:
        signed && unsigned.length === 0
          ? 'the MX records and the addresses of all mail hosts are proven'
          : `not proven: ${showList([...(signed ? [] : ['the MX records']), ...unsigned])}`,
    },
    { what: 'dane', state: daneStanding(daneStates, signed), says: daneSays(hosts) },
  ];
}

/** A policy that is enforced, and that the mail hosts do not meet, is worse than none. */
function stsSays({ sts, repairs }: Ground): Pick<Standing, 'state' | 'says'> {
  const refused = repairs.find(({ id }) => id.startsWith('mtasts.mx-'));
  if (refused === undefined || sts.state !== 'enforce')
    return { state: STS_STATES[sts.state], says: sts.because };
  return { state: 'broken', says: `${sts.because}; mail is refused (${refused.id})` };
}

const STATES = { yes: 'done', no: 'broken', unknown: 'unknown' } as const;
const STS_STATES = {
  none: 'missing',
  off: 'missing',
  testing: 'partly',
  enforce: 'done',
  broken: 'broken',
  unknown: 'unknown',
} as const;
const TLS_RPT_SAYS: Readonly<Record<Standing['state'], string>> = {
  done: 'senders know where to report failures',
  partly: 'senders know in part where to report failures',
  missing: 'senders do not know where to report failures',
  broken: 'the record is there, and senders cannot go by it',
  unknown: 'it could not be learnt whether there is a record',
};

function daneStanding(states: ReadonlySet<HostState['dane']>, signed: boolean): Standing['state'] {
  if (states.has('no')) return 'broken';
  if (states.has('unknown') || states.size === 0) return 'unknown';
  if (!states.has('yes')) return 'missing';
  return states.has('missing') || !signed ? 'partly' : 'done';
}

function daneSays(hosts: readonly HostState[]): string {
  return hosts
    .slice(0, 6)
    .map(({ name, dane }) => `${name}: ${DANE_SAYS[dane]}`)
    .join('; ');
}

const DANE_SAYS: Readonly<Record<HostState['dane'], string>> = {
  yes: 'TLSA records that fit',
  no: 'TLSA records that do not fit',
  missing: 'no TLSA records that count',
  unknown: 'not known',
};
