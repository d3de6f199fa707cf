/** Held mail in the lab: what was wrong is mended, and the mail goes, without waiting for its next attempt. */
import assert from 'node:assert/strict';
import { describe, type TestContext } from 'node:test';
import { types } from '../../src/dns/record.ts';
import type { DeliveryEvent } from '../../src/events/delivery-event.ts';
import type { QueuedTrail } from '../../src/relay/control-api.ts';
import type { Lab } from '../lab/lab.ts';
import { labTests } from '../lab/lab-test.ts';
import { about, type Lie, setAd, spoof } from '../lab/mitm/lies.ts';
import { rdata } from '../lab/mitm/packet.ts';
import { mailDomains } from '../lab/zones/mail.ts';
import type { ServedPolicy } from '../lab/zones/mail-domain.ts';
import { handIn } from './support/pipelining-client.ts';
import { startOnLab, verdictOf } from './support/policy-lab.ts';
import { until } from './support/until.ts';
import type { Waxwing, WaxwingOptions } from './support/waxwing.ts';

const labTest = labTests({ mail: ['postfix', 'exim'] });

/** The attempts are an hour apart, so that only a look can be what lets the mail go. */
const relay = { retry: ['1h'], hold_probe: ['1s'], hold_notice_after: 'never' };

async function start(lab: Lab, t: TestContext, options: WaxwingOptions = {}, resolver = lab.resolver) {
  const waxwing = await startOnLab(lab, { relay, ...options }, resolver);
  t.after(() => waxwing.close());
  return waxwing;
}

function send(waxwing: Waxwing, domain: string, from = 'a@sender.test'): Promise<unknown> {
  return handIn(waxwing.port, { from, to: [`b@${domain}`], content: Buffer.from('Subject: x\r\n\r\nx\r\n') });
}

function event(waxwing: Waxwing, name: DeliveryEvent['event'], to: string): Promise<DeliveryEvent> {
  return until(
    () => waxwing.events().find((one) => one.event === name && one.to === `b@${to}`),
    () => `no ${name} for ${to}: ${JSON.stringify(waxwing.events(), null, 1)}\n${waxwing.log()}`,
  );
}

/** What became of the mail, in its order. */
function story(waxwing: Waxwing, domain: string): string[] {
  return waxwing
    .events()
    .filter(({ to, event: name }) => to === `b@${domain}` && name !== 'received')
    .map(({ event: name }) => name);
}

const HELD_THEN_SENT = ['blocked', 'held', 'released', 'delivered'];

describe('held mail goes by itself', () => {
  labTest('once the TLSA record is mended, past what we keep of the old one (Postfix)', async (lab, t) => {
    // The resolver validates, and is believed: it tells of an old record, for which the zone need not be signed anew.
    const mitm = await lab.dnsMitm('validating');
    const old = rdata.tlsa(3, 1, 1, 'ab'.repeat(32));
    const proven: Lie = (packet, over) => {
      const fate = spoof(old)(packet, over);
      return fate.kind === 'answer' ? setAd(true)(fate.packet, over) : fate;
    };
    mitm.tell(about({ type: types.TLSA }, proven));
    const dns = { resolver: [`${mitm.address}:${mitm.port}`], dnssec: 'trust' };
    const waxwing = await start(lab, t, { dns });
    await send(waxwing, 'dane-ee.test');
    assert.equal(verdictOf(await event(waxwing, 'blocked', 'dane-ee.test')), 'blocked, authenticate by dane');
    await event(waxwing, 'held', 'dane-ee.test');
    mitm.tell();
    const mended = Date.now();
    const delivered = await event(waxwing, 'delivered', 'dane-ee.test');
    assert.equal(verdictOf(delivered), 'delivered authenticated, authenticate by dane');
    assert.deepEqual(story(waxwing, 'dane-ee.test'), HELD_THEN_SENT);
    t.diagnostic(`${Date.now() - mended} ms after the record was mended, whose TTL was 300 s`);
  });

  labTest('once the certificate is mended (Exim, MTA-STS)', async (lab, t) => {
    const way = lab.mail.exim?.way ?? assert.fail();
    t.after(() => way.become('none'));
    way.become('intercept');
    const waxwing = await start(lab, t);
    await send(waxwing, 'sts-wildcard.test');
    assert.equal(
      verdictOf(await event(waxwing, 'blocked', 'sts-wildcard.test')),
      'blocked, authenticate by sts',
    );
    await event(waxwing, 'held', 'sts-wildcard.test');
    const before = way.seen().length;
    await until(
      () => way.seen().length >= before + 2,
      () => 'nobody looked',
    );
    way.become('none');
    assert.equal(
      verdictOf(await event(waxwing, 'delivered', 'sts-wildcard.test')),
      'delivered authenticated, authenticate by sts',
    );
    assert.deepEqual(story(waxwing, 'sts-wildcard.test'), HELD_THEN_SENT);
    for (const { client } of way.seen()) assert.doesNotMatch(client, /MAIL FROM/);
  });

  labTest('once the MTA-STS policy is mended and has another id (Exim)', async (lab, t) => {
    const domain = 'sts-mismatch.test';
    const wrong = policyOf(domain);
    t.after(() => lab.policyHosts.serve(domain, wrong));
    const mitm = await lab.dnsMitm();
    const waxwing = await start(lab, t, {}, mitm);
    await send(waxwing, domain);
    const blocked = await event(waxwing, 'blocked', domain);
    assert.match(blocked.tls?.because ?? '', /does not list mx\.sts-mismatch\.test/);
    await event(waxwing, 'held', domain);
    lab.policyHosts.serve(domain, {
      text: `version: STSv1\r\nmode: enforce\r\nmx: mx.${domain}\r\nmax_age: 86400\r\n`,
    });
    mitm.tell(
      about({ name: `_mta-sts.${domain}`, type: types.TXT }, spoof(rdata.txt('v=STSv1; id=mended;'))),
    );
    assert.equal(
      verdictOf(await event(waxwing, 'delivered', domain)),
      'delivered authenticated, authenticate by sts',
    );
    assert.deepEqual(story(waxwing, domain), HELD_THEN_SENT);
  });

  labTest('after a kill -9, too, and the sender was told early (Postfix)', async (lab, t) => {
    const way = lab.mail.exim?.way ?? assert.fail();
    t.after(() => way.become('none'));
    way.become('strip');
    const waxwing = await start(lab, t, { relay: { ...relay, hold_notice_after: '1s' } });
    await send(waxwing, 'sts-wildcard.test', 'anna@dane-ee.test');
    const held = await event(waxwing, 'held', 'sts-wildcard.test');
    const notices = async (): Promise<string[]> => {
      const all = (await lab.mail.postfix?.messages()) ?? [];
      return all
        .filter(({ to, from }) => to === 'anna@dane-ee.test' && from === '')
        .map(({ body }) => String(body));
    };
    const [notice] = await until(
      async () => {
        const found = await notices();
        return found.length > 0 && found;
      },
      () => `the sender heard nothing: ${waxwing.log()}`,
    );
    const words = notice?.replace(/\s+/g, ' ') ?? '';
    assert.match(
      words,
      /The message is held\. The published policy of the recipient's domain \(MTA-STS\) requires/,
    );
    assert.match(words, /Action: delayed/);
    const shown = await waxwing.cli(['queue', 'show', held.id]);
    assert.match(
      shown.stdout,
      /^b@sts-wildcard\.test: held for want of TLS since .*STARTTLS.*\[starttls-not-supported\]\n/,
    );
    await waxwing.kill9();
    way.become('none');
    await waxwing.start();
    await event(waxwing, 'delivered', 'sts-wildcard.test');
    assert.equal((await notices()).length, 1);
  });

  labTest('or by an operator: one message with a reason, all mail with the switch', async (lab, t) => {
    const way = lab.mail.exim?.way ?? assert.fail();
    t.after(() => way.become('none'));
    way.become('strip');
    const waxwing = await start(lab, t);
    await send(waxwing, 'sts-wildcard.test');
    const { id } = await event(waxwing, 'held', 'sts-wildcard.test');
    const plain = await waxwing.cli(['queue', 'release', id]);
    assert.equal(plain.code, 1);
    assert.match(plain.stderr, /--tls LEVEL/);
    const words = ['queue', 'release', id, '--tls', 'may', '--reason', 'told by phone'];
    const released = await waxwing.cli(words);
    assert.deepEqual([released.code, released.stdout], [0, '1 recipient released, and due now\n']);
    const delivered = await event(waxwing, 'delivered', 'sts-wildcard.test');
    assert.equal(verdictOf(delivered), 'delivered cleartext, none by override');
    const trail: QueuedTrail = JSON.parse((await waxwing.cli(['queue', 'show', id, '--json'])).stdout);
    const word = trail.events.find(({ event: name }) => name === 'released');
    assert.match(word?.tls?.because ?? '', /released this message under the level may: told by phone/);

    const everywhere = ['policy', 'override', '*'];
    assert.equal((await waxwing.cli([...everywhere, 'off', '--until', '1h', '--reason', 'x'])).code, 2);
    const on = await waxwing.cli([...everywhere, 'may', '--until', '1h', '--reason', 'STARTTLS is stripped']);
    assert.equal(on.code, 0, on.stderr);
    assert.match((await waxwing.cli(['queue', 'list'])).stdout, /^NOTE: TLS is required of no mail until /);
    assert.match((await waxwing.cli(['policy', 'list'])).stdout, /^NOTE: TLS is required of no mail until /);
    await send(waxwing, 'dane-ta.test');
    assert.equal(
      verdictOf(await event(waxwing, 'delivered', 'dane-ta.test')),
      'delivered cleartext, none by override',
    );
    const off = await waxwing.cli([...everywhere, '--remove']);
    assert.equal(off.code, 0, off.stderr);
  });
});

function policyOf(domain: string): ServedPolicy {
  return mailDomains.find(({ name }) => name === domain)?.policy ?? assert.fail();
}
