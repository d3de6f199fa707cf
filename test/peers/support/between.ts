/** What the programs have in common that stand between clients and a server. */
import type { Certificate } from '../../support/certificates.ts';
import type { Endpoint } from '../../support/tap.ts';

/** Where such a program listens, and what it leads to. */
export interface BetweenOptions {
  /** An address of 127.0.0.0/8. */
  readonly address?: string;
  /** By default one that is free. */
  readonly port?: number;
  readonly to: Endpoint;
}

/** One that gives TLS to clients of a server that has none. */
export interface FrontOptions extends BetweenOptions {
  readonly certificate: Certificate;
}

/** A running one. */
export interface Between {
  readonly address: string;
  readonly port: number;
  log(): string;
  close(): Promise<void>;
}
