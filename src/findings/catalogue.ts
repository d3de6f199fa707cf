/** Everything that a check can find, by its stable id: the page docs/findings.md is made from this. */
import { caaChecks } from './catalogue/caa.ts';
import { certChecks } from './catalogue/cert.ts';
import { connChecks } from './catalogue/conn.ts';
import { daneChecks } from './catalogue/dane.ts';
import { dnsChecks } from './catalogue/dns.ts';
import { dnssecChecks } from './catalogue/dnssec.ts';
import { handshakeChecks } from './catalogue/handshake.ts';
import { mailboxChecks } from './catalogue/mailbox.ts';
import { mtastsChecks } from './catalogue/mtasts.ts';
import { mxChecks } from './catalogue/mx.ts';
import { sendersChecks } from './catalogue/senders.ts';
import { smtpChecks } from './catalogue/smtp.ts';
import { starttlsChecks } from './catalogue/starttls.ts';
import { suitesChecks } from './catalogue/suites.ts';
import { tlsChecks } from './catalogue/tls.ts';
import { tlsrptChecks } from './catalogue/tlsrpt.ts';
import type { CheckEntry } from './check.ts';

export const catalogue = {
  ...dnsChecks,
  ...mxChecks,
  ...caaChecks,
  ...connChecks,
  ...smtpChecks,
  ...starttlsChecks,
  ...mailboxChecks,
  ...tlsChecks,
  ...suitesChecks,
  ...handshakeChecks,
  ...certChecks,
  ...dnssecChecks,
  ...daneChecks,
  ...mtastsChecks,
  ...tlsrptChecks,
  ...sendersChecks,
} as const;

/** The stable name of a check. */
export type CheckId = keyof typeof catalogue;

/** Found faster than in an object with so many keys; every finding looks some times. */
const entries: ReadonlyMap<string, CheckEntry> = new Map(Object.entries(catalogue));

/** What is said of a check whatever it came to. */
export function entryOf(id: CheckId): CheckEntry {
  return entries.get(id) ?? catalogue[id];
}

/** Every id, in the order of the page. */
export const checkIds: readonly string[] = Object.keys(catalogue);
