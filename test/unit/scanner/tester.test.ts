import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeRecording } from '../../../src/findings/judge.ts';
import type { Recording } from '../../../src/findings/recording.ts';
import type { Plan } from '../../../src/scanner/observe.ts';
import { nobodyOptedOut, readOptOut } from '../../../src/scanner/opt-out.ts';
import { openPace } from '../../../src/scanner/pace.ts';
import { openTester, type TestTerms } from '../../../src/scanner/tester.ts';
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
};

interface Run {
  readonly recording: Recording;
  /** `address server-name depth intrusive`, in the order of the visits. */
  readonly visits: readonly string[];
  /** Questions that were asked of the DNS, each as often as it was. */
  readonly asked: readonly string[];
}

interface Change {
  readonly domain?: string;
  readonly terms?: Partial<TestTerms>;
  readonly zone?: ScriptedZone;
  readonly seen?: Seen;
}

async function run({
  domain = 'example.test',
  terms = {},
  zone: more = {},
  seen = {},
}: Change = {}): Promise<Run> {
  const visits: string[] = [];
  const asked: string[] = [];
  const answer = answerFrom({ ...zone, ...more });
  const tester = openTester(
    {
      resolve: (question) => {
        asked.push(`${question.name} ${question.type}`);
        return Promise.resolve(answer(question));
      },
      fetch: () =>
        Promise.resolve({
          kind: 'failed',
          fault: 'dns',
          because: 'of the test',
          tls: undefined,
          tries: [],
          durationMs: 0,
        }),
      recall: () => ({ sts: undefined, overrides: [] }),
      observer: {
        observe(endpoint, { depth, intrusive, budget }: Plan) {
          visits.push(`${endpoint.address} ${endpoint.serverName} ${depth} ${intrusive} ${budget}`);
          return Promise.resolve(observe({ ...seen, endpoint }));
        },
      },
      pace: openPace({
        gapMs: 0,
        concurrency: 5,
        isOurs: () => true,
        clock: () => 0,
        sleep: () => Promise.resolve(),
      }),
      now: () => now,
      random: () => 0,
    },
    {
      depth: 'standard',
      intrusive: false,
      scanner: 'scanner.test',
      smtpPort: 25,
      allowPrivate: false,
      lab: false,
      optOut: nobodyOptedOut,
      ...terms,
    },
  );
  return { recording: await tester.test({ kind: 'domain', domain: nameOf(domain) }), visits, asked };
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

  it('leaves an address alone that has sent us away, under whatever name', async () => {
    const { visits, recording } = await run({ seen: { base: sentAway('throttled') } });
    assert.equal(visits.length, 2);
    assert.deepEqual(
      recording.skipped.map(({ host, address, kind, retryAt }) => [host, address, kind, retryAt]),
      [['mx2.example.test', '9.9.9.1', 'throttled', now + 15 * 60_000]],
    );
  });
});

it('leaves an address alone, too, whose last question was answered by sending us away', async () => {
  const { skipped } = (
    await run({
      seen: {
        connections: 6,
        probes: {
          upToTls12: {
            kind: 'not-tested',
            because: 'of the test',
            end: { kind: 'throttled', at: 'greeting', answer: answerOf(421, 'too many') },
          },
        },
      },
    })
  ).recording;
  assert.deepEqual(
    skipped.map(({ host, kind }) => [host, kind]),
    [['mx2.example.test', 'throttled']],
  );
});

describe('intrusive questions', () => {
  const record = (host: string): ScriptedZone => ({
    [`_waxwing-check.${host} TXT`]: ['"v=waxwing1; intrusive=scanner.test"'],
  });

  it('are asked where the owner of the host consents, and only there', async () => {
    const { visits, recording } = await run({ terms: { intrusive: true }, zone: record('mx1.example.test') });
    assert.deepEqual(visits.toSorted(), [
      '2620:fe::1 mx1.example.test standard true 6',
      '9.9.9.1 mx1.example.test standard true 6',
      '9.9.9.1 mx2.example.test quick false 1',
    ]);
    assert.deepEqual(
      recording.withoutConsent.map(({ host }) => host),
      ['mx2.example.test'],
    );
    assert.equal(recording.intrusive, false);
  });

  it('of a lab need nobody’s consent', async () => {
    const { recording } = await run({ domain: 'inside.test', terms: { intrusive: true, lab: true } });
    assert.deepEqual([recording.intrusive, recording.withoutConsent], [true, []]);
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
