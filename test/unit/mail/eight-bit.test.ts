import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { needsConversion, toSevenBit } from '../../../src/mail/eight-bit.ts';
import { type Leaf, readLeaves, valueOf } from './mime-reader.ts';

const lines = (...all: readonly string[]): string => `${all.join('\r\n')}\r\n`;

function convert(message: string): string {
  const conversion = toSevenBit(Buffer.from(message, 'latin1'));
  assert.equal(conversion.kind, 'converted', conversion.kind === 'impossible' ? conversion.because : '');
  return conversion.kind === 'converted' ? Buffer.from(conversion.bytes).toString('latin1') : '';
}

function obstacle(message: string): string {
  const conversion = toSevenBit(Buffer.from(message, 'latin1'));
  return conversion.kind === 'impossible' ? `${conversion.status} ${conversion.because}` : 'converted';
}

/** 8-bit text behind that many messages inside each other. */
function nested(depth: number): string {
  return `${'Content-Type: message/rfc822\r\n\r\n'.repeat(depth)}A: b\r\n\r\n\xe9\r\n`;
}

function onlyLeaf(message: string): Leaf {
  const leaves = readLeaves(message);
  assert.equal(leaves.length, 1);
  return leaves[0] ?? assert.fail();
}

describe('needsConversion', () => {
  const rows: readonly [eightBit: boolean, longestLine: number, eightBitMime: boolean, needed: boolean][] = [
    [false, 998, false, false],
    [true, 998, true, false],
    [true, 998, false, true],
    [false, 999, true, true],
    [true, 999, true, true],
  ];
  for (const [eightBit, longestLine, eightBitMime, needed] of rows) {
    const content = `${eightBit ? '8-bit' : '7-bit'} lines of ${longestLine}`;
    it(`${content} to a server ${eightBitMime ? 'with' : 'without'} 8BITMIME: ${needed}`, () => {
      assert.equal(needsConversion({ eightBit, longestLine }, { eightBitMime }), needed);
    });
  }
});

describe('toSevenBit', () => {
  it('gives back a message that needs nothing, the same octets', () => {
    const message = Buffer.from('A: b\r\n\r\nplain\r\n');
    assert.deepEqual(toSevenBit(message), { kind: 'converted', bytes: message });
  });

  it('encodes 8-bit text as quoted-printable and changes nothing else', () => {
    const head = ['Subject: x', 'MIME-Version: 1.0', 'content-type: text/plain; charset=utf-8'];
    assert.equal(
      convert(lines(...head, 'Content-Transfer-Encoding: 8bit', 'To: b', '', '.', 'caf\xc3\xa9 ', '..')),
      lines(...head, 'Content-Transfer-Encoding: quoted-printable', 'To: b', '', '.', 'caf=C3=A9=20', '..'),
    );
  });

  it('RFC 1428 §3: labels 8-bit text that says nothing about itself as unknown-8bit', () => {
    assert.equal(
      convert(lines('Subject: x', '', 'caf\xe9')),
      lines(
        'Subject: x',
        'MIME-Version: 1.0',
        'Content-Type: text/plain; charset=unknown-8bit',
        'Content-Transfer-Encoding: quoted-printable',
        '',
        'caf=E9',
      ),
    );
  });

  it('does not label 7-bit text whose lines are too long', () => {
    const converted = convert(lines('Subject: x', '', 'x'.repeat(999)));
    assert.doesNotMatch(converted, /unknown-8bit/);
    assert.equal(onlyLeaf(converted).decoded, lines('x'.repeat(999)));
  });

  it('leaves lines of 998 octets alone and encodes lines of 999', () => {
    const fits = lines('A: b', '', 'x'.repeat(998));
    assert.equal(convert(fits), fits);
    assert.match(convert(lines('A: b', '', 'x'.repeat(999))), /quoted-printable/);
  });

  it('encodes what is not text as base64, and ends the message in CRLF all the same', () => {
    const body = '\x89PNG\r\n\x1a\n\0'.repeat(30);
    const converted = convert(lines('MIME-Version: 1.0', 'Content-Type: image/png', '', body));
    assert.equal(valueOf(onlyLeaf(converted).fields, 'content-transfer-encoding'), 'base64');
    assert.equal(onlyLeaf(converted).decoded, `${body}\r\n`);
    assert.ok(converted.endsWith('\r\n'));
  });

  it('RFC 2046 §5.1: converts inside nested multiparts and leaves the fit parts octet for octet', () => {
    const plain = lines(
      '--in',
      'Content-Type: text/html',
      'Content-Transfer-Encoding: quoted-printable',
      '',
      '=E9',
    );
    const message = (inner: string, encoding: string): string =>
      lines(
        'MIME-Version: 1.0',
        'Content-Type: multipart/mixed; boundary=out',
        ...(encoding === '' ? [] : [`Content-Transfer-Encoding: ${encoding}`]),
        '',
        'preamble',
        '--out \t',
        'Content-Type: multipart/alternative; boundary="in"',
        '',
        `${plain}${inner}`,
        '--in--',
        '',
        '--out',
        'Content-Type: application/x',
        'Content-Transfer-Encoding: base64',
        '',
        '////',
        '--out--',
        'epilogue',
      );
    const before = message('--in\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\ncaf\xe9', '8bit');
    const after = message(
      '--in\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ncaf=E9',
      '7bit',
    );
    assert.equal(convert(before), after);
  });

  it('RFC 2046 §5.2.1: converts inside message/rfc822 and never encodes it', () => {
    const converted = convert(
      lines(
        'MIME-Version: 1.0',
        'Content-Type: message/rfc822',
        'Content-Transfer-Encoding: 8bit',
        '',
        'Subject: inner',
        '',
        '\xe9',
      ),
    );
    assert.equal(
      converted,
      lines(
        'MIME-Version: 1.0',
        'Content-Type: message/rfc822',
        'Content-Transfer-Encoding: 7bit',
        '',
        'Subject: inner',
        'MIME-Version: 1.0',
        'Content-Type: text/plain; charset=unknown-8bit',
        'Content-Transfer-Encoding: quoted-printable',
        '',
        '=E9',
      ),
    );
  });

  it('RFC 2046 §5.1.5: a part of a digest is a message unless it says otherwise', () => {
    const converted = convert(
      lines(
        'Content-Type: multipart/digest; boundary=b',
        '',
        '--b',
        '',
        'Subject: inner',
        '',
        '\xe9',
        '--b--',
      ),
    );
    assert.equal(onlyLeaf(converted).decoded, '\xe9');
    assert.match(converted, /\r\n--b\r\n\r\nSubject: inner\r\n/);
  });

  it('takes a missing closing delimiter as the end of the body', () => {
    const converted = convert(
      lines('Content-Type: multipart/mixed; boundary=b', '', '--b', '', '\xe9', '--bx'),
    );
    assert.equal(onlyLeaf(converted).decoded, '\xe9\r\n--bx\r\n');
  });

  it('lets no boundary appear inside a part that it encodes', () => {
    const body = `${'x'.repeat(75)}--out${'y'.repeat(80)}\xe9`;
    const message = lines('Content-Type: multipart/mixed; boundary=out', '', '--out', '', body, '--out--');
    assert.equal(onlyLeaf(convert(message)).decoded, body);
    // Encoded naively, the equals sign of this line would turn it into the boundary.
    const lookalike = lines(
      'Content-Type: multipart/mixed; boundary="b=3D"',
      '',
      '--b=3D',
      '',
      '--b=\r\n\xe9',
      '--b=3D--',
    );
    assert.equal(onlyLeaf(convert(lookalike)).decoded, '--b=\r\n\xe9');
  });

  it('RFC 2046 §5.1.1: leaves out a preamble or epilogue that is 8-bit, since nobody is shown it', () => {
    const message = lines(
      'Content-Type: multipart/mixed; boundary=b',
      '',
      'v\xe9',
      '--b',
      '',
      'x',
      '--b--',
      '\xe9',
    );
    assert.equal(
      convert(message),
      lines('Content-Type: multipart/mixed; boundary=b', 'MIME-Version: 1.0', '', '--b', '', 'x', '--b--'),
    );
  });

  it('folds base64 that came in one endless line, without touching what it says', () => {
    const encoded = Buffer.alloc(3000, 'abc').toString('base64');
    const leaf = onlyLeaf(
      convert(lines('Content-Type: x/y', 'Content-Transfer-Encoding: base64', '', encoded)),
    );
    assert.equal(leaf.decoded, 'abc'.repeat(1000));
  });

  it('sends a signed part that needs nothing as it is, beside one that is converted', () => {
    const signed = lines(
      '--b',
      'Content-Type: multipart/signed; boundary=s',
      '',
      '--s',
      '',
      'x',
      '--s',
      '',
      'y',
      '--s--',
    );
    const converted = convert(
      `${lines('Content-Type: multipart/mixed; boundary=b', '', '--b', '', '\xe9')}${signed}${lines('--b--')}`,
    );
    assert.ok(converted.includes(signed));
  });
});

describe('toSevenBit says what is impossible', () => {
  const typed = (type: string, ...body: string[]): string => lines(`Content-Type: ${type}`, '', ...body);
  const rows: readonly [why: string, message: string, because: RegExp][] = [
    [
      'a signature',
      typed('multipart/signed; boundary=b', '--b', '', '\xe9', '--b--'),
      /5\.6\.3 .*multipart\/signed/,
    ],
    ['an encrypted part', typed('multipart/encrypted; boundary=b', '\xe9'), /5\.6\.3 .*multipart\/encrypted/],
    ['8-bit in the header', lines('Subject: caf\xe9', '', 'x'), /5\.6\.9 .*SMTPUTF8/],
    [
      '8-bit in the header of a part',
      typed('multipart/mixed; boundary=b', '--b', 'X: \xe9', '', 'x', '--b--'),
      /5\.6\.9/,
    ],
    [
      'a long header line',
      lines(`Subject: ${'x'.repeat(990)}`, '', 'x'),
      /5\.6\.3 a header line is longer than 998/,
    ],
    [
      'a header without an end',
      lines('Subject: x', 'not a field', '', '\xe9'),
      /does not end in an empty line/,
    ],
    ['two types', lines('Content-Type: a/b', 'Content-Type: multipart/c', '', '\xe9'), /two Content-Type/],
    ['an unreadable type', typed('multipart', '\xe9'), /Content-Type cannot be read/],
    [
      'an unreadable encoding',
      lines('Content-Transfer-Encoding: 8 bit', '', '\xe9'),
      /Encoding cannot be read/,
    ],
    ['an unknown encoding', lines('Content-Transfer-Encoding: x-uue', '', '\xe9'), /declared x-uue holds/],
    ['8-bit in base64', lines('Content-Transfer-Encoding: base64', '', '\xe9'), /declared base64 holds/],
    [
      'a long line of quoted-printable',
      lines('Content-Transfer-Encoding: quoted-printable', '', 'x'.repeat(999)),
      /declared quoted-printable holds/,
    ],
    [
      'a long line that is not base64',
      lines('Content-Transfer-Encoding: base64', '', '--b'.repeat(400)),
      /declared base64 holds/,
    ],
    ['no boundary', typed('multipart/mixed', '\xe9'), /no readable boundary/],
    [
      'a boundary of 71',
      typed(`multipart/mixed; boundary=${'b'.repeat(71)}`, '\xe9'),
      /no readable boundary/,
    ],
    ['a boundary that is not there', typed('multipart/mixed; boundary=b', '\xe9'), /does not appear/],
    [
      'part 1001',
      typed('multipart/mixed; boundary=b', ...Array.from({ length: 1001 }, () => '--b'), '\xe9'),
      /more than 1000 parts/,
    ],
    [
      'a delivery status',
      typed('message/delivery-status', '\xe9'),
      /message\/delivery-status must not be encoded/,
    ],
    ['level 17', nested(17), /nested deeper than 16 levels/],
    [
      'an endless delimiter line',
      typed('multipart/mixed; boundary=b', `--b${' '.repeat(999)}`, '', 'x', '--b--'),
      /overlong lines/,
    ],
  ];
  for (const [why, message, because] of rows) it(why, () => assert.match(obstacle(message), because));

  it('counts the parts of all multiparts together', () => {
    const inner = (boundary: string): string =>
      `--out\r\n${typed(`multipart/mixed; boundary=${boundary}`, ...Array.from({ length: 600 }, () => `--${boundary}`), '', '\xe9')}`;
    const message = typed('multipart/mixed; boundary=out', `${inner('a')}${inner('b')}--out--`);
    assert.match(obstacle(message), /has more than 398 parts/);
  });

  it('converts what is just within the limits', () => {
    assert.equal(obstacle(nested(16)), 'converted');
    assert.equal(
      obstacle(typed(`multipart/mixed; boundary=${'b'.repeat(70)}`, `--${'b'.repeat(70)}`, '', '\xe9')),
      'converted',
    );
  });
});
