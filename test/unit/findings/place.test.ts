import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { CheckCase } from '../../../src/findings/case.ts';
import type { Finding } from '../../../src/findings/finding.ts';
import {
  bounded,
  exchange,
  foundAt,
  isBeside,
  isSeen,
  isTried,
  placesOf,
  verifyCommand,
} from '../../../src/findings/place.ts';
import { certFindings } from '../../../src/findings/rules/cert.ts';
import { connFindings } from '../../../src/findings/rules/conn.ts';
import { mailboxFindings } from '../../../src/findings/rules/mailbox.ts';
import { smtpFindings } from '../../../src/findings/rules/smtp.ts';
import { starttlsFindings } from '../../../src/findings/rules/starttls.ts';
import { tlsFindings } from '../../../src/findings/rules/tls.ts';
import {
  answerOf,
  caseOf,
  endedAt,
  handshakeFailed,
  hostCase,
  hostTarget,
  notConnected,
  observe,
  sentAway,
  visitOf,
  withoutStarttls,
} from '../../support/observations.ts';
import { randomCase } from '../../support/random-observations.ts';

const rules = [connFindings, smtpFindings, starttlsFindings, mailboxFindings, tlsFindings, certFindings];
const allOf = (theCase: CheckCase): readonly Finding[] => rules.flatMap((rule) => rule(theCase));
const imap = (tls: 'starttls' | 'implicit' = 'starttls', port = tls === 'starttls' ? 143 : 993): CheckCase =>
  hostTarget([observe({ endpoint: { protocol: 'imap', tls, port } })]);
const placeOf = (theCase: CheckCase): ReturnType<typeof placesOf>[number] => {
  const [place] = placesOf(theCase);
  return place ?? assert.fail('there is no place');
};

describe('whatever was seen', () => {
  it('every finding has evidence, bounded, on one line each and printable; a problem says what to do', () => {
    fc.assert(
      fc.property(randomCase, (theCase) => {
        for (const { evidence, state, fix, why, severity } of allOf(theCase)) {
          assert.ok(evidence.length > 0 && evidence.length <= 12);
          for (const line of evidence) assert.ok(line.length <= 300 && !/\p{Cc}/u.test(line), line);
          assert.ok(why.length > 0 && severity.length > 0);
          assert.equal(fix.length > 0, state !== 'pass');
        }
      }),
      { numRuns: 300 },
    );
  });

  it('an endpoint that was not seen has no problem but that of its connection, and says so once', () => {
    fc.assert(
      fc.property(randomCase, (theCase) => {
        for (const place of placesOf(theCase)) {
          // Who hangs at the first hello may have answered others.
          if (isSeen(place.observation.base) || isTried(place.observation.base)) continue;
          const alone = {
            ...theCase,
            hosts: [{ ...place.host, observations: [place.observation], skipped: [] }],
          };
          const findings = allOf(alone).filter(({ scope }) => scope.address !== undefined);
          const bad = findings.filter(({ state }) => state === 'fail' || state === 'absent');
          assert.ok(bad.every(({ id }) => id.startsWith('conn.') || id.startsWith('smtp.')));
          assert.ok(findings.filter(({ state }) => state === 'not-tested').length <= 1);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('the same case is judged alike twice', () => {
    fc.assert(
      fc.property(randomCase, (theCase) => assert.deepEqual(allOf(theCase), allOf(theCase))),
      { numRuns: 50 },
    );
  });
});

describe('whether something can be said of TLS', () => {
  it('not where we were sent away, nothing was heard, or nobody was there', () => {
    for (const base of [
      sentAway('throttled'),
      sentAway('blocked'),
      endedAt({ kind: 'closed', at: 'greeting' }),
      notConnected(),
      { ...handshakeFailed(), upgrade: { kind: 'refused', answer: answerOf(421, 'later') } },
    ] as const)
      assert.equal(isSeen(visitOf(undefined, base)), false);
  });

  it('else it can', () => {
    for (const base of [{}, withoutStarttls(), handshakeFailed()])
      assert.equal(isSeen(visitOf(undefined, base)), true);
  });
});

describe('doors beside', () => {
  it('are those that nobody has asked about', () => {
    assert.equal(isBeside(placeOf(imap())), false);
    assert.equal(isBeside(placeOf(imap('implicit'))), false);
    const both = hostTarget([
      observe({ endpoint: { protocol: 'imap' } }),
      observe({ endpoint: { protocol: 'imap', tls: 'implicit' } }),
    ]);
    assert.deepEqual(placesOf(both).map(isBeside), [false, true]);
  });
});

describe('evidence of protocols that are spoken in octets', () => {
  const said = ['At the hello it said: no', 'C: 0\\x1d\\x02', 'S: 0\\x0c'];

  it('the dialogue is left out, unless there is nothing else; of other protocols it is shown', () => {
    const at = (protocol: 'ldap' | 'imap', evidence: readonly string[]): readonly string[] =>
      foundAt(placeOf(hostTarget([observe({ endpoint: { protocol } })])), 'conn.blocked', 'not-tested', {
        evidence,
      }).evidence;
    assert.deepEqual(at('ldap', said), said.slice(0, 1));
    assert.deepEqual(at('ldap', said.slice(1)), said.slice(1));
    assert.deepEqual(at('imap', said), said);
  });
});

describe('the command that shows that it is done', () => {
  it('asks for the same again', () => {
    const id = 'starttls.injection';
    assert.equal(verifyCommand(placeOf(caseOf()), id), `waxwing check example.test --only ${id}`);
    assert.equal(
      verifyCommand(placeOf(imap()), id),
      `waxwing check mx1.example.test --protocol imap --only ${id}`,
    );
    assert.equal(
      verifyCommand(placeOf(imap('implicit')), id),
      `waxwing check mx1.example.test --protocol imap --tls implicit --only ${id}`,
    );
    assert.equal(
      verifyCommand(placeOf(imap('starttls', 1143)), id),
      `waxwing check mx1.example.test:1143 --protocol imap --only ${id}`,
    );
    const smtp = hostTarget([observe()]);
    assert.equal(verifyCommand(placeOf(smtp), id), `waxwing check mx1.example.test:25 --only ${id}`);
  });

  it('an address stands in brackets', () => {
    const target = {
      kind: 'address',
      address: '192.0.2.1',
      port: 25,
      protocol: 'smtp',
      tls: 'starttls',
    } as const;
    const host = hostCase([observe({ endpoint: { serverName: null } })], { name: '192.0.2.1', facts: null });
    const theCase = caseOf([host], { target, facts: null });
    assert.equal(verifyCommand(placeOf(theCase), 'x'), "waxwing check '[192.0.2.1]:25' --only x");
  });
});

describe('remedies', () => {
  const fixOf = (theCase: CheckCase): Finding['fix'] =>
    foundAt(placeOf(theCase), 'starttls.not-offered', 'fail', { evidence: ['of the test'] }).fix;

  it('name the host, and the lines of the program that runs there come first', () => {
    const exim = { greeting: { ms: 1, lines: ['mx1.example.test ESMTP Exim 4.96'], code: 220 } };
    const [fix] = fixOf(caseOf([hostCase([observe({ base: exim })])]));
    const lines = fix?.lines ?? [];
    assert.equal(lines[0]?.for, 'exim');
    assert.ok(lines.some((line) => line.for === 'postfix'));
    assert.ok(lines.some(({ text }) => text.includes('mx1.example.test')));
    assert.ok(!lines.some(({ text }) => text.includes('mx.example.com')));
  });

  it('leave out programs that do not speak the protocol', () => {
    const [fix] = fixOf(imap());
    const programs = new Set(fix?.lines?.map((line) => line.for));
    assert.deepEqual([...programs].toSorted(), ['cyrus', 'dovecot', 'exchange']);
  });

  it('what passes needs none', () => {
    assert.deepEqual(foundAt(placeOf(caseOf()), 'starttls.not-offered', 'pass', { evidence: ['x'] }).fix, []);
  });
});

describe('evidence', () => {
  it('twelve lines of 300 characters, and how many there are more', () => {
    const lines = bounded(Array.from({ length: 20 }, () => 'x'.repeat(400)));
    assert.equal(lines.length, 12);
    assert.equal(lines[0]?.length, 300);
    assert.equal(lines.at(-1), '… and 9 more');
    assert.deepEqual(bounded(['a', 'b']), ['a', 'b']);
  });

  it('what was said from a command on to the next', () => {
    const transcript = [
      'S: 220 x',
      'C: EHLO me',
      'S: 250-x',
      'S: 250 STARTTLS',
      'C: STARTTLS',
      'S: 220 go',
      'C: QUIT',
    ];
    assert.deepEqual(exchange(transcript, /STARTTLS/), ['C: STARTTLS', 'S: 220 go']);
    assert.deepEqual(exchange(transcript, /EHLO/), ['C: EHLO me', 'S: 250-x', 'S: 250 STARTTLS']);
    assert.deepEqual(exchange(transcript, /AUTH/), []);
  });
});
