/** Whether the certificates lead to a root that is trusted, and how they were put together. RFC 5280 §6.1, RFC 8446 §4.4.2. */
import { issuerAddress } from '../../tls/authority-access.ts';
import { isSignedBy } from '../../tls/openssl.ts';
import { nameOf, type PathCertificate } from '../../tls/path-rules.ts';
import type { Finding } from '../finding.ts';
import { foundAt } from '../place.ts';
import { type Presented, showCertificate } from '../presented.ts';
import { effectAt, scrutinyAt, severityAt } from '../scrutiny.ts';

export function pathFindings(one: Presented): readonly Finding[] {
  return [...trust(one), ...order(one), ...root(one)];
}

type Distrust = 'cert.self-signed' | 'cert.chain.incomplete' | 'cert.untrusted';

function trust(one: Presented): readonly Finding[] {
  const { place, tls } = one;
  // Under DANE-TA the path goes to the authority of the TLSA records, which the checks of DANE follow.
  const severity = severityAt(place, { none: 'medium', ta: 'info' });
  if (tls.path.kind === 'absent') return [];
  if (tls.path.kind === 'trusted') {
    const evidence = [showCertificate(one), 'A path leads to a trusted root.'];
    const ids: readonly Distrust[] = ['cert.self-signed', 'cert.chain.incomplete', 'cert.untrusted'];
    return ids.map((id) => foundAt(place, id, 'pass', { evidence, severity }));
  }
  const found = distrustOf(one, tls.path.code);
  if (found === undefined) return [];
  const evidence = [showCertificate(one), found.because, `OpenSSL: ${tls.path.code}`];
  return [foundAt(place, found.id, 'fail', { evidence, severity, why: `${found.why} ${effectOf(one)}` })];
}

function effectOf({ place }: Presented): string {
  if (scrutinyAt(place) !== 'dane-ta') return effectAt(place);
  return 'Senders that honour DANE look for the authority that the TLSA records name, and for no public one.';
}

interface Found {
  readonly id: Distrust;
  readonly because: string;
  readonly why: string;
}

/** Failures that have a finding of their own, by the dates and the keys. */
const toldElsewhere = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'EE_KEY_TOO_SMALL',
  'CA_KEY_TOO_SMALL',
  'CA_MD_TOO_WEAK',
  'INVALID_PURPOSE',
]);

/** @returns undefined where nothing is known of the path, as something else stood before it. */
function distrustOf({ leaf, others }: Presented, code: string): Found | undefined {
  if (isSelfSigned(leaf))
    return {
      id: 'cert.self-signed',
      because: 'Its issuer is itself.',
      why: 'The certificate is signed by its own key, so that nobody vouches for it.',
    };
  if (toldElsewhere.has(code)) return undefined;
  const top = topOf(leaf, others);
  const address = issuerAddress(top.raw.extensions);
  const isMissing = !isSelfSigned(top);
  // The server's own certificate is not joined to what came with it, or came alone although its authority says where the
  // next one lies. Behind an intermediate certificate only a root can be missing, and a root that is not known is another matter.
  if (isMissing && top === leaf && (others.length > 0 || address !== undefined)) {
    const where = address === undefined ? '' : ` It can be had at ${address}`;
    return {
      id: 'cert.chain.incomplete',
      because: `The certificate of its issuer was not presented: ${issuerOf(leaf)}.${where}`,
      why: 'The server presents its own certificate without the one that leads to the root. Some clients fetch or know it, many do not.',
    };
  }
  const last = isMissing
    ? `The last certificate names an issuer that is not known: ${issuerOf(top)}.`
    : `The path ends at a root that is not known: ${issuerOf(top)}.`;
  return {
    id: 'cert.untrusted',
    because: last,
    why: 'The certificates lead to no authority that is generally trusted.',
  };
}

function issuerOf({ x509 }: PathCertificate): string {
  return x509.issuer
    .replaceAll('\n', ', ')
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, LONGEST_NAME);
}

const LONGEST_NAME = 160;

function isSelfSigned({ raw, x509, key }: PathCertificate): boolean {
  return Buffer.compare(raw.subject, raw.issuer) === 0 && isSignedBy(x509, key);
}

/** How far up the presented certificates lead, by names and key identifiers. */
function topOf(leaf: PathCertificate, others: readonly PathCertificate[]): PathCertificate {
  const left = [...others];
  let top = leaf;
  for (;;) {
    const next = left.findIndex((other) => other !== top && top.x509.checkIssued(other.x509));
    const [issuer] = next === -1 || isSelfSigned(top) ? [] : left.splice(next, 1);
    if (issuer === undefined) return top;
    top = issuer;
  }
}

/** "Each following certificate SHOULD directly certify the one immediately preceding it" (RFC 8446 §4.4.2). */
function order(one: Presented): readonly Finding[] {
  const { place, leaf, others, tls } = one;
  if (others.length === 0) return [];
  const all = [leaf, ...others];
  const broken = all.slice(1).findIndex((issuer, at) => {
    const below = all[at];
    return below === undefined || !below.x509.checkIssued(issuer.x509);
  });
  const evidence = all.map(
    (certificate, at) => `${at}: ${nameOf(certificate)}, issued by ${issuerOf(certificate)}`,
  );
  const unread = tls.chain.length - all.length;
  if (broken === -1 && unread === 0) return [foundAt(place, 'cert.chain.order', 'pass', { evidence })];
  const because =
    broken === -1
      ? `${unread} of the certificates cannot be read.`
      : `Number ${broken + 1} is not the issuer of number ${broken}.`;
  return [foundAt(place, 'cert.chain.order', 'warn', { evidence: [because, ...evidence] })];
}

function root(one: Presented): readonly Finding[] {
  const { place, others } = one;
  const last = others.at(-1);
  if (last === undefined) return [];
  const evidence = [`The last certificate presented: ${nameOf(last)}.`];
  return [foundAt(place, 'cert.chain.root-sent', isSelfSigned(last) ? 'warn' : 'pass', { evidence })];
}
