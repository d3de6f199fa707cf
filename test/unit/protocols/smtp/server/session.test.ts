import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  initialState,
  type SessionRules,
  type SmtpAnswer,
  type SmtpQuery,
  type SmtpState,
  type SmtpWords,
  smtpSession,
} from '../../../../../src/protocols/smtp/server/session.ts';
import type { SessionEffect, SessionInput } from '../../../../../src/wire/session.ts';
import { tlsFacts } from '../../../../support/transcript.ts';
import { serverNonce, usualRules, verifier } from './host.ts';

type Input = SessionInput<SmtpWords>;
type Effect = SessionEffect<SmtpWords>;

const line = (text: string): Input => ({ kind: 'line', line: text });
const opened: Input = { kind: 'opened', tls: undefined };
const secured: Input = { kind: 'secured', facts: tlsFacts };

function run(
  inputs: readonly Input[],
  rules: Partial<SessionRules> = {},
): { state: SmtpState; effects: Effect[] } {
  const reduce = smtpSession({ ...usualRules, ...rules });
  let state = initialState;
  const effects: Effect[] = [];
  for (const input of inputs) {
    const step = reduce(state, input);
    state = step.state;
    effects.push(...step.effects);
  }
  return { state, effects };
}

function codeAfter(inputs: readonly Input[], last: Input, rules: Partial<SessionRules> = {}): string {
  const { state } = run(inputs, rules);
  const { effects } = smtpSession({ ...usualRules, ...rules })(state, last);
  return effects.map((effect) => (effect.kind === 'send' ? effect.text.slice(0, 3) : effect.kind)).join(' ');
}

const ehlo = line('EHLO client.example.test');
const mail = line('MAIL FROM:<a@example.test>');
const rcpt = line('RCPT TO:<b@example.test>');
const begun = [opened, ehlo];
const inTls = [opened, ehlo, line('STARTTLS'), secured];
const required: Partial<SessionRules> = { tls: 'required' };

const auth: Partial<SessionRules> = { mechanisms: ['PLAIN'] };
const asks: Partial<SessionRules> = { asks: { sender: true, recipient: true } };
const yes: Input = { kind: 'answered', answer: { kind: 'yes' } };
const plain = line('AUTH PLAIN AHVzZXIAcGVuY2ls');

/** Every state that a client can bring a session to, and what brings it there. */
const states: Record<string, { inputs: Input[]; rules?: Partial<SessionRules> }> = {
  fresh: { inputs: [opened] },
  greeted: { inputs: begun },
  'greeted by HELO': { inputs: [opened, line('HELO client.example.test')] },
  'in transaction': { inputs: [...begun, mail] },
  'with recipients': { inputs: [...begun, mail, rcpt] },
  'between chunks': { inputs: [...begun, mail, rcpt, line('BDAT 1'), { kind: 'chunkTaken' }] },
  'after a bad chunk': {
    inputs: [...begun, mail, rcpt, line('BDAT 1'), { kind: 'notTaken', because: 'bare-lf' }],
  },
  'after a message': {
    inputs: [...begun, mail, rcpt, line('DATA'), { kind: 'taken', intake: { kind: 'kept', id: 'x' } }],
  },
  'in TLS, fresh': { inputs: inTls },
  'in TLS, greeted': { inputs: [...inTls, ehlo] },
  'TLS required, in clear': { inputs: begun, rules: required },
  'TLS required, in TLS, greeted': { inputs: [...inTls, ehlo], rules: required },
  'no TLS here, greeted': { inputs: begun, rules: { startTls: 'absent' } },
  'relaying denied, greeted': { inputs: begun, rules: { relaying: { kind: 'denied', because: 'no' } } },
  'AUTH, in clear': { inputs: begun, rules: auth },
  'AUTH, in TLS, fresh': { inputs: inTls, rules: auth },
  'AUTH, in TLS, greeted': { inputs: [...inTls, ehlo], rules: auth },
  'AUTH, challenged': { inputs: [...inTls, ehlo, line('AUTH PLAIN')], rules: auth },
  'AUTH, logged in': { inputs: [...inTls, ehlo, plain, yes], rules: auth },
  'accounts only': {
    inputs: [...inTls, ehlo],
    rules: { ...auth, relaying: { kind: 'accounts' } },
  },
  'the last message': { inputs: [...begun, mail, line('RSET')], rules: { maxMessages: 1 } },
  'with questions': { inputs: begun, rules: asks },
  'with questions, in transaction': { inputs: [...begun, mail, yes], rules: asks },
  'while asking': { inputs: [...begun, mail], rules: asks },
  'while skipping': { inputs: [...begun, line('BDAT 1')] },
  closed: { inputs: [opened, line('QUIT')] },
};

const commands = {
  EHLO: 'EHLO client.example.test',
  HELO: 'HELO client.example.test',
  MAIL: 'MAIL FROM:<a@example.test>',
  RCPT: 'RCPT TO:<b@example.test>',
  DATA: 'DATA',
  BDAT: 'BDAT 1 LAST',
  RSET: 'RSET',
  NOOP: 'NOOP',
  HELP: 'HELP',
  VRFY: 'VRFY b',
  EXPN: 'EXPN b',
  AUTH: 'AUTH PLAIN AHVzZXIAcGVuY2ls',
  STARTTLS: 'STARTTLS',
  'STARTTLS x': 'STARTTLS x',
  QUIT: 'QUIT',
  GET: 'GET / HTTP/1.1',
  XYZ: 'XYZ',
};

// One row for each state, one column for each command in the order above.
const answers: Record<string, string> = {
  fresh: '250 250 503 503 503 skip 250 250 214 252 502 note+502 220+startTls 501 221+close 421+close 500',
  greeted: '250 250 250 503 503 skip 250 250 214 252 502 note+502 220+startTls 501 221+close 421+close 500',
  'greeted by HELO':
    '250 250 250 503 503 skip 250 250 214 252 502 note+502 220+startTls 501 221+close 421+close 500',
  'in transaction':
    '250 250 503 250 554 skip 250 250 214 252 502 note+502 220+startTls 501 221+close 421+close 500',
  'with recipients':
    '250 250 503 250 354+takeBody takeChunk 250 250 214 252 502 note+502 220+startTls 501 221+close 421+close 500',
  'between chunks':
    'dropChunks+250 dropChunks+250 503 503 503 takeChunk dropChunks+250 250 214 252 502 note+502 220+startTls 501 221+close 421+close 500',
  'after a bad chunk':
    '250 250 503 503 503 skip 250 250 214 252 502 note+502 220+startTls 501 221+close 421+close 500',
  'after a message':
    '250 250 250 503 503 skip 250 250 214 252 502 note+502 220+startTls 501 221+close 421+close 500',
  'in TLS, fresh': '250 250 503 503 503 skip 250 250 214 252 502 502 503 501 221+close 421+close 500',
  'in TLS, greeted': '250 250 250 503 503 skip 250 250 214 252 502 502 503 501 221+close 421+close 500',
  'TLS required, in clear':
    '250 530 530 530 530 skip 530 250 530 530 530 note+530 220+startTls 501 221+close 421+close 500',
  'TLS required, in TLS, greeted':
    '250 250 250 503 503 skip 250 250 214 252 502 502 503 501 221+close 421+close 500',
  'no TLS here, greeted':
    '250 250 250 503 503 skip 250 250 214 252 502 note+502 502 501 221+close 421+close 500',
  'relaying denied, greeted':
    '250 250 550 503 503 skip 250 250 214 252 502 note+502 220+startTls 501 221+close 421+close 500',
  'AUTH, in clear':
    '250 250 250 503 503 skip 250 250 214 252 502 note+538 220+startTls 501 221+close 421+close 500',
  'AUTH, in TLS, fresh': '250 250 503 503 503 skip 250 250 214 252 502 503 503 501 221+close 421+close 500',
  'AUTH, in TLS, greeted': '250 250 250 503 503 skip 250 250 214 252 502 ask 503 501 221+close 421+close 500',
  // Whatever it is, it is an answer to the challenge.
  'AUTH, challenged': '501 501 501 501 501 501 501 501 501 501 501 501 501 501 501 501 501',
  'AUTH, logged in': '250 250 250 503 503 skip 250 250 214 252 502 503 503 501 221+close 421+close 500',
  'accounts only': '250 250 530 503 503 skip 250 250 214 252 502 ask 503 501 221+close 421+close 500',
  'the last message':
    '250 250 421+close 503 503 skip 250 250 214 252 502 note+502 220+startTls 501 221+close 421+close 500',
  'with questions':
    '250 250 ask 503 503 skip 250 250 214 252 502 note+502 220+startTls 501 221+close 421+close 500',
  'with questions, in transaction':
    '250 250 503 ask 554 skip 250 250 214 252 502 note+502 220+startTls 501 221+close 421+close 500',
  'while asking': '- - - - - - - - - - - - - - - - -',
  'while skipping': '- - - - - - - - - - - - - - - - -',
  closed: '- - - - - - - - - - - - - - - - -',
};

describe('every command in every state has its answer', () => {
  it('the table is complete', () => {
    assert.deepEqual(Object.keys(answers), Object.keys(states));
    for (const row of Object.values(answers))
      assert.equal(row.split(' ').length, Object.keys(commands).length);
  });

  for (const [name, { inputs, rules }] of Object.entries(states)) {
    const row = (answers[name] ?? '').split(' ');
    for (const [index, [command, text]] of Object.entries(commands).entries()) {
      const expected = row[index]?.replaceAll('+', ' ').replace('-', '');
      it(`${name}: ${command} gets ${row[index]}`, () =>
        assert.equal(codeAfter(inputs, line(text), rules), expected));
    }
  }
});

describe('RFC 3207 §4.2: nothing that the client said in the clear is known inside TLS', () => {
  it('whatever it was, the session is as fresh', () => {
    const anything = fc.array(
      fc.constantFrom(
        ...Object.values(commands).filter((text) => !/^(?:STARTTLS|QUIT|GET|DATA|BDAT)/.test(text)),
      ),
      {
        maxLength: 6,
      },
    );
    fc.assert(
      fc.property(anything, (texts) => {
        const { state } = run([opened, ...texts.map(line), line('STARTTLS'), secured]);
        assert.deepEqual(state, { ...initialState, tls: tlsFacts });
      }),
    );
  });

  it('a command that came between STARTTLS and TLS is not run, should a driver ever let it through', () => {
    for (const input of [ehlo, mail, line('QUIT'), { kind: 'badLine', what: 'nul' } as const]) {
      const before = run([...begun, line('STARTTLS')]);
      const after = run([...begun, line('STARTTLS'), input]);
      assert.deepEqual(after, before);
    }
  });

  it('the message says what TLS it came in', () => {
    const { effects } = run([...inTls, ehlo, mail, rcpt, line('DATA')]);
    const body = effects.find((effect) => effect.kind === 'takeBody');
    assert.deepEqual(
      [body?.envelope.tls, body?.envelope.hello, body?.maxBytes],
      [tlsFacts, 'client.example.test', 1000],
    );
  });
});

describe('while content is taken', () => {
  const taking = [...begun, mail, rcpt, line('DATA')];
  it('no command is run', () => assert.deepEqual(run([...taking, line('QUIT')]), run(taking)));

  const ends: [why: string, input: Input, code: string][] = [
    ['kept', { kind: 'taken', intake: { kind: 'kept', id: 'x1' } }, '250'],
    [
      'refused',
      { kind: 'taken', intake: { kind: 'refused', code: 452, enhanced: '4.3.1', text: 'full' } },
      '452',
    ],
    ['too big', { kind: 'notTaken', because: 'too-big' }, '552'],
    ['bare CR', { kind: 'notTaken', because: 'bare-cr' }, '554'],
    ['bare LF', { kind: 'notTaken', because: 'bare-lf' }, '554'],
    ['NUL', { kind: 'notTaken', because: 'nul' }, '554'],
  ];
  for (const [why, input, code] of ends) {
    it(`its end is answered (${why}: ${code}) and ends the transaction`, () => {
      assert.equal(codeAfter(taking, input), code);
      const { state } = run([...taking, input]);
      assert.deepEqual(
        [state.phase, state.transaction, state.hello?.name],
        [{ kind: 'open' }, undefined, 'client.example.test'],
      );
    });
  }

  for (const input of [{ kind: 'timeout' }, { kind: 'shutdown' }] as const) {
    it(`${input.kind} ends the session with 421`, () => assert.equal(codeAfter(taking, input), '421 close'));
  }
});

describe('bad lines', () => {
  it('too long: 500, and the session goes on', () => {
    assert.equal(codeAfter(begun, { kind: 'badLine', what: 'too-long' }), '500');
  });
  for (const what of ['bare-cr', 'bare-lf', 'nul'] as const) {
    it(`${what}: what follows is in doubt, so nothing does`, () => {
      assert.equal(codeAfter(begun, { kind: 'badLine', what }), '500 close');
    });
  }
});

describe('the budget of errors', () => {
  it('is spent by mistakes, not by good commands; a new EHLO does not fill it up', () => {
    const mistakes = [line('XYZ'), line('NOOP'), ehlo, line('DATA'), line('RSET')];
    const rules = { maxErrors: 3 };
    assert.equal(run([opened, ...mistakes], rules).state.errors, 2);
    assert.equal(codeAfter([opened, ...mistakes], line('XYZ'), rules), '500 close');
  });

  it('RFC 5321 §4.5.3.1.10: too many recipients are no mistake but 452', () => {
    const { state } = run([...begun, mail, ...Array.from({ length: 50 }, () => rcpt)]);
    assert.deepEqual([state.errors, state.transaction?.recipients.length], [0, 3]);
  });
});

describe('commands that lead to no message', () => {
  const noops = (count: number): Input[] => Array.from({ length: count }, () => line('NOOP'));

  it('are free for a hundred times, then each is an error', () => {
    assert.equal(codeAfter([...begun, ...noops(98)], line('NOOP')), '250');
    assert.equal(codeAfter([...begun, ...noops(99)], line('NOOP')), '450');
  });

  it('end the session when they do not end', () => {
    const { state } = run([...begun, ...noops(200)], { maxErrors: 3 });
    assert.equal(state.phase.kind, 'closed');
  });

  it('chunks are none of them, however many: only empty ones could go on for ever', () => {
    const chunks = (octets: number, count: number): Input[] =>
      Array.from({ length: count }, (): Input[] => [line(`BDAT ${octets}`), { kind: 'chunkTaken' }]).flat();
    const many = run([...begun, mail, rcpt, ...chunks(1, 200)]);
    assert.deepEqual([many.state.errors, many.state.transaction?.chunks?.octets], [0, 200]);
    const empty = [...begun, mail, rcpt, ...chunks(0, 99)];
    assert.equal(codeAfter(empty, line('BDAT 0')), '450');
    assert.equal(run([...empty, line('BDAT 1 LAST')]).state.phase.kind, 'taking');
  });

  it('are forgiven with a message', () => {
    const message = [mail, rcpt, line('DATA'), { kind: 'taken', intake: { kind: 'kept', id: 'x' } }] as const;
    assert.equal(codeAfter([...begun, ...noops(99), ...message], line('NOOP')), '250');
  });
});

describe('whatever is asked', () => {
  const askedFor = (inputs: readonly Input[], rules: Partial<SessionRules>): SmtpQuery[] =>
    run(inputs, rules).effects.flatMap((effect) => (effect.kind === 'ask' ? [effect.query] : []));

  it('the sender is asked for with the size that was declared, the recipient with its sender', () => {
    const inputs = [...begun, line('MAIL FROM:<a@example.test> SIZE=9'), yes, rcpt];
    const [first, second] = askedFor(inputs, asks);
    assert.deepEqual(first?.kind === 'sender' && [first.sender?.text, first.account, first.size], [
      'a@example.test',
      null,
      9,
    ]);
    assert.deepEqual(
      second?.kind === 'recipient' && [second.recipient.text, second.sender?.text, second.account],
      ['b@example.test', 'a@example.test', null],
    );
  });

  it('after a login the account goes with every question, and with the message', () => {
    const inputs = [...inTls, ehlo, plain, yes, mail, yes, rcpt, yes, line('DATA')];
    const rules: Partial<SessionRules> = { ...auth, ...asks, relaying: { kind: 'accounts' } };
    const accounts = askedFor(inputs, rules).map((query) =>
      'account' in query ? query.account : query.kind,
    );
    assert.deepEqual(accounts, ['login', 'user', 'user']);
    const body = run(inputs, rules).effects.find((effect) => effect.kind === 'takeBody');
    assert.equal(body?.envelope.account, 'user');
  });

  it('the password is in the question and nowhere else', () => {
    const challenged = run([...inTls, ehlo, line('AUTH LOGIN dXNlcg==')], { mechanisms: ['LOGIN'] });
    const asked = run([...inTls, ehlo, line('AUTH LOGIN dXNlcg=='), line('cGVuY2ls')], {
      mechanisms: ['LOGIN'],
    });
    assert.deepEqual(asked.effects.at(-1), {
      kind: 'ask',
      query: { kind: 'login', mechanism: 'LOGIN', user: 'user', password: 'pencil' },
    });
    for (const { state } of [challenged, asked])
      assert.doesNotMatch(JSON.stringify(state), /pencil|cGVuY2ls/);
  });

  it('RFC 3207 §4.2: a login in TLS is not known in the next, should there ever be one', () => {
    const { state } = run([...inTls, ehlo, plain, yes, secured], auth);
    assert.equal(state.account, null);
  });

  it('how SCRAM ended is told, also where it failed', () => {
    const scram: Partial<SessionRules> = { mechanisms: ['SCRAM-SHA-256'] };
    const first = line(`AUTH SCRAM-SHA-256 ${Buffer.from('n,,n=user,r=abc').toString('base64')}`);
    const stored = { kind: 'verifier', verifier, known: true, nonce: serverNonce } as const;
    const inputs = [...inTls, ehlo, first, { kind: 'answered', answer: stored } as const, line('bm8=')];
    assert.deepEqual(askedFor(inputs, scram), [
      { kind: 'verifier', user: 'user' },
      { kind: 'proved', user: 'user', outcome: 'no' },
    ]);
  });
});

describe('any session', () => {
  const texts = [
    ...Object.values(commands),
    'MAIL FROM:<>',
    'EHLO x\xe9',
    'RCPT TO:<postmaster>',
    'MAIL FROM:<a> X',
    'MAIL FROM:<j\xc3\xb6@example.test> SMTPUTF8',
    'AUTH LOGIN',
    'BDAT 1',
    'BDAT 5000',
    'AUTH SCRAM-SHA-256 biwsbj11c2VyLHI9YWJj',
    'AUTH EXTERNAL =',
    'XCLIENT ADDR=192.0.2.1',
    'XCLIENT LOGIN=user HELO=client.test',
    'XCLIENT ADDR=',
    '*',
    '',
  ];
  const noise = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
  const anyLine = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...texts) },
    { weight: 1, arbitrary: noise },
  );
  const badLine = fc.constantFrom(
    'too-long' as const,
    'bare-cr' as const,
    'bare-lf' as const,
    'nul' as const,
  );
  const anyRules = fc.record({
    tls: fc.constantFrom('required' as const, 'optional' as const),
    mechanisms: fc.constantFrom(
      [],
      ['PLAIN' as const, 'LOGIN' as const, 'SCRAM-SHA-256' as const],
      ['PLAIN' as const, 'EXTERNAL' as const],
    ),
    xclient: fc.boolean(),
    relaying: fc.constantFrom({ kind: 'anyone' as const }, { kind: 'accounts' as const }),
    asks: fc.record({ sender: fc.boolean(), recipient: fc.boolean() }),
  });
  const anyAnswer = fc.constantFrom<(SmtpAnswer & { kind: 'yes' | 'no' }) | undefined>(
    { kind: 'yes' },
    { kind: 'yes' },
    { kind: 'no', code: 550, enhanced: '5.7.1', text: 'no' },
    { kind: 'no', code: 421, enhanced: '4.7.0', text: 'no more' },
    undefined,
  );
  const anyEnd = fc.constantFrom('good' as const, 'good' as const, 'too-big' as const, 'bare-lf' as const);

  /** What the driver says next: the client's line where one may come, else what the session waits for. */
  function nextInput(
    state: SmtpState,
    query: SmtpQuery | undefined,
    given: Input,
    answer: (SmtpAnswer & { kind: 'yes' | 'no' }) | undefined,
    end: 'good' | 'too-big' | 'bare-lf',
    rules: SessionRules,
  ): Input {
    switch (state.phase.kind) {
      case 'starting-tls':
        return { kind: 'secured', facts: { ...tlsFacts, chain: [new Uint8Array(1)] } };
      case 'skipping':
        return { kind: 'skipped' };
      case 'taking':
        if (end !== 'good') return { kind: 'notTaken', because: end };
        return state.phase.last
          ? { kind: 'taken', intake: { kind: 'kept', id: 'x' } }
          : { kind: 'chunkTaken' };
      case 'asking':
        if (answer === undefined) return { kind: 'unanswered' };
        if (answer.kind === 'no') return { kind: 'answered', answer };
        if (query?.kind === 'external')
          return { kind: 'answered', answer: { kind: 'account', account: 'user' } };
        if (query?.kind === 'introduced') {
          const { login } = query.client;
          return { kind: 'answered', answer: { kind: 'introduced', rules, account: login } };
        }
        if (query?.kind !== 'verifier') return { kind: 'answered', answer };
        return { kind: 'answered', answer: { kind: 'verifier', verifier, known: true, nonce: serverNonce } };
      default:
        return given;
    }
  }

  it('any lines: each gets whole replies of printable ASCII within 512 octets, and the session ends once', () => {
    const inputs = fc.array(
      fc.tuple(
        fc.oneof(
          { weight: 9, arbitrary: anyLine.map(line) },
          badLine.map((what): Input => ({ kind: 'badLine', what })),
        ),
        anyAnswer,
        anyEnd,
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(inputs, anyRules, (given, rules) => {
        const all: SessionRules = { ...usualRules, ...rules };
        const reduce = smtpSession(all);
        let state = reduce(initialState, opened).state;
        let query: SmtpQuery | undefined;
        for (const [input, answer, end] of given) {
          const wasClosed = state.phase.kind === 'closed';
          const next = nextInput(state, query, input, answer, end, all);
          const step = reduce(state, next);
          state = step.state;
          const last = step.effects.at(-1);
          query = last?.kind === 'ask' ? last.query : undefined;
          const waits = last?.kind === 'ask' || last?.kind === 'skip' || last?.kind === 'takeChunk';
          const said = step.effects.map((effect) => (effect.kind === 'send' ? effect.text : '')).join('');
          if (wasClosed) assert.deepEqual(step.effects, []);
          else if (waits) assert.equal(said, '');
          else if (next.kind !== 'secured') assert.match(said, /^(?:[2-5]\d\d[ -][\x20-\x7e]{0,506}\r\n)+$/);
          assert.equal(state.phase.kind === 'closed' && !wasClosed, last?.kind === 'close');
          assert.equal(state.phase.kind === 'asking', query !== undefined);
          if (rules.tls === 'required' && state.tls === undefined) assert.equal(state.transaction, undefined);
          if (rules.relaying.kind === 'accounts' && state.account === null)
            assert.equal(state.transaction, undefined);
          if (!rules.xclient) assert.equal(state.introduced, undefined);
          // In clear nobody logs in; by the word of a front somebody may have.
          if (state.tls === undefined && state.introduced === undefined) assert.equal(state.account, null);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('RFC 2034 §3: every reply but greeting, EHLO, HELO and 354 has an enhanced code of its own class', () => {
    for (const { inputs, rules } of Object.values(states)) {
      for (const text of Object.values(commands).filter((command) => !/^(?:EHLO|HELO)/.test(command))) {
        const { state } = run(inputs, rules);
        for (const effect of smtpSession({ ...usualRules, ...rules })(state, line(text)).effects) {
          if (effect.kind === 'send') assert.match(effect.text, /^(?:3[35]4 |([245])\d\d \1\.\d+\.\d+ )/);
        }
      }
    }
  });
});

describe('XVERP, as Postfix has it', () => {
  const rules: Partial<SessionRules> = { verp: { delimiters: '+=', filter: '-=+' } };
  const verpOf = (command: string): string | undefined => {
    const { state } = run([opened, ehlo, line(command)], rules);
    return state.transaction?.verp;
  };

  it('is offered, with or without the delimiters', () => {
    const offered = run([opened, ehlo], rules).effects.some(
      (effect) => effect.kind === 'send' && /^250[- ]XVERP\r$/m.test(effect.text),
    );
    assert.equal(offered, true);
    assert.equal(verpOf('MAIL FROM:<a@b.test> XVERP'), '+=');
    assert.equal(verpOf('MAIL FROM:<a@b.test> xverp=-='), '-=');
    assert.equal(verpOf('MAIL FROM:<a@b.test> SIZE=1 XVERP=== RET=HDRS'), '==');
    assert.equal(verpOf('MAIL FROM:<a@b.test>'), undefined);
  });

  // What Postfix 3.7.11 answers in test/peers/verp.test.ts.
  for (const [command, code] of [
    ['MAIL FROM:<> XVERP', '503'],
    ['MAIL FROM:<a@b.test> XVERP=ab', '501'],
    ['MAIL FROM:<a@b.test> XVERP=+=+', '501'],
    ['MAIL FROM:<a@b.test> XVERP=+', '501'],
    ['MAIL FROM:<a@b.test> XVERP=', '501'],
    ['MAIL FROM:<a@b.test> XVERP XVERP', '501'],
  ] as const)
    it(`refuses ${command}`, () => assert.equal(codeAfter([opened, ehlo], line(command), rules), code));

  it('is no parameter where it is not offered, nor after HELO', () => {
    const command = line('MAIL FROM:<a@b.test> XVERP=+=');
    assert.equal(codeAfter([opened, ehlo], command), '555');
    assert.equal(codeAfter([opened, line('HELO client.test')], command, rules), '555');
  });

  it('no other parameter has an equals sign in its value', () =>
    assert.equal(codeAfter([opened, ehlo], line('MAIL FROM:<a@b.test> ENVID=a=b'), rules), '501'));
});
