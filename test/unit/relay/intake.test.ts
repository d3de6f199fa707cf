import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { parseMailbox } from '../../../src/names/mailbox.ts';
import { type IntakeParts, takeMessage } from '../../../src/relay/intake.ts';
import type { NewMessage, QueueStore } from '../../../src/store/queue-store.ts';
import { StoreError } from '../../../src/store/store-error.ts';

function mailbox(text: string) {
  const parsed = parseMailbox(text);
  return parsed.kind === 'ok' ? parsed.value : assert.fail(parsed.because);
}

const sender = mailbox('a@sender.test');
const envelope = {
  hello: 'client.test',
  extended: true,
  tls: undefined,
  sender,
  recipients: [mailbox('b@example.test')],
};
const content = Buffer.from('Subject: x\r\n\r\nhello\r\n');
const facts = { size: content.length, eightBit: false, longestLine: 10 };

/** An intake whose store keeps nothing until the test says so. */
function intake(t: TestContext, accept: (message: NewMessage) => Promise<void>, maxHops = 10) {
  const incoming = mkdtempSync(join(tmpdir(), 'waxwing-intake-'));
  t.after(() => rmSync(incoming, { recursive: true }));
  const happened: string[] = [];
  const unused = (): never => assert.fail('the intake has no business with this');
  const store: QueueStore = {
    accept,
    claim: unused,
    settle: unused,
    body: unused,
    list: unused,
    show: unused,
    nudge: unused,
    nextDue: unused,
    purge: unused,
    close: unused,
  };
  const parts: IntakeParts = {
    settings: { hostname: sender.at, routes: [], maxHops, incoming },
    store,
    contents: {
      remember: () => happened.push('remembered'),
      forget: unused,
      source: unused,
      head: unused,
    },
    world: { now: () => 1_763_779_200_000, random: () => 0 },
    onOffered: () => happened.push('offered'),
    onKept: (events) => happened.push(...events.map(({ event }) => event)),
    onError: (what) => happened.push(what),
  };
  const open = () => takeMessage(parts, { address: '127.0.0.1', by: 'smtp', requires: 'none' }, envelope);
  return { open, happened, incoming };
}

describe('a message is taken', () => {
  it('only once the store has it: until then there is no answer', async (t) => {
    const kept = Promise.withResolvers<void>();
    const { open, happened } = intake(t, () => kept.promise);
    const sink = open();
    void sink.write(content);
    let answer: string | undefined;
    const finished = sink.finish(facts).then(({ kind }) => (answer = kind));
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(answer, undefined);
    assert.deepEqual(happened, ['offered']);
    kept.resolve();
    await finished;
    assert.equal(answer, 'kept');
    assert.deepEqual(happened, ['offered', 'remembered', 'received']);
  });

  it('with one Received field in front, and nothing else changed', async (t) => {
    let stored: NewMessage | undefined;
    const { open } = intake(t, (message) => {
      stored = message;
      return Promise.resolve();
    });
    const sink = open();
    void sink.write(content);
    await sink.finish(facts);
    assert.equal(stored?.body.kind, 'bytes');
    const text = stored.body.kind === 'bytes' ? Buffer.from(stored.body.bytes).toString() : '';
    assert.match(text, /^Received: from client\.test \(\[127\.0\.0\.1\]\)/);
    assert.equal(text.endsWith(content.toString()), true);
    assert.equal(stored.properties.size, text.length);
    assert.equal(stored.properties.hops, 0);
  });

  const refusals = [
    ['a full store: 452', new StoreError('full', 'no room'), 452],
    ['a full disk: 452', Object.assign(new Error('no space'), { code: 'ENOSPC' }), 452],
    ['any other failure: 451', new StoreError('failed', 'broken'), 451],
  ] as const;
  for (const [why, error, code] of refusals) {
    it(`not by ${why}, and nothing is told or remembered`, async (t) => {
      const { open, happened, incoming } = intake(t, () => Promise.reject(error));
      const sink = open();
      void sink.write(content);
      const answer = await sink.finish(facts);
      assert.equal(answer.kind === 'refused' && answer.code, code);
      assert.equal(happened.includes('received') || happened.includes('remembered'), false);
      assert.equal(existsSync(incoming), true);
    });
  }

  it('not when it has passed too many hosts (RFC 5321 §6.3)', async (t) => {
    const { open } = intake(t, () => assert.fail('kept a looping message'), 2);
    const looping = Buffer.from(`${'Received: from x by y; today\r\n'.repeat(3)}\r\n`);
    const sink = open();
    void sink.write(looping);
    const answer = await sink.finish({ ...facts, size: looping.length });
    assert.deepEqual(answer.kind === 'refused' && [answer.code, answer.enhanced], [554, '5.4.6']);
  });
});

describe('content that outgrows memory', () => {
  const big = Buffer.alloc(300_000, 'abcdefgh\r\n');

  it('is handed over as a flushed file', async (t) => {
    let stored: NewMessage | undefined;
    const { open } = intake(t, (message) => {
      stored = message;
      return Promise.resolve();
    });
    const sink = open();
    for (let at = 0; at < big.length; at += 50_000) await sink.write(big.subarray(at, at + 50_000));
    await sink.finish({ ...facts, size: big.length });
    assert.equal(stored?.body.kind, 'file');
    const bytes = stored.body.kind === 'file' ? readFileSync(stored.body.path) : Buffer.alloc(0);
    assert.equal(bytes.subarray(bytes.length - big.length).equals(big), true);
  });

  for (const [how, end] of [
    ['abandoned', 'abandon'],
    ['not kept', 'reject'],
  ] as const) {
    it(`leaves no file when it is ${how}`, async (t) => {
      let path = '';
      const { open, incoming } = intake(t, (message) => {
        path = message.body.kind === 'file' ? message.body.path : '';
        return Promise.reject(new StoreError('failed', 'broken'));
      });
      const sink = open();
      await sink.write(big);
      if (end === 'abandon') sink.abandon();
      else await sink.finish({ ...facts, size: big.length });
      for (let tries = 0; tries < 50 && readdirSync(incoming).length > 0; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      assert.deepEqual(readdirSync(incoming), []);
      assert.equal(end === 'abandon' || path !== '', true);
    });
  }
});
