import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { aliasAt } from '../../../../src/dns/dnssec/alias.ts';
import { showName } from '../../../../src/dns/name.ts';
import { types } from '../../../../src/dns/record.ts';
import { rrSetsOf } from '../../../../src/dns/rrset.ts';
import { readName } from '../../../support/dns/name-text.ts';
import { readRecords } from '../../../support/dns/zone-text.ts';

/** Where an alias leads, in words. */
function alias(records: string, name: string, type: number = types.A): string {
  const step = aliasAt(rrSetsOf(readRecords(records)), readName(name), type);
  if (step.kind === 'none') return 'none';
  if (step.kind === 'broken') return `broken: ${step.because}`;
  return `${step.by} ${showName(step.set.name)} ${showName(step.to)}`;
}

describe('CNAME (RFC 1034 §3.6.2)', () => {
  it('leads to its target', () => {
    assert.equal(
      alias('www.example. CNAME a.test.\nother.example. CNAME b.test.', 'www.example.'),
      'CNAME www.example a.test',
    );
    assert.equal(alias('other.example. CNAME b.test.', 'www.example.'), 'none');
  });

  it('is the answer to a question for CNAME', () => {
    assert.equal(alias('www.example. CNAME a.test.', 'www.example.', types.CNAME), 'none');
  });

  it('stands alone', () => {
    assert.equal(
      alias('www.example. CNAME a.test.\nwww.example. CNAME b.test.', 'www.example.'),
      'broken: www.example has not exactly one CNAME',
    );
  });
});

describe('DNAME (RFC 6672)', () => {
  const dname = 'example. DNAME other.test.';

  it('§2.2: replaces the end of names below', () => {
    assert.equal(alias(dname, 'a.b.example.'), 'DNAME example a.b.other.test');
    assert.equal(alias('. DNAME other.test.', 'a.b.'), 'DNAME . a.b.other.test');
    assert.equal(alias('example. DNAME .', 'a.b.example.'), 'DNAME example a.b');
  });

  it('§2.3: does not redirect its owner', () => {
    assert.equal(alias(dname, 'example.'), 'none');
    assert.equal(alias(dname, 'notexample.'), 'none');
  });

  it('§5.3.1: the CNAME that a server made of it has to be the same', () => {
    assert.equal(
      alias(`${dname}\na.example. CNAME a.other.test.`, 'a.example.'),
      'DNAME example a.other.test',
    );
    assert.equal(
      alias(`${dname}\na.example. CNAME A.OTHER.test.`, 'a.example.'),
      'DNAME example a.other.test',
    );
    assert.equal(
      alias(`${dname}\na.example. CNAME evil.test.`, 'a.example.'),
      'broken: the CNAME at a.example is not what the DNAME at example makes of it',
    );
  });

  it('answers a question for CNAME below it with what it makes', () => {
    assert.equal(
      alias(`${dname}\na.example. CNAME a.other.test.`, 'a.example.', types.CNAME),
      'DNAME example a.other.test',
    );
  });

  it('the closest above the name is meant', () => {
    assert.equal(alias(`${dname}\nb.example. DNAME b.test.`, 'a.b.example.'), 'DNAME b.example a.b.test');
  });

  it('§2.2: a name of more than 255 octets is none', () => {
    const label = 'x'.repeat(63);
    const [short, long] = [`${label}.${label}.${label}`, `${label}.${label}.${label}.${'y'.repeat(48)}`];
    assert.match(alias('example. DNAME other.test.', `${short}.example.`), /^DNAME/);
    const name = `${long}.example.`;
    assert.equal(readName(name).length, 250);
    assert.match(alias('example. DNAME another.test.', name), /^DNAME/);
    assert.match(
      alias('example. DNAME another1.test.', name),
      /^broken: the DNAME at example makes a name that is too long/,
    );
  });

  it('stands alone', () => {
    assert.equal(
      alias(`${dname}\nexample. DNAME b.test.`, 'a.example.'),
      'broken: example has not exactly one DNAME',
    );
  });
});
