import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { type LookUps, openRelayDns, type RelayDns } from '../../../src/cli/relay-dns.ts';
import { ianaAnchors } from '../../../src/dns/anchors.ts';
import { types } from '../../../src/dns/record.ts';
import { NetworkError } from '../../../src/net/error.ts';
import { a, question, type Script, says, startScriptedServer } from '../../support/dns/server.ts';
import { eventually } from '../../support/relay.ts';
import { configOf } from './config/support.ts';

const FAR = question('far.test', types.A);
const files = { roots: [], anchors: ianaAnchors };
/** Knows one address for everything, and nothing of DNSSEC. */
const simple: Script = (query) =>
  says(query, { answers: query.question.type === types.A ? [a(query.question.name, '192.0.2.1')] : [] });

interface Setting {
  readonly dns: RelayDns;
  readonly logged: string[];
  /** The look-ups of a configuration with this in its table. */
  readonly of: (rest?: string) => LookUps;
}

async function setting(t: TestContext): Promise<Setting> {
  const { port } = await startScriptedServer(t, simple);
  const logged: string[] = [];
  const note = (level: string) => (text: unknown) => void logged.push(`${level}: ${String(text)}`);
  const dns = openRelayDns({ info: note('info'), error: note('error') });
  t.after(() => dns.close());
  return {
    dns,
    logged,
    of: (rest = '') => dns.of(configOf(`[dns]\nresolver = ["127.0.0.1:${port}"]\n${rest}\n`), files),
  };
}

it('where nothing can be proven mail goes on as it did, and the log says so once', async (t) => {
  const { of, logged } = await setting(t);
  const answer = await of().resolve(FAR);
  assert.deepEqual([answer.kind, answer.status], ['found', 'indeterminate']);
  await eventually('the line in the log', () => logged[0]);
  assert.equal(logged.length, 1);
  assert.match(logged[0] ?? '', /^error: .*gives no DNSSEC records/);
});

it('the self-test begins with the relay, not with its first mail', async (t) => {
  const { of, logged } = await setting(t);
  of();
  assert.match(await eventually('the line in the log', () => logged[0]), /DNSSEC/);
});

it('a reload that changes nothing of the DNS goes on with the same look-ups, and with what they know', async (t) => {
  const { dns, of } = await setting(t);
  const before = of();
  dns.use(before);
  assert.equal(of(), before);
  dns.use(of());
  assert.equal((await before.resolve(FAR)).kind, 'found');
});

it('one that does begins anew, and whoever is at it ends with the former', async (t) => {
  const { dns, of } = await setting(t);
  const before = of();
  const next = of('dnssec = "off"');
  assert.notEqual(next, before);
  dns.use(next);
  for (const one of [before, next]) assert.equal((await one.resolve(FAR)).kind, 'found');
  assert.equal(of('dnssec = "off"'), next);
});

it('closing ends all of them', async (t) => {
  const { dns, of } = await setting(t);
  const before = of();
  dns.use(of('dnssec = "off"'));
  await dns.close();
  await assert.rejects(before.resolve(FAR), NetworkError);
  await assert.rejects(of('dnssec = "off"').resolve(FAR), NetworkError);
});
