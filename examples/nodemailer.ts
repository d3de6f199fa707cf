/**
 * Delivers mail with Nodemailer straight to the mail hosts of its recipient, by DANE and MTA-STS: where these demand TLS, the host
 * has proved who it is before anything is said inside it, or gets nothing.
 *
 * With "type": "module" in package.json: `npm install waxwing nodemailer`, then `node nodemailer.ts anna@example.org ben@example.com < message.eml`.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { text } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import { createTransport } from 'nodemailer';
import {
  decide,
  type HostPolicy,
  judgeTls,
  type Lookups,
  lookupPolicy,
  openLookups,
  type PolicyRules,
} from 'waxwing/policy';
import { type StartTlsResult, startTls, type TlsFacts } from 'waxwing/starttls';

export interface Mail {
  readonly from: string;
  readonly to: string;
  /** With its header, as it is to be sent. */
  readonly message: string;
}

export interface Settings {
  readonly lookups: Lookups;
  /** Our name for EHLO. */
  readonly helloName: string;
  /** An advisor that is told what TLS was reached: `http://127.0.0.1:8462`. Default: nobody is. */
  readonly advisor?: string;
  /** What this program wants beyond what domains publish. Default: nothing. */
  readonly rules?: PolicyRules;
  /** Authorities that mail hosts may have beside those of Node, PEM. */
  readonly ca?: string;
  /** Of a lab. Default: 25. */
  readonly port?: number;
}

/** `deferred`: it has to be tried again later, with the policy looked up anew; a decision is good for one attempt. */
export type Delivery =
  | { readonly kind: 'sent'; readonly host: string; readonly tls: 'authenticated' | 'encrypted' | 'none' }
  | { readonly kind: 'deferred' | 'bounced'; readonly because: string };

/** Tries each mail host in turn. */
export async function deliver(mail: Mail, settings: Settings): Promise<Delivery> {
  const domain = mail.to.slice(mail.to.lastIndexOf('@') + 1);
  const decision = decide(await lookupPolicy(domain, settings.lookups), settings.rules);
  if (decision.kind === 'refuse') return { kind: 'bounced', because: decision.because };
  if (decision.kind === 'defer') return { kind: 'deferred', because: decision.because };
  const failures: string[] = [];
  for (const host of inTurn(decision.hosts)) {
    for (const address of host.addresses) {
      const delivery = await deliverTo(host, address, mail, domain, settings);
      if (delivery.kind !== 'deferred') return delivery;
      failures.push(delivery.because);
    }
  }
  return { kind: 'deferred', because: failures.join('; ') };
}

/** By preference; hosts that are equals share the load (RFC 5321 §5.1). */
function inTurn(hosts: readonly HostPolicy[]): readonly HostPolicy[] {
  return hosts
    .map((host) => ({ host, lot: Math.random() }))
    .toSorted((a, b) => a.host.preference - b.host.preference || a.lot - b.lot)
    .map(({ host }) => host);
}

async function deliverTo(
  host: HostPolicy,
  address: string,
  mail: Mail,
  domain: string,
  settings: Settings,
): Promise<Delivery> {
  try {
    const way = await reach(host, address, domain, settings);
    if ('because' in way) return { kind: 'deferred', because: way.because };
    await hand(mail, host, way, settings);
    return { kind: 'sent', host: host.host, tls: way.tls };
  } catch (error) {
    // What the network and Nodemailer say.
    const because = `${host.host} (${address}): ${error instanceof Error ? error.message : String(error)}`;
    const code = error instanceof Error && 'responseCode' in error ? Number(error.responseCode) : 0;
    return { kind: code >= 500 ? 'bounced' : 'deferred', because };
  }
}

/** A connection on which Nodemailer may speak. */
interface Way {
  readonly socket: Socket;
  readonly tls: 'authenticated' | 'encrypted' | 'none';
}

/** In clear only where nobody demands TLS, and TLS could not be had. */
async function reach(
  host: HostPolicy,
  address: string,
  domain: string,
  settings: Settings,
): Promise<Way | { readonly because: string }> {
  if (!host.tries) return { socket: await dial(address, settings), tls: 'none' };
  const { helloName, ca } = settings;
  const result = await startTls(await dial(address, settings), {
    protocol: 'smtp',
    serverName: host.serverName,
    helloName,
    ...(ca === undefined ? {} : { ca }),
    judge: (facts) => judgeTls(host, facts),
  });
  await tell(settings, domain, host, result);
  if (result.kind === 'secured') {
    fromTheGreeting(result.socket, result.inside);
    return {
      socket: result.socket,
      tls: proofOf(host, result.facts) === null ? 'encrypted' : 'authenticated',
    };
  }
  const isWithout = result.kind === 'notOffered' || result.kind === 'refused' || result.kind === 'tlsFailed';
  if (host.requires === 'none' && isWithout) return { socket: await dial(address, settings), tls: 'none' };
  return { because: `${result.because} (${host.because})` };
}

/**
 * Nodemailer begins with a greeting and EHLO, which are over; and OpenSMTPD, for one, takes no second EHLO (503). So what the host
 * has said inside TLS is said again from here, and the EHLO that asks for it does not go out.
 */
function fromTheGreeting(socket: TLSSocket, offers: readonly string[]): void {
  const write = socket.write.bind(socket);
  const said = ['inside TLS', ...offers].map((line, at) => `250${at < offers.length ? '-' : ' '}${line}\r\n`);
  Object.assign(socket, {
    write(command: Uint8Array): boolean {
      Object.assign(socket, { write });
      if (!Buffer.from(command).toString().startsWith('EHLO ')) return write(command);
      setImmediate(() => socket.unshift(Buffer.from(said.join(''))));
      return true;
    },
  });
  socket.unshift(Buffer.from('220 inside TLS\r\n'));
}

async function dial(address: string, { port = 25 }: Settings): Promise<Socket> {
  const socket = connect({ host: address, port });
  await once(socket, 'connect', { signal: AbortSignal.timeout(30_000) }).catch((error: unknown) => {
    socket.destroy();
    throw error;
  });
  // An error that nobody hears would end the process.
  socket.on('error', () => socket.destroy());
  return socket;
}

/** Nodemailer does no STARTTLS of its own here: `secured` says that TLS is up, `ignoreTLS` that none is wanted. */
async function hand(
  { from, to, message }: Mail,
  host: HostPolicy,
  way: Way,
  settings: Settings,
): Promise<void> {
  const isSecured = way.tls !== 'none';
  const transport = createTransport({
    name: settings.helloName,
    host: host.host,
    secure: isSecured,
    ignoreTLS: true,
    getSocket: (_options, callback) => callback(null, { connection: way.socket, secured: isSecured }),
  });
  try {
    await transport.sendMail({ envelope: { from, to }, raw: message });
  } finally {
    way.socket.destroy();
  }
}

/** What a handshake has proved the host by. */
function proofOf(host: HostPolicy, facts: TlsFacts): 'name' | 'tlsa' | null {
  const verdict = judgeTls(host, facts);
  if (verdict.kind === 'unacceptable' || verdict.outcome === 'encrypted') return null;
  return verdict.tlsa === null ? 'name' : 'tlsa';
}

/** Tells the advisor what a session came to; mail goes on without it. */
async function tell(
  { advisor }: Settings,
  domain: string,
  host: HostPolicy,
  result: StartTlsResult,
): Promise<void> {
  const facts = 'facts' in result ? result.facts : null;
  const proof = facts === null ? null : proofOf(host, facts);
  const reached = {
    secured: proof === null ? 'encrypt' : 'authenticate',
    // TLS came to be, and proved nothing of what was asked.
    unacceptable: 'encrypt',
    notOffered: 'clear',
    tlsFailed: 'failed',
    // It may not have wanted us at all; or it broke the protocol, or left.
    refused: null,
    broken: null,
  }[result.kind];
  if (advisor === undefined || reached === null) return;
  const outcome = { domain, host: host.host, reached, proof, spki: keyOf(facts) };
  try {
    const answer = await fetch(new URL('/v1/outcomes', advisor), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ outcomes: [outcome] }),
      signal: AbortSignal.timeout(5_000),
    });
    if (!answer.ok) console.error(`the advisor says ${answer.status}: ${await answer.text()}`);
  } catch (error) {
    console.error(`the advisor cannot be told: ${String(error)}`);
  }
}

/** SHA-256 of the key of the host's certificate. */
function keyOf(facts: TlsFacts | null): string | null {
  const leaf = facts?.chain[0];
  if (leaf === undefined) return null;
  const key = new X509Certificate(leaf).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest('hex');
}

if (import.meta.main) {
  const [from = '', to = ''] = process.argv.slice(2);
  const lookups = await openLookups({ onNotice: console.error });
  const message = await text(process.stdin);
  const delivery = await deliver({ from, to, message }, { lookups, helloName: hostname() });
  await lookups.close();
  console.log(JSON.stringify(delivery));
  process.exitCode = delivery.kind === 'sent' ? 0 : delivery.kind === 'deferred' ? 75 : 69;
}
