import assert from 'node:assert/strict';
import { it } from 'node:test';
import {
  beyondCut,
  cutAt,
  denialAt,
  isEnd,
  isParentSide,
  showQuestion,
  wildcardFor,
} from '../../../../src/dns/dnssec/denial.ts';
import type { TypeBitmap } from '../../../../src/dns/type-bitmap.ts';
import { nsecsOf } from '../../../support/dns/denial.ts';
import { readName } from '../../../support/dns/name-text.ts';
import { readQuestion } from '../../../support/dns/zone-text.ts';

function listing(types: string): TypeBitmap {
  const [nsec] = nsecsOf(`example. NSEC example. ${types}`);
  if (nsec === undefined) throw new Error('no NSEC');
  return nsec.types;
}

it('NS without SOA is the parent’s side of a cut (RFC 6840 §4.1)', () => {
  assert.equal(isParentSide(listing('NS DS RRSIG NSEC')), true);
  assert.equal(isParentSide(listing('NS SOA RRSIG NSEC')), false);
  assert.equal(isParentSide(listing('A RRSIG NSEC')), false);
});

it('names end at a cut and at a DNAME', () => {
  assert.equal(isEnd(listing('NS RRSIG NSEC')), true);
  assert.equal(isEnd(listing('DNAME RRSIG NSEC')), true);
  assert.equal(isEnd(listing('NS SOA DNAME RRSIG NSEC')), true);
  assert.equal(isEnd(listing('NS SOA RRSIG NSEC')), false);
});

it('below a cut without DS nothing is signed; with DS, and below a DNAME, nothing is said', () => {
  const name = readName('sub.example.');
  assert.deepEqual(beyondCut(listing('NS RRSIG NSEC'), name, 'NSEC'), {
    kind: 'open',
    because: 'NSEC says that sub.example is delegated without a DS',
  });
  for (const types of ['NS DS RRSIG NSEC', 'DNAME RRSIG NSEC', 'NS DNAME RRSIG NSEC'])
    assert.equal(beyondCut(listing(types), name, 'NSEC').kind, 'unproven', types);
});

it('what a list of types denies, and what not', () => {
  const at = { record: 'NSEC', optOut: false };
  const kind = (types: string, question: string): string => {
    const denial = denialAt(listing(types), readQuestion(question), at);
    return denial.kind === 'absent' ? denial.what : denial.kind;
  };
  assert.equal(kind('A RRSIG NSEC', 'example. MX'), 'no-such-record');
  assert.equal(kind('MX RRSIG NSEC', 'example. MX'), 'unproven');
  assert.equal(kind('CNAME RRSIG NSEC', 'example. MX'), 'unproven');
  assert.equal(kind('NS SOA RRSIG NSEC', 'example. DS'), 'unproven');
  assert.equal(kind('NS RRSIG NSEC', 'example. DS'), 'no-such-record');
  assert.equal(kind('NS RRSIG NSEC', 'example. MX'), 'unproven');
  assert.equal(kind('RRSIG NSEC TYPE128', 'example. MX'), 'no-such-name');
  // The root has no zone above that could say it.
  assert.equal(kind('NS SOA RRSIG NSEC', '. DS'), 'no-such-record');
});

it('what a list of types says of a zone below', () => {
  const name = readName('sub.example.');
  const kind = (types: string): string => cutAt(listing(types), name, 'NSEC').kind;
  assert.deepEqual(
    ['NS RRSIG NSEC', 'A RRSIG NSEC', 'RRSIG NSEC TYPE128', 'NS DS RRSIG NSEC', 'NS SOA RRSIG NSEC'].map(
      kind,
    ),
    ['unsigned', 'none', 'nothing', 'unproven', 'unproven'],
  );
});

it('the wildcard that would answer', () => {
  assert.equal(wildcardFor(readName('w.example.'), readName('a.z.w.example.')), readName('*.w.example.'));
});

it('a question as reasons name it', () => {
  assert.equal(showQuestion(readQuestion('_25._tcp.mail.example. TLSA')), 'TLSA at _25._tcp.mail.example');
});
