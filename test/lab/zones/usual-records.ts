/** The records that a well-run domain has, to be taken as they are or with one of them changed. */

export type Row = readonly [name: string, shows: string, records: readonly string[]];

export const MX = '@ MX 10 mx.plain.test.';
export const SPF = '@ TXT "v=spf1 mx -all"';
export const DMARC = '_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@reports.test"';
export const RPT = '_smtp._tls TXT "v=TLSRPTv1; rua=https://reports.test/tls"';
export const rest = [MX, SPF, DMARC, RPT] as const;

/** All but one of the usual records, and what stands in its place. */
export function instead(usual: (typeof rest)[number], ...lines: readonly string[]): readonly string[] {
  return [...rest.filter((one) => one !== usual), ...lines];
}
