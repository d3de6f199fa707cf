/** What `waxwing resolve` says of the lab: the same as its table, and as unbound; also with somebody on the way. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { types } from '../../src/dns/record.ts';
import { type Resolution, resolutionSchema } from '../../src/events/resolution.ts';
import type { Lab } from '../lab/lab.ts';
import { labTests } from '../lab/lab-test.ts';
import {
  about,
  alter,
  fail,
  forgeNoName,
  type Lie,
  noTcp,
  setAd,
  silence,
  stripDnssec,
  stripSignatures,
} from '../lab/mitm/lies.ts';
import { rdata } from '../lab/mitm/packet.ts';
import type { Verdict } from '../lab/question.ts';
import { questions } from '../lab/zones.ts';
import { type Run, waxwing } from '../unit/cli/control-peer.ts';

const labTest = labTests();
const FORGED = '192.0.2.66';
/** Each costs the start of a program. */
const EVERY = 100;
const AT_ONCE = 2;

function resolve(lab: Lab, address: string, ...words: readonly string[]): Promise<Run> {
  return waxwing(['resolve', ...words, '--resolver', address, '--trust-anchor', lab.anchorFile]);
}

async function resolution(
  lab: Lab,
  address: string,
  ...words: readonly string[]
): Promise<Resolution & Pick<Run, 'code'>> {
  const { code, stdout, stderr } = await resolve(lab, address, ...words, '--json');
  assert.equal(stderr, '');
  return { ...resolutionSchema.parse(JSON.parse(stdout)), code };
}

function verdictOf({ outcome, status, what }: Resolution): Verdict {
  if (outcome === 'unknown') return status === 'bogus' ? 'bogus' : 'no answer';
  assert.ok(status === 'secure' || status === 'insecure', status);
  if (outcome === 'found') return `${status} found`;
  return `${status} ${what === 'no-such-name' ? 'no-name' : 'no-data'}`;
}

describe('questions over the lab', () => {
  labTest('have the verdict for which they are built, and the exit code of it', async (lab) => {
    const some = questions.filter((_, index) => index % EVERY === 0);
    assert.ok(some.length > 8);
    const found: string[] = [];
    for (let at = 0; at < some.length; at += AT_ONCE) {
      const group = some.slice(at, at + AT_ONCE);
      const answers = await Promise.all(
        group.map(({ name, type }) => resolution(lab, lab.resolver.address, name, type)),
      );
      for (const [index, answer] of answers.entries()) {
        const { name, type, verdict } = group[index] ?? { name: '', type: '', verdict: '' };
        const codes: Readonly<Record<string, number>> = { bogus: 1, 'no answer': 3 };
        const got = verdictOf(answer);
        if (got !== verdict || answer.code !== (codes[got] ?? 0)) {
          found.push(`${name} ${type}: ${got}, exit code ${answer.code}; it is ${verdict}`);
        }
      }
    }
    assert.deepEqual(found, []);
  });

  labTest('are proven as well behind a resolver that does not validate', async (lab) => {
    const answer = await resolution(lab, lab.resolvers.plain.address, 'www.p256.test', 'A');
    assert.deepEqual([answer.outcome, answer.status], ['found', 'secure']);
  });

  labTest('are proven by the word of unbound, where it is trusted', async (lab) => {
    const ask = (name: string) => resolution(lab, lab.resolver.address, name, 'A', '--dnssec', 'trust');
    const [secure, expired] = await Promise.all([ask('www.p256.test'), ask('www.expired.test')]);
    assert.deepEqual([secure.outcome, secure.status, secure.code], ['found', 'secure', 0]);
    assert.deepEqual([expired.outcome, expired.status, expired.code], ['unknown', 'bogus', 1]);
  });
});

describe('somebody on the way to the resolver', () => {
  const question = ['www.p256.test', 'A'] as const;
  const cases: readonly (readonly [
    what: string,
    lies: readonly Lie[],
    code: number,
    reads: readonly RegExp[],
  ])[] = [
    [
      'who changes the address',
      [alter(rdata.a(FORGED))],
      1,
      [
        /unknown, bogus/,
        /is not used: www\.p256\.test\. IN A 192\.0\.2\.66/,
        /somebody on the way changes answers/,
      ],
    ],
    ['who says that there is no such name', [about({ type: types.A }, forgeNoName)], 1, [/unknown, bogus/]],
    [
      'who leaves the signatures away',
      [stripSignatures],
      3,
      [/gives no DNSSEC records/, /Name a resolver that/],
    ],
    ['who leaves all of DNSSEC away', [stripDnssec], 3, [/gives no DNSSEC records/, /Name a resolver that/]],
    ['who answers SERVFAIL', [fail], 3, [/SERVFAIL/]],
    [
      'who lets nothing through',
      [silence],
      3,
      [/did not answer within/, /Look whether the address is right/],
    ],
    [
      'who lets only short answers through',
      [noTcp],
      3,
      [/its answer is too long for UDP/, /by UDP and by TCP/],
    ],
  ];
  for (const [what, lies, code, reads] of cases) {
    labTest(`${what}: it is told, and nothing of it is used`, async (lab) => {
      const mitm = await lab.dnsMitm();
      mitm.tell(...lies);
      const run = await resolve(lab, mitm.address, ...question, '--timeout', '8');
      assert.deepEqual([run.code, run.stderr], [code, ''], run.stdout);
      const text = run.stdout.replaceAll(/\s+\|?\s*/g, ' ');
      for (const pattern of reads) assert.match(text, pattern);
      assert.doesNotMatch(text, /: found/);
    });
  }

  labTest(
    'who sets the AD bit of what he changed: believed with "trust", never with "validate"',
    async (lab) => {
      const mitm = await lab.dnsMitm();
      mitm.tell(about({ type: types.A }, alter(rdata.a(FORGED))), setAd(true));
      const trusting = await resolution(lab, mitm.address, ...question, '--dnssec', 'trust');
      assert.deepEqual([trusting.status, trusting.records], ['secure', [FORGED]]);
      const validating = await resolution(lab, mitm.address, ...question);
      assert.deepEqual([validating.status, validating.records], ['bogus', []]);
    },
  );
});
