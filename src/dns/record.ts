/** What every room that speaks of the DNS shares: a question, a record, the numbers of types. RFC 1035 §3.2. */
import type { Name } from './name.ts';

/** The number of a record type; the names are in {@link types}. */
export type RecordType = number;

/** The types that this program reads or asks for, by name (IANA's registry "Resource Record (RR) TYPEs"). */
export const types = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  HINFO: 13,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  NAPTR: 35,
  DNAME: 39,
  OPT: 41,
  DS: 43,
  SSHFP: 44,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  NSEC3: 50,
  NSEC3PARAM: 51,
  TLSA: 52,
  CDS: 59,
  CDNSKEY: 60,
  SVCB: 64,
  HTTPS: 65,
  ANY: 255,
  CAA: 257,
} as const satisfies Record<string, RecordType>;

/** Whether a type is no content of a zone, or RRSIG, which is no set and is not signed (RFC 4035 §2.2). */
export function isNoSet(type: RecordType): boolean {
  return type === types.RRSIG || type === types.OPT || type === 0 || (type >= 128 && type <= 255);
}

/** A question of class IN. */
export interface Question {
  readonly name: Name;
  readonly type: RecordType;
}

/** A record of class IN as an answer holds it. */
export interface ResourceRecord {
  readonly name: Name;
  readonly type: RecordType;
  /** Seconds; 0 where the top bit was set (RFC 2181 §8). */
  readonly ttl: number;
  /**
   * RDATA with compressed names written out, and the names in it in lower case where the canonical form of its type
   * says so (RFC 4034 §6.2 with RFC 6840 §5.1).
   */
  readonly data: Uint8Array;
}

/** A reason that a server gives beside its answer (RFC 8914). */
export interface ExtendedError {
  /** INFO-CODE. */
  readonly code: number;
  /** EXTRA-TEXT as printable ASCII, at most 200 characters. */
  readonly text: string;
}
