/** The extensions of a certificate that decide whether it may vouch for another one, or for a server. RFC 5280 §4.2. */
import type { Parsed } from '../names/domain.ts';
import { type DerElement, readElements, readInside } from './der.ts';
import type { RawExtension } from './raw-certificate.ts';

export interface Extensions {
  /** Undefined where there is no such extension. */
  readonly basicConstraints: BasicConstraints | undefined;
  /** The bits of the first octet, the most significant one first (RFC 5280 §4.2.1.3); undefined: no such extension. */
  readonly keyUsage: number | undefined;
  /** Octets of the object identifiers in hex; undefined: no such extension, so any purpose. */
  readonly purposes: readonly string[] | undefined;
  readonly nameConstraints: NameConstraints | undefined;
  /** A critical extension that is not known here, as `1.2.3`. */
  readonly unknownCritical: string | undefined;
}

interface BasicConstraints {
  readonly ca: boolean;
  /** How many certificates of authorities may follow; undefined: any number. */
  readonly pathLength: number | undefined;
}

/** RFC 5280 §4.2.1.10. */
export interface NameConstraints {
  readonly permitted: readonly DerElement[];
  readonly excluded: readonly DerElement[];
}

/** Bits of {@link Extensions.keyUsage}. */
export const keyUsages = {
  digitalSignature: 0x80,
  keyEncipherment: 0x20,
  keyAgreement: 0x08,
  keyCertSign: 0x04,
} as const;

/** 1.3.6.1.5.5.7.3.1, as {@link Extensions.purposes} has it. */
export const SERVER_AUTH = '2b06010505070301';

const BOOLEAN = 0x01;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OBJECT_IDENTIFIER = 0x06;
const SEQUENCE = 0x30;

const BASIC_CONSTRAINTS = '551d13';
const KEY_USAGE = '551d0f';
const EXTENDED_KEY_USAGE = '551d25';
const NAME_CONSTRAINTS = '551d1e';

/**
 * Known, and of no effect on a path here: names are read elsewhere, revocation is not looked at, and no certificate
 * policy is asked for (policies, mappings, constraints, inhibitAnyPolicy), as OpenSSL has it by default.
 */
const WITHOUT_EFFECT = ['551d11', '551d20', '551d21', '551d24', '551d36', '551d1f'];
const KNOWN = new Set([
  BASIC_CONSTRAINTS,
  KEY_USAGE,
  EXTENDED_KEY_USAGE,
  NAME_CONSTRAINTS,
  ...WITHOUT_EFFECT,
]);

/** Reads what decides; a certificate in which it cannot be read is none. */
export function readExtensions(extensions: readonly RawExtension[]): Parsed<Extensions> {
  // "A certificate MUST NOT include more than one instance of a particular extension" (RFC 5280 §4.2).
  if (new Set(extensions.map(({ id }) => id)).size < extensions.length)
    return { kind: 'invalid', because: 'the certificate has an extension twice' };
  const basicConstraints = read(extensions, BASIC_CONSTRAINTS, readBasicConstraints);
  const keyUsage = read(extensions, KEY_USAGE, readKeyUsage);
  const purposes = read(extensions, EXTENDED_KEY_USAGE, readPurposes);
  const nameConstraints = read(extensions, NAME_CONSTRAINTS, readNameConstraints);
  for (const part of [basicConstraints, keyUsage, purposes, nameConstraints]) {
    if (part === 'unreadable')
      return { kind: 'invalid', because: 'the certificate has an extension that cannot be read' };
  }
  const unknown = extensions.find(({ id, critical }) => critical && !KNOWN.has(id));
  return {
    kind: 'ok',
    value: {
      basicConstraints: readable(basicConstraints),
      keyUsage: readable(keyUsage),
      purposes: readable(purposes),
      nameConstraints: readable(nameConstraints),
      unknownCritical: unknown && showIdentifier(unknown.id),
    },
  };
}

/** The object identifier with dots, cut where it is absurdly long. */
export function showIdentifier(hex: string): string {
  const arcs: bigint[] = [];
  let arc = 0n;
  for (const octet of Buffer.from(hex, 'hex').subarray(0, 64)) {
    arc = arc * 128n + BigInt(octet & 0x7f);
    if (octet >= 0x80) continue;
    arcs.push(arc);
    arc = 0n;
  }
  const [first = 0n, ...others] = arcs;
  const top = first < 80n ? first / 40n : 2n;
  return [top, first - top * 40n, ...others].join('.');
}

function read<Value>(
  extensions: readonly RawExtension[],
  wanted: string,
  reader: (value: Uint8Array) => Value | undefined,
): Value | 'absent' | 'unreadable' {
  const found = extensions.find(({ id }) => id === wanted);
  return found === undefined ? 'absent' : (reader(found.value) ?? 'unreadable');
}

function readable<Value>(value: Value | 'absent' | 'unreadable'): Value | undefined {
  return value === 'absent' || value === 'unreadable' ? undefined : value;
}

function readBasicConstraints(value: Uint8Array): BasicConstraints | undefined {
  const parts = readInside(value, SEQUENCE);
  if (parts === undefined) return undefined;
  const [first] = parts;
  const ca = first?.tag === BOOLEAN ? first : undefined;
  const [length, ...others] = ca === undefined ? parts : parts.slice(1);
  if ((ca !== undefined && ca.content.length !== 1) || others.length > 0) return undefined;
  const pathLength = length === undefined ? undefined : readCount(length);
  if (length !== undefined && pathLength === undefined) return undefined;
  return { ca: ca !== undefined && ca.content[0] !== 0, pathLength };
}

/** An INTEGER that is not negative. */
function readCount({ tag, content }: DerElement): number | undefined {
  if (tag !== INTEGER || content.length === 0 || content.length > 6 || (content[0] ?? 0) >= 0x80)
    return undefined;
  return content.reduce((sum, octet) => sum * 256 + octet, 0);
}

function readKeyUsage(value: Uint8Array): number | undefined {
  const [bits, ...others] = readElements(value) ?? [];
  if (bits?.tag !== BIT_STRING || others.length > 0) return undefined;
  const [unused = 8, first = 0] = bits.content;
  return unused > 7 ? undefined : first;
}

function readPurposes(value: Uint8Array): readonly string[] | undefined {
  const purposes = readInside(value, SEQUENCE);
  if (purposes === undefined || purposes.length === 0) return undefined;
  if (!purposes.every(({ tag }) => tag === OBJECT_IDENTIFIER)) return undefined;
  return purposes.map(({ content }) => Buffer.from(content).toString('hex'));
}

function readNameConstraints(value: Uint8Array): NameConstraints | undefined {
  const parts = readInside(value, SEQUENCE);
  if (parts === undefined || !parts.every(({ tag }) => tag === 0xa0 || tag === 0xa1)) return undefined;
  const permitted = readSubtrees(parts, 0xa0);
  const excluded = readSubtrees(parts, 0xa1);
  if (permitted === undefined || excluded === undefined) return undefined;
  return { permitted, excluded };
}

/** The bases of the subtrees. */
function readSubtrees(parts: readonly DerElement[], wanted: number): readonly DerElement[] | undefined {
  const [list, ...others] = parts.filter(({ tag }) => tag === wanted);
  if (list === undefined) return [];
  const bases = readElements(list.content)?.map((subtree) => {
    const [base, ...limits] = subtree.tag === SEQUENCE ? (readElements(subtree.content) ?? []) : [];
    // "the minimum MUST be zero, and maximum MUST be absent" (RFC 5280 §4.2.1.10): in DER both are absent then.
    return limits.length === 0 ? base : undefined;
  });
  const complete = bases?.filter((base) => base !== undefined);
  return others.length === 0 && complete?.length === bases?.length ? complete : undefined;
}
