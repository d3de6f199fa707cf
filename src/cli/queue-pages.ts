/** The queue of the running relay, page after page: it may hold millions of recipients, and nobody holds the list whole. */
import { LISTED_AT_ONCE, type QueuedMessage } from '../relay/control-api.ts';

/**
 * Gives each message once, oldest first; the first page is given also where it is empty.
 *
 * @param after goes on behind this message.
 * @param get the answer to a path of the control socket; undefined ends the list, and why has been said by then.
 * @returns whether the list has been given to its end.
 */
export async function* queuePages(
  which: 'open' | 'all',
  after: string | undefined,
  get: (path: string) => Promise<unknown>,
): AsyncGenerator<readonly QueuedMessage[], 'whole' | 'cut'> {
  for (let last = after; ; ) {
    const query = new URLSearchParams({ which, ...(last === undefined ? {} : { after: last }) });
    const answer = await get(`/queue?${query.toString()}`);
    if (answer === undefined) return 'cut';
    const page = answer as readonly QueuedMessage[];
    yield page;
    if (page.length < LISTED_AT_ONCE) return 'whole';
    last = page.at(-1)?.id;
  }
}
