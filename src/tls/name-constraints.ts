/**
 * Whether the names of a certificate lie where an authority above it may name. RFC 5280 §4.2.1.10.
 *
 * Constraints of DNS names, addresses and directory names are processed. A certificate with a name of any other form on
 * which there is a constraint is refused, as the RFC says of constraints that are not processed.
 */
import type { DerElement } from './der.ts';
import { canonicalSteps, hostNames, namesMailbox } from './distinguished-name.ts';
import type { NameConstraints } from './extensions.ts';
import { DNS_NAME, IP_ADDRESS, type RawCertificate } from './raw-certificate.ts';

const MAILBOX_NAME = 0x81;
const DIRECTORY_NAME = 0xa4;
/** As OpenSSL: more comparisons are an attack. */
const MOST_COMPARISONS = 2 ** 20;

/** A name of one form, as a general name holds it. */
type GeneralName = Pick<DerElement, 'tag' | 'content'>;

/**
 * Judges the names of one certificate by the constraints of one above it.
 *
 * @param leaf whether it is the server's own: then its common name, if it may stand for a host, is one of its names.
 * @returns what is wrong; undefined: nothing.
 */
export function nameOutside(
  certificate: RawCertificate,
  constraints: NameConstraints,
  leaf: boolean,
): string | undefined {
  const names = namesOf(certificate, leaf);
  const trees = constraints.permitted.length + constraints.excluded.length;
  if (names.length * trees > MOST_COMPARISONS) return 'has too many names for the constraints on them';
  for (const name of names) {
    const bases = (among: readonly DerElement[]): readonly DerElement[] =>
      among.filter(({ tag }) => tag === name.tag);
    const permitted = bases(constraints.permitted);
    const excluded = bases(constraints.excluded);
    if (permitted.length + excluded.length === 0) continue;
    if (![name, ...permitted, ...excluded].every(isProcessed))
      return 'has a name of a form that is constrained and cannot be checked';
    if (permitted.length > 0 && !permitted.some((base) => isWithin(name, base)))
      return 'has a name outside those that its authority may name';
    if (excluded.some((base) => isWithin(name, base) || meetsBelow(name, base)))
      return 'has a name among those that its authority may not name';
  }
  return undefined;
}

function namesOf(certificate: RawCertificate, leaf: boolean): readonly GeneralName[] {
  const { subject, alternativeNames, dnsNames } = certificate;
  const steps = canonicalSteps(subject);
  const directory = steps?.length === 0 ? [] : [{ tag: DIRECTORY_NAME, content: subject }];
  const mailbox = namesMailbox(subject) ? [{ tag: MAILBOX_NAME, content: new Uint8Array() }] : [];
  const common =
    leaf && dnsNames.length === 0
      ? hostNames(subject).map((name) => ({ tag: DNS_NAME, content: Buffer.from(name) }))
      : [];
  return [...directory, ...mailbox, ...common, ...alternativeNames];
}

function isProcessed({ tag, content }: GeneralName): boolean {
  if (tag === DIRECTORY_NAME) return canonicalSteps(content) !== undefined;
  return tag === DNS_NAME || tag === IP_ADDRESS;
}

function isWithin(name: GeneralName, base: GeneralName): boolean {
  switch (name.tag) {
    case DNS_NAME:
      return isWithinDomain(hostOf(name), hostOf(base));
    case IP_ADDRESS:
      return isWithinNetwork(name.content, base.content);
    default:
      return isWithinDirectory(name.content, base.content);
  }
}

/** Whether a wildcard stands for names in a subtree that lies just below it: `*.example.test` for `mx.example.test`. */
function meetsBelow(name: GeneralName, base: GeneralName): boolean {
  if (name.tag !== DNS_NAME || !hostOf(name).startsWith('*.')) return false;
  const below = hostOf(base).replace(/^\./, '');
  return below.slice(below.indexOf('.')) === hostOf(name).slice(1);
}

function hostOf({ content }: GeneralName): string {
  return Buffer.from(content).toString('latin1').toLowerCase();
}

/** "Any DNS name that can be constructed by simply adding zero or more labels to the left-hand side". */
function isWithinDomain(name: string, base: string): boolean {
  if (base === '' || name === base) return true;
  return name.endsWith(base.startsWith('.') ? base : `.${base}`);
}

/** The base is an address and a mask. */
function isWithinNetwork(address: Uint8Array, base: Uint8Array): boolean {
  if (base.length !== 2 * address.length) return false;
  return address.every((octet, at) => {
    const mask = base[address.length + at] ?? 0;
    return (octet & mask) === ((base[at] ?? 0) & mask);
  });
}

/** Both hold a Name element: the base has to be its first steps. */
function isWithinDirectory(name: Uint8Array, base: Uint8Array): boolean {
  const steps = canonicalSteps(name);
  const top = canonicalSteps(base);
  return steps !== undefined && top !== undefined && top.every((step, at) => step === steps[at]);
}
