import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Alias, parseAlias, readAliases, resolveAliases } from '../../../src/relay/aliases.ts';
import type { LocalDomain } from '../../../src/relay/domains.ts';
import { domain } from '../../support/relay.ts';

function alias(line: string): Alias {
  const parsed = parseAlias(line);
  return parsed.kind === 'ok' ? parsed.value : assert.fail(parsed.because);
}

function local(name: string, aliases: readonly string[], people?: readonly string[]): LocalDomain {
  return {
    name: domain(name),
    backend: { protocol: 'lmtp', host: { kind: 'ip', address: '127.0.0.1' }, port: 24 },
    tls: null,
    requireTls: null,
    names: [],
    recipients: people === undefined ? { kind: 'callout' } : { kind: 'table', locals: new Set(people) },
    aliases: aliases.map(alias),
  };
}

function ends(...domains: readonly LocalDomain[]): Record<string, readonly string[]> {
  const { table, faults } = resolveAliases(domains);
  assert.deepEqual(faults, []);
  return Object.fromEntries([...table].map(([name, targets]) => [name, targets.map(({ text }) => text)]));
}

function faultOf(...domains: readonly LocalDomain[]): string {
  return resolveAliases(domains)
    .faults.map(({ index, because }) => `${index}: ${because}`)
    .join('\n');
}

describe('a line', () => {
  it('has a name and targets, whose blanks mean nothing; the case of the name does not count', () => {
    assert.deepEqual(alias('Sales:anna ,\tbob@elsewhere.example '), {
      name: 'sales',
      targets: ['anna', 'bob@elsewhere.example'],
    });
    assert.deepEqual(alias('*: anna'), { name: '*', targets: ['anna'] });
    assert.deepEqual(alias('"a b": anna').name, 'a b');
  });

  const wrong = {
    anna: /is not an alias such as/,
    ': anna': /is not an alias/,
    'a b: anna': /is not an alias/,
    'sales:': /is not local@domain/,
    'sales: anna,': /is not local@domain/,
    'sales: |/bin/sh': /is a program, and none is run here/,
    'sales: "|/bin/sh -c x"': /is a program/,
    'sales: /var/mail/x': /is a file, and none is written here/,
    'sales: :include:/etc/list': /includes a file, which is not done here/,
    'sales: anna@[192.0.2.1]': /is at an address/,
    'sales: jörg': /is not ASCII before its @/,
    'sales: a b': /is not a local part/,
  };
  for (const [line, because] of Object.entries(wrong)) {
    it(`is wrong: ${line}`, () => {
      const parsed = parseAlias(line);
      assert.equal(parsed.kind, 'invalid');
      assert.match(parsed.because, because);
    });
  }
});

describe('a file', () => {
  it('has one a line, comments, and lines that go on', () => {
    const text = '# all\nsales: anna,\n\tben\r\n\n  # none\ninfo: sales\n';
    const read = readAliases(text);
    assert.deepEqual(read.kind === 'ok' && read.value, [
      { name: 'sales', targets: ['anna', 'ben'] },
      { name: 'info', targets: ['sales'] },
    ]);
  });

  it('names the line that is wrong', () => {
    const read = readAliases('# x\nsales: anna\ninfo: |cat\n');
    assert.match(
      read.kind === 'invalid' ? read.because : '',
      /^line 3: the alias "info": "\|cat" is a program/,
    );
  });
});

describe('where aliases lead', () => {
  it('to the mailboxes at their ends, each once, through others and other domains', () => {
    const one = local(
      'one.test',
      ['all: sales, ben, x@far.test', 'sales: anna, all@two.test'],
      ['anna', 'ben'],
    );
    const two = local('two.test', ['ALL: anna@one.test, c']);
    assert.deepEqual(ends(one, two), {
      'all@one.test': ['anna@one.test', 'c@two.test', 'ben@one.test', 'x@far.test'],
      'sales@one.test': ['anna@one.test', 'c@two.test'],
      'all@two.test': ['anna@one.test', 'c@two.test'],
    });
  });

  it('one that names itself means its mailbox', () => {
    assert.deepEqual(ends(local('one.test', ['anna: Anna, x@far.test'], ['anna'])), {
      'anna@one.test': ['Anna@one.test', 'x@far.test'],
    });
  });

  it('* stands for all that are not among the recipients', () => {
    const one = local('one.test', ['*: anna', 'sales: nobody'], ['anna']);
    assert.deepEqual(ends(one), { '*@one.test': ['anna@one.test'], 'sales@one.test': ['anna@one.test'] });
  });

  it('postmaster exists everywhere', () => {
    assert.deepEqual(ends(local('one.test', ['a: postmaster'], ['anna'])), {
      'a@one.test': ['postmaster@one.test'],
    });
  });

  const circle = local('one.test', ['a: b', 'b: c', 'c: a'], ['anna']);
  it('not in circles', () =>
    assert.match(faultOf(circle), /0: the alias "a" leads in a circle, by a@one\.test/));
  it('not from * to *', () => {
    assert.match(faultOf(local('one.test', ['*: nobody'], ['anna'])), /leads in a circle/);
  });
  it('not to a mailbox that does not exist', () => {
    assert.equal(
      faultOf(local('one.test', ['a: nobody'], ['anna'])),
      '0: the alias "a" leads to nobody@one.test, which does not exist',
    );
  });
  it('not to itself where there is no such mailbox', () => {
    assert.match(
      faultOf(local('one.test', ['a: a'], ['anna'])),
      /leads to a@one\.test, which does not exist/,
    );
  });
  it('* needs recipients, and no alias is there twice', () => {
    assert.match(faultOf(local('one.test', ['*: anna'])), /the alias "\*" needs recipients/);
    assert.match(
      faultOf(local('one.test', ['a: x@far.test', 'A: y@far.test'])),
      /the alias "a" is there twice/,
    );
  });

  it('not through more than ten others, nor to more than a hundred', () => {
    const chain = (length: number): string[] => [
      ...Array.from({ length }, (_, index) => `a${index}: a${index + 1}`),
      `a${length}: x@far.test`,
    ];
    assert.equal(ends(local('one.test', chain(9)))['a0@one.test']?.length, 1);
    assert.match(
      faultOf(local('one.test', chain(10))),
      /^0: the alias "a0" leads through more than 10 others$/,
    );
    const crowd = (size: number): string =>
      `all: ${Array.from({ length: size }, (_, index) => `x${index}`).join(',')}`;
    assert.equal(ends(local('one.test', [crowd(100)]))['all@one.test']?.length, 100);
    assert.match(faultOf(local('one.test', [crowd(101)])), /leads to more than 100 mailboxes/);
  });
});
