/** Our validator beside unbound, over every question of the lab: the same verdict, the same records. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, type TestContext } from 'node:test';
import { parseAnchors } from '../../src/dns/anchors.ts';
import type { Answer } from '../../src/dns/answer.ts';
import { parseName } from '../../src/dns/name.ts';
import { openResolver, type Resolver } from '../../src/net/dns/resolver.ts';
import { parseUpstream } from '../../src/net/dns/upstream.ts';
import { typeNumber } from '../lab/dig.ts';
import type { Lab } from '../lab/lab.ts';
import { labTests } from '../lab/lab-test.ts';
import {
  about,
  alter,
  delay,
  fail,
  flood,
  forgeNoData,
  forgeNoName,
  type Lie,
  setAd,
  silence,
  spoof,
  stripDnssec,
  stripSignatures,
  swapRcode,
  truncate,
} from '../lab/mitm/lies.ts';
import { rdata } from '../lab/mitm/packet.ts';
import type { Question, Verdict } from '../lab/question.ts';
import type { ResolverKind } from '../lab/resolvers.ts';
import { questions } from '../lab/zones.ts';

const labTest = labTests();
const AT_ONCE = 50;

describe('DNSSEC, beside unbound', () => {
  for (const kind of ['plain', 'validating'] as const) {
    labTest(`${questions.length} questions, through a ${kind} resolver`, async (lab, t) => {
      const ours = (await answers(resolverOf(lab, t, kind))).map(verdictOf);
      const theirs = await lab.verdicts(questions);
      assert.deepEqual(told(ours), told(questions.map(({ verdict }) => verdict)));
      // Where the two differ, the question names the RFC that speaks against unbound.
      assert.deepEqual(
        questions.filter((_, index) => ours[index] !== theirs[index]),
        questions.filter(({ unbound }) => unbound !== undefined),
      );
    });
  }

  labTest('what is found is what dig finds, octet by octet', async (lab, t) => {
    const found = await answers(resolverOf(lab, t, 'plain'));
    const dug = await lab.digAll(questions, { resolver: 'plain' });
    questions.forEach(({ name, type }, index) => {
      const answer = found[index];
      if (answer?.kind !== 'found') return;
      const its = dug[index]?.records.filter((one) => one.type === `TYPE${typeNumber(type)}`) ?? [];
      const shown = (records: readonly Uint8Array[]): string[] =>
        records.map((one) => comparable(typeNumber(type), one)).toSorted();
      const theirs = its.map(({ data }) => Buffer.from(data, 'hex'));
      assert.deepEqual(shown(answer.records), shown(theirs), `${name} ${type}`);
    });
  });

  labTest('the AD bit of unbound is believed where it is asked for, and says the same', async (lab, t) => {
    const trusting = await answers(resolverOf(lab, t, 'validating', 'trust'));
    const theirs = await lab.verdicts(questions);
    questions.forEach(({ name, type }, index) => {
      const answer = trusting[index];
      assert.ok(answer !== undefined);
      assert.equal(answer.status === 'secure', theirs[index]?.startsWith('secure'), `${name} ${type}`);
      assert.equal(answer.kind === 'found', theirs[index]?.endsWith('found'), `${name} ${type}`);
    });
  });

  labTest('through a resolver that loses DNSSEC nothing is secure, and nothing absent', async (lab, t) => {
    const few = questions.filter((_, index) => index % 20 === 0);
    for (const answer of await answers(resolverOf(lab, t, 'stripping'), few)) {
      assert.equal(answer.kind, 'unknown', JSON.stringify(answer.question));
      assert.notEqual(answer.status, 'secure');
    }
  });
});

/** What somebody on the way tells about one address, and what may come of it. */
const lies: Readonly<Record<string, readonly [Lie, 'found' | 'unknown']>> = {
  'the signatures are gone': [stripSignatures, 'unknown'],
  'all of DNSSEC is gone': [stripDnssec, 'unknown'],
  'other records': [spoof(rdata.a('192.0.2.66')), 'unknown'],
  'the record altered': [alter(rdata.a('192.0.2.66')), 'unknown'],
  'no such name': [forgeNoName, 'unknown'],
  'no such record': [forgeNoData, 'unknown'],
  SERVFAIL: [fail, 'unknown'],
  'records with NXDOMAIN': [swapRcode(3), 'found'],
  'AD, which nobody asked for': [setAd(true), 'found'],
  'nothing at all': [silence, 'unknown'],
  'cut answers, by TCP also': [truncate, 'unknown'],
  'a late answer': [delay(300), 'found'],
  'wrong answers before the right one': [flood(50, rdata.a('192.0.2.66')), 'found'],
};

describe('DNSSEC, with somebody on the way', () => {
  for (const [what, [lie, kind]] of Object.entries(lies)) {
    labTest(
      `${what}: ${kind === 'found' ? 'the true address is found' : 'nothing is used'}`,
      async (lab, t) => {
        const mitm = await lab.dnsMitm();
        mitm.tell(about({ name: 'www.p256.test', type: 1 }, lie));
        const asking = resolverAt(lab, t, mitm.address, 'validate', 1000);
        const name = parseName('www.p256.test');
        assert.ok(name.kind === 'ok');
        const answer = await asking.lookUp({ name: name.value, type: 1 });
        assert.equal(answer.kind, kind, answer.because);
        if (answer.kind !== 'found') return;
        assert.equal(answer.status, 'secure');
        assert.deepEqual(
          answer.records.map((one) => [...one]),
          [[192, 0, 2, 20]],
        );
      },
    );
  }
});

function resolverOf(
  lab: Lab,
  t: TestContext,
  kind: ResolverKind,
  dnssec: 'validate' | 'trust' = 'validate',
): Resolver {
  return resolverAt(lab, t, lab.resolvers[kind].address, dnssec, 10_000);
}

function resolverAt(
  lab: Lab,
  t: TestContext,
  address: string,
  dnssec: 'validate' | 'trust',
  timeoutMs: number,
): Resolver {
  const parsed = parseAnchors(lab.anchor);
  const upstream = parseUpstream(address);
  assert.ok(parsed.kind === 'ok' && upstream.kind === 'ok');
  const resolver = openResolver({
    upstreams: [upstream.value],
    dnssec,
    whenUnprovable: 'refuse',
    anchors: parsed.anchors,
    sha1: true,
    now: Date.now,
    random: randomBytes,
    timeoutMs,
    onNotice: () => {},
  });
  t.after(() => resolver.close());
  return resolver;
}

async function answers(resolver: Resolver, asked: readonly Question[] = questions): Promise<Answer[]> {
  const all: Answer[] = [];
  for (let from = 0; from < asked.length; from += AT_ONCE) {
    const some = asked.slice(from, from + AT_ONCE).map(({ name, type }) => {
      const parsed = parseName(name);
      assert.ok(parsed.kind === 'ok', name);
      return resolver.lookUp({ name: parsed.value, type: typeNumber(type) });
    });
    all.push(...(await Promise.all(some)));
  }
  return all;
}

function verdictOf(answer: Answer): Verdict {
  const { status } = answer;
  if (answer.kind === 'unknown') return status === 'bogus' ? 'bogus' : 'no answer';
  assert.ok(status === 'secure' || status === 'insecure', JSON.stringify(answer));
  if (answer.kind === 'found') return `${status} found`;
  return `${status} ${answer.what === 'no-such-name' ? 'no-name' : 'no-data'}`;
}

/** Types whose RDATA has names in lower case in its canonical form (RFC 4034 §6.2). */
const named: ReadonlySet<number> = new Set([2, 5, 6, 12, 15, 17, 18, 33, 35, 36, 39]);

function comparable(type: number, data: Uint8Array): string {
  const octets = Buffer.from(data).toString('latin1');
  return named.has(type) ? octets.replaceAll(/[A-Z]/g, (upper) => upper.toLowerCase()) : octets;
}

function told(verdicts: readonly Verdict[]): string[] {
  return questions.map(({ name, type, shows }, index) => `${name} ${type}: ${verdicts[index]} (${shows})`);
}
