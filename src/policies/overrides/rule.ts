/** Operator rules about who sends to whom: the TLS level, and what becomes of mail for which it cannot be had. */
import { isWithin } from '../../names/domain.ts';
import { formatMailDomain, type Mailbox, type MailDomain } from '../../names/mailbox.ts';
import type { TlsLevel } from '../words.ts';
import type { NamePattern } from './route.ts';

/** What becomes of mail when the required TLS cannot be had. */
export type OnBlocked = 'hold' | 'bounce' | 'drop';

/** One mailbox, or those of a domain, or of all domains below it. */
export type MailboxPattern = NamePattern | { readonly kind: 'mailbox'; readonly mailbox: Mailbox };

/** A rule applies where all that it names does. */
export interface Rule {
  /** Who was logged in when the message was submitted. */
  readonly account: string | null;
  readonly from: MailboxPattern | null;
  readonly to: MailboxPattern | null;
  /** null: not this rule's business. */
  readonly tls: TlsLevel | null;
  /** null: not this rule's business. */
  readonly onBlocked: OnBlocked | null;
  /** Each copy names its recipient in its sender: all of a message that has one of these recipients. */
  readonly verp?: true;
}

/** Whose mail it is. */
export interface Parties {
  readonly account: string | null;
  /** null: the null sender. */
  readonly from: Mailbox | null;
  readonly to: Mailbox;
}

/** What the rules say of one delivery: of each key the first rule that applies and has it. */
export interface Ruled {
  readonly tls: { readonly level: TlsLevel; readonly rule: Rule } | null;
  readonly onBlocked: OnBlocked | null;
}

export const nothingRuled: Ruled = { tls: null, onBlocked: null };

/** In the operator's order. */
export function ruledFor(parties: Parties, rules: readonly Rule[]): Ruled {
  if (rules.length === 0) return nothingRuled;
  const applying = rules.filter((rule) => applies(rule, parties));
  const byLevel = applying.find(({ tls }) => tls !== null);
  return {
    tls: byLevel === undefined || byLevel.tls === null ? null : { level: byLevel.tls, rule: byLevel },
    onBlocked: applying.find(({ onBlocked }) => onBlocked !== null)?.onBlocked ?? null,
  };
}

/** Whether each copy of this mail is to name its recipient in its sender. */
export function variesSender(
  { account, from, to }: Omit<Parties, 'to'> & { readonly to: readonly Mailbox[] },
  rules: readonly Rule[],
): boolean {
  return rules.some(
    (rule) => rule.verp === true && to.some((one) => applies(rule, { account, from, to: one })),
  );
}

/** What they say of mail from anybody, whoever submitted it, to any mailbox of one domain. */
export function ruledForDomain(at: MailDomain, rules: readonly Rule[]): Ruled {
  const general = rules.filter(
    ({ account, from, to }) => account === null && from === null && to?.kind !== 'mailbox',
  );
  const to: Mailbox = { local: 'postmaster', at, text: `postmaster@${formatMailDomain(at)}` };
  return ruledFor({ account: null, from: null, to }, general);
}

/** The rule by what it is about: `the rule for mail of the account invoices to .partner.example`. */
export function ruleText({ account, from, to }: Rule): string {
  const parts = [
    account === null ? '' : ` of the account ${account}`,
    from === null ? '' : ` from ${patternText(from)}`,
    to === null ? '' : ` to ${patternText(to)}`,
  ];
  return `the rule for mail${parts.join('')}`;
}

function patternText(pattern: MailboxPattern): string {
  if (pattern.kind === 'mailbox') return pattern.mailbox.text;
  return pattern.kind === 'domain' ? pattern.domain : `.${pattern.domain}`;
}

function applies(rule: Rule, { account, from, to }: Parties): boolean {
  if (rule.account !== null && rule.account !== account) return false;
  if (rule.from !== null && (from === null || !covers(rule.from, from))) return false;
  return rule.to === null || covers(rule.to, to);
}

/** Whether a mailbox is one that the pattern means. */
export function covers(pattern: MailboxPattern, mailbox: Mailbox): boolean {
  // Local parts are the owner's to compare (RFC 5321 §2.4); an operator writes them without minding their case.
  if (pattern.kind === 'mailbox') return pattern.mailbox.text.toLowerCase() === mailbox.text.toLowerCase();
  if (mailbox.at.kind === 'literal') return false;
  const { domain } = mailbox.at;
  return pattern.kind === 'domain'
    ? domain === pattern.domain
    : domain !== pattern.domain && isWithin(domain, pattern.domain);
}
