/** Mail that waits for TLS: what is said, once, and how it ends. */
import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { createAuthority } from '../../support/certificates.ts';
import { type HostileServer, startHostileServer } from '../../support/hostile-server.ts';
import { DAY, eventually, startTestRelay, type TestRelay } from '../../support/relay.ts';
import { PEER } from './behaviours.ts';
import { peerCertificates } from './cells.ts';

const authority = await createAuthority();
const certificates = await peerCertificates(authority);
const withoutTls = { offers: ['PIPELINING', '8BITMIME'] };
const TO = 'anna@far.test';

interface Held {
  readonly peer: HostileServer;
  /** Takes what goes back to the sender. */
  readonly home: HostileServer;
  readonly relay: TestRelay;
  /** Puts the clock forward, and waits for one more attempt. */
  readonly again: (ms: number) => Promise<void>;
}

async function heldMail(t: TestContext): Promise<Held> {
  const peer = await startHostileServer(certificates.good, withoutTls);
  const home = await startHostileServer(certificates.good);
  t.after(() => Promise.all([peer.close(), home.close()]));
  const relay = await startTestRelay(t, {
    routes: [
      { domain: 'far.test', to: { host: PEER, port: peer.port }, tls: 'authenticate' },
      { domain: 'origin.test', to: { host: PEER, port: home.port } },
    ],
    trust: [authority.certPem],
    keyPair: certificates.good,
  });
  return {
    peer,
    home,
    relay,
    async again(ms) {
      const before = await attemptsOf(relay);
      relay.later(ms);
      await eventually('another attempt', async () =>
        (await attemptsOf(relay)) > before ? true : undefined,
      );
    },
  };
}

/** Attempts that are over, of the recipient who waits. */
async function attemptsOf(relay: TestRelay): Promise<number> {
  const messages = await relay.store.list({ which: 'open', most: 10 });
  const deliveries = messages.flatMap(({ recipients }) => recipients.map(({ delivery }) => delivery));
  return Math.max(0, ...deliveries.map((delivery) => (delivery.kind === 'held' ? delivery.attempts : 0)));
}

function names(relay: TestRelay): string[] {
  return relay.about(TO).map(({ event }) => event);
}

function until(relay: TestRelay, event: string, to = TO): ReturnType<TestRelay['until']> {
  return relay.until(`${event} ${to}`, (one) => one.event === event && one.to === to);
}

it('`blocked` is said once per recipient and cause, then `held`; the same cause again is no news', async (t) => {
  const { relay, again, peer } = await heldMail(t);
  const id = await relay.send({ to: [TO] });
  await until(relay, 'held');
  await again(DAY / 24);
  await again(DAY / 24);
  assert.deepEqual(names(relay), ['blocked', 'held']);
  assert.deepEqual(await relay.states(id), { [TO]: 'held/tls' });

  peer.become({}, certificates.expired);
  await again(DAY / 24);
  assert.deepEqual(names(relay), ['blocked', 'held', 'blocked', 'held']);
  assert.match(relay.about(TO).at(-1)?.tls?.because ?? '', /CERT_HAS_EXPIRED/);
  assert.ok(!peer.conversations().some(({ plain }) => plain.includes('MAIL')));
});

it('held mail goes out with the next attempt once the peer is repaired', async (t) => {
  const { relay, peer } = await heldMail(t);
  const id = await relay.send({ to: [TO] });
  await until(relay, 'held');
  peer.become({});
  relay.later(DAY / 24);
  const { tls, attempt, nextAttemptAt } = await until(relay, 'delivered');
  assert.equal(tls?.outcome, 'authenticated');
  assert.equal(tls.peerName, PEER);
  assert.equal(tls.required, 'authenticate');
  assert.equal(attempt, 2);
  assert.equal(nextAttemptAt, null);
  assert.deepEqual(names(relay), ['blocked', 'held', 'delivered']);
  assert.deepEqual(await relay.states(id), { [TO]: 'delivered' });
  assert.equal(peer.messages[0]?.over, 'tls');
});

it('RFC 3464: mail that expires while held is returned with the reason, to its sender', async (t) => {
  const { relay, home } = await heldMail(t);
  const id = await relay.send({
    to: [TO],
    content: 'Subject: overdue\r\nX-Own: kept\r\n\r\nsecret text\r\n',
  });
  await until(relay, 'held');
  relay.later(6 * DAY);
  const bounced = await until(relay, 'bounced');
  assert.equal(bounced.tls?.outcome, null);
  assert.equal(bounced.nextAttemptAt, null);
  assert.deepEqual(await relay.states(id), { [TO]: 'bounced' });

  await until(relay, 'delivered', 'sender@origin.test');
  const [notice] = home.messages;
  assert.equal(notice?.sender, '', 'RFC 5321 §4.5.5: the null reverse-path');
  assert.deepEqual(notice.recipients, ['sender@origin.test']);
  const text = notice.content.toString('latin1');
  const [, plain = '', status = '', original = ''] = partsOf(text);
  assert.match(text, /^Content-Type: multipart\/report; report-type=delivery-status;/m);
  assert.match(text, /^Auto-Submitted: auto-replied\r$/m);
  assert.match(plain, /^Content-Type: text\/plain/);
  assert.match(plain, /anna@far\.test/);
  assert.match(plain, /STARTTLS/);
  assert.match(status, /^Content-Type: message\/delivery-status/);
  assert.match(status, /^Reporting-MTA: dns; relay\.test\r$/m);
  assert.match(status, /^Final-Recipient: rfc822; anna@far\.test\r$/m);
  assert.match(status, /^Action: failed\r$/m);
  assert.match(status, /^Status: 5\.7\.10\r$/m);
  assert.match(status, /^Remote-MTA: dns; mx\.peer\.test\r$/m);
  assert.match(original, /^Content-Type: text\/rfc822-headers/);
  assert.match(original, /^X-Own: kept\r$/m);
  assert.doesNotMatch(original, /secret text/, 'only the header goes back');
});

it('RFC 5321 §6.1: the null sender gets no notification; the message is dropped', async (t) => {
  const { relay, home } = await heldMail(t);
  const id = await relay.send({ from: '', to: [TO] });
  await until(relay, 'held');
  relay.later(6 * DAY);
  await until(relay, 'dropped');
  assert.deepEqual(await relay.states(id), { [TO]: 'bounced' });
  assert.deepEqual(home.messages, []);
  const queued = await relay.store.list({ which: 'all', most: 10 });
  assert.deepEqual(
    queued.map((message) => message.id),
    [id],
    'nothing was made for nobody',
  );
});

it('the sender is told once that mail is held, and not again that it is late', async (t) => {
  const { relay, home, again } = await heldMail(t);
  await relay.send({ to: [TO] });
  await until(relay, 'held');
  assert.equal(home.messages.length, 0);
  for (let quarters = 0; quarters < 4; quarters++) await again(DAY / 4);
  await until(relay, 'delivered', 'sender@origin.test');
  assert.equal(home.messages.length, 1);
  const text = home.messages[0]?.content.toString('latin1') ?? '';
  assert.match(text, /^Status: 4\.4\.7\r$/m);
  assert.match(text, /^Action: delayed\r$/m);
  assert.match(text, /^Will-Retry-Until: /m);
  // What becomes of it in the end is news.
  relay.later(6 * DAY);
  await until(relay, 'bounced');
  await eventually('the report', () => Promise.resolve(home.messages.length === 2 || undefined));
});

/** What stands between the boundaries. */
function partsOf(message: string): string[] {
  const boundary = /boundary="([^"]+)"/.exec(message.replaceAll('\r\n\t', ' ').replaceAll('\r\n ', ' '))?.[1];
  assert.ok(boundary, 'there is a boundary');
  return message.split(`\r\n--${boundary}`).map((part) => part.replace(/^\r\n/, ''));
}
