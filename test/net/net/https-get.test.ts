/** One HTTPS GET against web servers that do everything but what they should. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { type GetTime, getAt, type HttpsGet } from '../../../src/net/https-get.ts';
import { outgoingContext } from '../../../src/net/tls.ts';
import type { HttpsAnswer, HttpsOutcome } from '../../../src/wire/https-answer.ts';
import { type Certificate, type CertificateOptions, createAuthority } from '../../support/certificates.ts';
import { threeCertificates } from './chains.ts';
import { http, startPlainHost, startWebHost, type WebHost, type WebHostOptions } from './web-host.ts';

const HOST = 'mta-sts.example.test';
const LIMIT = 65_536;
const authority = await createAuthority();
const certificate = await authority.issue({ names: [HOST] });
const context = outgoingContext([authority.certPem]);
const policy = 'version: STSv1\nmode: none\nmax_age: 1\n';

const request = (port: number, parts: Partial<HttpsGet> = {}): HttpsGet => ({
  host: HOST as HttpsGet['host'],
  path: '/.well-known/mta-sts.txt',
  port,
  accept: 'text/plain',
  userAgent: 'waxwing/0.0.0',
  context,
  maxOctets: LIMIT,
  ...parts,
});
const patient: GetTime = { untilSecureMs: 5000, totalMs: 5000 };

interface Asked {
  readonly outcome: HttpsOutcome;
  readonly host: WebHost;
}

async function ask(
  t: TestContext,
  respond: string | Buffer | ((socket: TLSSocket) => void),
  { time = patient, ...options }: WebHostOptions & { time?: GetTime } = {},
): Promise<Asked> {
  const say = typeof respond === 'function' ? respond : (socket: TLSSocket) => void socket.write(respond);
  const host = await startWebHost(t, say, { certificate, ...options });
  return { outcome: await getAt('127.0.0.1', request(host.port), time), host };
}

function answerOf({ outcome }: Asked): HttpsAnswer {
  assert.ok(outcome.kind === 'answered', JSON.stringify(outcome));
  return outcome.answer;
}

function failureOf({ outcome }: Asked): Extract<HttpsOutcome, { kind: 'failed' }> {
  assert.ok(outcome.kind === 'failed', JSON.stringify(outcome));
  return outcome;
}

describe('an honest policy host', () => {
  it('is asked for the policy, by its name and by HTTP/1.1, and its answer is given as it is', async (t) => {
    const asked = await ask(t, http(policy));
    const answer = answerOf(asked);
    assert.equal(Buffer.from(answer.body).toString(), policy);
    assert.deepEqual(
      [answer.status, answer.contentType, answer.contentEncoding],
      [200, 'text/plain', undefined],
    );
    assert.equal(answer.address, '127.0.0.1');
    assert.equal(answer.tls.version, 'TLSv1.3');
    assert.deepEqual(asked.host.serverNames, [HOST]);
    assert.deepEqual(asked.host.requests[0]?.split('\r\n').toSorted(), [
      '',
      '',
      'Accept-Encoding: identity',
      'Accept: text/plain',
      'Connection: close',
      'GET /.well-known/mta-sts.txt HTTP/1.1',
      `Host: ${HOST}:${asked.host.port}`,
      'User-Agent: waxwing/0.0.0',
    ]);
  });

  it('may send it in chunks', async (t) => {
    const chunked = http(
      `14\r\n${policy.slice(0, 20)}\r\n${(policy.length - 20).toString(16)}\r\n${policy.slice(20)}\r\n0\r\n\r\n`,
      {
        'Content-Length': null,
        'Transfer-Encoding': 'chunked',
      },
    );
    assert.equal(Buffer.from(answerOf(await ask(t, chunked)).body).toString(), policy);
  });

  it('may send octets one by one, within the time', async (t) => {
    const asked = await ask(t, (socket) => {
      const octets = Array.from(http(policy));
      const timer = setInterval(() => {
        const next = octets.shift();
        if (next === undefined) clearInterval(timer);
        else socket.write(next);
      }, 1);
    });
    assert.equal(Buffer.from(answerOf(asked).body).toString(), policy);
  });

  it('may send something before its answer (103 Early Hints)', async (t) => {
    const early = 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n';
    assert.equal(answerOf(await ask(t, early + http(policy))).status, 200);
  });

  it('may present a wildcard that is its whole left-most label (RFC 8461 §3.3)', async (t) => {
    const wildcard = await authority.issue({ names: ['*.example.test'] });
    assert.equal(answerOf(await ask(t, http(policy), { certificate: wildcard })).status, 200);
  });

  it('RFC 8461 §7.2: may speak TLS 1.2', async (t) => {
    const asked = await ask(t, http(policy), { tls: { maxVersion: 'TLSv1.2' } });
    assert.equal(answerOf(asked).tls.version, 'TLSv1.2');
  });
});

describe('S18: a certificate that proves nothing', () => {
  const cases: [title: string, options: CertificateOptions, because: RegExp][] = [
    [
      'another name',
      { names: ['example.test'] },
      /its certificate is for example\.test, not for mta-sts\.example\.test$/,
    ],
    [
      'the name of the provider (RFC 8461 §8.2)',
      { names: ['mta-sts.provider.test'] },
      /is for mta-sts\.provider\.test, not/,
    ],
    ['"only against the DNS-ID identifiers": a common name', { names: [], cn: HOST }, /is for no name, not/],
    ['a common name beside other names', { names: ['other.test'], cn: HOST }, /is for other\.test, not/],
    ['a wildcard within a label', { names: ['mta-st*.example.test'] }, /is for mta-st\*\.example\.test, not/],
    ['a wildcard at the end of a label', { names: ['*sts.example.test'] }, /not for/],
    ['a wildcard over two labels', { names: ['*.test'] }, /not for/],
    ['an address', { names: ['127.0.0.1'] }, /is for 127\.0\.0\.1, not/],
    ['expired', { names: [HOST], notAfter: new Date(Date.now() - 1000) }, /not valid \(CERT_HAS_EXPIRED\)/],
    [
      'not yet valid',
      { names: [HOST], notBefore: new Date(Date.now() + 3_600_000) },
      /not valid \(CERT_NOT_YET_VALID\)/,
    ],
    ['signed by itself', { names: [HOST], selfSigned: true }, /not valid \(DEPTH_ZERO_SELF_SIGNED_CERT\)/],
  ];
  for (const [title, options, because] of cases) {
    it(`${title}: nothing is asked of the host`, async (t) => {
      const asked = await ask(t, http(policy), { certificate: await authority.issue(options) });
      const failure = failureOf(asked);
      assert.equal(failure.fault, 'tls-webpki');
      assert.match(failure.because, because);
      assert.ok(failure.tls, 'what was shown is told');
      assert.deepEqual(asked.host.requests, []);
    });
  }

  it('of an authority that nobody has told us about', async (t) => {
    const other: Certificate = await (await createAuthority()).issue({ names: [HOST] });
    assert.equal(failureOf(await ask(t, http(policy), { certificate: other })).fault, 'tls-webpki');
    const { leaf } = await threeCertificates(HOST);
    assert.match(
      failureOf(await ask(t, http(policy), { certificate: leaf })).because,
      /SELF_SIGNED_CERT_IN_CHAIN/,
    );
  });
});

describe('S17: an answer that is no policy', () => {
  it('a redirect is told, and not followed', async (t) => {
    const asked = await ask(
      t,
      http(policy, { Location: `https://${HOST}/elsewhere` }, '301 Moved Permanently'),
    );
    const { status, location, body } = answerOf(asked);
    assert.deepEqual([status, location, body.length], [301, `https://${HOST}/elsewhere`, 0]);
    assert.equal(asked.host.connections(), 1);
  });

  it('a Location is shown printable, and not at any length', async (t) => {
    const { location } = answerOf(
      await ask(t, http('', { Location: `/\xe4\t${'a'.repeat(5000)}` }, '302 Found')),
    );
    assert.match(location ?? '', /^\/[\x20-\x7e]{199}$/);
  });

  for (const status of [
    '204 No Content',
    '206 Partial Content',
    '304 Not Modified',
    '404 Not Found',
    '500 Oh',
  ]) {
    it(`${status}: nothing of its body is read`, async (t) => {
      const endless = (socket: TLSSocket): void => {
        socket.write(`HTTP/1.1 ${status}\r\nContent-Length: 1000000\r\n\r\n`);
        socket.write(Buffer.alloc(100_000));
      };
      const { status: seen, body } = answerOf(await ask(t, endless));
      assert.deepEqual([seen, body.length], [Number(status.slice(0, 3)), 0]);
    });
  }

  it('101 Switching Protocols is no answer', async (t) => {
    const switching = http('', { Upgrade: 'h2c', Connection: 'Upgrade' }, '101 Switching Protocols');
    assert.equal(failureOf(await ask(t, switching)).fault, 'http');
  });

  it('what is encoded stays encoded, and is told', async (t) => {
    const zipped = gzipSync(policy);
    const head = http('', { 'Content-Length': String(zipped.length), 'Content-Encoding': 'gzip' });
    const { contentEncoding, body } = answerOf(await ask(t, Buffer.concat([Buffer.from(head), zipped])));
    assert.equal(contentEncoding, 'gzip');
    assert.deepEqual(Buffer.from(body), zipped);
  });

  it('an encoding of the transfer other than chunks is none', async (t) => {
    const coded = http('0\r\n\r\n', { 'Content-Length': null, 'Transfer-Encoding': 'gzip, chunked' });
    assert.match(failureOf(await ask(t, coded)).because, /the transfer encoding gzip, chunked/);
    // Of what is told in a record only a beginning is.
    const long = http('', { 'Content-Length': null, 'Transfer-Encoding': '\xff'.repeat(7_000) });
    const { because } = failureOf(await ask(t, long));
    assert.match(because, /the transfer encoding \S+$/);
    assert.ok(because.length < 500, String(because.length));
  });

  it('one that ends where the connection does could have been cut off, and is none', async (t) => {
    const asked = await ask(t, (socket) => socket.end(http(policy, { 'Content-Length': null })));
    const { fault, because } = failureOf(asked);
    assert.deepEqual([fault, because.endsWith('the answer does not say where it ends')], ['http', true]);
  });

  it('one that is cut off is none', async (t) => {
    const cut = (socket: TLSSocket): void => void socket.end(http(policy).slice(0, -1));
    assert.match(failureOf(await ask(t, cut)).because, /the connection was closed \(reading the answer\)$/);
    const half = (socket: TLSSocket): void => {
      socket.end(http('5\r\nhello\r\n', { 'Content-Length': null, 'Transfer-Encoding': 'chunked' }));
    };
    assert.match(failureOf(await ask(t, half)).because, /the connection was closed \(reading the answer\)$/);
  });

  const broken: [title: string, text: string][] = [
    ['no HTTP', 'hello\r\n\r\n'],
    ['HTTP/0.9', policy],
    ['two lengths', http(policy, { 'content-length': '3' })],
    ['a length and chunks', http('0\r\n\r\n', { 'Transfer-Encoding': 'chunked' })],
    ['a bare LF between fields', http(policy).replace('\r\nContent-Length', '\nContent-Length')],
    ['NUL in a field', http(policy, { 'X-A': 'a\0b' })],
    ['header fields of more than 16 KiB', http(policy, { 'X-A': 'a'.repeat(17_000) })],
    [
      'thousands of small header fields',
      http(policy, Object.fromEntries(Array.from({ length: 4000 }, (_, at) => [`a${at}`, '1']))),
    ],
  ];
  for (const [title, text] of broken) {
    it(`${title} is none`, async (t) => assert.equal(failureOf(await ask(t, text)).fault, 'http'));
  }
});

describe('S17: a limit of octets', () => {
  it(`${LIMIT} are read`, async (t) => {
    assert.equal(answerOf(await ask(t, http('a'.repeat(LIMIT)))).body.length, LIMIT);
  });

  it('one more is refused by its length, before it is read', async (t) => {
    const announced = (socket: TLSSocket): void =>
      void socket.write(http('', { 'Content-Length': String(LIMIT + 1) }));
    const { fault, because } = failureOf(await ask(t, announced));
    assert.deepEqual([fault, because.endsWith('the answer has more than 65536 octets')], ['too-big', true]);
  });

  it('one more is refused where it comes in chunks without end', async (t) => {
    const asked = await ask(t, (socket) => {
      socket.write(http('', { 'Content-Length': null, 'Transfer-Encoding': 'chunked' }));
      const more = (): void => {
        while (socket.writable && socket.write(`1000\r\n${'a'.repeat(4096)}\r\n`)) {}
      };
      socket.on('drain', more);
      more();
    });
    assert.equal(failureOf(asked).fault, 'too-big');
  });
});

describe('S17: a total time, not one between octets', () => {
  const short: GetTime = { untilSecureMs: 5000, totalMs: 400 };
  const dripping = (what: string) => (socket: TLSSocket) => {
    socket.write(what);
    const timer = setInterval(() => socket.write('a'), 20);
    socket.on('close', () => clearInterval(timer));
  };

  const cases: [title: string, respond: (socket: TLSSocket) => void, stage: RegExp][] = [
    ['a host that never answers', () => undefined, /waiting for the answer\)$/],
    [
      'a body that drips',
      dripping(http('', { 'Content-Length': '60000' })),
      /reading the answer, \d+ octets so far\)$/,
    ],
    ['header fields that drip', dripping('HTTP/1.1 200 OK\r\nX-A: '), /waiting for the answer\)$/],
    [
      'early hints without end',
      (socket) => {
        const timer = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'), 5);
        socket.on('close', () => clearInterval(timer));
      },
      /waiting for the answer\)$/,
    ],
  ];
  for (const [title, respond, stage] of cases) {
    it(title, async (t) => {
      const started = performance.now();
      const { fault, because } = failureOf(await ask(t, respond, { time: short }));
      assert.equal(fault, 'timeout');
      assert.match(because, /no whole answer within 0\.4 s/);
      assert.match(because, stage);
      assert.ok(performance.now() - started < 2000);
    });
  }

  it('a hang-up without an answer is noticed at once', async (t) => {
    const { fault, because } = failureOf(await ask(t, (socket) => void socket.end()));
    assert.equal(fault, 'http');
    assert.match(because, /no HTTP answer/);
  });
});

describe('a handshake that does not come about', () => {
  it('RFC 8461 §7.2: TLS 1.1 is too old', async (t) => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    const { fault, because, tls } = failureOf(await ask(t, http(policy), { tls: old }));
    assert.deepEqual([fault, tls], ['tls', undefined]);
    assert.match(because, /^mta-sts\.example\.test at 127\.0\.0\.1:\d+: the handshake failed \(/);
  });

  it('nobody listens', async () => {
    const outcome = await getAt('127.0.0.1', request(1), patient);
    assert.ok(outcome.kind === 'failed' && outcome.fault === 'tcp');
    assert.match(outcome.because, /^mta-sts\.example\.test at 127\.0\.0\.1:1: connect ECONNREFUSED/);
  });

  it('somebody says something else', async (t) => {
    const { port } = await startPlainHost(
      t,
      (socket) => void socket.write('220 mail.example.test ESMTP\r\n'),
    );
    const outcome = await getAt('127.0.0.1', request(port), patient);
    assert.ok(outcome.kind === 'failed' && outcome.fault === 'tls', JSON.stringify(outcome));
  });

  it('somebody hangs up', async (t) => {
    const { port } = await startPlainHost(t, (socket) => void socket.on('data', () => socket.destroy()));
    const outcome = await getAt('127.0.0.1', request(port), patient);
    assert.ok(outcome.kind === 'failed' && outcome.fault === 'tls', JSON.stringify(outcome));
  });

  it('somebody takes the connection and says nothing: its time is over before all of it is', async (t) => {
    const { port } = await startPlainHost(t, () => undefined);
    const outcome = await getAt('127.0.0.1', request(port), { untilSecureMs: 200, totalMs: 5000 });
    assert.ok(outcome.kind === 'failed' && outcome.fault === 'tcp');
    assert.match(outcome.because, /no TLS within 0\.2 s \(in the handshake\)$/);
  });
});
