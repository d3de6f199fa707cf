/** Which program runs at an endpoint, as far as it says so itself: for the lines of a remedy, never for a judgement. */
import type { Software } from './check.ts';
import type { CheckProtocol } from './endpoint.ts';
import type { Observation } from './observation.ts';

/** Programs whose configuration we know, by the protocols they serve; the likeliest first. */
const programs: Readonly<Record<CheckProtocol, readonly Software[]>> = {
  smtp: ['postfix', 'exim', 'opensmtpd', 'sendmail', 'exchange'],
  submission: ['postfix', 'exim', 'opensmtpd', 'sendmail', 'exchange', 'dovecot'],
  lmtp: ['dovecot', 'cyrus'],
  imap: ['dovecot', 'cyrus', 'exchange'],
  pop3: ['dovecot', 'cyrus', 'exchange'],
  sieve: ['dovecot', 'cyrus'],
  ldap: ['slapd'],
  nntp: ['inn'],
  ftp: ['vsftpd'],
  xmpp: ['prosody'],
  'xmpp-server': ['prosody'],
  postgres: ['postgresql'],
  mysql: ['mariadb'],
};

export function programsFor(protocol: CheckProtocol): readonly Software[] {
  return programs[protocol];
}

/** How programs name themselves. */
const names: readonly (readonly [RegExp, Software])[] = [
  [/\bPostfix\b/i, 'postfix'],
  [/\bExim\b/i, 'exim'],
  [/\bOpenSMTPD\b/i, 'opensmtpd'],
  [/\bSendmail\b/i, 'sendmail'],
  [/\bMicrosoft (?:ESMTP|Exchange)\b/i, 'exchange'],
  [/\bDovecot\b/i, 'dovecot'],
  [/\bCyrus\b/i, 'cyrus'],
  [/\bvsFTPd\b/i, 'vsftpd'],
  [/\bInterNetNews\b|\bINN \d/, 'inn'],
  [/\bMariaDB\b/i, 'mariadb'],
];

/** Of each observation, as every remedy asks for it. */
const known = new WeakMap<Observation, { readonly program: Software | undefined }>();

/** @returns undefined where it keeps its name to itself and several are likely. */
export function programOf(observation: Observation): Software | undefined {
  const before = known.get(observation);
  if (before !== undefined) return before.program;
  const program = read(observation);
  known.set(observation, { program });
  return program;
}

function read({ endpoint, base }: Observation): Software | undefined {
  const said = [...(base.greeting?.lines ?? []), ...(base.clear ?? []), ...(base.inside ?? [])];
  const named = names.find(([pattern]) => said.some((line) => pattern.test(line)));
  if (named !== undefined) return named[1];
  const [only, ...others] = programs[endpoint.protocol];
  return others.length === 0 ? only : undefined;
}
