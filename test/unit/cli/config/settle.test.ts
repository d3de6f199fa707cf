import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type LoadedConfig, type LoadRequest, loadConfig } from '../../../../src/cli/config/load.ts';
import { defaultSchedule } from '../../../../src/queue/schedule.ts';
import { configOf, good, host, load, route } from './support.ts';

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
      user: null,
      workers: 1,
      certificates: [],
      caFile: null,
      clientCaFile: null,
      dns: { resolvers: [], dnssec: 'validate', trusted: false, anchorFile: null, sha1: true },
      mtaSts: { httpsPort: 443, httpsAddress: null },
      check: { hello: { kind: 'domain', domain: 'host.example.test' }, optOutFile: null },
      listeners: [
        { role: 'submission', address: '127.0.0.1', port: 2525, tls: 'starttls', requireTls: false },
        { role: 'submission', address: '127.0.0.1', port: 4650, tls: 'implicit', requireTls: true },
      ].map((each) => ({
        ...each,
        networks: loopback,
        proxies: [],
        fronts: [],
        frontLogins: false,
        clientCertificates: 'off',
        bareLineEnding: 'refuse',
      })),
      accounts: [],
      accountsFile: null,
      accountDatabase: null,
      networkQuotas: [],
      inbound: [],
      inboundMemory: 'observe',
      list: null,
      memory: {
        mode: 'observe',
        leastSessions: 3,
        leastAgeMs: 7 * 86_400_000,
        giveWayAfterMs: 3 * 86_400_000,
        forgetAfterMs: 90 * 86_400_000,
      },
      reportOnly: { mode: 'on', keepMs: 30 * 86_400_000 },
      domains: [],
      authentication: null,
      routes: [],
      rules: [],
      dkim: [],
      bounces: {
        addresses: [],
        secretFile: null,
        delimiters: '+=',
        filter: '-=+',
        suppress: null,
      },
      forwarding: null,
      relay: {
        tls: 'may',
        smtpPort: 25,
        schedule: defaultSchedule,
        holds: {
          onBlocked: 'hold',
          noticeAfterMs: 15 * 60_000,
          probeAfterMs: [1, 2, 4, 8, 15].map((minutes) => minutes * 60_000),
        },
        keepFinalMs: 3 * 86_400_000,
        connections: 100,
        connectionsPerDestination: 20,
        connectionsPerHost: null,
        connectionsPerSecond: 500,
        messagesPerMinute: null,
        maxMessageBytes: 50_000_000,
        maxRecipients: 1000,
        maxHops: 100,
        demands: { requireTls: 'enforce', tlsRequiredNo: 'obey' },
        graceMs: 30_000,
      },
      limits: {
        sessions: 2000,
        sessionsPerAddress: 50,
        connectionsPerMinute: 120,
        messagesPerMinute: 600,
        recipientsPerMinute: 6000,
        loginFailures: 10,
        unknownRecipients: 100,
        network: { prefixes: { ipv4: 24, ipv6: 48 }, sessions: 500, connectionsPerMinute: 1200 },
        messagesPerSession: 1000,
        errorsPerSession: 10,
      },
      gateways: [],
      advisor: { connections: 2_000, answers: 100_000, listeners: [] },
      api: { places: [], keys: [] },
      metrics: null,
      tlsRpt: { keepMs: 10 * 24 * 60 * 60_000, socket: null },
      spool: '/home/op/.local/state/waxwing/spool',
      events: {
        log: { kind: 'file', path: '/home/op/.local/state/waxwing/events.ndjson', rotation: null },
        postfixLog: null,
      },
      webhooks: [],
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
  it('of many routes are found in linear time', () => {
    const toml = Array.from({ length: 20_000 }, (_, index) => route(`match = "h${index}.a.test"`)).join('');
    const started = performance.now();
    assert.deepEqual(good(load(toml)).warnings, []);
    assert.ok(performance.now() - started < 10_000);
  });
});
