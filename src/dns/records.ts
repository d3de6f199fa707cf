/**
 * RDATA, read: what each type of record says.
 *
 * All take RDATA in canonical form, as decoded messages have it, and look at every octet: undefined means that it is not
 * as its type says. Such a record is there all the same, and counts as unusable, never as absent. Octet fields are views
 * of the data.
 */
import { showIpv6 } from './ipv6.ts';
import type { Name } from './name.ts';
import { charactersAt, plainNameAt, u16, u32 } from './octets.ts';
import type { RecordType } from './record.ts';
import { readTypeBitmap, type TypeBitmap } from './type-bitmap.ts';

/** RFC 1035 §3.3.13. Times in seconds. */
export interface Soa {
  readonly mname: Name;
  readonly rname: Name;
  readonly serial: number;
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  /** For how long it may be remembered that something is not there (RFC 2308 §4). */
  readonly minimum: number;
}

/** RFC 1035 §3.3.9. */
export interface Mx {
  readonly preference: number;
  /** The root says that the domain takes no mail (RFC 7505). */
  readonly exchange: Name;
}

/** RFC 2782. */
export interface Srv {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: Name;
}

/** RFC 6698 §2.1. Whether the numbers mean anything, and whether the data fits them, is not looked at. */
export interface Tlsa {
  readonly usage: number;
  readonly selector: number;
  readonly matchingType: number;
  /** At least one octet. */
  readonly data: Uint8Array;
}

/** RFC 4034 §5.1. */
export interface Ds {
  readonly keyTag: number;
  readonly algorithm: number;
  readonly digestType: number;
  /** Of the length that a known digest has. */
  readonly digest: Uint8Array;
}

/** RFC 4034 §2.1. */
export interface Dnskey {
  /** 0x0100: zone key. 0x0080: revoked (RFC 5011 §2.1). 0x0001: secure entry point. */
  readonly flags: number;
  /** Anything but 3 makes the key unusable. */
  readonly protocol: number;
  readonly algorithm: number;
  /** At least one octet. */
  readonly publicKey: Uint8Array;
  /** RFC 4034 Appendix B. */
  readonly keyTag: number;
}

/** RFC 4034 §3.1. */
export interface Rrsig {
  readonly typeCovered: RecordType;
  readonly algorithm: number;
  readonly labels: number;
  /** Seconds. */
  readonly originalTtl: number;
  /** Seconds since 1970 in the arithmetic of serial numbers: modulo 2^32. */
  readonly expiration: number;
  readonly inception: number;
  readonly keyTag: number;
  readonly signer: Name;
  /** At least one octet. */
  readonly signature: Uint8Array;
  /** All of the RDATA before the signature, with which the signed data begins (RFC 4034 §3.1.8.1). */
  readonly head: Uint8Array;
}

/** RFC 4034 §4.1. */
export interface Nsec {
  readonly next: Name;
  readonly types: TypeBitmap;
}

/** RFC 5155 §3.1. */
export interface Nsec3 {
  /** 1: SHA-1. */
  readonly algorithm: number;
  /** 0x01: opt-out. */
  readonly flags: number;
  readonly iterations: number;
  readonly salt: Uint8Array;
  /** Not in base32. 20 octets for SHA-1, at least one for others. */
  readonly nextHash: Uint8Array;
  readonly types: TypeBitmap;
}

/** RFC 5155 §4.2: how a zone hashes its names. */
export interface Nsec3Param {
  readonly algorithm: number;
  readonly iterations: number;
  readonly salt: Uint8Array;
}

/** RFC 8659 §4.1. */
export interface Caa {
  /** Bit 0x80: whoever does not know the tag must not issue. */
  readonly flags: number;
  /** In lower case. */
  readonly tag: string;
  /** One character for each octet. */
  readonly value: string;
}

/** The one name that a CNAME, DNAME, NS or PTR holds. */
export function readName(data: Uint8Array): Name | undefined {
  return nameToEnd(data, 0);
}

export function readSoa(data: Uint8Array): Soa | undefined {
  const mname = plainNameAt(data, 0);
  const rname = mname === undefined ? undefined : plainNameAt(data, mname.end);
  if (mname === undefined || rname?.end !== data.length - 20) return undefined;
  const at = rname.end;
  return {
    mname: mname.name,
    rname: rname.name,
    serial: u32(data, at),
    refresh: u32(data, at + 4),
    retry: u32(data, at + 8),
    expire: u32(data, at + 12),
    minimum: u32(data, at + 16),
  };
}

export function readMx(data: Uint8Array): Mx | undefined {
  const exchange = nameToEnd(data, 2);
  return exchange === undefined ? undefined : { preference: u16(data, 0), exchange };
}

export function readSrv(data: Uint8Array): Srv | undefined {
  const target = nameToEnd(data, 6);
  if (target === undefined) return undefined;
  return { priority: u16(data, 0), weight: u16(data, 2), port: u16(data, 4), target };
}

/** The strings of a TXT (RFC 1035 §3.3.14), one character for each octet (latin1). */
export function readTxt(data: Uint8Array): string[] | undefined {
  const strings: string[] = [];
  for (let at = 0; at < data.length; ) {
    const end = at + 1 + (data[at] ?? 0);
    if (end > data.length) return undefined;
    strings.push(charactersAt(data, at + 1, end));
    at = end;
  }
  return strings.length === 0 ? undefined : strings;
}

/** The address of an A or AAAA (RFC 1035 §3.4.1, RFC 3596 §2.2), as the operating system writes it. */
export function readAddress(data: Uint8Array): string | undefined {
  if (data.length === 4) return data.join('.');
  return data.length === 16 ? showIpv6(data) : undefined;
}

export function readTlsa(data: Uint8Array): Tlsa | undefined {
  if (data.length < 4) return undefined;
  return {
    usage: data[0] ?? 0,
    selector: data[1] ?? 0,
    matchingType: data[2] ?? 0,
    data: data.subarray(3),
  };
}

/** Octets of the digests of IANA's registry "DNSSEC Delegation Signer (DS) Resource Record (RR) Type Digest Algorithms". */
const digestOctets: Readonly<Record<number, number>> = { 1: 20, 2: 32, 3: 32, 4: 48, 5: 32, 6: 32 };

export function readDs(data: Uint8Array): Ds | undefined {
  const digestType = data[3] ?? 0;
  const digest = data.subarray(4);
  if (digest.length !== (digestOctets[digestType] ?? Math.max(digest.length, 1))) return undefined;
  return { keyTag: u16(data, 0), algorithm: data[2] ?? 0, digestType, digest };
}

export function readDnskey(data: Uint8Array): Dnskey | undefined {
  const algorithm = data[3] ?? 0;
  // Of RSA/MD5 the tag is taken from the modulus, which has to be there.
  if (data.length < (algorithm === RSA_MD5 ? 7 : 5)) return undefined;
  return {
    flags: u16(data, 0),
    protocol: data[2] ?? 0,
    algorithm,
    publicKey: data.subarray(4),
    keyTag: keyTagOf(data, algorithm),
  };
}

export function readRrsig(data: Uint8Array): Rrsig | undefined {
  const signer = plainNameAt(data, 18);
  if (signer === undefined) return undefined;
  const from = signer.end;
  if (data.length === from) return undefined;
  return {
    typeCovered: u16(data, 0),
    algorithm: data[2] ?? 0,
    labels: data[3] ?? 0,
    originalTtl: u32(data, 4),
    expiration: u32(data, 8),
    inception: u32(data, 12),
    keyTag: u16(data, 16),
    signer: signer.name,
    signature: data.subarray(from),
    head: data.subarray(0, from),
  };
}

/** How long an RRSIG may be used, without reading the rest of it. */
export function timesOfRrsig(data: Uint8Array): Pick<Rrsig, 'originalTtl' | 'expiration'> {
  return { originalTtl: u32(data, 4), expiration: u32(data, 8) };
}

export function readNsec(data: Uint8Array): Nsec | undefined {
  const next = plainNameAt(data, 0);
  if (next === undefined || next.end === data.length) return undefined;
  const types = readTypeBitmap(data, next.end);
  return types === undefined ? undefined : { next: next.name, types };
}

const SHA1 = 1;
const SHA1_OCTETS = 20;

export function readNsec3(data: Uint8Array): Nsec3 | undefined {
  const algorithm = data[0] ?? 0;
  const hashAt = 6 + (data[4] ?? 0);
  const hashOctets = data[hashAt - 1] ?? 0;
  const end = hashAt + hashOctets;
  if (hashOctets === 0 || end > data.length) return undefined;
  if (algorithm === SHA1 && hashOctets !== SHA1_OCTETS) return undefined;
  const types = readTypeBitmap(data, end);
  if (types === undefined) return undefined;
  return {
    algorithm,
    flags: data[1] ?? 0,
    iterations: u16(data, 2),
    salt: data.subarray(5, hashAt - 1),
    nextHash: data.subarray(hashAt, end),
    types,
  };
}

export function readNsec3Param(data: Uint8Array): Nsec3Param | undefined {
  if (data.length < 5 || data.length !== 5 + (data[4] ?? 0)) return undefined;
  return { algorithm: data[0] ?? 0, iterations: u16(data, 2), salt: data.subarray(5) };
}

export function readCaa(data: Uint8Array): Caa | undefined {
  const valueAt = 2 + (data[1] ?? 0);
  const tag = charactersAt(data, 2, Math.min(valueAt, data.length));
  if (valueAt > data.length || !/^[a-z0-9]+$/i.test(tag)) return undefined;
  return { flags: data[0] ?? 0, tag: tag.toLowerCase(), value: charactersAt(data, valueAt, data.length) };
}

const RSA_MD5 = 1;

/** RFC 4034 Appendix B and B.1. */
function keyTagOf(data: Uint8Array, algorithm: number): number {
  if (algorithm === RSA_MD5) return u16(data, data.length - 3);
  let sum = 0;
  for (let at = 0; at < data.length; at += 2) sum += u16(data, at);
  return (sum + (sum >>> 16)) & 0xffff;
}

function nameToEnd(data: Uint8Array, at: number): Name | undefined {
  const read = plainNameAt(data, at);
  return read?.end === data.length ? read.name : undefined;
}
