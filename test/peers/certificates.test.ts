/** The certificate of the real program is replaced, broken and expired while 200 connections deliver. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Authority, type Certificate, createAuthority } from '../support/certificates.ts';
import { type RawClient, rawClient } from '../support/raw-client.ts';
import { startSink } from './support/sink.ts';
import { until } from './support/until.ts';
import { startWaxwing, type Waxwing } from './support/waxwing.ts';

const connections = 200;
const newcomers = 20;
/** Between the messages of one connection: the machine is to have time for handshakes too. */
const pauseMs = 200;
const serverName = 'relay.example.test';
const aDay = 24 * 3600 * 1000;

/** What is in the files, one after the other, and which certificate is shown from then on. */
interface Change {
  readonly what: string;
  readonly files: Certificate;
  readonly shown: Certificate;
  /** What the program says of it. */
  readonly said: RegExp;
}

describe('a certificate that changes while 200 connections deliver', () => {
  it('no connection is lost, and newcomers see the new one where it is good, else the old one', async (t) => {
    const { authority, waxwing, first, taken } = await startBoth(t);
    const second = await authority.issue({ names: [serverName] });
    const third = await authority.issue({ names: [serverName] });
    const expired = await authority.issue({
      names: [serverName],
      notBefore: new Date(Date.now() - 3 * aDay),
      notAfter: new Date(Date.now() - aDay),
    });
    const changes: Change[] = [
      { what: 'replaced', files: second, shown: second, said: /reloaded/ },
      {
        what: 'broken',
        files: { ...third, certPem: third.certPem.slice(0, 200) },
        shown: second,
        said: /not reloaded/,
      },
      { what: 'expired', files: expired, shown: second, said: /not reloaded/ },
      { what: 'replaced again', files: third, shown: third, said: /reloaded/ },
    ];

    const crowd = await Promise.all(Array.from({ length: connections }, () => startDelivering(waxwing.port)));
    t.after(() => crowd.forEach((one) => one.client.close()));
    assert.ok(crowd.every(({ fingerprint }) => fingerprint === fingerprintOf(first)));
    for (const { what, files, shown, said } of changes) {
      const before = crowd.map(({ accepted }) => accepted());
      const heard = waxwing.log().length;
      await waxwing.replaceCertificate(files);
      waxwing.hangUp();
      await until(() => said.test(waxwing.log().slice(heard)), waxwing.log);
      const arrived = await Promise.all(
        Array.from({ length: newcomers }, () => startDelivering(waxwing.port)),
      );
      const seen = arrived.filter(({ fingerprint }) => fingerprint === fingerprintOf(shown));
      await Promise.all(arrived.map((one) => one.stop()));
      // Everyone who was there before has handed in more since.
      await until(
        () => crowd.every(({ accepted }, index) => accepted() > (before[index] ?? 0) + 1),
        waxwing.log,
      );
      t.diagnostic(`${what}: ${seen.length} of ${newcomers} newcomers saw what they should see`);
      t.diagnostic(`the program said: ${waxwing.log().slice(heard).trim().split('\n').join(' | ')}`);
      assert.equal(seen.length, newcomers, what);
      assert.deepEqual(failures(crowd), [], what);
    }
    await Promise.all(crowd.map((one) => one.stop()));
    const accepted = crowd.reduce((sum, one) => sum + one.accepted(), 0);
    t.diagnostic(`${connections} connections handed in ${accepted} messages; none of them was lost`);
    assert.deepEqual(failures(crowd), []);
    await until(() => taken() >= accepted, waxwing.log, taken);
  });
});

/** A connection that hands in one message after the other. */
interface Delivering {
  readonly client: RawClient;
  /** Of the certificate that it was shown. */
  readonly fingerprint: string;
  readonly accepted: () => number;
  /** What went wrong; null while nothing has. */
  readonly failure: () => Error | null;
  /** Ends it after the message in hand. */
  stop(): Promise<void>;
}

async function startDelivering(port: number): Promise<Delivering> {
  const client = await rawClient(port);
  await client.reply();
  await client.expect('EHLO client.test', '250');
  await client.expect('STARTTLS', '220');
  const secure = await client.secure({ servername: serverName });
  const { fingerprint256: fingerprint } = secure.getPeerX509Certificate() ?? {};
  await client.expect('EHLO client.test', '250');
  let accepted = 0;
  let failure: Error | null = null;
  let stopped = false;
  const work = async (): Promise<void> => {
    while (!stopped) {
      await client.expect('MAIL FROM:<a@sender.test>', '250');
      await client.expect('RCPT TO:<b@example.test>', '250');
      await client.expect('DATA', '354');
      await client.expect('Subject: x\r\n\r\ntext\r\n.', '250');
      accepted += 1;
      await sleep(pauseMs);
    }
    await client.expect('QUIT', '221');
  };
  const done = work().catch((error: Error) => {
    failure = error;
  });
  return {
    client,
    fingerprint: fingerprint ?? '',
    accepted: () => accepted,
    failure: () => failure,
    async stop() {
      stopped = true;
      await done;
      client.close();
    },
  };
}

function failures(crowd: readonly Delivering[]): Error[] {
  return crowd.flatMap(({ failure }) => failure() ?? []);
}

function fingerprintOf({ certPem }: Certificate): string {
  return new X509Certificate(certPem).fingerprint256;
}

interface Both {
  readonly authority: Authority;
  readonly waxwing: Waxwing;
  readonly first: Certificate;
  /** How many messages came out at the other end. */
  readonly taken: () => number;
}

async function startBoth(t: TestContext): Promise<Both> {
  const authority = await createAuthority();
  const first = await authority.issue({ names: [serverName] });
  const sink = await startSink(await authority.issue({ names: ['sink.localhost'] }));
  t.after(() => sink.close());
  const waxwing = await startWaxwing({
    certificate: first,
    trust: authority.certPem,
    routes: [{ match: '*', to: `smtp://sink.localhost:${sink.port}`, tls: 'authenticate' }],
  });
  t.after(() => waxwing.close());
  return { authority, waxwing, first, taken: () => sink.taken.length };
}
