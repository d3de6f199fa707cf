/** The control socket: HTTP and JSON for the commands that talk to a running relay. */

import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import type { DeliveryEvent } from '../events/delivery-event.ts';
import { type Domain, isAscii, type Parsed } from '../names/domain.ts';
import { type Mailbox, type MailDomain, parseMailbox } from '../names/mailbox.ts';
import type { TlsWish } from '../names/message-terms.ts';
import { noRecipientWishes, noSenderWishes } from '../names/wishes.ts';
import type { QueueStore } from '../store/queue-store.ts';
import { atTheSocket, type Said } from './arrival.ts';
import type { WordOf } from './control-api.ts';
import { addClientRoutes, type ClientParts } from './control-clients.ts';
import { addListRoutes, type ListParts } from './control-list.ts';
import { addPolicyRoutes, type PolicyParts } from './control-policies.ts';
import { addQueueRoutes } from './control-queue.ts';
import { addResultRoutes } from './control-results.ts';
import { addTrialRoutes, type TrialParts } from './control-trials.ts';
import { addWebhookRoutes, type WebhookParts } from './control-webhooks.ts';
import type { Relay } from './relay.ts';
import type { Later, World } from './settings.ts';

export interface ControlParts
  extends Pick<PolicyParts, 'memory' | 'recorder' | 'engine' | 'destinationsOf' | 'onWord'>,
    Pick<ListParts, 'list'> {
  readonly policies: PolicyParts['policies'] & TrialParts['policies'];
  readonly results: PolicyParts['results'] & TrialParts['results'];
  readonly store: Pick<QueueStore, 'list' | 'show' | 'nudge' | 'pause' | 'unpause' | 'pauses' | 'backup'>;
  readonly relay: RelayAtControl;
  readonly webhooks: WebhookParts['webhooks'];
  readonly suppressions: ClientParts['suppressions'];
  readonly world: World;
  readonly hostname: string;
  /** Asked for each message: a new configuration may change it. */
  readonly maxMessageBytes: number;
  /** The scheduling key of mail for a domain, by the routes in force. */
  readonly destinationOf: (at: MailDomain) => string;
  /** Called with what an operator has changed, once it is safe. */
  readonly onEvents: (events: readonly DeliveryEvent[]) => void;
  /** Sets the mask for new files of this process, and gives back the one before. */
  readonly umask: (mask: number) => number;
  /** The socket fails while it serves. */
  readonly onError: (what: string, error: unknown) => void;
}

/** What is asked of the relay here, be it this process or several. */
export interface RelayAtControl extends Pick<Relay, 'submit' | 'carryOut'> {
  retry(destinations?: readonly string[] | 'all'): Later<void>;
  wordsOf(destinations: readonly string[]): Later<WordOf>;
  quotas(): Later<ReturnType<Relay['quotas']>>;
  readonly inbound: {
    of(domain: Domain): Later<ReturnType<Relay['inbound']['of']>>;
    purge(domain: Domain): Later<number>;
  };
  rememberedTls(): Later<ReturnType<Relay['rememberedTls']>>;
}

export interface Control {
  close(): Promise<void>;
}

/** Only the owner may connect. */
const SOCKET_UMASK = 0o177;
/** sockaddr_un holds 108 octets, the last of them NUL. */
const MAX_SOCKET_PATH = 107;

/**
 * Listens on a socket file that only its owner can use.
 *
 * @param around adds to the app what goes before its routes.
 * @throws Error where the path is longer than the system allows, or cannot be bound.
 */
export async function openControl(
  path: string,
  parts: ControlParts,
  around: (app: Hono) => void = () => undefined,
): Promise<Control> {
  return await openSocket(path, controlApp(parts, around), parts);
}

/**
 * The same for any app.
 *
 * @throws Error as {@link openControl}.
 */
export async function openSocket(
  path: string,
  app: Hono,
  parts: Pick<ControlParts, 'umask' | 'onError'>,
): Promise<Control> {
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH) {
    throw new Error(
      `the control socket ${path} has a path of more than ${MAX_SOCKET_PATH} octets: use a shorter data folder`,
    );
  }
  // The data folder is locked by us, so whatever lies here belongs to a process that is gone.
  await rm(path, { force: true });
  const server = createServer(getRequestListener(app.fetch));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // The socket is bound before `listen` returns. With a chmod after it, anybody could connect in between.
    const before = parts.umask(SOCKET_UMASK);
    try {
      server.listen(path, resolve);
    } finally {
      parts.umask(before);
    }
  });
  server.removeAllListeners('error');
  server.on('error', (error) => parts.onError('the control socket fails', error));
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function controlApp(parts: ControlParts, around: (app: Hono) => void): Hono {
  const app = new Hono();
  app.onError((error, context) => context.json({ error: error.message }, 500));
  around(app);
  addQueueRoutes(app, parts);
  addPolicyRoutes(app, parts);
  addListRoutes(app, parts);
  addResultRoutes(app, parts);
  addClientRoutes(app, parts);
  addWebhookRoutes(app, parts);
  addTrialRoutes(app, parts);

  app.post('/messages', async (context) => {
    const envelope = readEnvelope(context.req.query('from'), context.req.queries('to') ?? [], parts.hostname);
    if (envelope.kind === 'invalid') return context.json({ error: envelope.because }, 400);
    // Without it (chunked), the size would be known only when everything is in memory.
    const length = context.req.header('content-length');
    if (length === undefined) return context.json({ error: 'Content-Length is missing' }, 411);
    const { maxMessageBytes } = parts;
    if (Number(length) > maxMessageBytes) {
      return context.json({ error: `${length} octets are too many, the limit is ${maxMessageBytes}` }, 413);
    }
    const terms = readTerms(context.req.query('tls'), context.req.query('tell'));
    if (terms.kind === 'invalid') return context.json({ error: terms.because }, 400);
    const submitter = { ...atTheSocket, said: { terms: terms.value, receipt: null } };
    const content = new Uint8Array(await context.req.arrayBuffer());
    const answer = await parts.relay.submit(envelope.value, content, submitter);
    if (answer.kind === 'kept') return context.json({ id: answer.id });
    return context.json({ error: `${answer.code} ${answer.enhanced} ${answer.text}` }, 422);
  });
  return app;
}

const TLS_WISHES: readonly TlsWish[] = ['requiretls', 'authenticate', 'encrypt', 'optional'];

/** What holds for the message beside its envelope. */
function readTerms(tls: string | undefined, tell: string | undefined): Parsed<Said['terms']> {
  const wish = tls === undefined ? null : TLS_WISHES.find((one) => one === tls);
  if (wish === undefined) return { kind: 'invalid', because: `tls is one of ${TLS_WISHES.join(', ')}` };
  if (tell !== undefined && tell !== 'outcome')
    return { kind: 'invalid', because: 'tell is outcome, or absent' };
  return { kind: 'ok', value: { tls: wish, tellOutcome: tell !== undefined, trace: null } };
}

type EnvelopeRead =
  | { readonly kind: 'ok'; readonly value: Parameters<Relay['submit']>[0] }
  | { readonly kind: 'invalid'; readonly because: string };

function readEnvelope(from: string | undefined, to: readonly string[], hostname: string): EnvelopeRead {
  const sender = from === undefined || from === '' ? null : parseMailbox(from, { utf8: true });
  if (sender !== null && sender.kind === 'invalid')
    return { kind: 'invalid', because: `the sender: ${sender.because}` };
  const recipients: Mailbox[] = [];
  for (const text of to) {
    const mailbox = parseMailbox(text, { utf8: true });
    if (mailbox.kind === 'invalid') return { kind: 'invalid', because: `the recipient: ${mailbox.because}` };
    recipients.push(mailbox.value);
  }
  if (recipients.length === 0) return { kind: 'invalid', because: 'no recipient is named' };
  const addresses = [sender?.value, ...recipients].flatMap((mailbox) => mailbox?.text ?? []);
  const value = {
    hello: hostname,
    extended: true,
    tls: undefined,
    account: null,
    sender: sender?.value ?? null,
    smtpUtf8: !addresses.every(isAscii),
    requireTls: false,
    wishes: noSenderWishes,
    recipients: recipients.map((mailbox) => ({ mailbox, wishes: noRecipientWishes })),
  };
  return { kind: 'ok', value };
}
