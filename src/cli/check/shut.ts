/** Servers that take connections and come to nothing: from here no mail gets in, and why stands in their logs. */
import type { CheckReport } from '../../events/check-report.ts';
import { listed, type ReportedFinding, type Scope, showMoment } from './words.ts';

type Host = CheckReport['hosts'][number];
type Endpoint = Host['endpoints'][number];

/** How none of the servers lets this check as far as its TLS. */
export interface Shut {
  /** `silent`: that is so for everybody, as far as can be seen from here. `unwilling`: it may be this check that is not wanted. */
  readonly kind: 'silent' | 'unwilling';
  readonly hosts: readonly string[];
}

/** Findings of a door that nobody gets through. A server that says "not now" (conn.ratelimited) is none. */
const silences: ReadonlySet<string> = new Set([
  'conn.timeout',
  'conn.tarpit',
  'conn.closed',
  'conn.protocol',
]);
const refusals: ReadonlySet<string> = new Set(['conn.blocked']);
/** Nothing takes the connection. */
const closures: ReadonlySet<string> = new Set([
  'conn.refused',
  'conn.reset',
  'conn.timeout',
  'conn.unreachable',
  'conn.ipv6-unreachable',
]);

/** @returns undefined where some door is open, or was not tried: what is not known of one may be known of another. */
export function shutOf({
  hosts,
  findings,
  protocol,
}: Pick<CheckReport, 'hosts' | 'findings' | 'protocol'>): Shut | undefined {
  const open = findings.filter(({ state }) => state !== 'pass');
  const isDead = ({ name }: Host): boolean =>
    open.some(({ id, scope }) => id === 'mx.no-address' && scope.host === name);
  const tried = hosts.filter((host) => !isDead(host));
  if (tried.some(({ endpoints, skipped }) => endpoints.length === 0 || skipped.length > 0)) return undefined;
  // Other mail servers come to the port with STARTTLS; the door beside it is for mail programs.
  const doors = tried.flatMap(({ endpoints }) =>
    protocol === 'smtp' ? endpoints.filter(({ mode }) => mode === 'starttls') : endpoints,
  );
  const ends = doors.map((door) => endAt(door, open));
  if (ends.length === 0 || ends.some((end) => end === 'open')) return undefined;
  const names = tried.map(({ name }) => name);
  if (ends.includes('unwilling')) return { kind: 'unwilling', hosts: names };
  // Where no connection stands at all that is told by itself, and it may be this network.
  return ends.includes('silent') ? { kind: 'silent', hosts: names } : undefined;
}

function endAt(
  { address, port, reachable, tls, starttls }: Endpoint,
  open: readonly ReportedFinding[],
): 'open' | 'silent' | 'unwilling' | 'closed' {
  if (tls !== null || starttls !== null) return 'open';
  const ids = open
    .filter(({ scope }) => scope.address === address && scope.port === port)
    .map(({ id }) => id);
  if (reachable === false) return ids.some((id) => closures.has(id)) ? 'closed' : 'open';
  if (reachable === null) return 'open';
  if (ids.some((id) => refusals.has(id))) return 'unwilling';
  return ids.some((id) => silences.has(id)) ? 'silent' : 'open';
}

/** What becomes of mail, to follow the words of the verdict. */
export function shutText({ kind, hosts }: Shut): string {
  const names = listed(hosts);
  const isOne = hosts.length === 1;
  return kind === 'silent'
    ? `: ${names} ${isOne ? 'takes' : 'take'} connections, and did not come so far that a sender could deliver in the time of this check`
    : `: ${names} ${isOne ? 'turns' : 'turn'} this check away; senders that are treated like it cannot deliver`;
}

/** What to do about a door at which a check came to nothing; '' where another try may do. */
export function logOrder(
  { id, scope }: ReportedFinding,
  { startedAt }: Pick<CheckReport, 'startedAt'>,
): string {
  if (!silences.has(id) && !refusals.has(id)) return '';
  return `See in the log of the mail server at ${placeOf(scope)} what it says of connections at ${showMoment(startedAt)}: why it does not begin a session stands there. If there is nothing, see that it runs, and what stands before it (firewall, proxy).`;
}

function placeOf({ host, address }: Scope): string {
  return host ?? address ?? 'this address';
}
