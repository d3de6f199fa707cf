import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toReport } from '../../../src/cli/check/json.ts';
import { everyCheck } from '../../../src/cli/check/selection.ts';
import type { Target } from '../../../src/findings/case.ts';
import { judgeRecording } from '../../../src/findings/judge.ts';
import type { Recording } from '../../../src/findings/recording.ts';
import type { Plan } from '../../../src/scanner/observe-door.ts';
import { nobodyOptedOut, readOptOut } from '../../../src/scanner/opt-out.ts';
import { openPace } from '../../../src/scanner/pace.ts';
import type { NotTested } from '../../../src/scanner/probes.ts';
import { openTester, type TestTerms } from '../../../src/scanner/tester.ts';
import { openVisits } from '../../../src/scanner/visits.ts';
import { nameOf } from '../../support/destinations.ts';
import { answerOf, now, observe, type Seen, sentAway } from '../../support/observations.ts';
import { answerFrom, type ScriptedZone } from '../../support/scripted-zone.ts';

const zone: ScriptedZone = {
  'example.test MX': ['10 mx1.example.test.', '20 mx2.example.test.'],
  'mx1.example.test A': ['9.9.9.1'],
  'mx1.example.test AAAA': ['2620:fe::1'],
  'mx2.example.test A': ['9.9.9.1'],
  'inside.test MX': ['10 mx.inside.test.'],
  'mx.inside.test A': ['10.0.0.1'],
  'here.test MX': ['10 mx.here.test.', '20 localhost.'],
  'mx.here.test A': ['127.0.0.1'],
  'mx.here.test AAAA': ['::1', '::ffff:127.0.0.1'],
};

interface Run {
  readonly recording: Recording;
  /** Of the further domains. */
  readonly others: readonly Recording[];
  /** `address server-name depth intrusive`, in the order of the visits. */
  readonly visits: readonly string[];
  /** Questions that were asked of the DNS, each as often as it was. */
  readonly asked: readonly string[];
  /** Domains whose policies were fetched. */
  readonly fetched: readonly string[];
}

interface Change {
  readonly domain?: string;
  /** In place of the domain. */
  readonly target?: Target;
  /** Domains that are tested behind it, all at once. */
  readonly further?: readonly string[];
  readonly terms?: Partial<TestTerms>;
  readonly zone?: ScriptedZone;
  readonly seen?: Seen;
}

const termsOfTest: TestTerms = {
  depth: 'standard',
  intrusive: false,
  scanner: 'scanner.test',
  smtpPort: 25,
  allowPrivate: false,
  lab: false,
  optOut: nobodyOptedOut,
};

async function run({
  domain = 'example.test',
  target = { kind: 'domain', domain: nameOf(domain) },
  further = [],
  terms = {},
  zone: more = {},
  seen = {},
}: Change = {}): Promise<Run> {
  const visits: string[] = [];
  const asked: string[] = [];
  const fetched: string[] = [];
  const answer = answerFrom({ ...zone, ...more });
  const tester = openTester(
    {
      resolve: (question) => {
        asked.push(`${question.name} ${question.type}`);
        return Promise.resolve(answer(question));
      },
      fetch: (policyOf) => {
        fetched.push(policyOf);
        return Promise.resolve({ kind: 'failed', fault: 'dns', because: 'of the test', tls: undefined });
      },
      recall: () => ({ sts: undefined, overrides: [] }),
      observer: {
        observe(endpoint, { depth, intrusive, budget, everySuite }: Plan) {
          const every = depth !== 'quick' && everySuite?.() === true ? ' every suite' : '';
          visits.push(`${endpoint.address} ${endpoint.serverName} ${depth} ${intrusive} ${budget}${every}`);
          return Promise.resolve(observe({ ...seen, endpoint }));
        },
      },
      visits: openVisits(
        openPace({
          gapMs: 0,
          concurrency: 5,
          isOurs: () => true,
          clock: () => 0,
          sleep: () => Promise.resolve(),
        }),
        () => now,
      ),
      now: () => now,
      random: () => 0,
    },
    { ...termsOfTest, ...terms },
  );
  const recording = await tester.test(target);
  const others = await Promise.all(
    further.map((other) => tester.test({ kind: 'domain', domain: nameOf(other) })),
  );
  return { recording, others, visits, asked, fetched };
}

describe('what is visited', () => {
  it('each address of each host; a second name at an address with one connection', async () => {
    const { visits } = await run();
    assert.deepEqual(visits.toSorted(), [
      '2620:fe::1 mx1.example.test standard false 6',
      '9.9.9.1 mx1.example.test standard false 6',
      '9.9.9.1 mx2.example.test quick false 1',
    ]);
  });

  it('every suite where that is wanted, of one address', async () => {
    const { visits } = await run({ terms: { everySuite: true } });
    assert.deepEqual(visits, [
      '9.9.9.1 mx1.example.test standard false 6 every suite',
      '2620:fe::1 mx1.example.test standard false 6',
      '9.9.9.1 mx2.example.test quick false 1',
    ]);
  });

  it('no address that a stranger wrote into his zone and that means something only here', async () => {
    const { visits, recording } = await run({ domain: 'inside.test' });
    assert.deepEqual(visits, []);
    assert.deepEqual(
      recording.skipped.map(({ host, address, kind }) => [host, address, kind]),
      [['mx.inside.test', '10.0.0.1', 'private']],
    );
  });

  it('unless that is allowed, or everything is a lab', async () => {
    for (const terms of [{ allowPrivate: true }, { lab: true }]) {
      assert.equal((await run({ domain: 'inside.test', terms })).visits.length, 1);
    }
  });

  it('this host only where it was asked about: no zone leads us to our own servers', async () => {
    const { visits, recording } = await run({ domain: 'here.test' });
    assert.deepEqual(visits, []);
    assert.deepEqual(new Set(recording.skipped.map(({ kind }) => kind)), new Set(['private']));
    assert.deepEqual(recording.skipped.map(({ host, address }) => `${host} ${address}`).toSorted(), [
      'localhost 127.0.0.1',
      'localhost ::1',
      'mx.here.test 127.0.0.1',
      'mx.here.test ::1',
      'mx.here.test ::ffff:127.0.0.1',
    ]);
    const door = { port: 2525, protocol: 'smtp', tls: 'starttls' } as const;
    const stranger = await run({ target: { kind: 'host', host: nameOf('mx.here.test'), ...door } });
    assert.deepEqual(stranger.visits, []);
    const ours = await run({ target: { kind: 'host', host: nameOf('localhost'), ...door } });
    assert.equal(ours.visits.length, 2);
    const address = await run({ target: { kind: 'address', address: '127.0.0.1', ...door } });
    assert.equal(address.visits.length, 1);
  });

  it('a server once, whose address stands there as mapped into IPv6, too', async () => {
    const { visits } = await run({ zone: { 'mx1.example.test AAAA': ['::ffff:9.9.9.1'] } });
    assert.equal(visits.filter((visit) => visit.includes('standard')).length, 1);
  });

  it('the servers that several domains have only once', async () => {
    const mx = ['10 mx1.example.test.'];
    const { visits, others, recording } = await run({
      further: ['second.test', 'third.test'],
      zone: { 'second.test MX': mx, 'third.test MX': mx },
    });
    assert.equal(visits.length, 3);
    for (const { observations } of others) {
      assert.equal(observations.length, 2);
      for (const { endpoint, base, connections } of observations) {
        const first = recording.observations.find((one) => one.endpoint.address === endpoint.address);
        assert.deepEqual([base, connections], [first?.base, 0]);
      }
    }
  });

  it('no more than 60 doors, and a zone of many thousands of addresses is told in few words', async () => {
    const hosts = Array.from({ length: 10 }, (_, index) => `mx${index}.many.test`);
    const addresses = (high: number): readonly string[] =>
      Array.from({ length: 4_090 }, (_, index) => `9.${high}.${index >> 8}.${index & 0xff}`);
    const { visits, recording } = await run({
      domain: 'many.test',
      zone: Object.fromEntries([
        ['many.test MX', hosts.map((host) => `10 ${host}.`)],
        ...hosts.map((host, index) => [`${host} A`, addresses(index)]),
      ]),
    });
    assert.equal(visits.length, 60);
    assert.deepEqual(
      recording.skipped.map(({ host, kind }) => `${host} ${kind}`).toSorted(),
      hosts.map((host) => `${host} too-many`),
    );
    const judged = judgeRecording(recording, now);
    assert.doesNotThrow(() => toReport({ recording, judged, foreseen: null, selection: everyCheck }));
  });

  it('each host, also where the first has more addresses than are visited', async () => {
    const { visits } = await run({
      domain: 'wide.test',
      zone: {
        'wide.test MX': ['10 mx1.wide.test.', '20 mx2.wide.test.'],
        'mx1.wide.test A': Array.from({ length: 80 }, (_, index) => `9.1.1.${index}`),
        'mx2.wide.test A': ['9.2.2.2'],
      },
    });
    assert.equal(visits.length, 60);
    assert.ok(visits.some((visit) => visit.startsWith('9.2.2.2 ')));
  });

  const asks: [who: string, list: string, left: number][] = [
    ['the domain', 'example.test', 0],
    ['one host', 'mx1.example.test', 1],
    ['a network', '2620:fe::/32', 2],
  ];
  for (const [who, list, left] of asks) {
    it(`${who} has asked not to be tested`, async () => {
      const read = readOptOut(list);
      const optOut = read.kind === 'ok' ? read.value : assert.fail(read.because);
      const { visits, recording } = await run({ terms: { optOut } });
      assert.equal(visits.length, left);
      assert.equal(recording.skipped.length, 3 - left);
      assert.ok(
        recording.skipped.every(
          ({ kind, because }) => kind === 'opted-out' && because.startsWith('the list of those'),
        ),
      );
    });
  }

  it('who has asked not to be tested is left alone by names of others, too, and by IPv6', async () => {
    const read = readOptOut('asked.test\n9.9.8.7');
    const optOut = read.kind === 'ok' ? read.value : assert.fail(read.because);
    const aliases: ScriptedZone = {
      'customer.test MX': ['10 mail.customer.test.', '20 mx.translated.test.'],
      'mail.customer.test CNAME': ['mx.between.test.'],
      'mx.between.test CNAME': ['mx.asked.test.'],
      'mx.asked.test A': ['9.1.1.1'],
      'mx.translated.test AAAA': ['64:ff9b::909:807'],
    };
    const { visits, recording } = await run({ domain: 'customer.test', terms: { optOut }, zone: aliases });
    assert.deepEqual(visits, []);
    assert.deepEqual(
      recording.skipped.map(({ host, kind }) => [host, kind]),
      [
        ['mail.customer.test', 'opted-out'],
        ['mx.translated.test', 'opted-out'],
      ],
    );
    const without = await run({ domain: 'customer.test', zone: aliases });
    assert.equal(without.visits.length, 2);
  });

  for (const list of ['example.test', 'mta-sts.example.test']) {
    it(`${list} has asked not to be tested, and its policy host is left alone, too`, async () => {
      const read = readOptOut(list);
      const optOut = read.kind === 'ok' ? read.value : assert.fail(read.because);
      const policy: ScriptedZone = {
        '_mta-sts.example.test TXT': ['"v=STSv1; id=1;"'],
        'mta-sts.example.test A': ['9.9.9.9'],
      };
      assert.deepEqual((await run({ zone: policy })).fetched, ['example.test']);
      const { fetched, recording } = await run({ terms: { optOut }, zone: policy });
      assert.deepEqual(fetched, []);
      const { findings } = judgeRecording(recording, now);
      const ofHost = findings.filter(({ evidence }) =>
        evidence.some((line) => line.includes('asked not to be')),
      );
      assert.ok(ofHost.length > 0);
      assert.deepEqual(new Set(ofHost.map(({ state }) => state)), new Set(['not-tested']));
    });
  }

  it('leaves an address alone that has sent us away, under whatever name', async () => {
    const { visits, recording } = await run({ seen: { base: sentAway('throttled') } });
    assert.equal(visits.length, 2);
    assert.deepEqual(
      recording.skipped.map(({ host, address, kind, retryAt }) => [host, address, kind, retryAt]),
      [['mx2.example.test', '9.9.9.1', 'throttled', now + 15 * 60_000]],
    );
  });
});

describe('one target', () => {
  /** A target with so many doors, at each of which two connections take so long together. */
  async function visited(count: number, takesMs: number, pauseMs = 0) {
    let time = now;
    let [inside, most, begun] = [0, 0, 0];
    const hosts = Array.from({ length: 10 }, (_, index) => `mx${index}.many.test`);
    const answer = answerFrom(
      Object.fromEntries([
        ['many.test MX', hosts.map((host) => `10 ${host}.`)],
        ...hosts.map((host, index) => [
          `${host} A`,
          Array.from({ length: count / hosts.length }, (_, address) => `9.9.${index}.${address}`),
        ]),
      ]),
    );
    const sleepers: { readonly at: number; readonly wake: () => void }[] = [];
    const sleep = (ms: number): Promise<void> =>
      new Promise((wake) => void sleepers.push({ at: time + ms, wake }));
    const tester = openTester(
      {
        resolve: (question) => Promise.resolve(answer(question)),
        fetch: () => assert.fail('there is no policy'),
        recall: () => ({ sts: undefined, overrides: [] }),
        observer: {
          async observe(endpoint, { between }: Plan) {
            begun += 1;
            inside += 1;
            most = Math.max(most, inside);
            await sleep(takesMs / 2);
            await between({ kind: 'complete' });
            await sleep(takesMs / 2);
            inside -= 1;
            return observe({ endpoint });
          },
        },
        visits: {
          isKnown: () => false,
          seeing: async ({ how }, look) => ({
            kind: 'seen',
            observation: await look(async () => {
              await sleep(pauseMs);
              return 'go';
            }, how.depth),
          }),
        },
        now: () => time,
        random: () => 0,
      },
      termsOfTest,
    );
    const testing = tester.test({ kind: 'domain', domain: nameOf('many.test') });
    let recording: Recording | undefined;
    void testing.then((one) => {
      recording = one;
    });
    while (recording === undefined) {
      await new Promise((resolve) => setImmediate(resolve));
      const next = sleepers.toSorted((one, other) => one.at - other.at)[0];
      if (next === undefined) continue;
      sleepers.splice(sleepers.indexOf(next), 1);
      time = next.at;
      next.wake();
    }
    return { begun, most, recording };
  }

  it('has no more than eight of its doors visited at the same time', async () => {
    const { begun, most, recording } = await visited(30, 0);
    assert.deepEqual([begun, most, recording.skipped], [30, 8, []]);
  });

  it('of tarpits costs a quarter of an hour and what is under way then, and tells what was left out', async () => {
    const { begun, recording } = await visited(60, 590_000);
    assert.ok(begun >= 8 && begun <= 10, String(begun));
    assert.equal(recording.skipped.length, 60 - begun);
    for (const { kind, because } of recording.skipped) {
      assert.equal(kind, 'too-many');
      assert.match(because, /took 15 minutes/);
    }
  });

  it('that has to wait for its turns loses nothing by it', async () => {
    const { begun } = await visited(60, 10_000, 60 * 60_000);
    assert.equal(begun, 60);
  });
});

describe('whose last question was answered by sending us away', () => {
  const away: NotTested = {
    kind: 'not-tested',
    because: 'of the test',
    end: { kind: 'throttled', at: 'greeting', answer: answerOf(421, 'too many') },
  };
  for (const [name, probes] of [
    ['a whole visit', { upToTls12: away }],
    ['a hello of our own', { hello: { old: away } }],
    ['one of several hellos', { hello: { weak: [away] } }],
  ] as const) {
    it(`leaves an address alone, too: ${name}`, async () => {
      const { skipped } = (await run({ seen: { connections: 6, probes } })).recording;
      assert.deepEqual(
        skipped.map(({ host, kind }) => [host, kind]),
        [['mx2.example.test', 'throttled']],
      );
    });
  }
});

describe('intrusive questions', () => {
  const record = (host: string): ScriptedZone => ({
    [`_waxwing-check.${host} TXT`]: ['"v=waxwing1; intrusive=scanner.test"'],
  });

  it('are asked where the owner of the host consents and the address is his, and only there', async () => {
    const { visits, recording } = await run({
      terms: { intrusive: true },
      zone: { ...record('mx1.example.test'), '1.9.9.9.in-addr.arpa PTR': ['mx1.example.test.'] },
    });
    assert.deepEqual(visits.toSorted(), [
      '2620:fe::1 mx1.example.test standard false 6',
      '9.9.9.1 mx1.example.test standard true 6',
      '9.9.9.1 mx2.example.test quick false 1',
    ]);
    assert.deepEqual(
      recording.withoutConsent
        .map(({ host, because }) => `${host}: ${/is his/.test(because) ? 'address' : 'record'}`)
        .toSorted(),
      ['mx1.example.test: address', 'mx2.example.test: record'],
    );
    assert.equal(recording.intrusive, false);
  });

  it('of a lab need nobody’s consent', async () => {
    const { recording } = await run({ domain: 'inside.test', terms: { intrusive: true, lab: true } });
    assert.deepEqual([recording.intrusive, recording.withoutConsent], [true, []]);
  });

  it('of this host need none where it is asked about, but where a stranger’s zone leads here', async () => {
    const terms = { intrusive: true, allowPrivate: true };
    const target = {
      kind: 'address',
      address: '127.0.0.1',
      port: 25,
      protocol: 'smtp',
      tls: 'starttls',
    } as const;
    const ours = await run({ target, terms });
    assert.deepEqual(ours.visits, ['127.0.0.1 null standard true 6']);
    assert.deepEqual(ours.recording.withoutConsent, []);
    const theirs = [
      await run({ domain: 'here.test', terms }),
      await run({ target: { ...target, kind: 'host', host: nameOf('mx.here.test') }, terms }),
    ];
    for (const { visits, recording } of theirs) {
      assert.ok(visits.length > 0);
      assert.ok(
        visits.every((visit) => / false [0-9]+$/.test(visit)),
        visits.join(),
      );
      assert.equal(recording.intrusive, false);
      assert.ok(recording.withoutConsent.length > 0);
    }
  });
});

describe('a recording', () => {
  it('has every answer once, and is judged without the network to the same end', async () => {
    const { recording, asked } = await run();
    assert.equal(new Set(asked).size, asked.length);
    assert.equal(recording.answers.length, asked.length);
    const judged = judgeRecording(recording, now);
    assert.deepEqual(
      judged.theCase.hosts.map(({ name, observations }) => [name, observations.length]),
      [
        ['mx1.example.test', 2],
        ['mx2.example.test', 1],
      ],
    );
    assert.deepEqual(judgeRecording(structuredClone(recording), now).findings, judged.findings);
    for (const { id, evidence } of judged.findings) {
      assert.ok(
        !evidence.some((line) => line.includes('not asked in the run')),
        `${id} asks more than was recorded`,
      );
    }
  });
});
