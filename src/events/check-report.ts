/** What `waxwing check --json` prints for one target, for machines: the published JSON Schema is made from this. */
import { z } from 'zod';
import { checkProfileSchema } from './check-profile.ts';

const text = z.string();
const moment = z.iso.datetime().describe('RFC 3339, UTC.');
const port = z.int().min(1).max(65_535);
const severity = z
  .enum(['critical', 'high', 'medium', 'low', 'info'])
  .describe('Under the policy in force; of what passes, how bad its failure would be.');
const protocol = z.enum([
  'smtp',
  'submission',
  'lmtp',
  'imap',
  'pop3',
  'sieve',
  'ldap',
  'nntp',
  'ftp',
  'xmpp',
  'xmpp-server',
  'postgres',
  'mysql',
]);
const depth = z.enum(['quick', 'standard', 'deep']);

/** The kinds of senders whose delivery is simulated. */
const sender = z.enum([
  'postfix-may',
  'postfix-dane',
  'mta-sts',
  'exchange',
  'requiretls',
  'tls13-only',
  'pq-client',
]);
const outcome = z.enum(['authenticated', 'encrypted', 'cleartext', 'deferred', 'bounced', 'unknown']);
const outcomes = z
  .partialRecord(sender, outcome)
  .describe('By kind of sender; empty for servers that other mail servers do not send to.');

const certificate = z.strictObject({
  sha256: text.describe('Of the DER, lower-case hexadecimal.'),
  spkiSha256: text.describe('Of the SubjectPublicKeyInfo, as TLSA 3 1 1 has it.'),
  subject: text,
  issuer: text,
  names: z.array(text),
  notBefore: moment,
  notAfter: moment,
});

const suites = z
  .strictObject({
    connections: z.int().min(0).describe('That the list took, beside those that the budget counts.'),
    versions: z
      .array(
        z.strictObject({
          version: text,
          suites: z
            .array(
              z.strictObject({
                code: text.regex(/^0x[0-9A-F]{4}$/).describe('Of the registry of IANA.'),
                name: text,
                against: z
                  .array(text)
                  .describe('Classes that speak against it: cbc, no-fs, rc4, anon and the like.'),
              }),
            )
            .describe('In the order of the server, where it has one.'),
          ownOrder: z
            .boolean()
            .nullable()
            .describe(
              'Whether the order of the server counts, and not that of the client; null where it cannot be told.',
            ),
          unfinished: text.nullable().describe('Why the list is not whole; null where it is.'),
        }),
      )
      .describe('Those that it speaks, the newest first.'),
  })
  .describe('With --suites all only: every suite that the server takes.');

const endpoint = z.strictObject({
  address: text,
  port,
  reachable: z
    .boolean()
    .nullable()
    .describe('Whether there was a connection; null where this host itself has no way there.'),
  starttls: z
    .boolean()
    .nullable()
    .describe('Whether STARTTLS was offered; null where TLS comes first, or it was not learnt.'),
  tls: z
    .strictObject({
      version: text,
      cipher: text,
      group: text.nullable(),
      certificate: certificate.nullable().describe('Its own; null where it sent none that can be read.'),
    })
    .nullable(),
  outcomes,
  protocol,
  mode: z.enum(['starttls', 'implicit']),
  serverName: text.nullable().describe('The name that was asked for in the handshake (SNI).'),
  program: text
    .nullable()
    .describe('That answers there, by what it says of itself; null where it does not tell.'),
  connections: z.int().min(0).describe('That were begun.'),
  suites: suites.optional(),
});

const host = z.strictObject({
  name: text,
  preference: z.int().min(0).max(65_535).nullable().describe('Of the MX record; null where there is none.'),
  layer: z
    .enum(['override', 'message', 'dane', 'sts', 'list', 'memory', 'default'])
    .nullable()
    .describe('Who decides what a sender with every policy asks of this host; null for an address.'),
  endpoints: z.array(endpoint),
  outcomes: outcomes.describe('Were it the only host.'),
  skipped: z
    .array(z.strictObject({ address: text, port, because: text, retryAt: moment.nullable() }))
    .describe('Doors at which nobody knocked.'),
});

const scope = z.strictObject({
  domain: text.optional(),
  host: text.optional(),
  address: text.optional(),
  port: port.optional(),
});

const remedy = z.strictObject({
  who: z
    .enum(['dns-owner', 'mail-provider', 'web-host', 'registrar', 'tester'])
    .describe('tester: whoever runs this check.'),
  do: text,
  lines: z
    .array(z.strictObject({ for: text.describe('A program, dns or policy-file.'), text }))
    .describe('To paste, for each program that may be meant; that of the server first, where it tells.'),
  verify: text.nullable().describe('A command that shows that it is done.'),
});

const finding = z.strictObject({
  id: text.describe('Stable; docs/findings.md says what each means.'),
  state: z
    .enum(['pass', 'warn', 'fail', 'not-tested', 'absent'])
    .describe('not-tested: it could not be looked at, and that is no fail.'),
  severity,
  scope,
  evidence: z.array(text),
  why: text,
  fix: z.array(remedy).describe('In the order in which it is done.'),
  reference: text,
  title: text.describe('What is looked at.'),
  retryAt: moment.nullable().describe('When another try is worthwhile.'),
});

/** Of mail for the target by most senders; the last three are of servers that other mail servers do not send to. */
const verdicts = [
  'protected',
  'protected-in-part',
  'encrypted',
  'cleartext',
  'lost',
  'nothing-arrives',
  'no-mail',
  'untested',
  'silent',
  'turned-away',
  'tls-works',
  'unsafe',
  'unreachable',
] as const;

const verdict = z
  .strictObject({
    kind: z
      .enum(verdicts)
      .describe(
        'protected: at least some senders deliver over TLS to the right host or not at all; protected-in-part: to the first host only; ' +
          'encrypted: nothing makes senders verify; cleartext: mail of some comes in clear; lost: some cannot deliver; ' +
          'nothing-arrives: none can; no-mail: it is returned at once, as there is no mail or no such domain; ' +
          'untested: not known; silent: servers take connections and say nothing; turned-away: they refuse this check. ' +
          'Of single servers: tls-works, unsafe, unreachable, silent, untested.',
      ),
    text: text.describe('The same for people; its words may change.'),
  })
  .describe('What counts most; how bad what was found is, findings say.');

const future = z.strictObject({
  until: moment.describe('As --fail-at says.'),
  events: z.array(
    z.strictObject({
      id: text.describe('Of the check that it belongs to.'),
      at: moment,
      what: text,
      breaks: z.array(text).describe('Kinds of senders, or checks.'),
      evidence: z.array(text),
      fix: z.array(remedy),
    }),
  ),
  findings: z
    .array(finding)
    .describe(
      'What would be wrong then, if nothing were changed or renewed until then, and is not wrong now.',
    ),
});

/** What one check came to; keys may be added, and none gets another meaning. */
export const checkReportSchema = z
  .strictObject({
    schema: z.literal('waxwing.check/1'),
    target: text.describe(
      'A domain, host:port, or [address]:port; a server that was named with its port is written as it was named.',
    ),
    protocol,
    startedAt: moment,
    durationMs: z.number(),
    outcomes,
    hosts: z.array(host).describe('In order of preference.'),
    findings: z.array(finding).describe('The worst first.'),
    verdict,
    depth,
    intrusive: z.boolean().describe('Whether intrusive questions were asked everywhere.'),
    senders: z
      .partialRecord(
        sender,
        z.strictObject({ outcome, because: text, host: text.nullable().describe('That takes the mail.') }),
      )
      .describe('Each outcome with its reason.'),
    connections: z
      .strictObject({ spent: z.int().min(0), budget: z.int().min(0) })
      .describe('To all servers together, and the most that might have been.'),
    notTested: z
      .array(z.strictObject({ id: text, scope, because: text, retryAt: moment.nullable() }))
      .describe('What could not be looked at, and what the server said.'),
    withoutConsent: z
      .array(z.strictObject({ host: text, because: text }))
      .describe(
        'Hosts at which intrusive questions were wanted and not asked, with the record that consents.',
      ),
    firstContact: z.boolean().describe('Nothing was kept of this domain in the data folder.'),
    future: future.nullable().describe('With --fail-at only.'),
    profile: checkProfileSchema.optional(),
    recording: z
      .strictObject({
        certificates: z.record(text, text).describe('DER in base64, by SHA-256.'),
        seen: z.record(text, z.unknown()),
      })
      .optional()
      .describe(
        'All that was learnt; --from judges it again. Its inside belongs to this program and may change. Absent with --no-recording.',
      ),
  })
  .meta({ title: 'Waxwing check' });

export type CheckReport = z.output<typeof checkReportSchema>;

/** The JSON Schema that is published with the package. */
export function checkReportJsonSchema(): unknown {
  return z.toJSONSchema(checkReportSchema);
}
