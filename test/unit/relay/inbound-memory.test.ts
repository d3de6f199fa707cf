import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { type Domain, parseDomain } from '../../../src/names/domain.ts';
import { type Mailbox, parseMailbox } from '../../../src/names/mailbox.ts';
import type { InboundKey, InboundRow } from '../../../src/policies/memory/inbound.ts';
import {
  type InboundMemory,
  type InboundMemoryParts,
  openInboundMemory,
} from '../../../src/relay/inbound-memory.ts';

const DAY = 24 * 60 * 60_000;

function sender(text: string): Mailbox {
  const parsed = parseMailbox(text);
  return parsed.kind === 'ok' ? parsed.value : assert.fail(parsed.because);
}

function domain(text: string): Domain {
  const parsed = parseDomain(text);
  return parsed.kind === 'ok' ? parsed.value : assert.fail(parsed.because);
}

/** A store that remembers, and can fail. */
function storeOf() {
  const rows = new Map<string, InboundRow>();
  const keyOf = (key: InboundKey): string => `${key.client} ${key.domain}`;
  const store = {
    fails: false,
    writes: 0,
    rows,
    list: () => [...rows.values()],
    seenSince: (at: number) =>
      [...rows.values()].filter(({ lastAt, clearAt }) => Math.max(lastAt, clearAt ?? 0) >= at),
    write(
      changed: readonly InboundRow[],
      gone: readonly InboundKey[],
      merged: (kept: InboundRow, row: InboundRow) => InboundRow,
    ) {
      if (store.fails) throw new Error('disk full');
      store.writes += 1;
      for (const key of gone) rows.delete(keyOf(key));
      for (const row of changed) {
        const kept = rows.get(keyOf(row));
        rows.set(keyOf(row), kept === undefined ? row : merged(kept, row));
      }
    },
  };
  return store;
}

function setting(t: TestContext, parts: Partial<InboundMemoryParts> = {}) {
  const clock = { now: 0 };
  const errors: string[] = [];
  const store = storeOf();
  const open = (): InboundMemory =>
    openInboundMemory({ store, now: () => clock.now, onError: (what) => errors.push(what), ...parts });
  const memory = open();
  t.after(() => memory.close());
  return { clock, errors, store, memory, open };
}

type Setting = ReturnType<typeof setting>;

const mail = (address: string, from: string | null, overTls: boolean) => ({
  address,
  sender: from === null ? null : sender(from),
  overTls,
});

/** Comes over TLS on the days 0, 4 and 8. */
function grow({ memory, clock }: Setting, address: string, from: string): void {
  for (const day of [0, 4, 8]) {
    clock.now = day * DAY;
    memory.note(mail(address, from, true));
  }
}

const REAL = '192.0.2.1';
const FORGER = '198.51.100.66';
const anna = 'anna@victim.test';

describe('a server whose mail has always come over TLS', () => {
  it('is sent away in clear, for the time being, where that is enforced', (t) => {
    const here = setting(t);
    grow(here, REAL, anna);
    const refusal = here.memory.refusal(mail(REAL, anna, false), 'enforce');
    assert.deepEqual([refusal?.code, refusal?.enhanced], [450, '4.7.0']);
    assert.match(refusal?.text ?? '', /mail of victim\.test from 192\.0\.2\.1 .* since 1970-01-01/);
    assert.equal(here.memory.of(domain('victim.test'))[0]?.clear, 1);
  });
  it('is let in over TLS', (t) => {
    const here = setting(t);
    grow(here, REAL, anna);
    assert.equal(here.memory.refusal(mail(REAL, anna, true), 'enforce'), undefined);
  });
  it('is let in where that is only observed, and told', (t) => {
    const here = setting(t);
    grow(here, REAL, anna);
    assert.equal(here.memory.refusal(mail(REAL, anna, false), 'observe'), undefined);
    assert.equal(here.memory.note(mail(REAL, anna, false))?.sessions, 3);
    // It has not always come over TLS now.
    assert.equal(here.memory.refusal(mail(REAL, anna, false), 'enforce'), undefined);
    assert.equal(here.memory.note(mail(REAL, anna, false)), undefined);
  });
  it('is one host: an address of IPv4, or a /64 of IPv6', (t) => {
    const here = setting(t);
    grow(here, '2001:db8::1', anna);
    assert.notEqual(here.memory.refusal(mail('2001:db8::2', anna, false), 'enforce'), undefined);
    assert.equal(here.memory.refusal(mail('2001:db8:0:1::2', anna, false), 'enforce'), undefined);
  });
  it('may send mail of other domains as it likes', (t) => {
    const here = setting(t);
    grow(here, REAL, anna);
    assert.equal(here.memory.refusal(mail(REAL, 'a@other.test', false), 'enforce'), undefined);
    assert.equal(here.memory.refusal(mail(REAL, null, false), 'enforce'), undefined);
  });
});

describe('whoever forges MAIL FROM', () => {
  it('cannot raise what is expected of the real servers of a domain, to have their mail sent away', (t) => {
    const here = setting(t);
    grow(here, FORGER, anna);
    assert.equal(here.memory.refusal(mail(REAL, anna, false), 'enforce'), undefined);
  });
  it('cannot lower it, to take their TLS away unseen', (t) => {
    const here = setting(t);
    grow(here, REAL, anna);
    here.memory.note(mail(FORGER, anna, false));
    assert.notEqual(here.memory.refusal(mail(REAL, anna, false), 'enforce'), undefined);
  });
  it('cannot push out what is known with ever new domains from one address', (t) => {
    const here = setting(t, { most: 1_000, mostYoungOfClient: 10 });
    here.memory.note(mail(REAL, anna, true));
    for (let n = 0; n < 5_000; n++) here.memory.note(mail(FORGER, `a@d${n}.test`, true));
    assert.equal(here.memory.of(domain('victim.test')).length, 1);
    here.memory.flush();
    assert.equal(here.store.rows.size, 11);
  });
  it('cannot push out what is expected, from however many addresses', (t) => {
    const here = setting(t, { most: 50 });
    grow(here, REAL, anna);
    for (let n = 0; n < 1_000; n++) here.memory.note(mail(`203.0.${n >> 8}.${n & 255}`, 'a@d.test', true));
    assert.notEqual(here.memory.refusal(mail(REAL, anna, false), 'enforce'), undefined);
    here.memory.flush();
    assert.equal(here.store.rows.size, 51);
  });
});

describe('what is remembered', () => {
  it('outlives a restart', (t) => {
    const here = setting(t);
    grow(here, REAL, anna);
    here.memory.close();
    const again = here.open();
    t.after(() => again.close());
    assert.notEqual(again.refusal(mail(REAL, anna, false), 'enforce'), undefined);
  });
  it('is written together, never once for each message', (t) => {
    const here = setting(t);
    for (let n = 0; n < 100; n++) here.memory.note(mail(`203.0.113.${n}`, anna, true));
    assert.equal(here.store.writes, 0);
    here.memory.flush();
    here.memory.flush();
    assert.equal(here.store.writes, 1);
    assert.equal(here.store.rows.size, 100);
  });
  it('is kept for the next time where it cannot be written', (t) => {
    const here = setting(t);
    here.memory.note(mail(REAL, anna, true));
    here.store.fails = true;
    here.memory.flush();
    assert.deepEqual(here.errors, ['writing the memory of inbound TLS']);
    here.store.fails = false;
    here.memory.flush();
    assert.equal(here.store.rows.size, 1);
  });
  it('is gone at the word of an operator, and stays away', (t) => {
    const here = setting(t);
    grow(here, REAL, anna);
    grow(here, FORGER, anna);
    assert.equal(here.memory.purge(domain('victim.test')), 2);
    assert.equal(here.store.rows.size, 0);
    assert.equal(here.memory.refusal(mail(REAL, anna, false), 'enforce'), undefined);
    assert.equal(here.memory.purge(domain('victim.test')), 0);
  });
  it('is gone after a message in clear of whoever is little known', (t) => {
    const here = setting(t);
    here.memory.note(mail(REAL, anna, true));
    here.memory.note(mail(REAL, anna, false));
    assert.deepEqual(here.memory.of(domain('victim.test')), []);
  });
});

describe('several processes with one memory', () => {
  it('learn of what the others have seen within half a minute', (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const here = setting(t, { shared: true });
    const other = here.open();
    t.after(() => other.close());
    grow(here, REAL, 'anna@partner.test');
    here.memory.flush();
    const clear = mail(REAL, 'anna@partner.test', false);
    assert.equal(other.refusal(clear, 'enforce'), undefined);
    t.mock.timers.tick(30_000);
    assert.notEqual(other.refusal(clear, 'enforce'), undefined);
  });
});
