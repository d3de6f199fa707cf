/** How the lab's zones are described: the words of the table in `zones/`. */
import type { Edit } from './build/edits.ts';

/** Numbers of IANA's registry "DNS Security Algorithm Numbers". */
export const algorithms = {
  RSASHA1: 5,
  NSEC3RSASHA1: 7,
  RSASHA256: 8,
  RSASHA512: 10,
  ECDSAP256SHA256: 13,
  ECDSAP384SHA384: 14,
  ED25519: 15,
  ED448: 16,
} as const;

/** An algorithm that signs zones. */
export type Algorithm = keyof typeof algorithms;

/** Whose programs sign zones: dnssec-signzone, kzonesign, ldns-signzone. */
export const signers = ['bind', 'knot', 'ldns'] as const;

/** A program that signs. */
export type Signer = (typeof signers)[number];

/** Servers of zones. A zone and its parent are never on the same one, or it would answer for both. */
export type ServerName = 'root' | 'tld' | 'tld-knot' | 'leaf' | 'leaf-knot' | 'below';

/** One key of a zone. */
export interface KeyPlan {
  readonly algorithm: Algorithm;
  /** RFC 4034 §2.1.1: 257 with the SEP bit, 256 without; 128 more where it is revoked (RFC 5011 §7). */
  readonly flags: number;
  /** Signs nothing: it is only published. */
  readonly idle?: boolean;
  /** Of RSA; 2048 by default. */
  readonly bits?: number;
  /** Of RSA; 65537 by default. */
  readonly exponent?: number;
}

/** How the absence of names and types is proven. */
export type Denial = 'NSEC' | Nsec3;

/** RFC 5155 §3. */
export interface Nsec3 {
  readonly iterations: number;
  /** Hexadecimal; empty for none. */
  readonly salt: string;
  readonly optOut: boolean;
}

/** How a zone is signed. */
export interface Signing {
  /** `online`: by its server, Knot, each answer when it is asked for. */
  readonly by: Signer | 'online';
  readonly keys: readonly KeyPlan[];
  readonly denial: Denial;
  /** When its signatures hold; `past` and `future` are more than three weeks away. */
  readonly valid?: 'now' | 'past' | 'future';
}

/** A DS record that the parent has for a key. */
export interface DsPlan {
  /** The digest's number: 1, 2 and 4 are computed, others are made up. */
  readonly digest: number;
  /** Which key of the zone, from 0; by default the first. */
  readonly key?: number;
  /** In place of the key's. */
  readonly algorithm?: number;
  /** The digest fits no key; another number makes another digest. */
  readonly wrong?: number;
}

/** One zone of the lab. */
export interface Zone {
  /** Without the dot at the end; `.` is the root. */
  readonly name: string;
  /** One line for people: what it is good for. */
  readonly shows: string;
  readonly server: ServerName;
  /** Its name for that server, absolute with the dot; by default `ns` in the zone. */
  readonly host?: string;
  /**
   * Lines of a zone file below the zone's name, beside SOA, NS and the delegations. `$25` is the address of the lab
   * that ends with 25, `$r25` its name in the tree of addresses; `<postfix key>` and its like are TLSA data.
   */
  readonly records: readonly string[];
  /** Absent: unsigned. */
  readonly signing?: Signing;
  /** By default one of SHA-256 for the first key of a signed zone, none for an unsigned one. */
  readonly ds?: readonly DsPlan[];
  /** RDATA of keys that nobody has the private part of, made for the tags of its own. */
  readonly foreignKeys?: (tags: readonly number[]) => readonly Buffer[];
  /** What is done to it after it was signed. */
  readonly edits?: readonly Edit[];
}

/** A key-signing and a zone-signing key, as most zones have them. */
export function split(algorithm: Algorithm, more: Partial<KeyPlan> = {}): readonly KeyPlan[] {
  return [
    { algorithm, flags: 257, ...more },
    { algorithm, flags: 256, ...more },
  ];
}

/** One key that signs all. */
export function single(algorithm: Algorithm, more: Partial<KeyPlan> = {}): readonly KeyPlan[] {
  return [{ algorithm, flags: 257, ...more }];
}

/** NSEC3 as RFC 9276 §3.1 wants it, but for what is given. */
export function nsec3(more: Partial<Nsec3> = {}): Nsec3 {
  return { iterations: 0, salt: '', optOut: false, ...more };
}

/** Signed by BIND with P-256 and NSEC, but for what is given: how most zones of the lab are. */
export function signed(more: Partial<Signing> = {}): Signing {
  return { by: 'bind', keys: split('ECDSAP256SHA256'), denial: 'NSEC', ...more };
}

/** A name of the table below another one: `at('www', 'p256.test')`. */
export function at(label: string, zone: string): string {
  if (label === '@' || label === '') return zone;
  return zone === '.' ? label : `${label}.${zone}`;
}
