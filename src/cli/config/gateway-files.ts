/** Reads the files that a gateway names. */
import type { KeyPair } from '../../net/tls.ts';
import { readKeyPair, readRoots } from '../../relay/certificate.ts';
import type { GatewayConfig } from './config.ts';
import type { Findings } from './files.ts';

export interface GatewayFiles {
  /** null: the certificates that all listeners show, or none in reverse. */
  readonly pair: KeyPair | null;
  /** Who may vouch for certificates of clients, PEM. */
  readonly clientRoots: readonly string[];
}

/** What is wrong with them is put on `findings`. */
export async function readGatewayFiles(
  { mode }: GatewayConfig,
  path: string,
  findings: Pick<Findings, 'take'>,
): Promise<GatewayFiles> {
  if (mode.kind === 'reverse') return { pair: null, clientRoots: [] };
  const { files, clientCertificates } = mode;
  let pair: KeyPair | null = null;
  if (files !== null) {
    const read = await readKeyPair(files);
    if (read.kind === 'ok') pair = read.pair;
    else {
      for (const { file, because } of read.faults) {
        findings.take(`${path}.${file}`, { kind: 'invalid', because });
      }
    }
  }
  if (clientCertificates === null) return { pair, clientRoots: [] };
  const roots = findings.take(`${path}.client_ca`, await readRoots(clientCertificates.caFile));
  return { pair, clientRoots: roots === undefined ? [] : [roots] };
}
