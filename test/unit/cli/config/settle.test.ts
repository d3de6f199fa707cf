import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type LoadedConfig, type LoadRequest, loadConfig } from '../../../../src/cli/config/load.ts';
import { defaultSchedule } from '../../../../src/queue/schedule.ts';
import { configOf, good, host, listener, load, route } from './support.ts';

function dataFolderOf(env: LoadRequest['env'], isRoot: boolean): string {
  return configOf('', { env }, { isRoot }).dataFolder;
}

function named(hostname: string): Extract<LoadedConfig, { kind: 'ok' }> {
  return good(load('', {}, { hostname }));
}

describe('without any configuration', () => {
  const loopback = [
    { family: 'ipv4', address: '127.0.0.0', prefix: 8 },
    { family: 'ipv6', address: '::1', prefix: 128 },
  ];

  it('every default is in force', () => {
    const loaded = good(loadConfig({ env: {}, flags: {} }, host));
    assert.equal(loaded.file, undefined);
    assert.deepEqual(loaded.warnings, []);
    assert.deepEqual(loaded.config, {
      hostname: { kind: 'domain', domain: 'host.example.test' },
      dataFolder: '/home/op/.local/state/waxwing',
      tls: { certificate: null, caFile: null },
      dns: { resolvers: [] },
      listeners: [
        { role: 'submission', address: '127.0.0.1', port: 2525, tls: 'starttls', requireTls: false },
        { role: 'submission', address: '127.0.0.1', port: 4650, tls: 'implicit', requireTls: true },
      ].map((each) => ({ ...each, networks: loopback, bareLineEnding: 'refuse' })),
      routes: [],
      relay: {
        tls: 'may',
        smtpPort: 25,
        schedule: defaultSchedule,
        keepFinalMs: 3 * 86_400_000,
        connections: 100,
        connectionsPerDestination: 20,
        maxMessageBytes: 50_000_000,
        maxRecipients: 1000,
        maxHops: 100,
      },
      limits: { sessions: 2000 },
      events: { log: { kind: 'file', path: '/home/op/.local/state/waxwing/events.ndjson' } },
    });
    assert.ok(loaded.effective.every(({ origin }) => origin === 'default'));
  });

  it('the data folder is /var/lib/waxwing for root, else in the XDG state folder', () => {
    assert.equal(dataFolderOf({ XDG_STATE_HOME: '/state' }, true), '/var/lib/waxwing');
    assert.equal(dataFolderOf({ XDG_STATE_HOME: '/state' }, false), '/state/waxwing');
    assert.equal(dataFolderOf({ XDG_STATE_HOME: 'state' }, false), '/home/op/.local/state/waxwing');
    assert.equal(dataFolderOf({ XDG_STATE_HOME: '' }, false), '/home/op/.local/state/waxwing');
  });

  it("the system's name is used only where it is a domain, and questioned where it is not qualified", () => {
    assert.deepEqual(named('VM1').config.hostname, { kind: 'domain', domain: 'vm1' });
    assert.match(named('vm1').warnings[0] ?? '', /^hostname: vm1 is not fully qualified/);
    assert.deepEqual(named('my host').config.hostname, { kind: 'literal', address: '127.0.0.1' });
    assert.match(named('my host').warnings[0] ?? '', /^hostname: .*"my host", which is not a domain/);
  });
});

describe('warnings', () => {
  const cases: readonly (readonly [string, string, readonly RegExp[]])[] = [
    [
      'mail in clear',
      listener('address = "192.0.2.1:25"\nrequire_tls = false\nnetworks = ["192.0.2.0/24"]'),
      [/^listener\[0\].require_tls: .*in clear$/],
    ],
    [
      'nobody else may relay',
      listener('address = "192.0.2.1:587"'),
      [/^listener\[0\].networks: only this host may relay/],
    ],
    [
      'everyone may relay',
      listener('address = "[::]:587"\nnetworks = ["::/0"]'),
      [/^listener\[0\].networks: everyone may relay/],
    ],
    ['everyone on loopback is nobody', listener('address = "127.0.0.1:587"\nnetworks = ["0.0.0.0/0"]'), []],
    [
      'a route behind *',
      route('match = "*"') + route('match = "a.test"'),
      [/^route\[1\]: is never used, route\[0\]/],
    ],
    [
      'a route behind its suffix',
      route('match = ".test"') + route('match = ".a.test"'),
      [/^route\[1\]: is never used/],
    ],
    ['a suffix does not match itself', route('match = ".a.test"') + route('match = "a.test"'), []],
    [
      'names for nothing',
      route('match = "*"\nnames = ["a.test"]'),
      [/^route\[0\].names: is not used, the TLS level is may$/],
    ],
    [
      'names by the default level',
      `[relay]\ntls = "authenticate"\n${route('match = "*"\nnames = ["a.test"]')}`,
      [],
    ],
  ];
  for (const [why, toml, expected] of cases) {
    it(`${why}: ${expected.length}`, () => {
      const { warnings } = good(load(toml));
      assert.equal(warnings.length, expected.length, warnings.join('\n'));
      for (const [index, pattern] of expected.entries()) assert.match(warnings[index] ?? '', pattern);
    });
  }

  it('of many routes are found in linear time', () => {
    const toml = Array.from({ length: 20_000 }, (_, index) => route(`match = "h${index}.a.test"`)).join('');
    const started = performance.now();
    assert.deepEqual(good(load(toml)).warnings, []);
    assert.ok(performance.now() - started < 10_000);
  });
});
