import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Mailbox, parseMailbox } from '../../../src/names/mailbox.ts';
import type { Envelope, Intake } from '../../../src/protocols/smtp/server/state.ts';
import type { Submitter } from '../../../src/relay/arrival.ts';
import { type Spool, startSpool } from '../../../src/relay/spool.ts';
import { formatSpoolFile } from '../../../src/relay/spool-file.ts';
import { openSpoolFolder } from '../../../src/relay/spool-folder.ts';
import type { Receipt } from '../../../src/store/queue-store.ts';

const UID = process.getuid?.() ?? 0;

interface Taken {
  readonly to: readonly string[];
  readonly from: string;
  readonly content: string;
  readonly uid: number | undefined;
}

interface Setting {
  readonly taken: Taken[];
  readonly oddities: string[];
  readonly errors: string[];
  readonly drop: string;
  readonly aside: () => readonly string[];
  /** Those who do not exist. */
  readonly unknown: Set<string>;
  /** What becomes of the next messages. */
  answer: (envelope: Envelope) => Intake;
  /** Milliseconds by which the clock is ahead. */
  ahead: number;
  put(index: number, bytes: Uint8Array): string;
  start(): Promise<Spool>;
  /** Waits until the drop folder has so many files. */
  left(count: number): Promise<void>;
  /** Waits until the log has it: a file is gone a moment before that. */
  told(what: RegExp): Promise<void>;
}

function mailbox(text: string): Mailbox {
  const parsed = parseMailbox(text);
  assert.equal(parsed.kind, 'ok');
  return parsed.value;
}

function message(
  to: string | readonly string[],
  from: string | null = 'me@host.test',
  content = `Subject: ${[to].flat().join()}\r\n\r\n`,
): Buffer {
  return formatSpoolFile(
    {
      sender: from === null ? null : mailbox(from),
      wishes: { ret: null, envelopeId: null },
      recipients: [to].flat().map((one) => ({
        mailbox: mailbox(one),
        wishes: { notify: null, originalRecipient: null },
      })),
    },
    Buffer.from(content),
  );
}

async function setting(t: TestContext): Promise<Setting> {
  const path = mkdtempSync(join(tmpdir(), 'waxwing-spool-'));
  const folder = await openSpoolFolder(join(path, 'spool'), UID);
  const receipts = new Map<string, Receipt>();
  const spools: Spool[] = [];
  t.after(async () => {
    for (const spool of spools) await spool.close();
    rmSync(path, { recursive: true });
  });
  const place: Setting = {
    taken: [],
    oddities: [],
    errors: [],
    drop: folder.drop,
    aside: () => readdirSync(join(path, 'spool', 'aside')),
    unknown: new Set(),
    answer: () => ({ kind: 'kept', id: 'x' }),
    ahead: 0,
    put(index, bytes) {
      const name = String(index).padStart(32, '0');
      writeFileSync(join(folder.drop, `t-${name}`), bytes, { mode: 0o640 });
      renameSync(join(folder.drop, `t-${name}`), join(folder.drop, `m-${name}`));
      return `m-${name}`;
    },
    async start() {
      const spool = await startSpool({
        folder,
        store: {
          receipt: ({ key }) =>
            Promise.resolve(
              receipts.has(key) ? { digest: receipts.get(key)?.digest ?? '', id: 'x' } : undefined,
            ),
        },
        relay: {
          refusedOf: ({ recipients }) =>
            Promise.resolve(
              recipients.flatMap(({ mailbox: one }) =>
                place.unknown.has(one.text)
                  ? [{ mailbox: one, refusal: { code: 550, enhanced: '5.1.1', text: `nobody: ${one.text}` } }]
                  : [],
              ),
            ),
          submit(envelope: Envelope, content: Uint8Array, submitter?: Submitter): Promise<Intake> {
            const answer = place.answer(envelope);
            if (answer.kind === 'refused') return Promise.resolve(answer);
            place.taken.push({
              to: envelope.recipients.map(({ mailbox: { text } }) => text),
              from: envelope.sender?.text ?? '',
              content: Buffer.from(content).toString(),
              uid: submitter?.uid,
            });
            const receipt = submitter?.said?.receipt ?? null;
            if (receipt !== null) receipts.set(receipt.key, receipt);
            return Promise.resolve(answer);
          },
        },
        world: { now: () => Date.now() + place.ahead, random: () => 0.5 },
        terms: () => ({ hostname: 'host.test', maxMessageBytes: 2_000_000, maxRecipients: 100 }),
        onOddity: (what) => place.oddities.push(what),
        onError: (what) => place.errors.push(what),
      });
      spools.push(spool);
      return spool;
    },
    async left(count) {
      for (let tries = 0; readdirSync(folder.drop).length !== count; tries++) {
        assert.ok(
          tries < 500,
          `${readdirSync(folder.drop).length} files are left: ${place.oddities.join('; ')}`,
        );
        await sleep(10);
      }
    },
    async told(what) {
      const all = (): string => place.oddities.join('\n');
      for (let tries = 0; tries < 500 && !what.test(all()); tries++) await sleep(10);
      assert.match(all(), what);
    },
  };
  return place;
}

describe('the spool', () => {
  it('what lies there at the start is taken in, and what comes later at once', async (t) => {
    const place = await setting(t);
    place.put(1, message('a@x.test'));
    await place.start();
    await place.left(0);
    place.put(2, message('b@x.test'));
    await place.left(0);
    assert.deepEqual(
      place.taken.map(({ to, from, uid }) => [...to, from, uid]),
      [
        ['a@x.test', 'me@host.test', UID],
        ['b@x.test', 'me@host.test', UID],
      ],
    );
  });

  it('takes each of many messages once, big ones too', async (t) => {
    const place = await setting(t);
    for (let index = 0; index < 40; index++) place.put(index, message(`a${index}@x.test`));
    place.put(100, message('big@x.test', 'me@host.test', 'x'.repeat(1_500_000)));
    await place.start();
    await place.left(0);
    const to = place.taken.flatMap(({ to: each }) => each);
    assert.equal(to.length, 41);
    assert.equal(new Set(to).size, 41);
  });

  it('a message that was kept before the relay was killed is not kept again', async (t) => {
    const place = await setting(t);
    const bytes = message('a@x.test');
    place.put(1, bytes);
    const first = await place.start();
    await place.left(0);
    await first.close();
    place.put(1, bytes);
    await place.start();
    await place.left(0);
    assert.equal(place.taken.length, 1);
  });

  it('what is half written is not touched', async (t) => {
    const place = await setting(t);
    writeFileSync(join(place.drop, `t-${'1'.repeat(32)}`), message('a@x.test'));
    await place.start();
    place.put(2, message('b@x.test'));
    await place.left(1);
    assert.deepEqual(
      place.taken.map(({ to }) => to),
      [['b@x.test']],
    );
  });

  it('what is no message is put aside, and the log has who left it', async (t) => {
    const place = await setting(t);
    const name = place.put(1, Buffer.from('{}\n'));
    place.put(2, message('b@x.test'));
    await place.start();
    await place.left(0);
    assert.deepEqual(place.aside(), [name]);
    await place.told(/put aside: its envelope is malformed/);
    assert.equal(place.taken.length, 1);
  });

  it('what cannot be kept for now stays, and is tried again later', async (t) => {
    const place = await setting(t);
    place.answer = () => ({ kind: 'refused', code: 452, enhanced: '4.3.1', text: 'no space' });
    place.put(1, message('a@x.test'));
    await place.start();
    await sleep(50);
    assert.deepEqual([place.taken.length, readdirSync(place.drop).length], [0, 1]);
    assert.match(place.oddities.join('\n'), /no space/);
    place.answer = () => ({ kind: 'kept', id: 'x' });
    place.put(2, message('b@x.test'));
    await place.left(1);
    place.ahead = 31_000;
    place.put(3, message('c@x.test'));
    await place.left(0);
    assert.equal(place.taken.length, 3);
  });

  it('what is refused for good goes back to its sender, who hears why', async (t) => {
    const place = await setting(t);
    place.answer = ({ sender }) =>
      sender === null
        ? { kind: 'kept', id: 'x' }
        : { kind: 'refused', code: 554, enhanced: '5.4.6', text: 'it loops' };
    place.put(1, message('a@x.test'));
    await place.start();
    await place.left(0);
    const [notice] = place.taken;
    assert.deepEqual([notice?.from, notice?.to], ['', ['me@host.test']]);
    assert.match(notice?.content ?? '', /Final-Recipient: rfc822; ?a@x\.test[\s\S]*Status: 5\.4\.6/);
    assert.match(notice?.content ?? '', /it loops/);
  });

  it('of mailboxes that do not exist the sender hears, and the others get the message, each once', async (t) => {
    const place = await setting(t);
    place.unknown.add('gone@x.test');
    place.answer = ({ sender }) =>
      sender === null
        ? { kind: 'kept', id: 'x' }
        : { kind: 'refused', code: 452, enhanced: '4.3.1', text: 'no space' };
    place.put(1, message(['a@x.test', 'gone@x.test']));
    await place.start();
    await sleep(50);
    place.answer = () => ({ kind: 'kept', id: 'x' });
    place.ahead = 31_000;
    place.put(2, message('b@x.test'));
    await place.left(0);
    assert.deepEqual(place.taken.map(({ from, to }) => [from, ...to].join(' ')).toSorted(), [
      ' me@host.test',
      'me@host.test a@x.test',
      'me@host.test b@x.test',
    ]);
    const notice = place.taken.find(({ from }) => from === '');
    assert.match(notice?.content ?? '', /Final-Recipient: rfc822; ?gone@x\.test[\s\S]*Status: 5\.1\.1/);
    assert.doesNotMatch(notice?.content ?? '', /Final-Recipient: rfc822; ?a@x\.test/);
  });

  it('what is refused, and whose sender does not exist either, is put aside, not tried for ever', async (t) => {
    const place = await setting(t);
    place.answer = () => ({ kind: 'refused', code: 550, enhanced: '5.1.1', text: 'nobody' });
    const name = place.put(1, message('gone@x.test'));
    await place.start();
    await place.left(0);
    assert.deepEqual(place.aside(), [name]);
    await place.told(/put aside, as its sender cannot be told/);
  });

  it('RFC 5321 §6.1: nobody is told of what the null sender sent; the log has it', async (t) => {
    const place = await setting(t);
    place.answer = () => ({ kind: 'refused', code: 554, enhanced: '5.4.6', text: 'it loops' });
    place.put(1, message('a@x.test', null));
    await place.start();
    await place.left(0);
    assert.equal(place.taken.length, 0);
    await place.told(/nobody wants to hear/);
  });
});
