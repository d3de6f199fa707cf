/** Hands one message to the running relay, or straight to its hosts, and follows it to its end. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DeliveryEvent } from '../events/delivery-event.ts';
import { octetFacts } from '../mail/encodings.ts';
import { countHops } from '../mail/headers.ts';
import { withCrlf } from '../mail/line-endings.ts';
import { type HostPort, parseHostPort } from '../names/address.ts';
import { isAscii, type Parsed } from '../names/domain.ts';
import { parseMailbox } from '../names/mailbox.ts';
import { noRecipientWishes, noSenderWishes } from '../names/wishes.ts';
import { startDeadlines } from '../net/deadlines.ts';
import type { Decision } from '../policies/decide.ts';
import { attempt } from '../relay/attempt.ts';
import type { QueuedTrail } from '../relay/control-api.ts';
import { routesOf } from '../relay/domains.ts';
import { newId } from '../relay/intake.ts';
import { byCourse } from '../relay/parcel.ts';
import { connectionPool } from '../relay/pool.ts';
import type { Outgoing } from '../relay/settings.ts';
import { settleRecipient } from '../relay/settle.ts';
import type { Config, ConfigError } from './config/config.ts';
import { describeError } from './config/describe-error.ts';
import { type OutgoingFiles, readOutgoingFiles } from './config/files.ts';
import { type LoadRequest, loadConfig } from './config/load.ts';
import { askRelay, errorIn } from './control-client.ts';
import { outgoingOf } from './outgoing.ts';
import { describeEvent, describeTls } from './queue-text.ts';
import { messageOf } from './usage.ts';

export interface SendRequest {
  /** Empty for the null sender. */
  readonly from: string;
  readonly to: readonly string[];
  readonly content: Uint8Array;
  readonly way:
    | { readonly kind: 'relay' }
    | { readonly kind: 'direct'; readonly toHost: HostPort | undefined };
  readonly timeoutMs: number;
  readonly json: boolean;
}

const SENT = 0;
const FAILED = 1;
const STILL_QUEUED = 75;
const LOOK_EVERY_MS = 100;
/** For the look that is taken also with `--timeout 0`. */
const LEAST_WAIT_MS = 1_000;
/** An address beyond ASCII goes by SMTPUTF8 (RFC 6531). */
const UTF8 = { utf8: true } as const;

interface RawRequest {
  readonly from: string;
  readonly to: readonly string[];
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
  if (!/^[0-9]{1,6}$/.test(raw.timeout))
    return { kind: 'invalid', because: '--timeout: whole seconds are expected' };
  try {
    const content = file === undefined ? await readStdin() : await readFile(file);
    const way =
      raw.direct === true
        ? ({ kind: 'direct', toHost: toHost?.value } as const)
        : ({ kind: 'relay' } as const);
    const timeoutMs = Number(raw.timeout) * 1000;
    return {
      kind: 'ok',
      value: { from: from?.value.text ?? '', to, content, way, timeoutMs, json: raw.json === true },
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
  const code = await Promise.race([direct(request, loaded.config, files, request.way.toHost), late]);
  if (code !== 'late') return code;
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
    const withinMs = Math.max(until - Date.now(), LEAST_WAIT_MS);
    const shown = await askRelay(dataFolder, { method: 'GET', path: `/queue/${id}`, withinMs });
    if (shown.kind !== 'answered') return stillQueued(id, shown.because);
    if (shown.status !== 200) return stillQueued(id, errorIn(shown.body));
    const trail = shown.body as QueuedTrail;
    // Blocked counts as an end here: it waits for somebody to repair something, not for the next attempt.
    const open = trail.recipients.filter(
      ({ delivery }) => delivery.kind === 'waiting' || delivery.kind === 'attempting',
    );
    const late = Date.now() >= until;
    if (open.length === 0 || late) report(request, lastEvents(trail.events));
    if (open.length === 0)
      return trail.recipients.every(({ delivery }) => delivery.kind === 'delivered') ? SENT : FAILED;
    if (late) {
      const code = stillQueued(id, `no end within ${request.timeoutMs / 1000} s (--timeout)`);
      // One that failed is the news, whatever still waits.
      return trail.recipients.some(({ delivery }) => isFailure(delivery.kind)) ? FAILED : code;
    }
    await sleep(LOOK_EVERY_MS);
  }
}

function isFailure(kind: string): boolean {
  return kind === 'bounced' || kind === 'cancelled' || kind === 'held';
}

function stillQueued(id: string, because: string): number {
  process.stderr.write(`still queued as ${id}: ${because}\n`);
  return STILL_QUEUED;
}

async function direct(
  request: SendRequest,
  config: Config,
  files: OutgoingFiles,
  toHost: HostPort | undefined,
): Promise<number> {
  const deadlines = startDeadlines(250);
  const outgoing = directOutgoing(config, outgoingOf(config, files, deadlines), toHost);
  const pool = connectionPool({ outgoing, perDestination: config.relay.connectionsPerDestination });
  const bytes = withCrlf(request.content);
  const properties = {
    ...octetFacts(bytes),
    size: bytes.length,
    hops: countHops(bytes),
    needsUtf8: ![request.from, ...request.to].every(isAscii),
  };
  const now = Date.now();
  const id = newId(now);
  const events: DeliveryEvent[] = [];
  const addressees = request.to.map((address) => ({ address, wishes: noRecipientWishes }));
  for (const group of byCourse(addressees, outgoing)) {
    const body = { kind: 'bytes', bytes } as const;
    const parcel = {
      ...group,
      destination: '',
      sender: request.from,
      wishes: noSenderWishes,
      properties,
      body: () => Promise.resolve(body),
      // Nothing is kept here that could be repeated.
      onDelivered: () => Promise.resolve(),
    };
    const { recipients: results } = await attempt(parcel, outgoing, pool, Math.random);
    for (const result of results) {
      const { sender, wishes } = parcel;
      const message = { id, receivedAt: now, sender, wishes, properties, warnedAt: null };
      const { address } = result;
      const recipient = { address, wishes: noRecipientWishes, attempts: 0, blockedBecause: null };
      const claim = { fence: 0, destination: '', message, recipients: [recipient] };
      const world = { now: Date.now, random: Math.random };
      events.push(
        ...settleRecipient(claim, recipient, result, [], config.relay.schedule, world).settlement.events,
      );
    }
  }
  await pool.close();
  deadlines.close();
  // Nothing is queued here, so nothing will be tried again and nobody is told but the caller.
  const told = lastEvents(events).map((event) => ({ ...event, nextAttemptAt: null }));
  report(request, told);
  return told.every(({ event }) => event === 'delivered') ? SENT : FAILED;
}

/** `--to-host` is the operator's word: to this host, and the certificate must prove its name. */
function directOutgoing(
  config: Config,
  outgoing: Omit<Outgoing, 'isSelf'>,
  toHost: HostPort | undefined,
): Outgoing {
  const isSelf = (): boolean => false;
  if (toHost === undefined) {
    // Of a domain only its backend matters here.
    const domains = config.domains.map((domain) => ({ ...domain, recipients: { kind: 'any' } as const }));
    return { ...outgoing, routes: [...routesOf(domains, config.hostname), ...outgoing.routes], isSelf };
  }
  const { host } = toHost;
  const decision: Decision = {
    requires: 'authenticate',
    tryTls: 'yes',
    by: 'override',
    match: [host.kind === 'name' ? host : { kind: 'ip', address: host.address }],
    because: '--to-host names the host that the certificate must prove',
  };
  const route = {
    match: { kind: 'any' },
    to: { protocol: 'smtp', ...toHost },
    login: null,
    tls: 'authenticate',
    names: [],
    hello: config.hostname,
    source: null,
  } as const;
  return { ...outgoing, routes: [route], decide: () => decision, isSelf };
}

/** The newest event of each recipient. */
function lastEvents(events: readonly DeliveryEvent[]): DeliveryEvent[] {
  const last = new Map<string, DeliveryEvent>();
  for (const event of events) last.set(event.to, event);
  return [...last.values()];
}

function report({ json }: SendRequest, events: readonly DeliveryEvent[]): void {
  if (json) process.stdout.write(`${JSON.stringify(events, undefined, 2)}\n`);
  else
    for (const event of events)
      process.stdout.write(`${[describeEvent(event), ...describeTls(event)].join('\n')}\n`);
}

function complainOf(errors: readonly ConfigError[]): number {
  for (const error of errors) complain(describeError(error));
  return FAILED;
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
