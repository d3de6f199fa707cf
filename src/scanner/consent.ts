/**
 * Whether the owner of a mail host wants intrusive questions asked: he says so in his zone, and names who may.
 *
 * `_waxwing-check.HOST TXT "v=waxwing1; intrusive=scanner.example.net; until=2027-01-31"`, at the host's name or a domain that
 * it is in. A customer of a provider cannot consent for the provider: that MX records lead to a host proves nothing.
 */
import { childOf, nameOf } from '../dns/name.ts';
import { types } from '../dns/record.ts';
import { readTxt } from '../dns/records.ts';
import { type Domain, parseDomain } from '../names/domain.ts';
import { type PolicyLookUp, resolve } from '../policies/look-ups.ts';

export type Consent =
  | { readonly kind: 'given'; readonly because: string }
  | { readonly kind: 'missing'; readonly because: string };

/** No host has so many labels that more would have to be looked at. */
const MOST_PLACES = 5;
const RECORD = /^v=waxwing1 *; *intrusive=([^;\s]+) *(?:; *until=(\d{4}-\d{2}-\d{2}) *)?;?$/;

/** The record that gives consent, to paste. */
export function consentRecord(place: Domain, scanner: string): string {
  return `_waxwing-check.${place}. IN TXT "v=waxwing1; intrusive=${scanner}"`;
}

/** @param scanner our name, as we say it in EHLO. @param now milliseconds since 1970. */
export function* consentOf(host: Domain, scanner: string, now: number): PolicyLookUp<Consent> {
  for (const place of placesOf(host)) {
    const name = childOf('_waxwing-check', nameOf(place));
    if (name === undefined) continue;
    const answer = yield* resolve({ name, type: types.TXT });
    if (answer.kind !== 'found') continue;
    const texts = answer.records.flatMap((data) => readTxt(data)?.join('') ?? []);
    if (texts.some((text) => allows(text, scanner, now)))
      return { kind: 'given', because: `a TXT record at _waxwing-check.${place} names ${scanner}` };
  }
  const because = `the owner of ${host} has not consented to intrusive questions; he does by this record: ${consentRecord(host, scanner)}`;
  return { kind: 'missing', because };
}

function allows(text: string, scanner: string, now: number): boolean {
  const [, named, until] = RECORD.exec(text) ?? [];
  if (named?.toLowerCase() !== scanner.toLowerCase()) return false;
  // The whole of the last day, wherever the day ends last.
  return until === undefined || now < Date.parse(`${until}T23:59:59Z`) + 12 * 60 * 60_000;
}

/** The host and the domains it is in, down to two labels: nobody consents for a whole registry. */
function placesOf(host: Domain): readonly Domain[] {
  const labels = host.split('.');
  return labels
    .slice(0, -1)
    .map((_, index) => parseDomain(labels.slice(index).join('.')))
    .flatMap((parsed) => (parsed.kind === 'ok' ? [parsed.value] : []))
    .slice(0, MOST_PLACES);
}
