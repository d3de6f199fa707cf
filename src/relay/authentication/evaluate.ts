/**
 * Finds out who sent a message: SPF, DKIM, ARC and DMARC by mailauth, in its strict mode, with our own resolver.
 *
 * mailauth reads and computes; what it is given, how long it may ask and what its answers come to is ours.
 */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { DKIMVerifyResult, DNSResolver, SPFResult } from 'mailauth';
import type { Answer } from '../../dns/answer.ts';
import type { Question } from '../../dns/record.ts';
import type {
  ArcResult,
  AuthenticationResult,
  DkimResult,
  SpfResult,
} from '../../mail/authentication-results.ts';
import type { Mailbox } from '../../names/mailbox.ts';
import { type IncomingMessage, type Span, without } from '../treatment.ts';
import { type DmarcFindings, judgeDmarc } from './dmarc.ts';
import { type MessageLookUps, messageLookUps } from './look-ups.ts';
import { notLookedAt } from './not-looked-at.ts';
import { sealersOf } from './sealers.ts';

export interface EvaluationParts {
  readonly lookUp: (question: Question) => Promise<Answer>;
  /** For SPF, DKIM and ARC together; DMARC gets half as much behind it. */
  readonly withinMs: number;
  /** Our name, for the macro `%{r}` of SPF. */
  readonly receiver: string;
  /** An error of mailauth's, with what it was at. */
  readonly onError: (what: string, error: unknown) => void;
}

type Content = Pick<IncomingMessage, 'id' | 'head' | 'section' | 'content' | 'bodyAt' | 'longestLine'>;

export interface Judged extends Content {
  /** The address that it came from; null: a front or a proxy did not say. */
  readonly client: string | null;
  /** The name in HELO or EHLO. */
  readonly hello: string;
  /** null: the null sender. */
  readonly sender: Mailbox | null;
}

/** The results, and what only the verdict needs beside them. */
export interface Evaluation {
  readonly results: AuthenticationResult;
  readonly dmarc: DmarcFindings;
}

/** A key of fewer bits proves nothing (RFC 8301 §3.2). */
const LEAST_KEY_BITS = 1_024;

/** RFC 7208 §4.6.4. */
const MOST_LOOK_UPS = 10;
const MOST_VOID_LOOK_UPS = 2;

type Library = typeof import('mailauth');

/** Not loaded where nobody asks: it takes a quarter of a second and stands still meanwhile. */
let loaded: Promise<Library> | undefined;

/** Loads what the first message would wait for. */
export function prepare(): void {
  // Whoever evaluates is told what is wrong with it.
  library().catch(() => undefined);
}

function library(): Promise<Library> {
  loaded ??= import('mailauth');
  return loaded;
}

/** Never rejects: what cannot be found out is `temperror`. */
export async function evaluate(parts: EvaluationParts, message: Judged): Promise<Evaluation> {
  const { lookUp, withinMs } = parts;
  const mailauth = await library();
  const first = messageLookUps(lookUp, withinMs);
  const [spf, dkim] = await Promise.all([
    spfOf(mailauth, parts, message, first),
    dkimOf(mailauth, parts, message, first),
  ]);
  const arc = await arcOf(mailauth, parts, message, dkim.verified, first);
  first.end();
  // Of its own, so that nobody hides a policy behind name servers of his that never answer.
  const second = messageLookUps(lookUp, withinMs / 2);
  const dmarc = await judgeDmarc(mailauth, parts, message, { spf, ...dkim, ask: resolverOf(second) });
  second.end();
  return { results: { spf, dkim: dkim.results, arc, dmarc: dmarc.result }, dmarc: dmarc.findings };
}

/** The types of mailauth know of no MX records, which are objects. */
function isResolver(ask: unknown): ask is DNSResolver {
  return typeof ask === 'function';
}

function resolverOf({ ask }: MessageLookUps): DNSResolver {
  const given: unknown = ask;
  if (!isResolver(given)) throw new Error('the look-ups of a message are no function');
  return given;
}

async function spfOf(
  { spf }: Library,
  { receiver, withinMs, onError }: EvaluationParts,
  { id, client, hello, sender }: Judged,
  lookUps: MessageLookUps,
): Promise<SpfResult> {
  const identity = sender === null ? 'helo' : 'mailfrom';
  const fallback = sender === null ? hello : sender.text.slice(sender.text.lastIndexOf('@') + 1);
  // RFC 7208 §4.1: check_host() is about the client's address, and a front's is not it.
  if (client === null) {
    const because = 'the address of the client is not known';
    return { result: 'none', identity, value: fallback, domain: fallback.toLowerCase(), because };
  }
  try {
    const found = await spf({
      ...(sender === null ? {} : { sender: sender.text }),
      ip: client,
      helo: hello,
      mta: receiver,
      resolver: resolverOf(lookUps),
      maxResolveCount: MOST_LOOK_UPS,
      maxVoidCount: MOST_VOID_LOOK_UPS,
      maxElapsedTime: withinMs,
      strict: true,
    });
    return {
      result: oneOf(spfResults, found.status.result),
      identity,
      value: found.status.smtp?.[identity] ?? fallback,
      domain: found.domain,
      because: spfReason(found),
    };
  } catch (error) {
    onError(`SPF of message ${id}`, error);
    return { result: 'temperror', identity, value: fallback, domain: fallback, because: OUR_FAULT };
  }
}

const spfResults = ['none', 'neutral', 'pass', 'fail', 'softfail', 'temperror', 'permerror'] as const;
const dkimResults = ['pass', 'fail', 'policy', 'neutral', 'temperror', 'permerror'] as const;
const arcResults = ['none', 'pass', 'fail'] as const;

const OUR_FAULT = 'an error of the checker';

/** What mailauth's sentence says is wrong; it repeats the sender before. */
function spfReason({ status: { result, comment }, ...found }: SPFResult): string | null {
  if (result !== 'permerror' && result !== 'temperror') return null;
  const about = ` during lookup of ${found['envelope-from'] ?? ''}: `;
  const at = comment?.indexOf(about) ?? -1;
  return at === -1 ? null : (comment?.slice(at + about.length) ?? null);
}

interface DkimFindings {
  readonly results: readonly DkimResult[];
  /** undefined where mailauth failed. */
  readonly verified: DKIMVerifyResult | undefined;
}

async function dkimOf(
  { dkimVerify }: Library,
  { onError }: EvaluationParts,
  message: Judged,
  lookUps: MessageLookUps,
): Promise<DkimFindings> {
  const { surplus, leftOut } = notLookedAt(message);
  try {
    const verified = await dkimVerify(asSent(message, leftOut), {
      resolver: resolverOf(lookUps),
      minBitLength: LEAST_KEY_BITS,
      strict: true,
    });
    const results = verified.results
      .filter(({ status }) => status.result !== 'none')
      .map((one): DkimResult => {
        const { status, signingDomain, selector, algo, signature } = one;
        const identity: unknown = status.header?.['i'];
        return {
          result: oneOf(dkimResults, status.result),
          domain: signingDomain ?? '',
          selector: selector ?? '',
          identity: typeof identity === 'string' ? identity : null,
          algorithm: algo ?? null,
          signature: signature?.slice(0, 8) ?? null,
          uncovered: status.underSized ?? 0,
          because: status.policy?.['dkim-rules'] ?? status.comment ?? null,
        };
      });
    if (surplus > 0) results.push(tooMany(surplus));
    return { results, verified };
  } catch (error) {
    onError(`DKIM of message ${message.id}`, error);
    const failed = { ...tooMany(0), result: 'temperror', because: OUR_FAULT } as const;
    return { results: [failed], verified: undefined };
  }
}

function tooMany(surplus: number): DkimResult {
  return {
    result: 'policy',
    domain: '',
    selector: '',
    identity: null,
    algorithm: null,
    signature: null,
    uncovered: 0,
    because: `signatures not looked at: ${surplus}`,
  };
}

/** The content as it came, our own fields not in front; and without the fields that are not to be looked at. */
function asSent({ head, section, content, bodyAt }: Judged, leaveOut: readonly Span[]): Buffer | Readable {
  if (content.kind === 'bytes') return Buffer.concat(without(head, leaveOut));
  const header = Buffer.concat(without(head.subarray(0, section.bodyStart), leaveOut));
  const { path } = content;
  return Readable.from(
    (async function* () {
      yield header;
      yield* createReadStream(path, { start: bodyAt });
    })(),
    { objectMode: false },
  );
}

async function arcOf(
  { arc }: Library,
  { onError }: EvaluationParts,
  { id, client }: Judged,
  verified: DKIMVerifyResult | undefined,
  lookUps: MessageLookUps,
): Promise<ArcResult> {
  const none: ArcResult = { result: 'none', instance: 0, sealers: [], unknown: false, because: null };
  const failed: ArcResult = { ...none, result: 'fail', unknown: true, because: OUR_FAULT };
  if (verified === undefined) return failed;
  const data = verified.arc;
  if (data === undefined || (data.chain === false && data.error === undefined)) return none;
  const { chain, lastEntry, error } = data;
  const before = lookUps.unknown();
  try {
    const found = await arc(
      { chain: chain === false ? [] : chain, ...(lastEntry && { lastEntry }), ...(error && { error }) },
      {
        resolver: resolverOf(lookUps),
        minBitLength: LEAST_KEY_BITS,
        strict: true,
        ...(client !== null && { ip: client }),
      },
    );
    const result = oneOf(arcResults, found.status.result);
    const unsigned = lastEntry?.messageSignature?.status.result === 'temperror';
    return {
      result,
      instance: found.i === false ? 0 : found.i,
      sealers: result === 'pass' && chain !== false ? sealersOf(chain) : [],
      unknown: result === 'fail' && (unsigned || lookUps.unknown() > before),
      because: result === 'fail' ? (found.status.comment ?? null) : null,
    };
  } catch (failure) {
    onError(`ARC of message ${id}`, failure);
    return failed;
  }
}

function oneOf<const Word extends string>(words: readonly Word[], said: string): Word {
  const word = words.find((one) => one === said);
  if (word === undefined) throw new Error(`mailauth said ${said}`);
  return word;
}
