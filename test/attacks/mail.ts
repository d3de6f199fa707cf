/** What attacks on mail have in common. */
import type { Assailant } from './assailant.ts';
import { type Dialect, inside } from './dialect.ts';
import type { Lies } from './twins/toy-server.ts';

export const isMail = ({ protocol }: Dialect): boolean => protocol === 'smtp' || protocol === 'lmtp';

/** A server that takes content, to its end by the rules. */
export function takesMail(): Lies {
  let inContent = false;
  return {
    offersInClear: inside,
    answer(request) {
      if (!inContent && request !== 'DATA\r\n') return undefined;
      if (inContent && request !== '.\r\n') return { say: '' };
      inContent = !inContent;
      return { say: inContent ? '354 go on\r\n' : '250 taken\r\n' };
    },
  };
}

/** All that comes before content, inside TLS. */
export async function beginMessage(client: Assailant, dialect: Dialect): Promise<void> {
  client.say(dialect.askInside ?? '');
  await client.answer('offers');
  for (const line of ['MAIL FROM:<mallory@origin.test>', 'RCPT TO:<anna@far.test>', 'DATA']) {
    client.say(`${line}\r\n`);
    await client.answer('login');
  }
}
