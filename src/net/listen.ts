/** Listens for the clients of a server and attends to each. */
import type { Socket } from 'node:net';
import type { SessionWords } from '../wire/session.ts';
import { type Accepted, type AcceptOptions, accept, type Listener } from './accept.ts';
import { attend, type Upgrade } from './attend.ts';
import type { Certificates } from './certificates.ts';
import { handshakes } from './handshake.ts';
import type { Session } from './server-session.ts';

export type Welcome<Words extends SessionWords> =
  | {
      readonly kind: 'session';
      readonly session: Session<Words>;
      /** Called once, when the connection is gone. */
      readonly onClosed: () => void;
    }
  /** `line` is said before closing, except where the client expects TLS first. */
  | { readonly kind: 'refused'; readonly line: string };

export interface ListenOptions<Words extends SessionWords> extends Omit<AcceptOptions, 'receive'> {
  readonly tls: 'starttls' | 'implicit';
  readonly certificates: Certificates;
  /** Whether a client is asked for a certificate, which is for the session to judge; absent: nobody is. */
  readonly asksForCertificate?: () => boolean;
  readonly welcome: (accepted: Accepted) => Welcome<Words>;
}

/** IANA lists no name for SMTP; these two are what Exim takes. */
const ALPN = ['smtp', 'esmtp'];

/** @throws Node's error when the address cannot be bound. */
export function listen<Words extends SessionWords>(options: ListenOptions<Words>): Promise<Listener> {
  const upgrade = upgradeOf(options);
  return accept({
    ...options,
    receive(socket, accepted) {
      const welcome = options.welcome(accepted);
      if (welcome.kind === 'refused') {
        refuse(socket, options.tls === 'implicit' ? '' : welcome.line);
        return undefined;
      }
      const attended = attend(socket, welcome.session, upgrade, options.deadlines, options.tls);
      void attended.closed.then(() => welcome.onClosed());
      return attended;
    },
  });
}

/** A server for each kind of handshake: whether it asks cannot be changed in one. */
function upgradeOf({
  certificates,
  asksForCertificate,
}: Pick<ListenOptions<SessionWords>, 'certificates' | 'asksForCertificate'>): Upgrade {
  const plain = handshakes(certificates, ALPN);
  let asking: Upgrade | undefined;
  return (socket) => {
    if (asksForCertificate?.() !== true) return plain(socket);
    asking ??= handshakes(certificates, ALPN, { clientCertificate: true });
    return asking(socket);
  };
}

function refuse(socket: Socket, line: string): void {
  socket.on('error', () => socket.destroy());
  socket.end(line, 'latin1', () => socket.destroy());
}
