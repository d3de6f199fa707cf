/** How a gateway reaches its backend: plainly in front of it, by verified TLS in reverse. */
import type { Socket } from 'node:net';
import { formatHostPort, type Host, type IpAddress, parseHost } from '../names/address.ts';
import type { Domain } from '../names/domain.ts';
import type { Accepted } from '../net/accept.ts';
import type { BackendAnswer, BackendWays } from '../net/backend-side.ts';
import type { Deadlines } from '../net/deadlines.ts';
import { dialPlain, type PlainDialOptions, showTarget } from '../net/dial-plain.ts';
import { Connection, type Patience } from '../net/drive.ts';
import { wordsOf } from '../net/error.ts';
import type { JudgeTls, Upgraded } from '../protocols/upgrade.ts';
import { proveIdentity } from '../tls/identity.ts';
import { type Talk } from '../wire/bytes.ts';
import { PeerError } from '../wire/dialogue.ts';
import type { Upstream } from '../wire/gateway-session.ts';
import { writeProxyHeader } from '../wire/proxy-header.ts';
import { secureInPlace, upgradeDialogue } from './protocols.ts';
import type { BackendTarget, GatewaySettings, Reverse } from './settings.ts';

/** Addresses of a name, or why there are none; `because` begins with the name. */
export type AddressesOf = (
  host: Domain,
) => Promise<
  | { readonly kind: 'found'; readonly addresses: readonly IpAddress[] }
  | { readonly kind: 'failed'; readonly because: string }
>;

export interface BackendParts {
  readonly deadlines: Deadlines;
  readonly addressesOf: AddressesOf;
}

/** For each step of a dialogue; all of them together have the gateway's own limit. */
const STEP_MS = 30_000;

/** @param client for the PROXY header. */
export function backendWays(settings: GatewaySettings, client: Accepted, parts: BackendParts): BackendWays {
  const { mode } = settings;
  const dial = (signal: AbortSignal): Promise<Dialled> => dialTarget(settings, parts, signal);
  if (mode.kind === 'front') {
    return {
      connect: (_name, signal) => guarded(settings, () => plainly(settings, client, dial(signal))),
      secure: unsecurable,
    };
  }
  const securing = (signal: AbortSignal): Securing => ({ settings, mode, parts, signal });
  return {
    connect: (name, signal) =>
      guarded(settings, async () => {
        const stranger = asksForAnother(name, mode);
        if (stranger !== undefined) return { kind: 'unreachable', because: stranger };
        const { socket, peer } = await dial(signal);
        const talk = upgradeDialogue(settings.protocol);
        if (talk === undefined) return { kind: 'connected', socket, unread: NOTHING, upstream: undefined };
        return secured(socket, peer, securing(signal), (channel, judge) =>
          talk(channel, {
            judge,
            helloName: settings.hostname,
            // As the client has it: servers know a domain of XMPP by its letters, not by its form in the DNS.
            to: name ?? showHost(mode.serverName),
            from: null,
          }),
        );
      }),
    secure: (socket, signal) =>
      guarded(settings, () =>
        secured(socket, showBackend(settings.backend), securing(signal), secureInPlace),
      ),
  };
}

const NOTHING = new Uint8Array();

/** As events and messages name it. */
export function showBackend(target: BackendTarget): string {
  return target.kind === 'unix' ? showTarget(target) : formatHostPort(showHost(target.host), target.port);
}

function showHost(host: Host): string {
  return host.kind === 'ip' ? host.address : host.name;
}

function unsecurable(): Promise<BackendAnswer> {
  return Promise.resolve({ kind: 'unreachable', because: 'the backend of a front is reached without TLS' });
}

/** What the network does becomes an answer; what is our fault stays one. */
async function guarded(
  { backend }: GatewaySettings,
  work: () => Promise<BackendAnswer>,
): Promise<BackendAnswer> {
  try {
    return await work();
  } catch (error) {
    const words = wordsOf(error);
    const name = showBackend(backend);
    const because = words.startsWith(name) ? words : `${name}: ${words}`;
    if (!(error instanceof PeerError)) return { kind: 'unreachable', because };
    return { kind: 'unreachable', because, forClient: `${name} does not keep to the protocol before TLS` };
  }
}

interface Dialled {
  readonly socket: Socket;
  /** `mail.example (192.0.2.1)`. */
  readonly peer: string;
}

/**
 * Tries one address after the other, each for its share of the time: one that does not answer leaves some to the next.
 *
 * @throws Error that says what became of the last.
 */
async function dialTarget(
  { backend, patience }: GatewaySettings,
  { deadlines, addressesOf }: BackendParts,
  signal: AbortSignal,
): Promise<Dialled> {
  const options: PlainDialOptions = { deadlines, within: patience.connect, signal };
  if (backend.kind === 'unix')
    return { socket: await dialPlain(backend, options), peer: showTarget(backend) };
  const { host, port } = backend;
  if (host.kind === 'ip') {
    const socket = await dialPlain({ kind: 'tcp', address: host.address, port }, options);
    return { socket, peer: showBackend(backend) };
  }
  const found = await addressesOf(host.name);
  if (found.kind === 'failed') throw new Error(found.because);
  let last: unknown = new Error(`${host.name} has no address`);
  const share = { ...options, within: patience.connect / Math.max(1, found.addresses.length) };
  for (const address of found.addresses) {
    if (signal.aborted) break;
    try {
      const socket = await dialPlain({ kind: 'tcp', address, port }, share);
      return { socket, peer: `${host.name} (${address})` };
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

async function plainly(
  { proxyHeader }: GatewaySettings,
  client: Accepted,
  dialled: Promise<Dialled>,
): Promise<BackendAnswer> {
  const { socket } = await dialled;
  // A client that nobody named is not made up (HAProxy's "The PROXY protocol" §2: the header is that of the client).
  if (proxyHeader !== null) socket.write(writeProxyHeader(proxyHeader, client));
  return { kind: 'connected', socket, unread: NOTHING, upstream: undefined };
}

function asksForAnother(name: string | null, { serverName }: Reverse): string | undefined {
  const own = showHost(serverName);
  const wanted = name === null ? undefined : parseHost(name);
  if (wanted === undefined || (wanted.kind === 'ok' && showHost(wanted.value) === own)) return undefined;
  return `${own} is all that can be reached here, and the client asked for another server`;
}

interface Securing {
  readonly settings: GatewaySettings;
  readonly mode: Reverse;
  readonly parts: BackendParts;
  readonly signal: AbortSignal;
}

/** Runs a dialogue that ends inside TLS, and gives the connection away behind it. @throws what the network does. */
async function secured(
  socket: Socket,
  peer: string,
  { settings, mode, parts, signal }: Securing,
  talk: (channel: Connection['channel'], judge: JudgeTls) => Talk<Upgraded>,
): Promise<BackendAnswer> {
  const { serverName, context } = mode;
  const connection = new Connection(socket, {
    peer,
    patience: patienceOf(settings),
    deadlines: parts.deadlines,
    context,
    serverName: serverName.kind === 'name' ? serverName.name : null,
  });
  const onAbort = (): void => connection.close();
  signal.addEventListener('abort', onAbort);
  socket.resume();
  try {
    const outcome = await connection.run(talk(connection.channel, judgeOf(serverName)));
    if (outcome.kind !== 'secured') {
      connection.close();
      const [because, forClient] = [reasonOf(outcome), reasonForClient(outcome)];
      return { kind: 'unreachable', because: `${peer} ${because}`, forClient: `${peer} ${forClient}` };
    }
    const given = connection.detach();
    given.socket.allowHalfOpen = true;
    return { kind: 'connected', ...given, upstream: upstreamOf(outcome) };
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function upstreamOf(outcome: Extract<Upgraded, { kind: 'secured' }>): Upstream {
  const { facts, inside } = outcome;
  return { facts, inside, greeting: NOTHING };
}

function reasonOf(outcome: Exclude<Upgraded, { kind: 'secured' }>): string {
  switch (outcome.kind) {
    case 'tlsFailed':
      return `did not come to TLS: ${outcome.because}`;
    case 'unacceptable':
      return `did not prove who it is: ${outcome.because}`;
    default:
      return outcome.because;
  }
}

/**
 * The same without words of the server.
 *
 * Whoever is on the path can have written what was said in clear, and a client shows it to people as the answer of
 * their server (libpq CVE-2024-10977, `[ALERT]` in clear).
 */
function reasonForClient(outcome: Exclude<Upgraded, { kind: 'secured' }>): string {
  switch (outcome.kind) {
    case 'refused':
      return 'refuses STARTTLS';
    case 'notOffered':
      return 'does not offer STARTTLS';
    default:
      return reasonOf(outcome);
  }
}

/** The path has to lead to a root, and the certificate to name the server: RFC 9525 §6. */
function judgeOf(serverName: Host): JudgeTls {
  return ({ chain, path }) => {
    const [leaf] = chain;
    if (leaf === undefined) return { kind: 'unacceptable', because: 'it showed no certificate' };
    if (path.kind !== 'trusted') {
      const code = path.kind === 'untrusted' ? path.code : 'NO_CERTIFICATE';
      return { kind: 'unacceptable', because: `its certificate is not valid (${code})` };
    }
    const identity = proveIdentity(leaf, [serverName]);
    if (identity.kind === 'proved') return { kind: 'acceptable' };
    const names = identity.presented.length === 0 ? 'nobody' : identity.presented.slice(0, 5).join(', ');
    return { kind: 'unacceptable', because: `its certificate names ${names}, not ${showHost(serverName)}` };
  };
}

function patienceOf({ patience }: GatewaySettings): Patience {
  const step = Math.min(STEP_MS, patience.connect);
  return {
    phases: { greeting: step, reply: step, 'data-start': step, 'data-end': step, goodbye: step },
    connect: patience.connect,
    handshake: step,
    dataBlock: step,
  };
}
