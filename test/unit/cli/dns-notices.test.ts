import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { logLineOf, noticeOf } from '../../../src/cli/dns-notices.ts';

const strips = '192.0.2.53:53 gives no DNSSEC records';
const noAd = '127.0.0.53:53 does not validate (without AD)';
const silent = '192.0.2.53:53 did not answer within 5 s (UDP, 3 tries)';

describe('what a self-test means', () => {
  it('names the resolver that hands on no records of DNSSEC, and how to have others', () => {
    const notice = noticeOf({ kind: 'unprovable', because: strips }, 'validate');
    assert.equal(notice?.says, `Answers of DNS cannot be proven: ${strips}.`);
    assert.match(notice.remedy, /^Name a resolver that hands on .* dns\.resolver = \["127\.0\.0\.1"\]\.$/);
  });

  it('names the resolver that sets no AD bit, and what switches validation on', () => {
    const notice = noticeOf({ kind: 'unprovable', because: noAd }, 'trust');
    assert.equal(notice?.says, `Answers of DNS cannot be proven: ${noAd}.`);
    assert.match(notice.remedy, /^Switch validation on in the resolver \(unbound: .*--dnssec validate/);
  });

  it('names the resolver that is silent, and what to look at', () => {
    const notice = noticeOf({ kind: 'no-answer', because: silent }, 'validate');
    assert.equal(notice?.says, `No resolver answers: ${silent}.`);
    assert.match(notice.remedy, /port 53 through by UDP and by TCP/);
  });

  it('is nothing where all is well, or where nothing is to be proven', () => {
    assert.equal(noticeOf({ kind: 'provable', because: 'x' }, 'validate'), undefined);
    assert.equal(noticeOf({ kind: 'off', because: 'x' }, 'off'), undefined);
  });
});

describe('the log of a relay', () => {
  it('is loud where DNSSEC cannot be had, and says in the same line what changes that', () => {
    const line = logLineOf({ kind: 'unprovable', because: strips }, 'validate');
    assert.equal(line?.level, 'error');
    assert.match(
      line.text,
      /^Answers of DNS cannot be proven: 192\.0\.2\.53:53 gives no DNSSEC records\. Mail goes on, as if no domain were signed\. To change that: name a resolver/,
    );
  });

  it('says so where it is well, and nothing where nobody wants to know', () => {
    assert.deepEqual(logLineOf({ kind: 'provable', because: 'x gives keys' }, 'validate'), {
      level: 'info',
      text: 'answers of DNS can be proven: x gives keys',
    });
    assert.equal(logLineOf({ kind: 'off', because: 'x' }, 'off'), undefined);
  });
});
