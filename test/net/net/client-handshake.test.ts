/** The beginning of a handshake: how big it is, and whether anybody answered. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { outgoingContext } from '../../../src/net/tls.ts';
import type { Secured } from '../../../src/wire/channel.ts';
import { createAuthority } from '../../support/certificates.ts';
import { asServer, connected, goAhead, type Pair, startTls } from './peer.ts';

const authority = await createAuthority();
const certificate = await authority.issue({ names: ['peer.test'] });
const roots = [authority.certPem];

/** As long as a name of DNS can be. */
const LONGEST_NAME = `${`${'a'.repeat(61)}.`.repeat(4)}test`;
/**
 * What fits into one segment on any path of IPv6: its least MTU (RFC 8200 §5: 1280 octets) without the headers of IP and
 * TCP and the option with the timestamps.
 */
const ONE_SEGMENT = 1280 - 40 - 20 - 12;

type Begun = Pair & { readonly result: Promise<Secured> };

async function begun(
  t: TestContext,
  hello: 'usual' | 'small',
  options: Parameters<typeof connected>[1] = {},
): Promise<Begun> {
  const context = outgoingContext(roots, 'alone', hello);
  const pair = await connected(t, { context, serverName: 'peer.test', ...options });
  const result = pair.connection.run(startTls(pair.connection.channel));
  await goAhead(pair.peer);
  return { ...pair, result };
}

async function helloOn(peer: Socket): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (;;) {
    if (peer.readableLength === 0) await once(peer, 'readable');
    const chunk: Buffer | null = peer.read();
    if (chunk !== null) parts.push(chunk);
    const all = Buffer.concat(parts);
    if (all.length >= 5 && all.length >= 5 + all.readUInt16BE(3)) return all;
  }
}

describe('a ClientHello', () => {
  it('of the usual size has the key share of a hybrid group and no longer fits into one segment', async (t) => {
    const { peer, result } = await begun(t, 'usual');
    assert.ok((await helloOn(peer)).length > ONE_SEGMENT);
    peer.destroy();
    assert.equal((await result).kind, 'failed');
  });

  it('that is small fits into one segment on any path, with the longest name there is', async (t) => {
    const { peer, result } = await begun(t, 'small', { serverName: LONGEST_NAME });
    const hello = await helloOn(peer);
    assert.ok(hello.includes(LONGEST_NAME));
    assert.ok(hello.length < ONE_SEGMENT, `${hello.length} octets`);
    peer.destroy();
    assert.equal((await result).kind, 'failed');
  });

  it('that is small ends in the same TLS 1.3, judged by the same roots', async (t) => {
    const { peer, result } = await begun(t, 'small');
    asServer(peer, certificate);
    const secured = await result;
    assert.ok(secured.kind === 'secured');
    assert.equal(secured.facts.version, 'TLSv1.3');
    assert.equal(secured.facts.group, 'X25519');
    assert.deepEqual(secured.facts.path, { kind: 'trusted' });
  });
});

describe('a handshake that fails', () => {
  const silences: readonly (readonly [string, (peer: Socket) => void])[] = [
    ['an end', (peer) => peer.end()],
    ['a reset', (peer) => peer.resetAndDestroy()],
    ['silence', () => undefined],
  ];
  for (const [what, act] of silences) {
    const isClosed = what !== 'silence';
    it(`by ${what} in place of an answer is unanswered`, async (t) => {
      const { peer, connection, result } = await begun(t, 'usual', { answerToHello: 100 });
      await helloOn(peer);
      assert.equal(connection.helloUnanswered, true);
      act(peer);
      const failed = await result;
      assert.ok(failed.kind === 'failed');
      assert.deepEqual([failed.closed, failed.alert], [isClosed, undefined]);
      assert.equal(connection.helloUnanswered, true);
    });
  }

  const answers: readonly (readonly [string, Buffer, string | undefined])[] = [
    ['an alert', Buffer.from('15030300020228', 'hex'), 'handshake failure'],
    ['one octet', Buffer.from('16', 'hex'), undefined],
  ];
  for (const [what, octets, alert] of answers) {
    it(`after ${what} is answered`, async (t) => {
      const { peer, connection, result } = await begun(t, 'usual');
      await helloOn(peer);
      peer.end(octets);
      const failed = await result;
      assert.ok(failed.kind === 'failed');
      assert.deepEqual([failed.closed, failed.alert], [false, alert]);
      assert.equal(connection.helloUnanswered, false);
    });
  }
});

describe('the wait for an answer to a ClientHello', () => {
  it('ends before that for the handshake, where nothing is said', async (t) => {
    const began = performance.now();
    const { result } = await begun(t, 'usual', { answerToHello: 80, patience: { handshake: 5_000 } });
    const failed = await result;
    assert.ok(failed.kind === 'failed');
    assert.match(failed.because, /said nothing within 0\.08 s of our ClientHello/);
    assert.ok(performance.now() - began < 2_000);
  });

  it('is no deadline for a server that has begun to answer: that one has all the time of a handshake', async (t) => {
    const { peer, result } = await begun(t, 'usual', { answerToHello: 80, patience: { handshake: 400 } });
    const began = performance.now();
    await helloOn(peer);
    peer.write(Buffer.from('16', 'hex'));
    const failed = await result;
    const took = performance.now() - began;
    assert.ok(failed.kind === 'failed');
    assert.match(failed.because, /was not done after 0\.4 s/);
    assert.ok(took > 300 && took < 2_000, `${took} ms`);
  });
});
