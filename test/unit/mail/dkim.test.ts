import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { signedField, signedHeader, unsignedField } from '../../../src/mail/dkim.ts';
import { relaxedField } from '../../../src/mail/dkim-canonical.ts';
import { readHeaderSection } from '../../../src/mail/headers.ts';
import { domain } from '../../support/relay.ts';

const limits = { bytes: 100_000, fields: 5_000 };

function headerOf(...fields: readonly string[]) {
  const message = Buffer.from(`${fields.join('\r\n')}\r\n\r\nbody\r\n`, 'latin1');
  return signedHeader(message, readHeaderSection(message, limits));
}

function signed(...fields: readonly string[]) {
  const header = headerOf(...fields);
  return header.kind === 'signed' ? header : assert.fail(header.because);
}

const from = 'From: Anna <anna@example.test>';
const signer = { domain: domain('example.test'), selector: 'mail', algorithm: 'rsa-sha256' } as const;

describe('which fields are signed', () => {
  it('RFC 6376 §8.15: those that readers show once more than they are there, so that none can be added', () => {
    const { names, text } = signed('Received: x', 'Subject: a', from, 'X-Mine: b', 'Sender: c');
    assert.deepEqual(
      names.filter((name) => name === 'from' || name === 'subject' || name === 'sender' || name === 'to'),
      ['from', 'from', 'subject', 'subject', 'to', 'sender'],
    );
    assert.equal(text, 'from:Anna <anna@example.test>\r\nsubject:a\r\nsender:c\r\n');
  });

  it('RFC 6376 §5.4.2: several of one name from the bottom of the header up', () => {
    const { names, text } = signed(from, 'To: a', 'TO : b');
    assert.equal(names.filter((name) => name === 'to').length, 3);
    assert.equal(text, 'from:Anna <anna@example.test>\r\nto:b\r\nto:a\r\n');
  });

  it('RFC 6376 §5.4: what hosts on the way add or change is not signed', () => {
    const { names } = signed(
      from,
      'Received: a',
      'Return-Path: <b>',
      'Authentication-Results: c',
      'Delivered-To: d',
    );
    for (const name of ['received', 'return-path', 'authentication-results', 'delivered-to'])
      assert.ok(!names.includes(name));
  });

  const unfit = {
    'no author': ['Subject: a'],
    'two From fields, of which readers show either': [from, 'From: b@evil.test'],
    'a line that is no field, where some see the body begin': [from, 'no field'],
    'more fields of one name than anybody reads': [from, ...Array.from({ length: 18 }, () => 'To: a')],
  };
  for (const [why, fields] of Object.entries(unfit)) {
    it(`not at all with ${why}`, () => assert.equal(headerOf(...fields).kind, 'unfit'));
  }

  it('not at all in a header whose end was not seen', () => {
    const message = Buffer.from(`${from}\r\nTo: a\r\n\r\n`);
    assert.equal(signedHeader(message, readHeaderSection(message, { bytes: 40, fields: 9 })).kind, 'unfit');
  });
});

describe('the field', () => {
  const header = signed(from, 'Subject: a', 'References: b', 'In-Reply-To: c', 'List-Unsubscribe: d');
  const unsigned = unsignedField(signer, header, 'aGFzaA==', 1_763_779_200_999);
  const field = signedField(unsigned, 'A'.repeat(344));

  it('has the tags of RFC 6376 §3.5 in lines of at most 78', () => {
    const lines = field.split('\r\n');
    assert.equal(lines.pop(), '');
    assert.ok(lines.every((line, index) => line.length <= 78 && (index === 0 || line.startsWith(' '))));
    const tags = field
      .replace('DKIM-Signature:', '')
      .replace(/\s/g, '')
      .split(';')
      .map((tag) => tag.split('='));
    assert.deepEqual(
      tags.map(([name]) => name),
      ['v', 'a', 'c', 'd', 's', 't', 'h', 'bh', 'b'],
    );
    const values = Object.fromEntries(tags.map(([name = '', ...rest]) => [name, rest.join('=')]));
    assert.equal(values['h'], header.names.join(':'));
    assert.equal(values['t'], '1763779200');
    assert.equal(values['bh'], 'aGFzaA==');
    assert.equal(values['b'], 'A'.repeat(344));
  });

  it('RFC 6376 §3.7: is signed itself, last, with an empty value and without a CRLF', () => {
    const value = field.slice('DKIM-Signature:'.length, field.indexOf(' b=') + 3);
    assert.equal(unsigned.data, header.text + relaxedField('DKIM-Signature', value));
    assert.ok(unsigned.data.endsWith('; b='));
  });
});
