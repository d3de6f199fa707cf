import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseMailbox } from '../../../src/names/mailbox.ts';
import type { Pass, Refusal } from '../../../src/net/admission.ts';
import type { SmtpAnswer, SmtpQuery } from '../../../src/protocols/smtp/server/session.ts';
import type { CalloutAnswer } from '../../../src/relay/callout.ts';
import type { Residence } from '../../../src/relay/domains.ts';
import { answerQueries, type QueryParts } from '../../../src/relay/queries.ts';

const parsed = parseMailbox('bert@example.test');
const recipient = parsed.kind === 'ok' ? parsed.value : assert.fail();
const go = { kind: 'go' } as const;
const tooMany: Refusal = { kind: 'refused', code: 450, enhanced: '4.7.1', text: 'too many' };
const verifier = {
  salt: new Uint8Array(8),
  iterations: 4096,
  storedKey: recipient32(),
  serverKey: recipient32(),
};

function recipient32(): Uint8Array {
  return new Uint8Array(32);
}

interface World {
  readonly pass?: Partial<Pass>;
  readonly password?: 'yes' | 'no' | 'busy';
  readonly residence?: Residence['kind'];
  readonly callout?: CalloutAnswer;
  readonly trusted?: boolean;
}

/** The answers of a session in such a world, and what else it did. */
function session({ pass, password = 'no', residence = 'elsewhere', callout, trusted = false }: World) {
  const happened: string[] = [];
  const parts: QueryParts = {
    accounts: {
      mechanisms: [],
      check: () => {
        happened.push('checked');
        return Promise.resolve(password);
      },
      verifier: () => ({ verifier, known: true }),
    },
    domains: {
      postmasterAt: undefined,
      // The domain of a callout is of no interest to who asks.
      residence: () => (residence === 'callout' ? ({ kind: residence } as Residence) : { kind: residence }),
    },
    callouts: { ask: () => Promise.resolve(callout ?? assert.fail('nobody is to be asked')) },
    client: { address: '192.0.2.1', trusted },
    pass: {
      kind: 'go',
      message: () => go,
      recipient: () => go,
      login: () => go,
      loginFailed: () => void happened.push('failed'),
      leave: () => undefined,
      ...pass,
    },
    nonce: () => 'fresh',
    failureDelayMs: 20,
    onOddity: (what) => happened.push(what),
  };
  const answer = answerQueries(parts);
  return { happened, answer: async (query: SmtpQuery) => said(await answer(query)) };
}

function said(answer: SmtpAnswer): string {
  return answer.kind === 'no' ? `${answer.code} ${answer.enhanced}` : answer.kind;
}

const login = { kind: 'login', mechanism: 'PLAIN', user: 'anna', password: 'sesame' } as const;
const rcpt = (account: string | null = null): SmtpQuery => ({
  kind: 'recipient',
  recipient,
  sender: null,
  account,
});

describe('a recipient', () => {
  const away: CalloutAnswer = { kind: 'undecided', because: 'nobody is there' };
  const cases: readonly [why: string, world: World, account: string | null, answer: string][] = [
    ['of another domain is refused to a stranger', {}, null, '550 5.7.1'],
    ['of another domain is open to whoever has logged in', {}, 'anna', 'yes'],
    ['of another domain is open to a trusted client', { trusted: true }, null, 'yes'],
    ['that exists is open to a stranger', { residence: 'known' }, null, 'yes'],
    ['that does not exist is refused to a stranger', { residence: 'unknown' }, null, '550 5.1.1'],
    [
      'that does not exist is refused to everybody else',
      { residence: 'unknown', trusted: true },
      'anna',
      '550 5.1.1',
    ],
    ['that the backend has', { residence: 'callout', callout: { kind: 'known' } }, null, 'yes'],
    ['that the backend has not', { residence: 'callout', callout: { kind: 'unknown' } }, null, '550 5.1.1'],
    [
      'that nobody knows of waits with the stranger',
      { residence: 'callout', callout: away },
      null,
      '451 4.4.3',
    ],
    [
      'that nobody knows of waits here for who may relay',
      { residence: 'callout', callout: away },
      'anna',
      'yes',
    ],
    ['too many for a minute', { residence: 'known', pass: { recipient: () => tooMany } }, null, '450 4.7.1'],
  ];
  for (const [why, world, account, answer] of cases) {
    it(`${why}: ${answer}`, async () => assert.equal(await session(world).answer(rcpt(account)), answer));
  }

  it('is answered at once where nobody has to be asked', () => {
    const { happened } = session({});
    assert.deepEqual(happened, []);
  });

  it('of whom nobody knows is put on record', async () => {
    const { answer, happened } = session({ residence: 'callout', callout: away });
    await answer(rcpt());
    assert.deepEqual(happened, ['whether bert@example.test exists could not be found out: nobody is there']);
  });
});

describe('a sender', () => {
  const query: SmtpQuery = { kind: 'sender', sender: null, account: null, size: undefined };
  it('is welcome', async () => assert.equal(await session({}).answer(query), 'yes'));
  it('is not, too often', async () =>
    assert.equal(await session({ pass: { message: () => tooMany } }).answer(query), '450 4.7.1'));
});

describe('a login', () => {
  it('with the password is good', async () => {
    const { answer, happened } = session({ password: 'yes' });
    assert.equal(await answer(login), 'yes');
    assert.deepEqual(happened, ['checked']);
  });

  it('that fails is counted, and takes longer each time', async () => {
    const { answer, happened } = session({});
    const took: number[] = [];
    for (let failure = 1; failure <= 3; failure++) {
      const begun = performance.now();
      assert.equal(await answer(login), '535 5.7.8');
      took.push(performance.now() - begun);
    }
    assert.deepEqual(happened, ['checked', 'failed', 'checked', 'failed', 'checked', 'failed']);
    for (const [index, ms] of took.entries()) assert.ok(ms >= 20 * (index + 1) - 2, `${ms} ms`);
  });

  it('is put off where too many wait, which is no failure', async () => {
    const { answer, happened } = session({ password: 'busy' });
    assert.equal(await answer(login), '454 4.7.0');
    assert.deepEqual(happened, ['checked']);
  });

  it('is not looked at where the client was wrong too often', async () => {
    const { answer, happened } = session({ password: 'yes', pass: { login: () => tooMany } });
    assert.equal(await answer(login), '450 4.7.1');
    assert.equal(await answer({ kind: 'verifier', user: 'anna' }), '450 4.7.1');
    assert.deepEqual(happened, []);
  });

  it('by SCRAM is given a verifier and a nonce, and its end is counted', async () => {
    const { answer, happened } = session({});
    assert.equal(await answer({ kind: 'verifier', user: 'anna' }), 'verifier');
    assert.equal(await answer({ kind: 'proved', user: 'anna', outcome: 'yes' }), 'yes');
    assert.deepEqual(happened, []);
    assert.equal(await answer({ kind: 'proved', user: 'anna', outcome: 'no' }), '535 5.7.8');
    assert.deepEqual(happened, ['failed']);
  });
});
