/** Whether anything can be proven by what the resolvers give. RFC 4035 §4, RFC 6840 §5.7 and §5.8. */
import type { Message } from '../../dns/message.ts';
import { type Name, showName } from '../../dns/name.ts';
import { type Question, types } from '../../dns/record.ts';
import { showExtendedError, showRcode, showType } from '../../dns/show.ts';
import type { Deadlines } from '../deadlines.ts';
import type { Exchanged } from './carried.ts';
import type { Client } from './client.ts';
import type { Wishes } from './query.ts';

/** What a self-test found, each in one sentence. */
export type SelfTest =
  /** At least one resolver gives what it takes; only such ones are asked. */
  | { readonly kind: 'provable'; readonly because: string }
  /** They answer, and none gives what it takes. */
  | { readonly kind: 'unprovable'; readonly because: string }
  /** None of them answers, so nothing is known. */
  | { readonly kind: 'no-answer'; readonly because: string }
  /** Nothing is to be proven. */
  | { readonly kind: 'off'; readonly because: string };

/** What the test of one resolver found; `because` begins with its name. */
export interface ClientTest {
  readonly client: Client;
  readonly verdict: 'yes' | 'no' | 'silent';
  /** Whether it sets AD only where it is asked for records of DNSSEC too. */
  readonly needsDo: boolean;
  readonly because: string;
}

/** `validate`: it has to give signed keys. `trust`: it has to say that it has validated. */
export interface TestTerms {
  readonly mode: 'validate' | 'trust';
  /** Zones whose keys are known; at least one. */
  readonly zones: readonly Name[];
  readonly deadlines: Deadlines;
  readonly timeoutMs: number;
}

export const validating: Wishes = { checkingDisabled: true, authenticData: false, dnssecOk: true };
export const trusting: Wishes = { checkingDisabled: false, authenticData: true, dnssecOk: false };
/** With the AD bit clear: a forwarder that only gives it back as it came has nothing to say. */
const ownWord: Wishes = { ...trusting, authenticData: false, dnssecOk: true };

/** Tests each resolver. */
export async function testClients(
  clients: readonly Client[],
  terms: TestTerms,
): Promise<readonly ClientTest[]> {
  return Promise.all(clients.map((client) => testClient(client, terms)));
}

/** The result of all the tests. */
export function summaryOf(tests: readonly ClientTest[]): SelfTest {
  const told = (wanted: readonly ClientTest[]): string => wanted.map(({ because }) => because).join('; ');
  const good = tests.filter(({ verdict }) => verdict === 'yes');
  const bad = tests.filter(({ verdict }) => verdict === 'no');
  if (good.length > 0) {
    const others = tests.filter(({ verdict }) => verdict !== 'yes');
    const rest = others.length === 0 ? '' : `; not asked for now: ${told(others)}`;
    return { kind: 'provable', because: `${told(good)}${rest}` };
  }
  return bad.length > 0
    ? { kind: 'unprovable', because: `${told(bad)}, so nothing can be proven and DANE is off` }
    : { kind: 'no-answer', because: told(tests) };
}

/** Whether a message holds the keys of a zone, signed. */
export function hasSignedKeys({ answers }: Message, zone: Name): boolean {
  const here = answers.filter(({ name }) => name === zone);
  return (
    here.some(({ type }) => type === types.DNSKEY) &&
    here.some(({ type, data }) => type === types.RRSIG && covered(data) === types.DNSKEY)
  );
}

/** RFC 4034 §3.1.1. */
function covered(rrsig: Uint8Array): number {
  return (rrsig[0] ?? 0) * 256 + (rrsig[1] ?? 0);
}

async function testClient(client: Client, terms: TestTerms): Promise<ClientTest> {
  let last: ClientTest | undefined;
  for (const zone of terms.zones) {
    last = await (terms.mode === 'validate' ? testKeys(client, zone, terms) : testTrust(client, zone, terms));
    if (last.verdict === 'yes') return last;
  }
  return last ?? { client, verdict: 'silent', needsDo: false, because: `${client.name} was not tested` };
}

async function testKeys(client: Client, zone: Name, terms: TestTerms): Promise<ClientTest> {
  const question = { name: zone, type: types.DNSKEY };
  const exchanged = await askOne(client, question, validating, terms);
  const { name } = client;
  const found = { client, needsDo: false };
  if (exchanged.kind === 'failed')
    return { ...found, verdict: 'silent', because: `${name} ${exchanged.because}` };
  const { message } = exchanged;
  if (hasSignedKeys(message, zone)) {
    return { ...found, verdict: 'yes', because: `${name} gives the signed keys of ${showName(zone)}` };
  }
  const because = client.habits.edns
    ? `${name} gives no DNSSEC records (${shown(question, message)})`
    : `${name} does not know EDNS, so it gives no DNSSEC records`;
  return { ...found, verdict: 'no', because };
}

async function testTrust(client: Client, zone: Name, terms: TestTerms): Promise<ClientTest> {
  const question = { name: zone, type: types.SOA };
  const { name } = client;
  let needsDo = false;
  for (const wishes of [ownWord, trusting]) {
    const exchanged = await askOne(client, question, wishes, terms);
    if (exchanged.kind === 'failed') {
      return { client, verdict: 'silent', needsDo, because: `${name} ${exchanged.because}` };
    }
    const { message } = exchanged;
    const says = message.authenticated && message.answers.length > 0;
    if (!says && wishes === ownWord) {
      const because = `${name} does not validate (${shown(question, message)}, without AD)`;
      return { client, verdict: 'no', needsDo, because };
    }
    needsDo = !says;
  }
  return { client, verdict: 'yes', needsDo, because: `${name} validates ${showName(zone)} (AD)` };
}

/** What it answered, for people. */
function shown({ name, type }: Question, { rcode, answers, edns }: Message): string {
  const reasons = (edns?.errors ?? []).map((error) => `, ${showExtendedError(error)}`).join('');
  return `to ${showName(name)} ${showType(type)} it answered ${showRcode(rcode)} with ${answers.length} records${reasons}`;
}

/** Where it gives no answer in time, the exchange says why. */
function askOne(
  client: Client,
  question: Question,
  wishes: Wishes,
  { deadlines, timeoutMs }: TestTerms,
): Promise<Exchanged> {
  return new Promise((resolve) => {
    const deadline = deadlines.add(() => {
      const because = exchange.soFar();
      exchange.drop();
      resolve({ kind: 'failed', because });
    });
    const exchange = client.ask(
      question,
      () => wishes,
      timeoutMs,
      (exchanged) => {
        deadline.drop();
        resolve(exchanged);
      },
    );
    deadline.set(timeoutMs);
  });
}
