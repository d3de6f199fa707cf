import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  type Envelope,
  type Intake,
  initialState,
  type SessionRules,
  type SmtpState,
  smtpSession,
} from '../../../../../src/protocols/smtp/server/session.ts';
import type { SessionEffect, SessionInput } from '../../../../../src/wire/session.ts';
import { tlsFacts } from '../../../../support/transcript.ts';
import { usualRules } from './replay.ts';

type Input = SessionInput<Intake>;
type Effect = SessionEffect<Envelope>;

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

/** Every state that a client can bring a session to, and what brings it there. */
const states: Record<string, { inputs: Input[]; rules?: Partial<SessionRules> }> = {
  fresh: { inputs: [opened] },
  greeted: { inputs: begun },
  'greeted by HELO': { inputs: [opened, line('HELO client.example.test')] },
  'in transaction': { inputs: [...begun, mail] },
  'with recipients': { inputs: [...begun, mail, rcpt] },
  'after a message': {
    inputs: [...begun, mail, rcpt, line('DATA'), { kind: 'taken', answer: { kind: 'kept', id: 'x' } }],
  },
  'in TLS, fresh': { inputs: inTls },
  'in TLS, greeted': { inputs: [...inTls, ehlo] },
  'TLS required, in clear': { inputs: begun, rules: required },
  'TLS required, in TLS, greeted': { inputs: [...inTls, ehlo], rules: required },
  'no TLS here, greeted': { inputs: begun, rules: { startTls: 'absent' } },
  'relaying denied, greeted': { inputs: begun, rules: { relaying: { kind: 'denied', because: 'no' } } },
  closed: { inputs: [opened, line('QUIT')] },
};

const commands = {
  EHLO: 'EHLO client.example.test',
  HELO: 'HELO client.example.test',
  MAIL: 'MAIL FROM:<a@example.test>',
  RCPT: 'RCPT TO:<b@example.test>',
  DATA: 'DATA',
  RSET: 'RSET',
  NOOP: 'NOOP',
  HELP: 'HELP',
  VRFY: 'VRFY b',
  EXPN: 'EXPN b',
  AUTH: 'AUTH PLAIN x',
  STARTTLS: 'STARTTLS',
  'STARTTLS x': 'STARTTLS x',
  QUIT: 'QUIT',
  GET: 'GET / HTTP/1.1',
  XYZ: 'XYZ',
};

// One row for each state, one column for each command in the order above.
const answers: Record<string, string> = {
  fresh: '250 250 503 503 503 250 250 214 252 502 502 220+startTls 501 221+close 421+close 500',
  greeted: '250 250 250 503 503 250 250 214 252 502 502 220+startTls 501 221+close 421+close 500',
  'greeted by HELO': '250 250 250 503 503 250 250 214 252 502 502 220+startTls 501 221+close 421+close 500',
  'in transaction': '250 250 503 250 554 250 250 214 252 502 502 220+startTls 501 221+close 421+close 500',
  'with recipients':
    '250 250 503 250 354+takeBody 250 250 214 252 502 502 220+startTls 501 221+close 421+close 500',
  'after a message': '250 250 250 503 503 250 250 214 252 502 502 220+startTls 501 221+close 421+close 500',
  'in TLS, fresh': '250 250 503 503 503 250 250 214 252 502 502 503 501 221+close 421+close 500',
  'in TLS, greeted': '250 250 250 503 503 250 250 214 252 502 502 503 501 221+close 421+close 500',
  'TLS required, in clear':
    '250 530 530 530 530 530 250 530 530 530 530 220+startTls 501 221+close 421+close 500',
  'TLS required, in TLS, greeted':
    '250 250 250 503 503 250 250 214 252 502 502 503 501 221+close 421+close 500',
  'no TLS here, greeted': '250 250 250 503 503 250 250 214 252 502 502 502 501 221+close 421+close 500',
  'relaying denied, greeted':
    '250 250 550 503 503 250 250 214 252 502 502 220+startTls 501 221+close 421+close 500',
  closed: '- - - - - - - - - - - - - - - -',
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
      const expected = row[index]?.replace('+', ' ').replace('-', '');
      it(`${name}: ${command} gets ${row[index]}`, () =>
        assert.equal(codeAfter(inputs, line(text), rules), expected));
    }
  }
});

describe('RFC 3207 §4.2: nothing that the client said in the clear is known inside TLS', () => {
  it('whatever it was, the session is as fresh', () => {
    const anything = fc.array(
      fc.constantFrom(...Object.values(commands).filter((text) => !/^(?:STARTTLS|QUIT|GET|DATA)/.test(text))),
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
      [body?.question.tls, body?.question.hello, body?.maxBytes],
      [tlsFacts, 'client.example.test', 1000],
    );
  });
});

describe('while content is taken', () => {
  const taking = [...begun, mail, rcpt, line('DATA')];
  it('no command is run', () => assert.deepEqual(run([...taking, line('QUIT')]), run(taking)));

  const ends: [why: string, input: Input, code: string][] = [
    ['kept', { kind: 'taken', answer: { kind: 'kept', id: 'x1' } }, '250'],
    [
      'refused',
      { kind: 'taken', answer: { kind: 'refused', code: 452, enhanced: '4.3.1', text: 'full' } },
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
        ['open', undefined, 'client.example.test'],
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
    assert.equal(state.phase, 'closed');
  });

  it('are forgiven with a message', () => {
    const message = [mail, rcpt, line('DATA'), { kind: 'taken', answer: { kind: 'kept', id: 'x' } }] as const;
    assert.equal(codeAfter([...begun, ...noops(99), ...message], line('NOOP')), '250');
  });
});

describe('any session', () => {
  const texts = [
    ...Object.values(commands),
    'MAIL FROM:<>',
    'EHLO x\xe9',
    'RCPT TO:<postmaster>',
    'MAIL FROM:<a> X',
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
  const tlsModes = fc.constantFrom('required' as const, 'optional' as const);

  it('any lines: each gets whole replies of printable ASCII within 512 octets, and the session ends once', () => {
    const inputs = fc.array(
      fc.oneof(
        { weight: 9, arbitrary: anyLine.map(line) },
        badLine.map((what): Input => ({ kind: 'badLine', what })),
      ),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(inputs, tlsModes, (given, tls) => {
        const reduce = smtpSession({ ...usualRules, tls });
        let state = reduce(initialState, opened).state;
        for (let input of given) {
          // What a driver may feed depends on what it was asked to do.
          if (state.phase === 'starting-tls') input = secured;
          if (state.phase === 'taking') input = { kind: 'taken', answer: { kind: 'kept', id: 'x' } };
          const wasClosed = state.phase === 'closed';
          const step = reduce(state, input);
          state = step.state;
          const said = step.effects.map((effect) => (effect.kind === 'send' ? effect.text : '')).join('');
          if (wasClosed) assert.deepEqual(step.effects, []);
          else if (input.kind !== 'secured') assert.match(said, /^(?:[2-5]\d\d[ -][\x20-\x7e]{0,506}\r\n)+$/);
          assert.equal(state.phase === 'closed' && !wasClosed, step.effects.at(-1)?.kind === 'close');
          if (tls === 'required' && state.tls === undefined) assert.equal(state.transaction, undefined);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('RFC 2034 §3: every reply but greeting, EHLO, HELO and 354 has an enhanced code of its own class', () => {
    for (const { inputs, rules } of Object.values(states)) {
      for (const text of Object.values(commands).filter((command) => !/^(?:EHLO|HELO)/.test(command))) {
        const { state } = run(inputs, rules);
        for (const effect of smtpSession({ ...usualRules, ...rules })(state, line(text)).effects) {
          if (effect.kind === 'send') assert.match(effect.text, /^(?:354 |([245])\d\d \1\.\d+\.\d+ )/);
        }
      }
    }
  });
});
