import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errorsOf, good, listener, load } from '../support.ts';

const HASH = `sha256:${'0a'.repeat(32)}`;
const on = '[api]\nlisten = ["127.0.0.1:8025", "[::1]:8025"]\n';
const key = (name = 'shop', rest = ''): string =>
  `[[api_key]]\nname = "${name}"\nkey_hash = "${HASH}"\n${rest}\n`;

describe('[api] and [[api_key]]', () => {
  it('are off unless an address is named', () => {
    assert.deepEqual(good(load('')).config.api, { places: [], keys: [] });
  });

  it('name places and keys, which may send only, as anybody, 600 times a minute', () => {
    const { places, keys } = good(load(on + key())).config.api;
    assert.deepEqual(places, [
      { address: '127.0.0.1', port: 8025 },
      { address: '::1', port: 8025 },
    ]);
    assert.deepEqual(keys, [
      {
        name: 'shop',
        hash: { kind: 'here', value: new Uint8Array(32).fill(10) },
        scopes: ['send'],
        senders: null,
        requestsPerMinute: 600,
      },
    ]);
  });

  it('bind a key to senders and scopes', () => {
    const rest = 'scopes = ["send", "read"]\nsenders = ["example.test", "a@b.test"]\nrequests_per_minute = 5';
    const [made] = good(load(on + key('shop', rest))).config.api.keys;
    assert.deepEqual([made?.scopes, made?.requestsPerMinute], [['send', 'read'], 5]);
    assert.deepEqual(
      made?.senders?.map(({ kind }) => kind),
      ['domain', 'mailbox'],
    );
  });

  it('never show a hash', () => {
    const { effective } = good(load(on + key()));
    assert.ok(!JSON.stringify(effective).includes('0a0a'));
  });

  const account = '[[account]]\nuser = "shop"\npassword_hash_file = "x"\n';
  const wrong: [why: string, toml: string, path: string, message: RegExp][] = [
    ['a place for nobody', on, 'api.listen', /^nobody can hand in mail here: there is no \[\[api_key\]\]$/],
    ['a key without a place', key(), 'api_key', /^nobody can use it: api\.listen is empty$/],
    ['a name twice', on + key() + key(), 'api_key[1].name', /^is the same as in \[0\]$/],
    ['the name of an account', on + account + key(), 'api_key[0].name', /^is the name of account\[0\], too$/],
    [
      'no hash',
      `${on}[[api_key]]\nname = "shop"\n`,
      'api_key[0].key_hash',
      /^the hash of "shop": it is missing/,
    ],
    [
      'the key in place of its hash',
      `${on}[[api_key]]\nname = "shop"\nkey_hash = "waxwing_secret"\n`,
      'api_key[0].key_hash',
      /^the hash of "shop": is not the hash of an API key as `waxwing config api-key` prints it$/,
    ],
    [
      'a scope that is none',
      on + key('shop', 'scopes = ["admin"]'),
      'api_key[0].scopes[0]',
      /"send" or "read"/,
    ],
    ['no scope', on + key('shop', 'scopes = []'), 'api_key[0].scopes', /^must hold at least one scope$/],
    [
      'a name instead of an address',
      `[api]\nlisten = ["localhost:8025"]\n${key()}`,
      'api.listen[0]',
      /^"localhost/,
    ],
    [
      'a place that a listener has',
      listener('address = "127.0.0.1:8025"') + on + key(),
      'api.listen[0]',
      /^is taken already, by listener\[0\]\.address$/,
    ],
    [
      'a place twice',
      `[api]\nlisten = ["127.0.0.1:8025", "127.0.0.1:8025"]\n${key()}`,
      'api.listen[1]',
      /^is taken already, by api\.listen\[0\]$/,
    ],
  ];
  for (const [why, toml, path, message] of wrong)
    it(`are refused with ${why}`, () => {
      const errors = errorsOf(load(toml));
      const found = errors.find((error) => error.path === path);
      assert.match(found?.message ?? JSON.stringify(errors), message);
      assert.ok(!JSON.stringify(errors).includes('waxwing_secret'), 'a secret is repeated nowhere');
    });
});
