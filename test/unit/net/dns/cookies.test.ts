import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Cookies, cookiesWith } from '../../../../src/net/dns/cookies.ts';
import { entropyFrom } from '../../../../src/net/dns/entropy.ts';

function cookies(): Cookies {
  let seed = 1;
  // Octets that repeat in no cookie.
  return cookiesWith(
    entropyFrom((octets) => Uint8Array.from({ length: octets }, () => (seed = (seed * 167 + 13) & 0xff))),
  );
}

const server = (fill: number, octets = 8): Buffer => Buffer.alloc(octets, fill);
const join = (client: Uint8Array, rest: Uint8Array): Uint8Array =>
  Buffer.concat([client.subarray(0, 8), rest]);

describe('RFC 7873 §5.1 and §5.3: what goes out', () => {
  it('is eight octets until the resolver has given its part, then both', () => {
    const jar = cookies();
    const first = jar.offered;
    assert.equal(first.length, 8);
    assert.equal(jar.judge(first, join(first, server(5)), 'udp'), 'fine');
    assert.deepEqual([...jar.offered], [...join(first, server(5))]);
    assert.equal(jar.judge(jar.offered, join(first, server(6, 32)), 'udp'), 'fine');
    assert.deepEqual([...jar.offered], [...join(first, server(6, 32))]);
  });

  it('is another one from another address of ours', () => {
    const jar = cookies();
    const { offered } = jar;
    jar.askedFrom('192.0.2.1');
    jar.askedFrom('192.0.2.1');
    assert.deepEqual(jar.offered, offered);
    jar.askedFrom('192.0.2.2');
    assert.notDeepEqual([...jar.offered], [...offered]);
    assert.equal(jar.offered.length, 8);
  });

  it('an answer to a question from before does not bring the old one back', () => {
    const jar = cookies();
    jar.askedFrom('192.0.2.1');
    const { offered: before } = jar;
    jar.askedFrom('192.0.2.2');
    assert.equal(jar.judge(before, join(before, server(5)), 'udp'), 'fine');
    assert.equal(jar.offered.length, 8);
  });
});

describe('RFC 7873 §5.3: what comes in', () => {
  it('"MUST discard the response if it contains … an incorrect Client Cookie"', () => {
    const jar = cookies();
    const { offered } = jar;
    const wrong = Buffer.from(offered);
    wrong[7] = (wrong[7] ?? 0) ^ 1;
    assert.equal(jar.judge(offered, join(wrong, server(5)), 'udp'), 'forged');
    assert.equal(jar.judge(offered, wrong, 'udp'), 'forged');
    assert.equal(jar.judge(offered, offered.subarray(0, 7), 'udp'), 'forged');
    assert.deepEqual(jar.offered, offered, 'nothing of it was remembered');
  });

  it('"MUST discard" an illegal length', () => {
    const jar = cookies();
    for (const octets of [1, 7, 33])
      assert.equal(
        jar.judge(jar.offered, join(jar.offered, server(5, octets)), 'udp'),
        'forged',
        `${octets}`,
      );
  });

  it('none is as good as any, as long as the resolver has sent none', () => {
    const jar = cookies();
    assert.equal(jar.judge(jar.offered, undefined, 'udp'), 'fine');
    assert.equal(jar.judge(jar.offered, jar.offered.subarray(0, 8), 'udp'), 'fine', 'only our own part back');
    assert.equal(jar.judge(jar.offered, undefined, 'udp'), 'fine');
  });

  it('"If the client is expecting the response to contain a COOKIE option and it is missing", it may be forged', () => {
    const jar = cookies();
    jar.judge(jar.offered, join(jar.offered, server(5)), 'udp');
    for (let times = 0; times < 10; times += 1)
      assert.equal(jar.judge(jar.offered, undefined, 'udp'), 'missing');
  });

  it('by TCP it may be missing; three times so, and it is expected no more', () => {
    const jar = cookies();
    jar.judge(jar.offered, join(jar.offered, server(5)), 'udp');
    for (let times = 0; times < 2; times += 1) {
      assert.equal(jar.judge(jar.offered, undefined, 'tcp'), 'fine');
      assert.equal(jar.judge(jar.offered, undefined, 'udp'), 'missing');
    }
    assert.equal(jar.judge(jar.offered, undefined, 'tcp'), 'fine');
    assert.equal(jar.judge(jar.offered, undefined, 'udp'), 'fine');
    jar.judge(jar.offered, join(jar.offered, server(6)), 'udp');
    assert.equal(jar.judge(jar.offered, undefined, 'udp'), 'fine', 'one of several that differ');
  });
});
