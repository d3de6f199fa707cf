/** The part of a notification that people read: who, what, why, since when, what comes next. */
import { isLoopback } from '../names/address.ts';
import { formatDateTime } from './date-time.ts';
import { type Charset, paragraph, printable } from './field.ts';
import {
  LONGEST_ADDRESS,
  LONGEST_TEXT,
  type Notification,
  type NotifiedRecipient,
  replyText,
  type Travel,
} from './notification.ts';

const INDENT = '    ';

/** Plain English in printable characters, lines of about 76 of them, each with its CRLF. */
export function explain(notification: Notification, charset: Charset): string {
  return [
    paragraph(`This is the mail system at ${printable(notification.hostname, LONGEST_ADDRESS)}.`),
    paragraph(situation(notification)),
    paragraph(
      `The message was accepted here on ${formatDateTime(notification.arrivedAt)} ` +
        `under the id ${printable(notification.id, LONGEST_ADDRESS)}.`,
    ),
    ...notification.recipients.map((recipient) => describe(recipient, charset)),
    paragraph(`${attached(notification)} is attached, and a report for programs.`),
  ].join('\r\n');
}

function situation({ kind, recipients, retryUntil, nextReports }: Notification): string {
  const whom = recipients.length === 1 ? 'the recipient below' : `the ${recipients.length} recipients below`;
  switch (kind) {
    case 'failed':
      return `Your message could not be delivered to ${whom}. It will not be tried again: to reach them, send it anew once the cause is removed.`;
    case 'delayed': {
      const until = retryUntil === null ? '' : ` until ${formatDateTime(retryUntil)}`;
      return `Your message has not been delivered yet to ${whom}. You need not do anything: delivery is tried again${until}.`;
    }
    case 'relayed':
      if (nextReports)
        return `Your message for ${whom} was passed on to the next mail system, which takes over from here: what happens there it reports, as far as you asked for it.`;
      return `Your message for ${whom} was passed on to the next mail system, which does not report success. You will hear no more of it, unless it fails there.`;
    case 'delivered':
      return `Your message was delivered to ${whom}.`;
    case 'expanded':
      return `Your message for ${whom} was passed on to the mailboxes behind it. That it arrives in them is not reported; that it does not is, as far as you asked for it.`;
  }
}

function attached({ original }: Notification): string {
  if (original.kind === 'full') return 'Your message';
  const why = original.whyNotAll;
  return `${why === null ? '' : `You asked for the whole message in return: ${why}. `}The header of your message`;
}

function describe(recipient: NotifiedRecipient, charset: Charset): string {
  const { address, because, remote, reply, tls, travel, lastAttemptAt, nextAttemptAt } = recipient;
  const lines = [paragraph(`<${printable(address, LONGEST_ADDRESS, charset)}>`, '', charset)];
  const say = (text: string): number => lines.push(paragraph(text, INDENT));
  if (because !== '') say(printable(because, LONGEST_TEXT));
  if (remote !== null) {
    const host = printable(remote.host, LONGEST_ADDRESS);
    say(
      `Asked: ${remote.address === null ? host : `${host} [${printable(remote.address, LONGEST_ADDRESS)}]`}`,
    );
  }
  if (reply !== null) say(`It replied: ${replyText(reply)}`);
  if (tls !== null) {
    say(
      'This recipient may only be reached over TLS, and the TLS that is required could not be had: ' +
        `${sentence(printable(tls, LONGEST_TEXT))} The message was not sent unprotected instead.`,
    );
  }
  if (travel !== null) say(printable(travelText(travel, remote), LONGEST_TEXT));
  if (lastAttemptAt !== null) say(`Last tried: ${formatDateTime(lastAttemptAt)}`);
  if (nextAttemptAt !== null) say(`Next try: ${formatDateTime(nextAttemptAt)}`);
  return lines.join('');
}

/** With its full stop. */
function sentence(text: string): string {
  return text.endsWith('.') ? text : `${text}.`;
}

function travelText(
  { outcome, required, by, version, because }: Travel,
  remote: NotifiedRecipient['remote'],
): string {
  const tls = `over TLS${version === null ? '' : ` (${version})`}`;
  switch (outcome) {
    case 'authenticated':
      return `It travelled ${tls} to a host that proved who it is: ${because}.`;
    case 'encrypted':
      return `It travelled ${tls} to a host that did not prove who it is: ${because}.`;
    case 'cleartext':
      if (typeof remote?.address === 'string' && isLoopback(remote.address))
        return `It was handed to the mail server of this host: ${because}.`;
      return `It travelled in clear, where anybody on the way could read it: ${because}.`;
    case null:
      return `It has not been sent. ${REQUIRED[required]}${required === 'none' ? '' : ` (by ${by})`}.`;
  }
}

const REQUIRED: Record<Travel['required'], string> = {
  none: 'Nothing is required of its way',
  encrypt: 'It has to travel over TLS',
  authenticate: 'It has to travel over TLS to a host that proves who it is',
};
