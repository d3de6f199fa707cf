/** Whether mail for an address is taken in, as far as that follows from the domains that are ours. */
import type { IpAddress } from '../names/address.ts';
import type { Mailbox } from '../names/mailbox.ts';
import { describeReply, type Reply } from '../protocols/smtp/reply.ts';
import type { Refusal } from '../protocols/smtp/server/state.ts';
import type { Callouts } from './callout.ts';
import type { LocalDomains } from './domains.ts';

export interface ResidenceParts {
  readonly domains: Pick<LocalDomains, 'residence'>;
  readonly callouts: Callouts;
  /** Somebody asks for what does not exist. */
  readonly onUnknown: () => void;
  readonly onOddity: (what: string) => void;
}

export interface Addressed {
  readonly recipient: Mailbox;
  /** null: the null sender. */
  readonly sender: Mailbox | null;
  readonly client: IpAddress;
  /** Whether the client may send to other domains, too. */
  readonly mayRelay: boolean;
}

const unknown: Refusal = { code: 550, enhanced: '5.1.1', text: 'no such mailbox here' };
const undecided: Refusal = {
  code: 451,
  enhanced: '4.4.3',
  text: 'whether the mailbox exists cannot be found out now; try again later',
};

/** @returns undefined: it is taken. */
export function refusalOfRecipient(
  addressed: Addressed,
  parts: ResidenceParts,
): Refusal | undefined | Promise<Refusal | undefined> {
  const { recipient, sender, client, mayRelay } = addressed;
  const residence = parts.domains.residence(recipient);
  switch (residence.kind) {
    case 'elsewhere':
      return mayRelay ? undefined : refusal('5.7.1', `relaying is not allowed for ${client}`);
    case 'known':
      return undefined;
    case 'unknown':
      parts.onUnknown();
      return unknown;
    case 'alias':
      return refusalOfAlias(addressed, residence.targets, parts);
    case 'returned':
      // Notifications come from nobody; whatever else comes this way was written by someone who has the address from mail.
      return sender === null ? undefined : refusal('5.7.1', 'only notifications are taken here');
    case 'forged':
      parts.onUnknown();
      return refusal('5.1.1', `no such mailbox here: ${residence.because}`);
    case 'callout':
      return parts.callouts.ask(residence.domain, recipient).then((answer) => {
        if (answer.kind === 'known') return undefined;
        if (answer.kind === 'unknown') {
          parts.onUnknown();
          return unknown;
        }
        if (answer.kind === 'refused') return passedOn(answer.reply, recipient, parts);
        parts.onOddity(`whether ${recipient.text} exists could not be found out: ${answer.because}`);
        // Who may relay hands in his mail and goes; it can wait here for the backend.
        return mayRelay ? undefined : undecided;
      });
  }
}

/** One of its mailboxes is enough: of the others the sender is told later. */
async function refusalOfAlias(
  addressed: Addressed,
  targets: readonly Mailbox[],
  parts: ResidenceParts,
): Promise<Refusal | undefined> {
  let last: Refusal | undefined = unknown;
  for (const recipient of targets) {
    // Whoever may not relay may yet write to an alias that leads elsewhere: the operator wrote it down.
    if (parts.domains.residence(recipient).kind === 'elsewhere') return undefined;
    last = await refusalOfRecipient({ ...addressed, recipient }, parts);
    if (last === undefined) return undefined;
  }
  return last;
}

/** In the backend's own words, as they are about more than whether the mailbox is there. */
function passedOn(reply: Reply, recipient: Mailbox, { onOddity }: ResidenceParts): Refusal {
  onOddity(`the backend refuses ${recipient.text}: ${describeReply(reply)}`);
  return { code: reply.code, enhanced: reply.enhanced ?? '5.0.0', text: reply.lines.join(' ') };
}

function refusal(enhanced: string, text: string): Refusal {
  return { code: 550, enhanced, text };
}

export interface RefusedRecipient {
  readonly mailbox: Mailbox;
  /** Its text names the mailbox. */
  readonly refusal: Refusal;
}

/** So many are asked about side by side, as no backend is asked about more. */
const AT_ONCE = 5;

/** Of mail that does not come by SMTP: whoever hands it in may relay, and nobody hears a reply for each recipient. */
export async function refusedRecipients(
  { recipients, sender }: { readonly recipients: readonly Mailbox[]; readonly sender: Mailbox | null },
  client: IpAddress,
  parts: Omit<ResidenceParts, 'onUnknown'>,
): Promise<readonly RefusedRecipient[]> {
  const refused: RefusedRecipient[] = [];
  const onUnknown = (): void => undefined;
  for (let at = 0; at < recipients.length; at += AT_ONCE) {
    const asked = recipients.slice(at, at + AT_ONCE).map(async (recipient) => {
      const addressed = { recipient, sender, client, mayRelay: true };
      return { recipient, no: await refusalOfRecipient(addressed, { ...parts, onUnknown }) };
    });
    for (const { recipient, no } of await Promise.all(asked))
      if (no !== undefined)
        refused.push({ mailbox: recipient, refusal: { ...no, text: `${no.text}: ${recipient.text}` } });
  }
  return refused;
}
