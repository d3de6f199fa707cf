import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Message } from '../../../../src/dns/message.ts';
import { type ResourceRecord, types } from '../../../../src/dns/record.ts';
import {
  aged,
  FAILURE_SECONDS,
  MAX_TTL_SECONDS,
  negativeTtl,
  signedTtlOf,
  ttlOf,
} from '../../../../src/net/dns/ttl.ts';
import { a, cname, question, soa } from '../../../support/dns/server.ts';

function message(rcode: number, answers: ResourceRecord[], authority: ResourceRecord[] = []): Message {
  return {
    id: 0,
    response: true,
    authoritative: false,
    truncated: false,
    recursionAvailable: true,
    authenticated: false,
    rcode,
    question: question('far.test', 1),
    answers,
    authority,
    additional: [],
    edns: undefined,
  };
}

describe('an answer is kept', () => {
  it('as long as the shortest of its records', () => {
    assert.equal(ttlOf(message(0, [a('far.test', '192.0.2.1', 300), a('far.test', '192.0.2.2', 20)])), 20);
    assert.equal(
      ttlOf({ ...message(0, [a('far.test', '192.0.2.1', 300)]), additional: [a('x', '192.0.2.1', 7)] }),
      7,
    );
    assert.equal(ttlOf(message(0, [a('far.test', '192.0.2.1', 0)])), 0);
  });

  it('never longer than a day', () => {
    assert.equal(ttlOf(message(0, [a('far.test', '192.0.2.1', 0x7fffffff)])), MAX_TTL_SECONDS);
  });

  it('RFC 2308 §5: where it says no, by the SOA: the lesser of its TTL and its minimum', () => {
    assert.equal(ttlOf(message(3, [], [soa('test', 60, 300)])), 60);
    assert.equal(ttlOf(message(3, [], [soa('test', 600, 300)])), 300);
    assert.equal(ttlOf(message(0, [], [soa('test', 60, 300)])), 60);
    assert.equal(ttlOf(message(0, [cname('far.test', 'b.test', 30)], [soa('test', 60, 300)])), 30);
    assert.equal(negativeTtl([soa('test', 0x7fffffff, 0x7fffffff)]), MAX_TTL_SECONDS);
  });

  it('RFC 2308 §5: "Negative responses without SOA records SHOULD NOT be cached"', () => {
    assert.equal(ttlOf(message(3, [])), 0);
    assert.equal(ttlOf(message(0, [])), 0);
    assert.equal(ttlOf(message(3, [cname('far.test', 'b.test', 30)])), 0);
  });

  it('where it is an alias only and says no more, as long as the alias', () => {
    assert.equal(ttlOf(message(0, [cname('far.test', 'b.test', 30)])), 30);
  });

  it('RFC 9520 §3.2: a failure at least one second, and here no more than five', () => {
    for (const rcode of [1, 2, 4, 5, 23]) {
      assert.equal(ttlOf(message(rcode, [a('far.test', '192.0.2.1', 300)])), FAILURE_SECONDS);
    }
    assert.ok(FAILURE_SECONDS >= 1 && FAILURE_SECONDS <= 5);
  });
});

it('what is kept grows older in each of its sections, and never below zero', () => {
  const fresh = {
    ...message(0, [a('far.test', '192.0.2.1', 300)], [soa('test', 60, 5)]),
    additional: [a('x', '192.0.2.1', 9)],
  };
  const older = aged(fresh, 10);
  assert.deepEqual([older.answers[0]?.ttl, older.authority[0]?.ttl, older.additional[0]?.ttl], [290, 0, 0]);
  assert.deepEqual(older.answers[0]?.data, fresh.answers[0]?.data);
  assert.equal(aged(fresh, 0), fresh);
});

describe('RFC 4035 §5.3.3: a signed answer is kept no longer than', () => {
  const now = 1_700_000_000;
  const signed = (originalTtl: number, expiration: number): Message => {
    const data = Buffer.alloc(20);
    data.writeUInt32BE(originalTtl, 4);
    data.writeUInt32BE(expiration, 8);
    return message(0, [
      a('far.test', '192.0.2.1', 3600),
      { name: question('far.test', 1).name, type: types.RRSIG, ttl: 3600, data },
    ]);
  };

  it('"The value in the Original TTL field", and until it expires', () => {
    assert.equal(signedTtlOf(signed(300, now + 3600), now), 300);
    assert.equal(signedTtlOf(signed(3600, now + 300), now), 300);
    assert.equal(signedTtlOf(signed(3600, now - 300), now), FAILURE_SECONDS);
    assert.equal(signedTtlOf(signed(0xffff_ffff, now + 0x7000_0000), now), MAX_TTL_SECONDS);
    assert.equal(signedTtlOf(message(0, [a('far.test', '192.0.2.1', 300)]), now), MAX_TTL_SECONDS);
  });
});
