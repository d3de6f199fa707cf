import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadConfig } from '../../../src/cli/config/load.ts';
import { privilegedPlaces, refuseStrangers } from '../../../src/cli/places.ts';

const listeners = [
  { role: 'submission', address: '[::]:587', tls: 'starttls' },
  { role: 'submission', address: '127.0.0.1:25' },
  { role: 'submission', address: '127.0.0.1:0' },
  { role: 'submission', address: '127.0.0.1:2525' },
];

function config() {
  const loaded = loadConfig({
    env: { WAXWING_HOSTNAME: 'relay.test', WAXWING_LISTENER: JSON.stringify(listeners) },
    flags: {},
  });
  assert.ok(loaded.kind === 'ok', JSON.stringify(loaded));
  return loaded.config;
}

describe('sockets that are handed over', () => {
  it('are taken where a listener has their address, however it is written', () => {
    refuseStrangers({ left: [{ address: '::', port: 587, name: 'waxwing.socket' }] }, config());
  });

  it('are refused, each by its address and unit, where none has it', () => {
    const left = [
      { address: '::', port: 587, name: 'waxwing.socket' },
      { address: '::', port: 25, name: 'waxwing.socket' },
      { address: '0.0.0.0', port: 465, name: 'tls' },
    ];
    assert.throws(() => refuseStrangers({ left }, config()), {
      message:
        'no [[listener]] and no [[gateway]] has the address of a socket that is handed over: [::]:25 (waxwing.socket), 0.0.0.0:465 (tls)',
    });
  });
});

describe('what takes root to bind', () => {
  it('are the ports below 1024 of listeners and gateways', () => {
    assert.deepEqual(privilegedPlaces(config()), [
      { kind: 'bind', address: '::', port: 587 },
      { kind: 'bind', address: '127.0.0.1', port: 25 },
    ]);
  });
});
