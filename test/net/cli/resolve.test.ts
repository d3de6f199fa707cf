/** The program, and resolvers on loopback that behave as resolvers do: well, badly, or with intent. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { nameOf } from '../../../src/dns/name.ts';
import { type ResourceRecord, types } from '../../../src/dns/record.ts';
import { showRecord } from '../../../src/dns/show.ts';
import { type Resolution, resolutionSchema } from '../../../src/events/resolution.ts';
import { answerOver } from '../../support/dns/authority.ts';
import { isRrsig } from '../../support/dns/rrsig.ts';
import {
  type Received,
  type Said,
  type Script,
  says,
  startScriptedServer,
} from '../../support/dns/server.ts';
import { dsOf, type SignedZone, signZone, type ZonePlan } from '../../support/dns/signed-zone.ts';
import { domain } from '../../support/relay.ts';
import { type Run, waxwing } from '../../unit/cli/control-peer.ts';

const DAY = 86_400;
const now = Math.floor(Date.now() / 1000);
const zone = (
  name: string,
  text: string,
  denial: ZonePlan['denial'],
  children: readonly SignedZone[] = [],
  age = 0,
): SignedZone => {
  const expiration = now + 7 * DAY - age;
  return signZone({ name, text, denial, inception: now - DAY - age, expiration }, children);
};

const unsigned = zone('plain.test.', '@ MX 10 mail', 'unsigned');
const stale = zone('stale.test.', '@ MX 10 mail', 'nsec', [], 30 * DAY);
const leaf = zone('leaf.test.', '@ MX 10 mail\nwww CNAME plain.test.\nmail A 192.0.2.25', 'nsec');
const test = zone(
  'test.',
  ['leaf', 'plain', 'stale'].map((label) => `${label} NS ns.invalid.`).join('\n'),
  'nsec',
  [leaf, unsigned, stale],
);
const root = zone('.', 'test NS ns.invalid.', 'nsec', [test]);
const zones = [root, test, leaf, unsigned, stale];

/** What a recursive server says that hands on whatever the servers of the zones say. */
function honest({ question }: Received): Said {
  const { rcode, answers, authority } = answerOver(zones, question);
  return { rcode, answers, authority };
}

function isProof(record: ResourceRecord): boolean {
  return isRrsig(record) || record.type === types.NSEC;
}

/** A router that knows nothing of DNSSEC. */
function stripped(query: Received): Said {
  const { answers = [], authority = [], ...rest } = honest(query);
  const plain = (records: readonly ResourceRecord[]): ResourceRecord[] =>
    records.filter((one) => !isProof(one));
  return { ...rest, answers: plain(answers), authority: plain(authority) };
}

/** Sends mail elsewhere, and leaves the signatures as they are. */
function lying(query: Received): Said {
  const { answers = [], ...rest } = honest(query);
  const evil = Buffer.from(`\0\x0a${nameOf(domain('mx.evil.test'))}`, 'latin1');
  return { ...rest, answers: answers.map((one) => (one.type === types.MX ? { ...one, data: evil } : one)) };
}

let folder = '';
let anchor = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waxwing-resolve-'));
  anchor = join(folder, 'root.key');
  await writeFile(anchor, `. IN DS ${showRecord(types.DS, dsOf(root).data)}\n`);
});
after(() => rm(folder, { recursive: true }));

interface Asked {
  readonly run: Run;
  readonly server: string;
}

/** Asks the program, with a resolver that does what the script says. */
async function ask(
  t: TestContext,
  script: Script,
  words: readonly string[],
  tcp: 'tcp' | 'refused' = 'tcp',
): Promise<Asked> {
  const { address, port } = await startScriptedServer(t, script, tcp);
  const server = `${address}:${port}`;
  const run = await waxwing(['resolve', ...words, '--resolver', server, '--trust-anchor', anchor]);
  return { run, server };
}

const saying =
  (said: (query: Received) => Said): Script =>
  (query) =>
    says(query, said(query));

describe('waxwing resolve', { concurrency: 4 }, () => {
  it('found and secure: 0, and the way from the root on', async (t) => {
    const { run } = await ask(t, saying(honest), ['leaf.test', 'MX']);
    assert.deepEqual([run.code, run.stderr], [0, '']);
    assert.match(run.stdout, /^leaf\.test MX: found, secure \(proven from the root on\)\n/);
    assert.match(run.stdout, /^ {4}leaf\.test\. 3600 IN MX 10 mail\.leaf\.test\.$/m);
    const rungs = [...run.stdout.matchAll(/^ {2}\+ (.*): secure$/gm)].map(([, title]) => title);
    assert.deepEqual(rungs, [
      'trust anchor of the root',
      'keys of the root',
      'delegation of test',
      'keys of test',
      'delegation of leaf.test',
      'keys of leaf.test',
      'answer leaf.test MX',
    ]);
  });

  const outcomes: readonly (readonly [string, string, number, Partial<Resolution>])[] = [
    ['leaf.test', 'MX', 0, { outcome: 'found', status: 'secure', records: ['10 mail.leaf.test.'] }],
    ['LEAF.test.', 'type15', 0, { name: 'leaf.test', type: 'MX', outcome: 'found', status: 'secure' }],
    ['leaf.test', 'TLSA', 0, { outcome: 'absent', status: 'secure', what: 'no-such-record' }],
    ['no.leaf.test', 'A', 0, { outcome: 'absent', status: 'secure', what: 'no-such-name' }],
    ['plain.test', 'MX', 0, { outcome: 'found', status: 'insecure' }],
    ['www.leaf.test', 'MX', 0, { outcome: 'found', status: 'insecure', owner: 'plain.test' }],
    ['stale.test', 'MX', 1, { outcome: 'unknown', status: 'bogus', unproven: ['10 mail.stale.test.'] }],
    ['.', 'DNSKEY', 0, { name: '.', outcome: 'found', status: 'secure' }],
  ];
  for (const [name, type, code, expected] of outcomes) {
    it(`--json: ${name} ${type} is ${expected.outcome}, ${expected.status}; exit code ${code}`, async (t) => {
      const { run, server } = await ask(t, saying(honest), [name, type, '--json']);
      assert.deepEqual([run.code, run.stderr], [code, '']);
      const resolution = resolutionSchema.parse(JSON.parse(run.stdout));
      assert.deepEqual({ ...resolution, ...expected }, resolution);
      assert.deepEqual([resolution.dnssec, resolution.resolvers], ['validate', [server]]);
      assert.notEqual(resolution.chain.length, 0);
    });
  }
});

describe('what an administrator reads of a resolver', { concurrency: 4 }, () => {
  it('that strips RRSIG: its name, that it gives no DNSSEC records, and to name another', async (t) => {
    const { run, server } = await ask(t, saying(stripped), ['leaf.test', 'MX']);
    assert.equal(run.code, 3);
    const text = unwrapped(run.stdout);
    assert.match(text, /^leaf\.test MX: unknown, indeterminate /);
    assert.match(text, /what came without proof, and is not used: leaf\.test\. IN MX 10 mail\.leaf\.test\./);
    assert.ok(text.includes(`Answers of DNS cannot be proven: ${server} gives no DNSSEC records`), text);
    assert.match(text, /what to do: - Name a resolver that hands on the records of DNSSEC/);
  });

  it('that drops AD, where its word was to be believed: that it does not validate, and how it would', async (t) => {
    const { run, server } = await ask(t, saying(honest), ['leaf.test', 'MX', '--dnssec', 'trust']);
    assert.equal(run.code, 0);
    const text = unwrapped(run.stdout);
    assert.match(text, /^leaf\.test MX: found, indeterminate \(the resolver proves nothing\)/);
    assert.ok(text.includes(`Answers of DNS cannot be proven: ${server} does not validate`), text);
    assert.match(text, /what to do: - Switch validation on in the resolver/);
  });

  it('that sets AD: that it is believed', async (t) => {
    const validating = saying((query) => ({ ...honest(query), authenticated: true }));
    const { run } = await ask(t, validating, ['leaf.test', 'MX', '--dnssec', 'trust']);
    assert.deepEqual([run.code, run.stderr], [0, '']);
    assert.match(run.stdout, /^leaf\.test MX: found, secure \(by the word of the resolver\)/);
  });

  it('that is silent: its name, how long it was waited for, and to look at address and firewall', async (t) => {
    const started = performance.now();
    const { run, server } = await ask(t, () => [], ['leaf.test', 'MX', '--timeout', '4']);
    // The program takes its time to start where many tests run at once.
    assert.ok(performance.now() - started < 15_000);
    assert.equal(run.code, 3);
    const text = unwrapped(run.stdout);
    assert.match(text, /^leaf\.test MX: unknown, indeterminate \(no answer that can be used\)/);
    assert.ok(
      text.includes(`why: MX at leaf.test could not be asked: ${server} did not answer within`),
      text,
    );
    assert.match(text, /what to do: - Look whether the address is right, .* by UDP and by TCP/);
  });

  it('whose answers are cut, where TCP is closed: that TCP is missing', async (t) => {
    const cut = saying(() => ({ truncated: true }));
    const { run, server } = await ask(t, cut, ['leaf.test', 'MX', '--timeout', '4'], 'refused');
    assert.equal(run.code, 3);
    const text = unwrapped(run.stdout);
    assert.ok(text.includes(`${server} gave no answer to use: its answer is too long for UDP; `), text);
    assert.match(text, /ECONNREFUSED.* \(TCP\)/);
    assert.match(text, /by UDP and by TCP, which long answers need/);
  });

  it('that answers SERVFAIL: its name, its reason, and to ask another', async (t) => {
    const failing = saying((query) => (query.question.type === types.MX ? { rcode: 2 } : honest(query)));
    const { run, server } = await ask(t, failing, ['leaf.test', 'MX', '--timeout', '4']);
    assert.equal(run.code, 3);
    const text = unwrapped(run.stdout);
    assert.match(text, /SERVFAIL/);
    assert.ok(text.includes(server), text);
    assert.match(
      text,
      /what to do: - Ask another resolver: waxwing resolve leaf\.test MX --resolver ADDRESS\./,
    );
  });

  it('that lies: that nothing of it is used, who may have done it, and how to tell', async (t) => {
    const { run, server } = await ask(t, saying(lying), ['leaf.test', 'MX']);
    assert.equal(run.code, 1);
    const text = unwrapped(run.stdout);
    assert.match(text, /^leaf\.test MX: unknown, bogus \(it should be proven and is not\)/);
    assert.match(text, /is not used: leaf\.test\. IN MX 10 mx\.evil\.test\./);
    assert.match(text, /Either somebody on the way changes answers, or leaf\.test is signed wrongly\./);
    assert.ok(text.includes(`${server}, or somebody on the way to it, changes answers.`), text);
  });

  it('of a zone whose signatures ran out: which, when, whom to tell, and to look at the clock', async (t) => {
    const { run } = await ask(t, saying(honest), ['stale.test', 'MX']);
    const text = unwrapped(run.stdout);
    assert.match(text, /x keys of stale\.test: bogus .* expired at \d{4}-\d\d-\d\dT/);
    assert.match(text, /tell whoever runs stale\.test/);
    assert.match(text, /Compare the clock of this host, which says \d{4}-/);
  });
});

it('takes every option that stands for configuration, as scripts hand them to each command', async (t) => {
  const common = [
    '--data',
    '/none',
    '--smtp-port',
    '2525',
    '--https-port',
    '8443',
    '--https-address',
    '127.0.0.1',
  ];
  const { run } = await ask(t, saying(honest), ['leaf.test', 'MX', '--timeout', '4.5', ...common]);
  assert.equal(run.code, 0, run.stderr);
});

describe('wrong words', { concurrency: 4 }, () => {
  const mistakes: readonly (readonly [words: readonly string[], message: RegExp])[] = [
    [['leaf.test'], /missing required argument 'type'/],
    [['leaf.test', 'MX', 'A'], /too many arguments/],
    [['leaf.test', 'MXX'], /^error: "MXX" is not a type of records/],
    [['leaf.test', 'ANY'], /^error: "ANY" is not a type that records of a zone have/],
    [['leaf.test', 'RRSIG'], /^error: signatures are not signed themselves/],
    [['192.0.2.1', 'PTR'], /^error: .*1\.2\.0\.192\.in-addr\.arpa/],
    [['leaf..test', 'MX'], /^error: the name "leaf\.\.test" has an empty label/],
    [['leaf.test', 'MX', '--dnssec', 'on'], /'on' is invalid\. Allowed choices are validate, trust, off/],
    [['leaf.test', 'MX', '--timeout', '0'], /'0' is invalid\. Seconds from 0.1 to 3600/],
    [['leaf.test', 'MX', '--input', '/tmp'], /unknown option '--input'/],
    [
      ['leaf.test', 'MX', '--resolver', 'localhost'],
      /^error: --resolver: dns\.resolver\[0\]: "localhost" is no/,
    ],
    [
      ['leaf.test', 'MX', '--resolver', '192.0.2.53', '--dnssec', 'trust'],
      /^error: --resolver: dns\.resolver\[0\]: 192\.0\.2\.53:53 is not on this host.*; use --dnssec validate/,
    ],
    [
      ['leaf.test', 'MX', '--trust-anchor', '/none'],
      /^error: --trust-anchor: dns\.trust_anchor: \/none: cannot be/,
    ],
    [['leaf.test', 'MX', '--config', '/none'], /^error: --config: there is no file "\/none"/],
  ];
  for (const [words, message] of mistakes) {
    it(`resolve ${words.join(' ')}: exit code 2, and what would be right`, async () => {
      const run = await waxwing(['resolve', ...words]);
      assert.deepEqual([run.code, run.stdout], [2, '']);
      assert.match(run.stderr, message);
    });
  }

  it('a file of anchors is told with its line', async () => {
    const file = join(folder, 'wrong.key');
    await writeFile(file, '; of the lab\n. IN DS 1 13 2 zz\n');
    const run = await waxwing(['resolve', 'leaf.test', 'MX', '--trust-anchor', file]);
    assert.equal(run.code, 2);
    assert.match(
      run.stderr,
      /^error: --trust-anchor: dns\.trust_anchor: .*wrong\.key:2: its digest is not hex/,
    );
  });
});

/** The text as if the terminal had no width. */
function unwrapped(text: string): string {
  return text.replaceAll(/\s+\|?\s*/g, ' ');
}
