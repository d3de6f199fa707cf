/** Following the advice on a domain of the lab, step by step, to DANE and MTA-STS, with no mail lost on the way. */
import assert from 'node:assert/strict';
import { describe, type TestContext } from 'node:test';
import { type AdviceReport, adviceSchema } from '../../src/events/advice.ts';
import { checkReportSchema } from '../../src/events/check-report.ts';
import type { Lab } from '../lab/lab.ts';
import { labTests } from '../lab/lab-test.ts';
import { type Run, waxwing } from '../unit/cli/control-peer.ts';
import { deliverToOne, startOnLab, verdictOf } from './support/policy-lab.ts';

const labTest = labTests({ mail: ['postfix'] });

function run(lab: Lab, command: 'advise' | 'check', ...words: readonly string[]): Promise<Run> {
  const where = ['--resolver', lab.resolver.address, '--data', '/none', '--gap', '0'];
  const trust = ['--trust-anchor', lab.anchorFile, '--ca', lab.authorityFile];
  return waxwing([command, ...words, ...where, ...trust]);
}

type Step = AdviceReport['steps'][number];

interface Advised {
  readonly code: number | null;
  readonly next: AdviceReport['next'];
  readonly step: (id: Step['id']) => Step;
}

async function advised(lab: Lab, domain: string): Promise<Advised> {
  const { code, stdout, stderr } = await run(lab, 'advise', domain, '--json');
  assert.equal(stderr, '');
  const { steps, next } = adviceSchema.parse(JSON.parse(stdout));
  const step = (id: Step['id']): Step => steps.find((one) => one.id === id) ?? assert.fail(id);
  return { code, next, step };
}

function pasted({ do: remedies }: Step, what: 'dns' | 'policy-file'): readonly string[] {
  return remedies.flatMap(({ lines }) => lines.filter((line) => line.for === what).map(({ text }) => text));
}

/** What each kind of sender with policies would do, by a check of its own. */
async function outcomes(lab: Lab, domain: string): Promise<readonly (string | undefined)[]> {
  const { stdout } = await run(lab, 'check', domain, '--json');
  const { outcomes: by } = checkReportSchema.parse(JSON.parse(stdout));
  return [by['postfix-dane'], by['mta-sts']];
}

/** The records of the next stage, as what was advised for this one says them: owner, type, data. */
async function assertPublished(lab: Lab, lines: readonly string[], from: string, to: string): Promise<void> {
  assert.ok(lines.length > 0);
  for (const line of lines) {
    const [owner = '', type = '', data = ''] = /^(\S+)\.(?: \d+)? IN (\S+) (.*)$/.exec(line)?.slice(1) ?? [];
    const { records } = await lab.dig(owner.replace(from, to), type);
    const hex =
      type === 'TLSA'
        ? data.replace(/^3 1 1 /, '030101')
        : Buffer.from(data.slice(1, -1).replace(from, to)).toString('hex');
    const found = records.map((record) => record.data.toLowerCase());
    assert.ok(
      found.some((one) => one.includes(hex)),
      `${line}: ${found.join(' ')}`,
    );
  }
}

describe('advice that is followed', () => {
  const relayOf = (lab: Lab, t: TestContext): ReturnType<typeof startOnLab> =>
    startOnLab(lab).then((relay) => {
      t.after(() => relay.stop());
      return relay;
    });

  labTest(
    'leads from nothing to authenticated by DANE and MTA-STS; mail arrives at each step',
    async (lab, t) => {
      const relay = await relayOf(lab, t);
      const delivered = async (domain: string): Promise<string> =>
        verdictOf(await deliverToOne(relay, domain));

      // Nothing yet: reports first, and a policy that is tried out.
      const first = await advised(lab, 'advise-1.test');
      assert.deepEqual([first.code, first.next], [0, 'tls-rpt']);
      assert.equal(await delivered('advise-1.test'), 'delivered encrypted, none by default');
      const reports = pasted(first.step('tls-rpt'), 'dns');
      await assertPublished(lab, reports, 'advise-1.test', 'advise-2.test');
      const file = pasted(first.step('mta-sts-testing'), 'policy-file');
      assert.deepEqual(file, ['version: STSv1', 'mode: testing', 'mx: mx.advise-1.test', 'max_age: 86400']);

      // It has been tried out for long, as its id says: the file that is advised is served, and mail still arrives.
      const second = await advised(lab, 'advise-2.test');
      assert.equal(second.next, 'mta-sts-enforce');
      assert.equal(await delivered('advise-2.test'), 'delivered encrypted, none by default');
      const enforced = pasted(second.step('mta-sts-enforce'), 'policy-file');
      assert.ok(enforced.includes('mode: enforce') && enforced.includes('mx: mx.advise-2.test'));
      lab.policyHosts.serve('advise-2.test', { text: `${enforced.join('\r\n')}\r\n` });
      const fresh = await relayOf(lab, t);
      assert.equal(
        verdictOf(await deliverToOne(fresh, 'advise-2.test')),
        'delivered authenticated, authenticate by sts',
      );
      assert.equal((await advised(lab, 'advise-2.test')).step('mta-sts-enforce').state, 'done');

      // The zone is signed: the key that was seen is published, and the policy is remembered for longer.
      const third = await advised(lab, 'advise-3.test');
      assert.deepEqual([third.next, third.step('dnssec').state], ['mta-sts-long', 'done']);
      assert.equal(await delivered('advise-3.test'), 'delivered authenticated, authenticate by sts');
      const long = pasted(third.step('mta-sts-long'), 'policy-file');
      assert.ok(long.includes('max_age: 15552000'));
      await assertPublished(lab, pasted(third.step('tlsa'), 'dns'), 'advise-3.test', 'advise-4.test');

      // DANE decides; what is left is the next key.
      const fourth = await advised(lab, 'advise-4.test');
      assert.deepEqual([fourth.next, fourth.step('tlsa').state], ['tlsa-rollover', 'done']);
      assert.equal(await delivered('advise-4.test'), 'delivered authenticated, authenticate by dane');
      assert.ok((fourth.step('tlsa-rollover').wait?.hours ?? 0) >= 1);

      const fifth = await advised(lab, 'advise-5.test');
      assert.deepEqual([fifth.code, fifth.next], [0, null]);
      assert.equal(await delivered('advise-5.test'), 'delivered authenticated, authenticate by dane');
      assert.deepEqual(await outcomes(lab, 'advise-5.test'), ['authenticated', 'authenticated']);
    },
  );

  labTest('at no stage is there a sender whose mail would wait', async (lab) => {
    for (const stage of [1, 2, 3, 4, 5]) {
      const both = await outcomes(lab, `advise-${stage}.test`);
      assert.ok(
        both.every((one) => one === 'encrypted' || one === 'authenticated'),
        `${stage}: ${both.join(' ')}`,
      );
    }
  });
});

describe('advice for domains that are broken', () => {
  const rows: readonly (readonly [domain: string, next: AdviceReport['next'], ...others: string[]])[] = [
    ['dane-mismatch.test', 'repair', 'tlsa later', 'mta-sts-enforce later'],
    ['dane-no-starttls.test', 'repair', 'tlsa later', 'tls now'],
    ['plain-stripped.test', 'repair', 'tls now', 'mta-sts-enforce later'],
    ['half-dane.test', 'tls-rpt', 'dnssec now', 'tlsa later'],
    ['dane-host-unsigned.test', 'tls-rpt', 'dnssec now', 'tlsa later'],
  ];
  for (const [domain, next, ...others] of rows) {
    labTest(`${domain}: ${next}`, async (lab) => {
      const advice = await advised(lab, domain);
      assert.equal(advice.next, next);
      for (const other of others) {
        const [id = '', state] = other.split(' ');
        const found = (['tlsa', 'tls', 'dnssec', 'mta-sts-enforce'] as const).find((one) => one === id);
        assert.equal(found && advice.step(found).state, state, id);
      }
    });
  }

  labTest('null-mx.test: none, and a domain that nobody can ask about: exit code 3', async (lab) => {
    const none = await run(lab, 'advise', 'null-mx.test');
    assert.match(none.stdout, /^Advice for null-mx\.test: none, as the domain null-mx\.test accepts no mail/);
    assert.equal(none.code, 0);
    assert.equal((await run(lab, 'advise', 'mx-bogus.test')).code, 3);
    const gone = await run(lab, 'advise', 'not-there.test');
    assert.match(gone.stdout, /^Advice for not-there\.test: none, as the domain not-there\.test does not/);
    assert.equal(gone.code, 1);
  });

  labTest('a host, and an unknown flag, are wrong usage', async (lab) => {
    assert.equal((await run(lab, 'advise', 'mx.dane-ee.test:25')).code, 2);
    assert.equal((await run(lab, 'advise', 'dane-ee.test', '--depth', 'deep')).code, 2);
  });
});
