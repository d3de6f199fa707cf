/** The mail hosts beside each other, by what was seen of them: all are worth as much as the weakest. */
import { zoneFinding } from '../ask.ts';
import { type CheckCase, type HostCase, policyAtHost } from '../case.ts';
import type { Finding } from '../finding.ts';
import type { Observation } from '../observation.ts';
import { placeOfDoor, policyDoors, tlsReach } from '../seen.ts';

/** What a host is worth to mail. */
type Worth = 'clear' | 'encrypted' | 'valid';

const ranks: Readonly<Record<Worth, number>> = { clear: 0, encrypted: 1, valid: 2 };
const words: Readonly<Record<Worth, string>> = {
  clear: 'takes mail in clear only',
  encrypted: 'offers TLS with a certificate that no authority vouches for',
  valid: 'offers TLS with a certificate that an authority or its TLSA records vouch for',
};

export function backupFindings(theCase: CheckCase): readonly Finding[] {
  const { hosts, target } = theCase;
  if (target.kind !== 'domain') return [];
  const seen = hosts.map((host) => ({
    host,
    doors: policyDoors(theCase, host),
    byRecord: policyAtHost(theCase, host).startsWith('dane'),
  }));
  return [...weakerFindings(target.domain, seen), ...unreachableFindings(target.domain, seen)];
}

interface Seen {
  readonly host: HostCase;
  readonly doors: readonly Observation[];
  /** Whether TLSA records vouch for its key, so that nobody looks at who else does. */
  readonly byRecord: boolean;
}

/** The least of what its addresses offer: a sender may get any of them. */
function worthOf({ doors, byRecord }: Seen): Worth | null {
  const worths = doors.flatMap((door): Worth[] => {
    const reach = tlsReach(door);
    if (reach.kind === 'unknown') return [];
    if (reach.kind === 'without') return ['clear'];
    return [byRecord || reach.tls.path.kind === 'trusted' ? 'valid' : 'encrypted'];
  });
  return worths.toSorted((a, b) => ranks[a] - ranks[b])[0] ?? null;
}

function weakerFindings(domain: string, seen: readonly Seen[]): Finding[] {
  const known = seen.flatMap((one) => {
    const worth = worthOf(one);
    return worth === null ? [] : [{ name: one.host.name, preference: one.host.preference, worth }];
  });
  if (known.length < 2) return [];
  const best = known.reduce((one, other) => (ranks[other.worth] > ranks[one.worth] ? other : one));
  const weaker = known.filter(({ worth }) => ranks[worth] < ranks[best.worth]);
  const told = (one: (typeof known)[number]): string => `${one.name} ${words[one.worth]}`;
  if (weaker.length === 0)
    return [
      zoneFinding('mx.backup-weaker', 'pass', { scope: { domain }, evidence: known.slice(0, 10).map(told) }),
    ];
  return weaker.map((one) =>
    zoneFinding('mx.backup-weaker', one.worth === 'clear' ? 'fail' : 'warn', {
      scope: { domain, host: one.name },
      evidence: [told(best), told(one)],
      severity: one.worth === 'clear' ? 'high' : 'low',
      fix: [
        {
          who: 'mail-provider',
          do: `Set up TLS on ${one.name} as on ${best.name}, or remove it from the MX records of ${domain}.`,
        },
      ],
    }),
  );
}

/** Whether a host takes connections: `unknown` where it was not tried, or this network has no way to it. */
function reachOf({ doors, host }: Seen): 'open' | 'closed' | 'unknown' {
  if (doors.some(({ base }) => base.connect.kind === 'connected')) return 'open';
  const failed = doors.every(
    ({ base: { connect } }) => connect.kind === 'failed' && connect.how !== 'no-route',
  );
  return doors.length > 0 && failed && host.skipped.length === 0 ? 'closed' : 'unknown';
}

function unreachableFindings(domain: string, seen: readonly Seen[]): Finding[] {
  if (seen.length < 2) return [];
  const first = Math.min(...seen.map(({ host }) => host.preference ?? 0));
  const found: Finding[] = [];
  for (const one of seen) {
    const reach = reachOf(one);
    if (reach === 'unknown') continue;
    const scope = { domain, host: one.host.name };
    const isFirst = (one.host.preference ?? 0) === first;
    const evidence = one.doors.slice(0, 8).map(connectLine);
    if (!isFirst) {
      found.push(
        zoneFinding('mx.backup-unreachable', reach === 'open' ? 'pass' : 'warn', { scope, evidence }),
      );
    } else if (reach === 'open') {
      found.push(zoneFinding('mx.nolisting', 'pass', { scope, evidence }));
    } else if (seen.some((other) => other !== one && reachOf(other) === 'open')) {
      found.push(zoneFinding('mx.nolisting', 'warn', { scope, evidence }));
    }
  }
  return found;
}

function connectLine(door: Observation): string {
  const { connect } = door.base;
  return connect.kind === 'connected'
    ? `${placeOfDoor(door)} took the connection`
    : `${placeOfDoor(door)}: ${connect.because}`;
}
