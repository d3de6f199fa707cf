/** Connections to a resolver, in clear and inside TLS. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext, type TLSSocket } from 'node:tls';
import type { Host } from '../../names/address.ts';
import { proveIdentity } from '../../tls/identity.ts';
import type { Deadlines } from '../deadlines.ts';
import { NetworkError, networkError } from '../error.ts';
import { factsOfPeer } from '../tls.ts';

/** A connection on its way. */
export interface Dialled {
  /** To be destroyed by whoever wants it no more. */
  readonly socket: Socket;
  /** Rejects with a {@link NetworkError}, or where `socket` was destroyed before. */
  readonly ready: Promise<void>;
}

export interface StreamTarget {
  readonly address: string;
  readonly port: number;
}

export interface SecureTerms {
  readonly host: Host;
  readonly context: () => SecureContext;
  /** The one protocol that is offered, and has to be agreed on where the peer names any (RFC 7301). */
  readonly protocol: 'dot' | 'h2';
}

/** With the handshake. */
const CONNECT_MS = 4_000;

/** Connects by TCP. */
export function dialStream(target: StreamTarget, deadlines: Deadlines): Dialled {
  const socket = connect({ host: target.address, port: target.port, noDelay: true });
  return { socket, ready: readyOf(socket, 'connect', deadlines) };
}

/**
 * Connects by TLS. The certificate has to lead to a root of ours and to name the host; otherwise nothing is asked: the
 * strict profile of RFC 8310 §5.
 */
export function dialSecure(target: StreamTarget, terms: SecureTerms, deadlines: Deadlines): Dialled {
  const { host, context, protocol } = terms;
  const serverName = host.kind === 'name' ? host.name : null;
  const socket = connectTls({
    host: target.address,
    port: target.port,
    secureContext: context(),
    ...(serverName === null ? {} : { servername: serverName }),
    ALPNProtocols: [protocol],
    // The identity is checked below, by our own rules.
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  });
  socket.setNoDelay(true);
  const ready = readyOf(socket, 'secureConnect', deadlines).then(() => {
    const fault = faultOf(socket, terms);
    if (fault === undefined) return;
    socket.destroy();
    throw new NetworkError('failed', fault);
  });
  return { socket, ready };
}

function faultOf(socket: TLSSocket, { host, protocol }: SecureTerms): string | undefined {
  const serverName = host.kind === 'name' ? host.name : null;
  const { chain, path } = factsOfPeer(socket, serverName);
  const [leaf] = chain;
  if (leaf === undefined || path.kind !== 'trusted') {
    return `its certificate is not trusted (${path.kind === 'untrusted' ? path.code : 'there is none'})`;
  }
  const verdict = proveIdentity(leaf, [host]);
  if (verdict.kind === 'mismatch') {
    const names = verdict.presented.length === 0 ? 'nothing' : verdict.presented.join(', ');
    return `its certificate is not for ${serverName ?? (host.kind === 'ip' ? host.address : '')}: it names ${names}`;
  }
  // A server of DNS over TLS may know nothing of ALPN; without HTTP/2 there is no way on.
  const agreed = socket.alpnProtocol === protocol || (protocol === 'dot' && socket.alpnProtocol === false);
  return agreed ? undefined : `it does not speak ${protocol === 'h2' ? 'HTTP/2' : 'DNS'} inside TLS (ALPN)`;
}

function readyOf(socket: Socket, event: 'connect' | 'secureConnect', deadlines: Deadlines): Promise<void> {
  const deadline = deadlines.add(() =>
    socket.destroy(new NetworkError('timeout', `no connection within ${CONNECT_MS / 1000} s`)),
  );
  deadline.set(CONNECT_MS);
  return new Promise<void>((resolve, reject) => {
    const onError = (error: Error): void =>
      reject(error instanceof NetworkError ? error : networkError('no connection', error));
    const onClose = (): void =>
      reject(new NetworkError('reset', 'the connection was closed before it stood'));
    socket.once('error', onError);
    socket.once('close', onClose);
    socket.once(event, () => {
      socket.removeListener('error', onError);
      socket.removeListener('close', onClose);
      resolve();
    });
  }).finally(() => deadline.drop());
}
