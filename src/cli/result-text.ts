/** What sessions came to and how mail travelled, as a person reads it. */
import type { DayResults, PolicyFigures, TravelFigures } from '../relay/control-results.ts';
import { formatTable } from './table.ts';
import { oneLine } from './terminal.ts';

/** Failures that are shown of one policy; `--json` has all. */
const MOST_SHOWN = 10;

/** Lines about the sessions of a domain, day by day. */
export function resultLines(results: readonly DayResults[]): readonly string[] {
  return results.flatMap(({ day, domain, policies }) => [
    `${domain}: TLS sessions on ${day} (UTC)`,
    ...policies.flatMap(policyLines),
  ]);
}

function policyLines({ source, policy, successes, failures, details }: PolicyFigures): readonly string[] {
  const counted = source === 'waxwing' ? '' : `, counted by ${source}`;
  const left = details.length - MOST_SHOWN;
  return [
    `  ${policyName(policy)}: ${successes} good, ${failures} failed${counted}`,
    ...details.slice(0, MOST_SHOWN).map(failureLine),
    ...(left > 0 ? [`    and ${left} more kinds of failures`] : []),
  ];
}

function policyName({ type, domain }: PolicyFigures['policy']): string {
  if (type === 'no-policy-found') return 'without a policy';
  return type === 'sts' ? `MTA-STS of ${oneLine(domain)}` : `TLSA records of ${oneLine(domain)}`;
}

function failureLine({
  type,
  receivingHost,
  receivingAddress,
  reason,
  sessions,
}: PolicyFigures['details'][number]): string {
  const host = receivingHost === null ? '' : ` at ${oneLine(receivingHost)}`;
  const address = receivingAddress === null ? '' : ` (${oneLine(receivingAddress)})`;
  return `    ${sessions} × ${type}${host}${address}${reason === null ? '' : `: ${oneLine(reason)}`}`;
}

/** A line for each day and direction. */
export function formatTravel({ since, domain, counts }: TravelFigures): string {
  const whose = domain === null ? '' : ` of ${oneLine(domain)}`;
  if (counts.length === 0) return `no mail${whose} has travelled since ${since}\n`;
  const rows = counts.map(({ day, direction, authenticated, encrypted, cleartext }) => {
    const all = authenticated + encrypted + cleartext;
    return [
      day,
      direction,
      share(authenticated, all),
      share(encrypted, all),
      share(cleartext, all),
      String(all),
    ];
  });
  return formatTable([['DAY', '', 'AUTHENTICATED', 'ENCRYPTED', 'IN CLEAR', 'RECIPIENTS'], ...rows]);
}

function share(part: number, all: number): string {
  return `${part} (${((100 * part) / all).toFixed(1)} %)`;
}
