/** Which findings are the consequence of another one, and what has to be in order before a step that makes senders look at it. */
import type { CheckId } from '../../findings/catalogue.ts';
import type { ReportedFinding, Scope } from './words.ts';

/** For these a certificate is refused by whoever verifies it by authority, name and date. */
const certificateFaults = [
  'cert.unparsable',
  'cert.expired',
  'cert.not-yet-valid',
  'cert.chain.expired',
  'cert.self-signed',
  'cert.untrusted',
  'cert.chain.incomplete',
  'cert.name-mismatch',
  'cert.cn-only',
  'cert.eku-missing-serverauth',
  'cert.is-ca',
] as const satisfies readonly CheckId[];

/** For these no TLS comes about. */
const noTls = [
  'starttls.not-offered',
  'starttls.stripped',
  'starttls.refused-454',
  'starttls.refused',
  'starttls.bad-reply',
  'starttls.plaintext-after-220',
  'starttls.handshake-failed',
  'starttls.client-cert-required',
  'smtp.ehlo.helo-only',
] as const satisfies readonly CheckId[];

/** For these senders have no policy that they enforce, whatever it would say: who mends one may put the policy into effect. */
export const policyFaults = [
  'mtasts.record.wrong-place',
  'mtasts.record.multiple',
  'mtasts.record.syntax',
  'mtasts.record.version',
  'mtasts.record.id',
  'mtasts.record.cname',
  'mtasts.record-without-policy',
  'mtasts.policy-without-record',
  'mtasts.dangling-host',
  'mtasts.policy.nxdomain',
  'mtasts.policy.address',
  'mtasts.policy.tcp',
  'mtasts.policy.tls',
  'mtasts.policy.cert-expired',
  'mtasts.policy.cert-name',
  'mtasts.policy.cert-untrusted',
  'mtasts.policy.http-status',
  'mtasts.policy.redirect',
  'mtasts.policy.content-type',
  'mtasts.policy.too-large',
  'mtasts.policy.slow',
  'mtasts.policy.syntax',
  'mtasts.policy.bom',
  'mtasts.policy.version',
  'mtasts.policy.mode-missing',
  'mtasts.policy.max-age-missing',
  'mtasts.policy.max-age-range',
  'mtasts.policy.mx-missing',
  'mtasts.policy.mx-syntax',
  'mtasts.mode-none',
  'mtasts.mode-testing',
] as const satisfies readonly CheckId[];

/** What is mended by mending something else at the same place, and what that may be, the likeliest first. */
const causes: ReadonlyMap<string, readonly string[]> = new Map<CheckId, readonly CheckId[]>([
  ['mtasts.mx-cert-invalid', certificateFaults],
  ['mtasts.mx-no-starttls', noTls],
  ['mtasts.mx-tls-too-old', ['tls.no-tls12']],
  [
    'mtasts.dane-conflict',
    ['mtasts.mx-cert-invalid', 'mtasts.mx-uncovered', 'mtasts.mx-all-uncovered', ...certificateFaults],
  ],
  ['mtasts.mx-unused', ['mtasts.mx-uncovered', 'mtasts.mx-all-uncovered']],
  ['dane.no-starttls', noTls],
  ['dane.ta-expired', ['cert.expired', 'cert.chain.expired']],
  ['dane.ta-name-mismatch', ['cert.name-mismatch', 'cert.cn-only']],
  ['dane.insecure', ['dnssec.address-insecure', 'dnssec.mx-zone-unsigned', 'dnssec.unsigned']],
  ['dane.none', ['dnssec.unsigned']],
  ['dnssec.bogus', ['dnssec.ds-mismatch']],
  ['mx.no-address', ['mx.dangling']],
  ['mx.backup-weaker', noTls],
  ['mx.backup-unreachable', ['conn.refused', 'conn.timeout', 'conn.reset', 'conn.unreachable']],
  ['starttls.inconsistent-ip', noTls],
  ['starttls.inconsistent-family', ['starttls.inconsistent-ip', ...noTls]],
  ['legacy.imap143-plaintext', noTls],
  ['legacy.pop3-110-plaintext', noTls],
  ['imap.logindisabled-missing', ['starttls.not-offered']],
  // One line of a configuration switches both off.
  ['tls.tls11', ['tls.tls10']],
]);

/** The finding from which this one follows, if it is among those given. */
export function causeOf<Found extends Pick<ReportedFinding, 'id' | 'scope'>>(
  { id, scope }: Found,
  among: readonly Found[],
): Found | undefined {
  for (const cause of causes.get(id) ?? []) {
    const found = among.find((one) => one.id === cause && isSamePlace(one.scope, scope));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What is said of the domain as a whole is about each of its hosts, and what is said of a host about each of its addresses. */
function isSamePlace(one: Scope, other: Scope): boolean {
  const fits = (a: string | number | undefined, b: string | number | undefined): boolean =>
    a === undefined || b === undefined || a === b;
  return fits(one.host, other.host) && fits(one.address, other.address) && fits(one.port, other.port);
}

/** Steps with which senders begin to verify, and what they refuse from then on. */
interface Gate {
  readonly opens: ReadonlySet<string>;
  readonly before: ReadonlySet<string>;
}

const gates: readonly Gate[] = [
  {
    opens: new Set<CheckId>(['mtasts.none', ...policyFaults]),
    before: new Set<CheckId>([
      ...certificateFaults,
      ...noTls,
      'tls.no-tls12',
      'mtasts.mx-uncovered',
      'mtasts.mx-all-uncovered',
      'mtasts.mx-cert-invalid',
      'mtasts.mx-no-starttls',
      'mtasts.mx-tls-too-old',
    ]),
  },
  {
    opens: new Set<CheckId>([
      'dnssec.unsigned',
      'dnssec.island',
      'dnssec.mx-zone-unsigned',
      'dnssec.address-insecure',
      'dane.none',
      'dane.insecure',
      'dane.malformed',
      'dane.unusable',
      'dane.partial-mx',
      'dane.dead-mx',
      'dane.wrong-owner-name',
    ]),
    before: new Set<CheckId>([
      ...noTls,
      'dane.mismatch',
      'dane.mismatch-ip',
      'dane.mismatch-alg',
      'dane.ta-not-in-chain',
      'dane.ta-name-mismatch',
      'dane.ta-expired',
    ]),
  },
];

/** Whether mail may be kept away if `step` is done while `fault` is still there. */
export function isBefore(fault: string, step: string): boolean {
  return gates.some(({ opens, before }) => opens.has(step) && before.has(fault));
}
