/** What the real Waxwing does where a real server cannot do the TLS that a route demands. */
import assert from 'node:assert/strict';
import { describe, type TestContext } from 'node:test';
import { type CertificateOptions, createAuthority } from '../support/certificates.ts';
import { startTap } from '../support/tap.ts';
import { peerTest } from './support/peer.ts';
import { handIn } from './support/pipelining-client.ts';
import { type Postfix, startPostfix } from './support/postfix.ts';
import { startWaxwing, type Waxwing } from './support/waxwing.ts';

const message = {
  from: 'a@sender.test',
  to: ['b@example.test'],
  content: Buffer.from('Subject: secret\r\n\r\nsecret text\r\n'),
};
const aDay = 24 * 3600 * 1000;

describe('a route that demands TLS', () => {
  peerTest(
    'may: a server without STARTTLS gets the mail in clear, and the event says so',
    ['postfix'],
    async (roots, t) => {
      const { postfix, waxwing, said } = await startWithoutTls(roots.postfix, t, 'may');
      await handIn(waxwing.port, message);
      const [delivered] = await waxwing.eventsOf('delivered');
      assert.equal(delivered?.tls?.outcome, 'cleartext');
      assert.equal(delivered.tls.required, 'none');
      assert.match(delivered.tls.because, /does not offer STARTTLS/);
      assert.equal(delivered.tls.version, null);
      assert.equal((await postfix.messages(1)).length, 1);
      assert.match(said(), /secret text/);
    },
  );

  for (const level of ['encrypt', 'authenticate'] as const) {
    peerTest(
      `${level}: a server without STARTTLS hears no word of the mail`,
      ['postfix'],
      async (roots, t) => {
        const { postfix, waxwing, said } = await startWithoutTls(roots.postfix, t, level);
        await handIn(waxwing.port, message);
        const [held] = await waxwing.eventsOf('held');
        const [blocked] = await waxwing.eventsOf('blocked');
        for (const event of [held, blocked]) {
          assert.equal(event?.tls?.outcome, null);
          assert.equal(event.tls.required, level);
          assert.match(event.tls.because, /does not offer STARTTLS/);
          assert.notEqual(event.nextAttemptAt, null);
        }
        assert.equal(said(), 'EHLO waxwing.test\r\nQUIT\r\n');
        assert.deepEqual(await postfix.messages(), []);
      },
    );
  }

  const wrong: Record<string, { shown: CertificateOptions; because: RegExp }> = {
    'for another name': {
      shown: { names: ['mx.localhost.example.test', 'localhost'] },
      because:
        /the certificate names mx\.localhost\.example\.test, localhost, not mx\.localhost, example\.test/,
    },
    'that has expired': {
      shown: {
        names: ['mx.localhost'],
        notBefore: new Date(Date.now() - 3 * aDay),
        notAfter: new Date(Date.now() - aDay),
      },
      because: /the certificate is not valid \(CERT_HAS_EXPIRED\)/,
    },
    'that is not valid yet': {
      shown: { names: ['mx.localhost'], notBefore: new Date(Date.now() + aDay) },
      because: /the certificate is not valid \(CERT_NOT_YET_VALID\)/,
    },
    'signed by itself': {
      shown: { names: ['mx.localhost'], selfSigned: true },
      because: /the certificate is not valid \(DEPTH_ZERO_SELF_SIGNED_CERT\)/,
    },
  };
  for (const [what, { shown, because }] of Object.entries(wrong)) {
    peerTest(
      `authenticate: a certificate ${what} holds the mail until it is repaired and retried`,
      ['postfix'],
      async (roots, t) => {
        const authority = await createAuthority();
        const postfix = await startPostfix(roots.postfix, {
          certificate: await authority.issue(shown),
          // Each connection has a process of its own, which reads the certificate anew.
          settings: { max_use: '1' },
        });
        t.after(() => postfix.close());
        const tap = await startTap({ target: { host: postfix.address, port: postfix.port } });
        t.after(() => tap.close());
        const waxwing = await startWaxwing({
          trust: authority.certPem,
          routes: [{ match: 'example.test', to: `smtp://mx.localhost:${tap.port}`, tls: 'authenticate' }],
        });
        t.after(() => waxwing.close());
        await handIn(waxwing.port, message);
        const [held] = await waxwing.eventsOf('held');
        assert.match(held?.tls?.because ?? '', because);
        assert.equal(held?.tls?.version, 'TLSv1.3');
        assert.deepEqual(await postfix.messages(), []);
        assert.doesNotMatch(inClear(tap.plainBytes()), /MAIL FROM|secret/);

        await showCertificate(postfix, await authority.issue({ names: ['mx.localhost'] }));
        const retried = await waxwing.cli(['queue', 'retry', held.id]);
        assert.equal(retried.stdout, '1 recipient due now\n', retried.stderr);
        const [delivered] = await waxwing.eventsOf('delivered');
        assert.equal(delivered?.tls?.outcome, 'authenticated');
        assert.equal(delivered.attempt, 2);
        assert.equal((await postfix.messages(1)).length, 1);
        assert.doesNotMatch(inClear(tap.plainBytes()), /MAIL FROM|secret/);
      },
    );
  }

  peerTest(
    'encrypt: any certificate will do, and the event does not call it more',
    ['postfix'],
    async (roots, t) => {
      const authority = await createAuthority();
      const certificate = await authority.issue({ names: ['mx.localhost'], selfSigned: true });
      const postfix = await startPostfix(roots.postfix, { certificate });
      t.after(() => postfix.close());
      const waxwing = await startWaxwing({
        routes: [{ match: '*', to: `smtp://mx.localhost:${postfix.port}`, tls: 'encrypt' }],
      });
      t.after(() => waxwing.close());
      await handIn(waxwing.port, message);
      const [delivered] = await waxwing.eventsOf('delivered');
      assert.equal(delivered?.tls?.outcome, 'encrypted');
      assert.equal(delivered.tls.peerName, null);
      assert.match((await postfix.messages(1))[0]?.header ?? '', /using TLSv1\.3/);
    },
  );
});

interface WithoutTls {
  readonly postfix: Postfix;
  readonly waxwing: Waxwing;
  /** All that Waxwing said to it. */
  readonly said: () => string;
}

/** A Waxwing with a route of this level to a Postfix that has no TLS. */
async function startWithoutTls(root: string, t: TestContext, level: string): Promise<WithoutTls> {
  const postfix = await startPostfix(root);
  t.after(() => postfix.close());
  const tap = await startTap({ target: { host: postfix.address, port: postfix.port } });
  t.after(() => tap.close());
  const waxwing = await startWaxwing({
    routes: [{ match: 'example.test', to: `smtp://127.0.0.1:${tap.port}`, tls: level }],
  });
  t.after(() => waxwing.close());
  return { postfix, waxwing, said: () => inClear(tap.plainBytes()) };
}

function inClear(tapped: readonly { readonly client: Buffer }[]): string {
  return tapped.map(({ client }) => client.toString('latin1')).join('');
}

/** Replaces the certificate that Postfix shows. */
async function showCertificate(
  postfix: Postfix,
  { certPem, keyPem }: { certPem: string; keyPem: string },
): Promise<void> {
  const written = await postfix.run('sh', ['-c', 'cat >/peer/chain.pem'], { input: `${keyPem}${certPem}` });
  assert.equal(written.code, 0, written.stderr);
}
