import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Limits, startAdmission } from '../../../src/net/admission.ts';
import { admit, type Visitor } from '../../../src/relay/visitor.ts';

const none = Number.POSITIVE_INFINITY;
const limits: Limits = {
  sessions: 10,
  reserved: 0,
  sessionsPerAddress: 2,
  connectionsPerMinute: none,
  messagesPerMinute: none,
  recipientsPerMinute: none,
  loginFailures: 3,
};
const listener = {
  networks: [{ family: 'ipv4', address: '192.0.2.0', prefix: 24 } as const],
  fronts: [{ family: 'ipv4', address: '10.0.0.1', prefix: 32 } as const],
  role: 'submission',
} as const;
const told = (address: string | null) => ({ address, hello: null, extended: true, login: null });

function setting() {
  const admission = startAdmission(limits, () => 0);
  const enter = (address: string, anonymous = false) => admit(admission, listener, { address, anonymous });
  return { admission, enter };
}

function entered(visitor: ReturnType<typeof admit>): Visitor {
  return visitor.kind === 'visitor' ? visitor : assert.fail(visitor.text);
}

describe('who a session is with', () => {
  const cases: readonly [address: string, anonymous: boolean, trusted: boolean, front: boolean][] = [
    ['192.0.2.7', false, true, false],
    ['198.51.100.1', false, false, false],
    ['10.0.0.1', false, false, true],
    // A proxy that names no client: its address says nothing.
    ['192.0.2.7', true, false, false],
    ['10.0.0.1', true, false, false],
  ];
  for (const [address, anonymous, trusted, front] of cases) {
    it(`${address}${anonymous ? ', of whom nothing is known' : ''}`, () =>
      assert.deepEqual(entered(setting().enter(address, anonymous)).client, {
        address,
        trusted,
        front,
        introduced: false,
        known: !anonymous,
      }));
  }
});

describe('a front', () => {
  it('is not bound by the limits of one address, as it comes for many', () => {
    const { enter } = setting();
    for (const _ of [1, 2, 3, 4]) entered(enter('10.0.0.1'));
    for (const _ of [1, 2]) entered(enter('198.51.100.1'));
    assert.equal(enter('198.51.100.1').kind, 'refused');
  });

  it('speaks for a client, who is bound by them', () => {
    const { enter } = setting();
    const visitors = [1, 2, 3].map(() => entered(enter('10.0.0.1')));
    const answers = visitors.map((visitor) => visitor.introduce(told('198.51.100.1'))?.code);
    assert.deepEqual(answers, [undefined, undefined, 421]);
    assert.deepEqual(visitors[0]?.client, {
      address: '198.51.100.1',
      trusted: false,
      front: true,
      introduced: true,
      known: true,
    });
    assert.equal(enter('198.51.100.1').kind, 'refused');
    visitors[0]?.leave();
    assert.equal(enter('198.51.100.1').kind, 'visitor');
  });

  it('speaks for one client after the other: the one before has left', () => {
    const { enter } = setting();
    const visitor = entered(enter('10.0.0.1'));
    for (const last of [1, 1, 1, 2, 1])
      assert.equal(visitor.introduce(told(`198.51.100.${last}`)), undefined);
    entered(enter('198.51.100.1'));
    assert.equal(enter('198.51.100.1').kind, 'refused');
  });

  it('has failed logins counted for the client', () => {
    const { enter } = setting();
    const visitor = entered(enter('10.0.0.1'));
    visitor.introduce(told('198.51.100.1'));
    for (const _ of [1, 2, 3]) visitor.pass.loginFailed();
    assert.equal(enter('198.51.100.1').kind, 'refused');
    assert.equal(enter('10.0.0.1').kind, 'visitor');
  });

  it('brings mail of a mail server although somebody at its address failed to log in', () => {
    const { admission, enter } = setting();
    const visitor = entered(enter('10.0.0.1'));
    visitor.introduce(told('198.51.100.1'));
    for (const _ of [1, 2, 3]) visitor.pass.loginFailed();
    const mx = { ...listener, role: 'mx' } as const;
    const front = entered(admit(admission, mx, { address: '10.0.0.1', anonymous: false }));
    assert.equal(front.introduce(told('198.51.100.1')), undefined);
    front.leave();
    entered(admit(admission, mx, { address: '198.51.100.1', anonymous: false }));
    assert.equal(enter('198.51.100.1').kind, 'refused');
  });

  it('may say that a client is one of the trusted networks', () => {
    const visitor = entered(setting().enter('10.0.0.1'));
    visitor.introduce(told('192.0.2.7'));
    assert.equal(visitor.client.trusted, true);
  });

  it('that does not know whom it speaks for gives him nothing of its own', () => {
    const admission = startAdmission(limits, () => 0);
    const both = { ...listener, networks: listener.fronts };
    const visitor = entered(admit(admission, both, { address: '10.0.0.1', anonymous: false }));
    assert.equal(visitor.client.trusted, true);
    visitor.introduce(told(null));
    assert.deepEqual(visitor.client, {
      address: '10.0.0.1',
      trusted: false,
      front: true,
      introduced: true,
      known: false,
    });
  });
});
