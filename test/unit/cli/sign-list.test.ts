import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { signListFile } from '../../../src/cli/sign-list.ts';
import { judgeList } from '../../../src/policies/list/accept.ts';
import { listKeyOf, signList } from '../../../src/policies/list/signature.ts';
import { DAY, listText, NOON, newSigner, type Signer } from '../../support/lists.ts';

const folder = mkdtempSync(join(tmpdir(), 'waxwing-sign-'));
after(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

function pemOf(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'pkcs8' });
}

function file(name: string, text: string): string {
  writeFileSync(at(name), text);
  return at(name);
}

const [ours, next] = [newSigner(), newSigner()];
const list = file('policy.json', listText());
const out = `${list}.sig`;
const keyFiles = new Map(
  [ours, next].map((key, index) => [key, file(`key${index}.pem`, pemOf(key.private))]),
);

/** What was done, or why not. */
async function sign(
  by: Signer | string,
  change: Partial<Parameters<typeof signListFile>[0]> = {},
): Promise<string> {
  const keyFile = typeof by === 'string' ? by : (keyFiles.get(by) ?? assert.fail());
  const signed = await signListFile({ file: list, keyFile, out, keepOthers: false, now: NOON, ...change });
  return signed.kind === 'ok' ? signed.value : signed.because;
}

function signers(): string {
  const keys = [ours.public, next.public];
  const judged = judgeList({ list: readFileSync(list), signature: readFileSync(out) }, keys, [], NOON);
  return judged.kind === 'accepted' ? judged.signers.join(' ') : judged.because;
}

function eightLines(): string {
  return Array.from({ length: 8 }, () => signList(readFileSync(list), newSigner().private)).join('');
}

describe('waxwing policy sign-list', () => {
  it('writes a signature that is accepted, and says what the key is called', async () => {
    assert.equal(
      await sign(ours),
      `${out}: signed by ${ours.public.id}: 3 domains, made at 2026-11-28T12:00:00Z, holds until 2026-12-12T12:00:00Z
Whoever goes by it names the key: [list] keys = ["${ours.public.base64}"]
`,
    );
    assert.equal(signers(), ours.public.id);
  });

  it('writes it in place of the others, or beside them; its own is renewed', async () => {
    await sign(next);
    assert.equal(signers(), next.public.id);
    await sign(ours, { keepOthers: true });
    assert.equal(signers(), `${ours.public.id} ${next.public.id}`);
    await sign(ours, { keepOthers: true });
    assert.equal(readFileSync(out, 'utf8').split('\n').length, 3);
  });

  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const refused: readonly (readonly [string, () => Promise<string>, RegExp])[] = [
    [
      'a list that is none',
      () => sign(ours, { file: file('bad.json', '{}') }),
      /is no policy list: "version"/,
    ],
    ['a list that is over', () => sign(ours, { now: NOON + 14 * DAY }), /policy\.json expired at 2026-12-12/],
    [
      'a list that nobody would take yet',
      () => sign(ours, { now: NOON - DAY - 1 }),
      /nobody would take it: it was made at 2026-11-28T12:00:00Z, which is more than a day ahead$/,
    ],
    [
      'to write more lines than are read',
      () => sign(ours, { keepOthers: true, out: file('full.sig', eightLines()) }),
      /nobody would take it: the signature has more than 8 lines$/,
    ],
    [
      'signatures that cannot be read, to be kept',
      () => sign(ours, { keepOthers: true, out: folder }),
      /cannot be read: .*EISDIR/,
    ],
    ['a list that is not there', () => sign(ours, { file: at('none') }), /none cannot be read: .*ENOENT/],
    ['a key that is not there', () => sign(at('none')), /none cannot be read: .*ENOENT/],
    ['a key that is none', () => sign(list), /holds no private key in PEM form/],
    ['a public key', () => sign(file('pub.pem', 'x')), /holds no private key in PEM form/],
    ['a key of RSA', () => sign(file('rsa.pem', pemOf(rsa))), /holds a key that is not one of Ed25519/],
    [
      'signatures that are none, to be kept',
      () => sign(ours, { keepOthers: true, out: file('x.sig', 'x') }),
      /x\.sig: the signature does not end with a line$/,
    ],
    ['a place that is none', () => sign(ours, { out: at('none/x.sig') }), /cannot be written: .*ENOENT/],
  ];
  for (const [title, signing, reason] of refused)
    it(`refuses ${title}`, async () => assert.match(await signing(), reason));

  it('never says a part of the key', async () => {
    const pem = pemOf(ours.private);
    const body = pem.split('\n')[1] ?? assert.fail();
    const broken = file('broken.pem', pem.replace(body, `${body.slice(0, 30)}!`));
    assert.ok(!(await sign(broken)).includes(body.slice(0, 20)));
    assert.deepEqual(listKeyOf(ours.private), ours.public);
  });
});
