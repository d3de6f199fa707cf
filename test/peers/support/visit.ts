/** What clients that are no senders are told: where they go, how they protect the way, and as whom they come. */
import type { Login } from './accounts.ts';
import type { SandboxOptions } from './sandbox.ts';

/** A client's way to a server. */
export interface Visit {
  /** An address of 127.0.0.0/8. */
  readonly address: string;
  readonly port: number;
  readonly protection: Protection;
}

/** A visit of somebody who has a password. */
export interface LoginVisit extends Visit {
  readonly login: Login;
}

/** In TLS the client verifies the certificate, for the name; where it cannot, it has to fail. */
export type Protection =
  | { readonly tls: 'none' }
  | {
      readonly tls: 'starttls' | 'implicit';
      /** Authorities, PEM. */
      readonly trust: string;
      readonly serverName: string;
    };

/** The certificates that a client trusts. */
export const trustFile = '/peer/trust.pem';

/** As the client calls the server: by its name where a certificate has to bear it. */
export function hostOf({ address, protection }: Visit): string {
  return protection.tls === 'none' ? address : protection.serverName;
}

/** What the sandbox of a client holds, its own files beside it. */
export function surroundings(visit: Visit, files: Readonly<Record<string, string>> = {}): SandboxOptions {
  const { address, protection } = visit;
  return protection.tls === 'none'
    ? { files }
    : {
        hosts: { [protection.serverName]: address },
        files: { ...files, [trustFile]: protection.trust },
      };
}
