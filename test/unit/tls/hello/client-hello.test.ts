import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  type ClientHelloSpec,
  clientHello,
  greaseValue,
  offeredExtensions,
} from '../../../../src/tls/hello/client-hello.ts';

/** SSL 3.0, without a word too many. */
const bare: ClientHelloSpec = {
  kind: 'tls',
  recordVersion: 0x0300,
  legacyVersion: 0x0300,
  supportedVersions: null,
  random: new Uint8Array(32).fill(0xaa),
  sessionId: new Uint8Array(),
  suites: [0x0005, 0x000a],
  compression: [0],
  serverName: null,
  groups: null,
  keyShares: null,
  signatureSchemes: null,
  certificateSchemes: null,
  extendedMasterSecret: false,
  encryptThenMac: false,
  renegotiation: null,
  fallback: false,
  alpn: null,
  statusRequest: false,
  grease: null,
  size: null,
};

/** TLS 1.3, with all there is. */
const full: ClientHelloSpec = {
  ...bare,
  recordVersion: 0x0301,
  legacyVersion: 0x0303,
  supportedVersions: [0x0304, 0x0303],
  sessionId: Uint8Array.of(1, 2, 3),
  suites: [0x1301],
  compression: [1, 0],
  serverName: 'mx.test',
  groups: [0x11ec, 0x001d],
  keyShares: [{ group: 0x001d, key: Uint8Array.of(7, 7) }],
  signatureSchemes: [0x0403],
  certificateSchemes: [0x0401],
  extendedMasterSecret: true,
  encryptThenMac: true,
  renegotiation: 'extension',
  alpn: ['smtp', 'x'],
  statusRequest: true,
  grease: 1,
};

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');

/** Its extensions, read without any of our own readers. */
function extensions(octets: Uint8Array): Map<string, string> {
  const hello = Buffer.from(octets).subarray(5 + 4 + 2 + 32);
  const behindSession = hello.subarray(1 + (hello[0] ?? 0));
  const behindSuites = behindSession.subarray(2 + behindSession.readUInt16BE(0));
  const block = behindSuites.subarray(1 + (behindSuites[0] ?? 0));
  assert.equal(block.readUInt16BE(0), block.length - 2);
  const found = new Map<string, string>();
  for (let at = 2; at < block.length; ) {
    const end = at + 4 + block.readUInt16BE(at + 2);
    found.set(hex(block.subarray(at, at + 2)), hex(block.subarray(at + 4, end)));
    at = end;
  }
  return found;
}

describe('ClientHello', () => {
  it('of SSL 3.0, octet by octet (RFC 6101 §5.6.1.2): no extensions at all', () => {
    const random = 'aa'.repeat(32);
    assert.equal(hex(clientHello(bare)), `160300002f0100002b0300${random}0000040005000a0100`);
  });

  it('of TLS 1.3, field by field (RFC 8446 §4.1.2)', () => {
    const octets = clientHello(full);
    const head = hex(octets.subarray(0, 5 + 4 + 2 + 32 + 4 + 6 + 3));
    const lengths = [octets.length - 5, octets.length - 9].map((length) =>
      length.toString(16).padStart(4, '0'),
    );
    const [record, message] = lengths;
    assert.equal(head, `160301${record}0100${message}0303${'aa'.repeat(32)}0301020300041a1a1301020100`);
  });

  it('extensions, each as its RFC has it', () => {
    assert.deepEqual(Object.fromEntries(extensions(clientHello(full))), {
      // RFC 8701 §3.1.
      '1a1a': '',
      // RFC 6066 §3: a list of names, each with its type.
      '0000': '000a0000076d782e74657374',
      '0017': '',
      '0016': '',
      ff01: '00',
      '000a': '00061a1a11ec001d',
      '000b': '0100',
      '0010': '000704736d74700178',
      '0005': '0100000000',
      '000d': '00041a1a0403',
      '0032': '00041a1a0401',
      '002b': '061a1a03040303',
      '0033': '0006001d00020707',
    });
  });

  it('a key_share that is empty is there (RFC 8446 §4.2.8), one that is null is not', () => {
    assert.equal(extensions(clientHello({ ...full, keyShares: [] })).get('0033'), '0000');
    assert.ok(!extensions(clientHello({ ...full, keyShares: null })).has('0033'));
  });

  it('an empty extension is never the last', () => {
    const sparse = { ...bare, extendedMasterSecret: true, renegotiation: 'extension' } as const;
    assert.equal([...extensions(clientHello(sparse)).keys()].at(-1), 'ff01');
  });

  it('signals stand behind the suites, the fallback last (RFC 5746 §3.3, RFC 7507 §4)', () => {
    const octets = clientHello({ ...bare, renegotiation: 'scsv', fallback: true });
    assert.match(hex(octets), /00080005000a00ff56000100$/);
  });

  it('GREASE has 16 values (RFC 8701 §2)', () => {
    assert.deepEqual([0, 1, 15].map(greaseValue), [0x0a0a, 0x1a1a, 0xfafa]);
    assert.ok(!offeredExtensions(full).includes(0x1a1a));
    assert.ok(offeredExtensions(full).includes(0xff01));
  });

  it('a random of another length than 32 is our own mistake', () => {
    assert.throws(() => clientHello({ ...bare, random: new Uint8Array(31) }), RangeError);
  });
});

describe('padding, RFC 7685 §3', () => {
  const at = (size: number | null): Uint8Array => clientHello({ ...full, size });
  const least = at(null).length;

  it('makes the hello as large as it has to be, and is of zeros', () => {
    const padding = extensions(at(517)).get('0015') ?? assert.fail('no padding');
    assert.match(padding, /^(?:00)+$/);
    assert.equal(at(517).length, 517);
  });

  it('is not there where it need not be', () => {
    assert.equal(at(least).length, least);
    assert.equal(at(least - 1).length, least);
  });

  it('of up to four octets cannot be: there are that many more, as an empty extension is never the last', () => {
    assert.deepEqual(
      [1, 2, 3, 4, 5].map((more) => at(least + more).length - least),
      [5, 5, 5, 5, 5],
    );
    for (const more of [1, 2, 3, 4, 5])
      assert.deepEqual([...at(least + more).subarray(-5)], [0, 21, 0, 1, 0]);
  });

  it('makes room for extensions where there were none', () => {
    assert.equal(clientHello({ ...bare, size: 200 }).length, 200);
  });

  it('any size comes out, over one record and more (RFC 8446 §5.1: 2^14 octets in each)', () => {
    const sizes = fc.oneof(
      fc.integer({ min: least + 5, max: 40_000 }),
      fc.integer({ min: 16_370, max: 16_410 }),
    );
    fc.assert(
      fc.property(sizes, (size) => {
        const octets = Buffer.from(at(size));
        // A record of no octet cannot be, so that six sizes behind a full one are not to be had.
        const isBetween = size > 16_389 && size < 16_395;
        if (!isBetween) assert.equal(octets.length, size);
        let rest = octets;
        while (rest.length > 0) {
          const length = rest.readUInt16BE(3);
          assert.ok(length > 0 && length <= 16_384);
          rest = rest.subarray(5 + length);
        }
      }),
      { numRuns: 60 },
    );
  });
});
