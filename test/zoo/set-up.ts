/** The words of the zoo: a real server that is set up wrong, or right. What is found of it is in `expected/`. */
import type { CheckProtocol, TlsMode } from '../../src/findings/endpoint.ts';
import type { PeerName } from '../peers/support/catalog.ts';
import type { Certificate } from '../support/certificates.ts';
import type { CertificateKind } from './certificates.ts';

/** Where a server is started, and what it may show. */
export interface Place {
  /** Of its set of packages. */
  readonly root: string;
  /** An address of loopback that nobody else has; the first of those that the name leads to. */
  readonly address: string;
  readonly addresses: readonly string[];
  /** The name that leads to it. */
  readonly host: string;
  readonly certificate: (kind: CertificateKind) => Certificate;
}

/** A server that runs. */
export interface Running {
  readonly port: number;
  readonly close: () => Promise<void>;
}

/** What the domain says of how its mail is to be sent: nothing, a TLSA record of this certificate, MTA-STS. */
export type Policy =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'dane';
      readonly usage: 2 | 3;
      readonly of: CertificateKind | 'issuer' | 'nothing' /** By default 1: SHA-256. */;
      readonly matching?: 0 | 1 | 2;
    }
  | { readonly kind: 'sts'; readonly mode: 'enforce' | 'testing' };

export interface SetUp {
  readonly name: string;
  readonly program: PeerName;
  /** What is wrong with it, one line for people. */
  readonly shows: string;
  /** How it is visited: `smtp` as the MX host of a domain, everything else as a host. */
  readonly protocol: CheckProtocol;
  readonly tls: TlsMode;
  readonly policy: Policy;
  /** What it may or may not be found with, by a race in the server itself, as the tables have it (`ID STATE SEVERITY`). */
  readonly byChance?: readonly string[];
  readonly start: (place: Place) => Promise<Running>;
}

/** Without a policy, by STARTTLS, and all in order, but for what is given. */
export function setUp(
  told: Pick<SetUp, 'name' | 'program' | 'shows' | 'protocol' | 'start'> & Partial<SetUp>,
): SetUp {
  return { tls: 'starttls', policy: { kind: 'none' }, ...told };
}
