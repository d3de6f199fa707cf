/** A message that is about to be kept, as the steps before that see it. */
import { octetFacts } from '../../src/mail/encodings.ts';
import { readHeaderSection } from '../../src/mail/headers.ts';
import { type Mailbox, parseMailbox } from '../../src/names/mailbox.ts';
import { noRecipientWishes, noSenderWishes } from '../../src/names/wishes.ts';
import type { Envelope } from '../../src/protocols/smtp/server/state.ts';
import type { Submitter } from '../../src/relay/arrival.ts';
import type { IncomingMessage } from '../../src/relay/treatment.ts';

interface Incoming {
  readonly role?: Submitter['role'];
  readonly from?: string | null;
  readonly to?: readonly string[];
  /** The file that holds the content; without it, it is in memory. */
  readonly path?: string;
}

/** A mailbox out of a literal in a test. */
export function mailboxOf(text: string): Mailbox {
  const parsed = parseMailbox(text, { utf8: true });
  if (parsed.kind !== 'ok') throw new Error(parsed.because);
  return parsed.value;
}

/** @param text one character per octet; all of it is seen. */
export function incomingMessage(text: string, how: Incoming = {}): IncomingMessage {
  const bytes = Buffer.from(text, 'latin1');
  const section = readHeaderSection(bytes, { bytes: bytes.length, fields: 1_000 });
  return {
    id: 'm1',
    at: 1_763_779_200_000,
    submitter: {
      address: '127.0.0.1',
      by: 'smtp',
      role: how.role ?? 'submission',
      requires: 'none',
      trusted: true,
    },
    envelope: envelopeOf(how),
    head: bytes,
    section,
    content: how.path === undefined ? { kind: 'bytes', bytes } : { kind: 'file', path: how.path },
    bodyAt: section.bodyStart,
    longestLine: octetFacts(bytes).longestLine,
  };
}

function envelopeOf({ from = 'a@sender.test', to = ['b@example.test'] }: Incoming): Envelope {
  return {
    hello: 'client.test',
    extended: true,
    tls: undefined,
    account: null,
    sender: from === null ? null : mailboxOf(from),
    smtpUtf8: false,
    requireTls: false,
    wishes: noSenderWishes,
    recipients: to.map((one) => ({ mailbox: mailboxOf(one), wishes: noRecipientWishes })),
  };
}
