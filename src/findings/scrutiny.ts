/** How closely those who connect look at a certificate, and how bad a fault of it is therefore. */
import { policyAtHost } from './case.ts';
import type { Severity } from './check.ts';
import type { CheckProtocol } from './endpoint.ts';
import type { Place } from './place.ts';

/**
 * `clients`: mail programs and the like, which verify whatever the domain publishes. `sts-enforce`, `dane-ta`: senders do
 * not deliver. `sts-testing`: they deliver, and report. `dane-ee`: only the key counts (RFC 7672 §3.1.1). `none`: nobody looks.
 */
export type Scrutiny = 'clients' | 'sts-enforce' | 'dane-ta' | 'sts-testing' | 'dane-ee' | 'none';

/** Of protocols between a server and its own kind, or whose clients do not verify unless they are told to. */
const unverified: readonly CheckProtocol[] = ['lmtp', 'postgres', 'mysql'];

/**
 * The closest look that anybody takes: beside DANE there are senders that know only MTA-STS, so that a policy of both kinds
 * leaves no fault of a certificate without effect.
 */
export function scrutinyAt({ theCase, host, observation }: Place): Scrutiny {
  const { protocol } = observation.endpoint;
  if (protocol !== 'smtp') return unverified.includes(protocol) ? 'none' : 'clients';
  const { sts } = theCase.facts ?? {};
  const mode = sts?.kind === 'policy' ? sts.known.policy.mode : 'none';
  if (mode === 'enforce') return 'sts-enforce';
  const policy = policyAtHost(theCase, host);
  return policy === 'dane-ee' && mode === 'testing' ? 'sts-testing' : policy;
}

interface Severities {
  readonly none: Severity;
  readonly testing?: Severity;
  readonly ta?: Severity;
  readonly ee?: Severity;
}

/** What a fault means at each: where senders verify it is critical, unless something else is said. */
export function severityAt(
  place: Place,
  { none, testing = 'medium', ta = 'critical', ee = 'info' }: Severities,
): Severity {
  const severities: Readonly<Record<Scrutiny, Severity>> = {
    clients: 'critical',
    'sts-enforce': 'critical',
    'dane-ta': ta,
    'sts-testing': testing,
    'dane-ee': ee,
    none,
  };
  return severities[scrutinyAt(place)];
}

/** Who is hit, as the sentence for people says it. */
export function effectAt(place: Place): string {
  const scrutiny = scrutinyAt(place);
  return scrutiny === 'none' && place.observation.endpoint.protocol !== 'smtp'
    ? UNVERIFIED
    : effects[scrutiny];
}

const UNVERIFIED =
  'Clients of this protocol as a rule do not verify the server; those that are set to do it refuse to connect.';

const effects: Readonly<Record<Scrutiny, string>> = {
  clients: 'Clients that verify the server, as mail programs do, refuse to connect or warn their users.',
  'sts-enforce':
    'The MTA-STS policy is in enforce: senders that honour it, the large webmail services among them, do not deliver to this host.',
  'dane-ta':
    'The TLSA records name an authority (usage 2): senders that honour DANE build a path to it and do not deliver to this host.',
  'sts-testing':
    'The MTA-STS policy is in testing: mail is still delivered and the failure reported; in enforce it would not be.',
  'dane-ee':
    'The TLSA records name the key itself (usage 3), so that senders that honour DANE look at nothing else (RFC 7672 §3.1.1).',
  none: 'No policy has senders verify the certificate, so that mail is delivered all the same; with MTA-STS in enforce it would not be.',
};
