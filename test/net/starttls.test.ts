/** The library call against servers that follow the protocol, and against everybody else. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { startTlsProtocols } from '../../src/protocols/dialogue-of.ts';
import {
  type StartTlsOptions,
  type StartTlsProtocol,
  type StartTlsResult,
  startTls,
} from '../../src/starttls.ts';
import { createAuthority } from '../support/certificates.ts';
import { type Act, connectTo, type ScriptServer, startScriptServer } from '../support/script-server.ts';
import { type Conversation, conversations } from './starttls-conversations.ts';

const authority = await createAuthority();
const certificate = await authority.issue({ names: ['server.test'] });

interface Case {
  readonly result: StartTlsResult;
  readonly server: ScriptServer;
  readonly ms: number;
}

async function call(
  t: TestContext,
  protocol: StartTlsProtocol,
  script: readonly Act[],
  options: Partial<StartTlsOptions> = {},
): Promise<Case> {
  const server = await startScriptServer(t, certificate, script);
  const socket = await connectTo(t, server.port);
  const started = performance.now();
  const result = await startTls(socket, {
    protocol,
    serverName: 'server.test',
    ca: authority.certPem,
    onlyCa: true,
    timeoutMs: 2_000,
    ...options,
  });
  if (result.kind !== 'secured') {
    assert.ok(socket.destroyed, 'the socket is destroyed');
    assert.match(result.because, /^\S+ \(127\.0\.0\.1:\d+\)[: ]/);
  }
  return { result, server, ms: performance.now() - started };
}

const honest = ({ clear, goAhead, inside }: Conversation): Act[] => [
  ...clear,
  { say: goAhead },
  'handshake',
  ...inside,
];

it('each protocol has its conversation', () =>
  assert.deepEqual(Object.keys(conversations).toSorted(), [...startTlsProtocols].toSorted()));

for (const protocol of Object.keys(conversations)) {
  if (!isProtocol(protocol)) continue;
  const conversation = conversations[protocol];
  const { clear, goAhead, inside, after } = conversation;

  describe(`startTls of ${protocol}`, () => {
    it('comes back with a TLS socket, its facts and who was proved, and both ends talk on', async (t) => {
      const { result, server } = await call(t, protocol, [
        ...honest(conversation),
        { hear: /more/ },
        { say: 'yes' },
      ]);
      assert.equal(result.kind, 'secured', JSON.stringify(result));
      if (result.kind !== 'secured') return;
      assert.equal(result.identity, 'server.test');
      assert.equal(result.facts.version, 'TLSv1.3');
      assert.equal(result.facts.serverName, 'server.test');
      assert.deepEqual([...result.clear, '|', ...result.inside], [...after.clear, '|', ...after.inside]);
      assert.ok(!result.socket.readableFlowing && result.socket.listenerCount('data') === 0);
      assert.ok(result.socket.listenerCount('error') > 0, 'an error that nobody hears would end the process');
      result.socket.write('more');
      result.socket.resume();
      const [answer] = await once(result.socket, 'data');
      assert.equal(String(answer), 'yes');
      assert.doesNotMatch(server.heard.clear, /more/);
    });

    it('a server without it, or a path that takes it away: nothing more is said', async (t) => {
      const { result, server } = await call(t, protocol, conversation.stripped);
      assert.ok(result.kind === 'notOffered' || result.kind === 'refused', result.kind);
      assert.equal(server.heard.inside, '');
    });

    it('plaintext behind the go-ahead is fatal (CVE-2021-38371 and its family)', async (t) => {
      for (const injected of [conversation.injected, conversation.injected.slice(0, 1)]) {
        const { result } = await call(t, protocol, [...clear, { say: goAhead + injected }, 'handshake']);
        assert.equal(result.kind === 'broken' && result.fault, 'injected', JSON.stringify(result));
      }
    });

    it('a certificate for somebody else, or from nobody we trust: nothing is said inside TLS', async (t) => {
      const wrong = await call(t, protocol, honest(conversation), { serverName: 'other.test' });
      assert.equal(wrong.result.kind, 'unacceptable');
      assert.match(
        wrong.result.kind === 'unacceptable' ? wrong.result.because : '',
        /for server\.test, not for other\.test$/,
      );
      const stranger = await call(t, protocol, honest(conversation), { ca: [], onlyCa: true });
      assert.match(
        stranger.result.kind === 'unacceptable' ? stranger.result.because : '',
        /not valid \(\w+\)$/,
      );
      assert.deepEqual([wrong.server.heard.inside, stranger.server.heard.inside], ['', '']);
    });

    it('an end, a silence, octets one by one, or octets without end: one deadline for all of it', async (t) => {
      const steps = honest(conversation);
      for (const [how, act] of [
        ['end', 'close'],
        ['silence', undefined],
        ['drip', 'drip'],
        ['flood', 'flood'],
      ] as const) {
        const at = steps.findIndex((step) => typeof step === 'object' && 'say' in step);
        const script = [...steps.slice(0, at), ...(act === undefined ? [] : [act])];
        const { result, ms } = await call(t, protocol, script, { timeoutMs: 250 });
        assert.ok(result.kind === 'broken' || result.kind === 'refused', `${how}: ${JSON.stringify(result)}`);
        assert.ok(ms < 1_000, `${how}: ${ms} ms`);
      }
      const handshake = await call(t, protocol, [...clear, { say: goAhead }], { timeoutMs: 250 });
      assert.match(
        handshake.result.kind === 'broken' ? handshake.result.because : '',
        /was not done within 0\.25 s$/,
      );
    });

    if (inside.length > 0) {
      it('a greeting inside TLS (Opossum) is no answer', async (t) => {
        const [greeting] = clear;
        assert.ok(typeof greeting === 'object' && 'say' in greeting);
        const script: Act[] = [
          ...clear,
          { say: goAhead },
          'handshake',
          { say: conversation.offByOne ?? greeting.say },
        ];
        const { result } = await call(t, protocol, [...script, ...inside]);
        assert.equal(result.kind, 'broken', JSON.stringify(result));
      });
    }
  });
}

function isProtocol(name: string): name is StartTlsProtocol {
  return startTlsProtocols.includes(name);
}

describe('startTls', () => {
  it('an answer and more in one record inside TLS: what is there too early is fatal', async (t) => {
    const { clear, goAhead } = conversations.nntp;
    const script: Act[] = [
      ...clear,
      { say: goAhead },
      'handshake',
      { hear: /CAPA/ },
      { say: '101 x\r\n.\r\n281 welcome\r\n' },
    ];
    const { result } = await call(t, 'nntp', script);
    assert.equal(result.kind === 'broken' && result.fault, 'unsolicited', JSON.stringify(result));
  });

  it('a judge decides in place of path and name, and is told the facts', async (t) => {
    const steps = honest(conversations.imap);
    const judged = await call(t, 'imap', steps, {
      serverName: 'other.test',
      judge: ({ chain }) =>
        chain.length > 0 ? { kind: 'acceptable' } : { kind: 'unacceptable', because: 'x' },
    });
    assert.equal(judged.result.kind === 'secured' && judged.result.identity, null);
    const refused = await call(t, 'imap', steps, {
      judge: () => ({ kind: 'unacceptable', because: 'is not pinned' }),
    });
    assert.match(
      refused.result.kind === 'unacceptable' ? refused.result.because : '',
      /^server\.test \S+ is not pinned$/,
    );
  });

  it('what a judge throws is thrown, and the socket is destroyed', async (t) => {
    const server = await startScriptServer(t, certificate, honest(conversations.imap));
    const socket = await connectTo(t, server.port);
    const judge = (): never => {
      throw new RangeError('mine');
    };
    await assert.rejects(startTls(socket, { protocol: 'imap', serverName: 'server.test', judge }), /mine/);
    assert.ok(socket.destroyed);
  });

  it('RFC 9525 §6.4: an address is proved by an iPAddress, and no name is sent', async (t) => {
    const byAddress = await authority.issue({ names: ['127.0.0.1'] });
    const server = await startScriptServer(t, byAddress, honest(conversations.imap));
    const socket = await connectTo(t, server.port);
    const result = await startTls(socket, {
      protocol: 'imap',
      serverName: '127.0.0.1',
      ca: authority.certPem,
    });
    assert.ok(result.kind === 'secured', JSON.stringify(result));
    assert.deepEqual([result.identity, result.facts.serverName], ['127.0.0.1', null]);
  });

  it('without ca only the roots of Node count; with it both do, alone only itself', async (t) => {
    const steps = honest(conversations.imap);
    const server = await startScriptServer(t, certificate, steps);
    const options = { protocol: 'imap', serverName: 'server.test' } as const;
    const usual = await startTls(await connectTo(t, server.port), options);
    assert.equal(usual.kind, 'unacceptable');
    const both = await startTls(await connectTo(t, server.port), { ...options, ca: [authority.certPem] });
    assert.equal(both.kind, 'secured');
  });

  it('offers what it is told by ALPN', async (t) => {
    const { result } = await call(t, 'imap', honest(conversations.imap), { alpn: ['imap'] });
    // This server picks none, which the facts say.
    assert.equal(result.kind === 'secured' && result.facts.alpn, null);
  });

  it('says the address that the socket has here where it is told no name (RFC 5321 §4.1.3)', async (t) => {
    const { server } = await call(t, 'smtp', honest(conversations.smtp));
    assert.match(server.heard.clear, /^EHLO \[127\.0\.0\.1\]\r\n/);
    const named = await call(t, 'smtp', honest(conversations.smtp), { helloName: 'me.test' });
    assert.match(named.server.heard.inside, /^EHLO me\.test\r\n/);
  });

  it('asks an XMPP server for the domain by its letters, without a last dot, an IPv6 address in brackets', async (t) => {
    for (const [serverName, to] of [
      ['bücher.test', 'bücher.test'],
      ['server.test.', 'server.test'],
      ['::1', '[::1]'],
    ] as const) {
      const { server } = await call(t, 'xmpp', conversations.xmpp.stripped, { serverName });
      const heard = Buffer.from(server.heard.clear, 'latin1').toString('utf8');
      assert.ok(heard.includes(` to='${to}' `), heard);
    }
  });

  it('takes a socket that was paused while the server greeted', async (t) => {
    const server = await startScriptServer(t, certificate, honest(conversations.imap));
    const socket = await connectTo(t, server.port);
    socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const result = await startTls(socket, {
      protocol: 'imap',
      serverName: 'server.test',
      ca: authority.certPem,
    });
    assert.equal(result.kind, 'secured');
  });

  it('throws for what is not fit, before anything is said', async (t) => {
    const server = await startScriptServer(t, certificate, [{ hear: /./ }]);
    const socket = await connectTo(t, server.port);
    const good = { protocol: 'imap', serverName: 'server.test' } as const;
    const refuses = (options: Partial<StartTlsOptions>, message: RegExp): Promise<void> =>
      assert.rejects(startTls(socket, { ...good, ...options }), { name: 'TypeError', message });
    await refuses({ serverName: 'not a name' }, /^serverName: /);
    await refuses({ serverName: '' }, /^serverName: /);
    await refuses({ timeoutMs: 0 }, /^timeoutMs: /);
    await refuses({ timeoutMs: Number.NaN }, /^timeoutMs: /);
    await refuses({ helloName: 'a\r\nQUIT' }, /^helloName: /);
    await refuses({ onlyCa: true }, /^onlyCa: /);
    await refuses({ ca: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' }, /^ca: /);
    await refuses({ ca: 'no certificate' }, /^ca: /);
    await refuses({ from: 'a b' }, /^from: /);
    await refuses({ alpn: ['imap', ''] }, /^alpn: /);
    await refuses({ alpn: ['é'.repeat(128)] }, /^alpn: /);
    const unknown: unknown = { ...good, protocol: 'gopher' };
    await assert.rejects(
      Promise.try(Reflect.apply, startTls, undefined, [socket, unknown]),
      /^TypeError: protocol: "gopher"/,
    );
    await assert.rejects(
      Promise.try(Reflect.apply, startTls, undefined, [socket, { protocol: 'imap' }]),
      /^TypeError: serverName: has to be given/,
    );
    await assert.rejects(
      Promise.try(Reflect.apply, startTls, undefined, [socket, { ...good, onlyca: true }]),
      /^TypeError: "onlyca" is no option of startTls/,
    );
    socket.on('data', () => undefined);
    await refuses({}, /has listeners for data$/);
    socket.removeAllListeners('data');
    socket.setEncoding('latin1');
    await refuses({}, /has an encoding set/);
    socket.destroy();
    await refuses({}, /is not connected$/);
    assert.equal(server.heard.clear, '');
  });

  it('does not start TLS inside TLS', async (t) => {
    const first = await call(t, 'imap', honest(conversations.imap));
    assert.ok(first.result.kind === 'secured');
    const again = startTls(first.result.socket, { protocol: 'imap', serverName: 'server.test' });
    await assert.rejects(again, /^TypeError: the socket speaks TLS already$/);
  });
});
