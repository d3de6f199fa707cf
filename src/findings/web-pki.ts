/** Whether a certificate proves a name to everybody who trusts the public authorities, at a moment that may not be now. */
import type { Domain } from '../names/domain.ts';
import { summarizeCertificate } from '../tls/certificate.ts';
import { failureReasonOf } from '../tls/failure.ts';
import { proveIdentity } from '../tls/identity.ts';
import type { ObservedTls } from './observation.ts';

export interface WebPkiFault {
  readonly kind: 'expired' | 'name' | 'untrusted';
  /** One sentence without its full stop. */
  readonly because: string;
}

/**
 * What is wrong with the certificate of a handshake.
 *
 * The path was judged when the handshake was; dates are looked at again, for a `now` that lies later.
 *
 * @param now milliseconds since 1970. @returns undefined where nothing is wrong.
 */
export function webPkiFault(
  { chain, path }: Pick<ObservedTls, 'chain' | 'path'>,
  name: Domain,
  now: number,
): WebPkiFault | undefined {
  const [leaf] = chain;
  if (leaf === undefined) return { kind: 'untrusted', because: 'no certificate is presented' };
  const summary = summarizeCertificate(leaf);
  if (summary.kind !== 'ok') return { kind: 'untrusted', because: summary.because };
  const { notBefore, notAfter } = summary.value;
  const code = path.kind === 'untrusted' ? path.code : path.kind === 'absent' ? 'NO_CERTIFICATE' : undefined;
  if (notAfter < now) return { kind: 'expired', because: 'the certificate is past its last day' };
  if (code !== undefined && failureReasonOf(code) === 'certificate-expired')
    return {
      kind: 'expired',
      because: `a certificate on the way to the root is past its last day (${code})`,
    };
  if (code !== undefined)
    return { kind: 'untrusted', because: `no trusted authority vouches for the certificate (${code})` };
  if (notBefore > now) return { kind: 'untrusted', because: 'the certificate is not valid yet' };
  const identity = proveIdentity(leaf, [{ kind: 'name', name }]);
  if (identity.kind === 'proved') return undefined;
  const names = identity.presented.slice(0, 5).join(', ') || 'no name';
  return { kind: 'name', because: `the certificate is for ${names}, not for ${name}` };
}

/** When the server's own certificate begins and ends. @returns undefined where there is none that can be read. */
export function validityOf({
  chain,
}: Pick<ObservedTls, 'chain'>): { readonly notBefore: number; readonly notAfter: number } | undefined {
  const [leaf] = chain;
  const summary = leaf === undefined ? undefined : summarizeCertificate(leaf);
  return summary?.kind === 'ok' ? summary.value : undefined;
}
