/** The words of the zoo: a real server that is set up wrong, or right, and what a check has to find of it. */
import type { CheckId } from '../../src/findings/catalogue.ts';
import type { FindingState, Severity } from '../../src/findings/check.ts';
import type { CheckProtocol, TlsMode } from '../../src/findings/endpoint.ts';
import type { PeerName } from '../peers/support/catalog.ts';
import type { Certificate } from '../support/certificates.ts';
import type { CertificateKind } from './certificates.ts';

/** What a check is to come to: `fail critical`, `not-tested high`. */
export type Came = `${Exclude<FindingState, 'pass'>} ${Severity}`;

/** What is found, by id; everything else that is looked at passes. */
export type Finds = Readonly<Partial<Record<CheckId, Came>>>;

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
  | { readonly kind: 'dane'; readonly usage: 2 | 3; readonly of: CertificateKind | 'issuer' | 'nothing' }
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
  readonly start: (place: Place) => Promise<Running>;
  /** Exactly the problems, and what cannot be tested, that are more than a remark (`info`). */
  readonly finds: Finds;
  /** Remarks that are made. */
  readonly remarks: readonly CheckId[];
  /** What passes, among other things. */
  readonly clears: readonly CheckId[];
}

/** Without a policy, by STARTTLS, and all in order, but for what is given. */
export function setUp(
  told: Pick<SetUp, 'name' | 'program' | 'shows' | 'protocol' | 'start'> & Partial<SetUp>,
): SetUp {
  return { tls: 'starttls', policy: { kind: 'none' }, finds: {}, remarks: [], clears: [], ...told };
}
