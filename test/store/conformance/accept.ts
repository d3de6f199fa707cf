/** Taking messages in, keeping them, forgetting them. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { noTerms } from '../../../src/names/message-terms.ts';
import type { StoredBody } from '../../../src/store/queue-store.ts';
import type { WithStore } from '../conformance.ts';
import { claimAt, event, message, settleAll, to } from '../samples.ts';

export function acceptConforms(withStore: WithStore): void {
  describe('accept', () => {
    it(
      'keeps a message with its content and its trail over a restart',
      withStore(async (harness) => {
        const events = [event('received', { id: 'first' })];
        const recipients = to('a@one.test', 'b@two.test');
        await harness.store.accept(message('first', { events, recipients }));
        const store = await harness.reopen();
        assert.deepEqual(await store.show('first'), {
          id: 'first',
          receivedAt: 1000,
          sender: 'sender@example.test',
          size: 30,
          terms: noTerms,
          recipients: recipients.map(({ address, destination }) => ({
            address,
            destination,
            delivery: { kind: 'waiting', attempts: 0, notBefore: 1000 },
            lastWord: null,
            blockedBecause: null,
            pause: null,
          })),
          events,
          transcripts: [],
        });
        assert.equal(textOf(await store.body('first')), 'Subject: first\r\n\r\nHello\r\n');
      }),
    );

    it(
      'leaves the bytes to the caller, who is about to deliver them, and keeps only its slice',
      withStore(async ({ store }) => {
        const memory = Buffer.from('before CONTENT after');
        await store.accept(message('sliced', { body: { kind: 'bytes', bytes: memory.subarray(7, 14) } }));
        assert.equal(textOf(await store.body('sliced')), 'CONTENT');
        assert.equal(memory.toString(), 'before CONTENT after');
      }),
    );

    it(
      'keeps a message with its copies, or none of them',
      withStore(async ({ store }) => {
        const copies = [message('one-1', { sender: 'srs@example.test' }), message('one-2')];
        await store.accept(message('one', { copies }));
        const listed = await store.list({ which: 'open', most: 9 });
        assert.deepEqual(
          listed.map(({ id, sender }) => [id, sender]),
          [
            ['one', 'sender@example.test'],
            ['one-1', 'srs@example.test'],
            ['one-2', 'sender@example.test'],
          ],
        );
        assert.equal(textOf(await store.body('one-1')), 'Subject: one-1\r\n\r\nHello\r\n');
        await assert.rejects(store.accept(message('two', { copies: [message('one-2')] })), {
          code: 'refused',
        });
        assert.equal(await store.show('two'), undefined);
      }),
    );

    it(
      'keeps an empty content apart from none',
      withStore(async ({ store }) => {
        await store.accept(message('empty', { body: { kind: 'bytes', bytes: new Uint8Array() } }));
        assert.equal(textOf(await store.body('empty')), '');
      }),
    );

    it(
      'takes a large content over as a file, and removes it with the last recipient',
      withStore(async (harness) => {
        const path = join(harness.incoming, 'upload');
        writeFileSync(path, 'large');
        await harness.store.accept(
          message('big', { body: { kind: 'file', path }, recipients: to('a@one.test', 'b@two.test') }),
        );
        assert.equal(existsSync(path), false, 'the file has left incoming');
        const store = await harness.reopen();
        const body = await store.body('big');
        assert.equal(textOf(body), 'large');
        const [first, second] = await store.claim(claimAt(6000));
        assert.ok(first && second && body?.kind === 'file');
        await settleAll(store, [first], { kind: 'delivered', at: 6001 });
        assert.equal(existsSync(body.path), true);
        await settleAll(store, [second], { kind: 'bounced', at: 6002 });
        assert.equal(existsSync(body.path), false);
        assert.equal(await store.body('big'), undefined);
      }),
    );

    it(
      'gives the file back to a caller whose message it does not keep',
      withStore(async ({ store, incoming }) => {
        const path = join(incoming, 'upload');
        writeFileSync(path, 'large');
        await store.accept(message('taken'));
        const again = store.accept(message('taken', { body: { kind: 'file', path } }));
        await assert.rejects(again, { code: 'refused', message: 'message taken is kept already' });
        assert.equal(readFileSync(path, 'utf8'), 'large');
        assert.equal(textOf(await store.body('taken')), 'Subject: taken\r\n\r\nHello\r\n');
      }),
    );

    it(
      'takes files from incoming only',
      withStore(async ({ store, incoming }) => {
        const path = join(incoming, '..', 'elsewhere');
        writeFileSync(path, 'private');
        await assert.rejects(store.accept(message('thief', { body: { kind: 'file', path } })), {
          code: 'refused',
        });
        assert.equal(existsSync(path), true);
        assert.equal(await store.show('thief'), undefined);
      }),
    );

    for (const id of ['', '..', 'a/b', 'a.b', 'a\0b', 'ä', 'x'.repeat(65)]) {
      it(
        `refuses ${JSON.stringify(id)} as an id: it could not name a file`,
        withStore(async ({ store }) => {
          await assert.rejects(store.accept(message(id)), { code: 'refused' });
          assert.deepEqual(await store.list({ which: 'all', most: 10 }), []);
        }),
      );
    }

    it(
      'takes an id of 64 characters',
      withStore(async ({ store }) => {
        const id = `${'x'.repeat(60)}-_A9`;
        await store.accept(message(id));
        assert.equal((await store.show(id))?.id, id);
      }),
    );

    it(
      'refuses a message without recipients, which nothing would ever end',
      withStore(async ({ store }) => {
        await assert.rejects(store.accept(message('nobody', { recipients: [] })), { code: 'refused' });
      }),
    );

    it(
      'delivers once to an address that is named twice',
      withStore(async ({ store }) => {
        await store.accept(message('twice', { recipients: to('a@one.test', 'b@one.test', 'a@one.test') }));
        const [claim] = await store.claim(claimAt(1000));
        assert.deepEqual(
          claim?.recipients.map(({ address }) => address),
          ['a@one.test', 'b@one.test'],
        );
      }),
    );

    it(
      'fails the one call that is wrong, not its neighbours',
      withStore(async ({ store }) => {
        const calls = ['one', 'one', 'b/d', 'two'].map((id) => store.accept(message(id)));
        const results = await Promise.allSettled(calls);
        assert.deepEqual(
          results.map(({ status }) => status),
          ['fulfilled', 'rejected', 'rejected', 'fulfilled'],
        );
        assert.deepEqual(
          (await store.list({ which: 'all', most: 10 })).map(({ id }) => id),
          ['one', 'two'],
        );
      }),
    );

    it(
      'keeps what a thousand callers hand over at once',
      withStore(async (harness) => {
        const ids = Array.from({ length: 1000 }, (_, index) => `m${1000 + index}`);
        await Promise.all(ids.map((id) => harness.store.accept(message(id))));
        const store = await harness.reopen();
        assert.deepEqual(
          (await store.list({ which: 'open', most: 2000 })).map(({ id }) => id),
          ids,
        );
      }),
    );

    it(
      'refuses calls after it is closed, and may be closed twice',
      withStore(async ({ store }) => {
        await store.accept(message('before'));
        await store.close();
        await store.close();
        await assert.rejects(store.accept(message('after')), { code: 'stopped' });
        await assert.rejects(store.nextDue(), { code: 'stopped' });
      }),
    );

    it(
      'closes only after the calls before it',
      withStore(async (harness) => {
        const accepted = harness.store.accept(message('last'));
        await harness.store.close();
        await accepted;
        assert.ok(await (await harness.reopen()).show('last'));
      }),
    );
  });
}

function textOf(body: StoredBody | undefined): string | undefined {
  if (body === undefined) return undefined;
  return body.kind === 'file' ? readFileSync(body.path, 'utf8') : Buffer.from(body.bytes).toString();
}
