/**
 * Inside TLS: a second STARTTLS is answered here, and what the backend says of its own is hidden, until a login or a
 * compression after which there is none any more. RFC 3977 §3.1, RFC 4642 §2.2, RFC 4643 §2, RFC 8054 §2.2.
 */
import type { GatewayEffect } from '../../wire/gateway-session.ts';
import { badLineWords, nextLine } from '../../wire/next-line.ts';
import { blockBegins, scanBlock } from './block.ts';
import {
  type BackendPart,
  type ClientPart,
  close,
  type Inside,
  isBetweenLines,
  isBrowser,
  type NntpStep,
  type Pending,
  say,
  waits,
  wordsOf,
} from './state.ts';

const MAX_LINE_BYTES = 16_384;
/** Commands that were not answered yet. */
const MAX_PENDING = 64;

export const fresh: Inside = {
  phase: 'inside',
  pending: [],
  client: { kind: 'commands' },
  backend: { kind: 'response' },
};

export function onClientInside(state: Inside, unread: Buffer): NntpStep {
  if (state.client.kind === 'article') return onArticle(state, state.client.matched, unread);
  if (state.client.kind === 'held' || state.pending.length >= MAX_PENDING) return waits(state);
  const next = nextLine(unread, MAX_LINE_BYTES);
  if (next.kind === 'more') return waits(state);
  if (next.kind === 'bad') {
    const what = `a line ${badLineWords[next.what]}`;
    return close(unread.length, `sent ${what}`, isBetweenLines(state) ? `400 closing: ${what}` : undefined);
  }
  const { line, used } = next;
  // A browser's TLS was led here (ALPACA): nothing of it is passed on, and nothing said back.
  if (state.client.kind === 'commands' && isBrowser(line))
    return close(unread.length, 'sent an HTTP request');
  if (state.client.kind === 'commands' && wordsOf(line)[0] === 'STARTTLS') {
    const pending: readonly Pending[] = [...state.pending, 'starttls'];
    return answerOwn({ ...state, pending }, used, []);
  }
  const { pending, client } = state.client.kind === 'login' ? message : commandOf(line);
  return {
    state: { ...state, pending: [...state.pending, pending], client },
    used,
    effects: [{ kind: 'toBackend', bytes: unread.subarray(0, used) }],
  };
}

interface Command {
  readonly pending: Pending;
  readonly client: ClientPart;
}

/** The next message of a login (RFC 4643 §2.4). */
const message: Command = { pending: 'login', client: { kind: 'held' } };

function commandOf(line: string): Command {
  const commands = { kind: 'commands' } as const;
  switch (wordsOf(line)[0]) {
    case 'CAPABILITIES':
      return { pending: 'capabilities', client: commands };
    case 'LISTGROUP':
      return { pending: 'listgroup', client: commands };
    case 'POST':
    case 'IHAVE':
      return { pending: 'article', client: { kind: 'held' } };
    case 'TAKETHIS':
      // RFC 4644 §2.5: the article follows without a question.
      return { pending: 'other', client: { kind: 'article', matched: blockBegins } };
    case 'AUTHINFO':
      return { pending: 'login', client: { kind: 'held' } };
    case 'COMPRESS':
    case 'XFEATURE':
      return { pending: 'compress', client: { kind: 'held' } };
    default:
      return { pending: 'other', client: commands };
  }
}

function onArticle(state: Inside, matched: number, unread: Buffer): NntpStep {
  const scanned = scanBlock(unread, matched);
  const used = scanned.end ?? unread.length;
  const client: ClientPart =
    scanned.end === undefined ? { kind: 'article', matched: scanned.matched } : { kind: 'commands' };
  return {
    state: { ...state, client },
    used,
    effects: [{ kind: 'toBackend', bytes: unread.subarray(0, used) }],
  };
}

export function onBackendInside(state: Inside, unread: Buffer): NntpStep {
  const { backend } = state;
  if (backend.kind === 'block') return onBlock(state, backend.matched, unread);
  const next = nextLine(unread, MAX_LINE_BYTES);
  if (next.kind === 'more') return waits(state);
  if (next.kind === 'bad') return unfit(state, `sent a line ${badLineWords[next.what]}`);
  const passed: GatewayEffect = { kind: 'toClient', bytes: unread.subarray(0, next.used) };
  if (backend.kind === 'response') return onResponse(state, next.line, next.used, passed);
  if (next.line === '.') return answerOwn({ ...state, backend: { kind: 'response' } }, next.used, [passed]);
  return { state, used: next.used, effects: wordsOf(next.line)[0] === 'STARTTLS' ? [] : [passed] };
}

function onBlock(state: Inside, matched: number, unread: Buffer): NntpStep {
  const scanned = scanBlock(unread, matched);
  const used = scanned.end ?? unread.length;
  const passed: GatewayEffect = { kind: 'toClient', bytes: unread.subarray(0, used) };
  if (scanned.end !== undefined)
    return answerOwn({ ...state, backend: { kind: 'response' } }, used, [passed]);
  return {
    state: { ...state, backend: { kind: 'block', matched: scanned.matched } },
    used,
    effects: [passed],
  };
}

/** Codes behind which a block follows (RFC 3977 appendix C), with those of XINDEX and XGTITLE (RFC 2980). */
const multiLine: ReadonlySet<number> = new Set([100, 101, 215, 218, 220, 221, 222, 224, 225, 230, 231, 282]);

function onResponse(state: Inside, line: string, used: number, passed: GatewayEffect): NntpStep {
  const code = Number(/^[1-5][0-9]{2}(?= |$)/.exec(line)?.[0] ?? Number.NaN);
  if (Number.isNaN(code)) return unfit(state, 'sent what is not a response');
  const [head, ...rest] = state.pending;
  if (head === undefined) {
    // RFC 3977 §3.2.1 has it as the answer to the next command; servers that close say it without one, too.
    if (code !== 400) return unfit(state, 'spoke out of turn');
    const because = 'the server behind closes';
    return { state: { phase: 'over' }, used, effects: [passed, { kind: 'close', because }] };
  }
  if (head === 'login' && (code === 281 || code === 283)) return spliced(used, passed);
  if (head === 'compress' && (code === 206 || code === 290)) return spliced(used, passed);
  if (head === 'article' && (code === 335 || code === 340)) {
    const client: ClientPart = { kind: 'article', matched: blockBegins };
    return { state: { ...state, pending: ['other', ...rest], client }, used, effects: [passed] };
  }
  const after: Inside = {
    ...state,
    pending: rest,
    client: afterResponse(state.client, head, code),
    backend: contentOf(head, code),
  };
  if (after.backend.kind !== 'response') return { state: after, used, effects: [passed] };
  return answerOwn(after, used, [passed]);
}

function afterResponse(client: ClientPart, head: Pending, code: number): ClientPart {
  if (head === 'login' && code === 383) return { kind: 'login' };
  return client.kind === 'held' && holds.has(head) ? { kind: 'commands' } : client;
}

/** Commands whose response decides what the client may say next. */
const holds: ReadonlySet<Pending> = new Set<Pending>(['article', 'login', 'compress']);

function contentOf(head: Pending, code: number): BackendPart {
  if (code === 101 && head === 'capabilities') return { kind: 'capabilities' };
  // RFC 3977 §6.1.2: 211 is followed by a list for LISTGROUP only.
  const block = code === 211 ? head === 'listgroup' : multiLine.has(code);
  return block ? { kind: 'block', matched: blockBegins } : { kind: 'response' };
}

/** RFC 4642 §2.2.1: 502 where TLS is active already; each in its turn. */
function answerOwn(state: Inside, used: number, before: readonly GatewayEffect[]): NntpStep {
  const own = state.pending.findIndex((one) => one !== 'starttls');
  const count = state.backend.kind !== 'response' ? 0 : own === -1 ? state.pending.length : own;
  const answers = Array.from({ length: count }, () => say('502 TLS is active already'));
  return { state: { ...state, pending: state.pending.slice(count) }, used, effects: [...before, ...answers] };
}

function spliced(used: number, passed: GatewayEffect): NntpStep {
  return { state: { phase: 'over' }, used, effects: [passed, { kind: 'splice' }] };
}

function unfit(state: Inside, what: string): NntpStep {
  const line = '400 closing: the server behind is not fit to be used';
  return close(0, `the server behind ${what}`, isBetweenLines(state) ? line : undefined);
}
