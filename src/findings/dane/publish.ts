/** The TLSA records that a host should have, made from the certificates that it was seen to present. */
import { showTlsa, type TlsaRecord } from '../../policies/dane/tlsa.ts';
import { summarizeCertificate } from '../../tls/certificate.ts';
import type { PasteLine } from '../check.ts';
import { chainsAt, type SeenChain } from '../seen.ts';
import type { DanePlace } from './places.ts';

/** Time for all caches to forget what stands in a zone; seconds that a new record should live, for a domain that begins. */
const BEGINNERS_TTL = 3_600;

/** `3 1 1` and the SHA-256 of the key: of all records the one that a renewed certificate for the same key still fits. */
function keyRecord(der: Uint8Array): string | undefined {
  const summary = summarizeCertificate(der);
  return summary.kind === 'ok' ? `3 1 1 ${summary.value.spkiSha256}` : undefined;
}

/** Every handshake with the host that showed a certificate. */
function chainsOf({ doors }: Pick<DanePlace, 'doors'>): readonly SeenChain[] {
  return doors.flatMap(chainsAt).filter(({ tls }) => tls.chain.length > 0);
}

/** A record for each key that the host was seen to use; none where no certificate was seen. */
export function keyRecords(place: Pick<DanePlace, 'doors'>): readonly string[] {
  const records = chainsOf(place).flatMap(({ tls }) => (tls.chain[0] && keyRecord(tls.chain[0])) ?? []);
  return [...new Set(records)];
}

/** The records of {@link keyRecords} as lines of a zone; beside those that are there they have the same TTL. */
export function zoneLines(
  place: Pick<DanePlace, 'doors' | 'owner'> & Partial<Pick<DanePlace, 'answer'>>,
): readonly PasteLine[] {
  const isFirst = place.answer?.kind !== 'found';
  return keyRecords(place).map((record) => zoneLine(place.owner, record, isFirst));
}

/** One record as a line of a zone. @param isFirst whether it is the first there, so that its TTL is ours to choose. */
export function zoneLine(owner: string, record: string, isFirst: boolean): PasteLine {
  return { for: 'dns', text: `${owner}.${isFirst ? ` ${BEGINNERS_TTL}` : ''} IN TLSA ${record}` };
}

/** A record of the zone as it stands, for somebody who is to take it out. */
export function standingLine(owner: string, record: TlsaRecord): string {
  return `${owner}. IN TLSA ${showTlsa(record)}`;
}

/** A record as evidence shows it; what is to be pasted has it whole. */
export function lineOf(record: TlsaRecord): string {
  return shortened(`TLSA ${showTlsa(record)}`);
}

/** A sentence with the beginnings of its digests, which nobody compares to the end by eye. */
export function shortened(text: string): string {
  return text.replaceAll(/\b([0-9a-f]{16})[0-9a-f]{24,}\b/g, '$1…');
}

/** What shows that the records are there, and that they fit. */
export function verifyDaneCommand(domain: string): string {
  return `waxwing check ${domain} --only dane`;
}
