/** What becomes of a message by what was found out about its sender, and by what the operator wants. */
import type { AuthenticationResult, DmarcPolicy } from '../../mail/authentication-results.ts';
import { printable } from '../../mail/field.ts';
import { readResults } from '../../mail/read-results.ts';
import type { Refusal } from '../../protocols/smtp/server/state.ts';
import type { DmarcFindings } from './dmarc.ts';

/**
 * What the operator lets the policy of an author's domain do. `mark`: nothing but the field with the results.
 * `quarantine`: mail that its domain wants refused or set apart gets a field by which the mailbox sets it apart.
 * `reject`: what its domain wants refused is refused, and what it wants set apart is.
 */
export type DmarcAction = 'mark' | 'quarantine' | 'reject';

/** What becomes of mail whose SPF says `fail`. */
export type SpfAction = 'mark' | 'reject';

/** The mildest first. */
export const dmarcActions = ['mark', 'quarantine', 'reject'] as const satisfies readonly DmarcAction[];
export const spfActions = ['mark', 'reject'] as const satisfies readonly SpfAction[];

export interface Actions {
  readonly dmarc: DmarcAction;
  readonly spfHardFail: SpfAction;
}

export type Verdict =
  | { readonly kind: 'taken' }
  /** `because` in a word for the field: `dmarc`. */
  | { readonly kind: 'set-apart'; readonly because: string }
  | ({ readonly kind: 'refused' } & Refusal);

const TAKEN: Verdict = { kind: 'taken' };

/**
 * RFC 9989 §7.4: a receiver must not refuse mail for a policy of `reject` alone; sealers that the operator trusts are the
 * other knowledge here.
 *
 * @param trustedSealers domains in lower case.
 */
export function verdictOf(
  results: AuthenticationResult,
  findings: DmarcFindings,
  actions: Actions,
  trustedSealers: readonly string[],
): Verdict {
  const { spf, dmarc } = results;
  const vouched = isVouchedFor(results, trustedSealers);
  if (dmarc.result === 'pass' || vouched) return TAKEN;
  const byDmarc = dmarcVerdict(results, findings, actions.dmarc, trustedSealers.length > 0);
  if (byDmarc.kind === 'refused') return byDmarc;
  if (actions.spfHardFail === 'reject' && spf.result === 'fail')
    return {
      kind: 'refused',
      code: 550,
      enhanced: '5.7.23',
      text: `SPF of ${shown(spf.domain)} says that this host sends no mail for it`,
    };
  return byDmarc;
}

function dmarcVerdict(
  { spf, dkim, arc, dmarc }: AuthenticationResult,
  { unclearAuthor, partial }: DmarcFindings,
  action: DmarcAction,
  sealersCount: boolean,
): Verdict {
  if (action === 'mark') return TAKEN;
  if (unclearAuthor) {
    const text = 'the From field does not name authors of one domain';
    return action === 'reject'
      ? { kind: 'refused', code: 550, enhanced: '5.6.0', text }
      : { kind: 'set-apart', because: 'author' };
  }
  const wanted = partial ? milder(dmarc.policy) : dmarc.policy;
  if (dmarc.result === 'temperror') {
    // Known to ask for nothing: then it makes no difference what nobody knows.
    if (wanted === 'none') return TAKEN;
    if (action === 'quarantine' || wanted === 'quarantine')
      return { kind: 'set-apart', because: 'dmarc-unknown' };
    return later(dmarc.from);
  }
  if (dmarc.result !== 'fail' || wanted === null || wanted === 'none') return TAKEN;
  if (wanted === 'quarantine' || action === 'quarantine') return { kind: 'set-apart', because: 'dmarc' };
  if (sealersCount && arc.unknown) return later(dmarc.from);
  const signatures =
    dkim.length === 0 ? 'none' : [...new Set(dkim.map(({ result }) => result))].join(' and ');
  return {
    kind: 'refused',
    code: 550,
    enhanced: '5.7.26',
    text: `${shown(dmarc.from)} asks to refuse mail of its name that fails DMARC (SPF ${spf.result}, DKIM ${signatures})`,
  };
}

/** A name that the sender chose, short enough for a reply (RFC 5321 §4.5.3.1.5: 512 octets with all that stands around it). */
function shown(domain: string | null): string {
  return domain === null ? 'its author' : printable(domain, 100);
}

/** RFC 7208 §8.6 has 451 and 4.4.3 for what the DNS did not tell. */
function later(from: string | null): Verdict {
  return {
    kind: 'refused',
    code: 451,
    enhanced: '4.4.3',
    text: `the DNS did not say whether this mail is really from ${shown(from)}; try again later`,
  };
}

/** RFC 7489 §6.6.4 did this with the part of the mail that `pct` leaves out; which part that is, chance decided. */
function milder(policy: DmarcPolicy | null): DmarcPolicy | null {
  return policy === 'reject' ? 'quarantine' : policy && 'none';
}

/**
 * Whether sealers that are trusted, without anybody else behind them, say that DMARC passed for this author when the
 * message came to them (RFC 8617 §7.2).
 */
export function isVouchedFor(
  { arc, dmarc }: AuthenticationResult,
  trustedSealers: readonly string[],
): boolean {
  if (arc.result !== 'pass' || dmarc.from === null) return false;
  for (const { domain, results } of arc.sealers) {
    if (!trustedSealers.includes(domain)) return false;
    const passed = readResults(results)?.some(
      ({ method, result, properties }) =>
        method === 'dmarc' &&
        result === 'pass' &&
        properties.get('header.from')?.toLowerCase() === dmarc.from?.toLowerCase(),
    );
    if (passed === true) return true;
  }
  return false;
}
