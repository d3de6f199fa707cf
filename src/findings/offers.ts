/** What is offered, read out of the lines that an observation keeps word for word. */
import type { CheckProtocol } from './endpoint.ts';

/** Words of a line, in capitals; the quotes of ManageSieve left out. */
function wordsOf(line: string): readonly string[] {
  return line
    .toUpperCase()
    .split(/[ =]/)
    .map((word) => word.replace(/^"|"$/g, ''))
    .filter((word) => word !== '');
}

/** Whether a keyword is offered, with or without parameters. */
export function offers(lines: readonly string[], keyword: string): boolean {
  return lines.some((line) => mayName(line, keyword) && wordsOf(line)[0] === keyword);
}

/** Most lines are about something else, and taking each apart for every keyword is most of the work. */
function mayName(line: string, keyword: string): boolean {
  return line.toUpperCase().includes(keyword);
}

/**
 * How the offer of TLS is spelt, in those protocols that forbid it inside TLS. LDAP lists what it knows of, whether it can be
 * asked for now or not, and FTP lets AUTH be said again (RFC 2228 §3).
 */
const upgrades: Readonly<Partial<Record<CheckProtocol, string>>> = {
  smtp: 'STARTTLS',
  submission: 'STARTTLS',
  lmtp: 'STARTTLS',
  imap: 'STARTTLS',
  pop3: 'STLS',
  sieve: 'STARTTLS',
  nntp: 'STARTTLS',
  xmpp: 'STARTTLS',
  'xmpp-server': 'STARTTLS',
};

/** Whether TLS is among what is offered; undefined where the list does not say when it can be had. */
export function offersUpgrade(protocol: CheckProtocol, lines: readonly string[]): boolean | undefined {
  const keyword = upgrades[protocol];
  return keyword === undefined ? undefined : offers(lines, keyword);
}

/** Where the names of mechanisms stand, behind which word. */
const mechanismLists: Readonly<Partial<Record<CheckProtocol, string>>> = {
  smtp: 'AUTH',
  submission: 'AUTH',
  lmtp: 'AUTH',
  imap: 'AUTH',
  pop3: 'SASL',
  sieve: 'SASL',
};

/** SASL mechanisms that are offered, in capitals, each once. Some servers of SMTP still write `AUTH=LOGIN`. */
export function mechanismsOf(protocol: CheckProtocol, lines: readonly string[]): readonly string[] {
  const keyword = mechanismLists[protocol];
  const named = lines.flatMap((line) => {
    const [first, ...others] = wordsOf(line);
    return first === keyword && first !== undefined ? others : [];
  });
  return [...new Set(named)];
}

/** Mechanisms by which whoever reads along has the password, or a token that is as good as one. */
const exposing = new Set(['PLAIN', 'LOGIN', 'XOAUTH2', 'OAUTHBEARER', 'XOAUTH', 'PLAIN-CLIENTTOKEN']);

/** Those of the mechanisms that give the credential itself away. */
export function exposingOf(mechanisms: readonly string[]): readonly string[] {
  return mechanisms.filter((mechanism) => exposing.has(mechanism));
}

/** A keyword that somebody has overwritten with X, or a name with asterisks, as Cisco's inspection of SMTP does. */
const MASKED = /^X{6,}[A-Z]?$|^\*{4,}/;

/** Lines that were overwritten on the way. */
export function maskedIn(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => line.split(' ').some((word) => MASKED.test(word)));
}
