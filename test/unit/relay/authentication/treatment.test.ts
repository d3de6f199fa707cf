import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDomain } from '../../../../src/names/domain.ts';
import { parseMailbox } from '../../../../src/names/mailbox.ts';
import { noTerms } from '../../../../src/names/message-terms.ts';
import { noRecipientWishes, noSenderWishes } from '../../../../src/names/wishes.ts';
import type { Submitter } from '../../../../src/relay/arrival.ts';
import {
  type AuthenticationSettings,
  authentication,
  forgedFields,
} from '../../../../src/relay/authentication/treatment.ts';
import type { IncomingMessage, Treated } from '../../../../src/relay/treatment.ts';
import { answerFrom } from '../../../support/scripted-zone.ts';
import { incoming } from '../../../support/signed-mail.ts';

const answer = answerFrom({
  'example.test TXT': ['"v=spf1 ip4:192.0.2.1 -all"'],
  '_dmarc.example.test TXT': ['"v=DMARC1; p=reject"'],
  '_dmarc.forged.test TXT': 'bogus',
});
const mail = 'From: anna@example.test\r\nSubject: x\r\n\r\nhello\r\n';

function domain(text: string) {
  const parsed = parseDomain(text);
  return parsed.kind === 'ok' ? parsed.value : assert.fail(parsed.because);
}

function recipient(text: string) {
  const parsed = parseMailbox(text);
  return parsed.kind === 'ok'
    ? { mailbox: parsed.value, wishes: noRecipientWishes }
    : assert.fail(parsed.because);
}

const settings: AuthenticationSettings = {
  authservId: 'mx.example.org',
  actions: { dmarc: 'reject', spfHardFail: 'mark' },
  ofDomains: new Map([
    [domain('mild.test'), { dmarc: 'mark', spfHardFail: 'mark' }],
    [domain('middle.test'), { dmarc: 'quarantine', spfHardFail: 'mark' }],
  ]),
  trustedSealers: [],
  withinMs: 1_000,
  lookUp: (question) => Promise.resolve(answer(question)),
};

const submitter: Submitter = {
  address: '192.0.2.1',
  by: 'smtp',
  role: 'mx',
  requires: 'none',
  trusted: false,
};

/** What the step says of the mail, and what it told the log. */
async function treated(
  text: string,
  from: Partial<Submitter> = {},
  recipients: readonly string[] = ['ben@strict.test'],
) {
  const told: string[] = [];
  const { hello, sender, ...rest } = incoming(text);
  const message: IncomingMessage = {
    ...rest,
    at: 0,
    submitter: { ...submitter, ...from },
    envelope: {
      hello,
      extended: true,
      tls: undefined,
      account: null,
      sender,
      smtpUtf8: false,
      requireTls: false,
      wishes: noSenderWishes,
      recipients: recipients.map(recipient),
    },
    longestLine: 40,
  };
  const before: Treated = {
    kind: 'treated',
    fields: 'X: 1\r\n',
    terms: noTerms,
    recipients: message.envelope.recipients,
    expanded: [],
    copies: [],
    content: null,
    authentication: null,
  };
  const step = authentication(settings, { onOddity: (what) => told.push(what), onError: assert.fail });
  return { said: await step(message, before), before, told };
}

/** Those that are left of the header section. */
function kept(text: string, from: Partial<Submitter> = {}): string {
  const { head, section } = incoming(text);
  const spans = forgedFields(settings)({ ...submitter, ...from }, head, section);
  return section.fields
    .filter((field) => !spans.some(({ start }) => start === field.start))
    .map(({ name, start, end }) => `${name} ${end - start}`)
    .join();
}

const far = { address: '198.51.100.1' };

describe('mail of clients that nobody trusts', () => {
  it('is not judged by the address of a front or a proxy that named no client', async () => {
    const { said } = await treated(mail, { anonymous: true }, ['ben@middle.test']);
    assert.ok(said.kind === 'treated');
    assert.equal(said.authentication?.spf.result, 'none');
    assert.doesNotMatch(said.fields, /192\.0\.2\.1/);
  });

  it('gets the field with the results on top, and the results go on to later steps', async () => {
    const { said, told } = await treated(mail);
    assert.ok(said.kind === 'treated');
    assert.match(said.fields, /^Authentication-Results: mx\.example\.org;\r\n\tspf=pass [^]*\r\nX: 1\r\n$/);
    assert.equal(said.authentication?.dmarc.result, 'pass');
    assert.deepEqual(told, []);
  });

  it('with a domain whose DNSSEC is wrong is put off or taken, and the log names the domain', async () => {
    const { told } = await treated(mail.replace('example.test', 'forged.test'));
    assert.match(told[0] ?? '', /^the TXT records of _dmarc\.forged\.test\.? are bogus/);
  });

  it('is refused where its domain and the operator want that, and the log is told', async () => {
    const { said, told } = await treated(mail, far);
    assert.deepEqual(said, {
      kind: 'refused',
      code: 550,
      enhanced: '5.7.26',
      text: 'example.test asks to refuse mail of its name that fails DMARC (SPF fail, DKIM none)',
    });
    assert.match(told.join(), /^mail refused: 550 5\.7\.26 /);
  });

  it('of recipients in several domains the mildest word counts', async () => {
    const all = ['a@strict.test', 'b@middle.test', 'c@mild.test'];
    const marked = await treated(mail, far, all);
    assert.ok(marked.said.kind === 'treated');
    assert.doesNotMatch(marked.said.fields, /Waxwing-Quarantine/);
    const apart = await treated(mail, far, all.slice(0, 2));
    assert.ok(apart.said.kind === 'treated');
    assert.match(apart.said.fields, /\r\nWaxwing-Quarantine: dmarc\r\n/);
    assert.deepEqual(apart.told, ['mail marked to be set apart: dmarc']);
  });

  for (const [what, text, code] of [
    ['a header section that is too long', `X: ${'y'.repeat(66_000)}\r\n${mail}`, 552],
    [
      'a field of our name behind a line that is no field',
      `Subject: x\r\njunk\r\nAuthentication-Results: mx.example.org; dmarc=pass\r\n\r\n`,
      550,
    ],
    ['an author behind a line that is no field', 'From: a@b.test\r\njunk\r\nFrom: c@d.test\r\n\r\n', 550],
    ['an author behind a name alone on its line', 'From: a@b.test\r\nFrom\r\n : c@d.test\r\n\r\n', 550],
    [
      'a signature behind a line that is no field',
      'From: a@b.test\r\njunk\r\nDKIM-Signature: v=1\r\n\r\n',
      550,
    ],
    ['a field of thousands of lines', `X: y\r\n${' z\r\n'.repeat(1_001)}${mail}`, 552],
    ['a thousand lines that are no fields', `From: a@b.test\r\n${'junk\r\n'.repeat(1_002)}\r\n`, 552],
    ['a line that is no field, and no empty line', `From: a@b.test\r\njunk\r\n${'X: y'.repeat(20_000)}`, 552],
  ] as const)
    it(`${what} is refused: others may see there what we do not`, async () => {
      const { said } = await treated(text);
      assert.ok(said.kind === 'refused');
      assert.equal(said.code, code);
    });

  it('a line that is no field is otherwise where the text begins', async () => {
    const { said } = await treated('From: anna@example.test\r\njunk\r\n\r\nFrom: x\r\n');
    assert.equal(said.kind, 'treated');
  });
});

it('mail of trusted clients and of submission is left as it is', async () => {
  for (const from of [{ trusted: true }, { role: 'submission' }] as const) {
    const { said, before } = await treated(mail, from);
    assert.equal(said, before);
  }
});

describe('RFC 8601 §5: fields in our name', () => {
  const forged =
    'Authentication-Results: mx.example.org; dmarc=pass\r\nAuthentication-Results: b; none\r\nwaxwing-quarantine: x\r\nA: b\r\n\r\n';
  it('are not kept, and neither is the mark that sets apart; those of others are', () => {
    assert.equal(kept(forged), 'Authentication-Results 33,A 6');
    assert.equal(kept(forged, { role: 'submission' }), 'Authentication-Results 33,A 6');
  });
  it('are kept where a trusted client brings them', () => {
    assert.equal(kept(forged, { trusted: true }).split(',').length, 4);
  });
});
