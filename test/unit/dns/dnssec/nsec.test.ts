import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { Denial } from '../../../../src/dns/dnssec/denial.ts';
import { cutByNsec, denialByNsec, noCloserByNsec } from '../../../../src/dns/dnssec/nsec.ts';
import { nsecsOf } from '../../../support/dns/denial.ts';
import { readName } from '../../../support/dns/name-text.ts';
import { readQuestion } from '../../../support/dns/zone-text.ts';

/** RFC 4035 Appendix A, all of its NSEC records. */
const appendixA = {
  example: 'a.example. NS SOA MX RRSIG NSEC DNSKEY',
  'a.example': 'ai.example. NS DS RRSIG NSEC',
  'ai.example': 'b.example. A HINFO AAAA RRSIG NSEC',
  'b.example': 'ns1.example. NS RRSIG NSEC',
  'ns1.example': 'ns2.example. A RRSIG NSEC',
  'ns2.example': '*.w.example. A RRSIG NSEC',
  '*.w.example': 'x.w.example. MX RRSIG NSEC',
  'x.w.example': 'x.y.w.example. MX RRSIG NSEC',
  'x.y.w.example': 'xx.example. MX RRSIG NSEC',
  'xx.example': 'example. A HINFO AAAA RRSIG NSEC',
};

type Owner = keyof typeof appendixA;

function text(...owners: Owner[]): string {
  return owners.map((owner) => `${owner}. NSEC ${appendixA[owner]}`).join('\n');
}

const everything = text(...(Object.keys(appendixA) as Owner[]));

function denied(zone: string, nsecs: string, question: string): string {
  return kindOf(denialByNsec(readName(zone), nsecsOf(nsecs), readQuestion(question)));
}

function kindOf(denial: Denial): string {
  return denial.kind === 'absent' ? denial.what : denial.kind;
}

describe('RFC 4035 Appendix B', () => {
  it('B.2: name error', () => {
    assert.equal(denied('example.', text('b.example', 'example'), 'ml.example. A'), 'no-such-name');
    assert.equal(denied('example.', text('b.example'), 'ml.example. A'), 'unproven');
    assert.equal(denied('example.', text('example'), 'ml.example. A'), 'unproven');
  });

  it('B.3: no data error', () => {
    assert.equal(denied('example.', text('ns1.example'), 'ns1.example. MX'), 'no-such-record');
    assert.equal(denied('example.', text('ns1.example'), 'ns1.example. A'), 'unproven');
  });

  it('B.5: referral to an unsigned zone', () => {
    const cut = cutByNsec(readName('example.'), nsecsOf(text('b.example')), readName('b.example.'));
    assert.equal(cut.kind, 'unsigned');
  });

  it('B.4: a signed zone has a DS, which its NSEC does not deny', () => {
    const cut = cutByNsec(readName('example.'), nsecsOf(text('a.example')), readName('a.example.'));
    assert.deepEqual(cut, { kind: 'unproven', because: 'NSEC at a.example says that a.example has a DS' });
  });

  it('B.6: wildcard expansion', () => {
    const [name, encloser] = [readName('a.z.w.example.'), readName('w.example.')];
    const proof = (nsecs: string, of = encloser): string =>
      noCloserByNsec(readName('example.'), nsecsOf(nsecs), name, of).kind;
    assert.equal(proof(text('x.y.w.example')), 'proven');
    assert.equal(proof(text('xx.example')), 'unproven');
    // z.w.example does not exist, so nothing comes from *.z.w.example.
    assert.equal(proof(text('x.y.w.example'), readName('z.w.example.')), 'unproven');
  });

  it('B.7: wildcard no data error', () => {
    const both = text('x.y.w.example', '*.w.example');
    assert.equal(denied('example.', both, 'a.z.w.example. AAAA'), 'no-such-record');
    assert.equal(denied('example.', both, 'a.z.w.example. MX'), 'unproven');
    assert.equal(denied('example.', text('*.w.example'), 'a.z.w.example. AAAA'), 'unproven');
    assert.equal(denied('example.', text('x.y.w.example'), 'a.z.w.example. AAAA'), 'unproven');
  });

  it('B.8: the apex of the zone below does not deny its own DS', () => {
    assert.equal(denied('example.', text('example'), 'example. DS'), 'unproven');
    assert.equal(cutByNsec(readName('.'), nsecsOf(text('example')), readName('example.')).kind, 'unproven');
  });
});

describe('names in order (RFC 4034 §6.1)', () => {
  it('the last record reaches to the end of the zone, and not beyond it (§4.1.1)', () => {
    assert.equal(denied('example.', text('xx.example', 'example'), 'zz.example. A'), 'no-such-name');
    const elsewhere = 'xx.example. NSEC a.example. A RRSIG NSEC\nexample. NSEC a.example. NS SOA RRSIG NSEC';
    assert.equal(denied('example.', elsewhere, 'zz.example. A'), 'unproven');
  });

  it('a next name outside the zone covers nothing', () => {
    const over = 'wab.example. NSEC wzz.other. A RRSIG NSEC\nexample. NSEC abc.example. NS SOA RRSIG NSEC';
    assert.equal(denied('example.', over, 'www.example. A'), 'unproven');
  });

  it('a zone of one name', () => {
    const only = 'example. NSEC example. NS SOA RRSIG NSEC DNSKEY';
    assert.equal(denied('example.', only, 'www.example. A'), 'no-such-name');
    assert.equal(denied('example.', only, 'example. A'), 'no-such-record');
    assert.equal(denied('example.', only, 'example. SOA'), 'unproven');
  });

  it('every name that is not there is denied by the whole zone, and none that is', () => {
    const label = fc.constantFrom('a', 'ai', 'b', 'ml', 'ns1', 'w', 'x', 'y', 'xx', 'zz', '*', '\\000');
    const zone = readName('example.');
    const nsecs = nsecsOf(everything);
    const exists = new Set(['w.example', 'y.w.example', ...Object.keys(appendixA)]);
    fc.assert(
      fc.property(fc.array(label, { maxLength: 3 }), (labels) => {
        const shown = [...labels, 'example'].join('.');
        const kind = kindOf(denialByNsec(zone, nsecs, { name: readName(shown), type: 99 }));
        let encloser = shown;
        while (!exists.has(encloser)) encloser = encloser.slice(encloser.indexOf('.') + 1);
        // Both delegations; only the one without DS says so.
        if (encloser === 'a.example') assert.equal(kind, 'unproven');
        else if (encloser === 'b.example') assert.equal(kind, 'open');
        else if (encloser === shown || encloser === 'w.example') assert.equal(kind, 'no-such-record');
        else assert.equal(kind, 'no-such-name');
      }),
    );
  });
});

describe('empty non-terminals (RFC 4592 §2.2.2)', () => {
  const proof = 'a.example. NSEC a.b.c.example. A RRSIG NSEC';

  it('exist because of the next name, and have no records', () => {
    for (const name of ['c.example', 'b.c.example'])
      assert.equal(denied('example.', proof, `${name}. A`), 'no-such-record');
    assert.equal(denied('example.', proof, 'a.b.c.example. A'), 'unproven');
  });

  it('are no zones', () => {
    assert.equal(cutByNsec(readName('example.'), nsecsOf(proof), readName('b.c.example.')).kind, 'none');
  });

  it('keep wildcards above from answering', () => {
    const nsecs = nsecsOf(proof);
    const zone = readName('example.');
    assert.equal(noCloserByNsec(zone, nsecs, readName('b.c.example.'), zone).kind, 'unproven');
  });

  it('may be wildcards themselves', () => {
    const nsecs = 'example. NSEC a.*.example. NS SOA RRSIG NSEC\na.*.example. NSEC example. A RRSIG NSEC';
    assert.equal(denied('example.', nsecs, 'www.example. A'), 'no-such-record');
  });
});

describe('what a record does not prove (RFC 6840 §4)', () => {
  it('§4.1: of a delegation’s own name the zone above denies DS only', () => {
    const cut = 'sub.example. NSEC www.example. NS DS RRSIG NSEC';
    for (const type of ['A', 'MX', 'SOA', 'DNSKEY', 'NS', 'DS'])
      assert.equal(denied('example.', cut, `sub.example. ${type}`), 'unproven', type);
    const unsigned = 'sub.example. NSEC www.example. NS RRSIG NSEC';
    assert.equal(denied('example.', unsigned, 'sub.example. DS'), 'no-such-record');
  });

  it('§4.1: names below a delegation are not the zone’s to deny', () => {
    const cut =
      'sub.example. NSEC zzz.example. NS DS RRSIG NSEC\nexample. NSEC sub.example. NS SOA RRSIG NSEC';
    assert.equal(denied('example.', cut, 'www.sub.example. A'), 'unproven');
    assert.equal(denied('example.', cut, 'www.sub.example. DS'), 'unproven');
    assert.equal(
      cutByNsec(readName('example.'), nsecsOf(cut), readName('www.sub.example.')).kind,
      'unproven',
    );
    const name = readName('www.sub.example.');
    assert.equal(
      noCloserByNsec(readName('example.'), nsecsOf(cut), name, readName('sub.example.')).kind,
      'unproven',
    );
  });

  it('a delegation without DS says that what is below need not be proven', () => {
    const cut = 'sub.example. NSEC zzz.example. NS RRSIG NSEC';
    assert.equal(denied('example.', cut, 'www.sub.example. A'), 'open');
    assert.equal(denied('example.', cut, 'sub.example. A'), 'open');
  });

  it('RFC 6672 §5.3.4.1: names below a DNAME are denied by nobody', () => {
    const dname =
      'sub.example. NSEC zzz.example. DNAME RRSIG NSEC\nexample. NSEC sub.example. NS SOA RRSIG NSEC';
    assert.equal(denied('example.', dname, 'www.sub.example. A'), 'unproven');
    assert.equal(denied('example.', dname, 'sub.example. A'), 'no-such-record');
    const apex = 'example. NSEC example. NS SOA DNAME RRSIG NSEC';
    assert.equal(denied('example.', apex, 'www.example. A'), 'unproven');
  });

  it('§4.3: where there is a CNAME, it answers for other types', () => {
    const alias = 'www.example. NSEC zzz.example. CNAME RRSIG NSEC';
    assert.equal(denied('example.', alias, 'www.example. A'), 'unproven');
    const wildcard = '*.example. NSEC zzz.example. CNAME RRSIG NSEC';
    assert.equal(denied('example.', wildcard, 'www.example. A'), 'unproven');
  });

  it('§4.4: that there is no DS means a delegation only where there is NS', () => {
    const zone = readName('example.');
    const at = (types: string): string =>
      cutByNsec(zone, nsecsOf(`sub.example. NSEC zzz.example. ${types}`), readName('sub.example.')).kind;
    assert.equal(at('NS RRSIG NSEC'), 'unsigned');
    assert.equal(at('A RRSIG NSEC'), 'none');
    assert.equal(at('CNAME RRSIG NSEC'), 'none');
    assert.equal(at('NS DS RRSIG NSEC'), 'unproven');
    assert.equal(at('NS SOA RRSIG NSEC'), 'unproven');
  });

  it('a wildcard with NS is no delegation of the names below', () => {
    const nsecs = '*.example. NSEC zzz.example. NS RRSIG NSEC';
    assert.equal(denied('example.', nsecs, 'www.example. A'), 'unproven');
  });
});

describe('records made for the question', () => {
  it('RFC 4470: that cover just the name and just the wildcard', () => {
    const lies = 'ml-.example. NSEC \\000.mm.example. RRSIG NSEC\n!~.example. NSEC +.example. RRSIG NSEC';
    const around = 'mk~.example. NSEC mm.example. RRSIG NSEC\n!~.example. NSEC +.example. RRSIG NSEC';
    assert.equal(denied('example.', around, 'ml.example. A'), 'no-such-name');
    assert.equal(denied('example.', lies, 'ml.example. A'), 'unproven');
  });

  it('RFC 9824 §3.1: NXNAME says that there is no such name', () => {
    const compact = 'ml.example. NSEC \\000.ml.example. RRSIG NSEC TYPE128';
    assert.equal(denied('example.', compact, 'ml.example. A'), 'no-such-name');
    assert.equal(cutByNsec(readName('example.'), nsecsOf(compact), readName('ml.example.')).kind, 'nothing');
  });

  it('RFC 9824 §3.2: without NXNAME there is the name and not the type', () => {
    const compact = 'ml.example. NSEC \\000.ml.example. A RRSIG NSEC';
    assert.equal(denied('example.', compact, 'ml.example. MX'), 'no-such-record');
    assert.equal(denied('example.', compact, 'ml.example. A'), 'unproven');
  });
});

it('a name of 255 octets is denied like others', () => {
  const encloser = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(50)}.example.`;
  assert.equal(readName(`xx.${encloser}`).length, 255);
  const nsecs = `${encloser} NSEC example. A RRSIG NSEC`;
  assert.equal(denied('example.', nsecs, `xx.${encloser} A`), 'no-such-name');
});
