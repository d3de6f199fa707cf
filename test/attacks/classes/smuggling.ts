/** One message that is two for the server behind (Postfix CVE-2023-51764, Sendmail -51765, Exim -51766). */
import type { Attack } from '../cell.ts';
import { assaults, heardBy, type Scene } from '../defender.ts';
import { type Dialect, EVIL, inside } from '../dialect.ts';
import type { Lies } from '../twins/toy-server.ts';

/** What stands around the dot. */
const falseEnds = ['\n.\n', '\n.\r\n', '\r\n.\n', '\r.\r', '\r\n.\r', '\r.\r\n', '\n.\r'] as const;
/** An end for a reader who takes more than CRLF for a line end. */
const LENIENT_END = /(?:\r\n|\r|\n)\.(?:\r\n|\r|\n)/;

/** A server that takes content, to its end by the rules. */
function takesMail(): Lies {
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

const isMail = ({ protocol }: Dialect): boolean => protocol === 'smtp' || protocol === 'lmtp';

/** A message that holds a false end, and words of another one behind it. */
async function smuggle(
  end: string,
  { come, dialect, backend, defender }: Scene,
): Promise<string | undefined> {
  const client = await come();
  await client.upgrade();
  client.say(dialect.askInside ?? '');
  await client.answer('offers');
  for (const line of ['MAIL FROM:<mallory@origin.test>', 'RCPT TO:<anna@far.test>', 'DATA']) {
    client.say(`${line}\r\n`);
    await client.answer('login');
  }
  client.say(
    `Subject: one\r\n\r\none${end}MAIL FROM:<${EVIL}@origin.test>\r\nRCPT TO:<bob@far.test>\r\n.\r\n`,
  );
  const answers = await client.hear();
  const content = heardBy(backend).split('DATA\r\n')[1] ?? '';
  const [, behind = ''] = content.split(LENIENT_END);
  if (behind.includes(EVIL)) return 'the server behind may take the rest for commands';
  const taken = answers.match(/^2[0-9][0-9] /gm)?.length ?? 0;
  if (taken > 1) return `one message had ${taken} answers: ${answers}`;
  return defender.taken.length > 0 ? 'a message with a doubtful end was taken' : undefined;
}

export const smuggling: Attack = {
  name: 'smuggling',
  cells: assaults(
    falseEnds.map((end) => ({
      how: `content with ${JSON.stringify(end)} in it`,
      weak: ['passesBareEnds'] as const,
      occasion: isMail,
      behind: takesMail,
      attack: (scene: Scene) => smuggle(end, scene),
    })),
  ),
  without: (_role, protocol) =>
    protocol === 'smtp' || protocol === 'lmtp' ? 'it takes no mail' : 'no such content',
};
