/** `waxwing gateway`: one gateway, without a configuration file. */
import { type Command, InvalidArgumentError } from 'commander';
import { addOnlyDnsOptions, type ConfigOptions } from '../config/options.ts';
import type { GatewayFlags } from '../gateway-flags.ts';
import { withExamples } from '../usage.ts';

export interface GatewayOptions extends ConfigOptions, GatewayFlags {
  readonly hostname?: string;
  readonly cert?: readonly string[];
  readonly key?: readonly string[];
  readonly metrics?: string;
  readonly events: string;
  readonly grace: string;
}

export function register(program: Command): void {
  const gateway = program
    .command('gateway')
    .description(
      'Put TLS in front of a server that has none; or, with --reverse, give a client of this host that has none verified ' +
        'TLS to a server. Runs until SIGTERM. Exit code 1: it cannot start; 2: wrong usage.',
    );
  withExamples(gateway, [
    'waxwing gateway --protocol imap --listen 0.0.0.0:143 --tls-listen 0.0.0.0:993 --backend 127.0.0.1:1143 --cert chain.pem --key key.pem',
    'waxwing gateway --protocol imap --reverse --listen 127.0.0.1:1143 --backend imap.example.net:143 --server-name imap.example.net',
  ]);
  addOnlyDnsOptions(gateway)
    .requiredOption(
      '--protocol <name>',
      'smtp, submission, lmtp, imap, pop3, sieve, ldap, nntp, xmpp, xmpp-server, postgres or mysql',
    )
    .option('--listen <addr:port>', 'where clients begin in clear, and are offered STARTTLS', once)
    .option('--tls-listen <addr:port>', 'where TLS comes first', once)
    .requiredOption('--backend <addr:port>', 'the server, or unix:/path; with --reverse also host:port', once)
    .option('--cert <file>', 'certificate chain, PEM; repeatable, further ones by SNI', append)
    .option('--key <file>', 'its private key, PEM; one for each --cert, in the same order', append)
    .option('--require-tls', 'smtp: pass nothing on in clear; all other protocols require TLS anyway')
    .option('--reverse', 'verified TLS to the server, for plain clients of this host')
    .option('--server-name <name>', 'with --reverse: what the certificate of the server must prove')
    .option('--proxy-protocol <version>', 'tell the backend who the client is by a PROXY header: v1 or v2')
    .option('--proxy <network>', 'whoever connects from here begins with a PROXY header; repeatable', append)
    .option('--xclient', 'smtp, submission, lmtp: tell the backend who the client is by XCLIENT')
    .option('--client-ca <file>', 'roots of certificates of clients, PEM')
    .option('--client-certificate <mode>', 'optional or required (with --client-ca: required)')
    .option('--client-allow <rule>', 'a name that they prove, or sha256:DIGEST; repeatable', append)
    .option('--min-version <version>', 'lowest version of TLS with clients: 1.2 or 1.3')
    .option('--ciphers <list>', 'cipher suites with clients, as OpenSSL lists them')
    .option('--groups <list>', 'groups of the key exchange with clients, as OpenSSL lists them')
    .option('--connections <n>', 'at once (10000)')
    .option('--connections-per-address <n>', 'at once from one address (100)')
    .option('--connections-per-minute <n>', 'new ones a minute from one address (600)')
    .option('--clear-timeout <duration>', 'until a connection is inside TLS (5m)')
    .option('--connect-timeout <duration>', 'until the backend is reached (30s)')
    .option('--idle-timeout <duration>', 'without a word from either side (12h)')
    .option('--session-timeout <duration>', 'for all of a connection (none)')
    .option('--name <name>', 'name in events and metrics (the protocol)')
    .option('--hostname <name>', 'our name in greetings (that of the system)')
    .option('--metrics <addr:port>', 'counters for Prometheus, at /metrics')
    .option('--events <file>', 'event log, one JSON object a line; - is stdout', '-')
    .option('--grace <duration>', 'how long connections may go on after SIGTERM', '30s')
    .action(run);
}

async function run(options: GatewayOptions, command: Command): Promise<void> {
  const { readGatewayRequest, runGateway } = await import('../gateway.ts');
  const request = await readGatewayRequest(options);
  if (request.kind === 'ok') return await runGateway(request.value);
  for (const because of request.because.slice(0, -1)) process.stderr.write(`error: ${because}\n`);
  command.error(`error: ${request.because.at(-1)}`);
}

/** Several places or servers are several gateways: the last one does not win in silence. */
function once(value: string, previous: string | undefined): string {
  if (previous !== undefined) throw new InvalidArgumentError('It can be given only once.');
  return value;
}

function append(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}
