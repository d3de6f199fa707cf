import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Observation } from '../../../src/findings/observation.ts';
import { portBlocked } from '../../../src/scanner/port-blocked.ts';
import { notConnected, observe } from '../../support/observations.ts';

type How = Parameters<typeof notConnected>[0] | 'connected';

function seen(address: string, serverName: string, how: How, port = 25): Observation {
  return observe({
    endpoint: { address, serverName, port },
    base: how === 'connected' ? {} : notConnected(how),
  });
}

const three = (how: How = 'timeout'): Observation[] => [
  seen('192.0.2.1', 'mx.one.test', 'timeout'),
  seen('198.51.100.1', 'mx.two.example', 'timeout'),
  seen('203.0.113.1', 'mx.three.invalid', how),
];

describe('whether this network blocks port 25', () => {
  const cases: [what: string, observations: readonly Observation[], kind: 'open' | 'blocked'][] = [
    ['nothing was tried', [], 'open'],
    ['three unrelated hosts time out', three(), 'blocked'],
    ['one of them answers', three('connected'), 'open'],
    ['one of them refuses: something came back', three('refused'), 'open'],
    ['one of them cannot be reached from here at all', three('no-route'), 'open'],
    [
      'three do, and of a fourth this host has no way to its network',
      [...three(), seen('2001:db8::1', 'mx.four.test', 'no-route')],
      'blocked',
    ],
    ['two hosts are too few', three().slice(0, 2), 'open'],
    [
      'three addresses of one network',
      ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map((address, index) =>
        seen(address, `mx.o${index}.test`, 'timeout'),
      ),
      'open',
    ],
    [
      'three hosts of one operator',
      ['192.0.2.1', '198.51.100.1', '203.0.113.1'].map((address, index) =>
        seen(address, `mx${index}.one.test`, 'timeout'),
      ),
      'open',
    ],
    [
      'another port',
      three().map(({ endpoint: { address, serverName } }) => seen(address, serverName ?? '', 'timeout', 587)),
      'open',
    ],
    [
      'addresses of this host are never blocked',
      ['127.0.2.1', '127.51.100.1', '127.0.113.1'].map((address, index) =>
        seen(address, `mx.o${index}.t${index}`, 'timeout'),
      ),
      'open',
    ],
  ];
  for (const [what, observations, kind] of cases) {
    it(`${what}: ${kind}`, () => {
      assert.equal(portBlocked(observations).kind, kind);
    });
  }

  it('names who did not answer', () => {
    const verdict = portBlocked(three());
    assert.match(verdict.kind === 'blocked' ? verdict.because : '', /mx\.one\.test \(192\.0\.2\.1\)/);
  });
});
