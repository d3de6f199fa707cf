import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { type ReportUri, readReportUris } from '../../../../src/findings/records/report-uris.ts';

const short = (uri: ReportUri): string =>
  uri.kind === 'mailto'
    ? `mailto ${uri.mailbox}`
    : uri.kind === 'https'
      ? `https ${uri.host}`
      : `other ${uri.scheme}`;

function read(text: string): { uris: readonly string[]; problems: readonly string[] } {
  const { uris, problems } = readReportUris(text);
  return { uris: uris.map(short), problems };
}

describe('addresses of reports', () => {
  it('stand behind each other, with white space around the commas', () => {
    assert.deepEqual(read('mailto:a@one.test ,\thttps://two.test/x?y=z, ftp://three.test'), {
      uris: ['mailto a@one.test', 'https two.test', 'other ftp'],
      problems: [],
    });
  });

  it('RFC 3986 §2.1: what is encoded is decoded, and has to be ASCII', () => {
    assert.deepEqual(
      read('mailto:a%2Cb%21@one.test').problems.length,
      1,
      '"," is no part of an unquoted mailbox',
    );
    assert.deepEqual(read('mailto:a%2Bb@one.test').uris, ['mailto a+b@one.test']);
    for (const text of ['mailto:a%80@one.test', 'mailto:a%zz@one.test', 'mailto:a%@one.test'])
      assert.equal(read(text).problems.length, 1, text);
  });

  it('RFC 7489 §6.2: a size behind "!" is passed over, header fields too', () => {
    assert.deepEqual(read('mailto:a@one.test!10m,mailto:b@one.test?subject=x').uris, [
      'mailto a@one.test',
      'mailto b@one.test',
    ]);
  });

  it('what is none is told with what is missing', () => {
    assert.match(read('a@one.test').problems[0] ?? '', /"mailto:" is missing before the address$/);
    for (const text of [
      '',
      'mailto:',
      'mailto:a',
      'mailto:@one.test',
      'mailto:a@[192.0.2.1]',
      'https://',
      'https:x',
      'one.test',
      'mailto:a b@one.test',
      'https://one.test/\u{e9}',
    ])
      assert.equal(read(text).problems.length, 1, text);
    assert.equal(read(',,').problems.length, 3);
    assert.deepEqual(readReportUris(null), { uris: [], problems: [] });
  });

  it('of any text, every piece is one or a problem', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.webUrl(), fc.emailAddress()), { minLength: 1, maxLength: 8 }),
        (pieces) => {
          const text = pieces.join(',');
          const { uris, problems } = readReportUris(text);
          assert.equal(Math.min(10, text.split(',').length - uris.length), problems.length);
        },
      ),
    );
  });
});
