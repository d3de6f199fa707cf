/** The memory of TLS in the real program: learnt from real servers, kept over a kill -9, enforced against a strip. */
import assert from 'node:assert/strict';
import { afterEach, describe } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from '../lab/lab.ts';
import { labTests } from '../lab/lab-test.ts';
import type { Attack } from '../lab/mitm/smtp.ts';
import { deliverToOne, startOnLab, verdictOf } from './support/policy-lab.ts';
import { until } from './support/until.ts';
import type { Waxwing } from './support/waxwing.ts';

const labTest = labTests({ mail: ['postfix', 'opensmtpd'] });
let restore: () => void = () => {};
afterEach(() => restore());

/** What takes a week by default takes two sessions and a second here. */
const memory = { mode: 'enforce', least_sessions: 2, least_age: '1s' };

function everyWay(lab: Lab, attack: Attack): void {
  for (const { way } of Object.values(lab.mail)) way.become(attack);
  restore = () => everyWay(lab, 'none');
}

/** Reads its configuration again, so that the next message goes by a session of its own. */
async function anew(waxwing: Waxwing): Promise<void> {
  const count = (): number => waxwing.log().split('the configuration was reloaded').length;
  const before = count();
  waxwing.hangUp();
  await until(
    () => count() > before,
    () => waxwing.log(),
  );
}

/** Two sessions, a second apart. @returns what is remembered then. */
async function learn(waxwing: Waxwing, domain: string, verdict: string): Promise<string> {
  assert.equal(verdictOf(await deliverToOne(waxwing, domain)), verdict);
  await shown(waxwing, domain);
  await sleep(1_100);
  await anew(waxwing);
  assert.equal(verdictOf(await deliverToOne(waxwing, domain)), verdict);
  await anew(waxwing);
  return shown(waxwing, domain);
}

/** It has everything written down that was seen up to now; two sessions that gather before that are one moment. */
async function shown(waxwing: Waxwing, domain: string): Promise<string> {
  return (await waxwing.cli(['policy', 'show', domain])).stdout;
}

describe('a host whose TLS is taken away', () => {
  labTest(
    'signed MX records, no policy: kept over kill -9, held with the reason, forgotten by a word',
    async (lab, t) => {
      const waxwing = await startOnLab(lab, { memory });
      t.after(() => waxwing.close());
      // Its MX records are signed, the addresses of its host are not.
      const domain = 'dane-host-unsigned.test';
      assert.match(
        await learn(waxwing, domain, 'delivered authenticated, none by default'),
        /^ {2}mail\.unsigned\.test: authenticated since .*, 2 times, .*; expected$/m,
      );
      await waxwing.kill9();
      everyWay(lab, 'strip');
      await waxwing.start();
      const event = await deliverToOne(waxwing, domain);
      assert.equal(verdictOf(event), 'blocked, authenticate by memory');
      assert.match(event.tls?.because ?? '', /does not offer STARTTLS/);
      await shown(waxwing, domain);
      const explained = await waxwing.cli(['explain', domain]);
      assert.match(explained.stdout, /Sessions fall short of what was reached before/);
      assert.match(waxwing.log(), /dane-host-unsigned\.test fell short of what is remembered/);
      const purged = await waxwing.cli(['policy', 'purge', domain]);
      assert.match(purged.stdout, /what sessions with its mail hosts have reached is forgotten/);
      const delivered = await waxwing.eventsOf('delivered', 3);
      assert.equal(verdictOf(delivered[2] ?? event), 'delivered cleartext, none by default');
    },
  );

  labTest(
    'MX records that are not signed: TLS is asked for again, and a certificate that proves nothing does',
    async (lab, t) => {
      const waxwing = await startOnLab(lab, { memory });
      t.after(() => waxwing.close());
      const domain = 'plain.test';
      await learn(waxwing, domain, 'delivered encrypted, none by default');
      everyWay(lab, 'intercept');
      assert.equal(verdictOf(await deliverToOne(waxwing, domain)), 'delivered encrypted, encrypt by memory');
      await anew(waxwing);
      everyWay(lab, 'strip');
      assert.equal(verdictOf(await deliverToOne(waxwing, domain)), 'blocked, encrypt by memory');
    },
  );
});
