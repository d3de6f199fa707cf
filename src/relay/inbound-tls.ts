/** Rules of the operator about mail that comes in: whose mail has to come over TLS, and whose with a certificate. */
import type { Mailbox } from '../names/mailbox.ts';
import { covers, type MailboxPattern } from '../policies/overrides/rule.ts';
import type { Refusal } from '../protocols/smtp/server/state.ts';
import { type ClientRule, rulesProvenBy } from '../tls/client-proof.ts';
import type { TlsFacts } from '../wire/tls-facts.ts';

export interface InboundRule {
  readonly from: MailboxPattern;
  /** `authenticate`: and the client shows a certificate that one of `proofs` is about. */
  readonly tls: 'encrypt' | 'authenticate';
  readonly proofs: readonly ClientRule[];
}

/**
 * What the rules say to a sender; all that apply have to be kept.
 *
 * Through a front none of them can be: XCLIENT says nothing of the client's TLS, and the front's own proves nothing.
 *
 * The answer is temporary: where somebody on the path has taken STARTTLS away, the mail waits with its sender and comes
 * when the path is as it was, while a permanent one, as the 530 of RFC 3207 §4, would let him return it.
 */
export function refusalByRules(
  rules: readonly InboundRule[],
  sender: Mailbox | null,
  { tls, introduced }: { readonly tls: TlsFacts | undefined; readonly introduced: boolean },
): Refusal | undefined {
  if (sender === null) return undefined;
  for (const rule of rules) {
    if (!covers(rule.from, sender)) continue;
    if (introduced)
      return refusal(
        `mail of ${sender.text} is taken over TLS only, and whether you use it is not known behind our front: come to us directly`,
      );
    if (tls === undefined) return refusal(`mail of ${sender.text} is taken over TLS only: use STARTTLS`);
    if (rule.tls === 'encrypt') continue;
    const because = unproven(rule, tls);
    if (because !== undefined)
      return refusal(`mail of ${sender.text} is taken from its own servers only: ${because}`);
  }
  return undefined;
}

function unproven({ proofs }: InboundRule, { chain, path }: TlsFacts): string | undefined {
  if (chain.length === 0) return 'you showed no certificate';
  const trusted = path.kind === 'trusted';
  if (rulesProvenBy({ chain, trusted }, proofs).length > 0) return undefined;
  return trusted || path.kind === 'absent'
    ? 'your certificate is not the one of theirs'
    : `your certificate is not valid (${path.code})`;
}

function refusal(text: string): Refusal {
  return { code: 450, enhanced: '4.7.0', text };
}
