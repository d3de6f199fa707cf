import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { type ContentFacts, ContentScanner, DotStuffer } from '../../../src/wire/dots.ts';
import { cut, cuts } from '../../support/transcript.ts';

type Mode = 'refuse' | 'normalize';

interface Scanned {
  readonly content: string;
  readonly facts: ContentFacts;
  /** What follows the end; undefined where there was none. */
  readonly rest: string | undefined;
}

/** Scans until the end of the content; what then follows it, in this piece and the next ones, is the rest. */
function scan(pieces: readonly Buffer[], mode: Mode): Scanned {
  const out: string[] = [];
  const scanner = new ContentScanner(mode, (slice) => out.push(Buffer.from(slice).toString('latin1')));
  for (const [index, piece] of pieces.entries()) {
    const result = scanner.push(piece);
    if (result.kind === 'end') {
      const rest = Buffer.concat([result.rest, ...pieces.slice(index + 1)]).toString('latin1');
      return { content: out.join(''), facts: scanner.facts, rest };
    }
  }
  return { content: out.join(''), facts: scanner.facts, rest: undefined };
}

/** Scans content whose octets are counted. */
function scanCounted(pieces: readonly Buffer[], mode: Mode): Scanned {
  const out: string[] = [];
  const emit = (slice: Uint8Array): void => void out.push(Buffer.from(slice).toString('latin1'));
  const scanner = new ContentScanner(mode, emit, 'octets');
  for (const piece of pieces) assert.equal(scanner.push(piece).kind, 'more');
  scanner.end();
  return { content: out.join(''), facts: scanner.facts, rest: undefined };
}

function scanText(text: string, mode: Mode, size = Number.POSITIVE_INFINITY): Scanned {
  return scan(cut(Buffer.from(text, 'latin1'), size), mode);
}

function stuff(pieces: readonly Buffer[]): Buffer {
  const stuffer = new DotStuffer();
  return Buffer.concat([...pieces.flatMap((piece) => stuffer.push(piece)), stuffer.end()]);
}

/** Bytes at any cuts: some lengths, over and over. */
function cutAt(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let from = 0, turn = 0; from < bytes.length; turn++) {
    const length = lengths[turn % lengths.length] ?? 1;
    pieces.push(bytes.subarray(from, from + length));
    from += length;
  }
  return pieces;
}

const lengths = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 });
/** Text in which line ends and dots are frequent. */
const nastyText = fc
  .array(fc.constantFrom('\r', '\n', '\r\n', '.', '..', '\r\n.', '\0', 'a', 'bc', '\xe9'), { maxLength: 40 })
  .map((parts) => parts.join(''));
const cleanContent = fc
  .array(fc.array(fc.constantFrom('.', 'a', '\xe9', ' ', '..'), { maxLength: 6 }), { maxLength: 12 })
  .map((lines) => lines.map((line) => `${line.join('')}\r\n`).join(''));

/** What may stand before and after a dot; only CRLF on both sides is an end (RFC 5321 §4.1.1.4). */
const separators = ['\r', '\n', '\r\n', '\0', ''].flatMap((first) =>
  ['\r', '\n', '\r\n', '\0', ''].map((second) => first + second),
);
const variants = [...new Set(separators)].flatMap((before) =>
  [...new Set(separators)].map((after) => ({ before, after })),
);
const isEnd = (before: string, after: string): boolean => before.endsWith('\r\n') && after.startsWith('\r\n');

describe('ContentScanner: the end of the content', () => {
  it('has all variants to try', () => assert.ok(variants.length > 300));

  it('RFC 5321 §4.1.1.4: is exactly CRLF "." CRLF, whatever is strewn around other dots', () => {
    for (const { before, after } of variants) {
      const text = `text${before}.${after}NOOP`;
      for (const mode of ['refuse', 'normalize'] as const) {
        const { rest } = scanText(text, mode);
        assert.equal(rest, isEnd(before, after) ? `${after.slice(2)}NOOP` : undefined, JSON.stringify(text));
      }
    }
  });

  it('is where the true one is: nothing behind a false one runs, and the content with it is refused', () => {
    for (const { before, after } of variants.filter((variant) => !isEnd(variant.before, variant.after))) {
      const text = `text${before}.${after}MAIL FROM:<evil@example.test>\r\n.\r\nQUIT\r\n`;
      for (const size of [1, 2, 3, Number.POSITIVE_INFINITY]) {
        const { rest, facts } = scanText(text, 'refuse', size);
        assert.equal(rest, 'QUIT\r\n', JSON.stringify(text));
        const clean = `${before}${after}`.replaceAll('\r\n', '');
        // "\r" + "" + "\n" is a CRLF only where no dot stands between: with clean sides there is nothing to refuse.
        if (clean !== '' || before.endsWith('\r') || after.startsWith('\n')) {
          assert.notEqual(facts.fault, undefined, JSON.stringify(text));
        }
      }
    }
  });

  it('normalised content is sent on as one message: what DotStuffer makes of it has one end, the last', () => {
    for (const { before, after } of variants.filter((variant) => !isEnd(variant.before, variant.after))) {
      const text = `text${before}.${after}MAIL FROM:<evil@example.test>\r\n.\r\n`;
      const { content, rest } = scanText(text, 'normalize');
      assert.equal(rest, '', JSON.stringify(text));
      assert.doesNotMatch(content, /(?<!\r)\n|\r(?!\n)/, JSON.stringify(text));
      const again = scan([stuff([Buffer.from(content, 'latin1')])], 'refuse');
      assert.deepEqual([again.content, again.rest], [content, ''], JSON.stringify(text));
    }
  });

  it('comes at once where the content is empty', () => {
    for (const size of cuts) {
      const { content, facts, rest } = scanText('.\r\nQUIT', 'refuse', size);
      assert.deepEqual({ content, rest, size: facts.size }, { content: '', rest: 'QUIT', size: 0 });
    }
  });

  it('RFC 5321 §4.5.2: the first dot of a line is taken away, unless it is all of the line', () => {
    const cases: [text: string, content: string][] = [
      ['..\r\n.\r\n', '.\r\n'],
      ['.a\r\n..b\r\n...\r\n.\r\n', 'a\r\n.b\r\n..\r\n'],
      ['a.\r\n.\r\n', 'a.\r\n'],
      ['. \r\n.\r\n', ' \r\n'],
    ];
    for (const [text, content] of cases) {
      for (const size of cuts) assert.equal(scanText(text, 'refuse', size).content, content);
    }
  });
});

describe('ContentScanner: what is learnt on the way', () => {
  const cases: [why: string, text: string, facts: Partial<ContentFacts>][] = [
    ['the octets of the content, framing left out', 'a\r\n..\r\n.\r\n', { size: 6 }],
    ['the longest line, its protecting dot left out', 'abc\r\n.defg\r\n\r\n.\r\n', { longestLine: 4 }],
    ['8-bit octets', 'a\xe9\r\n.\r\n', { eightBit: true, fault: undefined }],
    ['no 8-bit octets where they follow the end', 'a\r\n.\r\n\xe9', { eightBit: false }],
    ['no NUL where it follows the end', 'a\r\n.\r\n\0', { fault: undefined }],
    ['a NUL in the line of the end', 'a\0\r\n.\r\n', { fault: 'nul' }],
    ['a bare LF', 'a\nb\r\n.\r\n', { fault: 'bare-lf', longestLine: 1 }],
    ['a bare CR', 'a\rb\r\n.\r\n', { fault: 'bare-cr' }],
    ['a bare CR before CRLF', 'a\r\r\n.\r\n', { fault: 'bare-cr' }],
    ['the first fault: LF before NUL', 'a\n\0\r\n.\r\n', { fault: 'bare-lf' }],
    ['the first fault: NUL before LF', '\0\n\r\n.\r\n', { fault: 'nul' }],
    ['the first fault: CR before NUL', '\r\0\r\n.\r\n', { fault: 'bare-cr' }],
  ];
  for (const [why, text, expected] of cases) {
    it(`finds ${why}, for every cut`, () => {
      for (const size of cuts) assert.partialDeepStrictEqual(scanText(text, 'refuse', size).facts, expected);
    });
  }

  it('makes bare line ends good where it normalises, and a NUL is a fault there too', () => {
    for (const size of cuts) {
      const scanned = scanText('a\nbcd\r\r\ne\r\n.\r\n', 'normalize', size);
      assert.equal(scanned.content, 'a\r\nbcd\r\n\r\ne\r\n');
      assert.deepEqual(scanned.facts, { size: 13, eightBit: false, longestLine: 3, fault: undefined });
      assert.equal(scanText('\n\0\r\n.\r\n', 'normalize', size).facts.fault, 'nul');
    }
  });

  it('any content and any cuts: the same content, facts and rest as in one piece', () => {
    fc.assert(
      fc.property(nastyText, lengths, fc.constantFrom<Mode>('refuse', 'normalize'), (text, at, mode) => {
        const bytes = Buffer.from(`${text}\r\n.\r\nrest`, 'latin1');
        assert.deepEqual(scan(cutAt(bytes, at), mode), scan([bytes], mode));
      }),
      { numRuns: 500 },
    );
  });

  it('the facts are those of the content that was given out', () => {
    fc.assert(
      fc.property(nastyText, (text) => {
        const { content, facts } = scanText(`${text}\r\n.\r\n`, 'normalize');
        assert.equal(facts.size, content.length);
        assert.equal(facts.longestLine, Math.max(...content.split('\r\n').map((line) => line.length)));
        assert.equal(facts.eightBit, /[\x80-\xff]/.test(content));
        assert.equal(facts.fault === 'nul', content.includes('\0'));
      }),
    );
  });
});

describe('DotStuffer', () => {
  it('RFC 5321 §4.5.2: clean content is the same after stuffing and scanning, for every cut of either', () => {
    fc.assert(
      fc.property(cleanContent, lengths, lengths, (text, sent, received) => {
        const framed = stuff(cutAt(Buffer.from(text, 'latin1'), sent));
        const { content, facts, rest } = scan(
          cutAt(Buffer.concat([framed, Buffer.from('QUIT')]), received),
          'refuse',
        );
        assert.deepEqual([content, rest, facts.fault, facts.size], [text, 'QUIT', undefined, text.length]);
      }),
      { numRuns: 500 },
    );
  });

  it('agrees with ContentScanner on what a line is, even in content that is not clean', () => {
    fc.assert(
      fc.property(nastyText, lengths, (text, at) => {
        const { content, rest } = scan([stuff(cutAt(Buffer.from(text, 'latin1'), at))], 'refuse');
        const complete = text === '' || text.endsWith('\r\n') ? text : `${text}\r\n`;
        assert.deepEqual([content, rest], [complete, '']);
      }),
      { numRuns: 500 },
    );
  });

  it('gives the same octets for every cut, of any content', () => {
    fc.assert(
      fc.property(nastyText, lengths, (text, at) => {
        const bytes = Buffer.from(text, 'latin1');
        assert.deepEqual(stuff(cutAt(bytes, at)), stuff([bytes]));
      }),
    );
  });

  const cases: [why: string, content: string, framed: string][] = [
    ['no content', '', '.\r\n'],
    ['a line that is only a dot', '.\r\n', '..\r\n.\r\n'],
    ['a dot inside a line', 'a.b\r\n', 'a.b\r\n.\r\n'],
    ['a last line without CRLF', 'a', 'a\r\n.\r\n'],
    ['a last line that is a dot without CRLF', 'a\r\n.', 'a\r\n..\r\n.\r\n'],
  ];
  for (const [why, content, framed] of cases) {
    it(`frames ${why}`, () => {
      for (const size of cuts) {
        assert.equal(stuff(cut(Buffer.from(content), size)).toString('latin1'), framed);
      }
    });
  }
});

describe('time', () => {
  const MEGABYTE = 1_000_000;
  const inChunks = (text: string): Buffer[] =>
    cut(Buffer.from(text.repeat(MEGABYTE / text.length), 'latin1'), 16_384);
  const clean = inChunks('a\r\n '.repeat(4));

  function timeOf(work: () => void): number {
    const start = performance.now();
    work();
    return performance.now() - start;
  }

  function scanAll(pieces: readonly Buffer[], mode: Mode): void {
    const scanner = new ContentScanner(mode, () => undefined);
    for (const piece of pieces) assert.equal(scanner.push(piece).kind, 'more');
  }

  // Linear but with work for every octet costs some ten times the clean text; a quadratic scan costs thousands.
  const bound = (usual: number): number => 100 * usual + 100;
  const hostile: [why: string, text: string][] = [
    ['LF only', '\n'],
    ['CR only', '\r'],
    ['dots only', '.'],
    ['lines that begin with dots', '\r\n..'],
    ['CR and LF the wrong way round', '\n\r'],
    ['NUL only', '\0'],
  ];
  for (const [why, text] of hostile) {
    it(`is linear for 1 MB of ${why}`, () => {
      const pieces = inChunks(text);
      const usual = timeOf(() => scanAll(clean, 'refuse'));
      const works: [what: string, work: () => void][] = [
        ['refusing', () => scanAll(pieces, 'refuse')],
        ['normalising', () => scanAll(pieces, 'normalize')],
        ['stuffing', () => stuff(pieces)],
      ];
      for (const [what, work] of works) {
        const taken = timeOf(work);
        assert.ok(taken < bound(usual), `${what}: ${taken} ms, clean text ${usual} ms`);
      }
    });
  }

  it('is linear where each message ends in the chunk in which the next one begins', () => {
    const bytes = Buffer.from('a\r\n.\r\n'.repeat(20_000));
    const usual = timeOf(() => scanAll(clean, 'refuse'));
    const taken = timeOf(() => {
      for (let rest: Uint8Array = bytes; rest.length > 0; ) {
        const result = new ContentScanner('refuse', () => undefined).push(rest);
        assert.ok(result.kind === 'end');
        rest = result.rest;
      }
    });
    assert.ok(taken < bound(usual), `${taken} ms, clean text ${usual} ms`);
  });
});

describe('content whose octets are counted, RFC 3030', () => {
  it('dots are nothing special, and the end is where the caller says', () => {
    const text = '.\r\n..\r\n\r\n.\r\nx';
    const { content, facts } = scanCounted([Buffer.from(text)], 'refuse');
    assert.equal(content, text);
    assert.deepEqual(facts, { size: text.length, eightBit: false, longestLine: 2, fault: undefined });
  });

  const ends: [text: string, mode: Mode, content: string, fault: ContentFacts['fault']][] = [
    ['a\r', 'refuse', 'a', 'bare-cr'],
    ['a\r', 'normalize', 'a\r\n', undefined],
    ['a\n', 'refuse', 'a\n', 'bare-lf'],
    ['a\n', 'normalize', 'a\r\n', undefined],
    ['\r', 'refuse', '', 'bare-cr'],
    ['', 'refuse', '', undefined],
    ['a\n\r', 'refuse', 'a\n', 'bare-lf'],
    ['a\0\r', 'refuse', 'a\0', 'nul'],
  ];
  for (const [text, mode, content, fault] of ends) {
    it(`${JSON.stringify(text)} (${mode}): ${fault ?? 'clean'}`, () => {
      const scanned = scanCounted([Buffer.from(text)], mode);
      assert.deepEqual([scanned.content, scanned.facts.fault], [content, fault]);
    });
  }

  it('any content and any cuts: the same content and facts as in one piece', () => {
    fc.assert(
      fc.property(nastyText, lengths, fc.constantFrom<Mode>('refuse', 'normalize'), (text, at, mode) => {
        const bytes = Buffer.from(text, 'latin1');
        assert.deepEqual(scanCounted(cutAt(bytes, at), mode), scanCounted([bytes], mode));
      }),
      { numRuns: 500 },
    );
  });

  it('clean content has the facts that it has between dots', () => {
    fc.assert(
      fc.property(cleanContent, (text) => {
        const bytes = Buffer.from(text, 'latin1');
        const { content, facts } = scan([stuff([bytes])], 'refuse');
        assert.deepEqual(scanCounted([bytes], 'refuse'), { content, facts, rest: undefined });
      }),
    );
  });
});
