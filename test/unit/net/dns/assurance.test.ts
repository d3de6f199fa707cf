import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { types } from '../../../../src/dns/record.ts';
import { Assurance } from '../../../../src/net/dns/assurance.ts';
import type { SelfTest } from '../../../../src/net/dns/self-test.ts';
import { name, record, soa } from '../../../support/dns/server.ts';
import { manualDeadlines } from '../../../support/manual-deadlines.ts';
import { type FakeClient, fakeClient, messageOf, type Said } from './clients.ts';

const ROOT = name('.');
const signedKeysOf = (zone: string): Said => ({
  answers: [
    record(zone, types.DNSKEY, Buffer.from([1, 0, 3, 8, 1, 2, 3])),
    record(zone, types.RRSIG, Buffer.from([0, types.DNSKEY, ...Array.from({ length: 20 }, () => 1)])),
  ],
});
const signedKeys = signedKeysOf('.');

interface Setting {
  readonly assurance: Assurance;
  readonly clients: readonly FakeClient[];
  readonly told: SelfTest['kind'][];
}

/** @param said by each resolver to everything; it can be changed. */
function setting(dnssec: 'validate' | 'trust' | 'off', said: (Said | 'silent')[]): Setting {
  const clients = said.map((_, index) => {
    const client = fakeClient(`192.0.2.${index}:53`);
    client.always = ({ answer, fail }) => {
      const now = said[index] ?? 'silent';
      if (now === 'silent') fail('is not there');
      else answer(now);
    };
    return client;
  });
  const told: SelfTest['kind'][] = [];
  const deadlines = manualDeadlines();
  const onChange = (test: SelfTest): void => void told.push(test.kind);
  const assurance = new Assurance({ dnssec, clients, zones: [ROOT], deadlines, timeoutMs: 1_000, onChange });
  return { assurance, clients, told };
}

const names = ({ assurance }: Setting): string => assurance.clients.map((client) => client.name).join(' ');

describe('the verdict', () => {
  it('is told when it is first known and when it is another one, not each time', async (t) => {
    const said: (Said | 'silent')[] = [signedKeys];
    const at = setting('validate', said);
    t.after(() => at.assurance.close(new Error('over')));
    assert.equal(at.assurance.result, undefined);
    await at.assurance.test();
    await at.assurance.test();
    said[0] = {};
    await at.assurance.test();
    await at.assurance.test();
    said[0] = 'silent';
    await at.assurance.test();
    said[0] = signedKeys;
    await at.assurance.test();
    assert.deepEqual(at.told, ['provable', 'unprovable', 'no-answer', 'provable']);
  });

  it('is sought once for all who ask at the same time', async (t) => {
    const at = setting('validate', [signedKeys]);
    t.after(() => at.assurance.close(new Error('over')));
    await Promise.all([at.assurance.test(), at.assurance.test()]);
    assert.equal(at.clients[0]?.put.length, 1);
  });

  it('of nothing is off, and nobody is asked', async () => {
    const at = setting('off', [signedKeys]);
    assert.equal((await at.assurance.test()).kind, 'off');
    assert.equal(at.clients[0]?.put.length, 0);
  });

  it('does not come any more after the end', async () => {
    const at = setting('validate', ['silent']);
    const [client] = at.clients;
    if (client !== undefined) client.always = undefined;
    const test = at.assurance.test();
    at.assurance.close(new Error('over'));
    await assert.rejects(test, /over/);
  });
});

describe('a ratchet: whoever is on the path cannot switch validation off later', () => {
  it('signed keys of an anchor, once seen, stay seen', async (t) => {
    const said: (Said | 'silent')[] = [{}];
    const at = setting('validate', said);
    t.after(() => at.assurance.close(new Error('over')));
    await at.assurance.test();
    assert.equal(at.assurance.everProvable, false);
    said[0] = signedKeys;
    await at.assurance.test();
    said[0] = {};
    await at.assurance.test();
    assert.equal(at.assurance.result?.kind, 'unprovable');
    assert.equal(at.assurance.everProvable, true);
  });

  it('wherever they were seen, but only those of an anchor', (t) => {
    const at = setting('validate', [{}]);
    t.after(() => at.assurance.close(new Error('over')));
    at.assurance.note({ name: ROOT, type: types.SOA }, messageOf(signedKeys));
    at.assurance.note({ name: name('test'), type: types.DNSKEY }, messageOf(signedKeysOf('test')));
    at.assurance.note({ name: ROOT, type: types.DNSKEY }, messageOf({}));
    assert.equal(at.assurance.everProvable, false);
    at.assurance.note({ name: ROOT, type: types.DNSKEY }, messageOf(signedKeys));
    assert.equal(at.assurance.everProvable, true);
  });

  it('a resolver that is believed proves nothing here', async (t) => {
    const at = setting('trust', [{ answers: [soa('.')], ad: true }]);
    t.after(() => at.assurance.close(new Error('over')));
    await at.assurance.test();
    assert.equal(at.assurance.everProvable, false);
  });
});

describe('who is asked', () => {
  it('are those that give what it takes; where none does, all', async (t) => {
    const said: (Said | 'silent')[] = [{}, signedKeys, 'silent'];
    const at = setting('validate', said);
    t.after(() => at.assurance.close(new Error('over')));
    assert.equal(names(at), '192.0.2.0:53 192.0.2.1:53 192.0.2.2:53');
    await at.assurance.test();
    assert.equal(names(at), '192.0.2.1:53');
    said[1] = {};
    await at.assurance.test();
    assert.equal(names(at), '192.0.2.0:53 192.0.2.1:53 192.0.2.2:53');
  });

  it('and with what: DO and CD, or AD, or nothing; DO beside AD only where it takes that', async (t) => {
    const wishesOf = ({ assurance, clients }: Setting, index: number): string => {
      const client = clients[index] ?? assert.fail();
      const { dnssecOk, checkingDisabled, authenticData } = assurance.wishesFor(client);
      return [dnssecOk ? 'DO' : '', checkingDisabled ? 'CD' : '', authenticData ? 'AD' : ''].join(' ').trim();
    };
    assert.equal(wishesOf(setting('validate', [{}]), 0), 'DO CD');
    assert.equal(wishesOf(setting('off', [{}]), 0), '');
    const at = setting('trust', [{ answers: [soa('.')], ad: true }, {}]);
    t.after(() => at.assurance.close(new Error('over')));
    const [, second] = at.clients;
    if (second !== undefined) {
      second.always = ({ answer, wishes }) => answer({ answers: [soa('.')], ad: wishes.dnssecOk });
    }
    await at.assurance.test();
    assert.equal(wishesOf(at, 0), 'AD');
    assert.equal(wishesOf(at, 1), 'DO  AD');
  });
});
