/** The words of the hostile part of the zoo: how a server of ours behaves. What is found of it is in `expected/`. */
import type { CheckProtocol, Depth, TlsMode } from '../../src/findings/endpoint.ts';
import type { CertificateKind } from './certificates.ts';
import type { Policy } from './set-up.ts';
import type { Behaviour } from './talk.ts';

export interface HostileCase {
  readonly name: string;
  /** One line for people. */
  readonly shows: string;
  readonly protocol: CheckProtocol;
  readonly tls: TlsMode;
  /**
   * Addresses that lead to it, at the same port: of loopback; `v6` is ::1, `v6-deaf` the same and nobody listens there. `private`
   * is one of a network that is not ours, which the check must not visit.
   */
  readonly doors: readonly ('v4' | 'v6' | 'v6-deaf' | 'private')[];
  readonly certificate: CertificateKind;
  readonly policy: Policy;
  readonly depth: Depth;
  /** Whether the operator has given leave for questions that intrude. */
  readonly intrusive: boolean;
  /** Milliseconds that the check gives one connection. */
  readonly timeoutMs: number;
  /** null: nobody listens. */
  readonly behave: Behaviour | null;
  /** At the usual port where TLS comes first; with it the other one is at its usual port, too. */
  readonly beside?: Behaviour;
}

/** SMTP by STARTTLS at one address, with a good certificate and all in order, but for what is given. */
export function hostile(
  told: Pick<HostileCase, 'name' | 'shows' | 'behave'> & Partial<HostileCase>,
): HostileCase {
  return {
    protocol: 'smtp',
    tls: 'starttls',
    doors: ['v4'],
    certificate: 'good',
    policy: { kind: 'none' },
    depth: 'deep',
    intrusive: true,
    timeoutMs: 4_000,
    ...told,
  };
}
