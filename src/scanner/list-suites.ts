/**
 * Every suite that a server takes, version by version: asked for until it takes none. It is outside the budget of a visit, and is
 * done only where somebody asked for it.
 */
import { randomBytes } from 'node:crypto';
import type { Agreement } from '../findings/hello-facts.ts';
import type { HelloSeen, SuitesOfVersion, SuitesSeen } from '../findings/hello-seen.ts';
import type { Probed, VisitEnd } from '../findings/observation.ts';
import { type Ingredients, offerUpTo, usualSuites } from '../tls/hello/offers.ts';
import { type Question as Hello, remainingQuestion } from '../tls/hello/questions.ts';
import { suites } from '../tls/hello/suites.ts';
import { SSL_3, TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3 } from '../tls/hello/versions.ts';
import type { Knocking, NotTested } from './probes.ts';

const VERSIONS = [SSL_3, TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3];
/** One question may be what a server hangs at; connections that are left hanging are what clients are banned for. */
const MOST_TIMEOUTS = 2;
/** More than any server of today needs, were it to take all that it can. */
const MOST_CONNECTIONS = 1_000;
/** Of all of it, pauses too: three hundred connections three seconds apart are a quarter of that. */
const MOST_MS = 60 * 60_000;
/** Longer than servers let strangers wait for their greeting, in milliseconds. */
const SLOW_MS = 30_000;
const MOST_SLOW = 5;

/** So many closes without a word, one after the other, and it is time to see whether there is anybody. */
const MOST_CLOSES = 3;

interface Listing {
  readonly knocking: Pick<Knocking, 'hello'>;
  /** Awaited before every connection, with how the last one ended; `stop`: there is no further one. */
  readonly between: (last: VisitEnd) => Promise<'go' | 'stop'>;
  /** Milliseconds, from any beginning. */
  readonly clock: () => number;
  readonly began: number;
  connections: number;
  timeouts: number;
  /** Connections that took too long, but came to an answer. */
  slow: number;
  last: VisitEnd;
  /** What the server was seen to take, so that it is known what it has an answer to. */
  known: Agreement | undefined;
  /** Closes without a word since the last answer: refusals only as long as what is known to be taken is answered. */
  closes: number;
  /** Why nothing more is asked; null: it goes on. */
  stopped: string | null;
}

/**
 * @param last how the connection before these ended.
 * @param known what the server was seen to take by then.
 * @param clock milliseconds, from any beginning.
 */
export async function listSuites(
  knocking: Pick<Knocking, 'hello'>,
  between: Listing['between'],
  last: VisitEnd,
  known: Agreement | undefined,
  clock: () => number,
): Promise<SuitesSeen> {
  const counts = { connections: 0, timeouts: 0, slow: 0, closes: 0 };
  const listing: Listing = {
    knocking,
    between,
    clock,
    began: clock(),
    ...counts,
    last,
    known,
    stopped: null,
  };
  const versions: SuitesOfVersion[] = [];
  for (const version of VERSIONS) {
    // A server that has sent us away is not asked for the other versions, and they are not missing without a word.
    if (listing.stopped !== null) {
      if (versions.every(({ unfinished }) => unfinished === null))
        versions.push({ version, ...nothingSeen, unfinished: listing.stopped });
      break;
    }
    const found = await ofVersion(listing, version);
    if (found !== undefined) versions.push(found);
  }
  return { connections: listing.connections, versions };
}

const nothingSeen = { suites: [], ownOrder: null } as const;

/** @returns undefined where the server does not have the version. */
async function ofVersion(listing: Listing, version: number): Promise<SuitesOfVersion | undefined> {
  const nothing = { version, ...nothingSeen };
  if (version !== TLS_1_3) {
    const first = await ask(listing, firstQuestion(version));
    if (first !== undefined && suiteTaken(first.seen, version) === undefined) {
      await confirm(listing);
      const unfinished = listing.stopped ?? brokenBy(first);
      return unfinished === null ? undefined : { ...nothing, unfinished };
    }
  }
  const taken: number[] = [];
  const settled = new Set<number>();
  let broken: string | null = null;
  for (;;) {
    const question = await ask(listing, (ingredients) => remainingQuestion(ingredients, version, settled));
    if (question === undefined) break;
    const suite = suiteTaken(question.seen, version);
    if (suite !== undefined) taken.push(suite);
    for (const code of suite === undefined ? question.offered : [suite]) settled.add(code);
    broken ??= brokenBy(question);
  }
  await confirm(listing);
  const unfinished = listing.stopped ?? broken;
  if (taken.length === 0) return unfinished === null ? undefined : { ...nothing, unfinished };
  return { version, ...(await inOrder(listing, version, taken)), unfinished };
}

/** All usual suites: asked first, as a list costs a connection for each way of key exchange even where there is nothing to list. */
function firstQuestion(version: number): (ingredients: Ingredients) => Hello {
  return (ingredients) => {
    const offer = { ...offerUpTo(ingredients, version), suites: usualSuites(version) };
    return { offer, until: 'version' };
  };
}

/** Octets that are no answer rule nothing out. */
function brokenBy({ seen }: Asked): string | null {
  return seen.result === 'broken' ? seen.because : null;
}

/** Asks for what the server is known to take, where closes are to count as refusals. */
async function confirm(listing: Listing): Promise<void> {
  const { known } = listing;
  if (listing.closes === 0 || listing.stopped !== null) return;
  if (known !== undefined) await choiceOf(listing, known.version, [known.suite]);
  if (listing.closes > 0)
    listing.stopped ??= 'it closes the connection without a word at what it took before, too';
}

/**
 * Whose order counts: all that the server takes, the best first, and the other way round. Where it is its own, what it takes is asked
 * for again and again without what it took before.
 */
async function inOrder(
  listing: Listing,
  version: number,
  taken: readonly number[],
): Promise<Pick<SuitesOfVersion, 'suites' | 'ownOrder'>> {
  const others = taken.filter((suite) => !isChaCha(suite));
  const isOfAll = await isOwnOrder(listing, version, taken);
  const isOther = isOfAll === false && others.length < taken.length;
  const ownOrder = isOther ? await isOwnOrder(listing, version, others) : isOfAll;
  return { suites: ownOrder === true ? await sorted(listing, version, taken) : taken, ownOrder };
}

/** Some with an order of their own let ChaCha20 go first where the client wants it most, as those do that have no AES in hardware. */
function isChaCha(suite: number): boolean {
  return suites.get(suite)?.cipher === 'CHACHA20';
}

/** Whether it takes the same one whichever end of the list comes first; null where that cannot be told. */
async function isOwnOrder(
  listing: Listing,
  version: number,
  taken: readonly number[],
): Promise<boolean | null> {
  if (taken.length < 2) return null;
  const first = await choiceOf(listing, version, taken);
  const reversed = await choiceOf(listing, version, taken.toReversed());
  return first === undefined || reversed === undefined ? null : first === reversed;
}

/** In the order of a server that has one, with ChaCha20 as it stands there: it is never what we want most. */
async function sorted(
  listing: Listing,
  version: number,
  taken: readonly number[],
): Promise<readonly number[]> {
  const found: number[] = [];
  let rest: readonly number[] = taken.toSorted(
    (one, other) => Number(isChaCha(one)) - Number(isChaCha(other)),
  );
  while (rest.length > 1) {
    const next = await choiceOf(listing, version, rest);
    if (next === undefined) break;
    found.push(next);
    rest = without(rest, next);
  }
  return [...found, ...taken.filter((suite) => rest.includes(suite))];
}

function without(all: readonly number[], one: number): readonly number[] {
  return all.filter((suite) => suite !== one);
}

async function choiceOf(
  listing: Listing,
  version: number,
  offered: readonly number[],
): Promise<number | undefined> {
  const asked = await ask(listing, (ingredients) => {
    const question = remainingQuestion(ingredients, version, new Set());
    if (question?.offer.kind !== 'tls') return undefined;
    return { ...question, offer: { ...question.offer, suites: offered } };
  });
  return asked === undefined ? undefined : suiteTaken(asked.seen, version);
}

interface Asked {
  readonly seen: Extract<Probed<HelloSeen>, { kind: 'seen' }>;
  readonly offered: readonly number[];
}

/**
 * Asks a question, and once more where the server hangs at it.
 *
 * @returns undefined where there is nothing more to ask, or nobody to ask any more, which the listing then says.
 */
async function ask(
  listing: Listing,
  hello: (ingredients: Ingredients) => Hello | undefined,
): Promise<Asked | undefined> {
  const question = hello({ random: randomBytes(32), serverName: null });
  while (question !== undefined && listing.stopped === null) {
    listing.stopped = whyEnough(listing);
    if (listing.stopped === null && (await listing.between(listing.last)) === 'stop')
      listing.stopped = 'the server sent us away';
    if (listing.stopped !== null) break;
    listing.connections += 1;
    const since = listing.clock();
    const { offer } = question;
    const { seen, end } = await listing.knocking.hello(
      (serverName) => (offer.kind === 'tls' ? { ...question, offer: named(offer, serverName) } : question),
      true,
    );
    listing.last = end;
    if (listing.clock() - since > SLOW_MS) listing.slow += 1;
    if (seen.kind === 'seen' && seen.result !== 'not-offered')
      return heard(listing, { seen, offered: offer.kind === 'tls' ? offer.suites : [] });
    if (seen.kind === 'seen') listing.stopped = 'STARTTLS was not offered any more';
    else listing.stopped = whyOver(listing, seen, end);
  }
  return undefined;
}

/** A server that answers each time just before its time is up would keep us for a day. */
function whyEnough({ connections, slow, began, clock }: Listing): string | null {
  if (connections === MOST_CONNECTIONS) return `${MOST_CONNECTIONS} connections are enough`;
  if (slow >= MOST_SLOW) return `${MOST_SLOW} connections took more than ${SLOW_MS / 1_000} seconds each`;
  return clock() - began > MOST_MS ? `it has taken ${MOST_MS / 60_000} minutes` : null;
}

/** Counts closes, and keeps what was taken. */
async function heard(listing: Listing, asked: Asked): Promise<Asked> {
  const { seen } = asked;
  if (seen.result === 'refused' && seen.alert === null) {
    listing.closes += 1;
    if (listing.closes === MOST_CLOSES) await confirm(listing);
    return asked;
  }
  if (seen.result !== 'broken') listing.closes = 0;
  if (seen.result === 'agreed') listing.known = seen.session;
  return asked;
}

/** One hang may pass. @returns null where the question is asked again. */
function whyOver(listing: Listing, { because }: NotTested, { kind }: VisitEnd): string | null {
  if (kind !== 'timeout') return because;
  listing.timeouts += 1;
  return listing.timeouts === MOST_TIMEOUTS ? because : null;
}

/** SSL 3.0 has no extensions, hence no name. */
function named<Offer extends { readonly legacyVersion: number }>(
  offer: Offer,
  serverName: string | null,
): Offer & { readonly serverName: string | null } {
  return { ...offer, serverName: offer.legacyVersion === SSL_3 ? null : serverName };
}

function suiteTaken(seen: HelloSeen, version: number): number | undefined {
  if (seen.result === 'retry') return version === TLS_1_3 ? seen.suite : undefined;
  if (seen.result !== 'agreed' || seen.session.version !== version) return undefined;
  return seen.session.suite;
}
