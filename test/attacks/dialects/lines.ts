/** The protocols of lines. */
import { type Dialect, EVIL, endOf, type Offers, SECRET } from '../dialect.ts';

const LINE = /\r\n/;
const FIRST_LINE = /^[^\r\n]*\r\n/;
/** Of SMTP, LMTP and FTP: `250-` lines to a `250 ` line. */
const REPLY = /^([0-9]{3})(?: [^\r\n]*\r\n|-[^]*?\r\n\1 [^\r\n]*\r\n)/;
const isReplyPositive = (answer: string): boolean => /^[123]/.test(answer);

const keyword = (offers: Offers, name: string): string[] => [
  ...(offers.startTls === 'offered' ? [name] : offers.startTls === 'masked' ? ['XXXXXXXA'] : []),
  ...(offers.extra === '' ? [] : [offers.extra]),
];

const common = {
  greetsInside: false,
  refusalHasWords: true,
  requestEnds: (unread: string) => endOf(LINE, unread),
} as const;

function mail(protocol: 'smtp' | 'lmtp'): Dialect {
  const hello = protocol === 'smtp' ? 'EHLO' : 'LHLO';
  const login = `AUTH PLAIN ${SECRET}\r\n`;
  return {
    ...common,
    protocol,
    greeting: () => '220 toy.test ESMTP\r\n',
    ask: `${hello} client.test\r\n`,
    askInside: `${hello} client.test\r\n`,
    upgrade: 'STARTTLS\r\n',
    isUpgrade: (request) => /^STARTTLS\r\n$/i.test(request),
    goAhead: '220 go\r\n',
    wrongGoAhead: '250 go\r\n',
    refusal: (words) => `454 ${words}\r\n`,
    login,
    loginInside: login,
    loginOfPlainClient: login,
    answer: (request, offers) => {
      if (!/^[EL]HLO/i.test(request)) return '250 ok\r\n';
      const lines = ['toy.test', 'PIPELINING', 'AUTH PLAIN', ...keyword(offers, 'STARTTLS')];
      return lines.map((line, at) => `250${at < lines.length - 1 ? '-' : ' '}${line}\r\n`).join('');
    },
    bait: `250-toy.test\r\n250-AUTH ${EVIL}\r\n250 ${EVIL}\r\n`,
    fragment: `250-${EVIL}\r\n25`,
    probe: (word) => `VRFY ${word}\r\n`,
    answerEnds: (unread) => endOf(REPLY, unread),
    isPositive: (answer, to) =>
      answer.startsWith(to === 'greeting' || to === 'goAhead' ? '220' : to === 'offers' ? '250' : '2'),
    offersStartTls: (answer) => /^250[- ]STARTTLS\r$/m.test(answer),
  };
}

export const smtp = mail('smtp');
export const lmtp = mail('lmtp');

/** Tags are those that our client uses, and the sloppy one: w1, w2, w3. An attacker who knows the program knows them. */
export const imap: Dialect = {
  ...common,
  protocol: 'imap',
  greeting: () => '* OK toy.test ready\r\n',
  ask: 'w1 CAPABILITY\r\n',
  askInside: 'w3 CAPABILITY\r\n',
  upgrade: 'w2 STARTTLS\r\n',
  isUpgrade: (request) => /^\S+ STARTTLS\r\n$/i.test(request),
  goAhead: 'w2 OK go\r\n',
  wrongGoAhead: 'w1 OK go\r\n',
  refusal: (words) => `w2 NO ${words}\r\n`,
  login: `w9 LOGIN wax ${SECRET}\r\n`,
  loginInside: `w9 LOGIN wax ${SECRET}\r\n`,
  loginOfPlainClient: `w9 LOGIN wax ${SECRET}\r\n`,
  answer: (request, offers) => {
    const [tag = '', verb = ''] = request.trim().split(' ');
    if (verb.toUpperCase() !== 'CAPABILITY') return `${tag} OK done\r\n`;
    const words = ['IMAP4rev1', 'AUTH=PLAIN', ...keyword(offers, 'STARTTLS')];
    return `* CAPABILITY ${words.join(' ')}\r\n${tag} OK done\r\n`;
  },
  bait: `* CAPABILITY IMAP4rev1 AUTH=${EVIL}\r\nw3 OK done\r\n`,
  fragment: `* CAPABILITY IMAP4rev1 AUTH=${EVIL}`,
  probe: (word) => `m1 SELECT ${word}\r\n`,
  answerEnds: (unread, to) => endOf(to === 'greeting' ? FIRST_LINE : /(?:^|\r\n)w[0-9] [^\r\n]*\r\n/, unread),
  isPositive: (answer, to) => {
    if (to === 'greeting') return answer.startsWith('* OK');
    // A greeting is no answer to anything else.
    if (/^\* OK (?!\[)/m.test(answer)) return false;
    return (to === 'goAhead' ? /(?:^|\r\n)w2 OK/ : /(?:^|\r\n)w[139] OK/).test(answer);
  },
  offersStartTls: (answer) => / STARTTLS\b/.test(answer),
};

const listed = (first: RegExp) => (unread: string) =>
  endOf(first.test(unread) ? /\r\n\.\r\n/ : FIRST_LINE, unread);

export const pop3: Dialect = {
  ...common,
  protocol: 'pop3',
  greeting: () => '+OK toy.test ready\r\n',
  ask: 'CAPA\r\n',
  askInside: 'CAPA\r\n',
  upgrade: 'STLS\r\n',
  isUpgrade: (request) => /^STLS\r\n$/i.test(request),
  goAhead: '+OK go\r\n',
  wrongGoAhead: '+ go\r\n',
  refusal: (words) => `-ERR ${words}\r\n`,
  login: `USER wax\r\nPASS ${SECRET}\r\n`,
  loginInside: `USER wax\r\nPASS ${SECRET}\r\n`,
  loginOfPlainClient: `USER wax\r\nPASS ${SECRET}\r\n`,
  answer: (request, offers) =>
    /^CAPA/i.test(request)
      ? `+OK list\r\n${['USER', ...keyword(offers, 'STLS')].join('\r\n')}\r\n.\r\n`
      : '+OK done\r\n',
  bait: `+OK list\r\nSASL ${EVIL}\r\n.\r\n`,
  fragment: `+OK list\r\nSASL ${EVIL}`,
  probe: (word) => `USER ${word}\r\n`,
  answerEnds: (unread, to) => (to === 'offers' ? listed(/^\+/)(unread) : endOf(FIRST_LINE, unread)),
  // A greeting before the list is no part of it.
  isPositive: (answer) => answer.startsWith('+OK') && !answer.includes('\r\n+OK'),
  offersStartTls: (answer) => /^STLS\r$/m.test(answer),
};

export const sieve: Dialect = {
  ...common,
  protocol: 'sieve',
  greeting: (offers) => {
    const names = ['SASL" "PLAIN', 'SIEVE" "fileinto', ...keyword(offers, 'STARTTLS')];
    return `"IMPLEMENTATION" "toy"\r\n${names.map((name) => `"${name}"\r\n`).join('')}OK "ready"\r\n`;
  },
  greetsInside: true,
  ask: null,
  askInside: null,
  upgrade: 'STARTTLS\r\n',
  isUpgrade: (request) => /^STARTTLS\r\n$/i.test(request),
  goAhead: 'OK "go"\r\n',
  wrongGoAhead: '"SIEVE" "fileinto"\r\nOK "go"\r\n',
  refusal: (words) => `NO "${words}"\r\n`,
  login: `AUTHENTICATE "PLAIN" "${SECRET}"\r\n`,
  loginInside: `AUTHENTICATE "PLAIN" "${SECRET}"\r\n`,
  loginOfPlainClient: `AUTHENTICATE "PLAIN" "${SECRET}"\r\n`,
  answer: () => 'OK "done"\r\n',
  bait: `"IMPLEMENTATION" "${EVIL}"\r\n"SIEVE" "fileinto"\r\nOK "ready"\r\n`,
  fragment: `"IMPLEMENTATION" "${EVIL}`,
  probe: (word) => `HAVESPACE "${word}" 1\r\n`,
  answerEnds: (unread) => endOf(/(?:^|\r\n)(?:OK|NO|BYE)\b[^\r\n]*\r\n/, unread),
  isPositive: (answer, to) => (to === 'goAhead' ? /^OK/ : /(?:^|\r\n)OK/).test(answer),
  offersStartTls: (answer) => /^"STARTTLS"/m.test(answer),
};

export const nntp: Dialect = {
  ...common,
  protocol: 'nntp',
  greeting: () => '200 toy.test ready\r\n',
  ask: 'CAPABILITIES\r\n',
  askInside: 'CAPABILITIES\r\n',
  upgrade: 'STARTTLS\r\n',
  isUpgrade: (request) => /^STARTTLS\r\n$/i.test(request),
  goAhead: '382 go\r\n',
  wrongGoAhead: '281 go\r\n',
  refusal: (words) => `580 ${words}\r\n`,
  login: `AUTHINFO USER wax\r\nAUTHINFO PASS ${SECRET}\r\n`,
  loginInside: `AUTHINFO USER wax\r\nAUTHINFO PASS ${SECRET}\r\n`,
  loginOfPlainClient: `AUTHINFO USER wax\r\nAUTHINFO PASS ${SECRET}\r\n`,
  answer: (request, offers) => {
    if (!/^CAPABILITIES/i.test(request)) return '281 done\r\n';
    return `101 list\r\n${['VERSION 2', 'READER', ...keyword(offers, 'STARTTLS')].join('\r\n')}\r\n.\r\n`;
  },
  bait: `101 list\r\nVERSION 2\r\nSASL ${EVIL}\r\n.\r\n`,
  fragment: `101 list\r\nSASL ${EVIL}`,
  probe: (word) => `GROUP ${word}\r\n`,
  answerEnds: (unread, to) => (to === 'offers' ? listed(/^101/)(unread) : endOf(FIRST_LINE, unread)),
  isPositive: (answer, to) => {
    const codes = { greeting: /^20[01]/, offers: /^101/, goAhead: /^382/, login: /^[23]/ };
    return codes[to].test(answer);
  },
  offersStartTls: (answer) => /^STARTTLS\r$/m.test(answer),
};

export const ftp: Dialect = {
  ...common,
  protocol: 'ftp',
  greeting: () => '220 toy.test ready\r\n',
  ask: 'FEAT\r\n',
  askInside: 'PBSZ 0\r\nPROT P\r\nFEAT\r\n',
  upgrade: 'AUTH TLS\r\n',
  isUpgrade: (request) => /^AUTH TLS\r\n$/i.test(request),
  goAhead: '234 go\r\n',
  wrongGoAhead: '334 go\r\n',
  refusal: (words) => `534 ${words}\r\n`,
  login: `USER wax\r\nPASS ${SECRET}\r\n`,
  loginInside: `USER wax\r\nPASS ${SECRET}\r\n`,
  loginOfPlainClient: `USER wax\r\nPASS ${SECRET}\r\n`,
  answer: (request, offers) => {
    if (!/^FEAT/i.test(request)) return '200 ok\r\n';
    const lines = ['PBSZ', ...keyword(offers, 'AUTH TLS')].map((line) => ` ${line}\r\n`);
    return `211-Features\r\n${lines.join('')}211 End\r\n`;
  },
  bait: `200 ok\r\n200 ok\r\n211-Features\r\n ${EVIL}\r\n211 End\r\n`,
  fragment: `200-${EVIL}\r\n20`,
  probe: (word) => `CWD ${word}\r\n`,
  // Three answers to what is asked inside.
  answerEnds: (unread, to) =>
    to === 'offers' && unread.startsWith('200')
      ? endOf(/^200[^]*\r\n211-[^]*\r\n211 [^\r\n]*\r\n/, unread)
      : endOf(REPLY, unread),
  isPositive: (answer, to) => {
    const codes = { greeting: /^220/, offers: /^(?:211|200)/, goAhead: /^234/, login: /^[123]/ };
    return codes[to].test(answer) && isReplyPositive(answer);
  },
  offersStartTls: (answer) => /^ AUTH TLS\r$/m.test(answer),
};
