import assert from 'node:assert/strict';
import { it } from 'node:test';
import { noTerms } from '../../../src/names/message-terms.ts';
import { noRecipientWishes } from '../../../src/names/wishes.ts';
import { growingContent } from '../../../src/relay/growing-content.ts';
import {
  idOfLetter,
  type Letter,
  lettersOf,
  refusalOfCopies,
  writeLetters,
} from '../../../src/relay/letters.ts';
import { type Treated, treat } from '../../../src/relay/treatment.ts';
import { incomingMessage, mailboxOf } from '../../support/incoming.ts';

const copy: Letter = {
  sender: mailboxOf('srs@relay.test'),
  front: 'A: 1\r\n',
  recipients: [{ mailbox: mailboxOf('c@away.test'), wishes: noRecipientWishes }],
};
const message = incomingMessage('Subject: x\r\n\r\n');

async function treated(changes: Partial<Treated>): Promise<Treated> {
  const said = await treat(message, noTerms, [(_, before) => ({ ...before, ...changes })]);
  return said.kind === 'treated' ? said : assert.fail(said.text);
}

it('the message itself comes first, with its own sender and recipients', async () => {
  const { sender, recipients } = message.envelope;
  assert.deepEqual(lettersOf(message.envelope, await treated({ copies: [copy] })), [
    { sender, front: '', recipients },
    copy,
  ]);
});

it('without recipients of its own there are the copies alone', async () => {
  assert.deepEqual(lettersOf(message.envelope, await treated({ recipients: [], copies: [copy] })), [copy]);
});

it('copies may take 256 MiB together; one letter alone takes what it takes', () => {
  const letters = Array.from({ length: 5 }, () => copy);
  const most = 256 * 1024 * 1024;
  assert.equal(refusalOfCopies(letters, Math.floor(most / 5)), undefined);
  const refusal = refusalOfCopies(letters, Math.floor(most / 5) + 1);
  assert.equal(refusal?.code, 552);
  assert.match(refusal?.text ?? '', /5 copies of 268435460 octets in all, and the limit is 268435456/);
  assert.equal(refusalOfCopies([copy], 10 * most), undefined);
});

it('ids of copies show whose they are', () => {
  assert.deepEqual(
    [0, 1, 2].map((index) => idOfLetter('m1', index)),
    ['m1', 'm1-1', 'm1-2'],
  );
});

it('what takes the place of the content is in all letters, and the content is gone', async () => {
  let dropped = false;
  const content = {
    ...growingContent({ path: '/nowhere', front: (bytes) => [bytes], onError: () => undefined }),
    drop: () => Promise.resolve(void (dropped = true)),
  };
  const replacing = await treated({ fields: 'B: 2\r\n', content: Buffer.from('\r\nnew'), copies: [copy] });
  const { bodies } = await writeLetters(content, replacing, lettersOf(message.envelope, replacing), String);
  const texts = bodies.map((body) =>
    body.kind === 'bytes' ? Buffer.from(body.bytes).toString() : body.path,
  );
  assert.deepEqual(texts, ['B: 2\r\n\r\nnew', 'A: 1\r\nB: 2\r\n\r\nnew']);
  assert.ok(dropped);
});
