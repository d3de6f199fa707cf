/** The whole of it on loopback, with servers that know nothing of DNSSEC, or say that they do. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ianaAnchors } from '../../../../src/dns/anchors.ts';
import type { Answer } from '../../../../src/dns/answer.ts';
import { ask, type LookUp } from '../../../../src/dns/look-ups.ts';
import { types } from '../../../../src/dns/record.ts';
import { openResolver, type Resolver, type ResolverOptions } from '../../../../src/net/dns/resolver.ts';
import { NetworkError } from '../../../../src/net/error.ts';
import {
  a,
  answerTo,
  question,
  type Received,
  record,
  type Script,
  type ScriptedServer,
  says,
  soa,
  startScriptedServer,
} from '../../../support/dns/server.ts';
import { plain } from './asking.ts';

const FAR = question('far.test', types.A);

interface Setting {
  readonly resolver: Resolver;
  readonly servers: readonly ScriptedServer[];
  readonly notices: string[];
  clock: number;
}

type Options = Partial<ResolverOptions>;

async function setting(
  t: TestContext,
  scripts: Script | readonly Script[],
  options: Options = {},
): Promise<Setting> {
  const servers: ScriptedServer[] = [];
  for (const script of typeof scripts === 'function' ? [scripts] : scripts) {
    servers.push(await startScriptedServer(t, script));
  }
  const notices: string[] = [];
  const made = { servers, notices, clock: 1_700_000_000_000 };
  const resolver = openResolver({
    upstreams: servers.map(plain),
    dnssec: 'validate',
    whenUnprovable: 'use',
    anchors: ianaAnchors,
    sha1: true,
    now: () => made.clock,
    random: randomBytes,
    timeoutMs: 1_000,
    onNotice: ({ test }) => notices.push(`${test.kind}: ${test.because}`),
    ...options,
  });
  t.after(() => resolver.close());
  return Object.assign(made, { resolver });
}

/** Knows one address for everything, and nothing of DNSSEC. */
const simple: Script = (query) => says(query, answersFor(query));
/** Says of everything that it has validated it. */
const trustworthy: Script = (query) =>
  says(query, { ...answersFor(query), authenticated: query.authenticData || query.edns?.dnssecOk === true });

function answersFor({ question: { name, type } }: Received): { answers: ReturnType<typeof a>[] } {
  if (type === types.A) return { answers: [a(name, '192.0.2.1', 100)] };
  return { answers: type === types.SOA ? [soa(name)] : [] };
}

const asked = ({ servers }: Setting, type: number = types.A): number =>
  servers.flatMap(({ received }) => received.filter((query) => query.question.type === type)).length;
const brief = ({ kind, status, because }: Answer): string => `${kind} ${status} ${because}`;

/** Keys of the root that only look signed: enough to show that the records come through. */
const withKeys: Script = (query) => {
  const { name, type } = query.question;
  if (type !== types.DNSKEY) return simple(query);
  const key = record(name, types.DNSKEY, Buffer.from([1, 1, 3, 8, ...randomBytes(130)]));
  const signature = Buffer.concat([
    Buffer.from([0, types.DNSKEY, 8, 0, 0, 0, 0, 100]),
    Buffer.alloc(4, 0x7f),
    Buffer.alloc(4, 0x01),
    Buffer.from([1, 2, 0]),
    randomBytes(128),
  ]);
  return says(query, { answers: [key, record(name, types.RRSIG, signature)] });
};

describe('where nothing can be proven on this way (D26)', () => {
  it('answers count as they are for a relay, and everybody is told once', async (t) => {
    const at = await setting(t, simple);
    const answer = await at.resolver.lookUp(FAR);
    assert.match(
      brief(answer),
      /^found indeterminate 127\.0\.0\.1:\d+ gives no DNSSEC records \(.*\), so nothing can be proven and DANE is off$/,
    );
    await at.resolver.lookUp(question('other.test', types.A));
    assert.deepEqual(at.notices, [`unprovable: ${answer.because}`]);
    assert.equal(
      asked(at, types.DNSKEY),
      1,
      'the first look-up waits for the test, no other one makes it again',
    );
  });

  it('and are unknown for whoever wants to know', async (t) => {
    const at = await setting(t, simple, { whenUnprovable: 'refuse' });
    const answer = await at.resolver.lookUp(FAR);
    assert.deepEqual([answer.kind, answer.status], ['unknown', 'indeterminate']);
    assert.match((await at.resolver.selfTest()).because, /gives no DNSSEC records/);
  });

  it('a resolver that refuses EDNS is told as that', async (t) => {
    const at = await setting(t, (query) =>
      query.edns === undefined ? simple(query) : says(query, { rcode: 1, edns: undefined }),
    );
    assert.match(
      (await at.resolver.lookUp(FAR)).because,
      /^127\.0\.0\.1:\d+ does not know EDNS, so it gives no DNSSEC records, so/,
    );
  });

  it('once signed keys of the root were seen, what lacks its proof is not used any more', async (t) => {
    let script = simple;
    const at = await setting(t, (query) => script(query));
    assert.equal((await at.resolver.lookUp(FAR)).kind, 'found');
    script = withKeys;
    await at.resolver.selfTest();
    const strict = await at.resolver.lookUp(question('b.test', types.A));
    assert.deepEqual([strict.kind, strict.status], ['unknown', 'bogus']);
    const again = await at.resolver.lookUp(FAR);
    assert.equal(again.kind, 'unknown', 'nor what was kept from before');
    script = simple;
    at.clock += 60_000;
    await at.resolver.selfTest();
    assert.equal((await at.resolver.lookUp(question('c.test', types.A))).kind, 'unknown', 'and so it stays');
    assert.deepEqual(
      at.notices.map((notice) => notice.split(':')[0]),
      ['unprovable', 'provable', 'unprovable'],
    );
  });

  it('nor is kept what was asked for before they were seen and came after', async (t) => {
    let script = simple;
    const at = await setting(t, (query) => {
      const [action] = script(query);
      if (query.question.type !== types.A || action?.kind !== 'send') return script(query);
      return [{ ...action, afterMs: 150 }];
    });
    await at.resolver.selfTest();
    const early = at.resolver.lookUp(FAR);
    script = withKeys;
    await at.resolver.selfTest();
    assert.equal((await early).status, 'indeterminate');
    assert.equal((await at.resolver.lookUp(FAR)).kind, 'unknown');
  });

  it('a resolver that gives signed keys is asked alone', async (t) => {
    const at = await setting(t, [simple, withKeys]);
    await at.resolver.selfTest();
    const before = at.servers[0]?.received.length;
    await at.resolver.lookUp(FAR);
    assert.equal(at.servers[0]?.received.length, before);
    assert.match(
      at.notices[0] ?? '',
      /gives the signed keys of \.; not asked for now: 127.*gives no DNSSEC records/,
    );
  });
});

describe('the AD bit', () => {
  it('of a resolver that has shown that it validates is believed', async (t) => {
    const at = await setting(t, trustworthy, { dnssec: 'trust' });
    assert.match(brief(await at.resolver.lookUp(FAR)), /^found secure .*has validated it \(AD\)/);
    assert.match(at.notices[0] ?? '', /^provable: .*validates \. \(AD\)/);
  });

  it('of one that has not says nothing: indeterminate, never insecure', async (t) => {
    const at = await setting(t, simple, { dnssec: 'trust' });
    const answer = await at.resolver.lookUp(FAR);
    assert.match(brief(answer), /^found indeterminate .*does not validate .*DANE is off$/);
    assert.match(at.notices[0] ?? '', /^unprovable/);
  });

  it('is still believed where the resolver was silent when it was tested again: nobody says that it validates no more', async (t) => {
    let script = trustworthy;
    const at = await setting(t, (query) => script(query), { dnssec: 'trust', timeoutMs: 300 });
    await at.resolver.selfTest();
    script = () => [];
    assert.equal((await at.resolver.selfTest()).kind, 'no-answer');
    script = trustworthy;
    assert.equal((await at.resolver.lookUp(FAR)).status, 'secure');
    script = simple;
    assert.equal((await at.resolver.selfTest()).kind, 'unprovable');
    script = () => [];
    assert.equal((await at.resolver.selfTest()).kind, 'no-answer');
    script = trustworthy;
    assert.equal((await at.resolver.lookUp(FAR)).status, 'indeterminate', 'nor that it validates again');
  });

  it('of one that has not is not believed either where all were silent when they were tested again', async (t) => {
    let silent = false;
    const script: Script = (query) => (silent ? [] : trustworthy(query));
    const echo: Script = (query) => {
      if (silent) return [];
      return query.question.type === types.SOA ? simple(query) : trustworthy(query);
    };
    const at = await setting(t, [script, echo], { dnssec: 'trust', timeoutMs: 300 });
    await at.resolver.selfTest();
    silent = true;
    assert.equal((await at.resolver.selfTest()).kind, 'no-answer');
    silent = false;
    const before = at.servers[1]?.received.length;
    for (const label of ['b', 'c', 'd', 'e'])
      assert.equal((await at.resolver.lookUp(question(`${label}.test`, types.A))).status, 'secure');
    assert.equal(at.servers[1]?.received.length, before);
  });

  it('is asked for with DO where the resolver sets it only then', async (t) => {
    const at = await setting(
      t,
      (query) => says(query, { ...answersFor(query), authenticated: query.edns?.dnssecOk === true }),
      { dnssec: 'trust' },
    );
    assert.equal((await at.resolver.lookUp(FAR)).status, 'secure');
  });
});

describe('switched off', () => {
  it('nothing is tested and nothing is wished', async (t) => {
    const at = await setting(t, simple, { dnssec: 'off' });
    assert.equal(brief(await at.resolver.lookUp(FAR)), 'found indeterminate DNSSEC is switched off');
    assert.equal(asked(at, types.DNSKEY) + asked(at, types.SOA), 0);
    const [query] = at.servers[0]?.received ?? [];
    assert.deepEqual(
      [query?.edns?.dnssecOk, query?.checkingDisabled, query?.authenticData],
      [false, false, false],
    );
  });
});

describe('an answer', () => {
  it('is kept as long as it says, and has less time left each time', async (t) => {
    const at = await setting(t, trustworthy, { dnssec: 'trust' });
    assert.equal((await at.resolver.lookUp(FAR)).ttl, 100);
    at.clock += 40_500;
    assert.equal((await at.resolver.lookUp(FAR)).ttl, 60);
    at.clock += 59_499;
    assert.equal((await at.resolver.lookUp(FAR)).ttl, 1);
    assert.equal(asked(at), 1);
    at.clock += 1;
    assert.equal((await at.resolver.lookUp(FAR)).ttl, 100);
    assert.equal(asked(at), 2);
  });

  for (const dnssec of ['trust', 'validate'] as const) {
    it(`is asked for again before its time is over where somebody wants it anew (${dnssec})`, async (t) => {
      const at = await setting(t, trustworthy, { dnssec });
      await at.resolver.lookUp(FAR);
      const before = asked(at);
      await at.resolver.lookUp(FAR);
      assert.equal(asked(at), before);
      await at.resolver.lookUpAnew(FAR);
      assert.equal(asked(at), before + 1);
      await at.resolver.lookUp(FAR);
      assert.equal(asked(at), before + 1, 'what came anew is kept for the others');
    });
  }

  it('is sought once for all who ask at the same time', async (t) => {
    const at = await setting(t, trustworthy, { dnssec: 'trust' });
    const answers = await Promise.all(Array.from({ length: 50 }, () => at.resolver.lookUp(FAR)));
    assert.equal(new Set(answers).size, 1);
    assert.equal(asked(at), 1);
  });

  it('that is none is kept for five seconds', async (t) => {
    const at = await setting(
      t,
      (query) => (query.question.type === types.A ? says(query, { rcode: 2 }) : trustworthy(query)),
      {
        dnssec: 'trust',
      },
    );
    assert.equal((await at.resolver.lookUp(FAR)).kind, 'unknown');
    at.clock += 4_999;
    await at.resolver.lookUp(FAR);
    assert.equal(asked(at), 1);
    at.clock += 1;
    await at.resolver.lookUp(FAR);
    assert.equal(asked(at), 2);
  });

  it('says who did not answer, and how long was waited', async (t) => {
    const at = await setting(t, [() => [], () => []], { dnssec: 'off', timeoutMs: 600 });
    const startedAt = performance.now();
    const { kind, because } = await at.resolver.lookUp(FAR);
    assert.ok(performance.now() - startedAt < 900);
    assert.equal(kind, 'unknown');
    assert.match(
      because,
      /^127\.0\.0\.1:\d+ did not answer within 0\.6\d* s \(UDP, 3 tries; no answer by TCP\), and 127\.0\.0\.1:\d+ did not answer within 0\.\d+ s \(UDP, \d tr/,
    );
  });

  it('that takes too long to prove is unknown: a look-up ends after three times the time of a question', async (t) => {
    // Each answer leads on to another name, each after most of the time.
    const slow: Script = (query) => {
      const next = `n${Number(/\d+/.exec(query.question.name)?.[0] ?? 0) + 1}.test`;
      const alias = record(query.question.name, types.CNAME, Buffer.from(question(next, 1).name, 'latin1'));
      return [{ kind: 'send', bytes: answerTo(query, { answers: [alias] }), afterMs: 250 }];
    };
    const at = await setting(t, slow, { dnssec: 'off', timeoutMs: 300 });
    const startedAt = performance.now();
    const { kind, because } = await at.resolver.lookUp(question('n0.test', types.A));
    const took = performance.now() - startedAt;
    assert.ok(took > 850 && took < 1_150, `${took}`);
    assert.deepEqual([kind, because], ['unknown', 'n0.test A was not proven within 0.9 s']);
  });
});

describe('any dialogue', () => {
  it('runs on the same caches, and rejects with what it throws', async (t) => {
    const at = await setting(t, simple);
    function* texts(): LookUp<string> {
      const asking = yield* ask(FAR);
      return asking.kind === 'message' ? asking.from : asking.because;
    }
    assert.match(await at.resolver.run(texts()), /^127\.0\.0\.1:\d+ \(UDP\)$/);
    await at.resolver.run(texts());
    assert.equal(asked(at), 1);
    await assert.rejects(
      at.resolver.run(
        (function* (): LookUp<never> {
          yield* ask(FAR);
          throw new RangeError('ours');
        })(),
      ),
      RangeError,
    );
  });
});

describe('10,000 questions at once', () => {
  it('through one resolver: none is lost', async (t) => {
    const at = await setting(t, trustworthy, { dnssec: 'trust', timeoutMs: 10_000 });
    const answers = await Promise.all(
      Array.from({ length: 10_000 }, (_, index) => at.resolver.lookUp(question(`n${index}.test`, types.A))),
    );
    const lost = answers.filter(({ kind }) => kind !== 'found');
    assert.deepEqual(
      lost.map(({ because }) => because),
      [],
    );
    assert.ok(asked(at) < 10_100, `${asked(at)} queries`);
  });
});

describe('closing', () => {
  it('ends a thousand look-ups at once with an error that says so', async (t) => {
    const at = await setting(t, (query) => (query.question.type === types.A ? [] : trustworthy(query)), {
      dnssec: 'trust',
    });
    await at.resolver.selfTest();
    const lookUps = Array.from({ length: 1_000 }, (_, index) =>
      at.resolver.lookUp(question(`n${index}.test`, types.A)),
    );
    const ends = Promise.allSettled(lookUps);
    await sleep(20);
    await at.resolver.close();
    const reasons = new Set((await ends).map((end) => (end.status === 'rejected' ? end.reason : end.status)));
    assert.equal(reasons.size, 1);
    const [reason] = reasons;
    assert.ok(reason instanceof NetworkError);
    assert.equal(reason.message, 'the resolver was closed');
    for (const late of [at.resolver.lookUp(FAR), at.resolver.selfTest(), at.resolver.run(ask(FAR))])
      await assert.rejects(late, NetworkError);
    await at.resolver.close();
  });

  it('ends a self-test and the look-ups that wait for it', async (t) => {
    const at = await setting(t, () => []);
    const waiting = [at.resolver.lookUp(FAR), at.resolver.selfTest()].map((one) =>
      assert.rejects(one, NetworkError),
    );
    await sleep(20);
    await at.resolver.close();
    await Promise.all(waiting);
  });
});
