/** Receives the datagrams of a Unix socket through the helper, and keeps it running. */
import { type ChildProcess, spawn } from 'node:child_process';
import { frameReader } from './frames.ts';
import { HELPER } from './helper.ts';

export interface DatagramOptions {
  /** Of the socket file; a dead one that lies there is replaced. */
  readonly path: string;
  /** Octal digits, such as `0660`. */
  readonly mode: string;
  /** null: that of this process. */
  readonly group: string | null;
  readonly onDatagram: (octets: Uint8Array) => void;
  /** A datagram with more than {@link MOST_OCTETS}. */
  readonly onTooLong: () => void;
  /** The socket is there, now or again. */
  readonly onReady: () => void;
  /** It is not, or not any more. `because` is one sentence. */
  readonly onTrouble: (because: string) => void;
}

export interface Datagrams {
  close(): Promise<void>;
}

/** More than the kernel lets anybody send who does not raise its limits: 212,992 octets. */
export const MOST_OCTETS = 256 * 1024;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;
/** A helper that has run so long was in order. */
const GOOD_RUN_MS = 60_000;
/** What the helper may take to end once it is told to. */
const CLOSING_MS = 2_000;
const MOST_COMPLAINT = 500;
/** The helper gets nothing of our environment, in which secrets may be. */
const ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' };

/** @param command what runs Perl. */
export function receiveDatagrams(options: DatagramOptions, command = 'perl'): Datagrams {
  let closing = false;
  let waitMs = FIRST_WAIT_MS;
  let again: NodeJS.Timeout | undefined;
  let child: ChildProcess | undefined;
  let ended: Promise<void> = Promise.resolve();

  function start(): void {
    const startedAt = performance.now();
    const { path, mode, group } = options;
    const args = ['-e', HELPER, '--', path, mode, group ?? '', String(MOST_OCTETS)];
    const helper = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: ENVIRONMENT });
    child = helper;
    let complaint = '';
    const frames = frameReader(MOST_OCTETS);
    helper.stdout.on('data', (chunk: Buffer) => {
      try {
        for (const frame of frames.read(chunk)) take(frame);
      } catch (error) {
        complaint = error instanceof Error ? error.message : String(error);
        helper.kill('SIGKILL');
      }
    });
    helper.stderr.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString()).slice(0, MOST_COMPLAINT);
    });
    // Writing is not what stdin is for: its end tells the helper to end.
    helper.stdin.on('error', () => undefined);
    ended = new Promise((resolve) => {
      helper.once('error', (error) => {
        resolve();
        if (closing) return;
        const missing = 'code' in error && error.code === 'ENOENT';
        options.onTrouble(
          missing
            ? `${command} is not there, and nothing else can receive datagrams here (Debian: the package perl-base)`
            : error.message,
        );
        if (!missing) startLater(startedAt);
      });
      helper.once('close', (code, signal) => {
        resolve();
        if (closing || helper.pid === undefined) return;
        const how = signal === null ? `the code ${code}` : signal;
        options.onTrouble(complaint === '' ? `the helper has ended with ${how}` : complaint.trim());
        startLater(startedAt);
      });
    });
  }

  function take(frame: ReturnType<ReturnType<typeof frameReader>['read']>[number]): void {
    switch (frame.kind) {
      case 'ready':
        return options.onReady();
      case 'too-long':
        return options.onTooLong();
      case 'datagram':
        return options.onDatagram(frame.octets);
    }
  }

  function startLater(startedAt: number): void {
    if (performance.now() - startedAt > GOOD_RUN_MS) waitMs = FIRST_WAIT_MS;
    again = setTimeout(start, waitMs);
    again.unref();
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
  }

  start();
  return {
    async close() {
      closing = true;
      clearTimeout(again);
      child?.stdin?.end();
      const late = setTimeout(() => child?.kill('SIGKILL'), CLOSING_MS);
      await ended;
      clearTimeout(late);
    },
  };
}
