/** What is kept of policies, as a person reads it. */
import { formatHostPort } from '../names/address.ts';
import type { KeptInbound } from '../relay/control-clients.ts';
import type { KeptListing } from '../relay/list-api.ts';
import type {
  KeptOfDomain,
  KeptOverride,
  KeptPolicy,
  KeptTls,
  KeptTrack,
  Overridden,
  Purged,
  Refreshed,
  ShownPromotion,
  Woken,
} from '../relay/policies-api.ts';
import { resultLines } from './result-text.ts';
import { formatTable } from './table.ts';
import { oneLine } from './terminal.ts';

/** A line for each domain, then one for each override. */
export function formatPolicies(
  policies: readonly KeptPolicy[],
  overrides: readonly KeptOverride[],
  now: number,
): string {
  const head = ['DOMAIN', 'MODE', 'FETCHED', 'ENDS', 'NEXT FETCH', 'MX'];
  const rows = policies.map((kept) => [
    kept.domain,
    modeOf(kept),
    kept.policy === null ? '-' : ago(kept.policy.fetchedAt, now),
    kept.policy === null ? '-' : ahead(kept.policy.expiresAt, now),
    nextFetch(kept, now),
    `${kept.policy === null ? '-' : shortened(kept.policy.mx)}${failuresOf(kept)}`,
  ]);
  const ruled = overrides.map((one) => [
    one.domain,
    one.inForce ? one.level : `${one.level}, over`,
    one.until ?? 'forever',
    oneLine(one.reason),
  ]);
  const general = overrides.find(({ domain, inForce }) => domain === '*' && inForce);
  return [
    ...(general === undefined
      ? []
      : [`NOTE: TLS is required of no mail until ${general.until}: ${oneLine(general.reason)}\n`]),
    rows.length === 0 ? 'no MTA-STS policies are kept\n' : formatTable([head, ...rows]),
    ruled.length === 0
      ? 'there are no overrides\n'
      : formatTable([['OVERRIDE FOR', 'LEVEL', 'UNTIL', 'REASON'], ...ruled]),
  ].join('\n');
}

/** A line for each host. */
export function formatRememberedTls(remembered: readonly KeptTls[]): string {
  if (remembered.length === 0) return 'nothing is remembered of TLS at any host\n';
  const head = ['HOST', 'ADDRESS', 'WHAT', 'SINCE', 'UNTIL', 'FAILURES', 'BECAUSE'];
  const rows = remembered.map(({ kind, host, address, port, failures, since, until, because }) => [
    oneLine(host),
    formatHostPort(address, port),
    kind === 'broken' ? 'broken: in clear, where that may be' : 'small ClientHello',
    since,
    until,
    String(failures),
    oneLine(because),
  ]);
  return formatTable([head, ...rows]);
}

/** All that is kept of a domain. */
export function formatKept(kept: KeptOfDomain, now: number): string {
  const { domain, sts, override, promotion, listed, outbound, inbound, results } = kept;
  const lines = [
    ...(override === null ? [] : overrideLines(override)),
    ...(promotion === null ? [] : promotionLines(promotion)),
    ...(sts === null ? [`${domain}: no MTA-STS policy is kept`] : policyLines(sts, now)),
    ...(listed === null ? [] : [listingLine(domain, listed)]),
    ...outboundLines(domain, outbound, now),
    ...inboundLines(domain, inbound, now),
    ...resultLines(results),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** What the policy list says of a domain. */
function listingLine(domain: string, { mode, mxs, alias, inForce, expiresAt }: KeptListing): string {
  const under = alias === null ? '' : ` (alias ${oneLine(alias)})`;
  const hosts = mxs.length === 0 ? '' : `, mxs ${mxs.join(' ')}`;
  return `${domain}: on the policy list${under}: ${mode}${hosts}, ${inForce ? 'holds' : 'held'} until ${expiresAt}`;
}

export function formatRefreshed(
  { domain, outcome, because, evidence, sts, mail }: Refreshed,
  now: number,
): string {
  const lines = [
    `${domain}: ${oneLine(because)}`,
    ...evidence.map((one) => `  ${oneLine(one)}`),
    ...(outcome === 'none' || sts === null || sts.policy === null ? [] : policyLines(sts, now)),
    mailText(mail),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

export function formatPurged({ domain, purged, inbound, outbound, mail }: Purged): string {
  return [
    ...(purged === null ? [] : purgedLines(domain, purged)),
    ...(outbound
      ? [`${domain}: what sessions with its mail hosts have reached is forgotten; nothing is expected of it.`]
      : []),
    ...(inbound === 0
      ? []
      : [
          `${domain}: what is remembered of ${inbound === 1 ? 'one server that sends' : `${inbound} servers that send`} its mail is forgotten.`,
        ]),
    mailText(mail),
  ]
    .map((line) => `${line}\n`)
    .join('');
}

function purgedLines(domain: string, { policy }: KeptPolicy): readonly string[] {
  const what = policy === null ? 'what was kept' : `the MTA-STS policy (${policy.mode}, id ${policy.id})`;
  return [
    `${domain}: ${what} is forgotten.`,
    'Nothing of it protects mail any more until it is fetched again, with the next mail for the domain: whoever is',
    'on the path then can see to it that it looks as if there were no policy.',
  ];
}

/** What its mail hosts have reached. */
function outboundLines(domain: string, outbound: readonly KeptTrack[], now: number): readonly string[] {
  if (outbound.length === 0) return [];
  return [
    `${domain}: what each session with its mail hosts has reached`,
    ...outbound.flatMap(({ host, level, state, since, sessions, lastAt, against, days }) => {
      const what = level === 'authenticate' ? 'authenticated' : 'over TLS';
      const known = `  ${host ?? 'all hosts'}: ${what} since ${since.slice(0, 10)}, ${timesText(sessions)}, last ${ago(lastAt, now)}; ${STATES[state]}`;
      const missed =
        against === null
          ? []
          : [
              `    not so ${timesText(against.sessions)} since then, on ${dayCount(against.days)}, first ${ago(against.since, now)}, last ${ago(against.lastAt, now)}`,
            ];
      const counts = days.map(
        ({ day, reached, missed: short }) => `${day.slice(5)} ${reached}/${reached + short}`,
      );
      return [known, ...missed, ...(counts.length === 0 ? [] : [`    by day: ${counts.join(', ')}`])];
    }),
  ];
}

const STATES: Readonly<Record<KeptTrack['state'], string>> = {
  young: 'not for long enough to expect it',
  expected: 'expected',
  'given-way': 'not expected any more, as the contrary was seen for too long',
  forgotten: 'forgotten, as it is too long ago',
};

function dayCount(days: number): string {
  return days === 1 ? 'one day' : `${days} days`;
}

/** The servers that send its mail to us. */
function inboundLines(domain: string, inbound: readonly KeptInbound[], now: number): readonly string[] {
  if (inbound.length === 0) return [];
  return [
    `${domain}: servers that send its mail here over TLS`,
    ...inbound.map(({ client, expected, since, sessions, lastAt, clear, clearAt }) => {
      const known = expected ? 'always since' : 'not for long enough to expect it: since';
      const inClear = clearAt === null ? '' : `; ${timesText(clear)} in clear, last ${ago(clearAt, now)}`;
      return `  ${client}: ${known} ${since.slice(0, 10)}, noted ${timesText(sessions)}, last ${ago(lastAt, now)}${inClear}`;
    }),
  ];
}

export function formatOverridden({ override, mail }: Overridden): string {
  const { domain, level } = override;
  if (domain === '*') return overriddenEverywhere(override, mail);
  const effect =
    level === 'authenticate'
      ? 'It stands over all policies, the memory and the configuration.'
      : 'It stands over all policies, the memory and the configuration: more than this is not required, whatever the domain asks for.';
  return [
    ...overrideLines(override),
    effect,
    ...elsewhere(mail, domain),
    mailText(mail),
    `What follows from it: waxwing explain ${domain}`,
  ]
    .map((line) => `${line}\n`)
    .join('');
}

function overriddenEverywhere(override: KeptOverride, mail: Woken): string {
  return [
    ...overrideLines(override),
    'TLS is required of no mail any more, whatever policies, memory, rules and routes say, but of mail with REQUIRETLS, of',
    'domains with an override of their own and at next hops that are named by address. It is still used where it can be',
    'had. Who is on the path can read and change all other mail. The log says so each hour.',
    mailText(mail),
    "Take it back as soon as you can: waxwing policy override '*' --remove",
  ]
    .map((line) => `${line}\n`)
    .join('');
}

export function formatRemoved({ override, mail }: Overridden): string {
  return `the override for ${override.domain} (${override.level}) is taken back\n${mailText(mail)}\n`;
}

/** The policies of a next hop that a rule names are those of its host (RFC 8461 §3.4). */
function elsewhere({ destination }: Woken, domain: string): readonly string[] {
  return destination === domain
    ? []
    : [
        `Mail for ${domain} goes to ${destination} by a rule, and that host is what an override has to name for it.`,
      ];
}

function overrideLines({ domain, level, until, reason, setAt, inForce }: KeptOverride): readonly string[] {
  const end = until === null ? 'until it is taken back' : `until ${until}`;
  return [
    `${domain}: ${inForce ? '' : 'over: '}override ${level} ${end}: ${oneLine(reason)}`,
    `  set at ${setAt}`,
  ];
}

function promotionLines(promotion: ShownPromotion): readonly string[] {
  const { domain, level, state, until, reason, setAt, blocked, mostBlocked, endedAt, endedBecause } =
    promotion;
  const taken = endedAt === null ? [] : [`  taken back at ${endedAt}: ${oneLine(endedBecause ?? '')}`];
  return [
    `${domain}: ${state === 'in-force' ? '' : 'over: '}promoted to ${level} until ${until}: ${oneLine(reason)}`,
    `  set at ${setAt}; it has blocked ${blocked} recipient${blocked === 1 ? '' : 's'}, and ${mostBlocked} may be blocked`,
    ...taken,
  ];
}

function policyLines(kept: KeptPolicy, now: number): readonly string[] {
  const { domain, policy, failures, refreshAt, attemptedAt, usedAt, inForce } = kept;
  const known =
    policy === null
      ? [`${domain}: no MTA-STS policy could be fetched so far`]
      : [
          `${domain}: MTA-STS ${policy.mode}, id ${policy.id}, ${inForce ? 'in force' : 'over'}`,
          `  fetched at ${policy.fetchedAt} (${ago(policy.fetchedAt, now)})`,
          `  ${inForce ? 'holds' : 'held'} until ${policy.expiresAt} (max_age ${policy.maxAgeSeconds} s)`,
          ...policy.lines.map((line) => `    ${oneLine(line)}`),
          ...policy.warnings.map((warning) => `  blemish: ${oneLine(warning)}`),
        ];
  const failed =
    failures === null
      ? []
      : [
          `  failed ${timesText(failures.count)} since ${failures.since} for the id ${failures.id} (${failures.type}): ${oneLine(failures.because)}`,
          `  tried again from ${failures.retryAt} on`,
        ];
  return [
    ...known,
    ...failed,
    `  last fetch begun at ${attemptedAt}, ${refreshAt === null ? 'not renewed by itself' : `renewed at ${refreshAt}`}`,
    `  mail last asked at ${usedAt}, to a day`,
  ];
}

function modeOf({ policy, inForce }: KeptPolicy): string {
  if (policy === null) return 'unknown';
  return inForce ? policy.mode : `${policy.mode}, over`;
}

function nextFetch({ refreshAt, failures }: KeptPolicy, now: number): string {
  const at = refreshAt ?? failures?.retryAt;
  return at === undefined ? '-' : ahead(at, now);
}

function failuresOf({ failures }: KeptPolicy): string {
  if (failures === null) return '';
  return `; failed ${timesText(failures.count)}: ${oneLine(failures.because)}`;
}

function timesText(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

const MOST_SHOWN = 3;

function shortened(mx: readonly string[]): string {
  const more = mx.length > MOST_SHOWN ? ` and ${mx.length - MOST_SHOWN} more` : '';
  return mx.length === 0 ? 'none' : `${mx.slice(0, MOST_SHOWN).join(', ')}${more}`;
}

function mailText({ due, underWay }: Woken): string {
  const left = underWay === 0 ? '' : `; for ${underWay} more an attempt is under way`;
  return `${due} recipient${due === 1 ? '' : 's'} of mail that waits: due now${left}`;
}

/** How long ago a time is, as RFC 3339 writes it. */
export function ago(at: string, now: number): string {
  return `${span(now - Date.parse(at))} ago`;
}

/** How long it is until then. */
export function ahead(at: string, now: number): string {
  const left = Date.parse(at) - now;
  return left > 0 ? `in ${span(left)}` : `${span(-left)} ago`;
}

/** A length of time, to one unit. */
function span(ms: number): string {
  const minutes = Math.floor(Math.max(ms, 0) / 60_000);
  if (minutes < 1) return `${Math.floor(Math.max(ms, 0) / 1000)}s`;
  if (minutes < 120) return `${minutes}m`;
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)}h` : `${Math.floor(minutes / 1440)}d`;
}
