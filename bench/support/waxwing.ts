/** Waxwing as a relay for the benches, with what is switched on. */
import { generateKeyPairSync } from 'node:crypto';
import type { Endpoint } from '../../test/lab/net.ts';
import { signed, split, type Zone } from '../../test/lab/zone.ts';
import type { Relay, Task } from './relays.ts';
import { startProgram } from './running.ts';

/** Whom the policy engine asks, and what it proves the answers by. */
export interface Dns {
  readonly resolver: Endpoint;
  /** Text of a file of trust anchors. */
  readonly anchor: string;
}

/** What is switched on beside what always is: events in a file, results of sessions. */
export interface Features {
  /** What signs each message; null: nothing. */
  readonly dkim: 'rsa-2048' | 'ed25519' | null;
  /** null: a route names the sink and what is required of it, and nobody is asked anything. */
  readonly dns: Dns | null;
  readonly workers: number;
}

/** Where mail for sink.test goes, in signed zones; the host has a TLSA record for the certificate. */
export function sinkZones(spkiSha256: string): readonly Zone[] {
  const sink = ['@ MX 10 mx', 'mx A 127.0.0.1', `_25._tcp.mx TLSA 3 1 1 ${spkiSha256}`];
  const signing = signed();
  return [
    { name: '.', shows: '', server: 'root', records: [], signing: signed({ keys: split('RSASHA256') }) },
    { name: 'test', shows: '', server: 'tld', records: [], signing },
    { name: 'sink.test', shows: '', server: 'leaf', records: sink, signing },
  ];
}

/** The tables that say whom to ask, and the file that they name. */
export function dnsOf(dns: Dns | null): { readonly table: string; readonly files: Record<string, string> } {
  // Nobody is there: who asks nothing needs nobody.
  if (dns === null) return { table: '[dns]\nresolver = ["127.0.0.1:9"]\n', files: {} };
  const { address, port } = dns.resolver;
  const table = `[dns]\nresolver = ["${address}:${port}"]\ntrust_anchor = "anchor"\n`;
  return { table, files: { anchor: dns.anchor } };
}

export function waxwing({ dkim, dns, workers }: Features): (task: Task) => Promise<Relay> {
  const key = dkim === null ? null : keyOf(dkim);
  return async ({ sink, tls, deliver, authority }) => {
    const level = { verified: 'authenticate', may: 'may', none: 'off' }[tls];
    const route = (to: string): string => `[[route]]\nmatch = "sink.test"\n${to}tls = "${level}"\n`;
    const asked = dnsOf(dns);
    const running = await startProgram({
      top: workers === 1 ? '' : `workers = ${workers}\n`,
      tables: [
        asked.table,
        '[tls]\nca = "ca.pem"\n',
        key === null ? '' : '[[dkim]]\ndomain = "source.test"\nselector = "bench"\nkey = "dkim.pem"\n',
        dns === null ? '' : `[relay]\nsmtp_port = ${sink}\n`,
        dns === null ? route(`to = "smtp://127.0.0.1:${sink}"\n`) : '',
        // Where the domain decides, the operator has no word in it but to lower it.
        dns !== null && tls !== 'verified' ? route('') : '',
      ].join(''),
      files: { 'ca.pem': authority.certPem, ...asked.files, ...(key === null ? {} : { 'dkim.pem': key }) },
    });
    if (deliver === 'keep') {
      const paused = await running.cli('queue', 'pause', 'sink.test');
      if (paused.code !== 0) throw new Error(`queue pause: ${paused.stderr}`);
    }
    return running;
  };
}

function keyOf(kind: 'rsa-2048' | 'ed25519'): string {
  const privateKeyEncoding = { format: 'pem', type: 'pkcs8' } as const;
  const publicKeyEncoding = { format: 'pem', type: 'spki' } as const;
  return kind === 'rsa-2048'
    ? generateKeyPairSync('rsa', { modulusLength: 2048, privateKeyEncoding, publicKeyEncoding }).privateKey
    : generateKeyPairSync('ed25519', { privateKeyEncoding, publicKeyEncoding }).privateKey;
}
