/**
 * What people read, for all samples: texts.txt holds it whole.
 *
 * After a change of words, `RENEW=1 node --test FILE` writes it anew; the difference is what has to be read then.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { calledWith, withoutOptions } from '../../../../src/cli/check/again.ts';
import { repairsOf } from '../../../../src/cli/check/repairs.ts';
import { formatReport } from '../../../../src/cli/check/text.ts';
import { countsOf, listed, placesText, safe } from '../../../../src/cli/check/words.ts';
import type { Look } from '../../../../src/cli/terminal.ts';
import type { CheckReport } from '../../../../src/events/check-report.ts';
import type { Recording } from '../../../../src/findings/recording.ts';
import { observe } from '../../../support/observations.ts';
import { domain } from '../../../support/relay.ts';
import { host, outcomesOf, report, reported, samples } from './samples.ts';

const look: Look = { width: 80, colour: false, unicode: false };
const terms = { look, called: withoutOptions, isPart: false };
const format = (one: CheckReport, change: Partial<Look> = {}, seen?: Recording): string =>
  formatReport(one, { ...terms, look: { ...look, ...change } }, seen);
const golden = join(import.meta.dirname, 'texts.txt');
const entries: readonly (readonly [string, CheckReport])[] = Object.entries(samples);
const whole = entries.map(([name, one]) => `#### ${name}\n${format(one)}`).join('\n');
if (process.env['RENEW'] === '1') writeFileSync(golden, whole);

const unwrapped = (text: string): string => text.replaceAll(/\s+/g, ' ');
const textOf = (one: CheckReport, change: Partial<Look> = {}): string => unwrapped(format(one, change));

const recording: Recording = {
  target: { kind: 'domain', domain: domain('example.test') },
  startedAt: 0,
  durationMs: 0,
  depth: 'standard',
  intrusive: false,
  answers: [],
  fetched: [],
  recalled: [],
  observations: [
    observe({ base: { transcript: ['S: 220 mx1.example.test ESMTP', 'C: EHLO scanner.test'] } }),
  ],
  withoutConsent: [],
  skipped: [],
};

describe('the text of a check', () => {
  it('is for every sample as it is written down', () => {
    const texts = (text: string): string[] => text.split(/^#### /m).slice(1);
    const known = texts(readFileSync(golden, 'utf8'));
    for (const [index, text] of texts(whole).entries()) assert.equal(text, known[index]);
    assert.equal(known.length, entries.length);
  });

  for (const [name, one] of entries) {
    it(`${name}: every repair is in it, with its lines and its command unbroken`, () => {
      const text = format(one);
      for (const { finding } of repairsOf(one.findings)) {
        assert.ok(unwrapped(text).includes(`: ${finding.title} (${finding.id})`), finding.id);
        assert.ok(unwrapped(text).includes(unwrapped(finding.why)), finding.why);
        for (const { do: order, lines, verify } of finding.fix) {
          assert.ok(unwrapped(text).includes(unwrapped(order)), order);
          const programs = one.hosts.flatMap(({ endpoints }) => endpoints.map(({ program }) => program));
          for (const line of lines.filter((each) => programs.includes(each.for) || each.for === 'dns')) {
            assert.ok(
              text.split('\n').some((row) => row.trim() === line.text),
              line.text,
            );
          }
          if (verify !== null)
            assert.ok(
              text.split('\n').some((row) => row.trim() === verify),
              verify,
            );
        }
      }
    });

    it(`${name}: no line is wider than the terminal, but for what cannot be broken`, () => {
      for (const width of [60, 100]) {
        const lines = format(one, { width }).split('\n');
        const wide = lines.filter((line) => line.length > width && !/^ +\S*$|^ {9}\S/.test(line));
        assert.deepEqual(wide, []);
      }
    });

    it(`${name}: colours change nothing else`, () => {
      const coloured = format(one, { colour: true });
      // oxlint-disable-next-line eslint/no-control-regex -- the escapes of colours are what is looked for
      assert.equal(coloured.replaceAll(/\x1b\[[0-9]+m/g, ''), format(one));
      assert.ok(coloured.includes('\x1b['));
    });
  }

  it('begins with what becomes of mail, and how much there is to do', () => {
    const head = (one: CheckReport): string => unwrapped(format(one).split('\n\n')[0] ?? '');
    assert.match(
      head(samples.good),
      /^example\.test: protected: senders that look at DANE or MTA-STS .* Nothing to fix\./,
    );
    assert.match(head(samples.plain), /encrypted, not protected: .* Nothing to fix\./);
    const proven = host({ layer: 'dane', outcomes: samples.good.outcomes });
    const hosts = [proven, host({ name: 'mx2.example.test', preference: 20 })];
    assert.match(
      head({ ...samples.good, hosts }),
      /: protected in part: .* sure of the first host only: .* on its way to mx2\.example\.test\./,
    );
    assert.match(head({ ...samples.good, hosts: [proven, proven] }), /: protected: /);
    assert.match(head(samples.clear), /mail comes in clear: .* To fix: 1 critical\./);
    assert.match(
      head(samples.mismatch),
      /mail is lost: senders that look at DANE cannot deliver\. To fix: 1 critical, 1 high\./,
    );
    assert.match(
      head(samples.throttled),
      /could not be tested\. Nothing to fix so far\. Not tested: 1 check\./,
    );
    assert.match(
      head(samples.unlearnt),
      /could not be tested: the MX records .* cannot be learnt\. Nothing to fix so far\. Not tested: 1 check\.$/,
    );
    const unseen = [host({ endpoints: [] })];
    assert.match(head({ ...samples.unlearnt, hosts: unseen }), /: could not be tested: /);
    assert.match(textOf(samples.unlearnt), /within 5 s\. Try again after .* not asked: the owner of mx1/);
    assert.match(head(samples.nullMx), /takes no mail: the only MX record of example\.test is the null MX/);
    assert.match(head(samples.mailbox), /^mail\.example\.test:993: TLS works\. Nothing to fix\.$/);
    assert.match(head(samples.silent), /^mail\.example\.test:993: cannot be reached\. To fix: 1 high\.$/);
  });

  it('where nobody gets through, that is the headline, and the log of the server the way out', () => {
    const text = textOf(samples.greetless);
    assert.match(
      text,
      /^example\.test: from here no mail gets through: mx1\.example\.test takes connections, and did not come so far that a sender could deliver in the time of this check\. First see the log of the mail server\. Not tested: 1 check\./,
    );
    assert.match(
      text,
      /fix: See in the log of the mail server at mx1\.example\.test what it says of connections at/,
    );
    assert.doesNotMatch(text, /Nothing to fix/);
    // A server that says "not now" is another matter.
    assert.doesNotMatch(textOf(samples.throttled), /no mail gets through|the log of/);
  });

  it('what could not be tested is never something to fix, and says when to try again', () => {
    const text = textOf(samples.throttled);
    assert.doesNotMatch(text, /to fix, the/);
    assert.match(
      text,
      /not tested, which says nothing good or bad: .*421 4\.7\.0 .* Try again after 2026-11-28 18:15 UTC\./,
    );
  });

  it('the worst comes first, of equals what is done most easily', () => {
    const fix = (who: 'dns-owner' | 'mail-provider' | 'registrar') => [
      { who, do: `${who} acts.`, lines: [], verify: null },
    ];
    const findings = [
      reported({ id: 'a.low', severity: 'low', fix: fix('dns-owner') }),
      reported({ id: 'b.high', severity: 'high', fix: fix('registrar') }),
      reported({ id: 'c.high', severity: 'high', fix: fix('dns-owner') }),
      reported({ id: 'd.high', severity: 'high', fix: [] }),
      reported({ id: 'e.critical', severity: 'critical', fix: fix('registrar') }),
      reported({ id: 'f.pass', state: 'pass' }),
      reported({ id: 'g.open', state: 'not-tested' }),
    ];
    assert.deepEqual(
      repairsOf(findings).map(({ finding }) => finding.id),
      ['e.critical', 'c.high', 'b.high', 'd.high', 'a.low'],
    );
  });

  it('the same thing at several addresses is told once', () => {
    assert.equal(textOf(samples.clear).match(/critical, failed: STARTTLS is offered/g)?.length, 1);
    assert.match(
      textOf(samples.clear),
      /where: mx1\.example\.test \(192\.0\.2\.1 and 2001:db8::1, port 25\)/,
    );
  });

  it('has the lines for the program that was met, and all where none was', () => {
    assert.doesNotMatch(textOf(samples.clear), /tls_advertise_hosts/);
    const two = [reported(), reported({ id: 'a.b' })];
    assert.equal(
      textOf({ ...samples.clear, findings: two }).match(/--json has the lines for exim, too/g)?.length,
      1,
    );
    const unnamed = { ...samples.clear, hosts: samples.throttled.hosts };
    assert.match(textOf(unnamed), /exim: tls_advertise_hosts = \*/);
  });

  it('a fault is told once, with what comes of it', () => {
    const text = textOf(samples.steps);
    assert.match(text, /To fix: 1 critical, 1 high, 1 low\./);
    assert.match(text, /mends, too: certificate, as MTA-STS looks at it \(mtasts\.mx-cert-invalid\): mx1/);
    assert.doesNotMatch(text, /critical, failed: certificate, as MTA-STS/);
  });

  it('says what has to be done before a step with which senders begin to verify', () => {
    const text = textOf(samples.steps);
    assert.match(text, /to fix, in this order: 1\. critical, failed: end of the certificate .* 2\. high/);
    assert.match(
      text,
      /2\. high, failed: id in the record .* first: Do step 1 before this one: from this step on senders check it, and keep mail back while it is wrong\./,
    );
    assert.match(
      text,
      /in the way of MTA-STS: mtasts\.mx-cert-invalid \(step 1\), mtasts\.record\.id \(step 2\)/,
    );
    assert.doesNotMatch(textOf(samples.mismatch), /first: Do step/);
  });

  it('does not repeat a file that stands in an earlier step, nor who does the next one', () => {
    const text = textOf(samples.steps);
    assert.equal(text.match(/mode: testing/g)?.length, 1);
    assert.match(text, /3\. low, .* The lines are those of step 2, and done with it\./);
    assert.equal(text.match(/\(whoever runs the web server of the policy\)/g)?.length, 2);
    assert.match(text, /Then give the record a new id\. \(whoever edits the DNS zone\)/);
  });

  it('has digests at length in lines to paste only', () => {
    const text = textOf(samples.mismatch);
    assert.match(text, new RegExp(`IN TLSA 3 1 1 ${'cd'.repeat(32)} `));
    assert.match(textOf(samples.steps), /SHA-256 abababababababab\.\.\. was presented/);
    assert.doesNotMatch(textOf(samples.steps), /(?:ab){20}/);
  });

  it('has a record that is to be taken out at full length', () => {
    const order = `Take out _25._tcp.mx1.example.test. IN TLSA 3 1 1 ${'ab'.repeat(32)}.`;
    const fix = [{ who: 'dns-owner' as const, do: order, lines: [], verify: null }];
    assert.ok(textOf(report({ findings: [reported({ fix })] })).includes(order));
  });

  it('does not call fine what was not asked for', () => {
    const part = unwrapped(formatReport(samples.good, { ...terms, isPart: true }));
    assert.match(part, /Nothing to fix among what was asked for\./);
  });

  it('commands have the options that the check was called with', () => {
    const called = calledWith({ flags: { resolver: ['127.0.0.1'], ca: '/tmp/ca.pem' } }, []);
    assert.match(
      formatReport(samples.clear, { ...terms, called }),
      /^ {9}waxwing check \S+ --only starttls --resolver 127\.0\.0\.1 --ca \/tmp\/ca\.pem$/m,
    );
  });

  it('options of many commands stand below them, once', () => {
    const called = calledWith({ flags: { resolver: ['127.0.0.1'], ca: '/tmp/ca.pem' } }, []);
    const options = '--resolver 127.0.0.1 --ca /tmp/ca.pem';
    const verify = samples.clear.findings[0]?.fix ?? [];
    const many = (count: number): CheckReport =>
      report({
        findings: Array.from({ length: count }, (_, index) =>
          reported({ id: `a.${index}`, fix: [...verify] }),
        ),
      });
    const few = formatReport(many(2), { ...terms, called });
    assert.equal(few.split(`--only starttls ${options}\n`).length - 1, 2);
    const text = formatReport(many(3), { ...terms, called });
    assert.equal(text.split(options).length - 1, 1);
    assert.match(text, new RegExp(`add to each "waxwing check" above, as in this check:\n {9}${options}\n`));
    assert.doesNotMatch(format(many(3)), /add to each/);
  });

  it('does not say again what another reason begins with', () => {
    const one = report({ outcomes: outcomesOf('encrypted') });
    const { 'pq-client': pq } = one.senders;
    assert.ok(pq !== undefined);
    const because = `${pq.because}; the key exchange is X25519`;
    const text = textOf({ ...one, senders: { ...one.senders, 'pq-client': { ...pq, because } } });
    assert.match(text, /post-quantum keys: as above; the key exchange is X25519/);
  });

  it('what is in the way of senders is not among what nobody has to fix', () => {
    const text = textOf(samples.plain);
    assert.match(
      text,
      /what would make it better, as some senders could prove more: o missing: an MTA-STS policy .* waxwing advise example\.test says how/,
    );
    assert.doesNotMatch(text, /to know/);
    const proven = { ...samples.plain, outcomes: samples.good.outcomes };
    assert.match(textOf(proven), /to know, nothing of it has to be fixed: o missing: an MTA-STS policy/);
    const server = { ...samples.plain, target: 'mx1.example.test:25' };
    assert.doesNotMatch(textOf(server), /waxwing advise mx1/);
  });

  it('names --details where it has more to say', () => {
    assert.match(textOf(samples.plain), /more: --details adds how to have what is not there yet/);
    assert.doesNotMatch(textOf(samples.good), /--details/);
    assert.doesNotMatch(unwrapped(format(samples.plain, {}, recording)), /more: --details/);
  });

  it('speaks of first contact only where there is a policy, and says what to do', () => {
    assert.doesNotMatch(textOf(samples.plain), /first contact/);
    const broken = samples.steps;
    assert.match(
      textOf(broken),
      /first contact: this host remembers .* Nothing has to be done about it; where/,
    );
    assert.doesNotMatch(textOf({ ...broken, outcomes: outcomesOf('authenticated') }), /first contact/);
  });

  it('says of each host alone where they differ', () => {
    assert.match(
      textOf(samples.mismatch),
      /each host alone: mx1\.example\.test deferred, mx2\.example\.test in clear/,
    );
    assert.doesNotMatch(textOf(samples.good), /each host alone/);
  });

  it('with details has every check, and what was said', () => {
    const details = unwrapped(format(samples.clear, {}, recording));
    assert.match(details, /every check: .* starttls\.not-offered, fail \(critical\)/);
    assert.match(
      details,
      /what was said to 192\.0\.2\.1 port 25 \(smtp, asked for mx1\.example\.test\): S: 220 mx1/,
    );
  });

  it('with details says how to have what nobody suffers without, and the rest once', () => {
    const details = (one: CheckReport): string =>
      unwrapped(format(one, {}, recording)).split('every check:')[1] ?? '';
    assert.match(details(samples.steps), /dane\.none, absent \(info\): .* fix: Publish a TLSA record\./);
    assert.doesNotMatch(details(samples.steps), /Serve this file/);
  });

  it('shows an international name beside its one spelling, where the terminal can', () => {
    const one = report({ target: 'xn--bcher-kva.example' });
    assert.match(textOf(one, { unicode: true }), /^xn--bcher-kva\.example \(bücher\.example\): /);
    assert.match(textOf(one), /^xn--bcher-kva\.example: /);
  });

  it('lets nothing that others wrote move the cursor or turn the direction', () => {
    const evil = '\x1b[2J\r\n\x07\u009b31m\u202eevil\u2066 \u2028x\ud800';
    const findings = [
      reported({ evidence: [evil], why: evil, scope: { host: evil }, title: evil }),
      reported({ state: 'not-tested', evidence: [evil] }),
    ];
    const one = report({ findings, hosts: samples.throttled.hosts }, () => evil);
    for (const unicode of [true, false]) {
      const text = format(
        one,
        { unicode },
        {
          ...recording,
          observations: [observe({ base: { transcript: [evil] } })],
        },
      );
      // oxlint-disable-next-line eslint/no-control-regex -- control characters are what is looked for
      assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028]|\ud800/);
      assert.match(text, /evil/);
    }
  });
});

describe('words', () => {
  it('safe text is one line, and ASCII where the terminal has no more', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        assert.match(safe(text, { unicode: false }), /^[\x20-\x7e]*$/);
        assert.doesNotMatch(safe(text, { unicode: true }), /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      }),
    );
    assert.equal(safe('RFC 3207 §4 … – ü', { unicode: false }), 'RFC 3207 section 4 ... - ?');
    assert.equal(safe('RFC 3207 §4 … 😀', { unicode: true }), 'RFC 3207 §4 … 😀');
  });

  it('places in as few words as possible', () => {
    assert.equal(placesText([{ domain: 'example.test' }]), 'example.test');
    assert.equal(placesText([{ host: '192.0.2.1', address: '192.0.2.1', port: 25 }]), '192.0.2.1 (port 25)');
    const many = Array.from({ length: 20 }, (_, index) => ({ host: `mx${index}.example.test` }));
    assert.match(placesText(many), /; and 8 more$/);
  });

  it('counts and lists', () => {
    assert.equal(countsOf([reported(), reported({ severity: 'low' }), reported()]), '2 critical, 1 low');
    assert.equal(listed([]), '');
    assert.equal(listed(['a', 'b', 'c']), 'a, b and c');
  });
});
