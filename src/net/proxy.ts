/** Reads the PROXY header of a connection before anything else is done with it. */
import type { Socket } from 'node:net';
import { type ProxyHeader, parseProxyHeader } from '../wire/proxy-header.ts';
import type { Deadlines } from './deadlines.ts';

/** What a proxy said, or why its connection is of no use. */
export type Introduction = Exclude<ProxyHeader, { kind: 'incomplete' }>;

/** For a header that a proxy sends before anything of the client's. */
const HEADER_MS = 5_000;

/** @returns with the socket paused; what follows the header is still on it, for SMTP or the TLS engine. */
export function readProxyHeader(socket: Socket, deadlines: Deadlines): Promise<Introduction> {
  return new Promise((resolve) => {
    let read: Buffer = Buffer.alloc(0);
    const settle = (introduction: Introduction): void => {
      deadline.drop();
      // In the same turn, or what comes before the next reader listens is lost.
      socket.pause();
      socket.removeListener('data', onData);
      socket.removeListener('end', onEnd);
      socket.removeListener('close', onEnd);
      resolve(introduction);
    };
    const deadline = deadlines.add(() => {
      settle({ kind: 'bad', because: `no PROXY header within ${HEADER_MS / 1000} s` });
    });
    deadline.set(HEADER_MS);
    const onEnd = (): void => settle({ kind: 'bad', because: 'it ended before a PROXY header' });
    const onData = (bytes: Buffer): void => {
      // Bounded: the parser is content or disgusted after 536 octets.
      read = Buffer.concat([read, bytes]);
      const header = parseProxyHeader(read);
      if (header.kind === 'incomplete') return;
      settle(header);
      if (header.kind !== 'bad' && header.length < read.length) socket.unshift(read.subarray(header.length));
    };
    // Every socket keeps an error listener for life: an unheard error would end the process.
    socket.on('error', () => socket.destroy());
    socket.on('data', onData);
    socket.on('end', onEnd);
    socket.on('close', onEnd);
  });
}
