/** Fetching a policy: where the host is, which of its addresses is asked, and for how long. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { fetchPolicy, type HostAddresses, type LeftAlone, type PolicyFetch } from '../../../src/net/https.ts';
import { outgoingContext } from '../../../src/net/tls.ts';
import type { HttpsOutcome } from '../../../src/wire/https-answer.ts';
import { createAuthority } from '../../support/certificates.ts';
import { http, startPlainHost, startWebHost, type WebHost, type WebHostOptions } from './web-host.ts';

const authority = await createAuthority();
const certificate = await authority.issue({ names: ['mta-sts.example.test'] });
const other = await authority.issue({ names: ['other.test'] });
const context = outgoingContext([authority.certPem]);
const policy = 'version: STSv1\nmode: none\nmax_age: 1\n';

function fetchFrom(
  port: number,
  addresses: readonly string[] | ((host: string) => Promise<HostAddresses | LeftAlone>),
  parts: Partial<PolicyFetch> = {},
): Promise<HttpsOutcome> {
  return fetchPolicy({
    domain: 'example.test' as PolicyFetch['domain'],
    port,
    addresses:
      typeof addresses === 'function' ? addresses : () => Promise.resolve({ kind: 'found', addresses }),
    allowPrivate: true,
    context,
    timeoutMs: 5000,
    maxOctets: 65_536,
    userAgent: 'waxwing/0.0.0',
    ...parts,
  });
}

const serve = (t: TestContext, options: WebHostOptions = {}): Promise<WebHost> =>
  startWebHost(t, (socket) => void socket.write(http(policy)), { certificate, ...options });

const because = (outcome: HttpsOutcome): string => (outcome.kind === 'failed' ? outcome.because : 'answered');
const fault = (outcome: HttpsOutcome): string => (outcome.kind === 'failed' ? outcome.fault : 'answered');

describe('RFC 8461 §3.2: "prepending "mta-sts" to the Policy Domain"', () => {
  it('is the host whose addresses are asked for, that is named by SNI, and that the certificate must name', async (t) => {
    const host = await serve(t);
    const hosts: string[] = [];
    const outcome = await fetchFrom(host.port, (name) => {
      hosts.push(name);
      return Promise.resolve({ kind: 'found', addresses: ['127.0.0.1'] });
    });
    assert.equal(outcome.kind, 'answered');
    assert.deepEqual([hosts, host.serverNames], [['mta-sts.example.test'], ['mta-sts.example.test']]);
    assert.match(host.requests[0] ?? '', /^GET \/\.well-known\/mta-sts\.txt HTTP\/1\.1\r\n/);
  });

  it('a domain can be too long to have one', async () => {
    const long = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(57)}`;
    const outcome = await fetchFrom(443, [], { domain: long as PolicyFetch['domain'] });
    assert.equal(fault(outcome), 'dns');
  });
});

describe('the addresses of a policy host', () => {
  it('are tried in their order, and the first that answers will do', async (t) => {
    const six = await serve(t, { address: '::1' });
    const four = await serve(t, { address: '127.0.0.1', port: six.port });
    const outcome = await fetchFrom(six.port, ['::1', '127.0.0.1']);
    assert.equal(outcome.kind === 'answered' && outcome.answer.address, '::1');
    assert.equal(four.connections(), 0);
  });

  it('are gone through where one does not answer, or has a wrong certificate', async (t) => {
    const wrong = await serve(t, { address: '127.0.0.2', certificate: other });
    const right = await serve(t, { address: '127.0.0.3', port: wrong.port });
    const outcome = await fetchFrom(right.port, ['127.0.0.1', '127.0.0.2', '127.0.0.3']);
    assert.equal(outcome.kind === 'answered' && outcome.answer.address, '127.0.0.3');
    assert.equal(wrong.connections(), 1);
  });

  it('are not gone through where one answers something else', async (t) => {
    const first = await startWebHost(t, (socket) => void socket.write(http('', {}, '404 Not Found')), {
      certificate,
    });
    const second = await serve(t, { address: '127.0.0.2', port: first.port });
    const outcome = await fetchFrom(first.port, ['127.0.0.1', '127.0.0.2']);
    assert.equal(outcome.kind === 'answered' && outcome.answer.status, 404);
    assert.equal(second.connections(), 0);
  });

  it('all fail: each is told, and a wrong certificate says more than a missing connection', async (t) => {
    const wrong = await serve(t, { address: '127.0.0.1', certificate: other });
    const outcome = await fetchFrom(wrong.port, ['127.0.0.1', '127.0.0.2']);
    assert.equal(fault(outcome), 'tls-webpki');
    assert.match(
      because(outcome),
      /at 127\.0\.0\.1:\d+: its certificate is for other\.test.*; .* at 127\.0\.0\.2:\d+: .*ECONNREFUSED/,
    );
  });

  it('share the time: one that says nothing leaves some for the next', async (t) => {
    const silent = await startPlainHost(t, () => undefined);
    await serve(t, { address: '127.0.0.2', port: silent.port });
    const outcome = await fetchFrom(silent.port, ['127.0.0.1', '127.0.0.2'], { timeoutMs: 2000 });
    assert.equal(outcome.kind, 'answered');
  });

  it('of more than eight the others are left alone', async () => {
    const many = Array.from({ length: 20 }, (_, index) => `127.0.0.${index + 1}`);
    const outcome = await fetchFrom(1, many);
    assert.equal(because(outcome).split('; ').length, 8);
  });

  it('cannot be found out', async () => {
    const outcome = await fetchFrom(443, () => Promise.resolve({ kind: 'failed', because: 'SERVFAIL' }));
    assert.deepEqual([fault(outcome), because(outcome)], ['dns', 'SERVFAIL']);
  });
});

describe('S20: addresses that are not public', () => {
  const refused = [
    '127.0.0.1',
    '10.0.0.1',
    '169.254.169.254',
    '192.168.1.1',
    '::1',
    'fd00::1',
    '::ffff:127.0.0.1',
    '64:ff9b::7f00:1',
  ];
  for (const address of refused) {
    it(`${address} is refused, and nobody is asked`, async (t) => {
      const host = await serve(t);
      const outcome = await fetchFrom(host.port, [address], { allowPrivate: false });
      assert.equal(fault(outcome), 'address');
      assert.match(
        because(outcome),
        /^mta-sts\.example\.test has only addresses that are not public, which are refused: /,
      );
      assert.equal(host.connections(), 0);
    });
  }
});

describe('"A suggested timeout is one minute": for all of it', () => {
  it('the look-up of the addresses counts', async () => {
    const started = performance.now();
    const outcome = await fetchFrom(443, () => new Promise(() => undefined), { timeoutMs: 200 });
    assert.deepEqual(
      [fault(outcome), because(outcome)],
      ['timeout', 'no address of mta-sts.example.test within 0.2 s'],
    );
    assert.ok(performance.now() - started < 1500);
  });

  it('all addresses together get it, not each of them', async (t) => {
    const silent = await startPlainHost(t, () => undefined);
    const started = performance.now();
    const outcome = await fetchFrom(silent.port, ['127.0.0.1', '127.0.0.1', '127.0.0.1'], { timeoutMs: 600 });
    assert.equal(outcome.kind, 'failed');
    assert.ok(performance.now() - started < 2000);
  });
});

describe('how it went is told beside what came of it', () => {
  it('each address at which nothing came of it, before the one that answered', async (t) => {
    const host = await serve(t);
    const outcome = await fetchFrom(host.port, ['127.0.0.9', '127.0.0.1']);
    assert.equal(outcome.kind, 'answered');
    const { ms, failed } = outcome.course ?? assert.fail('no course');
    assert.ok(ms >= 0 && ms < 5000, String(ms));
    assert.deepEqual(
      failed.map(({ address, fault: what, noRoute }) => [address, what, noRoute]),
      [['127.0.0.9', 'tcp', false]],
    );
    assert.match(failed[0]?.because ?? '', /127\.0\.0\.9.*ECONNREFUSED/);
  });

  it('and the time in which nobody asked, as others were asked first, is none of the host’s', async (t) => {
    const host = await serve(t);
    const outcome = await fetchFrom(host.port, ['127.0.0.1'], {
      timeoutMs: 400,
      async calling(_, call) {
        await new Promise((resolve) => setTimeout(resolve, 600));
        return call();
      },
    });
    assert.equal(outcome.kind, 'answered');
    assert.ok((outcome.course?.ms ?? 600) < 400, String(outcome.course?.ms));
  });

  it('nothing where the host, or an address that might have answered, is left alone', async (t) => {
    const left = { kind: 'left-alone', because: 'of the test' } as const;
    const host = await fetchFrom(9, () => Promise.resolve(left));
    assert.deepEqual([because(host), host.course], ['of the test', undefined]);
    const calling: PolicyFetch['calling'] = (address, call) =>
      address === '127.0.0.2' ? Promise.resolve(left) : call();
    const one = await fetchFrom(9, ['127.0.0.2', '127.0.0.3'], { calling });
    assert.deepEqual([because(one), one.course], ['of the test', undefined]);
    const { port } = await serve(t);
    const called = await fetchFrom(port, ['127.0.0.2', '127.0.0.1'], { calling });
    assert.equal(called.kind, 'answered');
  });

  it('nothing was tried where the host has no address', async () => {
    const outcome = await fetchFrom(9, () => Promise.resolve({ kind: 'failed', because: 'no address' }));
    assert.deepEqual(outcome.course?.failed, []);
  });
});
