/** `waxwing sendmail` as a process: what was asked for, who asks, and the number at the end. */
import { once } from 'node:events';
import { userInfo } from 'node:os';
import type { Readable } from 'node:stream';
import { completeAddresses } from '../../mail/complete-addresses.ts';
import { type Mailbox, parseMailbox } from '../../names/mailbox.ts';
import { formatSpoolFile, type SpoolAbout } from '../../relay/spool-file.ts';
import type { LoadRequest } from '../config/load.ts';
import { askRelay, errorIn } from '../control-client.ts';
import { queuePages } from '../queue-pages.ts';
import { listFormat } from '../queue-text.ts';
import { messageOf } from '../usage.ts';
import { type Call, readCall } from './arguments.ts';
import { dropMessage, readSpoolAbout } from './drop.ts';
import {
  BAD_MESSAGE,
  type Failure,
  failed,
  NO_USER,
  OK,
  OUR_FAULT,
  UNAVAILABLE,
  USAGE,
} from './exit-codes.ts';
import { readInput } from './input.ts';
import { prepareMessage } from './message.ts';
import { findSpool, type Place } from './place.ts';
import { serveSmtp } from './smtp.ts';

/** What a call has around it. */
export interface Surroundings {
  readonly env: LoadRequest['env'];
  readonly input: Readable;
  readonly output: NodeJS.WritableStream;
}

/** @returns the exit code; why it is not 0 is on stderr then. */
export async function runSendmail(command: string, words: readonly string[]): Promise<number> {
  const { env, stdin: input, stdout: output } = process;
  try {
    const failure = await answerCall(command, words, { env, input, output });
    if (failure === undefined) return OK;
    for (const line of failure.because.split('\n')) process.stderr.write(`${command}: ${line}\n`);
    return failure.code;
  } catch (error) {
    process.stderr.write(`${command}: ${messageOf(error)}\n`);
    return OUR_FAULT;
  } finally {
    // A program that keeps its end of the pipe open would keep us.
    input.destroy();
  }
}

/** @returns undefined where all that was asked for is done. */
export async function answerCall(
  command: string,
  words: readonly string[],
  around: Surroundings,
): Promise<Failure | undefined> {
  const read = readCall(command, words);
  if (read.kind === 'invalid') return failed(USAGE, read.because);
  const call = read.value;
  if (call.kind === 'aliases') return undefined;
  const place = findSpool(call.configFile, around.env);
  if (place.kind === 'failed') return place;
  if (call.kind === 'list') return listQueue(place, around.output);
  const about = await readSpoolAbout(place.spool);
  if (about.kind === 'failed') return about;
  if (call.kind === 'smtp') return serveSmtp(place.spool, about.value, around);
  return send(call, place.spool, about.value, around.input);
}

async function send(
  call: Call,
  spool: string,
  about: SpoolAbout,
  stdin: Readable,
): Promise<Failure | undefined> {
  const domain = about.hostname;
  const sender = senderOf(call.from, domain);
  if (sender.kind === 'failed') return sender;
  const named = namedRecipients(call.recipients, domain);
  if (named.kind === 'failed') return named;
  if (named.mailboxes.length === 0 && !call.recipientsFromHeader)
    return failed(USAGE, 'nobody is named as recipient, and -t is not given');
  const input = await readInput(stdin, { most: about.maxMessageBytes, dotIsText: call.dotIsText });
  if (input.kind === 'failed') return input;
  const message = prepareMessage(input.bytes, {
    domain,
    sender: sender.mailbox,
    fullName: call.fullName,
    recipientsFromHeader: call.recipientsFromHeader,
  });
  if (message.kind === 'failed') return message;
  const { content } = message;
  const recipients = [...named.mailboxes, ...message.recipients];
  if (recipients.length === 0) return failed(BAD_MESSAGE, 'the message names no recipient');
  if (recipients.length > about.maxRecipients)
    return failed(
      BAD_MESSAGE,
      `${recipients.length} recipients are too many, the limit is ${about.maxRecipients}`,
    );
  if (content.length > about.maxMessageBytes)
    return failed(
      BAD_MESSAGE,
      `the message is too big with ${content.length} octets, the limit is ${about.maxMessageBytes}`,
    );
  const wishes = { notify: call.notify, originalRecipient: null };
  const envelope = {
    sender: sender.mailbox,
    wishes: call.wishes,
    recipients: recipients.map((mailbox) => ({ mailbox, wishes })),
  };
  const dropped = await dropMessage(spool, formatSpoolFile(envelope, content));
  return dropped.kind === 'failed' ? dropped : undefined;
}

type SenderRead = { readonly kind: 'ok'; readonly mailbox: Mailbox | null } | Failure;

/** Whoever calls, unless it says another one; who it is stands in the Received field in any case. */
function senderOf(from: string | undefined, domain: string): SenderRead {
  if (from === '') return { kind: 'ok', mailbox: null };
  if (from !== undefined) {
    const list = addressesIn(from, domain);
    if (list.kind === 'invalid') return failed(USAGE, `the sender ${from}: ${list.because}`);
    const [mailbox, more] = list.value.mailboxes;
    if (mailbox === undefined || more !== undefined)
      return failed(USAGE, `the sender ${from} is not one address`);
    return { kind: 'ok', mailbox };
  }
  let name: string;
  try {
    name = userInfo().username;
  } catch {
    return failed(NO_USER, 'the system knows no name of the user who calls: say the sender with -f');
  }
  const mailbox = parseMailbox(`${name}@${domain}`, { utf8: true });
  if (mailbox.kind === 'ok') return { kind: 'ok', mailbox: mailbox.value };
  return failed(NO_USER, `the user ${name} can be no sender (${mailbox.because}): say the sender with -f`);
}

function namedRecipients(
  words: readonly string[],
  domain: string,
): { readonly kind: 'ok'; readonly mailboxes: readonly Mailbox[] } | Failure {
  const mailboxes: Mailbox[] = [];
  for (const word of words) {
    const list = addressesIn(word, domain);
    if (list.kind === 'invalid') return failed(BAD_MESSAGE, `the recipient ${word}: ${list.because}`);
    mailboxes.push(...list.value.mailboxes);
  }
  return { kind: 'ok', mailboxes };
}

function addressesIn(word: string, domain: string): ReturnType<typeof completeAddresses> {
  // What was not UTF-8 is that character by now, and would be somebody else's address.
  if (word.includes('\u{fffd}')) return { kind: 'invalid', because: 'it is not UTF-8' };
  return completeAddresses(Buffer.from(word).toString('latin1'), domain);
}

/** Only whoever may use the control socket sees the queue: it holds the mail of all. */
async function listQueue(
  { dataFolder, spool }: Place,
  output: NodeJS.WritableStream,
): Promise<Failure | undefined> {
  if (dataFolder === undefined)
    return failed(UNAVAILABLE, `the queue of the relay of ${spool} is shown to its operator only`);
  const failures: Failure[] = [];
  const pages = queuePages('open', undefined, async (path) => {
    const answer = await askRelay(dataFolder, { method: 'GET', path });
    if (answer.kind === 'answered' && answer.status === 200) return answer.body;
    failures.push(failed(UNAVAILABLE, answer.kind === 'answered' ? errorIn(answer.body) : answer.because));
    return undefined;
  });
  const format = listFormat(Date.now());
  for await (const page of pages) if (!output.write(format(page))) await once(output, 'drain');
  return failures[0];
}
