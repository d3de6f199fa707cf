import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Answer } from '../../../src/dns/answer.ts';
import { nameOf as dnsName } from '../../../src/dns/name.ts';
import { types } from '../../../src/dns/record.ts';
import {
  askTxt,
  below,
  notAnswered,
  shorten,
  showAnswer,
  txtLine,
  zoneFinding,
} from '../../../src/findings/ask.ts';
import type { PolicyLookUp } from '../../../src/policies/look-ups.ts';
import { DOMAIN, nameOf } from '../../support/destinations.ts';
import { answerFrom, type ScriptedZone } from '../../support/scripted-zone.ts';

const answer = (zone: ScriptedZone, type: number): Answer =>
  answerFrom(zone)({ name: dnsName(DOMAIN), type });

describe('names below a domain', () => {
  it('have the labels before it, and are none where that is too long', () => {
    assert.equal(below('_smtp._tls', DOMAIN), '_smtp._tls.example.test');
    assert.equal(
      below('a', nameOf(`${'x'.repeat(63)}.${'x'.repeat(63)}.${'x'.repeat(63)}.${'x'.repeat(61)}`)),
      undefined,
    );
  });
});

describe('TXT records', () => {
  const say = (
    zone: ScriptedZone,
  ): ReturnType<typeof askTxt> extends PolicyLookUp<infer Said> ? Said : never => {
    const dialogue = askTxt(DOMAIN);
    const asked = dialogue.next();
    assert.ok(asked.done !== true && asked.value.kind === 'resolve');
    const said = dialogue.next({ kind: 'resolved', answer: answerFrom(zone)(asked.value.question) });
    return said.done === true ? said.value : assert.fail('it asks on');
  };

  it('are put together from their strings; none is absent, and no answer unknown', () => {
    assert.deepEqual(say({ 'example.test TXT': ['"one" " two"', '"x"'] }).texts, ['one two', 'x']);
    assert.equal(say({}).kind, 'absent');
    assert.equal(say({ 'example.test TXT': 'unknown' }).kind, 'unknown');
  });
});

describe('answers as evidence', () => {
  it('are lines of a zone file, or the sentence that there is none', () => {
    assert.deepEqual(showAnswer(answer({ 'example.test MX': ['10 mx.test.'] }, types.MX)), [
      'example.test. MX 10 mx.test.',
    ]);
    assert.deepEqual(showAnswer(answer({ 'x.example.test A': ['192.0.2.1'] }, types.MX)), [
      'example.test MX: there is no such record (insecure)',
    ]);
    assert.deepEqual(showAnswer(answer({ 'example.test MX': 'bogus' }, types.MX)), [
      'example.test MX: of the test: the signature does not fit',
    ]);
  });

  it('are bounded and printable, whatever a zone says', () => {
    const many = Array.from({ length: 50 }, (_, index) => `"${String(index).repeat(120)}\u0007"`);
    const lines = showAnswer(answer({ 'example.test TXT': many }, types.TXT));
    assert.equal(lines.length, 9);
    assert.equal(lines.at(-1), 'and 42 more');
    for (const line of lines) assert.match(line, /^[ -~]{1,400}$/);
    assert.equal(shorten('x'.repeat(401)).length, 400);
    assert.equal(shorten('x'.repeat(400)), 'x'.repeat(400));
  });
});

it('what was not answered is worth another try, what is bogus is not', () => {
  const scope = { domain: DOMAIN };
  const retry = (said: 'unknown' | 'bogus'): number | null =>
    notAnswered('dns.servfail', scope, answer({ 'example.test MX': said }, types.MX), { now: 1000 }).retryAt;
  assert.equal(retry('unknown'), 601_000);
  assert.equal(retry('bogus'), null);
});

describe('what is to be pasted', () => {
  it('RFC 1035 §3.3: TXT in strings of 255 octets, what is odd in them escaped', () => {
    assert.equal(txtLine('a.test', 'x"y\\z\u{e9}').text, 'a.test. IN TXT "x\\"y\\\\z\\233"');
    const long = txtLine('a.test', 'v'.repeat(300)).text;
    assert.equal(long, `a.test. IN TXT "${'v'.repeat(255)}" "${'v'.repeat(45)}"`);
    assert.equal(txtLine('a.test', '').text, 'a.test. IN TXT ""');
  });

  it('repairs of the catalogue name the domain, and those of the finding stand as they are', () => {
    const scope = { domain: 'other.test' };
    const [remedy] = zoneFinding('mx.null', 'warn', { scope, evidence: ['x'] }).fix;
    assert.deepEqual(remedy?.lines, [{ for: 'dns', text: 'other.test. IN MX 0 .' }]);
    assert.equal(remedy?.verify, 'dig +short other.test MX');
    const own = { who: 'dns-owner', do: 'Look at example.test.' } as const;
    assert.deepEqual(zoneFinding('mx.null', 'warn', { scope, evidence: ['x'], fix: [own] }).fix, [own]);
  });

  it('evidence is bounded and printable', () => {
    const { evidence } = zoneFinding('mx.null', 'warn', {
      scope: {},
      evidence: Array.from({ length: 50 }, () => `\u{1b}[31m\u{9b}${'x'.repeat(500)}`),
    });
    assert.equal(evidence.length, 12);
    for (const line of evidence) assert.match(line, /^[ -~]{1,400}$/);
  });
});
