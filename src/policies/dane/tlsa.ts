/**
 * TLSA records: which of them can authenticate a mail server, and which cannot.
 *
 * RFC 6698 §2.1 (fields) and §4.1 (usable), RFC 7671 §9 (digest agility), RFC 7672 §3.1 (usages for SMTP).
 */
import { createHash } from 'node:crypto';
import { readTlsa, type Tlsa } from '../../dns/records.ts';
import { parseCertificate, parsePublicKey, publicKeyOf } from '../../tls/openssl.ts';

/** A record that can authenticate a mail server. */
export interface TlsaRecord {
  /** 2: a trust anchor of the domain, DANE-TA. 3: the server's certificate or key itself, DANE-EE. */
  readonly usage: 2 | 3;
  /** 0: the whole certificate. 1: its SubjectPublicKeyInfo. */
  readonly selector: 0 | 1;
  /** 0: the octets themselves. 1: their SHA-256. 2: their SHA-512. */
  readonly matchingType: 0 | 1 | 2;
  /** The certificate association data. */
  readonly data: Uint8Array;
}

/** A record that is there, and authenticates nobody. */
interface UnusableTlsa {
  /** All of it, as it was published. */
  readonly rdata: Uint8Array;
  /** As {@link showTlsa} writes records. */
  readonly text: string;
  /** What is wrong with it, to be read behind its text. */
  readonly because: string;
}

/** The TLSA records of a host. */
export interface TlsaSet {
  /** Any of these that matches authenticates the server. */
  readonly usable: readonly TlsaRecord[];
  /** Usable, but beside a stronger digest with the same usage and selector: they count for nothing. */
  readonly superseded: readonly TlsaRecord[];
  readonly unusable: readonly UnusableTlsa[];
}

/** Octets of the digests, by matching type. */
const digestOctets = { 1: 32, 2: 64 } as const;
/** Digests are shown in full, longer data is not. */
const MOST_OCTETS_SHOWN = 64;
const OCTETS_OF_A_BEGINNING = 8;

/** Sorts the TLSA records of one answer. @param records their RDATA. */
export function readTlsaSet(records: readonly Uint8Array[]): TlsaSet {
  const sorted = records.map(sortRecord);
  const candidates = sorted.flatMap((one) => ('record' in one ? [one.record] : []));
  const strongest = new Map<string, number>();
  for (const record of candidates) {
    const kind = kindOf(record);
    strongest.set(kind, Math.max(record.matchingType, strongest.get(kind) ?? 0));
  }
  // "This protocol never avoids RRs with a DANE matching type of Full(0)" (RFC 7671 §9).
  const counts = (record: TlsaRecord): boolean =>
    record.matchingType === 0 || record.matchingType === strongest.get(kindOf(record));
  return {
    usable: candidates.filter(counts),
    superseded: candidates.filter((record) => !counts(record)),
    unusable: sorted.flatMap((one) => ('record' in one ? [] : [one])),
  };
}

/**
 * A record in the form of zone files, `3 1 1 ab12…`. A certificate or key is told by its beginning, length and SHA-256.
 *
 * Equal texts are equal records: the beginning alone would be the same for all keys of a kind.
 */
export function showTlsa({ usage, selector, matchingType, data }: Tlsa): string {
  return `${usage} ${selector} ${matchingType} ${data.length <= MOST_OCTETS_SHOWN ? hex(data) : outline(data)}`;
}

function outline(data: Uint8Array): string {
  const digest = createHash('sha256').update(data).digest('hex');
  return `${hex(data.subarray(0, OCTETS_OF_A_BEGINNING))}… (${count(data.length)}, SHA-256 ${digest})`;
}

/** The first three, and how many more. */
export function showTlsas(records: readonly TlsaRecord[]): string {
  return shorten(records.map(showTlsa));
}

/** The first three of a list, and how many more. */
export function shorten(items: readonly string[]): string {
  const shown = items.slice(0, 3).join(', ');
  return items.length > 3 ? `${shown} and ${items.length - 3} more` : shown;
}

/** Within these, digests compete. */
function kindOf({ usage, selector }: TlsaRecord): string {
  return `${usage} ${selector}`;
}

function sortRecord(rdata: Uint8Array): { readonly record: TlsaRecord } | UnusableTlsa {
  const read = readTlsa(rdata);
  if (read === undefined)
    return { rdata, text: hex(rdata) || '(empty)', because: 'is too short for a TLSA record' };
  const { usage, selector, matchingType, data } = read;
  const unusable = (because: string): UnusableTlsa => ({ rdata, text: showTlsa(read), because });
  // "SMTP clients MAY treat such records as unusable" (RFC 7672 §3.1.3): no two senders trust the same authorities.
  if (usage === 0 || usage === 1)
    return unusable(`has the usage ${usage}, which mail between servers does not use`);
  if (usage !== 2 && usage !== 3) return unusable(`has the usage ${usage}, which is not known`);
  if (selector !== 0 && selector !== 1) return unusable(`has the selector ${selector}, which is not known`);
  if (matchingType !== 0 && matchingType !== 1 && matchingType !== 2)
    return unusable(`has the matching type ${matchingType}, which is not known`);
  if (matchingType === 0) {
    if (!isReadable(selector, data))
      return unusable(`holds no ${selector === 0 ? 'certificate' : 'public key'} that can be read`);
  } else if (data.length !== digestOctets[matchingType]) {
    return unusable(`holds ${count(data.length)}, where a digest has ${digestOctets[matchingType]}`);
  }
  return { record: { usage, selector, matchingType, data } };
}

function isReadable(selector: 0 | 1, data: Uint8Array): boolean {
  if (selector === 1) return parsePublicKey(data) !== undefined;
  const certificate = parseCertificate(data);
  return certificate !== undefined && publicKeyOf(certificate) !== undefined;
}

function count(octets: number): string {
  return octets === 1 ? '1 octet' : `${octets} octets`;
}

function hex(octets: Uint8Array): string {
  return Buffer.from(octets).toString('hex');
}
