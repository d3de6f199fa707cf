/** For whom no bulk mail is taken any more, as an API lists and lifts it. */
import { parseMailbox } from '../../names/mailbox.ts';
import type { ClientParts, SuppressedRecipient } from '../control-clients.ts';
import { toSuppressed } from '../control-clients.ts';
import { type Refused, refused } from './answers.ts';
import { readQuery, valueOf } from './query.ts';

export type SuppressionParts = Pick<ClientParts, 'suppressions'>;

export interface SuppressedPage {
  readonly kind: 'ok';
  readonly items: readonly SuppressedRecipient[];
  /** Where the next page begins; null: this is the last one. */
  readonly next: string | null;
}

export const MOST_SUPPRESSED = 500;

export function listSuppressed({ suppressions }: SuppressionParts, url: string): SuppressedPage | Refused {
  const query = readQuery(url, ['limit', 'after']);
  if (query.kind === 'refused') return query;
  const limit = valueOf(query, 'limit') ?? String(MOST_SUPPRESSED);
  if (!/^[1-9][0-9]{0,2}$/.test(limit) || Number(limit) > MOST_SUPPRESSED)
    return refused(400, `limit: is a number from 1 to ${MOST_SUPPRESSED}`, {
      field: 'limit',
      limit: MOST_SUPPRESSED,
    });
  const most = Number(limit);
  const items = suppressions.list({ after: valueOf(query, 'after') ?? '', most }).map(toSuppressed);
  return { kind: 'ok', items, next: items.length < most ? null : (items.at(-1)?.address ?? null) };
}

export function liftSuppressed(
  { suppressions }: SuppressionParts,
  text: string,
): { readonly kind: 'ok'; readonly address: string } | Refused {
  const mailbox = parseMailbox(text, { utf8: true });
  if (mailbox.kind === 'invalid') return refused(400, `address: ${mailbox.because}`, { field: 'address' });
  const address = mailbox.value.text.toLowerCase();
  return suppressions.lift(address) ? { kind: 'ok', address } : refused(404, `${address} is not suppressed`);
}
