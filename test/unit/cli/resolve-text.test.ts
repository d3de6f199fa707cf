import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { noticeOf } from '../../../src/cli/dns-notices.ts';
import type { Resolved } from '../../../src/cli/resolve-advice.ts';
import { formatResolved } from '../../../src/cli/resolve-text.ts';
import type { Look } from '../../../src/cli/terminal.ts';
import { types } from '../../../src/dns/record.ts';
import * as samples from './resolve-samples.ts';

const { resolved } = samples;
const plain: Look = { width: 80, colour: false, unicode: true };

/** As the self-test of a resolver behind a router finds it. */
const stripping = noticeOf(
  {
    kind: 'unprovable',
    because: '127.0.0.53:53 gives no DNSSEC records (to . DNSKEY it answered NOERROR with 2 records)',
  },
  'validate',
);
const silent = noticeOf({ kind: 'no-answer', because: '127.0.0.53:53 did not answer' }, 'validate');
assert.ok(stripping !== undefined && silent !== undefined);

describe('what a person reads', () => {
  const texts: readonly (readonly [why: string, resolved: Resolved, look: Look, text: string])[] = [
    [
      'records that are proven',
      resolved(samples.secure),
      plain,
      `mail.test MX: found, secure (proven from the root on)
    mail.test. 3600 IN MX 10 mx1.mail.test.
    mail.test. 3600 IN MX 10 mx2.mail.test.

link by link:
  ✔ trust anchor of the root: secure
  │     trusted to begin with: key 20326 (RSASHA256), key 38696 (RSASHA256)
  ✔ keys of the root: secure
  │     key 20326 (RSASHA256), key 46780 (RSASHA256): RRSIG by . key 20326
  │     (RSASHA256), valid until 2026-12-12T00:00:00Z
  ✔ delegation of test: secure
  │     DS of key 11 (ECDSAP256SHA256): RRSIG by . key 46780 (RSASHA256), valid
  │     until 2026-12-10T17:00:00Z
  ✔ keys of test: secure
  │     key 11 (ECDSAP256SHA256): RRSIG by test key 11 (ECDSAP256SHA256), valid
  │     until 2026-12-09T00:00:00Z
  ✔ answer mail.test MX: secure
        RRSIG by test key 11 (ECDSAP256SHA256), valid until 2026-12-05T00:00:00Z

what it means: Nobody between the zone and this host can have changed it.
`,
    ],
    [
      'an alias that leads to an unsigned zone',
      resolved(samples.insecure),
      plain,
      `mail.test MX: found, insecure (not signed)
    mail.test is an alias of cloud.example (CNAME, secure)
    cloud.example. 3600 IN MX 10 mx.cloud.example.

link by link:
  ✔ trust anchor of the root: secure
  │     trusted to begin with: key 20326 (RSASHA256), key 38696 (RSASHA256)
  ✔ keys of the root: secure
  │     key 20326 (RSASHA256), key 46780 (RSASHA256): RRSIG by . key 20326
  │     (RSASHA256), valid until 2026-12-12T00:00:00Z
  ✔ delegation of test: secure
  │     DS of key 11 (ECDSAP256SHA256): RRSIG by . key 46780 (RSASHA256), valid
  │     until 2026-12-10T17:00:00Z
  ✔ keys of test: secure
  │     key 11 (ECDSAP256SHA256): RRSIG by test key 11 (ECDSAP256SHA256), valid
  │     until 2026-12-09T00:00:00Z
  ✔ alias mail.test CNAME: secure
  │     RRSIG by test key 11 (ECDSAP256SHA256), valid until 2026-12-05T00:00:00Z
  ○ delegation of example: insecure
        NSEC at example says that example is delegated without a DS

what it means: It is not signed: somebody on the way can have changed it, and
  nobody would notice.
`,
    ],
    [
      'no such record, proven; no wider than the terminal, in ASCII',
      resolved(samples.absent),
      { ...plain, width: 60, unicode: false },
      `mail.test MX: absent, secure (the name has no such record;
  proven from the root on)

link by link:
  + trust anchor of the root: secure
  |     trusted to begin with: key 20326 (RSASHA256), key
  |     38696 (RSASHA256)
  + keys of the root: secure
  |     key 20326 (RSASHA256), key 46780 (RSASHA256): RRSIG
  |     by . key 20326 (RSASHA256), valid until
  |     2026-12-12T00:00:00Z
  + delegation of test: secure
  |     DS of key 11 (ECDSAP256SHA256): RRSIG by . key 46780
  |     (RSASHA256), valid until 2026-12-10T17:00:00Z
  + keys of test: secure
  |     key 11 (ECDSAP256SHA256): RRSIG by test key 11
  |     (ECDSAP256SHA256), valid until 2026-12-09T00:00:00Z
  + no mail.test MX: secure
        NSEC at mail.test does not list MX; RRSIG by test
        key 11 (ECDSAP256SHA256), valid until
        2026-12-05T00:00:00Z

what it means: Nobody between the zone and this host can
  have changed it.
`,
    ],
    [
      'a signature that has run out, or an answer that was changed',
      resolved(samples.bogus),
      plain,
      `mail.test MX: unknown, bogus (it should be proven and is not)
    what came without proof, and is not used:
      mail.test. IN MX 10 mx.evil.test.

link by link:
  ✔ trust anchor of the root: secure
  │     trusted to begin with: key 20326 (RSASHA256), key 38696 (RSASHA256)
  ✔ keys of the root: secure
  │     key 20326 (RSASHA256), key 46780 (RSASHA256): RRSIG by . key 20326
  │     (RSASHA256), valid until 2026-12-12T00:00:00Z
  ✔ delegation of test: secure
  │     DS of key 11 (ECDSAP256SHA256): RRSIG by . key 46780 (RSASHA256), valid
  │     until 2026-12-10T17:00:00Z
  ✔ keys of test: secure
  │     key 11 (ECDSAP256SHA256): RRSIG by test key 11 (ECDSAP256SHA256), valid
  │     until 2026-12-09T00:00:00Z
  ✘ answer mail.test MX: bogus
        MX at mail.test is not proven: its RRSIG by test key 11
        (ECDSAP256SHA256) expired at 2026-11-20T00:00:00Z

the resolver says: EDE 7 (Signature Expired): signature has run out
what it means: Either somebody on the way changes answers, or test is signed
  wrongly. Nothing of it is used, and this is no "no": mail that depends on it
  waits.
what to do:
  - Ask another resolver, best from another network: waxwing resolve mail.test
    MX --resolver ADDRESS. If that is secure, 127.0.0.53:53, or somebody on the
    way to it, changes answers.
  - If it is bogus there too, tell whoever runs test: what it says of mail.test
    MX has to be signed anew.
  - Compare the clock of this host, which says 2026-11-28T12:00:00Z: signatures
    have a beginning and an end.
`,
    ],
    [
      'keys that do not fit the zone above, in colour',
      resolved(samples.bogusKeys),
      { ...plain, colour: true },
      `mail.test MX: \x1b[31munknown, bogus\x1b[0m (it should be proven and is not)

\x1b[1mlink by link\x1b[0m:
  \x1b[32m✔\x1b[0m trust anchor of the root: \x1b[32msecure\x1b[0m
  │     trusted to begin with: key 20326 (RSASHA256), key 38696 (RSASHA256)
  \x1b[32m✔\x1b[0m keys of the root: \x1b[32msecure\x1b[0m
  │     key 20326 (RSASHA256), key 46780 (RSASHA256): RRSIG by . key 20326
  │     (RSASHA256), valid until 2026-12-12T00:00:00Z
  \x1b[32m✔\x1b[0m delegation of test: \x1b[32msecure\x1b[0m
  │     DS of key 11 (ECDSAP256SHA256): RRSIG by . key 46780 (RSASHA256), valid
  │     until 2026-12-10T17:00:00Z
  \x1b[31m✘\x1b[0m keys of test: \x1b[31mbogus\x1b[0m
        test has no key that the DS in the zone above names: key 11
        (ECDSAP256SHA256)

\x1b[1mwhat it means\x1b[0m: Either somebody on the way changes answers, or test is signed
  wrongly. Nothing of it is used, and this is no "no": mail that depends on it
  waits.
\x1b[1mwhat to do\x1b[0m:
  - Ask another resolver, best from another network: waxwing resolve mail.test
    MX --resolver ADDRESS. If that is secure, 127.0.0.53:53, or somebody on the
    way to it, changes answers.
  - If it is bogus there too, tell whoever runs test: the DS in the zone above
    has to name a key that signs its DNSKEY records, and signatures have to be
    renewed before they run out.
  - Compare the clock of this host, which says 2026-11-28T12:00:00Z: signatures
    have a beginning and an end.
`,
    ],
    [
      'a clock that is wrong',
      resolved(samples.bogusRoot),
      plain,
      `mail.test MX: unknown, bogus (it should be proven and is not)

link by link:
  ✔ trust anchor of the root: secure
  │     trusted to begin with: key 20326 (RSASHA256), key 38696 (RSASHA256)
  ✘ keys of the root: bogus
        the 3 DNSKEY records of . are not signed with a key that is trusted: its
        RRSIG by . key 20326 (RSASHA256) is valid from 2026-11-21T00:00:00Z on
        only

what it means: The clock of this host is wrong, its trust anchor is out of date,
  or somebody on the way changes answers. Nothing of it is used, and this is no
  "no": mail that depends on it waits.
what to do:
  - Compare the clock of this host, which says 2026-11-28T12:00:00Z: signatures
    have a beginning and an end.
  - Ask another resolver, best from another network: waxwing resolve mail.test
    MX --resolver ADDRESS. If that is secure, 127.0.0.53:53, or somebody on the
    way to it, changes answers.
  - Look whether the trust anchor of the root is still the right one.
`,
    ],
    [
      'a resolver that strips the records of DNSSEC',
      resolved(samples.stripped, { notices: [stripping] }),
      plain,
      `mail.test MX: unknown, indeterminate (no answer that can be used)
    what came without proof, and is not used:
      mail.test. IN MX 10 mx1.mail.test.

link by link:
  ✔ trust anchor of the root: secure
  │     trusted to begin with: key 20326 (RSASHA256), key 38696 (RSASHA256)
  ? keys of the root: indeterminate
        the resolver gives no DNSSEC records: for ., of which keys are trusted,
        it has DNSKEY records without RRSIG

what it means: Answers of DNS cannot be proven: 127.0.0.53:53 gives no DNSSEC
  records (to . DNSKEY it answered NOERROR with 2 records). A relay behind such
  resolvers takes their answers as they are, as if nothing were signed.
what to do:
  - Name a resolver that hands on the records of DNSSEC, with dns.resolver
    (--resolver): those of routers and containers often do not. The surest is
    one on this host, such as unbound as Debian installs it: dns.resolver =
    ["127.0.0.1"].
`,
    ],
    [
      'a resolver that is silent',
      resolved(samples.silent, { notices: [silent] }),
      plain,
      `mail.test MX: unknown, indeterminate (no answer that can be used)

why: MX at mail.test could not be asked: 127.0.0.53:53 did not answer within 5 s
  (UDP, 3 tries; TCP, no connection)
what it means: Whether there is such a record is not known: this is no "no", and
  mail that depends on it waits.
what to do:
  - Look whether the address is right, and whether something on the way lets
    port 53 through by UDP and by TCP, which long answers need; or name another
    resolver with dns.resolver (--resolver).
`,
    ],
  ];
  for (const [why, from, look, text] of texts) it(why, () => assert.equal(formatResolved(from, look), text));

  it('no line is wider than the terminal, unless it is a record or one word', () => {
    const notices = [stripping, silent];
    for (const [name, answer] of Object.entries(samples)) {
      if (typeof answer !== 'object' || !('question' in answer)) continue;
      for (const width of [40, 57, 80]) {
        const lines: readonly string[] = formatResolved(resolved(answer, { notices }), {
          ...plain,
          width,
        }).split('\n');
        const wide: readonly string[] = lines.filter(
          (line) => line.length > width && !line.includes(' IN MX '),
        );
        // One word behind its bar, bullet or title.
        assert.deepEqual(
          wide.filter((line) => line.trim().split(/ +/).length > 2),
          [],
          name,
        );
      }
    }
  });

  it('nothing that a resolver wrote moves the cursor', () => {
    const because = 'a\r\x1b[2Jb';
    const text = formatResolved(
      resolved({ ...samples.silent, because, errors: [{ code: 0, text: '\x9b31m\n' }] }),
      plain,
    );
    assert.match(text, /^why: a \[2Jb$/m);
    assert.doesNotMatch(text.replaceAll('\n', ''), /\p{Cc}/u);
  });
});

describe('the headline says who proved it', () => {
  const headline = (...args: Parameters<typeof resolved>): string =>
    formatResolved(resolved(...args), { ...plain, width: 110 }).split('\n', 1)[0] ?? '';

  it('from which anchor on', () => {
    const { chain } = samples.secure;
    const island = {
      ...samples.secure,
      chain: [{ ...samples.anchor, name: samples.name('test') }, ...chain],
    };
    assert.equal(headline(island), 'mail.test MX: found, secure (proven from the trust anchor of test on)');
  });

  it('the resolver, where it is trusted', () => {
    const answer = { ...samples.secure, chain: [] };
    assert.equal(
      headline(answer, { mode: 'trust' }),
      'mail.test MX: found, secure (by the word of the resolver)',
    );
    assert.equal(
      headline({ ...answer, status: 'indeterminate' }, { mode: 'trust' }),
      'mail.test MX: found, indeterminate (the resolver proves nothing)',
    );
  });

  it('nobody, where DNSSEC is off', () => {
    assert.equal(
      headline({ ...samples.secure, status: 'indeterminate', chain: [] }, { mode: 'off' }),
      'mail.test MX: found, indeterminate (nobody looked for a proof)',
    );
  });

  it('that there is no such name', () => {
    assert.equal(
      headline({ ...samples.absent, what: 'no-such-name' }),
      'mail.test MX: absent, secure (there is no such name; proven from the root on)',
    );
  });

  it('in records of a type without a name, in the generic form', () => {
    const question = { name: samples.name('a.test'), type: 65_280 };
    const answer = { ...samples.secure, question, owner: question.name, records: [Uint8Array.of(1, 2)] };
    assert.equal(headline(answer), 'a.test TYPE65280: found, secure (proven from the root on)');
    assert.match(formatResolved(resolved(answer), plain), /^ {4}a\.test\. 3600 IN TYPE65280 \\# 2 0102$/m);
  });

  it('of the root', () => {
    const question = { name: samples.name('.'), type: types.NS };
    const records = [Buffer.from(samples.name('ns.test'), 'latin1')];
    const text = formatResolved(
      resolved({ ...samples.secure, question, owner: question.name, records }),
      plain,
    );
    assert.match(text, /^\. NS: found, secure[^\n]*\n {4}\. 3600 IN NS ns\.test\.\n/);
  });
});

describe('what breaks one link breaks those behind it', () => {
  it('and is told once', () => {
    const { chain, because } = samples.bogusKeys;
    const answer = samples.link('answer', 'mail.test', types.MX, 'bogus', `MX at mail.test: ${because}`);
    const text = formatResolved(resolved({ ...samples.bogusKeys, chain: [...chain, answer] }), plain);
    assert.match(text, /answer mail\.test MX: bogus\n {8}MX at mail\.test: as above\n/);
    assert.equal(text.split('has no key that').length, 2);
  });
});
