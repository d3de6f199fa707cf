import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { relaxedField } from '../../../src/mail/dkim-canonical.ts';
import { octetFacts } from '../../../src/mail/encodings.ts';
import { readHeaderSection, unfoldedValue } from '../../../src/mail/headers.ts';
import { noTerms } from '../../../src/names/message-terms.ts';
import type { DkimKey } from '../../../src/relay/dkim-key.ts';
import { hashOfBody, signing, signingOwn, valueOf } from '../../../src/relay/sign.ts';
import { type IncomingMessage, type Treatment, treat } from '../../../src/relay/treatment.ts';
import { incomingMessage } from '../../support/incoming.ts';
import { domain } from '../../support/relay.ts';

const pairs = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 1024 }),
  ed25519: generateKeyPairSync('ed25519'),
};
const rsa: DkimKey = {
  domain: domain('example.test'),
  selector: 'r',
  algorithm: 'rsa-sha256',
  subdomains: false,
  key: pairs.rsa.privateKey,
};
const ed25519: DkimKey = {
  ...rsa,
  selector: 'e',
  algorithm: 'ed25519-sha256',
  key: pairs.ed25519.privateKey,
};

const text = 'From: Anna <anna@example.test>\r\nSubject: x\r\n\r\nHello.\r\n';

async function sign(message: IncomingMessage, keys: readonly DkimKey[] = [ed25519], fields = '') {
  const odd: string[] = [];
  const step = signing(keys, (what) => void odd.push(what));
  const before: Treatment = (_, treated) => ({ ...treated, fields });
  const said = await treat(message, noTerms, [before, ...(step === undefined ? [] : [step])]);
  if (said.kind === 'refused') assert.fail(said.text);
  return { ...said, odd };
}

/** The values of a tag in all signatures of a text. */
function tags(fields: string, name: string): string[] {
  return [...fields.replace(/\s/g, '').matchAll(new RegExp(`;${name}=([^;D]*)`, 'g'))].map(
    ([, value = '']) => value,
  );
}

describe('RFC 8463 Appendix A: the example', () => {
  const seed = Buffer.from('nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=', 'base64');
  const key = createPrivateKey({
    key: Buffer.concat([Buffer.from('MC4CAQAwBQYDK2VwBCIEIA==', 'base64'), seed]),
    format: 'der',
    type: 'pkcs8',
  });
  const body = 'Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n';
  const header = [
    relaxedField('From', ' Joe SixPack <joe@football.example.com>'),
    relaxedField('To', ' Suzie Q <suzie@shopping.example.net>'),
    relaxedField('Subject', ' Is dinner ready?'),
    relaxedField('Date', ' Fri, 11 Jul 2003 21:00:37 -0700 (PDT)'),
    relaxedField('Message-ID', ' <20030712040037.46341.5F8J@football.example.com>'),
    relaxedField(
      'DKIM-Signature',
      [
        ' v=1; a=ed25519-sha256; c=relaxed/relaxed;',
        ' d=football.example.com; i=@football.example.com;',
        ' q=dns/txt; s=brisbane; t=1528637909; h=from : to :',
        ' subject : date : message-id : from : subject : date;',
        ' bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;',
        ' b=',
      ].join('\r\n'),
    ),
  ].join('\r\n');

  it('the hash of its body', async () => {
    const content = { kind: 'bytes', bytes: Buffer.from(body) } as const;
    assert.equal(await hashOfBody(content, 0), '2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=');
  });

  it('the signature with its key', async () => {
    assert.equal(
      await valueOf({ ...ed25519, key }, Buffer.from(header)),
      '/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==',
    );
  });
});

describe('what is submitted', () => {
  it('gets a signature of each key of its author’s domain, in front of all', async () => {
    const { fields, odd } = await sign(incomingMessage(text), [rsa, ed25519], 'X: y\r\n');
    assert.deepEqual(tags(fields, 's'), ['r', 'e']);
    assert.match(fields, /^DKIM-Signature:[^]*\r\nX: y\r\n$/);
    assert.deepEqual(odd, []);
  });

  it('RFC 6376 §3.7: has the signature over its header and the field itself', async () => {
    const { fields } = await sign(incomingMessage(text), [rsa]);
    const bytes = Buffer.from(fields);
    const [field] = readHeaderSection(bytes, { bytes: bytes.length, fields: 9 }).fields;
    assert.ok(field !== undefined);
    const value = fields.slice(field.valueStart, -2);
    const at = value.indexOf(' b=') + 3;
    const data = `from:Anna <anna@example.test>\r\nsubject:x\r\n${relaxedField('dkim-signature', value.slice(0, at))}`;
    const signature = Buffer.from(value.slice(at), 'base64');
    assert.ok(verify('sha256', Buffer.from(data), createPublicKey(rsa.key), signature));
    assert.match(unfoldedValue(bytes, field), / d=example\.test; s=r;/);
  });

  const unsigned = {
    'another domain’s': text.replace('example.test', 'other.test'),
    'of nobody': text.replace('From:', 'X-From:'),
    'of two From fields': `From: b@example.test\r\n${text}`,
    'of an author who can be read in two ways': text.replace('Anna <', 'Anna, <'),
  };
  for (const [what, content] of Object.entries(unsigned)) {
    it(`stays as it is where it is ${what}`, async () => {
      const { fields, odd } = await sign(incomingMessage(content));
      assert.equal(fields, '');
      assert.deepEqual(odd, []);
    });
  }

  it('is not signed where its header is none, which is said', async () => {
    const { fields, odd } = await sign(incomingMessage(text.replace('Subject: x', 'no field')));
    assert.equal(fields, '');
    assert.deepEqual(odd, ['the message is not signed: its header has a line that is no field']);
  });

  it('is not ours to sign where it comes in from elsewhere', async () => {
    assert.equal((await sign(incomingMessage(text, { role: 'mx' }))).fields, '');
  });

  it('a file gets the same signature as the same content in memory', async (t) => {
    const content = `${text}${'line  with\tblanks \r\n'.repeat(40_000)}\r\n\r\n`;
    const path = fileWith(t, content);
    const inMemory = await sign(incomingMessage(content));
    const inFile = await sign(incomingMessage(content, { path }));
    assert.equal(inFile.fields, inMemory.fields);
    assert.equal(inFile.content, null);
  });

  it('RFC 6376 §5.3: with a line that no server takes is re-encoded first, as it would be on the way out', async () => {
    const { fields, content } = await sign(incomingMessage(`${text}${'x'.repeat(2_000)}\r\n`));
    assert.ok(content !== null);
    assert.ok(octetFacts(content).longestLine <= 998);
    const { bodyStart } = readHeaderSection(content, { bytes: 10_000, fields: 9 });
    assert.deepEqual(tags(fields, 'bh'), [await hashOfBody({ kind: 'bytes', bytes: content }, bodyStart)]);
  });

  it('there is no such step without keys', () => {
    assert.equal(
      signing([], () => undefined),
      undefined,
    );
    assert.equal(signingOwn([]), undefined);
  });
});

function fileWith(t: TestContext, content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'waxwing-sign-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'content');
  writeFileSync(path, content, 'latin1');
  return path;
}

describe('a notification of ours', () => {
  const own = signingOwn([ed25519]);

  it('is signed for the domain in its From field', async () => {
    assert.match((await own?.(Buffer.from(text), 0)) ?? '', /^DKIM-Signature: .*\r\n d=example\.test; s=e;/);
  });

  it('stays as it is where there is no key', async () => {
    assert.equal(await own?.(Buffer.from('From: x@other.test\r\n\r\n'), 0), '');
  });
});
