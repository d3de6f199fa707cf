/** Sends mail for aliases where they lead, and what comes back of forwarded mail to whom it belongs. */
import { fieldsNamed, unfoldedValue } from '../mail/headers.ts';
import { forwardedSender, returnedTo, type SrsKey } from '../mail/srs.ts';
import { isAscii } from '../names/domain.ts';
import type { Mailbox } from '../names/mailbox.ts';
import type { RecipientWishes } from '../names/wishes.ts';
import type { EnvelopeRecipient } from '../protocols/smtp/server/state.ts';
import type { BounceAddresses } from './bounce-addresses.ts';
import { type LocalDomain, type LocalDomains, localKey, openDomains } from './domains.ts';
import type { Letter } from './letters.ts';
import type { IncomingMessage, Treatment } from './treatment.ts';

/** Each is a message of its own with all of the content: who writes one may not fill the disk with it. */
const MOST_COPIES = 100;

/** How mail is sent on to other domains. */
export interface Forwarding {
  readonly srs: SrsKey;
}

/** Our domains, where addresses of forwarded mail are known again, and those of copies for one recipient. @param now milliseconds since 1970. */
export function openOwnDomains(
  domains: readonly LocalDomain[],
  forwarding: Forwarding | null,
  now: () => number,
  bounces?: BounceAddresses,
): LocalDomains {
  const srs = forwarding?.srs;
  return openDomains(
    domains,
    (mailbox) =>
      srs !== undefined && mailbox.at.kind === 'domain' && mailbox.at.domain === srs.domain
        ? returnedTo(mailbox, now(), srs)
        : { kind: 'other' },
    (mailbox) => {
      const address = bounces?.read(mailbox);
      return address === undefined || address.verp === null ? undefined : address.sender;
    },
  );
}

/** Who gets what is for this address, where it is not itself a mailbox. */
export function readersOf(mailbox: Mailbox, domains: LocalDomains): readonly Mailbox[] {
  const residence = domains.residence(mailbox);
  if (residence.kind === 'alias') return residence.targets;
  return residence.kind === 'returned' ? [residence.to] : [mailbox];
}

/** The step that puts mailboxes in the place of aliases; undefined where there are neither aliases nor forwarding nor bounces. */
export function redirecting(
  domains: readonly LocalDomain[],
  own: LocalDomains,
  forwarding: Forwarding | null,
  onOddity: (what: string, about: Readonly<Record<string, unknown>>) => void,
  takesBounces = false,
): Treatment | undefined {
  const isPlain = forwarding === null && !takesBounces;
  if (isPlain && domains.every(({ aliases }) => aliases.length === 0)) return undefined;
  return (message, before) => {
    const recipients: EnvelopeRecipient[] = [];
    const copies: Letter[] = [];
    const expanded: EnvelopeRecipient[] = [];
    /** Nobody gets it twice because two aliases lead to him. */
    const reached = new Set<string>();
    for (const one of before.recipients) {
      const residence = own.residence(one.mailbox);
      if (residence.kind === 'forged')
        return {
          kind: 'refused',
          code: 550,
          enhanced: '5.1.1',
          text: `no such mailbox here: ${residence.because}`,
        };
      const readers = residence.kind === 'alias' ? residence.targets : readersOf(one.mailbox, own);
      const wishes = readers.length === 1 ? one.wishes : withoutSuccess(one.wishes);
      if (wishes !== one.wishes) expanded.push(one);
      const beyond = residence.kind === 'alias' ? readers.filter((reader) => isAway(reader, own)) : [];
      recipients.push(
        ...readers
          .filter((reader) => !beyond.includes(reader))
          .map((reader) => renamed(one.mailbox, wishes, reader)),
      );
      const away = beyond.filter(({ text }) => !reached.has(text));
      if (away.length === 0) continue;
      for (const { text } of away) reached.add(text);
      if (hasBeenHere(message, one.mailbox)) {
        const text = `the message was delivered to ${one.mailbox.text} before: it loops`;
        return { kind: 'refused', code: 554, enhanced: '5.4.6', text };
      }
      if (copies.length === MOST_COPIES) {
        const text = `the message is for more than ${MOST_COPIES} addresses that lead elsewhere: send it in parts`;
        return { kind: 'refused', code: 554, enhanced: '5.5.3', text };
      }
      copies.push({
        sender: senderOf(message, own, forwarding, onOddity),
        front: `Delivered-To: ${one.mailbox.text}\r\n`,
        recipients: away.map((reader) => renamed(one.mailbox, wishes, reader)),
      });
    }
    return { ...before, recipients, expanded, copies: [...before.copies, ...copies] };
  };
}

function isAway(mailbox: Mailbox, own: LocalDomains): boolean {
  return own.residence(mailbox).kind === 'elsewhere';
}

/** RFC 3461 §5.2.7.2, §5.2.7.3: what was wished for the alias holds for whom it leads to; the sender goes on to read its name. */
function renamed(mailbox: Mailbox, wishes: RecipientWishes, reader: Mailbox): EnvelopeRecipient {
  if (reader === mailbox) return { mailbox, wishes };
  const known = wishes.originalRecipient ?? (isAscii(mailbox.text) ? `rfc822;${xtext(mailbox.text)}` : null);
  return { mailbox: reader, wishes: { ...wishes, originalRecipient: known } };
}

/**
 * RFC 3461 §5.2.7.3: of several mailboxes no success is told; the sender gets one notification that there are several, and
 * does not learn by it who they are.
 *
 * @returns the same where there is none.
 */
function withoutSuccess(wishes: RecipientWishes): RecipientWishes {
  const { notify } = wishes;
  if (notify === null || !notify.includes('success')) return wishes;
  return { ...wishes, notify: notify.filter((condition) => condition !== 'success') };
}

/** RFC 3461 §4. */
function xtext(text: string): string {
  return text.replace(/[^!-*,-<>-~]/g, (character) => {
    return `+${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  });
}

function hasBeenHere({ section, head }: IncomingMessage, { local, at }: Mailbox): boolean {
  const domain = at.kind === 'domain' ? at.domain : '';
  const own = `${localKey(local)}@${domain}`;
  return fieldsNamed(section, 'delivered-to').some(
    (field) => Buffer.from(unfoldedValue(head, field), 'latin1').toString().trim().toLowerCase() === own,
  );
}

/** The far side asks SPF about the sender's domain, and finds that we may not send for it: so it gets one of ours. */
function senderOf(
  { envelope: { sender }, id, at }: IncomingMessage,
  own: LocalDomains,
  forwarding: Forwarding | null,
  onOddity: (what: string, about: Readonly<Record<string, unknown>>) => void,
): Mailbox | null {
  if (sender === null || forwarding === null || !isAway(sender, own)) return sender;
  const rewritten = forwardedSender(sender, at, forwarding.srs);
  if (rewritten === undefined) onOddity('the sender is too long to be rewritten, it is kept', { id });
  return rewritten ?? sender;
}
