import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bodyOf, signedContent, wants } from '../../../src/events/webhook.ts';
import { parseDomain } from '../../../src/names/domain.ts';
import type { NamePattern } from '../../../src/policies/overrides/route.ts';

function pattern(kind: NamePattern['kind'], text: string): NamePattern {
  const domain = parseDomain(text);
  assert.ok(domain.kind === 'ok');
  return { kind, domain: domain.value };
}

const event = { event: 'delivered', from: 'a@origin.test', to: 'b@sub.far.test' } as const;

describe('a filter', () => {
  it('by names', () => {
    assert.ok(wants({ names: null, domains: null }, event));
    assert.ok(wants({ names: new Set(['delivered']), domains: null }, event));
    assert.ok(!wants({ names: new Set(['bounced']), domains: null }, event));
  });

  it('by the domain of the sender or of the recipient', () => {
    const only = (...domains: readonly NamePattern[]) => ({ names: null, domains });
    assert.ok(wants(only(pattern('domain', 'origin.test')), event));
    assert.ok(wants(only(pattern('below', 'far.test')), event));
    assert.ok(!wants(only(pattern('domain', 'far.test')), event));
    assert.ok(wants(only(pattern('domain', 'other.test'), pattern('domain', 'sub.far.test')), event));
    assert.ok(wants(only(pattern('domain', 'xn--bcher-kva.test')), { ...event, to: 'a@bücher.test' }));
  });

  it('by domain passes nothing that has none', () => {
    const filter = { names: null, domains: [pattern('domain', 'origin.test')] };
    assert.ok(!wants(filter, { event: 'credential-exposed', from: null, to: null }));
    assert.ok(!wants(filter, { event: 'bounced', from: '', to: 'b@far.test' }));
    assert.ok(!wants(filter, { event: 'bounced', from: 'no address', to: 'a@[192.0.2.1]' }));
  });
});

it('a body is a JSON array of the lines as they are', () => {
  assert.equal(bodyOf(['{"a":1}', '{"b":2}']), '[{"a":1},\n{"b":2}]');
});

it('Standard Webhooks: id, time and body, joined by full stops, are signed', () => {
  assert.equal(signedContent('msg_1', 1_764_331_200, '[]'), 'msg_1.1764331200.[]');
});
