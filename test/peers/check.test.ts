/** `waxwing check` over the lab, with a real Postfix: what is said of a good domain and of broken ones. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'node:test';
import { type CheckReport, checkReportSchema } from '../../src/events/check-report.ts';
import type { Lab } from '../lab/lab.ts';
import { labTests } from '../lab/lab-test.ts';
import { type Run, waxwing } from '../unit/cli/control-peer.ts';

const labTest = labTests({ mail: ['postfix'] });

function run(lab: Lab, ...words: readonly string[]): Promise<Run> {
  const where = ['--resolver', lab.resolver.address, '--data', '/none'];
  const trust = ['--trust-anchor', lab.anchorFile, '--ca', lab.authorityFile];
  return waxwing(['check', ...words, ...where, ...trust]);
}

async function checked(lab: Lab, ...words: readonly string[]): Promise<CheckReport> {
  const { stdout, stderr } = await run(lab, ...words, '--json');
  assert.equal(stderr, '');
  return checkReportSchema.parse(JSON.parse(stdout));
}

const problems = ({ findings }: CheckReport, ...severities: readonly string[]): readonly string[] =>
  findings
    .filter(
      ({ state, severity }) => state !== 'pass' && state !== 'not-tested' && severities.includes(severity),
    )
    .map(({ id }) => id);

/** Everyday senders: no policy, DANE, MTA-STS, both; and what is critical or high. */
type Row = readonly [
  name: string,
  outcomes: readonly [may: string, dane: string, sts: string, both: string],
  bad: readonly string[],
];

const rows: readonly Row[] = [
  ['sts-and-dane.test', ['encrypted', 'authenticated', 'authenticated', 'authenticated'], []],
  ['dane-ee.test', ['encrypted', 'authenticated', 'encrypted', 'authenticated'], []],
  ['dane-mismatch.test', ['encrypted', 'deferred', 'encrypted', 'deferred'], ['dane.mismatch']],
  ['plain.test', ['encrypted', 'encrypted', 'encrypted', 'encrypted'], []],
  ['plain-stripped.test', ['cleartext', 'cleartext', 'cleartext', 'cleartext'], ['starttls.not-offered']],
  ['null-mx.test', ['bounced', 'bounced', 'bounced', 'bounced'], []],
];

describe('check over the lab', () => {
  for (const [name, outcomes, bad] of rows) {
    labTest(`${name}: ${outcomes.join(', ')}`, async (lab) => {
      const report = await checked(lab, name);
      const { 'postfix-may': may, 'postfix-dane': dane, 'mta-sts': sts, exchange } = report.outcomes;
      assert.deepEqual([may, dane, sts, exchange], outcomes);
      assert.deepEqual(problems(report, 'critical', 'high'), bad);
      assert.ok(report.connections.spent <= report.connections.budget);
    });
  }

  labTest('a good domain: protected, nothing to fix that counts, exit code 0', async (lab) => {
    const { stdout, stderr, code } = await run(lab, 'sts-and-dane.test');
    assert.deepEqual([stderr, code], ['', 0], stdout);
    assert.match(stdout, /^sts-and-dane\.test: protected: senders that look at DANE or MTA-STS deliver/);
    assert.match(stdout, /authenticated: DANE, DANE and MTA-STS/);
    assert.doesNotMatch(stdout, /^ +\d+\. (?:critical|high),/m);
  });

  labTest('a broken domain: what is lost, and the record that repairs it', async (lab) => {
    const { stdout, code } = await run(lab, 'dane-mismatch.test');
    assert.equal(code, 1);
    assert.match(stdout, /^dane-mismatch\.test: mail is lost: senders that look at DANE cannot deliver/);
    const published = /^ {9}(_25\._tcp\.mx\.dane-mismatch\.test\. .*TLSA 3 1 1 ([0-9a-f]{64}))$/m.exec(
      stdout,
    );
    const report = await checked(lab, 'dane-ee.test', '--only', 'dane');
    const served = report.hosts[0]?.endpoints[0]?.tls?.certificate?.spkiSha256;
    assert.equal(published?.[2], served);
  });

  labTest('--from says the same as the run itself, today and for another day', async (lab, t) => {
    const folder = await mkdtemp(join(tmpdir(), 'waxwing-check-'));
    t.after(() => rm(folder, { recursive: true }));
    const file = join(folder, 'run.json');
    const live = await run(lab, 'sts-and-dane.test', 'dane-mismatch.test', '--json');
    await writeFile(file, live.stdout);
    const again = await waxwing(['check', '--from', file, '--json']);
    assert.equal(again.stdout, live.stdout);
    assert.equal(again.code, live.code);
    const later = await waxwing(['check', '--from', file, '--format', 'ndjson', '--fail-at', '2099-01-01']);
    const [first = ''] = later.stdout.split('\n');
    const { future } = checkReportSchema.parse(JSON.parse(first));
    assert.ok(future?.events.some(({ what }) => /signatures of DNS end/.test(what)));
    assert.ok(future?.findings.some(({ id }) => id === 'cert.expired'));
  });

  labTest('a host by name and by address, deep, with what was said', async (lab) => {
    const address = lab.mail.postfix?.way.address ?? '';
    const { stdout } = await run(lab, 'mx.dane-ee.test:25', '--depth', 'deep', '--details');
    assert.match(stdout, /^mx\.dane-ee\.test:25: protected/);
    assert.match(
      stdout,
      new RegExp(`what was said to ${address.replaceAll('.', '\\.')} port 25[\\s\\S]*C: STARTTLS`),
    );
    const named = await checked(lab, `[${address}]`, '--depth', 'quick');
    assert.deepEqual([named.target, named.connections.spent], [`[${address}]:25`, 1]);
    assert.equal(named.hosts[0]?.endpoints[0]?.program, 'postfix');
  });
});
