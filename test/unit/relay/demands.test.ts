import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { readHeaderSection } from '../../../src/mail/headers.ts';
import { type MessageTerms, noTerms } from '../../../src/names/message-terms.ts';
import { noSenderWishes } from '../../../src/names/wishes.ts';
import { atTheSocket, type Submitter } from '../../../src/relay/arrival.ts';
import { type DemandRules, omitOwnFields, readDemands } from '../../../src/relay/demands.ts';
import { leftOut, treat, without } from '../../../src/relay/treatment.ts';

const usual: DemandRules = { requireTls: 'enforce', tlsRequiredNo: 'obey' };

interface Given {
  readonly role?: Submitter['role'];
  readonly rules?: Partial<DemandRules>;
  readonly terms?: Partial<MessageTerms>;
}

/** What is read of these header lines: `requiretls, tell`, `-`, or the refusal. */
async function read(
  lines: readonly string[],
  { role = 'submission', rules, terms }: Given = {},
): Promise<string> {
  const head = Buffer.from([...lines, '', 'the body', ''].join('\r\n'), 'latin1');
  const submitter: Submitter = { ...atTheSocket, role };
  const envelope = {
    hello: 'client.test',
    extended: true,
    tls: undefined,
    account: null,
    sender: null,
    smtpUtf8: false,
    requireTls: false,
    wishes: noSenderWishes,
    recipients: [],
  };
  const section = readHeaderSection(head, { bytes: 4_000, fields: 50 });
  const message = {
    id: '1',
    at: 0,
    submitter,
    envelope,
    head,
    section,
    content: { kind: 'bytes', bytes: head },
    bodyAt: section.bodyStart,
    longestLine: 10,
  } as const;
  const said = await treat(message, { ...noTerms, ...terms }, [
    readDemands({ ...usual, ...rules }, (account) => account === 'told'),
  ]);
  if (said.kind === 'refused') return `${said.code} ${said.enhanced} ${said.text}`;
  const words = [said.terms.tls, said.terms.tellOutcome ? 'tell' : null].filter((word) => word !== null);
  return words.join(', ') || '-';
}

describe('RFC 8689 §3: the header field TLS-Required', () => {
  for (const field of ['TLS-Required: No', 'tls-required:no', 'TLS-REQUIRED: \t NO', 'TLS-Required:\r\n No'])
    it(`${JSON.stringify(field)} is obeyed, in either role`, async () => {
      assert.equal(await read(['Subject: x', field]), 'optional');
      assert.equal(await read(['Subject: x', field], { role: 'mx' }), 'optional');
    });

  const others = [
    'TLS-Required: Nope',
    'TLS-Required: No (really)',
    'TLS-Required: No ',
    'TLS-Required: "No"',
    'TLS-Required: Yes',
    'TLS-Required:',
    'TLS-Required : No',
    'X-TLS-Required: No',
    'TLS-Required: No\r\n \tmore',
  ];
  for (const field of others)
    it(`${JSON.stringify(field)} is not what the RFC defines, and takes no protection away`, async () => {
      assert.equal(await read([field]), '-');
    });

  it('"More than one instance MUST NOT appear": of several none is obeyed', async () => {
    assert.equal(await read(['TLS-Required: No', 'TLS-Required: No']), '-');
  });

  it('is not obeyed where more of the header section may follow than is looked at', async () => {
    const many = Array.from({ length: 50 }, (_, index) => `X-${index}: 1`);
    assert.equal(await read(['TLS-Required: No', ...many]), '-');
  });

  it('in the body it is text', async () => {
    assert.equal(await read(['Subject: x', '', 'TLS-Required: No']), '-');
  });

  it('§4.1: "the TLS-Required header field MUST be ignored" beside REQUIRETLS, and beside each wish for TLS', async () => {
    assert.equal(await read(['TLS-Required: No'], { terms: { tls: 'requiretls' } }), 'requiretls');
    assert.equal(await read(['TLS-Required: No', 'Waxwing-TLS: encrypt']), 'encrypt');
  });

  it('can be ignored altogether', async () => {
    assert.equal(await read(['TLS-Required: No'], { rules: { tlsRequiredNo: 'ignore' } }), '-');
  });
});

describe('our own header fields', () => {
  for (const wish of ['encrypt', 'authenticate', 'requiretls'])
    it(`Waxwing-TLS: ${wish}`, async () => {
      assert.equal(await read([`Waxwing-TLS: ${wish}`]), wish);
      assert.equal(await read([`waxwing-tls:\t${wish.toUpperCase()} `]), wish);
    });

  it('Waxwing-Tell: outcome', async () => {
    assert.equal(await read(['Waxwing-Tell: outcome']), 'tell');
    assert.equal(await read(['Waxwing-Tell: Outcome', 'Waxwing-TLS: encrypt']), 'encrypt, tell');
  });

  it('an account whose mail is always told of needs none', async () => {
    assert.equal(await read(['Subject: x'], { terms: { account: 'told' } }), 'tell');
    assert.equal(await read(['Waxwing-TLS: encrypt'], { terms: { account: 'told' } }), 'encrypt, tell');
    assert.equal(await read(['Subject: x'], { terms: { account: 'other' } }), '-');
  });

  const wrong = [
    [['Waxwing-TLS: may'], 'the header field Waxwing-TLS is encrypt, authenticate or requiretls'],
    [['Waxwing-TLS:'], 'the header field Waxwing-TLS is encrypt, authenticate or requiretls'],
    [['Waxwing-TLS: no'], 'the header field Waxwing-TLS is encrypt, authenticate or requiretls'],
    [['Waxwing-TLS: encrypt', 'Waxwing-TLS: encrypt'], 'the header field Waxwing-TLS stands more than once'],
    [['Waxwing-Tell: me'], 'the header field Waxwing-Tell is outcome, or absent'],
    [
      ['Waxwing-Tell: outcome', 'Waxwing-Tell: outcome'],
      'the header field Waxwing-Tell stands more than once',
    ],
  ] as const;
  for (const [lines, text] of wrong)
    it(`${lines.join(', ')}: comes back at once, with the name and the values`, async () => {
      assert.equal(await read(lines), `554 5.6.0 ${text}`);
    });

  it('are for submissions alone: of mail from outside they say nothing, and stay as they are', async () => {
    assert.equal(await read(['Waxwing-TLS: requiretls', 'Waxwing-Tell: outcome'], { role: 'mx' }), '-');
    assert.equal(await read(['Waxwing-TLS: nonsense'], { role: 'mx' }), '-');
  });

  it('a wish raises what was asked with the envelope, and never lowers it', async () => {
    assert.equal(await read(['Waxwing-TLS: encrypt'], { terms: { tls: 'requiretls' } }), 'requiretls');
    assert.equal(await read(['Waxwing-TLS: authenticate'], { terms: { tls: 'encrypt' } }), 'authenticate');
  });

  it('REQUIRETLS is refused where it is switched off, however it was asked for', async () => {
    const rules = { requireTls: 'off' } as const;
    const refusal = '554 5.6.0 this relay does not do REQUIRETLS ([relay] requiretls is off)';
    assert.equal(await read(['Waxwing-TLS: requiretls'], { rules }), refusal);
    assert.equal(await read([], { rules, terms: { tls: 'requiretls' } }), refusal);
    assert.equal(await read(['Waxwing-TLS: encrypt'], { rules }), 'encrypt');
  });

  it('are left out of what is kept of a submission, wherever they stand, and nothing else is', () => {
    const field = fc.constantFrom(
      'Waxwing-TLS: encrypt',
      'waxwing-tell:\r\n outcome',
      'Subject: a',
      'X-Waxwing-TLS: b',
    );
    fc.assert(
      fc.property(fc.array(field, { maxLength: 8 }), (fields) => {
        const bytes = Buffer.from([...fields, '', 'Waxwing-TLS: in the body', ''].join('\r\n'));
        const section = readHeaderSection(bytes, { bytes: 4_000, fields: 50 });
        const kept = (role: Submitter['role']): string =>
          Buffer.concat(
            without(bytes, leftOut({ ...atTheSocket, role }, bytes, section, [omitOwnFields])),
          ).toString();
        const others = fields.filter((one) => !/^waxwing-/i.test(one));
        assert.equal(kept('submission'), [...others, '', 'Waxwing-TLS: in the body', ''].join('\r\n'));
        assert.equal(kept('mx'), bytes.toString());
      }),
    );
  });
});
