/** Makes a message out of JSON: a header and MIME parts, in memory, with nothing from files or the network. */
import MailComposer, { type Options } from 'nodemailer/lib/mail-composer';
import type { Address, JsonMessage } from './message-json.ts';

/** @param at milliseconds since 1970, for Date. */
export function compose(message: JsonMessage, at: number): Promise<Uint8Array> {
  const { from, to, cc, replyTo, subject, text, html, headers, attachments, tls } = message;
  const spelling = new Map(
    [...Object.keys(headers), 'TLS-Required'].map((name) => [name.toLowerCase(), name]),
  );
  const options: Options = {
    // All text is checked by now; these are for the day on which it is not.
    disableFileAccess: true,
    disableUrlAccess: true,
    newline: 'win',
    normalizeHeaderKey: (name) => spelling.get(name.toLowerCase()) ?? name,
    date: new Date(at),
    from: shown(from),
    to: to.map(shown),
    cc: cc.map(shown),
    replyTo: replyTo.map(shown),
    subject,
    text,
    html,
    headers: [
      ...Object.entries(headers).map(([key, value]) => ({ key, value })),
      // RFC 8689 §4.3: who submits a message for which TLS is not required "MUST include" it; for the relays behind us.
      ...(tls === 'optional' ? [{ key: 'TLS-Required', value: 'No' }] : []),
    ],
    attachments: attachments.map(({ filename, contentType, content, contentId }) => ({
      filename: filename ?? false,
      contentType,
      content: Buffer.from(content, 'base64'),
      cid: contentId,
    })),
  };
  return new MailComposer(options).compile().build();
}

function shown({ name, mailbox }: Address): { readonly name: string; readonly address: string } {
  return { name, address: mailbox.text };
}
