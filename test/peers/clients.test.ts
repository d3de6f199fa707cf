/** Real programs before our listeners: with certificates of their own, and as a front that speaks for others. */
import assert from 'node:assert/strict';
import { describe, type TestContext } from 'node:test';
import { type Domain, parseDomain } from '../../src/names/domain.ts';
import { openCertificates } from '../../src/net/certificates.ts';
import { defaultIncoming } from '../../src/net/tls.ts';
import { anyRights } from '../../src/relay/accounts.ts';
import { type Certificate, createAuthority } from '../support/certificates.ts';
import { startTestGateway } from '../support/gateway.ts';
import { greetedClient } from '../support/raw-client.ts';
import { startTestRelay, type TestRelay, type TestRelayOptions } from '../support/relay.ts';
import { startNginx } from './support/nginx.ts';
import { peerTest } from './support/peer.ts';
import { startPostfix } from './support/postfix.ts';
import { runIn } from './support/sandbox.ts';

const serverName = 'relay.example.test';
const authority = await createAuthority();
const keyPair = await authority.issue({ names: [serverName] });
const printer = await authority.issue({ names: ['printer.office.test'] });
const partner = await authority.issue({ names: ['mx1.partner.test'] });
const stranger = await (await createAuthority('Somebody Else')).issue({ names: ['printer.office.test'] });
const message = Buffer.from('From: <p@office.test>\r\nSubject: hello\r\n\r\nPaper.\r\n');
const loopback = { family: 'ipv4', address: '127.0.0.1', prefix: 32 } as const;

function domain(text: string): Domain {
  const parsed = parseDomain(text);
  return parsed.kind === 'ok' ? parsed.value : assert.fail(parsed.because);
}

const under = (suffix: string) =>
  ({ kind: 'name', host: { kind: 'under', suffix: domain(suffix) } }) as const;

function relayFor(t: TestContext, options: Omit<TestRelayOptions, 'keyPair'>): Promise<TestRelay> {
  const certificates = openCertificates([keyPair], { ...defaultIncoming, clientRoots: [authority.certPem] });
  // Nothing listens there: what is taken in stays.
  const routes = [{ domain: 'far.test', to: { host: 'mx.test', port: 9 } }];
  return startTestRelay(t, { keyPair, routes, ...options, settings: { certificates, ...options.settings } });
}

async function receivedField(relay: TestRelay): Promise<string> {
  const { id } = await relay.until('received', ({ event }) => event === 'received');
  const body = await relay.store.body(id);
  return Buffer.from(body?.kind === 'bytes' ? body.bytes : []).toString('latin1');
}

const files = (own: Certificate): Record<string, string | Buffer> => ({
  '/peer/own.pem': own.certPem,
  '/peer/own.key': own.keyPem,
  '/peer/trust.pem': authority.certPem,
  '/peer/message.eml': message,
});

const programs = {
  curl: (root: string, port: number, own: Certificate) =>
    runIn(
      root,
      'curl',
      [
        '--silent',
        '--show-error',
        '--verbose',
        '--url',
        `smtp://${serverName}:${port}/curl.test`,
        '--ssl-reqd',
        '--cacert',
        '/peer/trust.pem',
        '--cert',
        '/peer/own.pem',
        '--key',
        '/peer/own.key',
        '--user',
        'printer:',
        '--login-options',
        'AUTH=EXTERNAL',
        '--mail-from',
        'p@office.test',
        '--mail-rcpt',
        'eve@far.test',
        '--upload-file',
        '/peer/message.eml',
      ],
      { files: files(own), hosts: { [serverName]: '127.0.0.1' } },
    ),
  msmtp: (root: string, port: number, own: Certificate) =>
    runIn(
      root,
      'msmtp',
      [
        `--host=${serverName}`,
        `--port=${port}`,
        '--domain=msmtp.test',
        '--auth=external',
        '--user=printer',
        '--tls=on',
        '--tls-starttls=on',
        '--tls-trust-file=/peer/trust.pem',
        '--tls-cert-file=/peer/own.pem',
        '--tls-key-file=/peer/own.key',
        '--from',
        'p@office.test',
        '--',
        'eve@far.test',
      ],
      {
        files: files(own),
        hosts: { [serverName]: '127.0.0.1' },
        input: message.toString('latin1').replaceAll('\r\n', '\n'),
      },
    ),
} as const;

describe('AUTH EXTERNAL (RFC 4422 appendix A)', () => {
  for (const [name, program] of Object.entries(programs)) {
    peerTest(`${name} logs in by its certificate, and not by another one`, ['tools'], async (roots, t) => {
      const account = {
        user: 'printer',
        secret: null,
        certificates: [under('office.test')],
        rights: anyRights,
      };
      const relay = await relayFor(t, {
        accounts: [account],
        listeners: [{ networks: [], clientCertificates: 'ask' }],
      });
      const refused = await program(roots.tools, relay.port, stranger);
      assert.notEqual(refused.code, 0, refused.stdout + refused.stderr);
      const sent = await program(roots.tools, relay.port, printer);
      assert.equal(sent.code, 0, sent.stdout + sent.stderr);
      const { tls } = await relay.until('received', ({ event }) => event === 'received');
      assert.match(tls?.because ?? '', /logged in as printer$/);
      assert.equal(relay.events.filter(({ event }) => event === 'received').length, 1);
    });
  }
});

describe('a domain whose mail has to come with a certificate', () => {
  peerTest(
    'Postfix delivers with the one of the domain, and keeps what comes without',
    ['postfix'],
    async (roots, t) => {
      const relay = await relayFor(t, {
        domains: [{ name: 'ours.test', backend: { port: 9 }, recipients: 'any' }],
        listeners: [{ role: 'mx', networks: [], clientCertificates: 'ask' }],
        settings: {
          inbound: [
            {
              from: { kind: 'domain', domain: domain('partner.test') },
              tls: 'authenticate',
              proofs: [under('partner.test')],
            },
          ],
        },
      });
      const own = { smtp_tls_cert_file: '/peer/own.pem', smtp_tls_key_file: '/peer/own.key' };
      const [theirs, without] = await Promise.all(
        [own, {}].map((settings) =>
          startPostfix(roots.postfix, {
            domains: [],
            relay: { host: '127.0.0.1', port: relay.port, tls: 'may' },
            settings,
            files: files(partner),
          }),
        ),
      );
      assert.ok(theirs !== undefined && without !== undefined);
      t.after(() => Promise.all([theirs.close(), without.close()]));
      await without.inject('a@partner.test', ['forged@ours.test'], message);
      await theirs.inject('a@partner.test', ['anna@ours.test'], message);
      await relay.until('received', ({ event, to }) => event === 'received' && to === 'anna@ours.test');
      for (let tries = 0; !/status=deferred/.test(without.log()); tries++) {
        assert.ok(tries < 100, without.log());
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      assert.match(without.log(), /status=deferred .*450 4\.7\.0 .*you showed no certificate/);
      assert.equal(relay.events.filter(({ event }) => event === 'received').length, 1);
    },
  );
});

describe('XCLIENT', () => {
  const fronts = { networks: [{ ...loopback, address: '127.0.0.9' }], fronts: [loopback] };

  peerTest("nginx's mail proxy speaks for its clients", ['nginx', 'tools'], async (roots, t) => {
    const relay = await relayFor(t, { listeners: [fronts] });
    const nginx = await startNginx(roots.nginx, {
      protocol: 'smtp',
      certificate: keyPair,
      xclient: true,
      to: { host: '127.0.0.1', port: relay.port },
    });
    t.after(() => nginx.close());
    const from = (address: string) =>
      runIn(
        roots.tools,
        'swaks',
        [
          '--server',
          '127.0.0.1',
          '--port',
          `${nginx.port}`,
          '--helo',
          'swaks.test',
          '--tls',
          '--local-interface',
          address,
          '--from',
          'a@sender.test',
          '--to',
          'eve@far.test',
        ],
        {},
      );
    const trusted = await from('127.0.0.9');
    assert.equal(trusted.code, 0, trusted.stdout + trusted.stderr + nginx.log());
    assert.match(await receivedField(relay), /^Received: from swaks\.test \(\[127\.0\.0\.9\]\)/);
    const other = await from('127.0.0.10');
    assert.notEqual(other.code, 0, other.stdout);
    assert.match(other.stdout, /relaying is not allowed for 127\.0\.0\.10/);
  });

  peerTest('our own gateway speaks for its clients', ['tools'], async (roots, t) => {
    const relay = await relayFor(t, { listeners: [fronts] });
    const gateway = await startTestGateway(t, {
      protocol: 'smtp',
      backend: relay.port,
      keyPairs: [keyPair],
      xclient: true,
    });
    const sent = await runIn(
      roots.tools,
      'swaks',
      [
        '--server',
        '127.0.0.1',
        '--port',
        `${gateway.port}`,
        '--helo',
        'swaks.test',
        '--tls',
        '--local-interface',
        '127.0.0.9',
        '--from',
        'a@sender.test',
        '--to',
        'eve@far.test',
      ],
      {},
    );
    assert.equal(sent.code, 0, sent.stdout + sent.stderr);
    assert.match(await receivedField(relay), /^Received: from swaks\.test \(\[127\.0\.0\.9\]\)/);
    // The front itself may not relay.
    const client = await greetedClient(relay.port);
    await client.expect('MAIL FROM:<a@sender.test>', '550');
    client.close();
  });
});
