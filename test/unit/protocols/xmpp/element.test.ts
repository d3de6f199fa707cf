import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { attributeOf, type Element, noScope, readElement } from '../../../../src/protocols/xmpp/element.ts';

const around = { name: 'stream:stream', scope: new Map([...noScope, ['', 'jabber:client'], ['s', 'urn:s']]) };
const MAX = 200;
const limits = { maxOctets: MAX, maxTokens: 1000 };
const readOctets = (octets: Uint8Array): Element | string | undefined => {
  const result = readElement(octets, around, limits);
  if (result.kind !== 'read') return result.kind === 'broken' ? result.condition : result.kind;
  assert.equal(result.length, octets.length);
  return result.value;
};
const read = (text: string): Element | string | undefined => readOctets(Buffer.from(text));
const element = (text: string): Element => {
  const result = read(text);
  assert.ok(typeof result === 'object', text);
  return result;
};

describe('readElement', () => {
  it('names are resolved by the prefixes of what is around them', () => {
    const a = element("<a b='1' s:b='2' xml:lang='en'><s:c xmlns='urn:d'><d/></s:c><e xmlns=''/></a>");
    assert.equal(a.namespace, 'jabber:client');
    assert.deepEqual(a.attributes, [
      { namespace: '', name: 'b', value: '1' },
      { namespace: 'urn:s', name: 'b', value: '2' },
      { namespace: 'http://www.w3.org/XML/1998/namespace', name: 'lang', value: 'en' },
    ]);
    assert.equal(attributeOf(a.attributes, 'urn:s', 'b'), '2');
    assert.deepEqual(
      a.children.map(({ namespace, name, children }) => [namespace, name, children[0]?.namespace]),
      [
        ['urn:s', 'c', 'urn:d'],
        ['', 'e', undefined],
      ],
    );
  });

  it('a namespace counts from the tag that declares it, whatever the order of its attributes', () => {
    const [c] = element("<a><x:c x:d='1' xmlns:x='urn:x'/></a>").children;
    assert.deepEqual(
      [c?.namespace, c?.attributes],
      ['urn:x', [{ namespace: 'urn:x', name: 'd', value: '1' }]],
    );
    assert.equal(read("<a><c xmlns:x='urn:x'/><x:d/></a>"), 'not-well-formed');
  });

  it('text is decoded, with what its references stand for', () => {
    assert.equal(
      element('<a>zo\u00eb &lt;&gt;&amp;&apos;&quot;&#65;&#x1F600; <b/>]]<![CDATA[<&amp;>]]></a>').text,
      'zo\u00eb <>&\'"A\u{1f600} ]]<&amp;>',
    );
    assert.equal(element("<a b='&#10;\n\t&amp;'/>").attributes[0]?.value, '\n  &');
  });

  it('refuses characters that XML does not have, and what is no UTF-8', () => {
    for (const reference of ['&#0;', '&#11;', '&#xD800;', '&#xFFFE;', '&#x110000;'])
      assert.equal(read(`<a>${reference}</a>`), 'not-well-formed', reference);
    assert.equal(read(`<a b='&#0;'/>`), 'not-well-formed');
    assert.equal(read(`<a b='&x;'/>`), 'not-well-formed');
    assert.equal(read('<a>]]></a>'), 'not-well-formed');
    for (const octets of [
      '<a>\xff</a>',
      "<a b='\xc3'/>",
      '<\xff/>',
      '<a \xff="1"/>',
      '<a xmlns:\xff="urn:x"/>',
      '<a><![CDATA[\xc3]]></a>',
    ])
      assert.equal(readOctets(Buffer.from(octets, 'latin1')), 'not-well-formed', octets);
  });

  it('refuses namespaces that cannot be declared, and prefixes that nobody declared', () => {
    for (const text of [
      "<a xmlns:xmlns='urn:x'/>",
      "<a xmlns:x=''/>",
      "<a xmlns:xml='urn:x'/>",
      "<a xmlns:x='http://www.w3.org/XML/1998/namespace'/>",
      "<a xmlns='http://www.w3.org/2000/xmlns/'/>",
      "<a xmlns:x='urn:x' xmlns:x='urn:x'/>",
      '<x:a/>',
      "<a x:b='1'/>",
      "<a b='1' b='2'/>",
      "<a xmlns:x='urn:s' x:b='1' s:b='2'/>",
    ])
      assert.equal(read(text), 'not-well-formed', text);
    assert.equal(typeof read("<a xmlns:xml='http://www.w3.org/XML/1998/namespace'/>"), 'object');
  });

  it('elements end in the order in which they began; the end tag of what is around them ends that', () => {
    assert.equal(read('<a><b></a></b>'), 'not-well-formed');
    assert.equal(read('<a></s:a>'), 'not-well-formed');
    assert.equal(read('</stream:stream>'), undefined);
    assert.equal(read('</stream>'), 'not-well-formed');
  });

  it('is bounded in depth, attributes and octets: at the limit and one past it', () => {
    assert.equal(typeof read(`${'<a>'.repeat(16)}${'</a>'.repeat(16)}`), 'object');
    assert.equal(read('<a>'.repeat(17)), 'policy-violation');
    const attributes = (count: number): string =>
      Array.from({ length: count }, (_, i) => `a${i}=''`).join(' ');
    const wide = (count: number): string => {
      const result = readElement(Buffer.from(`<a ${attributes(count)}/>`), around, {
        ...limits,
        maxOctets: 1000,
      });
      return result.kind === 'broken' ? result.condition : result.kind;
    };
    assert.deepEqual([wide(32), wide(33)], ['read', 'not-well-formed']);
    const long = (octets: number): string => `<a>${'x'.repeat(octets - 7)}</a>`;
    assert.equal(typeof read(long(MAX)), 'object');
    assert.equal(read(long(MAX + 1)), 'policy-violation');
    assert.equal(read(`<a>${'x'.repeat(MAX - 4)}`), 'incomplete');
    assert.equal(read(`<a>${'x'.repeat(MAX - 3)}`), 'policy-violation');
    const parts = (count: number): string => {
      const octets = Buffer.from(`<a>${'<b/>'.repeat(count - 2)}</a>`);
      const result = readElement(octets, around, { maxOctets: 1000, maxTokens: 20 });
      return result.kind === 'broken' ? result.condition : result.kind;
    };
    assert.deepEqual([parts(20), parts(21)], ['read', 'policy-violation']);
  });

  it('the same however many octets are there: what is missing waits, what follows changes nothing', () => {
    const parts = fc.constantFrom(
      '<a>',
      '</a>',
      '<b/>',
      'x',
      '\u00eb',
      '&amp;',
      '&#xD800;',
      '<![CDATA[y]]>',
      "<c d='1'>",
      '</c>',
      '<!',
      '>',
      '\0',
      '\ufeff',
    );
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 8 }), fc.nat(60), (texts, length) => {
        const octets = Buffer.from(`<a>${texts.join('')}</a>`);
        const part = readElement(octets.subarray(0, length), around, limits);
        if (length > 0 && part.kind !== 'incomplete')
          assert.deepEqual(part, readElement(octets, around, limits));
      }),
      { numRuns: 10_000 },
    );
  });
});
