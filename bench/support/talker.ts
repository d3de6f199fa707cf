/** One end of a line protocol that turns into plain octets in between; shared by load and backend, by no gateway. */
import type { Socket } from 'node:net';
import { comparePattern, patternAt } from './pattern.ts';

export interface Talker {
  readonly socket: Socket;
  say(text: string): void;
  /** The next line without CRLF; undefined when the far side has ended. */
  line(): Promise<string | undefined>;
  /** Sends so many octets of the pattern. */
  give(octets: number): Promise<void>;
  /** Takes so many. @throws where they are not those of the pattern, or end early. */
  take(octets: number): Promise<void>;
  /** Lets go of the socket, paused, for whoever goes on with it; what was not used comes first there. */
  release(): void;
}

export function talkerOn(socket: Socket): Talker {
  let unread: Buffer = Buffer.alloc(0);
  let ended = false;
  let wake = (): void => undefined;
  let onOctets = (bytes: Buffer): void => {
    unread = unread.length === 0 ? bytes : Buffer.concat([unread, bytes]);
    wake();
  };
  const keep = onOctets;
  const onData = (bytes: Buffer): void => onOctets(bytes);
  const onEnd = (): void => {
    ended = true;
    wake();
  };
  const more = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });
  socket.on('data', onData).on('end', onEnd).on('close', onEnd);
  socket.on('error', () => socket.destroy());
  return {
    socket,
    say: (text) => void socket.write(text, 'latin1'),
    async line() {
      for (;;) {
        const end = unread.indexOf('\r\n');
        if (end !== -1) {
          const line = unread.toString('latin1', 0, end);
          unread = unread.subarray(end + 2);
          return line;
        }
        if (ended) return undefined;
        await more();
      }
    },
    give(octets) {
      let given = 0;
      return new Promise((resolve, reject) => {
        const go = (): void => {
          while (given < octets) {
            const piece = patternAt(given, octets - given);
            given += piece.length;
            if (!socket.write(piece)) return;
          }
          socket.off('drain', go).off('close', broke);
          resolve();
        };
        const broke = (): void =>
          reject(new Error(`the connection broke after ${given} octets were written`));
        socket.on('drain', go).on('close', broke);
        go();
      });
    },
    async take(octets) {
      let taken = 0;
      let wrong: unknown;
      const compare = (bytes: Buffer): void => {
        const wanted = bytes.subarray(0, octets - taken);
        try {
          comparePattern(taken, wanted);
        } catch (error) {
          wrong ??= error;
        }
        taken += wanted.length;
        if (taken < octets) return;
        unread = bytes.subarray(wanted.length);
        onOctets = keep;
        wake();
      };
      const first = unread;
      unread = Buffer.alloc(0);
      onOctets = compare;
      compare(first);
      while (taken < octets && !ended) await more();
      if (wrong !== undefined) throw wrong;
      if (taken < octets) throw new Error(`the connection ended after ${taken} of ${octets} octets`);
    },
    release() {
      socket.pause();
      socket.off('data', onData).off('end', onEnd).off('close', onEnd);
      if (unread.length > 0) socket.unshift(unread);
    },
  };
}
