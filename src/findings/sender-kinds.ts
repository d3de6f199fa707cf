/** What each kind of sender looks at before it sends, and what it insists on. */
import type { HostFacts } from '../policies/dane/hosts.ts';
import type { DestinationFacts, Way } from '../policies/destination.ts';
import type { StsFacts } from '../policies/mta-sts/facts.ts';
import type { TlsLevel } from '../policies/words.ts';
import type { Sender } from './senders.ts';

export interface SenderKind {
  /**
   * What it believes of the DNS. `nothing`: no answer is proven to it, and it asks for no TLSA records. `dane`: TLSA records of
   * every host whose addresses are proven. `dane-behind-secure-mx`: those only where the MX records are proven, too.
   */
  readonly dns: 'nothing' | 'dane' | 'dane-behind-secure-mx';
  /** `names`: beside `enforce`, a policy in `testing` is believed to name the hosts of a domain whose MX records are not proven. */
  readonly sts: 'ignored' | 'applied' | 'names';
  /** What its own operator, or the message, demands where no policy does. */
  readonly level: TlsLevel;
  /** Whether it looks at the name in the certificate also where nothing makes it: without a look nothing is proven to it. */
  readonly looks: 'where-required' | 'always';
  /** What becomes of mail where none of the hosts that MX records name has an address. */
  readonly withoutAddress: 'deferred' | 'bounced';
  readonly oldestTls: 'TLSv1.2' | 'TLSv1.3';
  /** Whether the server has to take REQUIRETLS over (RFC 8689 §4.2.1), and a message that it cannot send goes back at once. */
  readonly requiresTakeover: boolean;
  /**
   * The ClientHello. `large`: with the key share of a hybrid group, as the tester's own, which some servers and middleboxes
   * cannot take; the group is told. `usual`: one segment.
   */
  readonly hello: 'usual' | 'large';
}

/**
 * Documented of Exchange Online: it validates outbound mail by DANE and by MTA-STS, asks for TLSA records once the MX
 * records have come proven, tries again for a day what fails, and then returns it. All else of it is modelled by RFC 7672 and
 * RFC 8461, as nobody can look inside.
 */
const exchange: SenderKind = {
  dns: 'dane-behind-secure-mx',
  sts: 'applied',
  level: 'may',
  looks: 'where-required',
  withoutAddress: 'deferred',
  oldestTls: 'TLSv1.2',
  requiresTakeover: false,
  hello: 'usual',
};

/** Seen of Postfix 3.7: mail goes back at once where no host has an address. It knows no MTA-STS by itself. */
const postfix: SenderKind = { ...exchange, sts: 'ignored', withoutAddress: 'bounced' };

export const senderKinds: Readonly<Record<Sender, SenderKind>> = {
  'postfix-may': { ...postfix, dns: 'nothing' },
  'postfix-dane': { ...postfix, dns: 'dane' },
  'mta-sts': { ...exchange, dns: 'nothing' },
  exchange,
  // RFC 8689 §4.2.1: hosts by DNSSEC or by MTA-STS, and a certificate that proves theirs.
  requiretls: {
    ...exchange,
    dns: 'dane',
    sts: 'names',
    level: 'authenticate',
    requiresTakeover: true,
  },
  'tls13-only': { ...exchange, oldestTls: 'TLSv1.3' },
  'pq-client': { ...exchange, hello: 'large' },
};

/** The facts as they look to a sender: what it does not ask for is not there, and what it cannot prove is not proven. */
export function seenBy(facts: DestinationFacts, kind: SenderKind): DestinationFacts {
  const way = kind.dns === 'nothing' ? unproven(facts.way) : facts.way;
  const asksTlsa = kind.dns === 'dane' || (kind.dns === 'dane-behind-secure-mx' && isProven(way));
  return {
    ...facts,
    way,
    sts: stsSeen(facts.sts, way, kind),
    hosts: asksTlsa
      ? facts.hosts
      : facts.hosts.map(({ preference, facts: host }) => ({ preference, facts: withoutTlsa(host) })),
    // What an operator here has decided, and what was seen from here, holds for nobody else.
    override: undefined,
    memory: undefined,
    promotion: undefined,
  };
}

function unproven(way: Way): Way {
  return way.kind === 'hosts' || way.kind === 'implicit' ? { ...way, status: 'insecure' } : way;
}

function isProven(way: Way): boolean {
  return way.kind === 'configured' || ('status' in way && way.status === 'secure');
}

function withoutTlsa(host: HostFacts): HostFacts {
  if (host.kind !== 'found') return host;
  const because = 'this sender does not ask for TLSA records';
  return { ...host, tlsa: { kind: 'absent', because, evidence: [because] } };
}

function stsSeen(sts: StsFacts, way: Way, { sts: use }: SenderKind): StsFacts {
  if (use === 'ignored') return { ...sts, kind: 'none', known: null };
  if (use === 'applied' || sts.kind !== 'policy' || isProven(way)) return sts;
  // RFC 8461 §4.1 is about the hosts that a policy names, whatever its mode.
  const { known } = sts;
  if (known.policy.mode !== 'testing') return sts;
  return { ...sts, known: { ...known, policy: { ...known.policy, mode: 'enforce' } }, takenFrom: 'testing' };
}
