/** What policy hosts and resolvers say, for tests of what is made of it. */
import type { Answer } from '../../../../src/dns/answer.ts';
import { nameOf } from '../../../../src/dns/name.ts';
import { type Question, types } from '../../../../src/dns/record.ts';
import { type Domain, parseDomain } from '../../../../src/names/domain.ts';
import type { PolicyLookUp } from '../../../../src/policies/look-ups.ts';
import type { StsEntry } from '../../../../src/policies/mta-sts/cache.ts';
import { parsePolicy, type StsPolicy } from '../../../../src/policies/mta-sts/policy.ts';
import type { HttpsAnswer, HttpsFault, HttpsOutcome } from '../../../../src/wire/https-answer.ts';
import type { TlsFacts } from '../../../../src/wire/tls-facts.ts';

export function domain(text: string): Domain {
  const parsed = parseDomain(text);
  if (parsed.kind !== 'ok') throw new Error(parsed.because);
  return parsed.value;
}

export interface PolicyParts {
  readonly mode?: string;
  readonly maxAge?: number;
  readonly mx?: readonly string[];
}

export function policyText({
  mode = 'enforce',
  maxAge = 604_800,
  mx = ['mx.example.test'],
}: PolicyParts = {}): string {
  const lines = ['version: STSv1', `mode: ${mode}`, ...mx.map((one) => `mx: ${one}`), `max_age: ${maxAge}`];
  return `${lines.join('\n')}\n`;
}

export function policy(parts: PolicyParts = {}): StsPolicy {
  const parsed = parsePolicy(Buffer.from(policyText(parts)));
  if (parsed.kind !== 'ok') throw new Error(parsed.because);
  return parsed.policy;
}

const tls: TlsFacts = {
  version: 'TLSv1.3',
  cipher: 'TLS_AES_256_GCM_SHA384',
  group: 'X25519',
  chain: [],
  path: { kind: 'trusted' },
  serverName: 'mta-sts.example.test',
  alpn: null,
};

export function answered(text: string, parts: Partial<HttpsAnswer> = {}): HttpsOutcome {
  const answer: HttpsAnswer = {
    status: 200,
    contentType: 'text/plain',
    contentEncoding: undefined,
    location: undefined,
    body: Buffer.from(text),
    address: '192.0.2.80',
    tls,
    ...parts,
  };
  return { kind: 'answered', answer };
}

export function failedFetch(fault: HttpsFault, because = `mta-sts.example.test: ${fault}`): HttpsOutcome {
  return { kind: 'failed', fault, because, tls: undefined };
}

/** What the DNS says of `_mta-sts.DOMAIN`. */
export type TxtAnswer =
  | { readonly kind: 'found'; readonly txts: readonly string[]; readonly ttl?: number }
  | { readonly kind: 'absent' | 'unknown'; readonly because?: string };

export const txt = (...txts: readonly string[]): TxtAnswer => ({ kind: 'found', txts });
export const stsRecord = (id: string): TxtAnswer => txt(`v=STSv1; id=${id};`);
export const noRecord: TxtAnswer = { kind: 'absent' };
export const servFail: TxtAnswer = { kind: 'unknown', because: 'no resolver answered' };

function answerTo(question: Question, said: TxtAnswer): Answer {
  const common = {
    question,
    status: 'insecure',
    ttl: said.kind === 'found' ? (said.ttl ?? 300) : 60,
    owner: question.name,
    aliases: [],
    signedSince: null,
    signedUntil: null,
    chain: [],
    because: said.kind === 'found' ? 'there is one' : (said.because ?? `${said.kind}, says the test`),
    errors: [],
  } as const;
  switch (said.kind) {
    case 'found':
      return { ...common, kind: 'found', records: said.txts.map(rdataOf) };
    case 'absent':
      return { ...common, kind: 'absent', what: 'no-such-name' };
    case 'unknown':
      return { ...common, kind: 'unknown', unproven: [] };
  }
}

/** As one character-string. */
function rdataOf(text: string): Uint8Array {
  return Buffer.concat([Uint8Array.of(text.length), Buffer.from(text, 'latin1')]);
}

/** A driver that asks nobody. */
export interface World {
  readonly stored?: StsEntry | undefined;
  readonly dns: TxtAnswer;
  /** Absent: that a policy is fetched is an error. */
  readonly host?: HttpsOutcome;
}

export interface Driven<Outcome> {
  readonly outcome: Outcome;
  readonly asked: readonly Question[];
  /** How often the policy host was asked. */
  readonly fetches: number;
}

export function drive<Outcome>(dialogue: PolicyLookUp<Outcome>, of: Domain, world: World): Driven<Outcome> {
  const asked: Question[] = [];
  let fetches = 0;
  let step = dialogue.next();
  while (step.done !== true) {
    const effect = step.value;
    if (effect.kind !== 'resolve' && effect.kind !== 'all' && effect.domain !== of)
      throw new Error('another domain');
    if (effect.kind === 'recall') {
      step = dialogue.next({ kind: 'recalled', recalled: { sts: world.stored, overrides: [] } });
    } else if (effect.kind === 'resolve') {
      asked.push(effect.question);
      step = dialogue.next({ kind: 'resolved', answer: answerTo(effect.question, world.dns) });
    } else if (effect.kind === 'fetch' && world.host !== undefined) {
      fetches += 1;
      step = dialogue.next({ kind: 'fetched', outcome: world.host });
    } else {
      throw new Error(`nobody expected ${effect.kind}`);
    }
  }
  return { outcome: step.value, asked, fetches };
}

/** The question for the record of a domain. */
export function recordQuestion(text: string): Question {
  return { name: nameOf(domain(`_mta-sts.${text}`)), type: types.TXT };
}
