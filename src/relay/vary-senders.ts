/** Whose mail goes out with a sender of its own for each recipient: by XVERP, the HTTP API, an account or a rule. */
import type { Mailbox } from '../names/mailbox.ts';
import { type Rule, variesSender } from '../policies/overrides/rule.ts';
import type { AccountRights } from './accounts.ts';
import type { BounceSettings } from './bounce-addresses.ts';
import type { Treatment } from './treatment.ts';

/**
 * Puts the delimiters into the terms of what is submitted; the senders themselves are made with each attempt.
 *
 * @param varying rules that ask for it.
 */
export function varyingSenders(
  { delimiters }: Pick<BounceSettings, 'delimiters'>,
  varying: readonly Rule[],
  rightsOf: (account: string) => AccountRights | undefined,
): Treatment {
  return ({ submitter, envelope }, before) => {
    const { sender, account, verp } = envelope;
    const recipients = (): readonly Mailbox[] => envelope.recipients.map(({ mailbox }) => mailbox);
    if (submitter.role !== 'submission' || sender === null) return before;
    const isWanted =
      verp !== undefined ||
      (account !== null && rightsOf(account)?.verp === true) ||
      (varying.length > 0 && variesSender({ account, from: sender, to: recipients() }, varying));
    if (!isWanted) return before;
    const named = verp === undefined || verp === '' ? delimiters : verp;
    return { ...before, terms: { ...before.terms, verp: named } };
  };
}
