/** The certificates that a server presented, read once for all rules. */
import { type CertificateSummary, summarizeCertificate } from '../tls/certificate.ts';
import { openCertificate, type PathCertificate } from '../tls/path-rules.ts';
import type { ObservedTls } from './observation.ts';
import { isSeen, type Place } from './place.ts';
import { isSameLeaf, otherKeyIn } from './seen.ts';

/** SHA-256 of the server's own certificate, lower-case hex; undefined where it presented none that can be read. */
export function fingerprintOf(tls: Pick<ObservedTls, 'chain'>): string | undefined {
  return summaryOf(tls)?.sha256;
}

/** As much of a fingerprint as tells one certificate from another in a sentence. */
export function shortHash(sha256: string): string {
  return `SHA-256 ${sha256.slice(0, 16)}…`;
}

/** The server's own certificate in words. */
export function summaryOf({ chain }: Pick<ObservedTls, 'chain'>): CertificateSummary | undefined {
  const [leaf] = chain;
  const summary = leaf && summarizeCertificate(leaf);
  return summary?.kind === 'ok' ? summary.value : undefined;
}

/** One certificate that a server has, with what came with it. */
export interface Presented {
  readonly place: Place;
  readonly tls: ObservedTls;
  readonly leaf: PathCertificate;
  readonly summary: CertificateSummary;
  /** What was presented behind it; what cannot be read left out. */
  readonly others: readonly PathCertificate[];
  /** Milliseconds since 1970. */
  readonly from: number;
  /** The first millisecond at which it has expired. */
  readonly until: number;
  /** The kind of hello that it was shown to. */
  readonly hello: 'usual' | 'other key';
}

export type Unreadable = { readonly kind: 'unreadable'; readonly because: string };

/** Of each key of an endpoint the certificate; the same one twice counts once. */
export function presentedAt(place: Place): readonly (Presented | Unreadable)[] {
  const { base } = place.observation;
  if (!isSeen(base)) return [];
  const sessions = [base.tls, otherKeyIn(place.observation)].filter(
    (tls) => tls !== null && tls !== undefined,
  );
  const distinct = sessions.filter(
    (tls, at) => tls.chain.length > 0 && sessions.findIndex((other) => isSameLeaf(tls, other)) === at,
  );
  return distinct.map((tls) => open(place, tls, tls === base.tls ? 'usual' : 'other key'));
}

function open(place: Place, tls: ObservedTls, hello: Presented['hello']): Presented | Unreadable {
  const [first = new Uint8Array(), ...rest] = tls.chain;
  const [leaf, summary] = [openCertificate(first), summarizeCertificate(first)];
  if (leaf.kind !== 'ok') return { kind: 'unreadable', because: leaf.because };
  if (summary.kind !== 'ok') return { kind: 'unreadable', because: summary.because };
  const others = rest.flatMap((der) => {
    const opened = openCertificate(der);
    return opened.kind === 'ok' ? [opened.value] : [];
  });
  const { notBefore, notAfter } = summary.value;
  return {
    place,
    tls,
    leaf: leaf.value,
    summary: summary.value,
    others,
    from: notBefore,
    // It is valid through its last second (RFC 5280 §4.1.2.5).
    until: notAfter + 1000,
    hello,
  };
}

export function isReadable(one: Presented | Unreadable): one is Presented {
  return !('kind' in one);
}

const LONGEST_NAME = 120;

/** The certificate as evidence names it. */
export function showCertificate({ summary, hello }: Presented): string {
  const subject = summary.subject === '' ? 'no subject' : summary.subject.slice(0, LONGEST_NAME);
  const other = hello === 'other key' ? ', shown to clients that take only the other kind of key' : '';
  return `Certificate: ${subject} (${shortHash(summary.sha256)}${other})`;
}
