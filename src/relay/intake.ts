/** Takes a message in: trace field in front, content into the store, and only then a yes. */
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeliveryEvent, EventTls } from '../events/delivery-event.ts';
import { countHops } from '../mail/headers.ts';
import { formatReceived } from '../mail/received.ts';
import { formatMailDomain, type Mailbox, type MailDomain } from '../names/mailbox.ts';
import type { BodySink } from '../net/server-session.ts';
import { type Route, routeFor } from '../policies/overrides/route.ts';
import type { Envelope, Intake } from '../protocols/smtp/server/session.ts';
import type { NewBody, NewMessage, QueueStore } from '../store/queue-store.ts';
import { StoreError } from '../store/store-error.ts';
import type { Contents } from './content.ts';
import type { World } from './settings.ts';

interface IntakeSettings {
  readonly hostname: MailDomain;
  readonly routes: readonly Route[];
  /** A message with more Received fields is looping (RFC 5321 §6.3: at least 100 should be allowed for). */
  readonly maxHops: number;
  /** The store's folder for content that is too big for its database. */
  readonly incoming: string;
}

export interface IntakeParts {
  readonly settings: IntakeSettings;
  readonly store: QueueStore;
  readonly contents: Contents;
  readonly world: World;
  /** Called while a message is on its way into the store: a claim made now is answered with it, in one turn. */
  readonly onOffered: () => void;
  /** Called for each message once it is safe. */
  readonly onKept: (events: readonly DeliveryEvent[]) => void;
  readonly onError: (what: string, error: unknown) => void;
}

/** Who hands the message over. */
export interface Submitter {
  readonly address: string;
  /** `local`: through the control socket, so that no wire was involved. */
  readonly by: 'smtp' | 'local';
  /** What the listener demands. */
  readonly requires: 'none' | 'encrypt';
}

/** Up to here content is kept in memory and in the database (measured: files win above). */
const INLINE_BYTES = 128 * 1024;
/** Of larger content this much is kept to look at its header. */
const HEAD_BYTES = 64 * 1024;

/** Opens the sink for one message. */
export function takeMessage(parts: IntakeParts, submitter: Submitter, envelope: Envelope): BodySink<Intake> {
  const { settings, world } = parts;
  const at = world.now();
  const id = newId(at);
  const received = Buffer.from(
    formatReceived({
      helo: envelope.hello,
      peer: submitter.address,
      by: formatMailDomain(settings.hostname),
      extended: envelope.extended,
      authenticated: false,
      cipher: envelope.tls?.cipher ?? null,
      id,
      recipients: envelope.recipients.map(({ text }) => text),
      at,
    }),
    'latin1',
  );
  const content = growingContent(join(settings.incoming, id), parts.onError);
  void content.write(received);
  return {
    write: (slice) => content.write(slice),
    abandon: () => void content.drop(),
    finish: async (facts) => {
      const hops = countHops(content.head()) - 1;
      if (hops > settings.maxHops) {
        await content.drop();
        const text = `the message has passed ${hops} hosts, the limit is ${settings.maxHops}: it loops`;
        return refusal(554, '5.4.6', text);
      }
      const events = arrivalEvents(id, at, submitter, envelope);
      const properties = { ...facts, size: facts.size + received.length, hops };
      let body: NewBody;
      try {
        body = await content.finish();
        const kept = parts.store.accept(toMessage({ id, at, envelope, settings, body, properties, events }));
        parts.onOffered();
        await kept;
      } catch (error) {
        await content.drop();
        parts.onError(`message ${id} could not be kept`, error);
        if (isFull(error)) {
          return refusal(452, '4.3.1', 'no space left to keep the message; try again later');
        }
        return refusal(451, '4.3.0', 'the message could not be kept; try again later');
      }
      if (body.kind === 'bytes') parts.contents.remember(id, body.bytes);
      parts.onKept(events);
      return { kind: 'kept', id };
    },
  };
}

/** The scheduling key of a recipient: the configured next hop, or its own domain. */
export function destinationOf(at: MailDomain, routes: readonly Route[]): string {
  const to = routeFor(at, routes)?.to;
  if (to === undefined || to === null) return formatMailDomain(at);
  const host = to.host.kind === 'name' ? to.host.name : `[${to.host.address}]`;
  return `smtp://${host}:${to.port}`;
}

/** An id that sorts by time and is safe as a file name. */
export function newId(at: number): string {
  // The first 12 digits of a random UUID are random (RFC 9562 §5.4); Node keeps a stock of them, which is cheap.
  return `${at.toString(36)}${randomUUID().replaceAll('-', '').slice(0, 10)}`;
}

interface MessageParts {
  readonly id: string;
  readonly at: number;
  readonly envelope: Envelope;
  readonly settings: IntakeSettings;
  readonly body: NewBody;
  readonly properties: NewMessage['properties'];
  readonly events: readonly DeliveryEvent[];
}

function toMessage({ id, at, envelope, settings, body, properties, events }: MessageParts): NewMessage {
  const unique = new Map<string, Mailbox>(envelope.recipients.map((mailbox) => [mailbox.text, mailbox]));
  const recipients = [...unique.values()].map((mailbox) => ({
    address: mailbox.text,
    destination: destinationOf(mailbox.at, settings.routes),
  }));
  const sender = envelope.sender?.text ?? '';
  return { id, receivedAt: at, sender, recipients, body, properties, events };
}

function arrivalEvents(id: string, at: number, submitter: Submitter, envelope: Envelope): DeliveryEvent[] {
  const { tls: facts } = envelope;
  // Through the control socket there was no wire, so there is nothing to say about TLS.
  const tls: EventTls | null =
    submitter.by === 'local'
      ? null
      : {
          outcome: facts === undefined ? 'cleartext' : 'encrypted',
          required: submitter.requires,
          by: 'default',
          because: `taken ${facts === undefined ? 'in clear' : 'over TLS'} from ${submitter.address}`,
          version: facts?.version ?? null,
          cipher: facts?.cipher ?? null,
          group: facts?.group ?? null,
          certificateSha256: null,
          peerName: null,
          tlsa: null,
        };
  return envelope.recipients.map(({ text }) => ({
    event: 'received',
    id,
    at: new Date(at).toISOString(),
    from: envelope.sender?.text ?? '',
    to: text,
    mx: null,
    reply: null,
    attempt: 0,
    tls,
    nextAttemptAt: null,
  }));
}

function refusal(code: number, enhanced: string, text: string): Intake {
  return { kind: 'refused', code, enhanced, text };
}

function isFull(error: unknown): boolean {
  if (error instanceof StoreError) return error.code === 'full';
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}

interface GrowingContent {
  /** @returns a promise where the writer should wait. */
  write(slice: Uint8Array): Promise<void> | undefined;
  head(): Uint8Array;
  /** Everything is in place, flushed where it is a file. @throws the medium's error. */
  finish(): Promise<NewBody>;
  /** Nothing of it stays. */
  drop(): Promise<void>;
}

/** Content that moves from memory into a file when it outgrows {@link INLINE_BYTES}. */
function growingContent(path: string, onError: (what: string, error: unknown) => void): GrowingContent {
  let pieces: Uint8Array[] = [];
  let size = 0;
  let head: Uint8Array | undefined;
  let file: Promise<FileHandle> | undefined;
  /** Writes whatever has gathered, until nothing has; holds the first failure. */
  let writing: Promise<void> | undefined;
  let failure: unknown;

  async function drain(handle: Promise<FileHandle>): Promise<void> {
    try {
      while (pieces.length > 0) {
        // All that gathered in one write: content full of dots comes in pieces of a line each.
        const batch = Buffer.concat(pieces);
        pieces = [];
        await (await handle).appendFile(batch);
      }
    } catch (error) {
      failure ??= error;
      pieces = [];
    }
    writing = undefined;
  }

  return {
    write(slice) {
      if (failure !== undefined) return undefined;
      pieces.push(slice);
      size += slice.length;
      if (size <= INLINE_BYTES) return undefined;
      head ??= Buffer.concat(pieces).subarray(0, HEAD_BYTES);
      writing ??= drain((file ??= open(path, 'wx', 0o600)));
      return writing;
    },
    head: () => head ?? Buffer.concat(pieces),
    async finish() {
      if (file === undefined) return { kind: 'bytes', bytes: Buffer.concat(pieces) };
      await writing;
      if (failure !== undefined) throw failure;
      const handle = await file;
      await handle.sync();
      await handle.close();
      return { kind: 'file', path };
    },
    async drop() {
      pieces = [];
      if (file === undefined) return;
      await writing;
      try {
        // Closed already where finish() came first; the name is what matters.
        await file.then((handle) => handle.close()).catch(() => undefined);
        await rm(path, { force: true });
      } catch (error) {
        // It stays behind until the next start, which sweeps the folder.
        onError(`removing ${path}`, error);
      }
    },
  };
}
