import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { element } from '../../../../../src/cli/check/formats/xml.ts';
import { readXml, textOf } from '../../../../support/strict-xml.ts';
import { hostileText } from './hostile.ts';

const FORBIDDEN = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu;

describe('XML 1.0', () => {
  it('has any text, as attribute and as content, but for what §2.2 forbids even by number', () => {
    fc.assert(
      fc.property(hostileText, hostileText, (value, text) => {
        const read = readXml(element('x', { value, count: 1 }, text));
        assert.deepEqual(read.attributes, { value: value.replace(FORBIDDEN, '\ufffd'), count: '1' });
        assert.equal(textOf(read), text.replace(FORBIDDEN, '\ufffd'));
      }),
    );
  });

  it('white space is kept, also in attributes', () => {
    const text = ' \t\r\n\r a ';
    const read = readXml(element('x', { text }, text));
    assert.deepEqual([read.attributes['text'], textOf(read)], [text, text]);
  });

  it('an element without text is an empty one', () => assert.equal(element('x', {}), '<x/>'));
});
