/** What TLS a delivery to one host must reach, who says so, and what proves it. */
import { createHash } from 'node:crypto';
import type { Host } from '../names/address.ts';
import type { MailDomain } from '../names/mailbox.ts';
import type { ReferenceIdentity } from '../tls/identity.ts';
import { showTlsa, type TlsaSet } from './dane/tlsa.ts';
import type { DaneNames } from './dane/verify.ts';
import type { NamePattern, Route } from './overrides/route.ts';
import type { Layer, Requirement, TlsLevel } from './words.ts';

export interface Decision {
  readonly requires: Requirement;
  /** Whether STARTTLS is tried at all; `no` only where an operator wrote `off`. */
  readonly tryTls: 'yes' | 'no';
  readonly by: Layer;
  /** Names that the path could not choose: a certificate that proves one authenticates the far side. At least one. */
  readonly match: readonly ReferenceIdentity[];
  /** The TLSA records of the host, where it has any that count. */
  readonly dane: DaneDemand | null;
  /**
   * Whether the outcome must be `authenticated`. Not where DANE alone requires: it is content with a match, even for a host
   * that came out of unsigned DNS.
   */
  readonly provesName: boolean;
  /** One sentence. */
  readonly because: string;
  /** Whether that is an operator's word beside the configuration, which the verdict keeps whatever is reached; absent: no. */
  readonly overridden?: boolean;
  /** Whether it is a promoted level, which may be taken back; absent: no. */
  readonly promoted?: boolean;
}

/** TLSA records, and what a match of them means. */
export interface DaneDemand {
  readonly set: TlsaSet;
  readonly names: DaneNames;
  /** Whether a certificate that matches none of them is refused; not where an operator has decided otherwise. */
  readonly binding: boolean;
  /** Whether the path could not choose the host, so that a match authenticates. */
  readonly trusted: boolean;
}

/**
 * What the operator's rules say of a recipient domain, nothing asked of the DNS: what holds for a host that has no policy.
 *
 * @param route the operator's rule for it, where there is one.
 */
export function decide(recipient: MailDomain, route: Route | undefined, defaultLevel: TlsLevel): Decision {
  const level = route?.tls ?? defaultLevel;
  const ruled = route !== undefined && route.tls !== null;
  return {
    ...atLevel(level),
    by: ruled ? 'override' : 'default',
    match: trustedNames(recipient, route),
    dane: null,
    because: ruled
      ? `the route for ${patternText(route)} says ${level}`
      : `no rule applies and the default level is ${level}`,
  };
}

/** What an operator's level demands. */
export function atLevel(level: TlsLevel): Pick<Decision, 'requires' | 'tryTls' | 'provesName'> {
  return {
    requires: requirementOf[level],
    tryTls: level === 'off' ? 'no' : 'yes',
    provesName: level === 'authenticate',
  };
}

const requirementOf = {
  off: 'none',
  may: 'none',
  encrypt: 'encrypt',
  authenticate: 'authenticate',
} as const satisfies Record<TlsLevel, Requirement>;

/** An MX name is never among them: it comes out of unsigned DNS, where the path can put any name. */
function trustedNames(recipient: MailDomain, route: Route | undefined): ReferenceIdentity[] {
  const own: ReferenceIdentity =
    recipient.kind === 'domain'
      ? { kind: 'name', name: recipient.domain }
      : { kind: 'ip', address: recipient.address };
  if (route === undefined) return [own];
  const { to, match, names } = route;
  // A configured host stands for all that its rule matches: recipients of many domains share one session with it.
  const ruled: ReferenceIdentity[] = match.kind === 'domain' ? [{ kind: 'name', name: match.domain }] : [];
  const base = to === null ? [own] : [ofHost(to.host), ...ruled];
  return [...base, ...(match.kind === 'below' ? [ofPattern(match)] : []), ...names.map(ofPattern)];
}

function ofHost(host: Host): ReferenceIdentity {
  return host.kind === 'name' ? host : { kind: 'ip', address: host.address };
}

function ofPattern(pattern: NamePattern): ReferenceIdentity {
  return pattern.kind === 'domain'
    ? { kind: 'name', name: pattern.domain }
    : { kind: 'under', suffix: pattern.domain };
}

function patternText({ match }: Route): string {
  if (match.kind === 'any') return '*';
  return match.kind === 'domain' ? match.domain : `.${match.domain}`;
}

/** The identity as an operator writes it. */
export function formatIdentity(identity: ReferenceIdentity): string {
  switch (identity.kind) {
    case 'name':
      return identity.name;
    case 'under':
      return `.${identity.suffix}`;
    case 'ip':
      return identity.address;
  }
}

/** Equal for decisions that ask the same of a session, and by the same word where its verdict names one. */
export function decisionKey(decision: Decision): string {
  const { requires, tryTls, match, dane, provesName, overridden, because } = decision;
  const names = match.map(formatIdentity).join(',');
  const word = overridden === true ? ` ${JSON.stringify(because)}` : '';
  return `${requires} ${tryTls} ${provesName ? 'name' : '-'} ${names} ${dane === null ? '-' : daneKey(dane)}${word}`;
}

function daneKey({ set, names, binding, trusted }: DaneDemand): string {
  const texts = [...set.usable.map(showTlsa), names.base, names.mx, ...names.nextHop];
  const digest = createHash('sha256').update(JSON.stringify(texts)).digest('hex');
  return `${digest} ${binding} ${trusted}`;
}
