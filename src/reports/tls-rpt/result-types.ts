/** The result types of RFC 8460 §4.3, and the numbers that libtlsrpt has for them and for the types of policies. */

/**
 * All of them, as IANA lists them ("STARTTLS Validation Result Types").
 *
 * `dane-required` is only told by others: nothing here demands TLSA records of a host that has none.
 */
export const resultTypes = [
  'starttls-not-supported',
  'certificate-host-mismatch',
  'certificate-not-trusted',
  'certificate-expired',
  'validation-failure',
  'sts-policy-fetch-error',
  'sts-policy-invalid',
  'sts-webpki-invalid',
  'tlsa-invalid',
  'dnssec-invalid',
  'dane-required',
] as const;

export type ResultType = (typeof resultTypes)[number];

/** `no-policy-found`: neither TLSA records nor an MTA-STS policy (RFC 8460 §4.4). */
export type PolicyType = 'tlsa' | 'sts' | 'no-policy-found';

/** Failure codes of libtlsrpt: those of the connection from 201 on, those of policies from 301 on. */
const codes: ReadonlyMap<number, ResultType> = new Map(
  resultTypes.map((type, index) => [index < 5 ? 201 + index : 296 + index, type]),
);

const policyTypes: ReadonlyMap<number, PolicyType> = new Map<number, PolicyType>([
  [1, 'tlsa'],
  [2, 'sts'],
  [9, 'no-policy-found'],
]);

/** @returns undefined for a code that libtlsrpt does not have. */
export function resultTypeOf(code: number): ResultType | undefined {
  return codes.get(code);
}

/** @returns undefined for a number that libtlsrpt does not have. */
export function policyTypeOf(number: number): PolicyType | undefined {
  return policyTypes.get(number);
}
