/** How a client reaches a server with a login: where, as whom, and what it demands of TLS there. */
import type { Login } from './accounts.ts';
import type { SandboxOptions } from './sandbox.ts';

/** One client's way to one server. */
export interface Reach {
  /** An address of 127.0.0.0/8; by default 127.0.0.1. */
  readonly address?: string;
  readonly port: number;
  /** With TLS the client goes on only when the certificate is good; `none` stays in clear whatever is offered. */
  readonly tls: 'starttls' | 'implicit' | 'none';
  /** Authorities that the server's certificate is verified against, PEM. */
  readonly trust?: string;
  /** The server's name, which its certificate has to bear; by default that is its address. */
  readonly serverName?: string;
  readonly login: Login;
}

/** What the client is told to connect to. */
export function hostOf({ serverName, address = '127.0.0.1' }: Omit<Reach, 'login'>): string {
  return serverName ?? address;
}

/** Where a sandbox of {@link reachable} keeps the authorities. */
export const trustFile = '/peer/trust.pem';

/** A sandbox in which the client finds the server's name, the authorities, and files of its own. */
export function reachable(
  { serverName, address = '127.0.0.1', trust = '' }: Omit<Reach, 'login'>,
  files: Readonly<Record<string, string>> = {},
): SandboxOptions {
  return {
    hosts: serverName === undefined ? {} : { [serverName]: address },
    files: { ...files, [trustFile]: trust },
  };
}
