import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gatekeeper, lacks } from '../../../../src/relay/http-api/gatekeeper.ts';
import { madeKey } from '../../../support/http-api.ts';

const MINUTE = 60_000;

function gate(made = madeKey('shop', ['send'], { requestsPerMinute: 2 })) {
  let now = 0;
  const told: string[] = [];
  const keys = [made.settings];
  const guard = gatekeeper({
    keys: () => keys,
    failures: () => 2,
    now: () => now,
    onOddity: (what) => told.push(what),
  });
  return {
    told,
    keys,
    admit: (key: string | undefined, address = '192.0.2.1') => guard.admit(key, address),
    right: `Bearer ${made.key}`,
    later: (ms: number) => {
      now += ms;
    },
  };
}

const status = (answer: ReturnType<ReturnType<typeof gate>['admit']>): number | string =>
  answer.kind === 'ok' ? answer.key.name : answer.status;

describe('the gate', () => {
  it('lets a key in, by the scheme Bearer in any case (RFC 9110 §11.1)', () => {
    const { admit, right } = gate();
    assert.equal(status(admit(right)), 'shop');
    assert.equal(status(admit(right.replace('Bearer', 'bEARER'))), 'shop');
  });

  it('knows no other scheme', () => {
    const { admit, right } = gate();
    assert.equal(status(admit(undefined)), 401);
    assert.equal(status(admit(right.replace('Bearer', 'Basic'))), 401);
    assert.equal(status(admit(right.replace('Bearer ', ''))), 401);
  });

  it('counts what a key does by the minute, and no key pays for another', () => {
    const { admit, right, later, keys } = gate();
    const other = madeKey('blog');
    keys.push(other.settings);
    assert.deepEqual([admit(right), admit(right), admit(right)].map(status), ['shop', 'shop', 429]);
    assert.equal(status(admit(`Bearer ${other.key}`)), 'blog');
    later(MINUTE / 2);
    assert.deepEqual([admit(right), admit(right)].map(status), ['shop', 429]);
  });

  it('counts wrong keys by address, an IPv6 one by its /64, and tells of it once', () => {
    const { admit, told, right, later } = gate();
    const wrong = `Bearer ${madeKey('x').key}`;
    const at = (address: string) => status(admit(wrong, address));
    assert.deepEqual(
      [at('2001:db8::1'), at('2001:db8::2'), at('2001:db8::3'), at('2001:db8::4')],
      [401, 401, 429, 429],
    );
    assert.equal(at('2001:db8:0:1::1'), 401);
    assert.equal(status(admit(right, '2001:db8::1')), 'shop', 'a right key is no guess');
    assert.deepEqual(told, ['too many wrong API keys']);
    later(11 * MINUTE);
    assert.equal(at('2001:db8::1'), 401);
  });

  it('does not count who has no key at all: a page of a browser, a probe', () => {
    const { admit } = gate();
    for (let count = 0; count < 9; count++) assert.equal(status(admit(undefined)), 401);
  });
});

describe('a scope', () => {
  it('is had or lacked', () => {
    const { settings } = madeKey('shop', ['send']);
    assert.equal(lacks(settings, 'read', 'send'), undefined);
    assert.equal(lacks(settings, 'read', 'queue')?.error, 'the key shop lacks the scope read or queue');
  });
});
