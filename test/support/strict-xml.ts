/** A strict reader of XML 1.0 without DTDs, written from the recommendation: what is not well-formed is no document. */
import assert from 'node:assert/strict';

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly (XmlElement | string)[];
}

const NAME = '[A-Za-z_][A-Za-z0-9_.-]*';
const START = new RegExp(`<(${NAME})((?:[ \\n]+${NAME}="[^"<]*")*)[ \\n]*(/?)>`, 'y');
const ATTRIBUTE = new RegExp(`(${NAME})="([^"]*)"`, 'g');
const END = new RegExp(`</(${NAME})>`, 'y');
/** §2.2: what may be in a document at all. */
const CHARACTERS = /^[\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]*$/u;
const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** @returns the root. @throws AssertionError where it is not well-formed. */
export function readXml(text: string): XmlElement {
  assert.match(text, CHARACTERS);
  const prolog =
    /^(?:<\?xml version="1\.0" encoding="UTF-8"\?>\n)?(?:<!DOCTYPE html>\n)?/.exec(text)?.[0] ?? '';
  const stack: { name: string; attributes: Record<string, string>; children: (XmlElement | string)[] }[] = [];
  let root: XmlElement | undefined;
  let at = prolog.length;
  while (at < text.length) {
    const open = stack.at(-1);
    if (text[at] !== '<') {
      const next = text.indexOf('<', at);
      const end = next < 0 ? text.length : next;
      const words = text.slice(at, end);
      if (open === undefined) assert.match(words, /^\s*$/);
      else {
        assert.ok(!words.includes(']]>'));
        open.children.push(decoded(words.replace(/\r\n?/g, '\n')));
      }
      at = end;
      continue;
    }
    END.lastIndex = at;
    const closing = END.exec(text);
    if (closing !== null) {
      assert.equal(closing[1], open?.name);
      at = END.lastIndex;
      stack.pop();
      continue;
    }
    START.lastIndex = at;
    const found = START.exec(text) ?? assert.fail(`no tag: ${text.slice(at, at + 80)}`);
    const [, name = '', attributes = '', isEmpty] = found;
    const element = { name, attributes: attributesOf(attributes), children: [] };
    if (open === undefined) {
      assert.equal(root, undefined, 'a second root');
      root = element;
    } else open.children.push(element);
    if (isEmpty === '') stack.push(element);
    at = START.lastIndex;
  }
  assert.equal(stack.length, 0, 'something is not closed');
  return root ?? assert.fail('there is no element');
}

function attributesOf(text: string): Record<string, string> {
  const all: Record<string, string> = {};
  for (const [, name = '', value = ''] of text.matchAll(ATTRIBUTE)) {
    assert.ok(!Object.hasOwn(all, name), `${name} comes twice`);
    // §3.3.3: white space that is not written by number becomes a space.
    all[name] = decoded(value.replace(/[\t\n\r]/g, ' '));
  }
  return all;
}

function decoded(text: string): string {
  assert.doesNotMatch(text, /&(?!(?:amp|lt|gt|quot|apos|#\d+);)/);
  return text.replace(/&(?:#(\d+)|(\w+));/g, (_whole, code: string | undefined, name: string | undefined) => {
    const sign = code === undefined ? NAMED[name ?? ''] : String.fromCodePoint(Number(code));
    assert.match(sign ?? '', CHARACTERS);
    return sign ?? '';
  });
}

/** All elements of this name, in the order of the document. */
export function allOf(element: XmlElement, name: string): readonly XmlElement[] {
  const inside = element.children.flatMap((child) => (typeof child === 'string' ? [] : allOf(child, name)));
  return element.name === name ? [element, ...inside] : inside;
}

export function textOf({ children }: XmlElement): string {
  return children.map((child) => (typeof child === 'string' ? child : textOf(child))).join('');
}
