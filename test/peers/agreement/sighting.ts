/** What one program says of one server's TLS, in words that are the same for all programs. */
import type { CheckProtocol, TlsMode } from '../../../src/findings/endpoint.ts';

export const versionNames = ['SSLv2', 'SSLv3', 'TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;
export type VersionName = (typeof versionNames)[number];

/** Where a server is, and how it is spoken to. */
export interface Door {
  readonly host: string;
  /** That of the pass-through, to which the name leads. */
  readonly address: string;
  readonly port: number;
  readonly protocol: CheckProtocol;
  readonly tls: TlsMode;
}

/** `whole`: what is not named is not there, by the word of the program. */
export interface Listed {
  readonly items: ReadonlySet<string>;
  readonly whole: boolean;
}

/** Why a certificate is not good for its host. */
export type Fault = 'issuer' | 'time' | 'name' | 'purpose' | 'weak';

/** Whether it is good for its host, by the zoo's root; `unsaid`: the program does not look at it. */
export type Verified =
  | { readonly kind: 'yes' }
  | { readonly kind: 'no'; readonly faults: readonly Fault[] }
  | { readonly kind: 'unsaid' };

export interface Sighting {
  /** Those that it has looked for. */
  readonly versions: ReadonlyMap<VersionName, boolean>;
  /** IANA's names, by version. */
  readonly suites: ReadonlyMap<VersionName, Listed>;
  /** IANA's names. */
  readonly groups: Listed;
  /** SHA-256 of the server's own certificates, in hexadecimal. */
  readonly certificates: Listed;
  readonly verified: Verified;
}

export const nothing: Listed = { items: new Set(), whole: false };

export function listed(items: Iterable<string>, whole: boolean): Listed {
  return { items: new Set(items), whole };
}

/** Whether it has come to TLS in any version. */
export function hasTls({ versions }: Sighting): boolean {
  return [...versions.values()].includes(true);
}

/** No: with at least one fault; yes: without any. */
export function verifiedBy(faults: readonly Fault[]): Verified {
  return faults.length === 0 ? { kind: 'yes' } : { kind: 'no', faults: [...new Set(faults)] };
}
