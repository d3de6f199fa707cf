/** How bad findings are under a profile, and which of them count. */
import type { Severity } from '../check.ts';
import type { Finding } from '../finding.ts';
import { isMeant, type Profile } from './profile.ts';

/** The findings with the severities that the profile gives them. */
export function underProfile(
  findings: readonly Finding[],
  { severities }: Pick<Profile, 'severities'>,
): readonly Finding[] {
  return findings.map((one) => {
    const severity = severityOf(one.id, severities);
    return severity === undefined || severity === one.severity ? one : { ...one, severity };
  });
}

/** What the profile says of an id; of several entries that fit the longest counts. */
export function severityOf(id: string, severities: Readonly<Record<string, Severity>>): Severity | undefined {
  const named = Object.keys(severities).filter((part) => isMeant(id, part));
  const [longest] = named.toSorted((a, b) => b.length - a.length);
  return longest === undefined ? undefined : severities[longest];
}
