/** The part of a notification that people read: who, what, why, since when, what comes next. */
import { formatDateTime } from './date-time.ts';
import { paragraph, printable } from './field.ts';
import {
  LONGEST_ADDRESS,
  LONGEST_TEXT,
  type Notification,
  type NotifiedRecipient,
  replyText,
} from './notification.ts';

const INDENT = '    ';

/** Plain English in printable ASCII, lines of about 76 characters, each with its CRLF. */
export function explain(notification: Notification): string {
  return [
    paragraph(`This is the mail system at ${printable(notification.hostname, LONGEST_ADDRESS)}.`),
    paragraph(situation(notification)),
    paragraph(
      `The message was accepted here on ${formatDateTime(notification.arrivedAt)} ` +
        `under the id ${printable(notification.id, LONGEST_ADDRESS)}.`,
    ),
    ...notification.recipients.map(describe),
    paragraph('The header of your message is attached, and a report for programs.'),
  ].join('\r\n');
}

function situation({ kind, recipients, retryUntil }: Notification): string {
  const whom = recipients.length === 1 ? 'the recipient below' : `the ${recipients.length} recipients below`;
  if (kind === 'failed') {
    return `Your message could not be delivered to ${whom}. It will not be tried again: to reach them, send it anew once the cause is removed.`;
  }
  const until = retryUntil === null ? '' : ` until ${formatDateTime(retryUntil)}`;
  return `Your message has not been delivered yet to ${whom}. You need not do anything: delivery is tried again${until}.`;
}

function describe(recipient: NotifiedRecipient): string {
  const { address, because, remote, reply, tls, lastAttemptAt, nextAttemptAt } = recipient;
  const lines = [paragraph(`<${printable(address, LONGEST_ADDRESS)}>`)];
  const say = (text: string): number => lines.push(paragraph(text, INDENT));
  say(printable(because, LONGEST_TEXT));
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
        `${printable(tls, LONGEST_TEXT)} The message was not sent unprotected instead.`,
    );
  }
  if (lastAttemptAt !== null) say(`Last tried: ${formatDateTime(lastAttemptAt)}`);
  if (nextAttemptAt !== null) say(`Next try: ${formatDateTime(nextAttemptAt)}`);
  return lines.join('');
}
