/** What each layer of the decision says of a destination, and what was seen. */
import type { Explanation } from '../../events/explanation.ts';
import { formatMoment } from '../../names/calendar.ts';
import type { HostFacts } from '../../policies/dane/hosts.ts';
import { type DanePlan, daneAt } from '../../policies/dane/plan.ts';
import { shorten } from '../../policies/dane/tlsa.ts';
import type { DestinationFacts } from '../../policies/destination.ts';
import { formatMx } from '../../policies/list/policy-list.ts';
import { expectationAt, type RememberedTrack } from '../../policies/memory/expect.ts';
import type { StsFacts } from '../../policies/mta-sts/facts.ts';
import { formatPattern } from '../../policies/mta-sts/policy.ts';
import type { Override } from '../../policies/overrides/override.ts';
import { formatTarget, type Route } from '../../policies/overrides/route.ts';
import { ruleText } from '../../policies/overrides/rule.ts';
import type { TlsLevel } from '../../policies/words.ts';
import type { Explained, LookedUp } from './explained.ts';

export type ExplainedLayer = Explanation['layers'][number];

/** In the order in which they outrank each other. That of the message is not among them: there is no message. */
export function layersOf(explained: Explained): ExplainedLayer[] {
  const { finding } = explained;
  const policies =
    finding.kind === 'address'
      ? [
          ofAddress('dane', 'TLSA records'),
          ofAddress('sts', 'MTA-STS policy'),
          ofAddress('memory', 'memory of its own'),
        ]
      : [
          daneLayer(finding.facts),
          stsLayer(finding, explained),
          ...listLayer(finding.facts),
          memoryLayer(finding.facts),
        ];
  return [overrideLayer(explained), ...policies, defaultLayer(explained)];
}

function ofAddress(layer: 'dane' | 'sts' | 'memory', what: string): ExplainedLayer {
  const because = `a host that is named by its address has no ${what}`;
  return { layer, state: 'absent', says: 'nothing', because, evidence: [] };
}

function overrideLayer({ finding, rules: { route, ruled } }: Explained): ExplainedLayer {
  const override = finding.kind === 'address' ? undefined : finding.facts.override;
  const said = ruled ?? null;
  const outranking = override !== undefined ? BY_OVERRIDE : said !== null ? BY_RULE : '';
  const evidence = [
    ...(override === undefined ? [] : [`it was set at ${moment(override.setAt)}`]),
    ...(said === null
      ? []
      : [`${ruleText(said.rule)}: ${said.level}${override === undefined ? '' : BY_OVERRIDE}`]),
    ...(route === undefined ? [] : [routeText(route, outranking)]),
  ];
  if (override !== undefined) {
    const { level, domain, reason } = override;
    const because = `an operator has said so for ${domain} ${endText(override)}: ${reason}`;
    return { layer: 'override', state: 'found', says: LEVELS[level], because, evidence };
  }
  if (said !== null) {
    const because = `${ruleText(said.rule)} says so`;
    return { layer: 'override', state: 'found', says: LEVELS[said.level], because, evidence };
  }
  if (route !== undefined && route.tls !== null) {
    const because = 'a rule of the configuration says so';
    return { layer: 'override', state: 'found', says: LEVELS[route.tls], because, evidence };
  }
  const promotion = finding.kind === 'address' ? undefined : finding.facts.promotion;
  if (promotion !== undefined) {
    const { level, until, setAt, reason } = promotion;
    const because = `an operator has promoted the level until ${moment(until)}, which only raises: ${reason}`;
    const set = `it was set at ${moment(setAt)}`;
    return { layer: 'override', state: 'found', says: LEVELS[level], because, evidence: [set, ...evidence] };
  }
  const because =
    route === undefined
      ? 'no override, [[rule]], [[route]] or [[domain]] concerns it'
      : 'no override, and no [[rule]], [[route]] or [[domain]] with a level';
  return { layer: 'override', state: 'absent', says: 'nothing', because, evidence };
}

function endText({ until }: Override): string {
  return until === null ? 'until it is taken back' : `until ${moment(until)}`;
}

const BY_OVERRIDE = ', which the override outranks';
const BY_RULE = ', which the [[rule]] outranks';

/** @param outranking who stands over it, as an ending; '': nobody. */
function routeText({ match, to, tls }: Route, outranking: string): string {
  const whom =
    match.kind === 'any' ? 'everything' : match.kind === 'domain' ? match.domain : `.${match.domain}`;
  const way = to === null ? 'by MX' : `to ${formatTarget(to)}`;
  const level = tls === null ? 'with no level of its own' : `with the level ${tls}`;
  return `the rule for ${whom}: ${way}, ${level}${tls === null ? '' : outranking}`;
}

function daneLayer({ hosts, way, domain }: DestinationFacts): ExplainedLayer {
  const looked = hosts.map(({ facts }) => lookAt(facts));
  const evidence = looked.flatMap((one) => one.evidence);
  const demanding = looked.filter(({ state }) => state === 'found');
  const unknown = looked.filter(({ state }) => state === 'unknown');
  const [first] = [...demanding, ...unknown];
  if (first === undefined) {
    if (way.kind === 'unknown') {
      const because = `which hosts take mail for ${domain} is not known, so none was looked at`;
      return {
        layer: 'dane',
        state: 'unknown',
        says: 'nothing, as nothing could be learnt',
        because,
        evidence,
      };
    }
    const because =
      hosts.length === 0
        ? 'there is no mail host to look at'
        : (looked[0]?.because ?? 'no host has TLSA records that are proven');
    return { layer: 'dane', state: 'absent', says: 'nothing', because, evidence };
  }
  const texts = [...new Set(demanding.map((one) => one.says))].join('; ');
  const some =
    demanding.length < hosts.length ? ` (at ${demanding.length} of ${hosts.length} mail hosts)` : '';
  const says = [...(demanding.length > 0 ? [`${texts}${some}`] : []), ...unknown.map((one) => one.says)].join(
    '; ',
  );
  const state = demanding.length > 0 ? 'found' : 'unknown';
  return { layer: 'dane', state, says, because: first.because, evidence };
}

interface LookedAt extends Pick<ExplainedLayer, 'state' | 'says' | 'because'> {
  readonly evidence: readonly string[];
}

function lookAt(facts: HostFacts): LookedAt {
  const { host } = facts;
  if (facts.kind !== 'found') {
    const { kind: state, because } = facts;
    return { state, says: `nothing of ${host}, as it could not be looked up`, because, evidence: [because] };
  }
  const { evidence } = facts.tlsa;
  const plan = daneAt(facts.tlsa);
  const { because } = plan;
  switch (plan.kind) {
    case 'dane':
      return {
        state: 'found',
        says: 'TLS, and a certificate that matches a TLSA record of the host',
        because,
        evidence,
      };
    case 'encrypt':
      return {
        state: 'found',
        says: 'TLS, with whatever certificate, as no TLSA record authenticates anybody',
        because,
        evidence,
      };
    case 'none':
      return { state: 'absent', says: 'nothing', because, evidence };
    case 'avoid':
      return {
        state: 'unknown',
        says: `no mail to ${host}, as nobody knows what its TLSA records say`,
        because,
        evidence,
      };
  }
}

function stsLayer({ facts: { sts } }: LookedUp, { now }: Explained): ExplainedLayer {
  const { because } = sts;
  const evidence = [...sts.evidence];
  if (sts.kind === 'policy') {
    const { mode, mx } = sts.known.policy;
    const hosts = shorten(mx.map(formatPattern));
    const strict = `only the hosts ${hosts}, over TLS, with a certificate that is valid for the name of the host`;
    const says =
      mode === 'enforce'
        ? `${strict} (mode enforce)`
        : `nothing for now (mode testing); with enforce: ${strict}`;
    // Of one that was kept `because` says it.
    const ends = sts.from === 'fetch' ? [`it holds until ${moment(sts.known.expiresAt)}`] : [];
    return { layer: 'sts', state: 'found', says, because, evidence: [...evidence, ...ends] };
  }
  if (saysNone(sts, now)) {
    return { layer: 'sts', state: 'found', says: 'nothing (mode none)', because, evidence };
  }
  const isUnknown = sts.kind === 'unknown' || sts.record.kind === 'found';
  const says = isUnknown ? 'nothing, as the policy could not be learnt' : 'nothing';
  return { layer: 'sts', state: isUnknown ? 'unknown' : 'absent', says, because, evidence };
}

/** None where no list is used. */
function listLayer({ list }: DestinationFacts): readonly ExplainedLayer[] {
  if (list === undefined) return [];
  const { because } = list;
  const evidence = [...list.evidence];
  if (list.kind !== 'policy') return [{ layer: 'list', state: 'absent', says: 'nothing', because, evidence }];
  const { mode, mxs } = list.policy;
  const hosts = shorten(mxs.map(formatMx));
  const strict = `only the hosts ${hosts}, over TLS, with a certificate that is valid for the name of the host`;
  const says = {
    enforce: `${strict} (mode enforce)`,
    testing: `nothing for now (mode testing); with enforce: ${strict}`,
    none: 'nothing (mode none)',
  }[mode];
  return [{ layer: 'list', state: 'found', says, because, evidence }];
}

/** A policy is in force that takes back what the ones before it asked for. */
export function saysNone({ known }: StsFacts, now: number): boolean {
  return known !== null && known.policy.mode === 'none' && now < known.expiresAt;
}

function memoryLayer(facts: DestinationFacts): ExplainedLayer {
  const { memory, hosts, domain } = facts;
  const layer = 'memory';
  if (memory === undefined || memory.tracks.length === 0) {
    const because =
      memory === undefined
        ? '[memory] mode is off'
        : `no session with a mail host of ${domain} is remembered that went over TLS`;
    return { layer, state: 'absent', says: 'nothing', because, evidence: [] };
  }
  const evidence = memory.tracks.map(trackText);
  const expected = hosts.flatMap(({ facts: host }) => expectationAt(facts, host.host, hostPlan(host)) ?? []);
  const strictest = expected.find(({ level }) => level === 'authenticate') ?? expected[0];
  if (strictest === undefined) {
    const because = 'too little is known, or what is known does not count any more';
    return { layer, state: 'found', says: 'nothing', because, evidence };
  }
  const { level, because } = strictest;
  const says =
    memory.mode === 'enforce' ? LEVELS[level] : `nothing (mode observe); with enforce: ${LEVELS[level]}`;
  return { layer, state: 'found', says, because, evidence };
}

/** What DANE has to say of a host, as far as anything is known of it. */
export function hostPlan(host: HostFacts): DanePlan {
  return host.kind === 'found' ? daneAt(host.tlsa) : { kind: 'none', because: host.because };
}

const STATES: Readonly<Record<RememberedTrack['state'], string>> = {
  young: 'too little is known to expect it',
  expected: 'expected',
  'given-way': 'not expected any more, as the contrary was seen for too long',
  forgotten: 'forgotten, as no session has confirmed it for too long',
};

function trackText({ host, level, state, since, lastAt, sessions, against, spki }: RememberedTrack): string {
  const what = level === 'authenticate' ? 'authenticated' : 'over TLS';
  const key = spki === null ? '' : `, the last one with the key ${spki}`;
  const missed =
    against === null
      ? ''
      : `; not so in ${against.sessions} since then, from ${moment(against.since)} to ${moment(against.lastAt)}`;
  return `${host ?? 'all hosts'}, ${what}: ${sessions} sessions from ${moment(since)} to ${moment(lastAt)}${key}${missed}: ${STATES[state]}`;
}

function defaultLayer({ rules: { defaultLevel }, levelOrigin }: Explained): ExplainedLayer {
  const origin = levelOrigin === 'default' ? ', as nothing sets it' : ` (${levelOrigin})`;
  const because = `relay.tls is ${defaultLevel}${origin}`;
  return { layer: 'default', state: 'found', says: LEVELS[defaultLevel], because, evidence: [] };
}

/** Whether what a layer says leaves everything open. */
export function asksNothing(says: string): boolean {
  return says.startsWith('nothing');
}

const LEVELS: Readonly<Record<TlsLevel, string>> = {
  off: 'nothing, and TLS is not even tried (off)',
  may: 'nothing, but TLS is tried (may)',
  encrypt: 'TLS, with whatever certificate (encrypt)',
  authenticate:
    'TLS, and a certificate that proves a name that nobody on the path could choose (authenticate)',
};

function moment(at: number): string {
  return formatMoment(Math.floor(at / 1000));
}
