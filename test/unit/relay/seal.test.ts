import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { describe, it } from 'node:test';
import type { ArcResult, AuthenticationResult } from '../../../src/mail/authentication-results.ts';
import { relaxedField } from '../../../src/mail/dkim-canonical.ts';
import { readHeaderSection } from '../../../src/mail/headers.ts';
import { noTerms } from '../../../src/names/message-terms.ts';
import { noRecipientWishes } from '../../../src/names/wishes.ts';
import type { DkimKey } from '../../../src/relay/dkim-key.ts';
import type { Forwarding } from '../../../src/relay/forward.ts';
import { sealing } from '../../../src/relay/seal.ts';
import { type Treatment, treat } from '../../../src/relay/treatment.ts';
import { incomingMessage, mailboxOf } from '../../support/incoming.ts';
import { domain } from '../../support/relay.ts';

const pair = generateKeyPairSync('rsa', { modulusLength: 1024 });
const key: DkimKey = {
  domain: domain('own.test'),
  selector: 's',
  algorithm: 'rsa-sha256',
  subdomains: false,
  key: pair.privateKey,
};
const forwarding: Forwarding = { srs: { domain: domain('own.test'), hash: () => '' } };
const noArc: ArcResult = { result: 'none', instance: 0, sealers: [], unknown: false, because: null };

function found(arc: Partial<ArcResult> = {}): AuthenticationResult {
  return {
    spf: { result: 'pass', identity: 'mailfrom', value: 'a.test', domain: 'a.test', because: null },
    dkim: [],
    arc: { ...noArc, ...arc },
    dmarc: { result: 'none', from: 'a.test', policy: null, because: null },
  };
}

async function sealed(text: string, authentication: AuthenticationResult | null = found(), copies = 1) {
  const odd: string[] = [];
  const recipients = [{ mailbox: mailboxOf('b@away.test'), wishes: noRecipientWishes }];
  const copy = { sender: null, front: 'Delivered-To: one@own.test\r\n', recipients };
  const before: Treatment = (_, treated) => ({
    ...treated,
    authentication,
    copies: Array.from({ length: copies }, () => copy),
  });
  const step = sealing([key], forwarding, 'mx.own.test', (what) => void odd.push(what));
  const said = await treat(
    incomingMessage(text, { role: 'mx' }),
    noTerms,
    step === undefined ? [] : [before, step],
  );
  if (said.kind === 'refused') assert.fail(said.text);
  return { fronts: said.copies.map(({ front }) => front), fields: said.fields, odd };
}

const text = 'From: Anna <anna@a.test>\r\nSubject: x\r\n\r\nHello.\r\n';

describe('what is sent on', () => {
  it('has one set in front of each copy, and nothing of it in what stays here', async () => {
    const { fronts, fields } = await sealed(text, found(), 2);
    assert.equal(fields, '');
    assert.equal(fronts.length, 2);
    for (const front of fronts) {
      assert.equal(
        front.match(/^[A-Za-z-]+(?=:)/gm)?.join(),
        'ARC-Seal,ARC-Message-Signature,ARC-Authentication-Results,Delivered-To',
      );
    }
  });

  it('RFC 8617 §5.1.1: has a seal over its set that the key made', async () => {
    const { fronts } = await sealed(text);
    const bytes = Buffer.from(fronts[0] ?? '');
    const [seal, message, results] = readHeaderSection(bytes, { bytes: bytes.length, fields: 9 }).fields.map(
      (field) => bytes.subarray(field.valueStart, field.end - 2).toString(),
    );
    assert.ok(seal !== undefined && message !== undefined && results !== undefined);
    const at = seal.indexOf(' b=') + 3;
    const data = [
      relaxedField('arc-authentication-results', results),
      relaxedField('arc-message-signature', message),
      relaxedField('arc-seal', seal.slice(0, at)),
    ].join('\r\n');
    const value = Buffer.from(seal.slice(at), 'base64');
    assert.ok(verify('sha256', Buffer.from(data), createPublicKey(key.key), value));
    assert.match(results, /^ i=1; mx\.own\.test;\r\n\tspf=pass/);
  });

  const unsealed = {
    'RFC 8617 §5.1.2: its chain is broken': [text, found({ result: 'fail', instance: 1 })],
    'its chain has 50 sets': [text, found({ result: 'pass', instance: 50 })],
    'its chain cannot be read': [text, found({ result: 'pass', instance: 1 })],
    'it has not exactly one From': [`From: b@b.test\r\n${text}`, found()],
  } as const;
  for (const [why, [content, results]] of Object.entries(unsealed)) {
    it(`is not sealed, which is said, where ${why}`, async () => {
      const { fronts, odd } = await sealed(content, results);
      assert.deepEqual(fronts, ['Delivered-To: one@own.test\r\n']);
      assert.equal(odd.length, 1);
    });
  }

  it('is not sealed where nobody looked who it is from', async () => {
    assert.deepEqual(await sealed(text, null), {
      fronts: ['Delivered-To: one@own.test\r\n'],
      fields: '',
      odd: [],
    });
  });
});

it('there is no such step without a key of the domain that forwards, or without results', () => {
  const other = { ...key, domain: domain('other.test') };
  assert.equal(
    sealing([other], forwarding, 'mx', () => undefined),
    undefined,
  );
  assert.equal(
    sealing([key], null, 'mx', () => undefined),
    undefined,
  );
  assert.equal(
    sealing([key], forwarding, undefined, () => undefined),
    undefined,
  );
});
