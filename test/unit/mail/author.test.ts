import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { authorDomains } from '../../../src/mail/author.ts';

describe('RFC 5322 §3.6.2: the authors of a message', () => {
  const values = {
    ' anna@example.test': ['example.test'],
    ' Anna <anna@Example.TEST>': ['example.test'],
    ' "Anna, B." <anna@example.test>': ['example.test'],
    ' "anna@evil.test" <anna@example.test>': ['example.test'],
    ' Anna (of evil.test (or <x@evil.test>)) <anna@example.test> (here)': ['example.test'],
    ' (a\\)b) anna@example.test': ['example.test'],
    ' "a b\\" c"@example.test': ['example.test'],
    ' <"a>b"@example.test>': ['example.test'],
    ' =?utf-8?q?Anna?= < anna@example.test >': ['example.test'],
    ' J\u00f6rg <j\u00f6rg@b\u00fccher.test>': ['xn--bcher-kva.test'],
    ' a@one.test, B <b@two.test>, c@one.test': ['one.test', 'two.test'],
  };
  for (const [value, domains] of Object.entries(values)) {
    it(value, () => assert.deepEqual(authorDomains(value), domains));
  }
});

describe('what can be read in two ways has no author', () => {
  const values = [
    '',
    ' ',
    ' anna',
    ' Smith, Anna <anna@example.test>',
    ' Friends: a@one.test, b@two.test;',
    ' <anna@example.test> <b@two.test>',
    ' <anna@example.test> b',
    ' <a@one.test,b@two.test>',
    ' <@relay.test:anna@example.test>',
    ' anna@[192.0.2.1]',
    ' anna @example.test',
    ' "anna <anna@example.test>',
    ' (anna <anna@example.test>',
    ' anna@example.test>',
    ' a@one.test,',
    ' a@one.test,, b@two.test',
    ` ${'a@one.test,'.repeat(200)}b@two.test`,
  ];
  for (const value of values) it(value.slice(0, 40), () => assert.deepEqual(authorDomains(value), []));

  it('a value made of nothing but beginnings is read in linear time', () => {
    for (const piece of ['"', '<', '(', '<"', '\\', ' ', 'a@b,']) {
      const value = piece.repeat(16_000 / piece.length);
      const start = performance.now();
      authorDomains(value);
      assert.ok(performance.now() - start < 200, `${piece} took long`);
    }
  });
});
