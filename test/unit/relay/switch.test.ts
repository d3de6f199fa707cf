import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import type { Override } from '../../../src/policies/overrides/override.ts';
import { startSwitchNotices, switchOn, switchText } from '../../../src/relay/switch.ts';

const general: Override = {
  domain: '*',
  level: 'may',
  until: Date.UTC(2026, 11, 24),
  reason: 'the provider strips STARTTLS',
  setAt: 0,
};

describe('the switch back to may for all mail', () => {
  it('is on until its time', () => {
    const at = (now: number): boolean =>
      switchOn({ overrides: { get: () => general }, now: () => now }) !== undefined;
    assert.equal(at(Date.UTC(2026, 11, 24) - 1), true);
    assert.equal(at(Date.UTC(2026, 11, 24)), false);
    assert.equal(switchOn({ overrides: { get: () => undefined }, now: () => 0 }), undefined);
  });

  it('is told in one sentence, with its end and its reason', () => {
    assert.match(
      switchText(general),
      /^TLS is required of no mail until 2026-12-24T00:00:00\.000Z, .* and at next hops that are named by address: the provider strips STARTTLS$/,
    );
  });

  it('is told at the start and each hour while it is on', () => {
    mock.timers.enable({ apis: ['setInterval'] });
    const told: string[] = [];
    let now = 0;
    const notices = startSwitchNotices(
      { overrides: { get: () => general }, now: () => now },
      (text) => void told.push(text),
    );
    assert.equal(told.length, 1);
    mock.timers.tick(3 * 60 * 60_000);
    assert.equal(told.length, 4);
    now = Date.UTC(2027, 0, 1);
    mock.timers.tick(60 * 60_000);
    assert.equal(told.length, 4);
    notices.close();
    mock.timers.reset();
  });
});
