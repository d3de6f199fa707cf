import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { arcResults, noChain, readChain, unsignedMessage, unsignedSeal } from '../../../src/mail/arc.ts';
import { signedHeader } from '../../../src/mail/dkim.ts';
import { readHeaderSection } from '../../../src/mail/headers.ts';
import { domain } from '../../support/relay.ts';

const signer = { domain: domain('own.test'), selector: 's', algorithm: 'rsa-sha256' } as const;

function chainOf(fields: readonly string[], instance: number) {
  const message = Buffer.from(`${fields.join('\r\n')}\r\n\r\n`);
  return readChain(message, readHeaderSection(message, { bytes: 10_000, fields: 100 }), instance);
}

const set = (instance: number): string[] => [
  `ARC-Seal: a=rsa-sha256; i=${instance}; cv=none; b=x`,
  `ARC-Message-Signature: v=1; i = ${instance} ;\r\n b=y`,
  `ARC-Authentication-Results: i=${instance}; mx.test; spf=pass`,
];

describe('RFC 8617 §5.1.1: the sets that a seal covers', () => {
  it('come in the order of their instances: results, signature, seal', () => {
    assert.deepEqual(chainOf(['From: a', ...set(2), ...set(1)], 2), {
      instance: 2,
      text: [1, 2]
        .map(
          (instance) =>
            `arc-authentication-results:i=${instance}; mx.test; spf=pass\r\n` +
            `arc-message-signature:v=1; i = ${instance} ; b=y\r\n` +
            `arc-seal:a=rsa-sha256; i=${instance}; cv=none; b=x\r\n`,
        )
        .join(''),
    });
    assert.deepEqual(chainOf(['From: a'], 0), noChain);
  });

  const broken = {
    'one field of a set is missing': [set(1).slice(1), 1],
    'a set is missing': [set(2), 2],
    'a set is there twice': [[...set(1), ...set(1)], 1],
    'there are more than the chain has': [[...set(1), ...set(2)], 1],
    'an instance cannot be read': [['ARC-Seal: b=x', ...set(1).slice(1)], 1],
  } as const;
  for (const [why, [fields, instance]] of Object.entries(broken)) {
    it(`are none where ${why}`, () => assert.equal(chainOf(fields, instance), undefined));
  }
});

describe('a new set', () => {
  const message = Buffer.from('From: a@example.test\r\nDKIM-Signature: x\r\nARC-Seal: y\r\n\r\n');
  const header = signedHeader(message, readHeaderSection(message, { bytes: 999, fields: 9 }), [
    'dkim-signature',
  ]);
  assert.ok(header.kind === 'signed');
  const results = arcResults(noChain, 'mx.test;\r\n\tspf=pass');
  const unsigned = unsignedMessage(signer, noChain, header, 'aGFzaA==', 1_000_000);

  it('RFC 8617 §4.1.2: signs the signatures of authors, and no field of ARC', () => {
    assert.ok(header.names.includes('dkim-signature'));
    assert.ok(header.names.every((name) => !name.startsWith('arc-') && name !== 'authentication-results'));
    assert.match(unsigned.field, /^ARC-Message-Signature: i=1; a=rsa-sha256; c=relaxed\/relaxed;\r\n/);
    assert.doesNotMatch(unsigned.field, /v=/, 'RFC 8617 §4.1.2: there is no v= tag');
  });

  it('RFC 8617 §5.1.1: the seal covers the sets before, the rest of its own, and itself without its value', () => {
    const seal = unsignedSeal(
      signer,
      noChain,
      { results, message: 'ARC-Message-Signature: z\r\n' },
      1_000_000,
    );
    assert.equal(
      seal.data,
      'arc-authentication-results:i=1; mx.test; spf=pass\r\narc-message-signature:z\r\n' +
        'arc-seal:i=1; a=rsa-sha256; t=1000; cv=none; d=own.test; s=s; b=',
    );
    const next = unsignedSeal(
      signer,
      { instance: 1, text: 'before\r\n' },
      { results, message: 'A: z\r\n' },
      0,
    );
    assert.ok(next.data.startsWith('before\r\n'));
    assert.match(next.field, /^ARC-Seal: i=2; a=rsa-sha256; t=0; cv=pass;\r\n/);
  });
});
