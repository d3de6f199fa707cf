/**
 * The octets of a certificate that we judge ourselves.
 *
 * Names are read from the DER and never from a printed form: text such as `DNS:a.test, DNS:b.test` cannot be
 * split safely, since a name may contain the separator (CVE-2021-44532). RFC 5280 §4.1, §4.2.1.6.
 */
import type { Parsed } from '../names/domain.ts';
import { type DerElement, readElements, readInside } from './der.ts';
import { onceEach } from './once-each.ts';

export interface RawCertificate {
  /** 1 to 3; only those of version 3 have extensions. */
  readonly version: number;
  /** The whole Name element. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  /** The whole SubjectPublicKeyInfo element, as DANE and key pins hash it. */
  readonly spki: Uint8Array;
  /** The AlgorithmIdentifier beside the signature. */
  readonly signatureAlgorithm: Uint8Array;
  readonly extensions: readonly RawExtension[];
  /** The general names of the subjectAltName, in their order. */
  readonly alternativeNames: readonly DerElement[];
  /** dNSName entries in their order, one character per octet, unchecked: anything may stand in them. */
  readonly dnsNames: readonly string[];
  /** iPAddress entries, unchecked: 4 and 16 octets are addresses. */
  readonly ipAddresses: readonly Uint8Array[];
}

export interface RawExtension {
  /** The octets of its object identifier, in hex. */
  readonly id: string;
  readonly critical: boolean;
  /** What the OCTET STRING holds. */
  readonly value: Uint8Array;
}

const BOOLEAN = 0x01;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_IDENTIFIER = 0x06;
const SEQUENCE = 0x30;
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
/** Tags of the general names (RFC 5280 §4.2.1.6). */
export const DNS_NAME = 0x82;
export const IP_ADDRESS = 0x87;
const SUBJECT_ALT_NAME = '551d11';
/** serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo. */
const FIXED_FIELDS = [INTEGER, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE];

/** Takes a DER certificate apart; its signature and its dates are somebody else's business. */
export const readCertificate = onceEach((der: Uint8Array): Parsed<RawCertificate> => {
  const parts = readParts(der);
  if (parts === undefined) return { kind: 'invalid', because: 'the octets are not a DER certificate' };
  const extensions = readExtensionList(parts.extensions);
  const names = extensions && readAlternativeNames(extensions);
  if (extensions === undefined || names === undefined) {
    return {
      kind: 'invalid',
      because: 'the certificate has an unreadable extension or a second subjectAltName',
    };
  }
  const ofTag = (tag: number): Uint8Array[] =>
    names.filter((name) => name.tag === tag).map((name) => name.content);
  return {
    kind: 'ok',
    value: {
      version: parts.version,
      issuer: parts.issuer,
      subject: parts.subject,
      spki: parts.spki,
      signatureAlgorithm: parts.signatureAlgorithm,
      extensions,
      alternativeNames: names,
      dnsNames: ofTag(DNS_NAME).map((octets) => Buffer.from(octets).toString('latin1')),
      ipAddresses: ofTag(IP_ADDRESS),
    },
  };
});

/** The SubjectPublicKeyInfo of a DER certificate, whatever its extensions are; undefined where it is no certificate. */
export function readPublicKeyInfo(der: Uint8Array): Uint8Array | undefined {
  return readParts(der)?.spki;
}

interface Parts
  extends Pick<RawCertificate, 'version' | 'issuer' | 'subject' | 'spki' | 'signatureAlgorithm'> {
  readonly extensions: DerElement | undefined;
}

function readParts(der: Uint8Array): Parts | undefined {
  const [signed, algorithm, signature, ...others] = readInside(der, SEQUENCE) ?? [];
  const fields = signed?.tag === SEQUENCE ? readElements(signed.content) : undefined;
  if (algorithm?.tag !== SEQUENCE || signature?.tag !== BIT_STRING || others.length > 0) return undefined;
  const version = readVersion(fields?.[0]);
  const body = fields?.[0]?.tag === VERSION ? fields.slice(1) : fields;
  if (body === undefined || version === undefined) return undefined;
  if (!FIXED_FIELDS.every((tag, at) => body[at]?.tag === tag)) return undefined;
  const [, , issuer, , subject, spki] = body;
  if (issuer === undefined || subject === undefined || spki === undefined) return undefined;
  return {
    version,
    issuer: issuer.whole,
    subject: subject.whole,
    spki: spki.whole,
    signatureAlgorithm: algorithm.whole,
    extensions: body.find(({ tag }) => tag === EXTENSIONS),
  };
}

/** The first field, where it is the version: 1 where there is none. */
function readVersion(field: DerElement | undefined): number | undefined {
  if (field?.tag !== VERSION) return 1;
  const [number] = readElements(field.content) ?? [];
  const value = number?.content.length === 1 ? (number.content[0] ?? 0) : 0xff;
  return number?.tag === INTEGER && value <= 2 ? value + 1 : undefined;
}

function readExtensionList(wrapper: DerElement | undefined): readonly RawExtension[] | undefined {
  if (wrapper === undefined) return [];
  const list = readInside(wrapper.content, SEQUENCE)?.map(readExtension);
  return list?.every((extension) => extension !== undefined) === true ? list : undefined;
}

function readExtension(element: DerElement): RawExtension | undefined {
  const parts = readElements(element.content) ?? [];
  const [id, middle] = parts;
  const value = parts.at(-1);
  if (element.tag !== SEQUENCE || id?.tag !== OBJECT_IDENTIFIER || value?.tag !== OCTET_STRING)
    return undefined;
  if (parts.length > 3 || (parts.length === 3 && (middle?.tag !== BOOLEAN || middle.content.length !== 1)))
    return undefined;
  return {
    id: Buffer.from(id.content).toString('hex'),
    critical: parts.length === 3 && middle?.content[0] !== 0,
    value: value.content,
  };
}

/** The general names; none where there is no such extension, undefined where it cannot be relied on. */
function readAlternativeNames(extensions: readonly RawExtension[]): readonly DerElement[] | undefined {
  const [found, ...others] = extensions.filter(({ id }) => id === SUBJECT_ALT_NAME);
  if (found === undefined) return [];
  return others.length > 0 ? undefined : readInside(found.value, SEQUENCE);
}
