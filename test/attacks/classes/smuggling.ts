/** One message that is two for the server behind (Postfix CVE-2023-51764, Sendmail -51765, Exim -51766). */
import type { Attack } from '../cell.ts';
import { assaults, heardBy, type Scene } from '../defender.ts';
import { EVIL } from '../dialect.ts';
import { beginMessage, isMail, takesMail } from '../mail.ts';

/** What stands around the dot. */
const falseEnds = ['\n.\n', '\n.\r\n', '\r\n.\n', '\r.\r', '\r\n.\r', '\r.\r\n', '\n.\r'] as const;
/** An end for a reader who takes more than CRLF for a line end. */
const LENIENT_END = /(?:\r\n|\r|\n)\.(?:\r\n|\r|\n)/;

/** A message that holds a false end, and words of another one behind it. */
async function smuggle(
  end: string,
  { come, dialect, backend, defender }: Scene,
): Promise<string | undefined> {
  const client = await come();
  await client.upgrade();
  await beginMessage(client, dialect);
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
