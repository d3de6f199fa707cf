/**
 * The octets of a certificate that we judge ourselves.
 *
 * Names are read from the DER and never from a printed form: text such as `DNS:a.test, DNS:b.test` cannot be
 * split safely, since a name may contain the separator (CVE-2021-44532). RFC 5280 §4.1, §4.2.1.6.
 */
import type { Parsed } from '../names/domain.ts';
import { type DerElement, readElements, readInside } from './der.ts';

export interface RawCertificate {
  /** The whole SubjectPublicKeyInfo element, as DANE and key pins hash it. */
  readonly spki: Uint8Array;
  /** dNSName entries in their order, one character per octet, unchecked: anything may stand in them. */
  readonly dnsNames: readonly string[];
  /** iPAddress entries, unchecked: 4 and 16 octets are addresses. */
  readonly ipAddresses: readonly Uint8Array[];
}

const INTEGER = 0x02;
const OCTET_STRING = 0x04;
const OBJECT_IDENTIFIER = 0x06;
const SEQUENCE = 0x30;
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;
const SUBJECT_ALT_NAME = Buffer.from([0x55, 0x1d, 0x11]);
/** serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo. */
const FIXED_FIELDS = [INTEGER, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE];

/** Takes a DER certificate apart; its signature and its dates are somebody else's business. */
export function readCertificate(der: Uint8Array): Parsed<RawCertificate> {
  const [signed] = readInside(der, SEQUENCE) ?? [];
  const fields = signed?.tag === SEQUENCE ? readElements(signed.content) : undefined;
  const body = fields?.[0]?.tag === VERSION ? fields.slice(1) : fields;
  const spki = body?.[FIXED_FIELDS.length - 1]?.whole;
  if (body === undefined || spki === undefined || !FIXED_FIELDS.every((tag, at) => body[at]?.tag === tag)) {
    return { kind: 'invalid', because: 'the octets are not a DER certificate' };
  }
  const names = readAlternativeNames(body);
  if (names === undefined) {
    return { kind: 'invalid', because: 'the certificate has an unreadable or a second subjectAltName' };
  }
  const ofTag = (tag: number): Uint8Array[] =>
    names.filter((name) => name.tag === tag).map((name) => name.content);
  const dnsNames = ofTag(DNS_NAME).map((octets) => Buffer.from(octets).toString('latin1'));
  return { kind: 'ok', value: { spki, dnsNames, ipAddresses: ofTag(IP_ADDRESS) } };
}

/** The general names; none where there is no such extension, undefined where it cannot be relied on. */
function readAlternativeNames(body: readonly DerElement[]): readonly DerElement[] | undefined {
  const wrapper = body.find((field) => field.tag === EXTENSIONS);
  if (wrapper === undefined) return [];
  const extensions = readInside(wrapper.content, SEQUENCE);
  const found: DerElement[] = [];
  for (const extension of extensions ?? []) {
    const parts = readElements(extension.content);
    const [id] = parts ?? [];
    if (id?.tag !== OBJECT_IDENTIFIER) return undefined;
    if (!SUBJECT_ALT_NAME.equals(id.content)) continue;
    const value = parts?.at(-1);
    if (value?.tag !== OCTET_STRING) return undefined;
    found.push(value);
  }
  if (extensions === undefined || found.length > 1) return undefined;
  return found[0] === undefined ? [] : readInside(found[0].content, SEQUENCE);
}
