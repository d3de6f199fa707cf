/** One recording: a server, and what the client does with it. */
import { createAuthority } from '../../support/certificates.ts';
import type { Script } from './script.ts';

/** A server for one recording. */
export interface Server {
  readonly address: string;
  readonly port: number;
  readonly tlsPort: number;
  close(): Promise<void>;
}

export interface Scene {
  /** Of the file, with its folder where the engine of another protocol than SMTP and LMTP replays it. */
  readonly name: string;
  /** What it shows. */
  readonly title: string;
  readonly start: (root: string) => Promise<Server>;
  /** Whether the client comes to the port for implicit TLS. */
  readonly implicit?: boolean;
  readonly client: Script;
}

const authority = await createAuthority();

/** What every server shows. */
export const certificate = await authority.issue({ names: ['mx.example.test'] });

/** A certificate that a server cannot read. */
export const broken = { certPem: '', keyPem: '' };
