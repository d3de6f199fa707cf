/** How long messages of signed zones are kept, and what happens where one of them proves nothing. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { type ResourceRecord, types } from '../../../../src/dns/record.ts';
import { openResolver, type Resolver } from '../../../../src/net/dns/resolver.ts';
import { answerOver } from '../../../support/dns/authority.ts';
import { build, type Hierarchy, now, type ZoneSpec } from '../../../support/dns/hierarchy.ts';
import { anchorsOf } from '../../../support/dns/replay.ts';
import { question, type Received, says, startScriptedServer } from '../../../support/dns/server.ts';
import { plain } from './asking.ts';

const WWW = question('www.leaf.test', types.A);
const text = 'www A 192.0.2.1\nalias CNAME www\n';
const world = (signing: ZoneSpec['signing'] = {}): Hierarchy =>
  build([{ name: '.' }, { name: 'test.' }, { name: 'leaf.test.', text, signing }]);

interface Setting {
  readonly resolver: Resolver;
  readonly asked: Received[];
  zones: Hierarchy;
  /** What becomes of the records of an answer. */
  change: (query: Received, records: readonly ResourceRecord[]) => readonly ResourceRecord[];
  /** Milliseconds. */
  clock: number;
}

async function setting(t: TestContext, zones: Hierarchy): Promise<Setting> {
  const made = {
    zones,
    asked: [] as Received[],
    clock: now * 1000,
    change: (_query: Received, records: readonly ResourceRecord[]) => records,
  };
  const server = await startScriptedServer(t, (query) => {
    made.asked.push(query);
    const { rcode, answers, authority } = answerOver(made.zones.zones, query.question);
    return says(query, { rcode, answers: made.change(query, answers), authority });
  });
  const resolver = openResolver({
    upstreams: [plain(server)],
    dnssec: 'validate',
    whenUnprovable: 'refuse',
    anchors: anchorsOf([zones.ds('.')]),
    sha1: true,
    now: () => made.clock,
    random: randomBytes,
    timeoutMs: 1_000,
    onNotice: () => undefined,
  });
  t.after(() => resolver.close());
  return Object.assign(made, { resolver });
}

const spoiled = (records: readonly ResourceRecord[]): readonly ResourceRecord[] =>
  records.map((one) =>
    one.type === types.RRSIG
      ? { ...one, data: Uint8Array.from(one.data, (octet, at) => (at === 60 ? octet ^ 1 : octet)) }
      : one,
  );

describe('RFC 4035 §4.7: what was bogus once is asked for again', () => {
  for (const [what, name, type] of [
    ['an answer', 'www.leaf.test', types.A],
    ['an alias', 'alias.leaf.test', types.A],
    ['the DS of a zone', 'leaf.test', types.DS],
    ['the keys of a zone', 'leaf.test', types.DNSKEY],
    ['the keys of the anchor', '.', types.DNSKEY],
  ] as const) {
    it(`${what}, however long its records say that they live`, async (t) => {
      const at = await setting(t, world());
      const spoilt = question(name, type);
      at.change = (query, records) =>
        query.question.name === spoilt.name && query.question.type === type ? spoiled(records) : records;
      const wanted = type === types.A ? spoilt : WWW;
      assert.equal((await at.resolver.lookUp(wanted)).status, 'bogus');
      at.change = (_query, records) => records;
      at.clock += 30_000;
      const again = await at.resolver.lookUp(wanted);
      assert.equal(again.status, 'secure', again.because);
    });
  }
});

it('a clock that is set back gives nothing more time to live', async (t) => {
  const at = await setting(t, world());
  const fresh = await at.resolver.lookUp(WWW);
  at.clock -= 3_000_000;
  assert.equal((await at.resolver.lookUp(WWW)).ttl, fresh.ttl);
});

describe('RFC 4035 §5.3.3: a message is kept no longer than', () => {
  it('its signatures are good', async (t) => {
    const at = await setting(t, world({ expiration: now + 100 }));
    assert.equal((await at.resolver.lookUp(WWW)).ttl, 100);
    const before = at.asked.length;
    at.clock += 101_000;
    await at.resolver.lookUp(WWW);
    const repeated = at.asked.slice(before).map((query) => query.question.type);
    assert.ok(repeated.includes(types.A) && repeated.includes(types.DNSKEY), String(repeated));
  });

  it('its signer wanted, whatever its TTL has become on the way', async (t) => {
    const at = await setting(t, world());
    at.change = (query, records) =>
      query.question.type === types.A ? records.map((one) => ({ ...one, ttl: 80_000 })) : records;
    assert.equal((await at.resolver.lookUp(WWW)).ttl, 3600);
    const before = at.asked.length;
    at.clock += 3_601_000;
    await at.resolver.lookUp(WWW);
    assert.ok(at.asked.slice(before).some((query) => query.question.type === types.A));
  });
});
