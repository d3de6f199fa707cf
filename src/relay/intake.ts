/** Takes a message in: trace field in front, content into the store, and only then a yes. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { DeliveryEvent } from '../events/delivery-event.ts';
import { LONGEST_LINE, octetFacts } from '../mail/encodings.ts';
import { fieldsNamed, type HeaderSection, readHeaderSection } from '../mail/headers.ts';
import { type Domain, isAscii } from '../names/domain.ts';
import { formatMailDomain, type MailDomain } from '../names/mailbox.ts';
import type { MessageTerms } from '../names/message-terms.ts';
import type { BodySink } from '../net/server-session.ts';
import { formatTarget, type Route, routeFor } from '../policies/overrides/route.ts';
import type { Envelope, EnvelopeRecipient, Intake } from '../protocols/smtp/server/state.ts';
import type { MessageProperties, NewBody, NewMessage, QueueStore, Receipt } from '../store/queue-store.ts';
import { StoreError } from '../store/store-error.ts';
import {
  type Arrival,
  arrivalEvents,
  firstTerms,
  frontFields,
  messageIdOf,
  type Submitter,
} from './arrival.ts';
import type { Contents } from './content.ts';
import { growingContent } from './growing-content.ts';
import { dropCopies, idOfLetter, type Letter, lettersOf, refusalOfCopies, writeLetters } from './letters.ts';
import { conversionsIn } from './octet-line.ts';
import type { World } from './settings.ts';
import { leftOut, type Omission, type Treated, type Treatment, treat, without } from './treatment.ts';

export interface IntakeSettings {
  readonly hostname: MailDomain;
  /** Those of our own domains first. */
  readonly routes: readonly Route[];
  /** A message with more Received fields is looping (RFC 5321 §6.3: at least 100 should be allowed for). */
  readonly maxHops: number;
  /** What is done with each message before it is kept. */
  readonly treatments: readonly Treatment[];
  /** What of the header section is not kept. */
  readonly omissions: readonly Omission[];
  /** Whether one of the treatments re-encodes lines of what is submitted that are too long. */
  readonly reencodes: boolean;
  /** Tells the sender of aliases that lead to several mailboxes. @param head with the whole header section. */
  readonly tellOfAliases: (
    message: Pick<NewMessage, 'id' | 'sender' | 'receivedAt' | 'wishes'> & { readonly terms: MessageTerms },
    aliases: readonly EnvelopeRecipient[],
    head: Uint8Array,
  ) => Promise<NewMessage>;
}

export interface IntakeParts {
  /** The store's folder for content that is too big for its database. */
  readonly incoming: string;
  readonly store: Pick<QueueStore, 'accept'>;
  readonly contents: Pick<Contents, 'remember'>;
  readonly world: World;
  /** Called while a message is on its way into the store: a claim made now is answered with it, in one turn. */
  readonly onOffered: () => void;
  /** Called for each message once it is safe. @param client who handed it in, by address. */
  readonly onKept: (events: readonly DeliveryEvent[], client: string) => void;
  readonly onError: (what: string, error: unknown) => void;
}

/** Of the content this much is looked at for its header section. */
const HEADER_LIMITS = { bytes: 64 * 1024, fields: 5_000 };

/** Opens the sink for one message. */
export function takeMessage(
  parts: IntakeParts,
  settings: IntakeSettings,
  submitter: Submitter,
  envelope: Envelope,
): BodySink<Intake> {
  const at = parts.world.now();
  const id = newId(at);
  const arrival: Arrival = { id, at, submitter, envelope, hostname: settings.hostname };
  let head: Head | undefined;
  const content = growingContent({
    path: join(parts.incoming, id),
    front(beginning) {
      const section = readHeaderSection(beginning, HEADER_LIMITS);
      const front = Buffer.from(frontFields(arrival, section), 'latin1');
      const eightBit = envelope.smtpUtf8 && octetFacts(beginning.subarray(0, section.bodyStart)).eightBit;
      const spans = leftOut(submitter, beginning, section, settings.omissions);
      const removed = spans.reduce((sum, { start, end }) => sum + end - start, 0);
      head = { section, beginning, eightBit, added: front.length - removed };
      return [front, ...without(beginning, spans)];
    },
    onError: parts.onError,
  });
  return {
    write: (slice) => content.write(slice),
    abandon: () => void content.drop(),
    async finish(facts) {
      try {
        // What is re-encoded is in memory until it is kept.
        const answer =
          settings.reencodes && submitter.role === 'submission' && facts.longestLine > LONGEST_LINE
            ? ((await conversionsIn.run(facts.size, () => finished(facts))) ?? crowded)
            : await finished(facts);
        if (answer.kind === 'refused') await content.drop();
        return answer;
      } catch (error) {
        await content.drop();
        parts.onError(`message ${id} could not be kept`, error);
        return notKept(error);
      }
    },
  };

  async function finished(facts: Facts): Promise<Intake> {
    const treated = await treatment(facts);
    if (treated.kind === 'refused') return treated;
    const letters = lettersOf(envelope, treated);
    const refusal = refusalOfCopies(letters, treated.content?.length ?? facts.size);
    return refusal === undefined
      ? await keepLetters(treated, letters, facts)
      : { kind: 'refused', ...refusal };
  }

  async function keepLetters(treated: Treated, letters: readonly Letter[], facts: Facts): Promise<Intake> {
    const path = (index: number): string => join(parts.incoming, idOfLetter(id, index));
    const { bodies, fronts } = await writeLetters(content, treated, letters, path);
    const { beginning, section } = whole();
    const messageId = messageIdOf(arrival, beginning, section);
    const messages = bodies.flatMap((body, index): readonly NewMessage[] => {
      const letter = letters[index];
      const front = fronts[index];
      if (letter === undefined || front === undefined) return [];
      const { sender, recipients } = letter;
      const own = { ...arrival, id: idOfLetter(id, index), envelope: { ...envelope, sender, recipients } };
      const properties = propertiesOf(treated.content ?? facts, whole(), own.envelope, front);
      // A sender that was rewritten already says whose mail it is: nobody could read it with a recipient in it.
      const terms = sender === envelope.sender ? treated.terms : { ...treated.terms, verp: null };
      return [toMessage(own, terms, settings.routes, body, { properties, messageId })];
    });
    const receipt = submitter.said?.receipt ?? null;
    try {
      const all = [...messages, ...(await toldOfAliases(treated))];
      const kept = await keep(parts, all, receipt, submitter.address);
      treated.whenKept?.();
      return kept;
    } catch (error) {
      await dropCopies(letters, path);
      throw error;
    }
  }

  async function toldOfAliases({ expanded, terms }: Treated): Promise<readonly NewMessage[]> {
    const { sender, wishes } = envelope;
    if (expanded.length === 0 || sender === null) return [];
    const message = { id, sender: sender.text, receivedAt: at, wishes, terms };
    return [await settings.tellOfAliases(message, expanded, whole().beginning)];
  }

  function whole(): Head {
    if (head === undefined) throw new Error('content was finished without its front');
    return head;
  }

  async function treatment({ longestLine }: Facts): Promise<Treated | Extract<Intake, { kind: 'refused' }>> {
    const kept = await content.whole();
    const { section, beginning, added } = whole();
    const hops = fieldsNamed(section, 'received').length;
    if (hops > settings.maxHops) {
      const text = `the message has passed ${hops} hosts, the limit is ${settings.maxHops}: it loops`;
      return { kind: 'refused', code: 554, enhanced: '5.4.6', text };
    }
    const bodyAt = section.bodyStart + added;
    const message = {
      id,
      at,
      submitter,
      envelope,
      head: beginning,
      section,
      content: kept,
      bodyAt,
      longestLine,
    };
    return treat(message, firstTerms(submitter, envelope), settings.treatments);
  }
}

/** @param receipt of the first one. */
async function keep(
  parts: IntakeParts,
  messages: readonly NewMessage[],
  receipt: Receipt | null,
  client: string,
): Promise<Intake> {
  const [message, ...copies] = messages;
  if (message === undefined) throw new Error('a message came out of its treatment without recipients');
  const kept = parts.store.accept({
    ...message,
    ...(receipt === null ? {} : { receipt }),
    ...(copies.length === 0 ? {} : { copies }),
  });
  parts.onOffered();
  await kept;
  for (const { id, body } of messages) if (body.kind === 'bytes') parts.contents.remember(id, body.bytes);
  parts.onKept(copies.length === 0 ? message.events : messages.flatMap(({ events }) => events), client);
  return { kind: 'kept', id: message.id };
}

/** What was seen of the content when it began to be written. */
interface Head {
  readonly section: HeaderSection;
  readonly beginning: Uint8Array;
  /** Whether there is an octet above 127 in what was seen of the section; not looked for without SMTPUTF8. */
  readonly eightBit: boolean;
  /** Octets by which its header section grew: what stands in front of it now, less what was left out. */
  readonly added: number;
}

/** Of the content as it was sent. */
interface Facts {
  readonly size: number;
  readonly eightBit: boolean;
  readonly longestLine: number;
}

/** @param content what took the place of the content, or facts of it as it was sent. @param late what went in front. */
function propertiesOf(
  content: Facts | Uint8Array,
  { section, eightBit, added }: Head,
  { smtpUtf8, sender, recipients }: Envelope,
  late: Uint8Array,
): MessageProperties {
  const own = octetFacts(late);
  const facts =
    content instanceof Uint8Array ? { ...octetFacts(content), size: content.length - added } : content;
  // Of a section that goes on beyond what was seen the whole content has to speak.
  const utf8Header = section.endedBy === 'limit' ? facts.eightBit : eightBit;
  const utf8Address = [sender, ...recipients.map(({ mailbox }) => mailbox)].some(
    (mailbox) => mailbox !== null && !isAscii(mailbox.text),
  );
  return {
    size: facts.size + added + late.length,
    eightBit: facts.eightBit || own.eightBit,
    longestLine: Math.max(facts.longestLine, own.longestLine),
    hops: fieldsNamed(section, 'received').length,
    needsUtf8: smtpUtf8 && (utf8Header || own.eightBit || utf8Address),
  };
}

/** The scheduling key of a recipient: the configured next hop, or its own domain. */
export function destinationOf(at: MailDomain, routes: readonly Route[]): string {
  const to = routeFor(at, routes)?.to;
  return to === undefined || to === null ? formatMailDomain(at) : formatTarget(to);
}

/** Where mail goes to which the policies of a domain apply: its own destination, and next hops of its name. */
export function destinationsOf(domain: Domain, routes: readonly Route[]): readonly [string, ...string[]] {
  const own = destinationOf({ kind: 'domain', domain }, routes);
  const hops = routes.flatMap(({ to }) =>
    to !== null && to.host.kind === 'name' && to.host.name === domain ? [formatTarget(to)] : [],
  );
  return [own, ...new Set(hops.filter((hop) => hop !== own))];
}

/** An id that sorts by time and is safe as a file name. */
export function newId(at: number): string {
  // The first 12 digits of a random UUID are random (RFC 9562 §5.4); Node keeps a stock of them, which is cheap.
  return `${at.toString(36)}${randomUUID().replaceAll('-', '').slice(0, 10)}`;
}

function toMessage(
  arrival: Arrival,
  terms: MessageTerms,
  routes: readonly Route[],
  body: NewBody,
  { properties, messageId }: { readonly properties: MessageProperties; readonly messageId: string | null },
): NewMessage {
  const { id, at, envelope } = arrival;
  const { sender, wishes, recipients: wanted } = envelope;
  // Of an address named twice the first wishes count.
  const unique = new Map<string, EnvelopeRecipient>();
  for (const one of wanted) {
    if (!unique.has(one.mailbox.text)) unique.set(one.mailbox.text, one);
  }
  const kept = [...unique.values()];
  const recipients = kept.map(({ mailbox, wishes: own }) => ({
    address: mailbox.text,
    destination: destinationOf(mailbox.at, routes),
    wishes: own,
  }));
  const own = { ...arrival, envelope: { ...envelope, recipients: kept } };
  const events = arrivalEvents(own, terms, { messageId, size: properties.size });
  return {
    id,
    receivedAt: at,
    sender: sender?.text ?? '',
    wishes,
    terms,
    recipients,
    body,
    properties,
    events,
  };
}

const crowded: Intake = {
  kind: 'refused',
  code: 451,
  enhanced: '4.3.2',
  text: 'too many messages with long lines are re-encoded at once; try again later',
};

function notKept(error: unknown): Intake {
  if (isFull(error)) {
    const text = 'no space left to keep the message; try again later';
    return { kind: 'refused', code: 452, enhanced: '4.3.1', text };
  }
  const text = 'the message could not be kept; try again later';
  return { kind: 'refused', code: 451, enhanced: '4.3.0', text };
}

function isFull(error: unknown): boolean {
  if (error instanceof StoreError) return error.code === 'full';
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}
