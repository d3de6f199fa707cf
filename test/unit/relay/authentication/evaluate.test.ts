import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatResults } from '../../../../src/mail/authentication-results.ts';
import { evaluate, type Judged } from '../../../../src/relay/authentication/evaluate.ts';
import { answerFrom, type ScriptedZone } from '../../../support/scripted-zone.ts';
import { ed25519Key, incoming, rsaKey, type Signing, sealed, signed } from '../../../support/signed-mail.ts';

const rsa = rsaKey();
const ed25519 = ed25519Key();
const by: Signing = { domain: 'example.test', selector: 's1', key: rsa };
const mail =
  'From: Anna <anna@example.test>\r\nTo: ben@example.org\r\nSubject: hello\r\n\r\nHello Ben,\r\nthis is it.\r\n';

const zone: ScriptedZone = {
  'example.test TXT': ['"v=spf1 ip4:192.0.2.0/28 -all"'],
  '_dmarc.example.test TXT': ['"v=DMARC1; p=reject; sp=quarantine"'],
  's1._domainkey.example.test TXT': [`"${rsa.record}"`],
  'e1._domainkey.example.test TXT': [`"${ed25519.record}"`],
  'gone._domainkey.example.test TXT': ['"v=DKIM1; p="'],
  'lost._domainkey.example.test TXT': 'unknown',
  'sub.example.test A': ['192.0.2.1'],
  'other.test TXT': ['"v=spf1 +all"'],
  's1._domainkey.other.test TXT': [`"${rsa.record}"`],
  'lost.test TXT': 'unknown',
  '_dmarc.lost.test TXT': 'unknown',
  'forged.test TXT': 'bogus',
  'list.test TXT': ['"v=spf1 +all"'],
  's1._domainkey.list.test TXT': [`"${rsa.record}"`],
};

function resultsOf(message: Judged, told = zone) {
  const answer = answerFrom(told);
  return evaluate(
    {
      lookUp: (question) => Promise.resolve(answer(question)),
      withinMs: 1_000,
      receiver: 'mx.example.org',
      onError: (what, error) => assert.fail(`${what}: ${String(error)}`),
    },
    message,
  );
}

/** The results on one line, without what is the same everywhere. */
async function wordsOf(message: Judged, told?: ScriptedZone): Promise<string> {
  const { results } = await resultsOf(message, told);
  return formatResults('x', results, '')
    .replaceAll(/\s+/g, ' ')
    .replace(/^x; /, '')
    .replaceAll(/ header\.(?:b|a)=(?:"[^"]*"|[^ ;]*)/g, '');
}

describe('SPF', () => {
  const spf = async (from: Parameters<typeof incoming>[1], told?: ScriptedZone): Promise<string> =>
    (await wordsOf(incoming(mail, from), told)).split(';')[0] ?? '';

  it('RFC 7208 §2.6: pass, fail, softfail, neutral, none', async () => {
    assert.equal(await spf({}), 'spf=pass smtp.mailfrom=example.test');
    assert.equal(await spf({ client: '198.51.100.1' }), 'spf=fail smtp.mailfrom=example.test');
    for (const [record, result] of [
      ['v=spf1 ~all', 'softfail'],
      ['v=spf1 ?all', 'neutral'],
      ['v=spf1', 'neutral'],
      ['v=spf10 -all', 'none'],
    ] as const)
      assert.equal(
        await spf({}, { 'example.test TXT': [`"${record}"`] }),
        `spf=${result} smtp.mailfrom=example.test`,
      );
  });

  it('what nobody knows is temperror, and never none: no answer, and a bogus one', async () => {
    const because = 'reason="of the test: no answer"';
    assert.equal(await spf({ sender: 'a@lost.test' }), `spf=temperror ${because} smtp.mailfrom=lost.test`);
    assert.match(await spf({ sender: 'a@forged.test' }), /^spf=temperror /);
  });

  it('of a client that nobody knows is none, and DMARC goes by DKIM alone', async () => {
    const because = 'spf=none reason="the address of the client is not known"';
    assert.equal(await spf({ client: null }), `${because} smtp.mailfrom=example.test`);
    assert.equal(await spf({ client: null, sender: '' }), `${because} smtp.helo=client.example.test`);
    const open = { ...zone, 'example.test TXT': ['"v=spf1 +all"'] };
    assert.match(await wordsOf(incoming(mail, { client: null }), open), /; dmarc=fail /);
    assert.match(await wordsOf(incoming(await signed(mail, by), { client: null }), open), /; dmarc=pass /);
  });

  it('RFC 7208 §2.4: with a null sender HELO is checked', async () => {
    assert.equal(await spf({ sender: '', hello: 'example.test' }), 'spf=pass smtp.helo=example.test');
    assert.equal(await spf({ sender: '', hello: '[192.0.2.1]' }), 'spf=none smtp.helo="[192.0.2.1]"');
  });

  it('RFC 7208 §4.6.4: ten look-ups, and two that lead to nothing', async () => {
    const include = (count: number): ScriptedZone => ({
      'example.test TXT': [
        `"v=spf1 ${Array.from({ length: count }, (_, index) => `include:i${index}.test`).join(' ')} +all"`,
      ],
      ...Object.fromEntries(
        Array.from({ length: count }, (_, index) => [`i${index}.test TXT`, ['"v=spf1 -all"']]),
      ),
    });
    assert.match(await spf({}, include(10)), /^spf=pass /);
    assert.match(await spf({}, include(11)), /^spf=permerror reason="Too many DNS requests" /);
    const empty = (count: number): ScriptedZone => ({
      'example.test TXT': [
        `"v=spf1 ${Array.from({ length: count }, (_, index) => `a:v${index}.test`).join(' ')} +all"`,
      ],
    });
    assert.match(await spf({}, empty(2)), /^spf=pass /);
    assert.match(await spf({}, empty(3)), /^spf=permerror reason="Too many void DNS results" /);
  });

  it('mx, ptr, exists with macros and IPv6 are asked as they are', async () => {
    const told: ScriptedZone = {
      'example.test TXT': ['"v=spf1 mx:m.test exists:%{ir}.%{l}.e.test ptr:p.test -all"'],
      'm.test MX': ['10 h.m.test.'],
      'h.m.test A': ['192.0.2.5'],
      'h.m.test AAAA': ['2001:db8::5'],
      '6.2.0.192.anna.e.test A': ['127.0.0.2'],
      '7.2.0.192.in-addr.arpa PTR': ['x.p.test.'],
      'x.p.test A': ['192.0.2.7'],
    };
    for (const client of ['192.0.2.5', '2001:db8::5', '192.0.2.6', '192.0.2.7'])
      assert.match(await spf({ client }, told), /^spf=pass /, client);
    assert.match(await spf({ client: '192.0.2.8' }, told), /^spf=fail /);
  });
});

describe('DKIM', () => {
  const dkim = async (text: string): Promise<string> => {
    const words = await wordsOf(incoming(text, { client: '198.51.100.1' }));
    return /dkim=.*(?=; arc=)/.exec(words)?.[0] ?? '';
  };

  it('RSA and Ed25519, several signatures in their order', async () => {
    assert.equal(
      await dkim(await signed(mail, by, { ...by, selector: 'e1', key: ed25519 })),
      'dkim=pass header.d=example.test header.i=@example.test header.s=e1; ' +
        'dkim=pass header.d=example.test header.i=@example.test header.s=s1',
    );
  });

  it('a changed body or field fails, a key that is gone or unknown is neutral or temperror', async () => {
    const whole = await signed(mail, by);
    assert.match(
      await dkim(whole.replace('this is', 'this was')),
      /^dkim=fail reason="body hash did not verify"/,
    );
    assert.match(await dkim(whole.replace('hello', 'hullo')), /^dkim=fail reason="bad signature"/);
    assert.match(
      await dkim(await signed(mail, { ...by, selector: 'gone' })),
      /^dkim=neutral reason="invalid public key"/,
    );
    assert.match(await dkim(await signed(mail, { ...by, selector: 'no' })), /^dkim=neutral reason="no key"/);
    assert.match(await dkim(await signed(mail, { ...by, selector: 'lost' })), /^dkim=temperror /);
  });

  it('RFC 6376 §3.5: what comes behind l= is not covered; behind x= it has expired', async () => {
    const limited = await signed(mail, { ...by, maxBodyLength: 12 });
    const { results } = await resultsOf(incoming(`${limited}more\r\n`));
    assert.equal(results.dkim[0]?.result, 'pass');
    assert.ok((results.dkim[0]?.uncovered ?? 0) > 0);
    const old = { signTime: new Date('2020-01-01T00:00:00Z'), expires: new Date('2020-02-01T00:00:00Z') };
    assert.match(await dkim(await signed(mail, { ...by, ...old })), /^dkim=neutral reason="expired"/);
  });

  it('no more than ten signatures are looked at: each can have the body hashed once more', async () => {
    let many = mail;
    for (let length = 0; length < 12; length += 1)
      many = (await signed(mail, { ...by, maxBodyLength: length })).slice(0, -mail.length) + many;
    const { results } = await resultsOf(incoming(many));
    assert.deepEqual(
      results.dkim.map(({ result }) => result),
      [...Array.from({ length: 10 }, () => 'pass'), 'policy'],
    );
  });
});

it('fields of DKIM and ARC above 8 KiB are not looked at, so that nobody has us read tags for seconds', async () => {
  const long = `DKIM-Signature: ${'a=b;'.repeat(2_100)}\r\n`;
  const { results } = await resultsOf(incoming(long + (await signed(mail, by))));
  assert.deepEqual(
    results.dkim.map(({ result, because }) => [result, because]),
    [
      ['pass', null],
      ['policy', 'signatures not looked at: 1'],
    ],
  );
  const seal = { domain: 'list.test', selector: 's1', key: rsa };
  const chain = await sealed(mail, seal, `list.test; ${'a=b c.d=e; '.repeat(800)}x=y`);
  assert.equal((await resultsOf(incoming(chain))).results.arc.result, 'fail');
});

it('a body of lines that are no lines is not hashed: signatures are not looked at, and a chain is broken', async () => {
  const long = `${mail}${'x'.repeat(70_000)}\r\n`;
  const { results } = await resultsOf(incoming(await signed(long, by)));
  assert.deepEqual(
    results.dkim.map(({ result, because }) => [result, because]),
    [['policy', 'signatures not looked at: 1']],
  );
  const seal = { domain: 'list.test', selector: 's1', key: rsa };
  const chain = await sealed(long, seal, 'list.test; dmarc=pass header.from=example.test');
  const { arc } = (await resultsOf(incoming(chain))).results;
  assert.deepEqual([arc.result, arc.unknown, arc.sealers], ['fail', false, []]);
});

it('a signature that lists thousands of names in a message of thousands of fields is not looked at', async () => {
  const names = 'b:'.repeat(1_000);
  const many = 'X:\r\n'.repeat(1_000);
  const costly = `DKIM-Signature: v=1; a=rsa-sha256; d=example.test; s=s1; bh=AAAA; b=AAAA; h=${names}from\r\n`;
  const because = async (text: string): Promise<unknown> =>
    (await resultsOf(incoming(text))).results.dkim.map((one) => one.because);
  assert.deepEqual(await because(costly + mail), ['body hash did not verify']);
  assert.deepEqual(await because(costly + many + mail), ['signatures not looked at: 1']);
});

describe('DMARC', () => {
  const dmarc = async (message: Judged): Promise<string> =>
    /dmarc=.*/.exec(await wordsOf(message))?.[0] ?? '';
  const elsewhere = { client: '198.51.100.1' };

  it('RFC 9989 §4.4: passes by an aligned SPF, or an aligned signature; else it fails', async () => {
    const pass = 'dmarc=pass header.from=example.test policy.dmarc=reject';
    assert.equal(await dmarc(incoming(mail)), pass);
    assert.equal(await dmarc(incoming(await signed(mail, by), elsewhere)), pass);
    const fail = pass.replace('pass', 'fail');
    assert.equal(await dmarc(incoming(mail, elsewhere)), fail);
    assert.equal(await dmarc(incoming(mail, { sender: 'a@other.test' })), fail);
    const foreign = await signed(mail, { ...by, domain: 'other.test' });
    assert.equal(await dmarc(incoming(foreign, elsewhere)), fail);
  });

  it('RFC 9989 §4.10.1: sp is for domains below', async () => {
    const below = mail.replace('anna@', 'anna@sub.');
    assert.equal(
      await dmarc(incoming(below, elsewhere)),
      'dmarc=fail header.from=sub.example.test policy.dmarc=quarantine',
    );
  });

  it('without a record there is none', async () => {
    assert.equal(
      await dmarc(incoming(mail.replace('example.test', 'other.test'))),
      'dmarc=none header.from=other.test',
    );
  });

  it('a policy that nobody knows is temperror, and not none', async () => {
    assert.match(
      await dmarc(incoming(mail.replace('example.test', 'lost.test'))),
      /^dmarc=temperror reason="of the test: no answer" header.from=lost.test$/,
    );
  });

  it('what would pass if only its key were known is temperror, and not fail', async () => {
    const unknown = await signed(mail, { ...by, selector: 'lost' });
    assert.match(await dmarc(incoming(unknown, elsewhere)), /^dmarc=temperror reason="what would pass/);
    // This one proves nothing about the author, whatever its key is.
    const foreign = mail.replace('anna@example.test', 'anna@x.test');
    const { results } = await resultsOf(
      incoming(await signed(foreign, { ...by, selector: 'lost' }), elsewhere),
      { ...zone, '_dmarc.x.test TXT': ['"v=DMARC1; p=reject"'] },
    );
    assert.equal(results.dmarc.result, 'fail');
  });

  for (const [what, from] of [
    ['several From fields', 'From: a@example.test\r\nFrom: b@other.test'],
    ['authors of several domains', 'From: a@example.test, b@other.test'],
    ['an address with two @', 'From: <a@example.test@other.test>'],
  ] as const)
    it(`${what}: nobody knows whose policy holds`, async () => {
      const { results, dmarc: findings } = await resultsOf(incoming(mail.replace(/^From:.*(?=\r\n)/, from)));
      assert.equal(results.dmarc.result, 'permerror');
      assert.equal(findings.unclearAuthor, true);
    });

  it('nobody in From is nobody whose name is taken', async () => {
    const { results, dmarc: findings } = await resultsOf(incoming(mail.replace(/^From:.*\r\n/, '')));
    assert.equal(results.dmarc.result, 'permerror');
    assert.equal(findings.unclearAuthor, false);
  });

  it('pct below 100 is noticed', async () => {
    const told = (pct: string): ScriptedZone => ({
      ...zone,
      '_dmarc.example.test TXT': [`"v=DMARC1; p=reject; pct=${pct}"`],
    });
    assert.equal((await resultsOf(incoming(mail), told('100'))).dmarc.partial, false);
    assert.equal((await resultsOf(incoming(mail), told('99'))).dmarc.partial, true);
  });
});

describe('ARC', () => {
  const list = { domain: 'list.test', selector: 's1', key: rsa };

  it('RFC 8617 §5.2: a chain that is whole passes, and says who sealed what', async () => {
    const once = await sealed(mail, list, 'list.test; dmarc=pass header.from=example.test');
    const { results } = await resultsOf(incoming(once));
    assert.equal(results.arc.result, 'pass');
    assert.equal(results.arc.instance, 1);
    assert.deepEqual(
      results.arc.sealers.map(({ domain, results: said }) => [domain, said.replaceAll(/\s+/g, ' ').trim()]),
      [['list.test', 'list.test; dmarc=pass header.from=example.test']],
    );
    const twice = await sealed(once, { ...list, domain: 'other.test' }, 'other.test; arc=pass', 'pass');
    const again = await resultsOf(incoming(twice));
    assert.deepEqual(
      again.results.arc.sealers.map(({ domain }) => domain),
      ['other.test', 'list.test'],
    );
  });

  it('a field that is too long to be looked at, or that stands twice, says nothing in the name of a sealer', async () => {
    const honest = 'list.test; dmarc=fail header.from=example.test';
    const seals = (await sealed(mail, list, honest)).slice(0, -mail.length);
    const said = 'i=1; list.test; dmarc=pass header.from=example.test';
    for (const padding of [' ', ` (${'x'.repeat(9_000)})`]) {
      const forged = `ARC-Authentication-Results: ${said}${padding}\r\n`;
      for (const text of [forged + seals + mail, seals + forged + mail]) {
        const { arc } = (await resultsOf(incoming(text))).results;
        const results = arc.sealers.map((sealer) => sealer.results.trim());
        assert.deepEqual(arc.result === 'pass' ? results : [], arc.result === 'pass' ? [honest] : []);
        assert.equal(arc.result, padding === ' ' ? 'fail' : 'pass');
      }
    }
  });

  it('a chain that is broken fails, and names nobody', async () => {
    const once = await sealed(mail, list, 'list.test; dmarc=pass header.from=example.test');
    for (const broken of [once.replace('this is', 'this was'), once.replace('dmarc=pass', 'dmarc=fail')]) {
      const { arc } = (await resultsOf(incoming(broken))).results;
      assert.deepEqual([arc.result, arc.unknown, arc.sealers], ['fail', false, []]);
    }
  });

  it('a chain whose key nobody knows fails, and says that it is unknown', async () => {
    const once = await sealed(mail, { ...list, domain: 'example.test', selector: 'lost' }, 'x; none');
    const { arc } = (await resultsOf(incoming(once))).results;
    assert.deepEqual([arc.result, arc.unknown], ['fail', true]);
  });
});

it('content in a file is judged as it came, whatever was put in front of it and left out', async (t: TestContext) => {
  const folder = mkdtempSync(join(tmpdir(), 'waxwing-judged-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const text = await signed(`${mail}${'0123456789\r\n'.repeat(30_000)}`, by);
  const path = join(folder, 'body');
  const front = 'Received: from x\r\n';
  writeFileSync(path, front + text);
  const whole = incoming(text);
  const message: Judged = {
    ...whole,
    head: whole.head.subarray(0, 140_000),
    content: { kind: 'file', path },
    bodyAt: whole.section.bodyStart + front.length,
  };
  const { results } = await resultsOf(message);
  assert.equal(results.dkim[0]?.result, 'pass');
});

it('name servers that never answer hold up nobody, and hide no policy', async () => {
  const answer = answerFrom({ ...zone, 'slow.test TXT': 'unknown' });
  const began = performance.now();
  const { results } = await evaluate(
    {
      // Of the sender's zone; the author's own answers.
      lookUp: async (question) => {
        await sleep(question.name.includes('slow') ? 60_000 : 2, undefined, { ref: false });
        return answer(question);
      },
      withinMs: 50,
      receiver: 'mx.example.org',
      onError: assert.fail,
    },
    incoming(await signed(mail, { ...by, domain: 'slow.test' }), { sender: 'a@slow.test' }),
  );
  assert.ok(performance.now() - began < 1_000);
  assert.equal(results.spf.result, 'temperror');
  assert.equal(results.dkim[0]?.result, 'temperror');
  assert.deepEqual(results.dmarc, { result: 'fail', from: 'example.test', policy: 'reject', because: null });
});

it('an error of the checker is told, and counts as unknown', async () => {
  const errors: string[] = [];
  const message = incoming(mail);
  const { results } = await evaluate(
    {
      lookUp: () => Promise.reject(new Error('x')),
      withinMs: 1_000,
      receiver: 'mx.example.org',
      onError: (what) => errors.push(what),
    },
    { ...message, content: { kind: 'file', path: '/nowhere/at/all' } },
  );
  assert.deepEqual(errors, ['DKIM of message m1']);
  assert.deepEqual(
    [results.dkim[0]?.result, results.arc.result, results.arc.unknown, results.dmarc.result],
    ['temperror', 'fail', true, 'temperror'],
  );
});
