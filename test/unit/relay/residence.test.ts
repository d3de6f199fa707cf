import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Mailbox, parseMailbox } from '../../../src/names/mailbox.ts';
import type { CalloutAnswer } from '../../../src/relay/callout.ts';
import type { Residence } from '../../../src/relay/domains.ts';
import { refusedRecipients } from '../../../src/relay/residence.ts';

function mailbox(text: string): Mailbox {
  const parsed = parseMailbox(text);
  return parsed.kind === 'ok' ? parsed.value : assert.fail(parsed.because);
}

/** What is refused of mail to mailboxes that are what their names say. */
async function refused(names: readonly string[], answer?: CalloutAnswer, sender = 'a@origin.test') {
  const told: string[] = [];
  const answers = await refusedRecipients(
    {
      recipients: names.map((name) => mailbox(`${name}@own.test`)),
      sender: sender === '' ? null : mailbox(sender),
    },
    '127.0.0.1',
    {
      domains: { residence: ({ local }) => ({ kind: local, because: 'it is over' }) as Residence },
      callouts: { ask: () => Promise.resolve(answer ?? assert.fail('nobody is to be asked')) },
      onOddity: (what) => told.push(what),
    },
  );
  return {
    told,
    refusals: answers.map(({ refusal: { code, enhanced, text } }) => `${code} ${enhanced} ${text}`),
  };
}

describe('recipients of mail that does not come by SMTP', () => {
  it('are refused as over SMTP, each by name, and the others are not', async () => {
    assert.deepEqual((await refused(['known', 'unknown', 'elsewhere', 'forged', 'returned'])).refusals, [
      '550 5.1.1 no such mailbox here: unknown@own.test',
      '550 5.1.1 no such mailbox here: it is over: forged@own.test',
      '550 5.7.1 only notifications are taken here: returned@own.test',
    ]);
    assert.deepEqual((await refused(['returned'], undefined, '')).refusals, []);
  });

  it('are all looked at, however many there are', async () => {
    const many = Array.from({ length: 23 }, () => 'unknown');
    assert.equal((await refused(many)).refusals.length, 23);
  });

  for (const [answer, expected] of [
    [{ kind: 'known' }, []],
    [{ kind: 'unknown' }, ['550 5.1.1 no such mailbox here: callout@own.test']],
    [
      { kind: 'refused', reply: { code: 552, enhanced: '5.2.2', lines: ['full'] } },
      ['552 5.2.2 full: callout@own.test'],
    ],
    [{ kind: 'undecided', because: 'it is out of reach' }, []],
  ] as const satisfies readonly (readonly [CalloutAnswer, readonly string[]])[])
    it(`of whom the backend says: ${answer.kind}`, async () => {
      const { told, refusals } = await refused(['callout'], answer);
      assert.deepEqual(refusals, expected);
      assert.equal(told.length, answer.kind === 'refused' || answer.kind === 'undecided' ? 1 : 0);
    });
});
