/** The certificates of the listeners: which one a client is shown, and whether a new one is fit to be shown. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import { printableName } from '../tls/identity.ts';
import { validityOf } from '../tls/openssl.ts';
import { readCertificate } from '../tls/raw-certificate.ts';
import { wordsOf } from './error.ts';
import {
  defaultIncoming,
  type IncomingOptions,
  type IncomingSettings,
  incomingOptions,
  type KeyPair,
} from './tls.ts';

/**
 * Several certificates, chosen by the name that a client asks for (SNI, RFC 6066 §3).
 *
 * The first pair is the default. Pairs with the same names and another type of key (RSA beside ECDSA) are shown
 * beside it, as the client understands. Of every other name the first pair is shown: of the context that is chosen
 * by a name, Node uses one certificate only.
 */
export interface Certificates {
  /**
   * The context for a name: of a pair that names it, else one whose wildcard stands for it, else the default.
   *
   * @param serverName as the client sent it; null where it sent none.
   */
  contextFor(serverName: string | null): SecureContext;
  /** What the context of a client without a name is made of; another object once the pairs were replaced. */
  readonly fallback: IncomingOptions;
  /**
   * All at once: handshakes from now on use these, sessions keep what they have.
   *
   * @param settings in place of those of before; absent: those of before.
   * @throws Error where OpenSSL does not take one of them; the old ones stay then.
   */
  replace(pairs: readonly KeyPair[], settings?: IncomingSettings): void;
}

/** @throws Error where there is no pair, or OpenSSL does not take one of them: ask {@link checkKeyPair} before. */
export function openCertificates(
  pairs: readonly KeyPair[],
  settings: IncomingSettings = defaultIncoming,
): Certificates {
  let current = settings;
  let choice = choiceOf(pairs, settings);
  return {
    contextFor: (serverName) => choice.contextFor(serverName),
    get fallback() {
      return choice.fallback;
    },
    replace: (next, changed = current) => {
      choice = choiceOf(next, changed);
      current = changed;
    },
  };
}

/** Names of one pair for which another is shown, as it stands before; `pair` and `shown` are places in the list. */
export interface Overshadowed {
  readonly pair: number;
  readonly shown: number;
  /** Printable. */
  readonly names: readonly string[];
}

/** What will never be shown for some of its names, of pairs in the order of {@link openCertificates}. */
export function overshadowedBy(pairs: readonly KeyPair[]): readonly Overshadowed[] {
  const known = pairs.map(describe);
  const together = besideDefault(known);
  const shown = new Map<string, number>();
  return known.flatMap((one, pair) => {
    const taken = Map.groupBy(one.names, (name) => shown.get(name) ?? pair);
    for (const name of taken.get(pair) ?? []) shown.set(name, pair);
    taken.delete(pair);
    if (together.includes(one)) return [];
    return [...taken].map(([first, names]) => ({ pair, shown: first, names: names.map(printableName) }));
  });
}

export type KeyPairCheck =
  /** `names`: the dNSName entries, printable; `notAfter`: milliseconds since 1970. */
  | { readonly kind: 'ok'; readonly names: readonly string[]; readonly notAfter: number }
  /** `part`: which of the two files is to blame. */
  | { readonly kind: 'bad'; readonly part: 'certificate' | 'key'; readonly because: string };

/**
 * Whether a pair may take the place of one that works: readable, belonging together, in date.
 *
 * @param now milliseconds since 1970.
 */
export function checkKeyPair(pair: KeyPair, now: number): KeyPairCheck {
  const chain = readChain(pair.certPem);
  if (chain.kind === 'bad') return chain;
  const key = readKey(pair.keyPem);
  if (key.kind === 'bad') return key;
  const [leaf] = chain.certificates;
  if (!leaf.checkPrivateKey(key.key)) return bad('key', 'it is not the key of the first certificate');
  const { from: notBefore, to: notAfter } = validityOf(leaf);
  if (Number.isNaN(notBefore) || Number.isNaN(notAfter))
    return bad('certificate', 'it has an unreadable date');
  if (now > notAfter) return bad('certificate', `it expired at ${new Date(notAfter).toISOString()}`);
  if (now < notBefore) {
    return bad('certificate', `it is not valid before ${new Date(notBefore).toISOString()}`);
  }
  try {
    // OpenSSL also refuses what it holds to be too weak, and a chain that it cannot use.
    createSecureContext(incomingOptions([pair]));
  } catch (error) {
    return bad('certificate', `OpenSSL does not take it: ${wordsOf(error)}`);
  }
  return { kind: 'ok', names: namesOf(leaf).map(printableName), notAfter };
}

type Bad = Extract<KeyPairCheck, { kind: 'bad' }>;

function bad(part: Bad['part'], because: string): Bad {
  return { kind: 'bad', part, because };
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

function readChain(
  pem: string,
): Bad | { readonly kind: 'ok'; readonly certificates: readonly [X509Certificate, ...X509Certificate[]] } {
  const certificates: X509Certificate[] = [];
  for (const [index, block] of (pem.match(CERTIFICATE) ?? []).entries()) {
    try {
      certificates.push(new X509Certificate(block));
    } catch {
      return bad('certificate', `certificate ${index + 1} is damaged`);
    }
  }
  const [leaf, ...others] = certificates;
  if (leaf === undefined) return bad('certificate', 'there is no PEM certificate');
  return { kind: 'ok', certificates: [leaf, ...others] };
}

function readKey(pem: string): Bad | { readonly kind: 'ok'; readonly key: KeyObject } {
  if (/^-----BEGIN ENCRYPTED PRIVATE KEY-----$|^Proc-Type: 4,ENCRYPTED/m.test(pem)) {
    return bad('key', 'it is encrypted with a passphrase; write it without one');
  }
  try {
    return { kind: 'ok', key: createPrivateKey(pem) };
  } catch {
    // OpenSSL's message says less, and nothing of a key belongs into a message.
    return bad('key', 'there is no PEM private key');
  }
}

interface Choice {
  readonly contextFor: (serverName: string | null) => SecureContext;
  readonly fallback: IncomingOptions;
}

/** Builds every context that can be needed, so that a pair which cannot be used shows before anything changes. */
function choiceOf(pairs: readonly KeyPair[], settings: IncomingSettings): Choice {
  const known = pairs.map(describe);
  const [first] = known;
  if (first === undefined) throw new Error('a listener needs a certificate');
  const together = besideDefault(known);
  const fallback = incomingOptions(
    together.map(({ pair }) => pair),
    settings,
  );
  const unnamed = createSecureContext(fallback);
  const byName = new Map<string, SecureContext>();
  for (const one of known) {
    const context = together.includes(one)
      ? unnamed
      : createSecureContext(incomingOptions([one.pair], settings));
    for (const name of one.names) if (!byName.has(name)) byName.set(name, context);
  }
  return {
    contextFor: (serverName) => {
      if (serverName === null) return unnamed;
      const name = serverName.toLowerCase();
      // RFC 9525 §6.3: a wildcard is a whole left-most label and stands for exactly one.
      return byName.get(name) ?? byName.get(name.replace(/^[^.]+/, '*')) ?? unnamed;
    },
    fallback,
  };
}

/** The default, and those with the same names: one for each type of key; OpenSSL takes what the client understands. */
function besideDefault(known: readonly Described[]): readonly Described[] {
  const twins = known.filter(({ names }) => names.join() === known[0]?.names.join());
  return twins.filter((one) => one === twins.find(({ keyType }) => keyType === one.keyType));
}

interface Described {
  readonly pair: KeyPair;
  /** Lower-case and in order. */
  readonly names: readonly string[];
  readonly keyType: string | undefined;
}

function describe(pair: KeyPair): Described {
  const leaf = new X509Certificate(pair.certPem);
  const names = namesOf(leaf).map((name) => name.toLowerCase());
  return { pair, names: names.toSorted(), keyType: leaf.publicKey.asymmetricKeyType };
}

/** The dNSName entries of the subjectAltName; the common name is no name of a host (RFC 9525 §6.3). */
function namesOf(leaf: X509Certificate): readonly string[] {
  const read = readCertificate(leaf.raw);
  return read.kind === 'ok' ? read.value.dnsNames : [];
}
