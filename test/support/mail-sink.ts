/** A mail server for tests that takes everything and notes the subjects. */
import { createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

export interface MailSink {
  readonly port: number;
  /** In the order in which they came; one that came twice is there twice. */
  readonly subjects: readonly string[];
  /** How many connections were open at the same time, at most; one is over once its QUIT is answered. */
  readonly mostOpen: number;
}

/** @param takesMs how long each message takes it. */
export async function startMailSink(t: TestContext, takesMs = 0): Promise<MailSink> {
  const subjects: string[] = [];
  const open = new Set<Socket>();
  let mostOpen = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    open.add(socket);
    mostOpen = Math.max(mostOpen, open.size);
    socket.on('error', () => socket.destroy());
    const over = (): boolean => open.delete(socket);
    socket.once('close', over);
    serve(socket, { takesMs, note: (subject) => subjects.push(subject), over });
  });
  const port = await new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      const at = server.address();
      resolve(typeof at === 'object' && at !== null ? at.port : 0);
    }),
  );
  t.after(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  return {
    port,
    subjects,
    get mostOpen() {
      return mostOpen;
    },
  };
}

interface Serving {
  readonly takesMs: number;
  readonly note: (subject: string) => void;
  /** Whoever said QUIT has hung up, and may be back before we see the end of the connection. */
  readonly over: () => void;
}

function serve(socket: Socket, { takesMs, note, over }: Serving): void {
  let unread = '';
  let content: string | undefined;
  const answer = (line: string): string => {
    if (/^EHLO/i.test(line)) return '250-sink.test\r\n250 8BITMIME\r\n';
    if (/^DATA/i.test(line)) {
      content = '';
      return '354 go ahead\r\n';
    }
    if (!/^QUIT/i.test(line)) return '250 2.0.0 yes\r\n';
    over();
    return '221 2.0.0 goodbye\r\n';
  };
  socket.write('220 sink.test ESMTP\r\n');
  socket.on('data', (chunk: Buffer) => {
    unread += chunk.toString('latin1');
    for (;;) {
      const end = unread.indexOf('\r\n');
      if (end === -1) return;
      const line = unread.slice(0, end);
      unread = unread.slice(end + 2);
      if (content === undefined) {
        socket.write(answer(line));
      } else if (line === '.') {
        note(/^Subject: (.*)$/m.exec(content)?.[1] ?? '');
        content = undefined;
        if (takesMs === 0) socket.write('250 2.0.0 taken\r\n');
        else setTimeout(() => socket.write('250 2.0.0 taken\r\n'), takesMs);
      } else {
        content += `${line}\n`;
      }
    }
  });
}
