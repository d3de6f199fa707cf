import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { type Domain, parseDomain } from '../../../../src/names/domain.ts';
import { faultOfStsRecord, readStsRecord, stsRecordName } from '../../../../src/policies/mta-sts/record.ts';

const domain = (text: string): Domain => {
  const parsed = parseDomain(text);
  assert.ok(parsed.kind === 'ok');
  return parsed.value;
};

describe('RFC 8461 §3.1: the name of the TXT record', () => {
  it('is "_mta-sts" at the Policy Domain', () => {
    assert.deepEqual(stsRecordName(domain('example.com')), { kind: 'ok', value: '_mta-sts.example.com' });
  });

  it('a domain can be too long to have one', () => {
    const long = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(60)}`;
    assert.equal(stsRecordName(domain(long)).kind, 'invalid');
    assert.equal(stsRecordName(domain(long.slice(8))).kind, 'ok');
  });
});

describe('RFC 8461 §3.1: the TXT record', () => {
  const good: [title: string, text: string, id: string][] = [
    ['the example of the RFC', 'v=STSv1; id=20160831085700Z;', '20160831085700Z'],
    ['no semicolon at the end', 'v=STSv1; id=20160831085700Z', '20160831085700Z'],
    ['no white space', 'v=STSv1;id=a', 'a'],
    ['sts-field-delim = *WSP ";" *WSP', 'v=STSv1 \t; \t id=a \t;\t ', 'a'],
    ['an id of 32 octets', `v=STSv1; id=${'a1B2'.repeat(8)}`, 'a1B2'.repeat(8)],
    ['"the order of other fields is not significant"', 'v=STSv1; x=1; id=a; y=2', 'a'],
    ['"unknown fields SHALL be ignored"', 'v=STSv1; id=a; p2p-x.y_z=~!"#{}:<>', 'a'],
    ['a field name of 32 octets', `v=STSv1; ${'n'.repeat(32)}=1; id=a`, 'a'],
    ['"all entries except for the first SHALL be ignored": a second id', 'v=STSv1; id=a; id=b', 'a'],
    ['a second id that is none', 'v=STSv1; id=a; id=not-one', 'a'],
    ['a second version', 'v=STSv1; id=a; v=STSv2', 'a'],
    ['%s: names are compared with their case, so ID is another field', 'v=STSv1; ID=b; id=a', 'a'],
  ];
  for (const [title, text, id] of good) {
    it(`is read: ${title}`, () => assert.deepEqual(readStsRecord([[text]]), { kind: 'found', id }));
  }

  const invalid: [title: string, text: string][] = [
    ['no field', 'v=STSv1'],
    ['no field, a semicolon', 'v=STSv1;'],
    ['no id', 'v=STSv1; x=1'],
    ['an empty id', 'v=STSv1; id='],
    ['an id of 33 octets', `v=STSv1; id=${'a'.repeat(33)}`],
    ['an id with a hyphen', 'v=STSv1; id=2016-08-31'],
    ['the first id is what counts', 'v=STSv1; id=not-one; id=a'],
    ['white space around "="', 'v=STSv1; id = a'],
    ['two semicolons', 'v=STSv1;; id=a'],
    ['two semicolons at the end', 'v=STSv1; id=a;;'],
    ['white space at the end without a semicolon', 'v=STSv1; id=a '],
    ['no semicolon between fields', 'v=STSv1; id=a x=1'],
    ['no semicolon behind the version', 'v=STSv1 id=a'],
    ['a field without "="', 'v=STSv1; id=a; x'],
    ['an empty value', 'v=STSv1; id=a; x='],
    ['"=" in a value', 'v=STSv1; id=a; x=1=2'],
    ['a space in a value', 'v=STSv1; id=a; x=1 2'],
    ['a field name of 33 octets', `v=STSv1; id=a; ${'n'.repeat(33)}=1`],
    ['a field name that begins with a hyphen', 'v=STSv1; id=a; -x=1'],
    ['"MUST be US-ASCII"', 'v=STSv1; id=a; x=\xe4'],
    ['NUL', 'v=STSv1; id=a\0'],
    ['a line end', 'v=STSv1; id=a\n'],
    ['quotes of a zone file that were taken for the text', 'v=STSv1; id="a"'],
  ];
  for (const [title, text] of invalid) {
    it(`is invalid: ${title}`, () => {
      const record = readStsRecord([[text]]);
      assert.equal(record.kind, 'invalid', JSON.stringify(record));
    });
  }

  const absent: [title: string, text: string][] = [
    ['another kind of record, as a wildcard gives it', 'v=spf1 -all'],
    ['another version', 'v=STSv10; id=a'],
    ['"%s": the version is compared with its case', 'V=STSv1; id=a'],
    ['white space before the version', ' v=STSv1; id=a'],
    ['the version elsewhere', 'id=a; v=STSv1'],
    ['an empty record', ''],
  ];
  for (const [title, text] of absent) {
    it(`is none of MTA-STS: ${title}`, () => assert.equal(readStsRecord([[text]]).kind, 'absent'));
  }

  it('S1: says why it is none, and what is wrong with one', () => {
    assert.deepEqual(readStsRecord([['v=spf1 -all']]), {
      kind: 'absent',
      because: 'the TXT record "v=spf1 -all" does not begin with "v=STSv1;"',
    });
    assert.deepEqual(readStsRecord([['v=STSv1; id=2016-08']]), {
      kind: 'invalid',
      because:
        'the TXT record "v=STSv1; id=2016-08" has the id "2016-08": it must be 1 to 32 letters and digits',
    });
    assert.deepEqual(readStsRecord([['v=STSv1; id=a;;']]), {
      kind: 'invalid',
      because: 'the TXT record "v=STSv1; id=a;;" has no field name=value at ";"',
    });
  });

  it('"treated as if those strings are concatenated together without adding spaces"', () => {
    assert.deepEqual(readStsRecord([['v=STS', 'v1; id=2016', '0831']]), { kind: 'found', id: '20160831' });
    assert.equal(readStsRecord([['v=STSv1;', 'id=a', 'x=1']]).kind, 'invalid');
  });
});

describe('RFC 8461 §3.1: several TXT records', () => {
  it('"records that do not begin with "v=STSv1;" are discarded"', () => {
    assert.deepEqual(readStsRecord([['v=spf1 -all'], ['v=STSv1; id=a'], ['']]), { kind: 'found', id: 'a' });
    assert.deepEqual(readStsRecord([['v=STSv1 ; id=b'], ['v=STSv1; id=a']]), { kind: 'found', id: 'a' });
    assert.equal(readStsRecord([['v=spf1 -all'], ['v=STSv1 ; id=b']]).kind, 'absent');
  });

  it('S1: "If the number of resulting records is not one", as if there were none', () => {
    assert.equal(readStsRecord([]).kind, 'absent');
    assert.deepEqual(readStsRecord([['v=STSv1; id=a'], ['v=STSv1; id=b']]), {
      kind: 'invalid',
      because: '2 TXT records begin with "v=STSv1;", and there must be exactly one',
    });
    assert.equal(readStsRecord([['v=STSv1; id=a'], ['v=STSv1;']]).kind, 'invalid');
  });
});

describe('what is wrong with a record is told in a word', () => {
  const faults: readonly (readonly [fault: string | undefined, ...texts: string[]])[] = [
    [undefined],
    [undefined, 'v=STSv1; id=a'],
    [undefined, 'v=spf1 -all'],
    ['multiple', 'v=STSv1; id=a', 'v=STSv1; id=b'],
    ['syntax', 'v=STSv1; id=a;;'],
    ['syntax', 'v=STSv1 id=a'],
    ['id', 'v=STSv1; x=1'],
    ['id', 'v=STSv1; id=2016-08'],
  ];
  for (const [fault, ...texts] of faults) {
    it(`${texts.join(' and ') || 'none'}: ${fault ?? 'nothing'}`, () => {
      const txts = texts.map((text) => [text]);
      assert.equal(faultOfStsRecord(txts), fault);
      assert.equal(readStsRecord(txts).kind === 'invalid', fault !== undefined);
    });
  }
});

describe('the reader of records', () => {
  const odd = fc.string({ unit: fc.constantFrom(...Array.from('v=STSv1; id=aB9\t"\\.-_\0\xe4')) });

  it('gives one of its answers, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.array(odd, { maxLength: 3 }), { maxLength: 3 }), (txts) => {
        const record = readStsRecord(txts);
        if (record.kind === 'found') assert.match(record.id, /^[A-Za-z0-9]{1,32}$/);
        else assert.notEqual(record.because, '');
      }),
    );
  });

  it('reads what is written by the grammar, and takes the first id', () => {
    const white = fc.string({ unit: fc.constantFrom(' ', '\t'), maxLength: 3 });
    const id = fc.stringMatching(/^[A-Za-z0-9]{1,32}$/);
    const other = fc.tuple(
      fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$/).filter((name) => name !== 'id'),
      fc.stringMatching(/^[!-:<>-~]{1,40}$/),
    );
    const fields = fc.tuple(fc.array(other, { maxLength: 3 }), id, fc.array(other, { maxLength: 3 }));
    fc.assert(
      fc.property(
        fields,
        fc.array(white, { minLength: 1 }),
        fc.boolean(),
        ([before, first, after], spaces, end) => {
          const written = [...before, ['id', first], ...after].map(([name, value]) => `${name}=${value}`);
          const text = ['v=STSv1', ...written].reduce((all, field, at) => {
            return `${all}${spaces[at % spaces.length]};${spaces[(at + 1) % spaces.length]}${field}`;
          });
          assert.deepEqual(readStsRecord([[end ? `${text} ; ` : text]]), { kind: 'found', id: first });
        },
      ),
    );
  });

  it('takes time in proportion to the length', () => {
    const started = performance.now();
    for (const text of [
      `v=STSv1${' '.repeat(65_000)}`,
      `v=STSv1;${' '.repeat(65_000)}x`,
      `v=STSv1;${'a=b;'.repeat(16_000)}`,
    ])
      readStsRecord([[text]]);
    assert.ok(performance.now() - started < 200);
  });
});
