/** What OpenSSL's own programs say of certificates: of paths, and of whole handshakes with TLSA records. */
import type { KeyObject } from 'node:crypto';
import { pemOf } from '../../support/chains.ts';
import { openSandbox } from './sandbox.ts';

/** Certificates in DER; the server's own first. */
export interface PathCase {
  readonly presented: readonly Uint8Array[];
  readonly anchor: Uint8Array;
}

export interface Verdict {
  readonly good: boolean;
  /** What it says where it is not. */
  readonly said: string;
}

/** A server with what it presents, and the clients that come to it one after the other. */
export interface DaneServer {
  readonly presented: readonly Uint8Array[];
  readonly key: KeyObject;
  readonly clients: readonly DaneClient[];
}

export interface DaneClient {
  /** The TLSA base domain. */
  readonly base: string;
  /** RDATA. */
  readonly records: readonly Uint8Array[];
}

/** Nothing is trusted but what is named; the level is that at which Postfix and Exim authenticate. */
const STRICT = '-no-CAfile -no-CApath -no-CAstore -purpose sslserver -auth_level 1';

/**
 * Asks `openssl verify` for paths to an anchor that need not be a root.
 *
 * @param at milliseconds since 1970.
 */
export async function verifyPaths(
  root: string,
  cases: readonly PathCase[],
  at: number,
): Promise<readonly Verdict[]> {
  const files = cases.flatMap(({ presented: [leaf, ...others], anchor }, index) => [
    [`/peer/${index}/leaf`, pemOf(leaf ?? anchor)],
    [`/peer/${index}/others`, others.map(pemOf).join('') || pemOf(leaf ?? anchor)],
    [`/peer/${index}/anchor`, pemOf(anchor)],
  ]);
  const script = `
cd /peer
for at in $(seq 0 ${cases.length - 1}); do
  if openssl verify ${STRICT} -partial_chain -attime ${at / 1000} \\
    -trusted $at/anchor -untrusted $at/others $at/leaf >said 2>&1
  then echo good; else echo "bad $(grep -m1 error said)"; fi
done`;
  return verdicts(await runScript(root, Object.fromEntries(files), script), cases.length);
}

/**
 * Makes handshakes between `openssl s_server` and `openssl s_client` with TLSA records, on loopback.
 *
 * @returns the verdicts of all clients, server by server.
 */
export async function shakeHands(
  root: string,
  servers: readonly DaneServer[],
  at: number,
): Promise<readonly Verdict[]> {
  const files = servers.flatMap(({ presented: [leaf = Buffer.alloc(0), ...others], key, clients }, index) => [
    [`/peer/${index}/leaf`, pemOf(leaf)],
    [`/peer/${index}/key`, key.export({ type: 'pkcs8', format: 'pem' })],
    [`/peer/${index}/others`, others.map(pemOf).join('')],
    [`/peer/${index}/clients`, clients.map((client) => `${argumentsOf(client)}\n`).join('')],
  ]);
  const script = `
cd /peer
for at in $(seq 0 ${servers.length - 1}); do
  [ -s $at/others ] && others="-cert_chain $at/others" || others=
  openssl s_server -accept 127.0.0.1:0 -www -cert $at/leaf -key $at/key $others \\
    -no-CAfile -no-CApath -no-CAstore -cipher DEFAULT@SECLEVEL=0 >$at/log 2>&1 &
  port=
  for try in $(seq 200); do
    port=$(sed -n 's/^ACCEPT .*:\\([0-9]*\\)$/\\1/p' $at/log)
    [ -n "$port" ] && break
    sleep 0.02
  done
  while read -r client; do
    eval set -- "$client"
    if openssl s_client -connect 127.0.0.1:$port "$@" -dane_ee_no_namechecks -verify_return_error \\
      ${STRICT} -attime ${at / 1000} -cipher DEFAULT@SECLEVEL=1 </dev/null >said 2>&1
    then echo good; else echo "bad $(grep -m1 -E 'verify error|error' said)"; fi
  done <$at/clients
  kill $!
done`;
  const wanted = servers.reduce((sum, { clients }) => sum + clients.length, 0);
  return verdicts(await runScript(root, Object.fromEntries(files), script), wanted);
}

function argumentsOf({ base, records }: DaneClient): string {
  const rrdata = records.map((rdata) => {
    const data = Buffer.from(rdata.subarray(3)).toString('hex');
    return `-dane_tlsa_rrdata '${rdata.subarray(0, 3).join(' ')} ${data}'`;
  });
  return [`-dane_tlsa_domain ${base}`, ...rrdata].join(' ');
}

async function runScript(
  root: string,
  files: Readonly<Record<string, string>>,
  script: string,
): Promise<string> {
  const sandbox = await openSandbox(root, { files });
  try {
    const { code, stdout, stderr } = await sandbox.run('sh', ['-c', script]);
    if (code !== 0) throw new Error(`the script ended with ${code}: ${stderr}`);
    return stdout;
  } finally {
    await sandbox.close();
  }
}

function verdicts(output: string, wanted: number): readonly Verdict[] {
  const found = output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({ good: line === 'good', said: line }));
  if (found.length !== wanted) throw new Error(`${found.length} verdicts for ${wanted} cases`);
  return found;
}
