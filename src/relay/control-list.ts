/** The part of the control socket that shows the policy list, and takes one that an operator imports. */
import type { Hono } from 'hono';
import { z } from 'zod';
import type { ListKeeper, ListTerms } from '../lookup/list-keeper.ts';
import type { Domain } from '../names/domain.ts';
import { MAX_LIST_OCTETS } from '../policies/list/policy-list.ts';
import { MAX_SIGNATURE_OCTETS } from '../policies/list/signature.ts';
import type { PolicyStore } from '../store/policy-store.ts';
import { type ImportedList, type KeptListing, toKeptList, toKeptListing, toKeptLook } from './list-api.ts';
import type { World } from './settings.ts';

export interface ListParts {
  readonly world: Pick<World, 'now'>;
  readonly list: {
    readonly keeper: Pick<ListKeeper, 'head' | 'lastLook' | 'nextLookAt' | 'offer'>;
    /** null: no list is used. */
    readonly terms: () => ListTerms | null;
  };
  readonly policies: { readonly list: Pick<PolicyStore['list'], 'listed'> };
  /** Called for each word of an operator that was carried out. */
  readonly onWord: (what: string, about: Readonly<Record<string, unknown>>) => void;
}

/** Base64 is a third longer, and there is a name or two. */
const MOST_OCTETS = Math.ceil(((MAX_LIST_OCTETS + MAX_SIGNATURE_OCTETS + 3) * 4) / 3) + 1000;

const importRequest = z.strictObject({ list: z.base64(), signature: z.base64() });

export function addListRoutes(app: Hono, { list, world, onWord }: ListParts): void {
  const { keeper } = list;
  app.get('/list', (context) => {
    const terms = list.terms();
    return context.json(terms === null ? null : toKeptList(terms, keeper, world.now()));
  });

  app.post('/list', async (context) => {
    const terms = list.terms();
    if (terms === null)
      return context.json({ error: 'no key may sign a policy list here: list.keys is not set' }, 409);
    // Without it (chunked), the size would be known only when everything is in memory.
    const length = context.req.header('content-length');
    if (length === undefined) return context.json({ error: 'Content-Length is missing' }, 411);
    if (Number(length) > MOST_OCTETS)
      return context.json({ error: `the list has more than ${MAX_LIST_OCTETS} octets` }, 413);
    const asked = importRequest.safeParse(await context.req.json().catch(() => undefined));
    if (!asked.success) return context.json({ error: z.prettifyError(asked.error) }, 400);
    const offered = {
      list: Buffer.from(asked.data.list, 'base64'),
      signature: Buffer.from(asked.data.signature, 'base64'),
    };
    const look = toKeptLook(keeper.offer(offered, 'an import'));
    onWord('an operator has handed in a policy list', { ...look });
    const imported: ImportedList = { look, list: toKeptList(terms, keeper, world.now()) };
    return context.json(imported);
  });
}

/** What the list says of a domain; null where it is not on it, or there is none. */
export function listingOf(
  domain: Domain,
  { list, policies, world }: Omit<ListParts, 'onWord'>,
): KeptListing | null {
  const head = list.keeper.head();
  const listed = head === undefined ? undefined : policies.list.listed(domain);
  return head === undefined || listed === undefined ? null : toKeptListing(listed, head, world.now());
}
