import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import {
  type ApiKey,
  findApiKey,
  makeApiKey,
  parseApiKeyHash,
} from '../../../../src/relay/http-api/api-key.ts';

function keyOf(name: string, hash: string): ApiKey {
  const parsed = parseApiKeyHash(hash);
  assert.ok(parsed.kind === 'ok');
  return { name, hash: parsed.value, scopes: ['send'], senders: null, requestsPerMinute: 1 };
}

describe('an API key', () => {
  it('is 256 random bits behind a prefix that secret scanners can find, and kept as its hash alone', () => {
    const { key, hash } = makeApiKey(() => new Uint8Array(32).fill(7));
    assert.equal(key, `waxwing_${Buffer.alloc(32, 7).toString('base64url')}`);
    assert.equal(hash, `sha256:${createHash('sha256').update(key).digest('hex')}`);
  });

  it('is found among others, and only itself', () => {
    const made = ['a', 'b', 'c'].map((name) => ({ name, ...makeApiKey(randomBytes) }));
    const keys = made.map(({ name, hash }) => keyOf(name, hash));
    for (const { name, key } of made) assert.equal(findApiKey(key, keys)?.name, name);
    const [first] = made;
    assert.ok(first !== undefined);
    for (const wrong of [
      '',
      first.hash,
      first.key.slice(0, -1),
      `${first.key}A`,
      `${first.key} `,
      makeApiKey(randomBytes).key,
    ])
      assert.equal(findApiKey(wrong, keys), undefined, wrong);
  });

  it('that somebody made up is none, also where its hash is configured', () => {
    const weak = 'secret';
    const keys = [keyOf('weak', `sha256:${createHash('sha256').update(weak).digest('hex')}`)];
    assert.equal(findApiKey(weak, keys), undefined);
  });

  for (const text of [
    '',
    'sha256:',
    'sha256:00',
    `sha256:${'A'.repeat(64)}`,
    `sha512:${'a'.repeat(64)}`,
    ` sha256:${'a'.repeat(64)}`,
  ])
    it(`has no hash like ${JSON.stringify(text)}, and the message does not repeat it`, () => {
      const parsed = parseApiKeyHash(text);
      assert.ok(parsed.kind === 'invalid');
      assert.match(parsed.because, /^is not the hash of an API key/);
    });
});
