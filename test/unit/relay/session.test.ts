import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Domain, parseDomain } from '../../../src/names/domain.ts';
import { keyOf, type Way } from '../../../src/relay/session.ts';

function domain(text: string): Domain {
  const parsed = parseDomain(text);
  return parsed.kind === 'ok' ? parsed.value : assert.fail(parsed.because);
}

const decision: Way['decision'] = {
  requires: 'authenticate',
  provesName: true,
  dane: null,
  tryTls: 'yes',
  by: 'override',
  match: [{ kind: 'name', name: domain('far.test') }],
  because: 'x',
};
const hop: Way['hop'] = {
  host: 'mx.test',
  serverName: domain('mx.test'),
  address: '192.0.2.1',
  port: 25,
  decision,
};
const way: Way = {
  hop,
  protocol: 'smtp',
  decision,
  login: null,
  hello: { kind: 'domain', domain: domain('relay.test') },
  source: null,
};

describe('sessions that are the same', () => {
  const login = { user: 'a', password: 'secret' };
  const others: readonly (readonly [string, Partial<Way>])[] = [
    ['another host', { hop: { ...hop, host: 'mx2.test' } }],
    ['another address', { hop: { ...hop, address: '192.0.2.2' } }],
    ['another port', { hop: { ...hop, port: 26 } }],
    ['another protocol', { protocol: 'lmtp' }],
    ['TLS first', { protocol: 'smtps' }],
    ['a weaker requirement', { decision: { ...decision, requires: 'none' } }],
    ['no TLS wanted', { decision: { ...decision, tryTls: 'no' } }],
    [
      'another name to prove',
      { decision: { ...decision, match: [{ kind: 'name', name: domain('mx.test') }] } },
    ],
    ['a login', { login }],
    ['the login of somebody else', { login: { user: 'b', password: 'secret' } }],
    ['another name of ours', { hello: { kind: 'domain', domain: domain('other.test') } }],
    ['another address of ours', { source: '192.0.2.9' }],
  ];

  it('differ in nothing that was agreed on or proved', () => {
    const keys = [way, ...others.map(([, change]) => ({ ...way, ...change }))].map(keyOf);
    for (const [index, [what]] of others.entries()) assert.notEqual(keys[index + 1], keys[0], what);
    assert.equal(new Set(keys).size, keys.length);
  });

  it('may have been decided for another reason, but by the same layer, which their events name', () => {
    assert.equal(keyOf({ ...way, decision: { ...decision, because: 'y' } }), keyOf(way));
    assert.notEqual(keyOf({ ...way, decision: { ...decision, by: 'sts' } }), keyOf(way));
  });

  it('were opened under the same word, where an operator made an exception: their events name it', () => {
    const under = (because: string) =>
      keyOf({ ...way, decision: { ...decision, overridden: true, because } });
    assert.equal(
      new Set([keyOf(way), under('released: x'), under('released: y'), under('released: x')]).size,
      3,
    );
  });

  it('a user is no way to look like another one, and the password is in no key', () => {
    const keys = ['a b', 'a', '"', ''].map((user) => keyOf({ ...way, login: { user, password: 'secret' } }));
    assert.equal(new Set([...keys, keyOf(way)]).size, 5);
    for (const key of keys) assert.doesNotMatch(key, /secret/);
  });
});
