import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeMessage } from '../../../src/dns/encode.ts';
import { decodeMessage, type Message } from '../../../src/dns/message.ts';
import { showName } from '../../../src/dns/name.ts';
import { showExtendedError, showRcode, showRecord, showType } from '../../../src/dns/show.ts';
import { bytes, read, writtenOctets } from '../../support/dns/raw-message.ts';
import { recorded, recordings } from '../../support/dns/recordings.ts';

/** What a message says, with every record in its presentation form. */
function summary(message: Message): string[] {
  const { answers, authority, additional, edns } = message;
  return [
    showRcode(message.rcode),
    ...(['authoritative', 'truncated', 'authenticated'] as const).filter((flag) => message[flag]),
    ...(edns?.errors ?? []).map(showExtendedError),
    ...[...answers, ...authority, ...additional].map(
      ({ name, type, data }) => `${showName(name)} ${showType(type)} ${showRecord(type, data)}`,
    ),
  ];
}

describe('answers of real servers', () => {
  it('there are recordings of three programs', () => {
    assert.ok(recordings.length > 40);
    const programs = new Set(recordings.map((name) => name.split('-')[0]));
    assert.deepEqual(programs, new Set(['bind', 'knot', 'unbound']));
  });

  for (const name of recordings) {
    it(`${name} is read to its end, every record of it`, () => {
      const octets = recorded(name);
      const message = read(octets);
      const counts = [6, 8, 10].map((at) => (octets[at] ?? 0) * 256 + (octets[at + 1] ?? 0));
      const opts = message.edns === undefined ? 0 : 1;
      assert.deepEqual(
        [message.answers.length, message.authority.length, message.additional.length + opts],
        counts,
      );
    });

    it(`${name} is the same when it is written and read again`, () => {
      const message = read(recorded(name));
      assert.deepEqual(read(encodeMessage(message)), message);
    });
  }

  const told: readonly [name: string, says: readonly string[]][] = [
    ['bind-mx-plain', ['vectors.test MX 10 mail.vectors.test.', 'vectors.test MX 20 mail2.vectors.test.']],
    [
      'bind-dname',
      ['x.y.dn.vectors.test CNAME x.y.elsewhere.test.', 'dn.vectors.test DNAME elsewhere.test.'],
    ],
    ['bind-odd-name', ['b\\.dot\\009tab\\;semi\\@at.vectors.test TXT "odd owner"']],
    [
      'bind-odd-txt',
      ['odd.vectors.test TXT "quote \\" back\\\\slash; semi" "" "\\000\\031\\127\\200\\255tail"'],
    ],
    [
      'bind-srv',
      ['_smtp._tcp.vectors.test SRV 0 5 25 mail.vectors.test.', 'mail.vectors.test AAAA ::ffff:192.0.2.33'],
    ],
    ['bind-truncated', ['NOERROR', 'truncated']],
    ['bind-refused', ['REFUSED']],
    ['bind-badvers', ['BADVERS']],
    ['knot-badcookie', ['BADCOOKIE']],
    ['knot-truncated', ['NXDOMAIN', 'authoritative', 'truncated']],
    ['unbound-secure-nxdomain', ['NXDOMAIN', 'authenticated']],
    [
      'unbound-bogus',
      [
        'SERVFAIL',
        'EDE 6 (DNSSEC Bogus): validation failure <mail.small.test. A IN>: no keys have a DS with algorithm ED25519 from 127.0.0.1 for trust anchor small.test. while building chain of trust',
      ],
    ],
  ];
  for (const [name, says] of told) {
    it(`${name} says ${says.join(', ')}`, () => {
      const whole = summary(read(recorded(name)));
      assert.deepEqual(
        says.filter((one) => !whole.includes(one)),
        [],
      );
    });
  }

  it('the cookie has both its parts', () => {
    for (const name of ['bind-cookie', 'knot-badcookie', 'unbound-cookie']) {
      const cookie = read(recorded(name)).edns?.cookie;
      assert.equal(cookie?.length, 24, name);
      assert.deepEqual(cookie?.subarray(0, 8), Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    }
  });

  it('the question is kept in the spelling in which it came', () => {
    const decoded = decodeMessage(recorded('knot-soa'));
    assert.ok(decoded.kind === 'ok');
    assert.deepEqual(decoded.rawQuestionName, bytes('\x04Knot\x04Test\0'));
    assert.equal(decoded.message.question?.name, '\x04knot\x04test\0');
  });

  for (const name of recordings) {
    it(`${name}, cut anywhere, is malformed`, () => {
      const octets = recorded(name);
      const step = octets.length > 2000 ? 7 : 1;
      for (let length = 0; length < octets.length; length += step)
        assert.equal(decodeMessage(octets.subarray(0, length)).kind, 'malformed', `${length} octets`);
    });

    it(`${name}, with any octet flipped, is read or refused`, () => {
      const octets = recorded(name);
      const step = octets.length > 2000 ? 7 : 1;
      for (let at = 0; at < octets.length; at += step) {
        for (const mask of [0xff, 1 << (at & 7)]) {
          const flipped = octets.slice();
          flipped[at] = (flipped[at] ?? 0) ^ mask;
          const decoded = decodeMessage(flipped);
          if (decoded.kind === 'ok') assert.ok(writtenOctets(decoded.message) <= 8 * octets.length);
        }
      }
    });
  }
});
