import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDomain } from '../../../src/names/domain.ts';
import { parseMailbox } from '../../../src/names/mailbox.ts';
import type { Refusal, SmtpQuery } from '../../../src/protocols/smtp/server/session.ts';
import { anyRights } from '../../../src/relay/accounts.ts';
import { type CheckParts, envelopeChecks } from '../../../src/relay/envelope-checks.ts';
import { noQuota } from '../../../src/relay/quotas.ts';
import { anySender } from '../../../src/relay/senders.ts';
import { tlsFacts } from '../../support/transcript.ts';

const later: Refusal = { code: 450, enhanced: '4.7.0', text: 'come again' };
const partner = parseMailbox('a@partner.test');
const sender = partner.kind === 'ok' ? partner.value : assert.fail();
const parsed = parseDomain('partner.test');
const from = { kind: 'domain', domain: parsed.kind === 'ok' ? parsed.value : assert.fail() } as const;

interface World {
  readonly role?: 'mx' | 'submission';
  readonly trusted?: boolean;
  /** What the memory says. */
  readonly remembered?: Refusal;
  readonly overQuota?: boolean;
  readonly mode?: CheckParts['settings']['inboundMemory'];
  readonly ruled?: boolean;
  /** What stands against the recipient. */
  readonly suppressed?: Refusal;
  /** By a front. */
  readonly introduced?: boolean;
}

/** The checks of a session in such a world, and what else happened. */
function session(world: World) {
  const {
    role = 'mx',
    trusted = false,
    remembered,
    overQuota = false,
    mode = 'enforce',
    ruled = false,
    introduced = false,
    suppressed,
  } = world;
  const happened: string[] = [];
  const rights = {
    ...anyRights,
    sender: { ...anySender, senders: [] },
    quota: { ...noQuota, messagesPerDay: 1 },
  };
  const checks = envelopeChecks({
    visitor: { client: { address: '192.0.2.1', trusted, front: introduced, introduced, known: true } },
    role,
    suppressed: () => suppressed,
    settings: {
      inbound: ruled ? [{ from, tls: 'encrypt', proofs: [] }] : [],
      inboundMemory: mode,
      networkQuotas: [],
    },
    accounts: { rightsOf: (user) => (user === 'anna' ? rights : undefined) },
    quotas: {
      spend(what, holders) {
        happened.push(`${what} of ${holders.map(({ subject }) => subject).join()}`);
        return overQuota ? later : undefined;
      },
    },
    inboundMemory: {
      refusal: (_, given) => (given === 'enforce' ? remembered : undefined),
      note(mail) {
        happened.push(`noted ${mail.address} ${mail.overTls}`);
        return undefined;
      },
    },
    onOddity: (what) => happened.push(what),
  });
  return { checks, happened };
}

const query = (parts: Partial<Extract<SmtpQuery, { kind: 'sender' }>> = {}) =>
  ({ kind: 'sender', sender, account: null, tls: undefined, size: undefined, ...parts }) as const;

const toBob = { kind: 'recipient', recipient: sender, sender, account: 'anna' } as const;

describe('a sender', () => {
  it('is sent away by the memory, which is told, and counts for no quota', () => {
    const { checks, happened } = session({ remembered: later });
    assert.equal(checks.refusalOfSender(query()), later);
    assert.deepEqual(happened, ['mail was sent away: come again']);
  });
  it('is sent away by a rule', () => {
    assert.equal(session({ ruled: true }).checks.refusalOfSender(query())?.code, 450);
    assert.equal(session({ ruled: true }).checks.refusalOfSender(query({ tls: tlsFacts })), undefined);
  });
  it('behind a front is sent away by a rule, whatever the front’s own TLS; the memory says nothing', () => {
    const behind = { introduced: true, remembered: later };
    const refusal = session({ ...behind, ruled: true }).checks.refusalOfSender(query({ tls: tlsFacts }));
    assert.equal(refusal?.code, 450);
    assert.match(refusal?.text ?? '', /is not known behind our front/);
    assert.equal(session(behind).checks.refusalOfSender(query()), undefined);
    const own = { ...behind, ruled: true, trusted: true };
    assert.equal(session(own).checks.refusalOfSender(query()), undefined);
  });
  for (const world of [{ role: 'submission' }, { trusted: true }] as const satisfies readonly World[]) {
    it(`is none of others' servers: ${JSON.stringify(world)}`, () =>
      assert.equal(
        session({ ...world, ruled: true, remembered: later }).checks.refusalOfSender(query()),
        undefined,
      ));
  }
  it('has to be one of the account', () => {
    const { checks, happened } = session({ role: 'submission' });
    assert.equal(checks.refusalOfSender(query({ account: 'anna' }))?.code, 550);
    assert.deepEqual(happened, []);
  });
  it('counts for the quota of the account', () => {
    const { checks, happened } = session({ role: 'submission', overQuota: true });
    assert.equal(checks.refusalOfSender(query({ account: 'anna', sender: null })), later);
    assert.equal(checks.refusalOfRecipient(toBob), later);
    assert.deepEqual(happened, ['messages of account anna', 'recipients of account anna']);
  });
});

describe('a recipient to whom bulk mail does not arrive', () => {
  const suppressed: Refusal = { code: 550, enhanced: '5.1.1', text: 'suppressed' };

  it('is refused where mail is submitted, and costs no quota', () => {
    const { checks, happened } = session({ role: 'submission', suppressed });
    assert.equal(checks.refusalOfRecipient(toBob), suppressed);
    assert.deepEqual(happened, []);
  });

  it('gets the mail of others', () => {
    assert.equal(session({ role: 'mx', suppressed }).checks.refusalOfRecipient(toBob), undefined);
  });
});

describe('mail that is about to come', () => {
  const cases: readonly [why: string, world: World, happened: readonly string[]][] = [
    ['is noted', {}, ['noted 192.0.2.1 true']],
    ['is noted where that is only observed', { mode: 'observe' }, ['noted 192.0.2.1 true']],
    ['is not noted where the memory is off', { mode: 'off' }, []],
    ['is not noted behind a front, whose TLS it would be', { introduced: true }, []],
    ['is not noted of trusted clients', { trusted: true }, []],
    ['is not noted of whoever submits', { role: 'submission' }, []],
  ];
  for (const [why, world, expected] of cases) {
    it(why, () => {
      const { checks, happened } = session(world);
      checks.note({ sender, tls: tlsFacts });
      assert.deepEqual(happened, expected);
    });
  }
});
