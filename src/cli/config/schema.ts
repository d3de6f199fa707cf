/**
 * What `waxwing.toml` may hold: each key with its meaning, its default and its rule.
 *
 * The JSON Schema, the commented file of `config init`, the environment's names and the suggestions for
 * misspelt keys all come from here. What tables ask of each other is in cross-checks.ts.
 */
import { z } from 'zod';
import { formatHostPort } from '../../names/address.ts';
import { parseMailDomain } from '../../names/mailbox.ts';
import { account, accounts } from './schema/account.ts';
import { accountDatabase } from './schema/account-database.ts';
import { advisor } from './schema/advisor.ts';
import { api, apiKey } from './schema/api.ts';
import { authentication } from './schema/authentication.ts';
import { bounces } from './schema/bounces.ts';
import { check } from './schema/check.ts';
import { dkim } from './schema/dkim.ts';
import { dns } from './schema/dns.ts';
import { domain } from './schema/domain.ts';
import { events, webhook } from './schema/events.ts';
import { forwarding } from './schema/forwarding.ts';
import { gateway } from './schema/gateway.ts';
import { inbound, inboundMemory } from './schema/inbound.ts';
import { count, text, withoutTwins } from './schema/kit.ts';
import { limits } from './schema/limits.ts';
import { listener } from './schema/listener.ts';
import { memory } from './schema/memory.ts';
import { metrics } from './schema/metrics.ts';
import { mtaSts } from './schema/mta-sts.ts';
import { policyList } from './schema/policy-list.ts';
import { quota } from './schema/quota.ts';
import { relay } from './schema/relay.ts';
import { reportOnly } from './schema/report-only.ts';
import { route } from './schema/route.ts';
import { rule } from './schema/rule.ts';
import { sendmail } from './schema/sendmail.ts';
import { certificate, tls } from './schema/tls.ts';
import { tlsRpt } from './schema/tls-rpt.ts';
import { formatPattern, parsePath, parseSystemUser } from './values.ts';

/** Each has a database and a writer of its own. */
const MOST_WORKERS = 64;

/** Checks a configuration as written and parses its values. */
export const configSchema = z
  .strictObject({
    hostname: text(parseMailDomain, 'relay.example.test', '[192.0.2.1]')
      .optional()
      .describe('Name of this host in EHLO and Received. Default: the name that the system gives.'),
    data: text(parsePath, '/var/lib/waxwing')
      .optional()
      .describe('Data folder. Default: /var/lib/waxwing as root, else waxwing in the XDG state folder.'),
    user: text(parseSystemUser, 'waxwing')
      .optional()
      .describe(
        'Who the relay is once its ports are bound, where root starts it. Default: it stays who started it.',
      ),
    workers: count(1, MOST_WORKERS)
      .default(1)
      .describe('Processes that take mail in and deliver it. Each has a queue of its own.'),
    tls,
    dns,
    mta_sts: mtaSts,
    list: policyList,
    check,
    listener: z
      .array(listener)
      .superRefine(
        withoutTwins('address', ({ address, port }) =>
          // Port 0 is a different port each time.
          port === 0 ? undefined : formatHostPort(address, port),
        ),
      )
      .prefault([
        { role: 'submission', address: '127.0.0.1:2525', tls: 'starttls' },
        { role: 'submission', address: '127.0.0.1:4650', tls: 'implicit' },
      ])
      .describe('Where mail is taken in.'),
    certificate: z
      .array(certificate)
      .superRefine(withoutTwins('cert', ({ cert }) => cert))
      .prefault([])
      .describe(
        'Further certificates, for clients that ask for a name in them; without [tls] the first is the default.',
      ),
    account: z
      .array(account)
      .superRefine(withoutTwins('user', ({ user }) => user))
      .prefault([])
      .describe('Who may log in at listeners of role submission, once TLS is up.'),
    accounts,
    account_database: accountDatabase,
    quota: z
      .array(quota)
      .superRefine(withoutTwins('networks', ({ name }) => name))
      .prefault([])
      .describe('How much clients may send, by network.'),
    inbound: z
      .array(inbound)
      .prefault([])
      .describe('Whose mail listeners of role mx take over TLS only; all rules that apply have to be kept.'),
    inbound_memory: inboundMemory,
    memory,
    report_only: reportOnly,
    domain: z
      .array(domain)
      .superRefine(withoutTwins('name', ({ name }) => name))
      .prefault([])
      .describe('Domains for which listeners of role mx take mail.'),
    authentication,
    route: z
      .array(route)
      .superRefine(withoutTwins('match', ({ match }) => formatPattern(match)))
      .prefault([])
      .describe('Rules for recipient domains; the first that matches wins.'),
    rule: z
      .array(rule)
      .prefault([])
      .describe(
        'Rules for senders, recipients and accounts; of each key the first rule that applies and has it.',
      ),
    dkim: z
      .array(dkim)
      .superRefine(withoutTwins('selector', ({ domain: of, selector }) => `${selector}._domainkey.${of}`))
      .prefault([])
      .describe('Keys that sign submitted mail; a message gets one signature of each key of its domain.'),
    forwarding,
    bounces,
    relay,
    limits,
    gateway: z
      .array(gateway)
      .superRefine(withoutTwins('name', ({ name }) => name))
      .prefault([])
      .describe('TLS in front of servers that have none, and verified TLS for clients that have none.'),
    advisor,
    api,
    api_key: z
      .array(apiKey)
      .superRefine(withoutTwins('name', ({ name }) => name))
      .prefault([])
      .describe('Who may use [api].'),
    metrics,
    tls_rpt: tlsRpt,
    sendmail,
    events,
    webhook: z
      .array(webhook)
      .superRefine(withoutTwins('name', ({ name }) => name))
      .prefault([])
      .describe('Who is told of events, by HTTPS.'),
  })
  .meta({ title: 'waxwing.toml' });

/** The configuration after parsing, before defaults that depend on the host or on other values. */
export type ParsedConfig = z.output<typeof configSchema>;

/** The JSON Schema of the configuration as written. */
export function configJsonSchema() {
  return z.toJSONSchema(configSchema, { io: 'input' });
}
