/** Policies and overrides that outlive the process: an orderly end, a power cut. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { types } from '../../src/dns/record.ts';
import { labTests } from '../lab/lab-test.ts';
import { about, forgeNoName } from '../lab/mitm/lies.ts';
import { deliverToOne, startOnLab, verdictOf } from './support/policy-lab.ts';

const labTest = labTests({ mail: ['exim'] });
const DOMAIN = 'sts-wildcard.test';
const STS = 'delivered authenticated, authenticate by sts';
const BLOCKED = 'blocked, authenticate by sts';

describe('what was kept', () => {
  for (const [how, end] of [
    ['an orderly end', 'stop'],
    ['kill -9', 'kill9'],
  ] as const) {
    labTest(
      `a policy holds after ${how}, with its record and its host gone and STARTTLS stripped`,
      async (lab, t) => {
        const mitm = await lab.dnsMitm();
        const waxwing = await startOnLab(lab, {}, mitm);
        t.after(() => waxwing.close());
        t.after(() => lab.mail.exim?.way.become('none'));
        const served = lab.policyHosts.requests().length;
        assert.equal(verdictOf(await deliverToOne(waxwing, DOMAIN)), STS);
        assert.equal(lab.policyHosts.requests().length, served + 1);
        await waxwing[end]();
        mitm.tell(about({ type: types.TXT }, forgeNoName), about({ name: `mta-sts.${DOMAIN}` }, forgeNoName));
        lab.mail.exim?.way.become('strip');
        await waxwing.start();
        const before = mitm.asked().length;
        assert.equal(verdictOf(await deliverToOne(waxwing, DOMAIN)), BLOCKED);
        lab.mail.exim?.way.become('none');
        assert.equal(verdictOf(await deliverToOne(waxwing, DOMAIN)), STS);
        assert.equal(lab.policyHosts.requests().length, served + 1);
        const asked = mitm.asked().slice(before);
        assert.ok(asked.some(({ name, type }) => name === `_mta-sts.${DOMAIN}` && type === types.TXT));
      },
    );
  }

  labTest('an override holds after kill -9, and alone lowers what the policy wants', async (lab, t) => {
    const waxwing = await startOnLab(lab);
    t.after(() => waxwing.close());
    assert.equal(verdictOf(await deliverToOne(waxwing, 'sts-mismatch.test')), BLOCKED);
    const words = [
      'policy',
      'override',
      'sts-mismatch.test',
      'encrypt',
      '--until',
      '1d',
      '--reason',
      'told by phone',
    ];
    const said = await waxwing.cli(words);
    assert.equal(said.code, 0, said.stderr);
    await waxwing.kill9();
    await waxwing.start();
    const event = await deliverToOne(waxwing, 'sts-mismatch.test');
    assert.equal(verdictOf(event), 'delivered encrypted, encrypt by override');
  });

  labTest('a domain that was never seen is not held up by the same lies (S1)', async (lab, t) => {
    const mitm = await lab.dnsMitm();
    mitm.tell(about({ type: types.TXT }, forgeNoName));
    const waxwing = await startOnLab(lab, {}, mitm);
    t.after(() => waxwing.close());
    assert.equal(verdictOf(await deliverToOne(waxwing, DOMAIN)), 'delivered encrypted, none by default');
  });
});
