import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  formatError,
  formatHeader,
  isDomainText,
  leadingSpace,
  readHeader,
} from '../../../../src/protocols/xmpp/stream.ts';

const MAX = 400;
const read = (text: string) => readHeader(Buffer.from(text), 'client', MAX);
const conditionOf = (text: string): string => {
  const result = read(text);
  return result.kind === 'broken' ? result.condition : result.kind;
};

describe('headers of streams', () => {
  it('what is written is read again, whatever is in it', () => {
    const header = formatHeader('client', { from: 'zo\u00eb<&\'"@a', to: 'b', id: null });
    const result = read(header);
    assert.ok(result.kind === 'read');
    const { to, from, hasFeatures, name } = result.value;
    assert.deepEqual([to, from, hasFeatures, name], ['b', 'zo\u00eb<&\'"@a', true, 'stream:stream']);
    assert.equal(result.length, Buffer.byteLength(header));
    assert.equal(conditionOf(formatHeader('server', { from: null, to: null, id: 'x' })), 'invalid-namespace');
  });

  it('a control character never gets into a header', () => {
    const header = formatHeader('client', { from: 'a\0\n\u0085', to: null, id: null });
    assert.match(header, / from='a\?\?\?' /);
  });

  it('RFC 6120 §4.7.5: features come with version 1.0, and with what is later', () => {
    const version = (text: string): boolean | undefined => {
      const result = read(
        `<s:stream xmlns:s='http://etherx.jabber.org/streams' xmlns='jabber:client' version='${text}'>`,
      );
      return result.kind === 'read' ? result.value.hasFeatures : undefined;
    };
    for (const text of ['1.0', '1.1', '2.0', '01.0', '10.0']) assert.equal(version(text), true, text);
    for (const text of ['0.9', '0.10', '', '1', '1.', '.1', '1.0.0', '-1.0', ' 1.0', '1.0 ', 'one'])
      assert.equal(version(text), false, text);
  });

  it('white space may stand behind a declaration and not before it; the limit holds for all of it', () => {
    const root = "<s:stream xmlns:s='http://etherx.jabber.org/streams' xmlns='jabber:client'>";
    const declaration = "<?xml version='1.0'?>";
    assert.equal(conditionOf(`${declaration}\r\n\t ${root}`), 'read');
    assert.equal(conditionOf(` ${declaration}`), 'bad-format');
    const padded = (octets: number): string =>
      `${declaration}${' '.repeat(octets - declaration.length - root.length)}${root}`;
    assert.equal(conditionOf(padded(MAX)), 'read');
    assert.equal(conditionOf(padded(MAX + 1)), 'policy-violation');
    assert.equal(conditionOf(declaration.padEnd(MAX - 1)), 'incomplete');
    assert.equal(conditionOf(declaration.padEnd(MAX)), 'policy-violation');
  });

  it('a domain is text without white space, marks and parts of an address', () => {
    for (const text of ['im.example.test', 'zo\u00eb.test', '[::1]', 'a'.repeat(1023)])
      assert.ok(isDomainText(text), text);
    for (const text of ['', ' ', 'a b', 'a\n', "a'", '<a', 'a&b', 'u@a', 'a/r', 'a\u0085', 'a'.repeat(1024)])
      assert.ok(!isDomainText(text), text);
  });

  it('an error says its condition and its words, which are text', () => {
    assert.equal(
      formatError('bad-format', "<'&'>"),
      "<stream:error><bad-format xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text xmlns='urn:ietf:params:xml:ns:xmpp-streams' xml:lang='en'>&lt;&apos;&amp;&apos;&gt;</text></stream:error></stream:stream>",
    );
  });

  it('white space is that of XML', () => {
    assert.equal(leadingSpace(Buffer.from(' \t\r\n<')), 4);
    assert.equal(leadingSpace(Buffer.from('\u00a0', 'latin1')), 0);
    assert.equal(leadingSpace(Buffer.from('\v')), 0);
  });
});
