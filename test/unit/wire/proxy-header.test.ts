import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { type ProxyHeader, parseProxyHeader, writeProxyHeader } from '../../../src/wire/proxy-header.ts';

const parse = (text: string): ProxyHeader => parseProxyHeader(Buffer.from(text, 'latin1'));

/** A header of version 2 out of hex: the command and version, the family, and what follows the length. */
function binary(command: string, family: string, rest: string): Buffer {
  const length = (rest.replaceAll(' ', '').length / 2).toString(16).padStart(4, '0');
  return Buffer.from(
    `0d0a0d0a000d0a515549540a ${command}${family}${length}${rest}`.replaceAll(' ', ''),
    'hex',
  );
}

const ends = {
  remoteAddress: '192.0.2.1',
  remotePort: 51_000,
  localAddress: '198.51.100.2',
  localPort: 25,
};
const TCP4 = 'c0000201 c6336402 c738 0019';
const TCP6 = `20010db8${'0'.repeat(23)}1 20010db8${'0'.repeat(23)}2 c738 0019`;

describe('version 1', () => {
  it('TCP4, and what follows belongs to the client', () => {
    const line = 'PROXY TCP4 192.0.2.1 198.51.100.2 51000 25\r\n';
    assert.deepEqual(parse(`${line}EHLO x\r\n`), { kind: 'client', ends, length: line.length });
  });

  it('TCP6, in canonical text; an IPv4 address that is mapped into it is taken for what it is', () => {
    const long = '2001:DB8:0:0:0:0:0:1';
    const header = parse(`PROXY TCP6 ${long} ::ffff:198.51.100.2 1 65535\r\n`);
    assert.ok(header.kind === 'client');
    const { remoteAddress, localAddress, localPort } = header.ends;
    assert.deepEqual([remoteAddress, localAddress, localPort], ['2001:db8::1', '198.51.100.2', 65_535]);
  });

  for (const line of ['PROXY UNKNOWN\r\n', 'PROXY UNKNOWN ffff:f...f:ffff whatever\r\n']) {
    it(`§2.1: ${JSON.stringify(line)} says nothing of the client`, () =>
      assert.deepEqual(parse(`${line}x`), { kind: 'proxy', length: line.length }));
  }

  it('§2.1: the longest line has 107 octets; a longer one is not waited for', () => {
    const longest = `PROXY UNKNOWN ${'f'.repeat(107 - 16)}\r\n`;
    assert.equal(longest.length, 107);
    assert.equal(parse(longest).kind, 'proxy');
    assert.equal(parse(longest.slice(0, 106)).kind, 'incomplete');
    assert.deepEqual(parse(longest.replace('ff', 'fff')), {
      kind: 'bad',
      because: 'its line is longer than 107 octets',
    });
  });

  const wrong: readonly [line: string, because: RegExp][] = [
    ['PROXY TCP4 192.0.2.1 198.51.100.2 51000 25\n', /CRLF/],
    ['PROXY TCP4 192.0.2.1 198.51.100.2 51000 25\r\r\n', /two ports/],
    ['PROXY TCP4  192.0.2.1 198.51.100.2 51000 25\r\n', /two TCP4 addresses/],
    ['PROXY TCP4 192.0.2.1 198.51.100.2 51000\r\n', /two ports/],
    ['PROXY TCP4 192.0.2.1 198.51.100.2 51000 25 x\r\n', /behind its ports/],
    ['PROXY TCP4 192.0.2.1 198.51.100.2 51000 25 \r\n', /behind its ports/],
    ['PROXY TCP4 192.0.2.1 198.51.100.2 65536 25\r\n', /two ports/],
    ['PROXY TCP4 192.0.2.1 198.51.100.2 051 25\r\n', /two ports/],
    ['PROXY TCP4 192.0.2.1 198.51.100.2 +51 25\r\n', /two ports/],
    ['PROXY TCP4 192.0.2.01 198.51.100.2 51 25\r\n', /two TCP4 addresses/],
    ['PROXY TCP4 192.0.2.256 198.51.100.2 51 25\r\n', /two TCP4 addresses/],
    ['PROXY TCP4 192.0.2 198.51.100.2 51 25\r\n', /two TCP4 addresses/],
    ['PROXY TCP4 ::1 198.51.100.2 51 25\r\n', /two TCP4 addresses/],
    ['PROXY TCP6 192.0.2.1 ::1 51 25\r\n', /two TCP6 addresses/],
    ['PROXY TCP6 fe80::1%eth0 ::1 51 25\r\n', /two TCP6 addresses/],
    ['PROXY TCP6 ::1]/ ::1 51 25\r\n', /two TCP6 addresses/],
    ['PROXY TCP6 1::2::3 ::1 51 25\r\n', /two TCP6 addresses/],
    ['PROXY UDP4 192.0.2.1 198.51.100.2 51 25\r\n', /family/],
    ['PROXY \r\n', /family/],
    ['proxy TCP4 192.0.2.1 198.51.100.2 51 25\r\n', /something else/],
    ['EHLO client.test\r\n', /something else/],
  ];
  for (const [line, because] of wrong) {
    it(`${JSON.stringify(line)} is bad`, () => {
      const header = parse(line);
      assert.ok(header.kind === 'bad', header.kind);
      assert.match(header.because, because);
    });
  }
});

describe('version 2', () => {
  it('TCP over IPv4', () => {
    const header = binary('21', '11', TCP4);
    assert.deepEqual(parseProxyHeader(Buffer.concat([header, Buffer.from('EHLO')])), {
      kind: 'client',
      ends,
      length: 28,
    });
  });

  it('TCP over IPv6', () => {
    const header = parseProxyHeader(binary('21', '21', TCP6));
    assert.ok(header.kind === 'client');
    assert.deepEqual(header.ends, { ...ends, remoteAddress: '2001:db8::1', localAddress: '2001:db8::2' });
  });

  it('an IPv4 address that is mapped into IPv6 is taken for what it is', () => {
    const mapped = (hex: string): string => `${'0'.repeat(20)}ffff${hex}`;
    const header = parseProxyHeader(
      binary('21', '21', `${mapped('c0000201')}${mapped('c6336402')} c738 0019`),
    );
    assert.deepEqual(header, { kind: 'client', ends, length: 52 });
  });

  it('§2.2: LOCAL says nothing of the client, whatever follows', () => {
    assert.deepEqual(parseProxyHeader(binary('20', '00', '')), { kind: 'proxy', length: 16 });
    assert.deepEqual(parseProxyHeader(binary('20', '31', 'ffff')), { kind: 'proxy', length: 18 });
  });

  it('UNSPEC as well', () => {
    assert.deepEqual(parseProxyHeader(binary('21', '00', '010001ff')), { kind: 'proxy', length: 20 });
  });

  it('§2.2.1: TLVs are passed over', () => {
    const extras = '01 0004 736d7470 04 0000';
    assert.deepEqual(parseProxyHeader(binary('21', '11', `${TCP4} ${extras}`)), {
      kind: 'client',
      ends,
      length: 38,
    });
  });

  it('§2.2.3: a checksum has to be right', () => {
    // Computed with another implementation: CRC-32C of the header with its checksum zeroed.
    const right = binary(
      '21',
      '11',
      `${TCP4} 03 0004 ${crc32c(binary('21', '11', `${TCP4} 03 0004 00000000`))}`,
    );
    assert.equal(parseProxyHeader(right).kind, 'client');
    const type = 28;
    for (let at = 16; at < right.length; at++) {
      if (at === type) continue;
      const wrong = Buffer.from(right);
      wrong.writeUInt8(wrong.readUInt8(at) ^ 1, at);
      assert.equal(parseProxyHeader(wrong).kind, 'bad', `octet ${at}`);
    }
  });

  const wrong: readonly [what: string, header: Buffer, because: RegExp][] = [
    ['another version', binary('11', '11', TCP4), /version is 1/],
    ['another command', binary('22', '11', TCP4), /command is 2/],
    ['UDP', binary('21', '12', TCP4), /family 0x12/],
    ['a socket file', binary('21', '31', '00'.repeat(216)), /family 0x31/],
    ['addresses that are not whole', binary('21', '21', TCP4), /too short/],
    ['more than the limit', binary('21', '11', '00'.repeat(521)), /limit is 520/],
    ['a TLV that is not whole', binary('21', '11', `${TCP4} 01 0002 61`), /TLVs is not whole/],
    ['the beginning of a TLV', binary('21', '11', `${TCP4} 0100`), /TLVs is not whole/],
    ['a checksum of three octets', binary('21', '11', `${TCP4} 03 0003 000000`), /3 octets/],
  ];
  for (const [what, header, because] of wrong) {
    it(`${what} is bad`, () => {
      const parsed = parseProxyHeader(header);
      assert.ok(parsed.kind === 'bad', parsed.kind);
      assert.match(parsed.because, because);
    });
  }
});

describe('however the octets come', () => {
  const whole = [
    Buffer.from('PROXY TCP4 192.0.2.1 198.51.100.2 51000 25\r\n'),
    Buffer.from('PROXY UNKNOWN\r\n'),
    binary('21', '11', TCP4),
    binary('21', '21', `${TCP6} 040001ff`),
    binary('20', '00', ''),
  ];
  for (const [index, header] of whole.entries()) {
    it(`a part of a header is incomplete, the header is not (${index})`, () => {
      for (let length = 0; length < header.length; length++)
        assert.equal(parseProxyHeader(header.subarray(0, length)).kind, 'incomplete', String(length));
      const parsed = parseProxyHeader(header);
      assert.ok('length' in parsed && parsed.length === header.length);
    });
  }

  it('anything is decided after 536 octets', () => {
    const start = fc.constantFrom(
      Buffer.from('PROXY '),
      Buffer.from('PROXY TCP6 '),
      ...whole,
      Buffer.alloc(0),
    );
    const rest = fc.uint8Array({ minLength: 536, maxLength: 600 });
    fc.assert(
      fc.property(start, rest, (head, tail) => {
        const header = parseProxyHeader(Buffer.concat([head, tail]));
        assert.notEqual(header.kind, 'incomplete');
        if ('length' in header) assert.ok(header.length <= 536);
      }),
    );
  });
});

/** By the table, where the source shifts bit by bit. */
function crc32c(bytes: Buffer): string {
  const table = Array.from({ length: 256 }, (_, n) => {
    let value = BigInt(n);
    for (let bit = 0; bit < 8; bit++) value = value % 2n === 1n ? (value >> 1n) ^ 0x82f63b78n : value >> 1n;
    return value;
  });
  let crc = 0xffffffffn;
  for (const octet of bytes) crc = (table[Number((crc ^ BigInt(octet)) & 0xffn)] ?? 0n) ^ (crc >> 8n);
  return (crc ^ 0xffffffffn).toString(16).padStart(8, '0');
}

it('the checksum of the tests is CRC-32C (RFC 3720 §B.4: 32 octets of zero)', () => {
  // The RFC lists the octets as they are sent, the least significant first.
  const octets = [...Buffer.from(crc32c(Buffer.alloc(32)), 'hex')].toReversed();
  assert.equal(Buffer.from(octets).toString('hex'), 'aa36918a');
});

describe('what is written', () => {
  const address = fc.oneof(fc.ipV4(), fc.ipV6());
  const port = fc.integer({ min: 0, max: 65_535 });
  for (const version of ['v1', 'v2'] as const) {
    it(`${version} is read as what it says, for every pair of addresses`, () => {
      fc.assert(
        fc.property(address, port, address, port, (remoteAddress, remotePort, localAddress, localPort) => {
          const header = writeProxyHeader(version, { remoteAddress, remotePort, localAddress, localPort });
          const read = parseProxyHeader(header);
          assert.ok(read.kind === 'client', JSON.stringify(read));
          assert.equal(read.length, header.length);
          assert.deepEqual(read.ends, {
            remoteAddress: plain(remoteAddress),
            remotePort,
            localAddress: plain(localAddress),
            localPort,
          });
        }),
      );
    });
  }

  it('stands as HAProxy describes it', () => {
    assert.equal(writeProxyHeader('v1', ends).toString(), 'PROXY TCP4 192.0.2.1 198.51.100.2 51000 25\r\n');
    assert.deepEqual(writeProxyHeader('v2', ends), binary('21', '11', TCP4));
    const six = { ...ends, remoteAddress: '2001:db8::1', localAddress: '2001:db8::2' };
    assert.deepEqual(writeProxyHeader('v2', six), binary('21', '21', TCP6));
  });

  it('a link-local client is told without its zone', () => {
    const local = { ...ends, remoteAddress: 'fe80::7%eth0', localAddress: 'fe80::1%eth0' };
    assert.equal(writeProxyHeader('v1', local).toString(), 'PROXY TCP6 fe80::7 fe80::1 51000 25\r\n');
    const header = parseProxyHeader(writeProxyHeader('v2', local));
    assert.ok(header.kind === 'client');
    assert.equal(header.ends.remoteAddress, 'fe80::7');
  });

  it('is of IPv6 where the ends are of two families', () => {
    const header = writeProxyHeader('v1', { ...ends, remoteAddress: '2001:db8::1' });
    assert.equal(header.toString(), 'PROXY TCP6 2001:db8::1 ::ffff:c633:6402 51000 25\r\n');
  });

  /** One spelling; what is mapped into IPv6 is read as what it is. */
  function plain(text: string): string {
    if (!text.includes(':')) return text;
    const host = new URL(`http://[${text}]/`).hostname.slice(1, -1);
    const mapped = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(host);
    if (mapped === null) return host;
    const hex = mapped.slice(1).map((group) => group.padStart(4, '0'));
    return Buffer.from(hex.join(''), 'hex').join('.');
  }
});
