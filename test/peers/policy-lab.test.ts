/** Mail to every domain of the lab, through the real Waxwing: which case it is, what became of it, and who says why. */
import assert from 'node:assert/strict';
import { after, describe } from 'node:test';
import type { DeliveryEvent } from '../../src/events/delivery-event.ts';
import type { Lab } from '../lab/lab.ts';
import { labTests } from '../lab/lab-test.ts';
import { mailDomains } from '../lab/zones/mail.ts';
import { labVerdicts as rows, UNPROVED } from './support/lab-verdicts.ts';
import { deliverTo, deliverToOne, startOnLab, verdictOf } from './support/policy-lab.ts';
import { until } from './support/until.ts';
import type { Waxwing } from './support/waxwing.ts';

const labTest = labTests({ mail: ['postfix', 'exim', 'opensmtpd'] });

/** One message for all of them. */
let shared: Promise<{ waxwing: Waxwing; events: ReadonlyMap<string, DeliveryEvent> }> | undefined;
after(async () => (await shared)?.waxwing.close());

function delivered(lab: Lab): NonNullable<typeof shared> {
  shared ??= (async () => {
    const waxwing = await startOnLab(lab);
    return {
      waxwing,
      events: await deliverTo(
        waxwing,
        rows.map(({ domain }) => domain),
      ),
    };
  })();
  return shared;
}

describe('mail to the domains of the lab', () => {
  for (const { name, domain, verdict, because, mx, tlsa } of rows) {
    labTest(`${name} (${domain}): ${verdict}`, async (lab, t) => {
      const { events } = await delivered(lab);
      const event = events.get(domain) ?? assert.fail(`nothing became of the mail for ${domain}`);
      assert.equal(verdictOf(event), verdict, JSON.stringify(event.tls));
      assert.match(event.tls?.because ?? '', because);
      if (mx !== undefined) assert.equal(event.mx?.host ?? null, mx);
      if (tlsa === null) assert.equal(event.tls?.tlsa, null);
      else if (tlsa !== undefined) assert.match(event.tls?.tlsa ?? '', tlsa);
      t.diagnostic(event.tls?.because ?? '');
    });
  }

  labTest('no domain of the lab that gets mail is left out', async () => {
    const tried = new Set(rows.map(({ domain }) => domain));
    assert.deepEqual(
      mailDomains.map(({ name }) => name).filter((name) => !tried.has(name)),
      [],
    );
  });

  labTest(
    'the servers have just what was delivered, and nothing went in clear by the way to them',
    async (lab) => {
      const { events } = await delivered(lab);
      const count = [...events.values()].filter(({ event }) => event === 'delivered').length;
      const taken = async (): Promise<number> => {
        const all = Object.values(lab.mail).map(async (server) => (await server.messages()).length);
        return (await Promise.all(all)).reduce((sum, one) => sum + one, 0);
      };
      // A server has answered before it has written the message to the mailbox.
      await until(
        async () => (await taken()) >= count,
        () => `not all of ${count} messages came to a mailbox`,
      );
      assert.equal(await taken(), count);
      for (const { way } of Object.values(lab.mail)) {
        for (const { client } of way.seen()) assert.doesNotMatch(client, /MAIL FROM|secret/);
      }
    },
  );
});

describe('a resolver that hides what is proven', () => {
  labTest('D26: the log says that DANE is off, and mail goes on without it', async (lab, t) => {
    const waxwing = await startOnLab(lab, {}, lab.resolvers.stripping);
    t.after(() => waxwing.close());
    const event = await deliverToOne(waxwing, 'dane-ee.test');
    assert.equal(verdictOf(event), UNPROVED);
    assert.match(waxwing.log(), /Answers of DNS cannot be proven: .* DANE is off/);
  });
});
