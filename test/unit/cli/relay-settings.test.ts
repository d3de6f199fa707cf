import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { readFiles } from '../../../src/cli/config/files.ts';
import { identitiesOf, keyPairsOf, relaySettingsOf } from '../../../src/cli/relay-settings.ts';
import type { Certificates } from '../../../src/net/certificates.ts';
import { createAuthority } from '../../support/certificates.ts';
import { configOf, domain, good, listener, load, mx, route } from './config/support.ts';

const data = await mkdtemp(join(tmpdir(), 'waxwing-settings-'));
after(() => rm(data, { recursive: true }));

it('every setting of the relay comes from its key', async () => {
  const toml = [
    '[limits]\nsessions = 3\nmessages_per_session = 4\nerrors_per_session = 6\nlogin_failures = 5',
    '[relay]\nmax_message_size = "1MiB"\nmax_recipients = 101\nmax_hops = 31\nconnections = 6',
    'connections_per_destination = 7\nkeep_final = "8s"\ngive_up_after = "9d"\nmessages_per_minute = 12\nconnections_per_host = 25\nconnections_per_second = 90',
    mx,
    domain('recipients = ["anna"]'),
  ].join('\n');
  const { config, effective } = good(load(toml));
  const { files } = await readFiles(config, effective, Date.now());
  assert.ok(files !== undefined);
  const certificates = {} as Certificates;
  const settings = relaySettingsOf(config, files, certificates, () => assert.fail('nobody asks'));
  assert.equal(settings.certificates, certificates);
  assert.equal(settings.listeners, config.listeners);
  assert.deepEqual(settings.domains[0]?.recipients, { kind: 'table', locals: new Set(['anna']) });
  const { limits, maxMessagesPerSession, maxErrorsPerSession } = settings;
  assert.deepEqual(
    [limits.sessions, limits.loginFailures, maxMessagesPerSession, maxErrorsPerSession],
    [3, 5, 4, 6],
  );
  assert.deepEqual([settings.maxMessageBytes, settings.maxRecipients, settings.maxHops], [2 ** 20, 101, 31]);
  const { connections, connectionsPerDestination, keepFinalMs, schedule } = settings.queue;
  assert.deepEqual([connections, connectionsPerDestination, keepFinalMs], [6, 7, 8000]);
  assert.equal(schedule.giveUpAfterMs, 9 * 86_400_000);
  assert.equal(settings.queue.messagesPerMinute, 12);
  assert.deepEqual([settings.queue.connectionsPerHost, settings.queue.connectionsPerSecond], [25, 90]);
});

it('who mail is from is asked where the operator wants it, and each domain has its own word', async () => {
  const settingsOf = async (toml: string) => {
    const { config, effective } = good(load(toml));
    const { files } = await readFiles(config, effective, Date.now());
    assert.ok(files !== undefined);
    return relaySettingsOf(config, files, {} as Certificates, lookUp).authentication;
  };
  const lookUp = () => assert.fail('nobody asks yet');
  assert.equal(await settingsOf(mx + domain()), null);
  const keys = 'evaluate = true\nspf_hard_fail = "reject"\ntrusted_sealers = ["Lists.test"]\nwithin = "3s"';
  const strict = domain('name = "strict.test"\ndmarc = "reject"');
  assert.deepEqual(
    await settingsOf(`hostname = "mx.test"\n[authentication]\n${keys}\n${mx}${domain()}${strict}`),
    {
      authservId: 'mx.test',
      actions: { dmarc: 'mark', spfHardFail: 'reject' },
      ofDomains: new Map([['strict.test', { dmarc: 'reject', spfHardFail: 'reject' }]]),
      trustedSealers: ['lists.test'],
      withinMs: 3_000,
      lookUp,
    },
  );
});

it('the listeners show the configured certificates, or the one of the first start', async () => {
  const config = { ...configOf(''), dataFolder: data };
  const files = {
    certificates: [],
    roots: [],
    anchors: [],
    accounts: [],
    databasePassword: null,
    apiKeys: [],
    domains: [],
    dkim: [],
    webhooks: [],
    forwarding: null,
    verpSecret: null,
    clientRoots: [],
    gateways: [],
    routes: [],
  };
  const [own] = await keyPairsOf(config, files, Date.now());
  assert.deepEqual(await keyPairsOf(config, files, Date.now()), [own], 'it is kept');
  const pair = await (await createAuthority()).issue({ names: ['relay.test'] });
  assert.deepEqual(await keyPairsOf(config, { ...files, certificates: [pair] }, Date.now()), [pair]);
});

describe('the names with which we introduce ourselves', () => {
  const names = (toml: string): readonly string[] => identitiesOf(configOf(toml)).map(({ name }) => name);
  const open = listener('address = "192.0.2.1:587"');

  it('are nobody’s business where only this host can reach us', () => assert.deepEqual(names(''), []));

  it('are the hostname and those of routes, each with what it is said from', () => {
    const toml =
      open +
      route('match = "a.test"\nhello = "out.example.net"\nsource = "192.0.2.9"') +
      route('match = "b.test"\nhello = "[192.0.2.1]"') +
      route('match = "c.test"');
    assert.deepEqual(names(toml), ['host.example.test', 'out.example.net']);
    assert.deepEqual(identitiesOf(configOf(toml))[1]?.addresses, ['192.0.2.9']);
  });

  it('are not addresses', () => assert.deepEqual(names(`hostname = "[192.0.2.1]"\n${open}`), []));
});
