/** Versions of SSL and TLS, by the numbers that they have on the wire and the names that OpenSSL gives them. */

/** RFC 8446 §4.2.1, RFC 6101 appendix E; 2 is that of SSL 2.0, which has no RFC. */
const names = {
  0x0002: 'SSLv2',
  0x0300: 'SSLv3',
  0x0301: 'TLSv1',
  0x0302: 'TLSv1.1',
  0x0303: 'TLSv1.2',
  0x0304: 'TLSv1.3',
} as const;

export const SSL_2 = 0x0002;
export const SSL_3 = 0x0300;
export const TLS_1_0 = 0x0301;
export const TLS_1_1 = 0x0302;
export const TLS_1_2 = 0x0303;
export const TLS_1_3 = 0x0304;

export type TlsVersion = (typeof names)[keyof typeof names];

const byNumber: ReadonlyMap<number, TlsVersion> = new Map(
  Object.entries(names).map(([number, name]) => [Number(number), name]),
);

const byName: ReadonlyMap<string, number> = new Map([...byNumber].map(([number, name]) => [name, number]));

/** @returns undefined for a name that is none. */
export function versionNumber(name: string): number | undefined {
  return byName.get(name);
}

/** @returns undefined for a number that is no version. */
export function versionName(number: number): TlsVersion | undefined {
  return byNumber.get(number);
}
