/** `sendmail -bs`: SMTP on stdin and stdout; what is handed in goes into the spool as that of whoever calls. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseMailDomain } from '../../names/mailbox.ts';
import { attend } from '../../net/attend.ts';
import { startDeadlines } from '../../net/deadlines.ts';
import { type BodySink, serverPatience } from '../../net/server-session.ts';
import {
  type Envelope,
  type Intake,
  initialState,
  MAX_LINE_BYTES,
  type SessionRules,
  smtpSession,
} from '../../protocols/smtp/server/session.ts';
import { formatSpoolFile, type SpoolAbout } from '../../relay/spool-file.ts';
import { dropMessage } from './drop.ts';
import { BAD_CONFIG, type Failure, failed, NOT_ALLOWED } from './exit-codes.ts';

export interface Pipes {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

const DEADLINE_STEP_MS = 250;
const MAX_ERRORS = 20;
const MAX_MESSAGES = 10_000;

/** Serves one session, to its end. */
export async function serveSmtp(
  spool: string,
  about: SpoolAbout,
  { input, output }: Pipes,
): Promise<Failure | undefined> {
  const hostname = parseMailDomain(about.hostname);
  if (hostname.kind === 'invalid') return failed(BAD_CONFIG, hostname.because);
  const rules: SessionRules = {
    role: 'submission',
    hostname: about.hostname,
    postmasterDomain: hostname.value,
    startTls: 'absent',
    tls: 'optional',
    mechanisms: [],
    requireTls: 'absent',
    xclient: false,
    relaying: { kind: 'anyone' },
    asks: { sender: false, recipient: false },
    maxMessageBytes: about.maxMessageBytes,
    maxRecipients: about.maxRecipients,
    maxMessages: MAX_MESSAGES,
    maxErrors: MAX_ERRORS,
  };
  const { ours, theirs } = await socketPair();
  const deadlines = startDeadlines(DEADLINE_STEP_MS);
  theirs.pipe(output, { end: false });
  input.pipe(theirs);
  // All of it has been handed on by then; a program may leave its own side open.
  theirs.once('end', () => theirs.destroy());
  const session = {
    reducer: smtpSession(rules),
    initial: initialState,
    maxLineBytes: MAX_LINE_BYTES,
    bareLineEnding: 'normalize',
    patience: serverPatience,
    openBody: (envelope: Envelope) => spoolSink(spool, envelope),
    answer: () =>
      ({ kind: 'no', code: 550, enhanced: '5.7.1', text: 'there is nothing to ask here' }) as const,
    onNote: () => undefined,
    onOddity: () => undefined,
  } as const;
  const noTls = (): Promise<never> =>
    Promise.reject(new Error('there is no TLS between a program and its own pipe'));
  const read = new Promise<void>((resolve) => theirs.once('close', () => resolve()));
  await attend(ours, session, noTls, deadlines, 'starttls').closed;
  await read;
  input.unpipe(theirs);
  deadlines.close();
  return undefined;
}

function spoolSink(spool: string, { sender, wishes, recipients }: Envelope): BodySink<Intake> {
  const chunks: Uint8Array[] = [];
  return {
    write(slice) {
      // The slice is part of a buffer that is used again.
      chunks.push(Uint8Array.from(slice));
      return undefined;
    },
    abandon: () => void chunks.splice(0),
    async finish() {
      const dropped = await dropMessage(
        spool,
        formatSpoolFile({ sender, wishes, recipients }, Buffer.concat(chunks)),
      );
      if (dropped.kind === 'ok') return { kind: 'kept', id: dropped.name };
      const code = dropped.code === NOT_ALLOWED ? 550 : 451;
      const enhanced = code === 550 ? '5.7.1' : '4.3.0';
      return { kind: 'refused', code, enhanced, text: 'the message could not be left in the spool' };
    },
  };
}

/** Two ends of a connection that nobody else can reach: sessions are attended to on sockets. */
async function socketPair(): Promise<{ readonly ours: Socket; readonly theirs: Socket }> {
  // Made with mode 0700.
  const folder = await mkdtemp(join(tmpdir(), 'waxwing-bs-'));
  try {
    const path = join(folder, 'socket');
    const server = createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    const taken = new Promise<Socket>((resolve) => server.once('connection', resolve));
    const theirs = createConnection({ path, allowHalfOpen: true });
    const failedToConnect = new Promise<never>((_, reject) => theirs.once('error', reject));
    const ours = await Promise.race([taken, failedToConnect]);
    server.close();
    return { ours, theirs };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
