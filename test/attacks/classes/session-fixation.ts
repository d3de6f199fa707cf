/** What was said in clear counts inside TLS (Citadel CVE-2021-37845, Ipswitch IMail CVE-2021-37846). */
import type { Attack } from '../cell.ts';
import { type Assault, assaults, heardBy, type Scene } from '../defender.ts';
import { type Dialect, EVIL, inside, SECRET } from '../dialect.ts';
import type { Lies } from '../twins/toy-server.ts';

/** Says it in clear, goes on inside TLS where that can be had, and looks at what the backend was told. */
function beforehand(words: (dialect: Dialect) => string): Assault['attack'] {
  return async ({ come, dialect, backend }: Scene) => {
    const client = await come();
    await client.approach();
    client.say(words(dialect));
    await client.hear();
    client.say(dialect.upgrade);
    await client.hear();
    if (!client.ended && (await client.secure())) {
      if (dialect.askInside !== null) client.say(dialect.askInside);
      await client.hear();
    }
    const told = heardBy(backend);
    return told.includes(EVIL) || told.includes(SECRET) ? `the backend knows of it: ${told}` : undefined;
  };
}

/** The first half of something, and the second, which is a yes only behind the first. */
const halves: Readonly<Partial<Record<string, readonly [string, string]>>> = {
  smtp: ['MAIL FROM:<mallory@origin.test>\r\n', 'RCPT TO:<anna@far.test>\r\n'],
  ftp: ['USER mallory\r\n', 'PASS pass\r\n'],
};

/** A server that says yes to the second half behind the first. */
function inOrder({ protocol }: Dialect): Lies {
  const [first, second] = halves[protocol] ?? ['', ''];
  let begun = false;
  return {
    offersInClear: inside,
    answer(request) {
      begun ||= request === first;
      return request === second && !begun ? { say: '503 not yet\r\n' } : undefined;
    },
  };
}

export const sessionFixation: Attack = {
  name: 'session-fixation',
  cells: assaults([
    {
      how: 'a login in clear',
      weak: ['keepsState'],
      occasion: ({ protocol }, role) => role !== 'relay' && protocol !== 'ftp',
      attack: beforehand(({ login }) => login),
    },
    {
      how: 'words in clear that the session would remember',
      weak: ['keepsState'],
      occasion: ({ protocol }, role) => role !== 'relay' && protocol !== 'ftp',
      attack: beforehand(({ probe }) => probe(EVIL)),
    },
    {
      how: 'the first half in clear, the second inside TLS',
      weak: ['keepsState'],
      behind: inOrder,
      occasion: ({ protocol }, role) => role === 'relay' || protocol === 'ftp',
      async attack({ come, dialect }) {
        const [first, second] = halves[dialect.protocol] ?? ['', ''];
        const client = await come();
        await client.approach();
        client.say(first);
        await client.hear();
        client.say(dialect.upgrade);
        await client.answer('goAhead');
        if (!(await client.secure())) throw new Error('no TLS');
        client.say(second);
        const answer = await client.answer('login');
        return dialect.isPositive(answer, 'login') ? `it goes on: ${answer}` : undefined;
      },
    },
  ]),
  without: (role) =>
    role === 'client' || role === 'reverse' ? 'it serves nobody' : 'mail comes in by SMTP only',
};
