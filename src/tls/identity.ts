/**
 * Whether a certificate names whom we meant to reach: our own check, made after every handshake.
 *
 * RFC 9525 §6: DNS-IDs and IP-IDs of the subjectAltName only. The common name is not looked at, except for DANE, which
 * says so; a wildcard is a whole left-most label and stands for exactly one label. Node's own check accepts more (CN,
 * `ma*.example.test`).
 */
import { isIPv4, isIPv6 } from 'node:net';
import type { IpAddress } from '../names/address.ts';
import { type Domain, parseDomain } from '../names/domain.ts';
import { hostNames } from './distinguished-name.ts';
import { readCertificate } from './raw-certificate.ts';

/** Somebody whose certificate we accept. */
export type ReferenceIdentity =
  | { readonly kind: 'name'; readonly name: Domain }
  /** Any name below the suffix, at any depth, but not the suffix itself: an operator's choice (`.example.net`). */
  | { readonly kind: 'under'; readonly suffix: Domain }
  | { readonly kind: 'ip'; readonly address: IpAddress };

export type IdentityVerdict =
  | {
      readonly kind: 'proved';
      /** The name in the certificate, wildcard included. */
      readonly name: string;
      readonly reference: ReferenceIdentity;
    }
  /** `presented`: what the certificate names instead, printable; empty where it names nothing readable. */
  | { readonly kind: 'mismatch'; readonly presented: readonly string[] };

/** A name of the certificate that is fit to be compared. */
interface PresentedName {
  readonly text: string;
  readonly wildcard: boolean;
  /** Without the `*.` of a wildcard. */
  readonly base: Domain;
}

/**
 * What the common name is good for: nothing, or to be read where there is no dNSName (RFC 7672 §3.2.3: "The CN-ID is only
 * considered when no DNS-IDs are present").
 */
export type CommonName = 'never' | 'without-dns-names';

const LONGEST_NAME = 255;

/** Looks for the first reference that the leaf certificate (DER) proves. */
export function proveIdentity(
  leaf: Uint8Array,
  references: readonly ReferenceIdentity[],
  commonName: CommonName = 'never',
): IdentityVerdict {
  const certificate = readCertificate(leaf);
  if (certificate.kind !== 'ok') return { kind: 'mismatch', presented: [] };
  const { subject, ipAddresses } = certificate.value;
  const useCommonName = commonName === 'without-dns-names' && certificate.value.dnsNames.length === 0;
  const dnsNames = useCommonName ? hostNames(subject) : certificate.value.dnsNames;
  const names = dnsNames.flatMap((text) => presentedName(text) ?? []);
  const addresses = ipAddresses.flatMap((octets) => addressOf(octets) ?? []);
  for (const reference of references) {
    const proof =
      reference.kind === 'ip'
        ? addresses.find((address) => address === canonicalAddress(reference.address))
        : names.find((name) => matches(name, reference))?.text;
    if (proof !== undefined) return { kind: 'proved', name: proof, reference };
  }
  return { kind: 'mismatch', presented: [...dnsNames.map(printableName), ...addresses] };
}

/** The first of the names, as a certificate has them, that proves one of the references. */
export function proofAmong(
  dnsNames: readonly string[],
  references: readonly Exclude<ReferenceIdentity, { kind: 'ip' }>[],
): string | undefined {
  const names = dnsNames.flatMap((text) => presentedName(text) ?? []);
  return names.find((name) => references.some((reference) => matches(name, reference)))?.text;
}

/** The name so that it may be logged: cut to the length of a name, everything outside printable ASCII escaped. */
export function printableName(text: string): string {
  const start = text.slice(0, LONGEST_NAME);
  return start.replace(/[^\x21-\x7e]/g, (octet) => `\\x${octet.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function matches(
  presented: PresentedName,
  reference: { kind: 'name'; name: Domain } | { kind: 'under'; suffix: Domain },
): boolean {
  if (reference.kind === 'under') {
    // Every name that `*.example.net` stands for is below example.net.
    const below = presented.base.endsWith(`.${reference.suffix}`);
    return below || (presented.wildcard && presented.base === reference.suffix);
  }
  if (!presented.wildcard) return presented.base === reference.name;
  const firstDot = reference.name.indexOf('.');
  return firstDot !== -1 && reference.name.slice(firstDot + 1) === presented.base;
}

/** @returns undefined for what proves nothing: other octets than a name's, a partial wildcard, `*.test`. */
function presentedName(text: string): PresentedName | undefined {
  const wildcard = text.startsWith('*.');
  const base = wildcard ? text.slice(2) : text;
  // RFC 5280 §4.2.1.6: the preferred name syntax, hence ASCII and no trailing dot. NUL and the like fail here.
  if (!/^[\x21-\x7e]+$/.test(base) || base.endsWith('.')) return undefined;
  const domain = parseDomain(base);
  if (domain.kind !== 'ok') return undefined;
  // A wildcard directly below the root of a zone for everybody would name all of its domains.
  if (wildcard && !domain.value.includes('.')) return undefined;
  return { text: printableName(text), wildcard, base: domain.value };
}

function addressOf(octets: Uint8Array): IpAddress | undefined {
  if (octets.length === 4) return octets.join('.');
  if (octets.length !== 16) return undefined;
  const hex = Buffer.from(octets).toString('hex');
  return canonicalAddress(hex.replace(/.{4}(?=.)/g, '$&:'));
}

/** One spelling for each address; undefined for anything else. */
function canonicalAddress(text: string): IpAddress | undefined {
  if (isIPv4(text)) return text;
  if (!isIPv6(text) || text.includes('%')) return undefined;
  return new URL(`http://[${text}]/`).hostname.slice(1, -1);
}
