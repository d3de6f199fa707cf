/** `[[domain]]`: whose mail listeners of role mx take, and who has the mailboxes. */
import { z } from 'zod';
import { parseDomain } from '../../../names/domain.ts';
import { parseAlias } from '../../../relay/aliases.ts';
import { dmarcActions, spfActions } from '../../../relay/authentication/verdict.ts';
import type { DomainConfig, RecipientsConfig } from '../config.ts';
import { parseLocalPart, parseNamePattern, parseNextHop, parsePath } from '../values.ts';
import {
  type Complain,
  complaints,
  list,
  requireTlsKey,
  requireTlsOfSmtps,
  sourceOf,
  text,
  tlsLevels,
} from './kit.ts';

export const domain = z
  .strictObject({
    name: text(parseDomain, 'example.test').describe('Domain for whose recipients mail is taken.'),
    backend: text(parseNextHop, 'lmtp://127.0.0.1:24').describe(
      'Server that has its mailboxes: lmtp:// (port 24), smtp:// (port 25) or smtps:// (port 465), host and port.',
    ),
    recipients: list(text(parseLocalPart, 'anna', 'ben'), 'recipient')
      .optional()
      .describe('What stands before the @ of every address that exists; postmaster always does.'),
    recipients_file: text(parsePath)
      .optional()
      .describe(
        'File with these, one a line, instead of recipients; a line that begins with # is a comment.',
      ),
    aliases: list(text(parseAlias, 'sales: anna, bob@elsewhere.example', '*: anna'), 'alias')
      .optional()
      .describe(
        'Other names of its mailboxes, and addresses whose mail goes elsewhere, each "name: target, target"; a target without @ is in this domain, * is for all that are not among its recipients.',
      ),
    aliases_file: text(parsePath)
      .optional()
      .describe('File with these, one a line, instead of aliases; # begins a comment.'),
    verify: z
      .enum(['table', 'callout', 'none'])
      .optional()
      .describe(
        'How a recipient is checked while its sender waits. table: against recipients; callout: by asking the backend; none: not at all. Default: table where recipients are given, else callout.',
      ),
    tls: z
      .enum(tlsLevels)
      .optional()
      .describe(
        'TLS level towards the backend, as in [[route]]. Default: at least encrypt with smtps://, may for another backend on a loopback address, else whatever holds for everyone.',
      ),
    requiretls: requireTlsKey(
      'Towards the backend, of messages that were sent with REQUIRETLS. Default: opportunistic for a backend on a loopback address, else as in [relay].',
    ).optional(),
    dmarc: z
      .enum(dmarcActions)
      .optional()
      .describe(
        "What the DMARC policy of an author's domain may do with mail to this domain. Default: as in [authentication]. Of recipients in several domains the mildest counts.",
      ),
    spf_hard_fail: z
      .enum(spfActions)
      .optional()
      .describe('What becomes of mail to this domain whose SPF says fail. Default: as in [authentication].'),
    names: list(text(parseNamePattern), 'name')
      .optional()
      .describe('Further names, or ".suffixes", that its certificate may prove where tls = "authenticate".'),
  })
  .transform((written, context): DomainConfig => {
    const { name, backend, tls, requiretls, names } = written;
    const complain = complaints(context);
    const recipients = recipientsOf(written, complain);
    const aliases = sourceOf(complain, ['aliases', written.aliases], ['aliases_file', written.aliases_file]);
    requireTlsOfSmtps(complain, backend, tls);
    const actions = { dmarc: written.dmarc ?? null, spfHardFail: written.spf_hard_fail ?? null };
    const levels = { tls: tls ?? null, requireTls: requiretls ?? null };
    return { name, backend, ...levels, actions, names: names ?? [], recipients, aliases: aliases ?? null };
  });

interface WrittenRecipients {
  readonly recipients?: readonly string[] | undefined;
  readonly recipients_file?: string | undefined;
  readonly verify?: 'table' | 'callout' | 'none' | undefined;
}

function recipientsOf(written: WrittenRecipients, complain: Complain): RecipientsConfig {
  const table = sourceOf(
    complain,
    ['recipients', written.recipients],
    ['recipients_file', written.recipients_file],
  );
  const verify = written.verify ?? (table === undefined ? 'callout' : 'table');
  if (verify === 'table') {
    if (table !== undefined) return { kind: 'table', locals: table };
    complain('verify', 'needs recipients or recipients_file where it is "table"');
  } else if (table !== undefined) {
    complain('verify', `cannot be ${JSON.stringify(verify)} where recipients are given`);
  }
  return verify === 'none' ? { kind: 'any' } : { kind: 'callout' };
}
