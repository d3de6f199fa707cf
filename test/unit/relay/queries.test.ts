import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Mailbox, parseMailbox } from '../../../src/names/mailbox.ts';
import type { Pass, Refusal } from '../../../src/net/admission.ts';
import type {
  SmtpAnswer,
  SmtpQuery,
  Refusal as SmtpRefusal,
} from '../../../src/protocols/smtp/server/session.ts';
import { anyRights } from '../../../src/relay/accounts.ts';
import type { CalloutAnswer } from '../../../src/relay/callout.ts';
import type { Residence } from '../../../src/relay/domains.ts';
import { answerQueries, type QueryParts } from '../../../src/relay/queries.ts';
import { tlsFacts } from '../../support/transcript.ts';
import { usualRules } from '../protocols/smtp/server/host.ts';

const parsed = parseMailbox('bert@example.test');
const recipient = parsed.kind === 'ok' ? parsed.value : assert.fail();
const go = { kind: 'go' } as const;
const tooMany: Refusal = {
  kind: 'refused',
  reason: 'messages',
  code: 450,
  enhanced: '4.7.1',
  text: 'too many',
};
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
  readonly password?: 'yes' | 'no' | 'busy' | 'unknown';
  readonly residence?: Residence['kind'] | Residence;
  readonly callout?: CalloutAnswer;
  readonly trusted?: boolean;
  /** Whose account the client's certificate proves. */
  readonly certified?: readonly string[];
  readonly frontLogins?: boolean;
  readonly notIn?: Refusal;
  readonly unfit?: SmtpRefusal;
  readonly overQuota?: SmtpRefusal;
  readonly lockedUntil?: number;
}

/** The answers of a session in such a world, and what else it did. */
function session(world: World) {
  const { pass, password = 'no', residence = 'elsewhere', callout, trusted = false } = world;
  const fault = { reason: 'password', because: 'it is wrong' } as const;
  const unknown = password === 'unknown';
  const { certified = [], frontLogins = false, notIn, unfit, overQuota, lockedUntil } = world;
  const happened: string[] = [];
  const failures: [...Parameters<QueryParts['onLoginFailed']>][] = [];
  const parts: QueryParts = {
    accounts: {
      mechanisms: [],
      check: () => {
        happened.push('checked');
        if (password === 'yes') return Promise.resolve({ kind: 'yes', rights: anyRights });
        return Promise.resolve(password === 'no' ? { kind: 'no', ...fault } : { kind: password });
      },
      verifier: () =>
        Promise.resolve(
          unknown ? { kind: 'unknown' } : { kind: 'verifier', verifier, rights: anyRights, fault },
        ),
      look: (user) => Promise.resolve(unknown ? 'unknown' : user === 'anna' ? anyRights : 'absent'),
      provenBy: () => certified,
      rightsOf: (user) => (user === 'anna' ? anyRights : undefined),
    },
    domains: {
      postmasterAt: undefined,
      // The domain of a callout is of no interest to who asks; mailboxes of aliases are what they are called.
      residence: ({ local }) => {
        if (local !== 'bert') return { kind: local } as Residence;
        return typeof residence === 'string' ? ({ kind: residence } as Residence) : residence;
      },
    },
    callouts: { ask: () => Promise.resolve(callout ?? assert.fail('nobody is to be asked')) },
    visitor: {
      kind: 'visitor',
      client: { address: '192.0.2.1', trusted, front: true, introduced: false, known: true },
      pass: {
        kind: 'go',
        message: () => go,
        recipient: () => go,
        login: () => go,
        loginFailed: () => {
          happened.push('failed');
          return lockedUntil;
        },
        recipientUnknown: () => void happened.push('unknown'),
        leave: () => undefined,
        ...pass,
      },
      introduce: ({ address }) => {
        happened.push(`introduced ${address}`);
        return notIn;
      },
      leave: () => undefined,
    },
    refusalOfSender: () => unfit,
    refusalOfRecipient: () => overQuota,
    rules: () => usualRules,
    frontLogins,
    nonce: () => 'fresh',
    failureDelayMs: 20,
    onLoginFailed: (...about) => failures.push(about),
    onOddity: (what) => happened.push(what),
  };
  const answer = answerQueries(parts);
  return { happened, failures, raw: answer, answer: async (query: SmtpQuery) => said(await answer(query)) };
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

describe('a recipient who is somebody else', () => {
  const alias = (...names: readonly string[]): World => ({
    residence: { kind: 'alias', targets: names.map((name) => ({ ...recipient, local: name })) },
  });
  const returned: World = { residence: { kind: 'returned', to: recipient } };
  const forged: World = { residence: { kind: 'forged', because: 'nobody made it' } };
  const cases: readonly [why: string, world: World, from: Mailbox | null, answer: string][] = [
    ['an alias that leads elsewhere is open to a stranger', alias('elsewhere'), recipient, 'yes'],
    ['an alias with one mailbox that exists', alias('unknown', 'known'), recipient, 'yes'],
    ['an alias without any', alias('unknown', 'unknown'), recipient, '550 5.1.1'],
    ['an address of forwarded mail takes notifications', returned, null, 'yes'],
    ['an address of forwarded mail takes nothing else', returned, recipient, '550 5.7.1'],
    ['an address that was made up to look like that', forged, null, '550 5.1.1'],
  ];
  for (const [why, world, sender, answer] of cases) {
    it(`${why}: ${answer}`, async () => {
      const query: SmtpQuery = { kind: 'recipient', recipient, sender, account: null };
      assert.equal(await session(world).answer(query), answer);
    });
  }
});

describe('a recipient who does not exist is counted', () => {
  for (const world of [
    { residence: 'unknown' },
    { residence: 'callout', callout: { kind: 'unknown' } },
  ] as const satisfies readonly World[]) {
    it(`found by ${world.residence}`, async () => {
      const { answer, happened } = session(world);
      await answer(rcpt());
      assert.deepEqual(happened, ['unknown']);
    });
  }
});

describe('a sender', () => {
  const query: SmtpQuery = { kind: 'sender', sender: null, account: null, tls: undefined, size: undefined };
  it('is welcome', async () => assert.equal(await session({}).answer(query), 'yes'));
  it('is not, too often', async () =>
    assert.equal(await session({ pass: { message: () => tooMany } }).answer(query), '450 4.7.1'));
});

const used: SmtpRefusal = { code: 450, enhanced: '4.7.1', text: 'the quota is used up' };

describe('what the relay has against senders and recipients', () => {
  const query: SmtpQuery = { kind: 'sender', sender: null, account: null, tls: undefined, size: undefined };
  it('is the answer at MAIL', async () =>
    assert.equal(await session({ unfit: used }).answer(query), '450 4.7.1'));
  it('is the answer at RCPT', async () =>
    assert.equal(await session({ overQuota: used, trusted: true }).answer(rcpt()), '450 4.7.1'));
  it('also where the backend had to be asked', async () => {
    const { answer } = session({ overQuota: used, residence: 'callout', callout: { kind: 'known' } });
    assert.equal(await answer(rcpt()), '450 4.7.1');
  });
  it('a recipient who is refused anyway counts for nobody', async () =>
    assert.equal(await session({ overQuota: used, residence: 'unknown' }).answer(rcpt()), '550 5.1.1'));
});

describe('a certificate (RFC 4422 appendix A)', () => {
  const external = (actAs: string): SmtpQuery => ({ kind: 'external', actAs, tls: tlsFacts });
  const cases: readonly [certified: readonly string[], actAs: string, answer: string][] = [
    [['anna'], '', 'account'],
    [['anna'], 'anna', 'account'],
    [['anna'], 'bert', '535 5.7.8'],
    [[], 'anna', '535 5.7.8'],
    [[], '', '535 5.7.8'],
    [['anna', 'bert'], 'bert', 'account'],
    // Whose it is would be a guess.
    [['anna', 'bert'], '', '535 5.7.8'],
  ];
  for (const [certified, actAs, answer] of cases) {
    it(`of ${certified.join(' and ') || 'nobody'} for ${JSON.stringify(actAs)}: ${answer}`, async () =>
      assert.equal(await session({ certified }).answer(external(actAs)), answer));
  }
  it('that proves nobody is a failed login', async () => {
    const { answer, happened } = session({});
    await answer(external(''));
    assert.deepEqual(happened, ['failed']);
  });
  const untrusted = {
    ...tlsFacts,
    path: { kind: 'untrusted', code: 'CERT_HAS_EXPIRED' },
  } as const;
  const trusted = { ...tlsFacts, path: { kind: 'trusted' } } as const;
  const faults: readonly [
    certified: readonly string[],
    actAs: string,
    tls: typeof tlsFacts,
    because: RegExp,
  ][] = [
    [[], '', trusted, /^the certificate proves no account$/],
    [[], 'anna', untrusted, /proves no account: its digest is not listed, .* names \(CERT_HAS_EXPIRED\)$/],
    [['anna'], 'bert', trusted, /^the certificate proves another account: anna$/],
    [['anna', 'bert'], '', trusted, /several accounts, and the client named none: anna, bert$/],
  ];
  for (const [certified, actAs, tls, because] of faults) {
    it(`that does not count is told with the reason ${because}`, async () => {
      const { answer, failures } = session({ certified });
      await answer({ kind: 'external', actAs, tls });
      const [told] = failures[0] ?? assert.fail();
      assert.deepEqual([told.user, told.mechanism, told.reason], [actAs || null, 'EXTERNAL', 'certificate']);
      assert.match(told.because, because);
    });
  }
  it('is not looked at where the client was wrong too often', async () => {
    const { answer } = session({ certified: ['anna'], pass: { login: () => tooMany } });
    assert.equal(await answer(external('')), '450 4.7.1');
  });
});

describe('a front (XCLIENT)', () => {
  const client = { address: '198.51.100.7', hello: null, extended: true, login: null };
  const told = (who: string | null): SmtpQuery => ({
    kind: 'introduced',
    client: { ...client, login: who },
  });
  it('says who the client is', async () => {
    const { answer, happened } = session({});
    assert.equal(await answer(told(null)), 'introduced');
    assert.deepEqual(happened, ['introduced 198.51.100.7']);
  });
  it('is told where the limits do not let him in', async () =>
    assert.equal(await session({ notIn: tooMany }).answer(told(null)), '450 4.7.1'));
  it('does not log anybody in unless the operator says so', async () =>
    assert.deepEqual(await session({}).raw(told('anna')), {
      kind: 'introduced',
      rules: usualRules,
      account: null,
    }));
  it('logs in whom it has logged in, where the operator says so', async () =>
    assert.deepEqual(await session({ frontLogins: true }).raw(told('anna')), {
      kind: 'introduced',
      rules: usualRules,
      account: 'anna',
    }));
  it('logs in nobody who has no account', async () => {
    const { answer, happened } = session({ frontLogins: true });
    assert.equal(await answer(told('eve')), '535 5.7.8');
    assert.deepEqual(happened, []);
  });
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

  it('that fails is told to the operator: who, by what, why, and whether the client is shut out', async () => {
    const { answer, failures } = session({ lockedUntil: 17 });
    await answer(login);
    await answer({ kind: 'verifier', user: 'anna' });
    await answer({ kind: 'proved', user: 'anna', outcome: 'no' });
    const why = { user: 'anna', reason: 'password', because: 'it is wrong' } as const;
    assert.deepEqual(failures, [
      [{ ...why, mechanism: 'PLAIN' }, 17],
      [{ ...why, mechanism: 'SCRAM-SHA-256' }, 17],
    ]);
    assert.ok(!JSON.stringify(failures).includes(login.password));
  });

  it('is put off where too many wait, which is no failure', async () => {
    const { answer, happened, failures } = session({ password: 'busy' });
    assert.equal(await answer(login), '454 4.7.0');
    assert.deepEqual(failures, []);
    assert.deepEqual(happened, ['checked']);
  });

  it('RFC 4954 §6: is put off where the database of accounts gives no answer, which is no failure', async () => {
    const { answer, failures } = session({ password: 'unknown', frontLogins: true });
    assert.equal(await answer(login), '454 4.7.0');
    assert.equal(await answer({ kind: 'verifier', user: 'anna' }), '454 4.7.0');
    const client = { address: null, hello: null, extended: true, login: 'anna' };
    assert.equal(await answer({ kind: 'introduced', client }), '454 4.7.0');
    assert.deepEqual(failures, []);
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
