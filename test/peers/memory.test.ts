/** The memory of TLS in the real program: learnt from real servers, kept over a kill -9, enforced against a strip. */
import assert from 'node:assert/strict';
import { after, afterEach, describe } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from '../lab/lab.ts';
import { labTests } from '../lab/lab-test.ts';
import type { Attack } from '../lab/mitm/smtp.ts';
import { deliverTo, deliverToOne, keptOf, startOnLab, verdictOf } from './support/policy-lab.ts';
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

/** Its MX records are signed, the addresses of its host are not. */
const signedMx = 'dane-host-unsigned.test';
const verdicts = {
  [signedMx]: 'delivered authenticated, none by default',
  'plain.test': 'delivered encrypted, none by default',
} as const;

let shared: Promise<Waxwing> | undefined;
after(async () => (await shared)?.close());

/** One that has had two sessions with each of these, a second apart. */
function taught(lab: Lab): Promise<Waxwing> {
  shared ??= (async () => {
    const waxwing = await startOnLab(lab, { memory });
    for (const waitMs of [1_100, 0]) {
      const events = await deliverTo(waxwing, Object.keys(verdicts));
      const came = [...events].map(([domain, event]) => [domain, verdictOf(event)] as const);
      assert.deepEqual(Object.fromEntries(came), verdicts);
      // What gathers before it is written down is one moment.
      await keptOf(waxwing, signedMx);
      await sleep(waitMs);
      await anew(waxwing);
    }
    return waxwing;
  })();
  return shared;
}

describe('a host whose TLS is taken away', () => {
  labTest(
    'signed MX records, no policy: kept over kill -9, held with the reason, forgotten by a word',
    async (lab) => {
      const waxwing = await taught(lab);
      const shown = await waxwing.cli(['policy', 'show', signedMx]);
      assert.match(
        shown.stdout,
        /^ {2}mail\.unsigned\.test: authenticated since .*, 2 times, .*; expected$/m,
      );
      await waxwing.kill9();
      everyWay(lab, 'strip');
      await waxwing.start();
      const event = await deliverToOne(waxwing, signedMx);
      assert.equal(verdictOf(event), 'blocked, authenticate by memory');
      assert.match(event.tls?.because ?? '', /does not offer STARTTLS/);
      await keptOf(waxwing, signedMx);
      const before = (await waxwing.eventsOf('delivered')).length;
      const explained = await waxwing.cli(['explain', signedMx]);
      assert.match(explained.stdout, /Sessions fall short of what was reached before/);
      assert.match(waxwing.log(), /dane-host-unsigned\.test fell short of what is remembered/);
      const purged = await waxwing.cli(['policy', 'purge', signedMx]);
      assert.match(purged.stdout, /what sessions with its mail hosts have reached is forgotten/);
      const delivered = (await waxwing.eventsOf('delivered', before + 1)).at(-1) ?? assert.fail();
      assert.equal(
        `${delivered.to}: ${verdictOf(delivered)}`,
        `b@${signedMx}: delivered cleartext, none by default`,
      );
    },
  );

  labTest(
    'MX records that are not signed: TLS is asked for again, and a certificate that proves nothing does',
    async (lab) => {
      const waxwing = await taught(lab);
      const domain = 'plain.test';
      everyWay(lab, 'intercept');
      assert.equal(verdictOf(await deliverToOne(waxwing, domain)), 'delivered encrypted, encrypt by memory');
      await anew(waxwing);
      everyWay(lab, 'strip');
      assert.equal(verdictOf(await deliverToOne(waxwing, domain)), 'blocked, encrypt by memory');
    },
  );
});
