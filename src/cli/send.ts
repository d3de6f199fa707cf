/** Hands one message to the running relay, or straight to its hosts, and follows it to its end. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DeliveryEvent } from '../events/delivery-event.ts';
import { type HostPort, parseHostPort } from '../names/address.ts';
import type { Parsed } from '../names/domain.ts';
import { parseMailbox } from '../names/mailbox.ts';
import type { QueuedTrail } from '../relay/control-api.ts';
import { idOfLetter } from '../relay/letters.ts';
import type { Config, ConfigError } from './config/config.ts';
import { describeError } from './config/describe-error.ts';
import { readOutgoingFiles } from './config/files.ts';
import { type LoadRequest, loadConfig } from './config/load.ts';
import { askRelay, errorIn } from './control-client.ts';
import { describeEvent, describeTls } from './queue-text.ts';
import { lastEvents, sendDirect } from './send-direct.ts';
import { messageOf } from './usage.ts';

export interface SendRequest {
  /** Empty for the null sender. */
  readonly from: string;
  readonly to: readonly string[];
  readonly content: Uint8Array;
  /** Whether it is sent with REQUIRETLS. */
  readonly requireTls: boolean;
  readonly way:
    | { readonly kind: 'relay' }
    | { readonly kind: 'direct'; readonly toHost: HostPort | undefined };
  readonly timeoutMs: number;
  readonly json: boolean;
}

const SENT = 0;
const FAILED = 1;
const STILL_QUEUED = 75;
const WRONG = 64;
const LOOK_EVERY_MS = 100;
/** For the look that is taken also with `--timeout 0`. */
const LEAST_WAIT_MS = 1_000;
/** An address beyond ASCII goes by SMTPUTF8 (RFC 6531). */
const UTF8 = { utf8: true } as const;

interface RawRequest {
  readonly from: string;
  readonly to: readonly string[];
  readonly requireTls?: true;
  readonly direct?: true;
  readonly toHost?: string;
  readonly timeout: string;
  readonly json?: true;
}

/**
 * `--to B... [FILE]`: the option takes every word that follows it, the file's name included. A last word that is no
 * address is that name.
 */
function splitWords(words: readonly string[]): {
  readonly to: readonly string[];
  readonly file: string | undefined;
} {
  const last = words.at(-1);
  if (last === undefined || words.length === 1 || parseMailbox(last, UTF8).kind === 'ok') {
    return { to: words, file: undefined };
  }
  return { to: words.slice(0, -1), file: last };
}

/** Reads the arguments and the message. */
export async function readRequest(
  argument: string | undefined,
  raw: RawRequest,
): Promise<Parsed<SendRequest>> {
  const words = argument === undefined ? splitWords(raw.to) : { to: raw.to, file: argument };
  const { file } = words;
  const from = raw.from === '' ? undefined : parseMailbox(raw.from, UTF8);
  if (from?.kind === 'invalid') return { kind: 'invalid', because: `--from: ${from.because}` };
  const to: string[] = [];
  for (const text of words.to) {
    const mailbox = parseMailbox(text, UTF8);
    if (mailbox.kind === 'invalid') return { kind: 'invalid', because: `--to: ${mailbox.because}` };
    to.push(mailbox.value.text);
  }
  if (raw.toHost !== undefined && raw.direct === undefined)
    return { kind: 'invalid', because: '--to-host needs --direct' };
  const toHost = raw.toHost === undefined ? undefined : parseHostPort(raw.toHost, 25);
  if (toHost?.kind === 'invalid') return { kind: 'invalid', because: `--to-host: ${toHost.because}` };
  if (!/^[0-9]{1,6}(?:\.[0-9]{1,3})?$/.test(raw.timeout))
    return { kind: 'invalid', because: '--timeout: seconds are expected' };
  try {
    const content = file === undefined || file === '-' ? await readStdin() : await readFile(file);
    const way =
      raw.direct === true
        ? ({ kind: 'direct', toHost: toHost?.value } as const)
        : ({ kind: 'relay' } as const);
    const timeoutMs = Number(raw.timeout) * 1000;
    return {
      kind: 'ok',
      value: {
        from: from?.value.text ?? '',
        to,
        content,
        requireTls: raw.requireTls === true,
        way,
        timeoutMs,
        json: raw.json === true,
      },
    };
  } catch (error) {
    return { kind: 'invalid', because: messageOf(error) };
  }
}

/** @returns the exit code. */
export async function sendMessage(request: SendRequest, load: LoadRequest): Promise<number> {
  const loaded = loadConfig(load);
  if (loaded.kind === 'invalid') return complainOf(loaded.errors);
  if (request.way.kind === 'relay') return byRelay(request, loaded.config);
  const { files, errors } = await readOutgoingFiles(loaded.config, loaded.effective);
  if (errors.length > 0) return complainOf(errors);
  const late = sleep(request.timeoutMs, undefined, { ref: false }).then(() => 'late' as const);
  const direct = sendDirect(request, loaded.config, files, request.way.toHost);
  const events = await Promise.race([direct, late]);
  if (events !== 'late') {
    report(request, events);
    return events.every(({ event }) => event === 'delivered') ? SENT : FAILED;
  }
  complain(
    `no end within ${request.timeoutMs / 1000} s (--timeout); whether a host took the message is not known`,
  );
  // The hosts that are still being waited for would keep the process.
  process.exit(FAILED);
}

async function byRelay(request: SendRequest, { dataFolder }: Config): Promise<number> {
  const query = new URLSearchParams([
    ['from', request.from],
    ...request.to.map((address) => ['to', address]),
    ...(request.requireTls ? [['tls', 'requiretls']] : []),
  ]);
  const answer = await askRelay(dataFolder, {
    method: 'POST',
    path: `/messages?${query.toString()}`,
    body: request.content,
  });
  if (answer.kind !== 'answered') return complain(answer.because);
  if (answer.status !== 200) return complain(`the relay did not take the message: ${errorIn(answer.body)}`);
  const { id } = answer.body as { id: string };
  return follow(id, request, dataFolder);
}

/** The relay has the message now: where it cannot be seen any more, nothing may make the caller send it again. */
async function follow(id: string, request: SendRequest, dataFolder: string): Promise<number> {
  const until = Date.now() + request.timeoutMs;
  for (;;) {
    const looked = await lookAt(id, until, dataFolder);
    if (looked.kind === 'unseen') return stillQueued(looked.id, looked.because);
    const { trails } = looked;
    const recipients = trails.flatMap((trail) => trail.recipients);
    // Blocked counts as an end here: it waits for somebody to repair something, not for the next attempt.
    const isOpen = recipients.some(({ delivery }) => isUnderWay(delivery.kind));
    const late = Date.now() >= until;
    if (!isOpen || late)
      report(
        request,
        trails.flatMap(({ events }) => lastEvents(events)),
      );
    if (!isOpen) return recipients.every(({ delivery }) => delivery.kind === 'delivered') ? SENT : FAILED;
    if (late) {
      const ids = trails.filter((trail) =>
        trail.recipients.some(({ delivery }) => isUnderWay(delivery.kind)),
      );
      const named = ids.map((trail) => trail.id).join(', ');
      const code = stillQueued(named, `no end within ${request.timeoutMs / 1000} s (--timeout)`);
      // One that failed is the news, whatever still waits.
      return recipients.some(({ delivery }) => isFailure(delivery.kind)) ? FAILED : code;
    }
    await sleep(LOOK_EVERY_MS);
  }
}

type Looked =
  | { readonly kind: 'seen'; readonly trails: readonly [QueuedTrail, ...QueuedTrail[]] }
  | { readonly kind: 'unseen'; readonly id: string; readonly because: string };

/** Looks at a message, and at the copies of it that go out for aliases that lead elsewhere. */
async function lookAt(id: string, until: number, dataFolder: string): Promise<Looked> {
  const first = await show(id, until, dataFolder);
  if (first.kind !== 'trail') return { kind: 'unseen', id, because: first.because };
  const trails: [QueuedTrail, ...QueuedTrail[]] = [first.trail];
  for (;;) {
    const copy = idOfLetter(id, trails.length);
    const next = await show(copy, until, dataFolder);
    if (next.kind === 'trail') trails.push(next.trail);
    else if (next.kind === 'none') return { kind: 'seen', trails };
    else return { kind: 'unseen', id: copy, because: next.because };
  }
}

type Shown =
  | { readonly kind: 'trail'; readonly trail: QueuedTrail }
  | { readonly kind: 'none' | 'unseen'; readonly because: string };

async function show(id: string, until: number, dataFolder: string): Promise<Shown> {
  const withinMs = Math.max(until - Date.now(), LEAST_WAIT_MS);
  const shown = await askRelay(dataFolder, { method: 'GET', path: `/queue/${id}`, withinMs });
  if (shown.kind !== 'answered') return { kind: 'unseen', because: shown.because };
  if (shown.status === 200) return { kind: 'trail', trail: shown.body as QueuedTrail };
  return { kind: shown.status === 404 ? 'none' : 'unseen', because: errorIn(shown.body) };
}

function isUnderWay(kind: string): boolean {
  return kind === 'waiting' || kind === 'attempting';
}

function isFailure(kind: string): boolean {
  return kind === 'bounced' || kind === 'cancelled' || kind === 'held';
}

function stillQueued(id: string, because: string): number {
  process.stderr.write(`still queued as ${id}: ${because}\n`);
  return STILL_QUEUED;
}

function report({ json }: SendRequest, events: readonly DeliveryEvent[]): void {
  if (json) process.stdout.write(`${JSON.stringify(events, undefined, 2)}\n`);
  else
    for (const event of events)
      process.stdout.write(`${[describeEvent(event), ...describeTls(event)].join('\n')}\n`);
}

/** Nothing was sent, and nothing can be before the configuration is right. */
function complainOf(errors: readonly ConfigError[]): number {
  for (const error of errors) complain(describeError(error));
  return WRONG;
}

function complain(because: string): number {
  process.stderr.write(`error: ${because}\n`);
  return FAILED;
}

async function readStdin(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}
