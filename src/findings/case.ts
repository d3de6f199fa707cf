/** All that a check is judged by: what is known of the target, of its policies, and what was seen of its servers. */
import type { IpAddress } from '../names/address.ts';
import type { Domain } from '../names/domain.ts';
import type { DestinationVerdict, HostVerdict } from '../policies/combine.ts';
import type { HostFacts } from '../policies/dane/hosts.ts';
import type { DestinationFacts } from '../policies/destination.ts';
import type { CheckProtocol, Depth, TlsMode } from './endpoint.ts';
import type { FindingScope } from './finding.ts';
import type { Observation } from './observation.ts';

/** What a check is asked about. */
export type Target =
  /** Mail for a domain: its MX hosts, each of their addresses. */
  | { readonly kind: 'domain'; readonly domain: Domain }
  /** One server by name, each of its addresses. */
  | {
      readonly kind: 'host';
      readonly host: Domain;
      readonly port: number;
      readonly protocol: CheckProtocol;
      readonly tls: TlsMode;
      /** As it was asked for with its port, in printable ASCII, where its usual spelling is another. */
      readonly written?: string;
    }
  /** One server by address: nothing is asked of the DNS. */
  | {
      readonly kind: 'address';
      readonly address: IpAddress;
      readonly port: number;
      readonly protocol: CheckProtocol;
      readonly tls: TlsMode;
      /** As above. */
      readonly written?: string;
    };

export interface CheckCase {
  readonly target: Target;
  /** Milliseconds since 1970: the moment for which it is judged, which --fail-at puts into the future. */
  readonly now: number;
  readonly depth: Depth;
  readonly intrusive: boolean;
  /** null for an address. */
  readonly facts: DestinationFacts | null;
  /** What the policy engine decides, with `may` as the default level and no rule of an operator; null for an address. */
  readonly verdict: DestinationVerdict | null;
  /** In order of preference; of a target that is no domain the one host. */
  readonly hosts: readonly HostCase[];
}

export interface HostCase {
  /** The name, or the address where it has none: as findings name it. */
  readonly name: string;
  /** Of the MX record; null where there is none. */
  readonly preference: number | null;
  /** null for an address. */
  readonly facts: HostFacts | null;
  /** null for an address. */
  readonly verdict: HostVerdict | null;
  /** Of each address and port that was visited. */
  readonly observations: readonly Observation[];
  /** Those that were not, and why. */
  readonly skipped: readonly Skipped[];
}

/** A door at which nobody knocked. */
export interface Skipped {
  readonly address: IpAddress;
  readonly port: number;
  /**
   * `private`: an address that means something only inside some network (--allow-private). `opted-out`: its owner asked not
   * to be visited. `throttled`: the host has sent us away at another of its doors. `too-many`: beyond what one check visits
   * of a target, or for now of a server under many names.
   */
  readonly kind: 'private' | 'opted-out' | 'throttled' | 'too-many';
  /** One sentence. */
  readonly because: string;
  /** Milliseconds since 1970; null where another try is not worthwhile. */
  readonly retryAt: number | null;
}

/** How strictly senders look at the certificate of a host, from the strictest policy that is in force. */
export type PolicyAtHost =
  /** MTA-STS in enforce: path, date and name. */
  | 'sts-enforce'
  /** DANE-TA(2): a path to the anchor, date and name. */
  | 'dane-ta'
  /** DANE-EE(3) only: the key alone (RFC 7672 §3.1.1). */
  | 'dane-ee'
  /** MTA-STS in testing: reported, and delivered. */
  | 'sts-testing'
  | 'none';

/** The policy by which senders look at the certificate of this host. */
export function policyAtHost({ facts }: Pick<CheckCase, 'facts'>, host: HostCase): PolicyAtHost {
  const tlsa = host.facts?.kind === 'found' ? host.facts.tlsa : undefined;
  if (tlsa?.kind === 'found' && tlsa.set.usable.length > 0) {
    return tlsa.set.usable.some(({ usage }) => usage === 3) ? 'dane-ee' : 'dane-ta';
  }
  if (facts?.sts.kind !== 'policy') return 'none';
  return facts.sts.known.policy.mode === 'enforce' ? 'sts-enforce' : 'sts-testing';
}

/** The scope of what was seen at one endpoint. */
export function scopeOf(host: HostCase, { endpoint }: Observation): FindingScope {
  return { host: host.name, address: endpoint.address, port: endpoint.port };
}
