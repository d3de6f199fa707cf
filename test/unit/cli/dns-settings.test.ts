import assert from 'node:assert/strict';
import { it } from 'node:test';
import { resolverOptionsOf } from '../../../src/cli/dns-settings.ts';
import { ianaAnchors } from '../../../src/dns/anchors.ts';
import { systemUpstreams } from '../../../src/net/dns/upstream.ts';
import { configOf, plain } from './config/support.ts';

const terms = { whenUnprovable: 'use', timeoutMs: 5000, onNotice: () => undefined } as const;
const files = { roots: ['PEM'], anchors: ianaAnchors };

it('every setting of the resolver comes from its key', () => {
  const toml =
    '[dns]\nresolver = ["127.0.0.1", "tls://192.0.2.53#dns.example"]\ndnssec = "off"\nsha1 = false\n';
  const options = resolverOptionsOf(configOf(toml), files, terms);
  assert.deepEqual(options.upstreams, [
    plain('127.0.0.1'),
    {
      address: '192.0.2.53',
      port: 853,
      transport: { kind: 'tls', host: { kind: 'name', name: 'dns.example' } },
    },
  ]);
  assert.deepEqual([options.dnssec, options.sha1, options.roots], ['off', false, ['PEM']]);
  assert.equal(options.anchors, ianaAnchors);
  assert.deepEqual([options.whenUnprovable, options.timeoutMs], ['use', 5000]);
});

it("the system's resolvers are asked where none is named", () => {
  assert.deepEqual(resolverOptionsOf(configOf(''), files, terms).upstreams, systemUpstreams());
});

it('nobody can foresee what makes a question hard to forge', () => {
  const { random } = resolverOptionsOf(configOf(''), files, terms);
  assert.equal(random(32).length, 32);
  assert.notDeepEqual(random(32), random(32));
});
