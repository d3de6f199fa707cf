import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Answer } from '../../../src/dns/answer.ts';
import type { Asked, LookUp } from '../../../src/dns/look-ups.ts';
import type { Message } from '../../../src/dns/message.ts';
import { showName } from '../../../src/dns/name.ts';
import { type Question, type ResourceRecord, types } from '../../../src/dns/record.ts';
import { isReferral, saysBogus, type Trust, trusted } from '../../../src/dns/trusted.ts';
import { a, cname, name, question, record, soa } from '../../support/dns/server.ts';

const FROM = '192.0.2.53:53 (UDP)';
const believed: Trust = { kind: 'resolver' };
const notBelieved: Trust = { kind: 'none', because: 'DNSSEC is switched off' };

interface Said {
  readonly answers?: readonly ResourceRecord[];
  readonly authority?: readonly ResourceRecord[];
  readonly rcode?: number;
  readonly ad?: boolean;
  readonly errors?: readonly { readonly code: number; readonly text: string }[];
  readonly aa?: boolean;
}

function message({
  answers = [],
  authority = [],
  rcode = 0,
  ad = false,
  errors = [],
  aa = false,
}: Said): Message {
  return {
    id: 0,
    response: true,
    authoritative: aa,
    truncated: false,
    recursionAvailable: true,
    authenticated: ad,
    rcode,
    question: undefined,
    answers,
    authority,
    additional: [],
    edns: { udpSize: 1232, dnssecOk: false, cookie: undefined, errors },
  };
}

/** What is said to each question, `far.test A`; a question that is not there is one too many. */
type Table = Readonly<Record<string, Said | 'failed'>>;

function look(text: string, trust: Trust, table: Table, type: number = types.A): Answer {
  const dialogue: LookUp<Answer> = trusted(question(text, type), trust);
  let step = dialogue.next();
  while (step.done !== true) {
    if (step.value.kind !== 'ask') throw new Error(`it wants to ${step.value.kind}`);
    step = dialogue.next({ kind: 'answered', answer: told(table, step.value.question) });
  }
  return step.value;
}

function told(table: Table, asked: Question): Asked {
  const said = table[showName(asked.name)];
  if (said === undefined) return assert.fail(`nobody was to ask for ${showName(asked.name)}`);
  if (said === 'failed')
    return { kind: 'failed', because: 'nobody answered', errors: [{ code: 22, text: '' }] };
  return { kind: 'message', message: message(said), from: FROM };
}

const found = (answer: Answer): string[] =>
  answer.kind === 'found' ? answer.records.map((data) => data.join('.')) : assert.fail(answer.because);

describe('RFC 6840 §5.8: the AD bit', () => {
  const answers = [a('far.test', '192.0.2.1', 60)];

  it('of a resolver that validates: secure with it, insecure without', () => {
    const secure = look('far.test', believed, { 'far.test': { answers, ad: true } });
    assert.deepEqual([secure.status, secure.because], ['secure', `${FROM} has validated it (AD)`]);
    const insecure = look('far.test', believed, { 'far.test': { answers } });
    assert.deepEqual(
      [insecure.status, insecure.because],
      ['insecure', `${FROM} says that it is not signed (no AD)`],
    );
    assert.deepEqual(found(insecure), ['192.0.2.1']);
  });

  it('of one that is not believed: indeterminate, with or without, and why', () => {
    for (const ad of [true, false]) {
      const answer = look('far.test', notBelieved, { 'far.test': { answers, ad } });
      assert.deepEqual(
        [answer.kind, answer.status, answer.because],
        ['found', 'indeterminate', 'DNSSEC is switched off'],
      );
    }
  });

  it('counts for what is not there too', () => {
    for (const [rcode, what] of [
      [3, 'no-such-name'],
      [0, 'no-such-record'],
    ] as const) {
      const authority = [soa('test', 30)];
      const answer = look('far.test', believed, { 'far.test': { rcode, authority, ad: true } });
      assert.deepEqual([answer.kind, answer.status, answer.ttl], ['absent', 'secure', 30]);
      assert.equal(answer.kind === 'absent' && answer.what, what);
      assert.deepEqual(
        answer.chain.map(({ kind, status }) => [kind, status]),
        [['denial', 'secure']],
      );
    }
  });
});

describe('records', () => {
  it('each once, in canonical order, with the shortest TTL', () => {
    const answers = [
      a('far.test', '192.0.2.9', 60),
      a('far.test', '192.0.2.1', 50),
      a('far.test', '192.0.2.9', 70),
    ];
    const answer = look('far.test', believed, { 'far.test': { answers } });
    assert.deepEqual(found(answer), ['192.0.2.1', '192.0.2.9']);
    assert.equal(answer.ttl, 50);
  });

  it('of another name or type are not the answer', () => {
    const answers = [a('other.test', '192.0.2.1'), record('far.test', types.TXT, Buffer.of(1, 65))];
    assert.equal(look('far.test', believed, { 'far.test': { answers } }).kind, 'absent');
  });

  it('RFC 2308 §5: what is not there is not remembered without SOA', () => {
    assert.equal(look('far.test', believed, { 'far.test': { rcode: 3 } }).ttl, 0);
  });

  it('RFC 4035 §2.2: "An RRSIG RR itself MUST NOT be signed": a question for RRSIG has no certain answer', () => {
    const rrsig = record('far.test', types.RRSIG, Buffer.alloc(20));
    const { kind, status } = look(
      'far.test',
      believed,
      { 'far.test': { answers: [rrsig], ad: true } },
      types.RRSIG,
    );
    assert.deepEqual([kind, status], ['unknown', 'indeterminate']);
  });

  it('RFC 8482: a question for ANY has no answer that could be absent', () => {
    assert.equal(look('far.test', believed, { 'far.test': {} }, types.ANY).kind, 'unknown');
  });
});

describe('aliases', () => {
  it('in one answer are followed, each with its status', () => {
    const answers = [
      cname('far.test', 'b.test', 40),
      cname('b.test', 'c.test', 30),
      a('c.test', '192.0.2.1', 60),
    ];
    const answer = look('far.test', believed, { 'far.test': { answers, ad: true } });
    assert.deepEqual(found(answer), ['192.0.2.1']);
    assert.deepEqual(
      answer.aliases.map(({ from, to, by, status }) => [showName(from), showName(to), by, status]),
      [
        ['far.test', 'b.test', 'CNAME', 'secure'],
        ['b.test', 'c.test', 'CNAME', 'secure'],
      ],
    );
    assert.deepEqual([showName(answer.owner), answer.ttl, answer.status], ['c.test', 30, 'secure']);
    assert.deepEqual(
      answer.chain.map(({ kind }) => kind),
      ['alias', 'alias', 'answer'],
    );
  });

  it('that end in another answer: the end is asked for, and the weaker status counts', () => {
    const answer = look('far.test', believed, {
      'far.test': { answers: [cname('far.test', 'b.test')], ad: true },
      'b.test': { answers: [a('b.test', '192.0.2.1')] },
    });
    assert.deepEqual(found(answer), ['192.0.2.1']);
    assert.equal(answer.status, 'insecure');
    assert.deepEqual(
      answer.chain.map(({ kind, status }) => [kind, status]),
      [
        ['alias', 'secure'],
        ['answer', 'insecure'],
      ],
    );
    const back = look('far.test', believed, {
      'far.test': { answers: [cname('far.test', 'b.test')] },
      'b.test': { answers: [a('b.test', '192.0.2.1')], ad: true },
    });
    assert.equal(back.status, 'insecure', 'what was insecure stays so');
  });

  it('RFC 2308 §2.1: NXDOMAIN is said of the end of the aliases', () => {
    const answers = [cname('far.test', 'b.test')];
    const answer = look('far.test', believed, {
      'far.test': { answers, rcode: 3, authority: [soa('test', 30)] },
    });
    assert.equal(answer.kind === 'absent' && answer.what, 'no-such-name');
    assert.equal(showName(answer.owner), 'b.test');
  });

  it('with SOA: the record is not there, and nobody asks again', () => {
    const answers = [cname('far.test', 'b.test')];
    const answer = look('far.test', believed, { 'far.test': { answers, authority: [soa('test', 30)] } });
    assert.equal(answer.kind === 'absent' && answer.what, 'no-such-record');
    assert.equal(answer.ttl, 30);
  });

  it('asked for themselves are records', () => {
    const answer = look(
      'far.test',
      believed,
      { 'far.test': { answers: [cname('far.test', 'b.test')] } },
      types.CNAME,
    );
    assert.deepEqual([answer.kind, answer.aliases.length], ['found', 0]);
  });

  it('that lead in a circle, also over several answers, are unknown', () => {
    const circle = [cname('far.test', 'b.test'), cname('b.test', 'far.test')];
    assert.match(look('far.test', believed, { 'far.test': { answers: circle } }).because, /in a circle/);
    assert.match(
      look('far.test', believed, { 'far.test': { answers: [cname('far.test', 'far.test')] } }).because,
      /circle/,
    );
    const apart = look('far.test', believed, {
      'far.test': { answers: [cname('far.test', 'b.test')] },
      'b.test': { answers: [cname('b.test', 'c.test')] },
      'c.test': { answers: [cname('c.test', 'b.test')] },
    });
    assert.deepEqual([apart.kind, apart.status], ['unknown', 'insecure']);
  });

  it('ten are followed, eleven are not', () => {
    const chain = (length: number): ResourceRecord[] =>
      Array.from({ length }, (_, index) =>
        cname(index === 0 ? 'far.test' : `n${index}.test`, `n${index + 1}.test`),
      );
    const ten = [...chain(10), a('n10.test', '192.0.2.1')];
    assert.deepEqual(found(look('far.test', believed, { 'far.test': { answers: ten } })), ['192.0.2.1']);
    const eleven = [...chain(11), a('n11.test', '192.0.2.1')];
    const answer = look('far.test', believed, { 'far.test': { answers: eleven } });
    assert.deepEqual([answer.kind, answer.because], ['unknown', 'far.test has more than 10 aliases']);
  });

  it('RFC 6672 §2.4: of two at one name nobody knows which counts', () => {
    const answers = [cname('far.test', 'b.test'), cname('far.test', 'c.test')];
    assert.equal(look('far.test', believed, { 'far.test': { answers } }).kind, 'unknown');
  });
});

describe('RFC 6672 §2.2: DNAME', () => {
  const dname = (owner: string, target: string): ResourceRecord =>
    record(owner, types.DNAME, Buffer.from(name(target), 'latin1'), 25);

  it('the part below its owner stays; with or without the CNAME that is made of it', () => {
    for (const made of [[cname('a.b.far.test', 'a.b.new.example')], []]) {
      const answers = [dname('far.test', 'new.example'), ...made, a('a.b.new.example', '192.0.2.1')];
      const answer = look('a.b.far.test', believed, { 'a.b.far.test': { answers } });
      assert.deepEqual(found(answer), ['192.0.2.1']);
      assert.deepEqual(
        answer.aliases.map(({ from, to, by }) => [showName(from), showName(to), by]),
        [['a.b.far.test', 'a.b.new.example', 'DNAME']],
      );
      assert.equal(answer.ttl, 25);
    }
  });

  it('says nothing of its own name', () => {
    const answers = [dname('far.test', 'new.example'), a('far.test', '192.0.2.1')];
    assert.deepEqual(found(look('far.test', believed, { 'far.test': { answers } })), ['192.0.2.1']);
    const absent = look('far.test', believed, {
      'far.test': { answers: [dname('far.test', 'new.example')] },
    });
    assert.equal(absent.kind, 'absent');
  });

  it('a name that gets too long leads nowhere', () => {
    const long = Array.from({ length: 4 }, () => 'x'.repeat(60)).join('.');
    const answers = [dname('far.test', `${long}.example`)];
    const answer = look(`${'y'.repeat(60)}.far.test`, believed, {
      [`${'y'.repeat(60)}.far.test`]: { answers },
    });
    assert.deepEqual([answer.kind, /leads nowhere/.test(answer.because)], ['unknown', true]);
  });
});

describe('no answer is never "no"', () => {
  it('nobody answered', () => {
    const answer = look('far.test', believed, { 'far.test': 'failed' });
    assert.deepEqual(
      [answer.kind, answer.status, answer.because],
      ['unknown', 'indeterminate', 'nobody answered'],
    );
    assert.deepEqual(answer.errors, [{ code: 22, text: '' }]);
  });

  it('an rcode that is no answer, with the reasons that came', () => {
    const errors = [{ code: 22, text: 'no server could be reached' }];
    const answer = look('far.test', believed, { 'far.test': { rcode: 2, errors } });
    assert.deepEqual([answer.kind, answer.status], ['unknown', 'indeterminate']);
    assert.match(answer.because, /SERVFAIL \(EDE 22 .*no server could be reached\)/);
    assert.deepEqual(answer.errors, errors);
    for (const rcode of [1, 4, 5, 16])
      assert.equal(
        look('far.test', believed, { 'far.test': { rcode, answers: [a('far.test', '192.0.2.1')] } }).kind,
        'unknown',
      );
  });

  it('RFC 8914 §4.7 to §4.13: a reason of DNSSEC says that it is bogus, where the resolver is believed', () => {
    for (const code of [6, 7, 8, 9, 10, 11, 12]) {
      const said = { 'far.test': { rcode: 2, errors: [{ code, text: '' }] } };
      assert.equal(look('far.test', believed, said).status, 'bogus', `${code}`);
      assert.equal(look('far.test', notBelieved, said).status, 'indeterminate');
    }
    for (const code of [0, 5, 13, 22]) {
      const said = { 'far.test': { rcode: 2, errors: [{ code, text: '' }] } };
      assert.equal(look('far.test', believed, said).status, 'indeterminate', `${code}`);
    }
  });

  it('a server that only names other servers', () => {
    const authority = [record('test', types.NS, Buffer.from(name('ns.test'), 'latin1'))];
    assert.equal(look('far.test', believed, { 'far.test': { authority } }).kind, 'unknown');
    assert.equal(look('far.test', believed, { 'far.test': { authority, aa: true } }).kind, 'absent');
    assert.equal(
      look('far.test', believed, { 'far.test': { authority: [...authority, soa('test')] } }).kind,
      'absent',
    );
    assert.equal(isReferral(message({ authority })), true);
    assert.equal(isReferral(message({ authority, answers: [a('far.test', '192.0.2.1')] })), false);
  });
});

it('only reasons of DNSSEC say bogus, and none says nothing', () => {
  assert.equal(saysBogus({ ...message({}), edns: undefined }), false);
  assert.equal(
    saysBogus(
      message({
        errors: [
          { code: 3, text: '' },
          { code: 9, text: '' },
        ],
      }),
    ),
    true,
  );
});
