/** `[advisor]`: where other mail servers ask what TLS mail for a domain has to reach. */
import { z } from 'zod';
import { type AdvisorListener, advisorProtocols } from '../../../advisor/settings.ts';
import { formatHostPort, isLoopback } from '../../../names/address.ts';
import { type Parsed, quote } from '../../../names/domain.ts';
import { isAtLeast, oldestPostfix, type PostfixVersion } from '../../../policies/answers/postfix-text.ts';
import { parseListenAddress } from '../values.ts';
import { type Complain, complaints, count, text, withoutTwins } from './kit.ts';
import { parseMode, parseSocketPath } from './tls-rpt.ts';

const written = z.strictObject({
  protocol: z.enum(advisorProtocols).meta({
    description:
      'socketmap, tcp_table: tables for smtp_tls_policy_maps of Postfix; line: one line for ${readsocket} of Exim; http: JSON.',
    examples: ['socketmap'],
  }),
  address: text(parseListenAddress, '127.0.0.1:8461')
    .optional()
    .describe('IP address and port; port 0 lets the system choose.'),
  socket: text(parseSocketPath)
    .optional()
    .describe('Path of a socket, in place of address: /var/spool/postfix/waxwing/advisor.sock.'),
  socket_mode: text(parseMode).prefault('0666').describe('Mode of the socket, octal: who may ask.'),
  postfix: text(parseVersion, '3.7')
    .optional()
    .describe(
      'Version of the Postfix that asks (3.4): it refuses attributes that it does not know. From 3.4 servername is said, from 3.10 what reports of TLS-RPT need.',
    ),
  dane: z
    .boolean()
    .optional()
    .describe(
      'Whether the Postfix that asks can look up TLSA records: it has smtp_dns_support_level = dnssec and a resolver that validates (true). false: answers leave DANE out.',
    ),
  outcomes: z
    .boolean()
    .optional()
    .describe(
      'With http: whether programs may tell what their sessions with mail hosts came to, for the memory (false). Whoever can ask can tell.',
    ),
});

/** From it on a Postfix knows servername; an older one refuses answers that have it. */
const USUAL_POSTFIX: PostfixVersion = { major: 3, minor: 4 };

const listener = written.transform((table, context): AdvisorListener => {
  const complain = complaints(context);
  const { protocol, postfix, dane = true, outcomes = false } = table;
  if (protocol === 'line')
    for (const key of ['postfix', 'dane'] as const)
      if (table[key] !== undefined) complain(key, 'is about a Postfix that asks, and line is for Exim');
  if (protocol !== 'http' && table.outcomes !== undefined) complain('outcomes', 'is for http only');
  return {
    protocol,
    place: placeOf(table, complain),
    version: postfix ?? USUAL_POSTFIX,
    dane: dane ? 'with' : 'without',
    outcomes,
  };
});

export const advisor = z
  .strictObject({
    connections: count(1, 100_000).default(2_000).describe('Connections at once, at each of its listeners.'),
    answers: count(1, 10_000_000)
      .default(100_000)
      .describe(
        'Answers that each of its listeners keeps, at 512 octets of memory one with another: of longer ones fewer are kept.',
      ),
    listener: z
      .array(listener)
      .superRefine(
        withoutTwins('address', ({ place }) =>
          place.kind === 'address' && place.port !== 0
            ? formatHostPort(place.address, place.port)
            : undefined,
        ),
      )
      .superRefine(withoutTwins('socket', ({ place }) => (place.kind === 'file' ? place.path : undefined)))
      .prefault([])
      .describe('Where the advisor answers other programs.'),
  })
  .prefault({})
  .describe('Tells other mail servers what TLS mail for a domain has to reach.');

function placeOf(
  { protocol, address, socket, socket_mode: mode }: z.output<typeof written>,
  complain: Complain,
): AdvisorListener['place'] {
  if (socket !== undefined) {
    if (address !== undefined) complain('socket', 'cannot be given beside address');
    return { kind: 'file', path: socket, mode: Number.parseInt(mode, 8) };
  }
  if (address === undefined) {
    complain('address', 'is missing, and so is socket');
    return { kind: 'address', address: '127.0.0.1', port: 0 };
  }
  if (protocol === 'http' && !isLoopback(address.address))
    complain('address', 'has to be of this host for http, as there are no keys: [api] has both keys and TLS');
  return { kind: 'address', ...address };
}

function parseVersion(version: string): Parsed<PostfixVersion> {
  const match = /^([0-9]{1,2})\.([0-9]{1,2})(?:\.[0-9]{1,3})?$/.exec(version);
  if (match === null) return invalid(`${quote(version)} is not a version such as "3.7"`);
  const value = { major: Number(match[1]), minor: Number(match[2]) };
  const { major, minor } = oldestPostfix;
  return isAtLeast(value, major, minor)
    ? { kind: 'ok', value }
    : invalid(`a Postfix before ${major}.${minor} knows nothing of DANE`);
}

function invalid(because: string): { readonly kind: 'invalid'; readonly because: string } {
  return { kind: 'invalid', because };
}
