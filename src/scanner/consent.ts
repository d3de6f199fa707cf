/**
 * Whether the owner of a mail host wants intrusive questions asked: he says so in his zone, and names who may.
 *
 * `_waxwing-check.HOST TXT "v=waxwing1; intrusive=scanner.example.net; until=2027-01-31"`, at the host's name or a domain that
 * it is in. A customer of a provider cannot consent for the provider: that MX records lead to a host proves nothing. Nor does it
 * prove anything that a host's name leads to an address, which its owner may write as he likes: the address has to lead back.
 */
import { childOf, nameOf, showName } from '../dns/name.ts';
import { types } from '../dns/record.ts';
import { readName, readTxt } from '../dns/records.ts';
import { reverseName } from '../dns/reverse.ts';
import { type IpAddress, oneSpelling } from '../names/address.ts';
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

/** Names of one address that are looked at. */
const MOST_NAMES = 5;

/**
 * Whether the owner of a host consents, and the address is his: its name is that of the host, or one whose owner consents, too.
 *
 * @param scanner our name, as we say it in EHLO. @param now milliseconds since 1970.
 */
export function* consentAt(
  host: Domain,
  address: IpAddress,
  scanner: string,
  now: number,
): PolicyLookUp<Consent> {
  const consent = yield* consentOf(host, scanner, now);
  if (consent.kind === 'missing') return consent;
  const names = yield* namesOf(address);
  for (const name of names)
    if (name === host || (yield* consentOf(name, scanner, now)).kind === 'given') return consent;
  const found = names.length === 0 ? 'it has no name' : `its name is ${names.join(', ')}`;
  const because = `the owner of ${host} consents to intrusive questions, but nothing shows that ${address} is his: ${found}, and for that nobody consents`;
  return { kind: 'missing', because };
}

function* namesOf(address: IpAddress): PolicyLookUp<readonly Domain[]> {
  const answer = yield* resolve({ name: reverseName(oneSpelling(address)), type: types.PTR });
  if (answer.kind !== 'found') return [];
  return answer.records
    .slice(0, MOST_NAMES)
    .map(readName)
    .flatMap((name) => (name === undefined ? [] : [parseDomain(showName(name))]))
    .flatMap((parsed) => (parsed.kind === 'ok' ? [parsed.value] : []));
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
