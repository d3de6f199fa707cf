import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { htmlFormat } from '../../../../../src/cli/check/formats/html.ts';
import { colours, style } from '../../../../../src/cli/check/formats/html-style.ts';
import { printable } from '../../../../../src/cli/check/formats/told.ts';
import type { CheckReport } from '../../../../../src/events/check-report.ts';
import { allOf, readXml, textOf, type XmlElement } from '../../../../support/strict-xml.ts';
import { samples } from '../samples.ts';
import { everyKind } from './demanded.ts';
import { hostileReport, hostileText, terms, written } from './hostile.ts';
import { wordsOf } from './words.ts';

/** All that the page is made of, with the attributes that each may have. */
const known: Readonly<Record<string, readonly string[]>> = {
  html: ['lang'],
  head: [],
  meta: ['charset', 'http-equiv', 'content', 'name'],
  title: [],
  style: [],
  body: [],
  main: [],
  article: [],
  section: [],
  footer: [],
  h1: [],
  h2: [],
  h3: [],
  h4: [],
  p: [],
  ul: [],
  li: [],
  figure: [],
  figcaption: [],
  pre: ['dir', 'tabindex'],
  code: [],
  bdi: [],
  strong: ['class'],
  div: ['class', 'tabindex', 'role', 'aria-label'],
  table: [],
  caption: [],
  thead: [],
  tbody: [],
  tr: [],
  th: ['scope'],
  td: [],
};

function elementsOf(element: XmlElement): readonly XmlElement[] {
  return [
    element,
    ...element.children.flatMap((child) => (typeof child === 'string' ? [] : elementsOf(child))),
  ];
}

function pageOf(
  reports: readonly CheckReport[],
  complaints: readonly string[] = [],
  details = false,
): XmlElement {
  const page = readXml(written(htmlFormat({ ...terms, details }), reports, complaints));
  for (const { name, attributes } of elementsOf(page)) {
    const allowed = known[name] ?? assert.fail(`there is <${name}>`);
    for (const attribute of Object.keys(attributes))
      assert.ok(allowed.includes(attribute), `${name} ${attribute}`);
    if (name === 'strong') assert.match(attributes['class'] ?? '', /^(?:good|weak|bad|plain)$/);
  }
  return page;
}

describe('a page', () => {
  it('stands for itself: its policy forbids everything but its own style', () => {
    const page = pageOf([samples.mismatch]);
    const [policy] = allOf(page, 'meta').filter(({ attributes }) => attributes['http-equiv'] !== undefined);
    const hash = createHash('sha256').update(style).digest('base64');
    assert.equal(
      policy?.attributes['content'],
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`,
    );
    assert.equal(textOf(allOf(page, 'style')[0] ?? assert.fail()), style);
    assert.doesNotMatch(style, /url\(|@import|[<&]/);
  });

  it('headings go down one by one, tables have captions and titled columns and rows', () => {
    for (const details of [false, true]) {
      const page = pageOf([...Object.values(samples), everyKind], ['line 3 of stdin: no'], details);
      const levels = elementsOf(page).flatMap(({ name }) =>
        /^h\d$/.test(name) ? [Number(name.slice(1))] : [],
      );
      assert.equal(levels[0], 1);
      assert.equal(levels.filter((level) => level === 1).length, 1);
      for (const [index, level] of levels.entries())
        assert.ok(index === 0 || level <= (levels[index - 1] ?? 0) + 1, `h${level}`);
      for (const table of allOf(page, 'table')) {
        assert.equal(allOf(table, 'caption').length, 1);
        const columns = allOf(allOf(table, 'thead')[0] ?? assert.fail(), 'th');
        for (const row of allOf(allOf(table, 'tbody')[0] ?? assert.fail(), 'tr'))
          assert.equal(allOf(row, 'th').length + allOf(row, 'td').length, columns.length);
        for (const { attributes } of allOf(table, 'th'))
          assert.match(attributes['scope'] ?? '', /^(?:col|row)$/);
      }
    }
  });

  it('text can be read on its background by day and by night: 4.5 to 1 at least (WCAG 2.2 §1.4.3)', () => {
    for (const { page, box, line: _line, ...texts } of Object.values(colours)) {
      for (const [name, colour] of Object.entries(texts)) {
        assert.ok(contrast(colour, page) >= 4.5, `${name} on the page`);
        assert.ok(contrast(colour, box) >= 4.5, `${name} on a box`);
      }
    }
  });

  it('of several targets ends with all of them, and with what could not be read', () => {
    assert.equal(allOf(pageOf([samples.good]), 'section').length, 0);
    const page = pageOf([samples.good, samples.clear], ['line 3 of stdin: "<b>" is no target']);
    const [section] = allOf(page, 'section');
    assert.match(
      textOf(section ?? assert.fail()),
      /"<b>" is no target[\s\S]*All targets[\s\S]*To fix: 1 critical\./,
    );
  });

  it('says what was said, whatever it is, as text and nothing else', () => {
    fc.assert(
      fc.property(
        fc.array(hostileReport, { minLength: 1, maxLength: 2 }),
        fc.array(hostileText, { maxLength: 2 }),
        fc.boolean(),
        (reports, complaints, details) => {
          const text = spaced(textOf(pageOf(reports, complaints, details)));
          for (const words of [...reports.flatMap(wordsOf), ...complaints.map(printable)])
            assert.ok(text.includes(spaced(words)), words);
        },
      ),
    );
  });
});

/** As a browser lays it out; two code points are none of XML. */
function spaced(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** WCAG 2.2: contrast ratio of two colours. */
function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
