/** What the TLSA records of a host demand of a delivery to it. RFC 7672 §2.2. */
import type { Domain } from '../../names/domain.ts';
import type { TlsaFacts } from './hosts.ts';
import { shorten, showTlsas, type TlsaSet } from './tlsa.ts';

export type DanePlan =
  /** TLS, and a certificate that matches one of the records; where it fails, another host or later. */
  | { readonly kind: 'dane'; readonly base: Domain; readonly set: TlsaSet; readonly because: string }
  /** TLS, without proof of who the server is, as far as DANE goes. */
  | { readonly kind: 'encrypt'; readonly base: Domain; readonly set: TlsaSet; readonly because: string }
  /** Nothing: other layers decide. */
  | { readonly kind: 'none'; readonly because: string }
  /** The host must not be used. */
  | { readonly kind: 'avoid'; readonly because: string };

/** Decides for one host. */
export function daneAt(tlsa: TlsaFacts): DanePlan {
  switch (tlsa.kind) {
    case 'found': {
      const { base, set } = tlsa;
      if (set.usable.length > 0) {
        const because = `${base} publishes TLSA records: ${showTlsas(set.usable)}`;
        return { kind: 'dane', base, set, because };
      }
      const because = `${base} publishes only TLSA records that authenticate nobody: ${shorten(set.unusable.map(({ text }) => text))}`;
      return { kind: 'encrypt', base, set, because };
    }
    case 'absent':
      return { kind: 'none', because: tlsa.because };
    case 'unknown':
      // "MUST treat that server as unreachable and MUST NOT deliver the message via that server" (RFC 7672 §2.1.2).
      return { kind: 'avoid', because: tlsa.because };
  }
}
