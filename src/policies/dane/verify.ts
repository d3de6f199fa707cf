/**
 * Whether the certificates that a server presented match its TLSA records.
 *
 * RFC 7672 §3.2 with RFC 7671 §5: usage 3 looks at the server's certificate and at nothing else, no name, no date, no
 * path; usage 2 is a whole certification path to the domain's own trust anchor, and a name.
 */
import { createHash } from 'node:crypto';
import type { Domain } from '../../names/domain.ts';
import { summarizeCertificate } from '../../tls/certificate.ts';
import type { TlsFailureReason } from '../../tls/failure.ts';
import { proveIdentity } from '../../tls/identity.ts';
import { type Anchor, MOST_CERTIFICATES, pathTo } from '../../tls/path.ts';
import { readPublicKeyInfo } from '../../tls/raw-certificate.ts';
import type { TlsFacts } from '../../wire/tls-facts.ts';
import type { EpochMs } from '../words.ts';
import { shorten, showTlsa, showTlsas, type TlsaRecord, type TlsaSet } from './tlsa.ts';

/** The names that a certificate may prove under usage 2 (RFC 7672 §3.2.2). */
export interface DaneNames {
  /** The TLSA base domain: where the records were found. */
  readonly base: Domain;
  /** The host as the MX record names it. */
  readonly mx: Domain;
  /**
   * The domain whose mail it is and, where that is an alias, the name at the end of it. None where the MX records are not
   * secure: then "the MX hostname is the only reference identifier", as the path could have put any host here.
   */
  readonly nextHop: readonly Domain[];
}

/** One certificate that the server presented. */
interface PresentedCertificate {
  /** Of the whole certificate, lower-case hex. */
  readonly sha256: string;
  /** Of the SubjectPublicKeyInfo; null where the certificate cannot be read. */
  readonly spkiSha256: string | null;
  /** For people; empty where the certificate cannot be read. */
  readonly subject: string;
}

export type DaneVerdict =
  | {
      readonly kind: 'match';
      readonly record: TlsaRecord;
      /** The name in the certificate that was proved; null for usage 3, which asks for none. */
      readonly peerName: string | null;
      /** One sentence without its full stop. */
      readonly because: string;
    }
  | {
      readonly kind: 'no-match';
      readonly reason: TlsFailureReason;
      readonly because: string;
      /** What was looked at, the server's own certificate first. */
      readonly presented: readonly PresentedCertificate[];
    };

type Mismatch = Pick<Extract<DaneVerdict, { kind: 'no-match' }>, 'reason' | 'because'>;

/** Trust anchors beyond this number are not tried. */
const MOST_ANCHORS = 16;

/** Judges a finished handshake by the usable records; any one that matches is enough. */
export function verifyDane(
  facts: Pick<TlsFacts, 'chain'>,
  set: TlsaSet,
  names: DaneNames,
  now: EpochMs,
): DaneVerdict {
  const chain = facts.chain.slice(0, MOST_CERTIFICATES);
  const [leaf] = chain;
  if (leaf === undefined)
    return noMatch({ reason: 'validation-failure', because: 'the server presented no certificate' }, []);
  if (set.usable.length === 0)
    return noMatch({ reason: 'validation-failure', because: 'none of its TLSA records is usable' }, chain);
  const entities = set.usable.filter(({ usage }) => usage === 3);
  const entity = entities.find((record) => matches(record, leaf));
  if (entity !== undefined) {
    const because = `the server's ${selected(entity)} is that of the TLSA record ${showTlsa(entity)}`;
    return { kind: 'match', record: entity, peerName: null, because };
  }
  const authorities = set.usable.filter(({ usage }) => usage === 2);
  const other = entities.length === 0 ? undefined : otherEntity(entities, leaf);
  if (authorities.length === 0 && other !== undefined) return noMatch(other, chain);
  const verdict = verifyAuthority(authorities, chain, leaf, names, now);
  if (verdict.kind === 'match') return verdict;
  const because = [other?.because ?? [], verdict.because].flat().join('; and ');
  return noMatch({ reason: verdict.reason, because }, chain);
}

/** The names of {@link DaneNames}, each once, the base domain first: "the primary reference identifier". */
export function referencesOf({ base, mx, nextHop }: DaneNames): readonly Domain[] {
  return [...new Set([base, mx, ...nextHop])];
}

/** Usage 2. */
function verifyAuthority(
  records: readonly TlsaRecord[],
  chain: readonly Uint8Array[],
  leaf: Uint8Array,
  names: DaneNames,
  now: EpochMs,
): Extract<DaneVerdict, { kind: 'match' }> | ({ readonly kind: 'mismatch' } & Mismatch) {
  const anchored = records.flatMap((record) =>
    anchorsOf(record, chain, leaf).map((anchor) => ({ record, anchor })),
  );
  const anchors = anchored.map(({ anchor }) => anchor).slice(0, MOST_ANCHORS);
  if (anchors.length === 0) return { kind: 'mismatch', ...noAnchor(records, leaf) };
  const path = pathTo(chain, anchors, now);
  if (path.kind === 'no-path') {
    const because = `no path leads from the server's certificate to the trust anchor of its TLSA records, ${showTlsas(records)}: ${path.because}`;
    return { kind: 'mismatch', reason: path.reason, because };
  }
  const record = anchored.find(({ anchor }) => anchor === path.anchor)?.record;
  if (record === undefined) throw new Error('the path leads to an anchor that was not asked for');
  const references = referencesOf(names);
  const identity = proveIdentity(
    leaf,
    references.map((name) => ({ kind: 'name', name })),
    'without-dns-names',
  );
  if (identity.kind === 'proved') {
    const because = `the server's certificate is valid for ${identity.name} and vouched for by the trust anchor of the TLSA record ${showTlsa(record)}`;
    return { kind: 'match', record, peerName: identity.name, because };
  }
  const presented = shorten(identity.presented) || 'no name at all';
  const because = `the trust anchor of the TLSA record ${showTlsa(record)} vouches for the server's certificate, but that names ${presented}, and not ${references.join(' or ')}`;
  return { kind: 'mismatch', reason: 'certificate-host-mismatch', because };
}

/**
 * What a record of usage 2 lets the server rely on: certificates that it presented, or what the record itself holds.
 *
 * Never the server's own: that is what usage 3 is for, and OpenSSL does not take it as an authority either.
 */
function anchorsOf(record: TlsaRecord, chain: readonly Uint8Array[], leaf: Uint8Array): readonly Anchor[] {
  // RFC 7671 §5.2.2: with "2 0 0" the server need not send its trust anchor.
  const known = record.selector === 0 && record.matchingType === 0 ? [record.data] : chain;
  const certificates = known
    .filter((der) => Buffer.compare(der, leaf) !== 0 && matches(record, der))
    .map((der): Anchor => ({ kind: 'certificate', der }));
  if (record.selector === 0 || record.matchingType !== 0 || certificates.length > 0) return certificates;
  // §5.2.3: the bare key, "if none of the server's certificate chain elements match" it. A certificate may constrain more.
  return [{ kind: 'key', spki: record.data }];
}

function matches({ selector, matchingType, data }: TlsaRecord, der: Uint8Array): boolean {
  const octets = selector === 0 ? der : readPublicKeyInfo(der);
  return octets !== undefined && Buffer.compare(associated(octets, matchingType), data) === 0;
}

/** RFC 6698 §2.1.3. */
function associated(octets: Uint8Array, matchingType: TlsaRecord['matchingType']): Uint8Array {
  if (matchingType === 0) return octets;
  return createHash(matchingType === 1 ? 'sha256' : 'sha512')
    .update(octets)
    .digest();
}

function selected({ selector }: TlsaRecord): string {
  return selector === 0 ? 'certificate' : 'public key';
}

/** Records of usage 3, none of which matches. */
function otherEntity(records: readonly TlsaRecord[], leaf: Uint8Array): Mismatch {
  const would = [...new Set(records.map((record) => showWouldMatch(record, leaf)))];
  const because = `the server's certificate matches none of its TLSA records, ${showTlsas(records)}; it would match ${shorten(would)}`;
  return { reason: 'certificate-not-trusted', because };
}

/** Records of usage 2, none of which has its trust anchor among the certificates. */
function noAnchor(records: readonly TlsaRecord[], leaf: Uint8Array): Mismatch {
  const own = records.find((record) => matches(record, leaf));
  const because =
    own === undefined
      ? `the server did not send the certificate of the trust anchor in its TLSA records, ${showTlsas(records)}: with usage 2 it has to, even where that is a root`
      : `the TLSA record ${showTlsa(own)} is of usage 2, for an authority, and matches the server's own certificate: it would have to be of usage 3`;
  return { reason: 'certificate-not-trusted', because };
}

/** The record of the same kind that the certificate would match. */
function showWouldMatch(record: TlsaRecord, leaf: Uint8Array): string {
  const octets = record.selector === 0 ? leaf : (readPublicKeyInfo(leaf) ?? new Uint8Array());
  return showTlsa({ ...record, data: associated(octets, record.matchingType) });
}

function noMatch({ reason, because }: Mismatch, chain: readonly Uint8Array[]): DaneVerdict {
  return { kind: 'no-match', reason, because, presented: chain.map(present) };
}

function present(der: Uint8Array): PresentedCertificate {
  const summary = summarizeCertificate(der);
  if (summary.kind === 'ok') {
    const { sha256, spkiSha256, subject } = summary.value;
    return { sha256, spkiSha256, subject };
  }
  const spki = readPublicKeyInfo(der);
  const hex = (octets: Uint8Array): string => createHash('sha256').update(octets).digest('hex');
  return { sha256: hex(der), spkiSha256: spki === undefined ? null : hex(spki), subject: '' };
}
