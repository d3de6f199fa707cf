import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Admission, type Limits, type Pass, startAdmission } from '../../../src/net/admission.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const none = Number.POSITIVE_INFINITY;
const unlimited: Limits = {
  sessions: none,
  sessionsPerAddress: none,
  connectionsPerMinute: none,
  messagesPerMinute: none,
  recipientsPerMinute: none,
  loginFailures: none,
};

interface Door {
  readonly admission: Admission;
  /** Puts the clock forward. */
  readonly wait: (ms: number) => void;
  /** Comes in as a stranger. @throws where refused. */
  readonly enter: (address: string) => Pass;
  /** The refusal of a stranger, `go` where there is none. */
  readonly knock: (address: string) => string;
}

function door(limits: Partial<Limits>): Door {
  let clock = 1_800_000_000_000;
  const admission = startAdmission({ ...unlimited, ...limits }, () => clock);
  const enter = (address: string): Pass => {
    const entry = admission.enter(address, { exempt: false });
    if (entry.kind === 'refused') throw new Error(entry.text);
    return entry;
  };
  return {
    admission,
    wait(ms) {
      clock += ms;
    },
    enter,
    knock(address) {
      const entry = admission.enter(address, { exempt: false });
      if (entry.kind === 'refused') return `${entry.code} ${entry.enhanced} ${entry.text}`;
      entry.leave();
      return 'go';
    },
  };
}

describe('a network', () => {
  const network = { prefixes: { ipv4: 24, ipv6: 48 }, sessions: 3, connectionsPerMinute: none };

  it('has so many sessions at once, from whichever of its addresses', () => {
    const { enter, knock } = door({ network });
    const [first] = [1, 2, 3].map((last) => enter(`192.0.2.${last}`));
    assert.match(knock('192.0.2.200'), /^421 4\.7\.0 your network has too many connections/);
    assert.equal(knock('192.0.3.1'), 'go');
    first?.leave();
    assert.equal(knock('192.0.2.200'), 'go');
  });

  it('of IPv6 is wider than the /64 of one client', () => {
    const { enter, knock } = door({ network });
    for (const part of ['1', '2', 'ffff']) enter(`2001:db8:7:${part}::1`);
    assert.match(knock('2001:db8:7:3::1'), /^421 4\.7\.0 your network/);
    assert.equal(knock('2001:db8:8:1::1'), 'go');
  });

  it('connects so often in a minute', () => {
    const { knock, wait } = door({ network: { ...network, connectionsPerMinute: 2 } });
    assert.deepEqual([knock('192.0.2.1'), knock('192.0.2.2')], ['go', 'go']);
    assert.match(knock('192.0.2.3'), /^421 4\.7\.0 your network connects too often/);
    wait(MINUTE);
    assert.equal(knock('192.0.2.3'), 'go');
  });

  it('is not bound where its client is known by address', () => {
    const { admission, enter, knock } = door({ network });
    for (const last of [1, 2, 3]) enter(`192.0.2.${last}`);
    assert.equal(admission.enter('192.0.2.4', { exempt: true }).kind, 'go');
    assert.notEqual(knock('192.0.2.5'), 'go');
  });
});

describe('recipients who do not exist', () => {
  it('end the answers about recipients, for all sessions of the client, until time has passed', () => {
    const { enter, wait } = door({ unknownRecipients: 3 });
    const pass = enter('192.0.2.1');
    for (let n = 0; n < 3; n++) {
      assert.equal(pass.recipient().kind, 'go');
      pass.recipientUnknown();
    }
    const refusal = enter('192.0.2.1').recipient();
    assert.equal(
      refusal.kind === 'refused' ? `${refusal.code} ${refusal.text}` : '',
      '450 too many recipients that do not exist; try again in ten minutes',
    );
    assert.equal(enter('192.0.2.2').recipient().kind, 'go');
    assert.equal(pass.message().kind, 'go');
    wait(10 * MINUTE);
    assert.equal(pass.recipient().kind, 'go');
  });
  it('are no matter where there is no limit', () => {
    const pass = door({}).enter('192.0.2.1');
    for (let n = 0; n < 1_000; n++) pass.recipientUnknown();
    assert.equal(pass.recipient().kind, 'go');
  });
});

describe('sessions at once', () => {
  it('strangers cannot take the last quarter; who is known by address can', () => {
    const { admission, knock } = door({ sessions: 8 });
    for (let n = 0; n < 6; n++) assert.equal(admission.enter(`192.0.2.${n}`, { exempt: false }).kind, 'go');
    assert.match(knock('192.0.2.100'), /^421 4\.3\.2 too many connections/);
    for (let n = 0; n < 2; n++) assert.equal(admission.enter('127.0.0.1', { exempt: true }).kind, 'go');
    assert.equal(admission.enter('127.0.0.1', { exempt: true }).kind, 'refused');
  });

  it('a place is free again when a session ends, and only once', () => {
    const { enter, knock } = door({ sessions: 1 });
    const pass = enter('192.0.2.1');
    assert.match(knock('192.0.2.2'), /^421 /);
    pass.leave();
    pass.leave();
    enter('192.0.2.2');
    assert.match(knock('192.0.2.3'), /^421 /);
  });

  it('of one address', () => {
    const { enter, knock } = door({ sessionsPerAddress: 2 });
    const first = enter('192.0.2.1');
    enter('192.0.2.1');
    assert.match(knock('192.0.2.1'), /^421 4\.7\.0 you have too many connections/);
    assert.equal(knock('192.0.2.2'), 'go');
    first.leave();
    assert.equal(knock('192.0.2.1'), 'go');
  });

  it('of one network: the addresses of a /64 are one client', () => {
    const { enter, knock } = door({ sessionsPerAddress: 1 });
    enter('2001:db8::1');
    assert.match(knock('2001:db8::2'), /^421 /);
    assert.equal(knock('2001:db8:0:1::1'), 'go');
  });
});

describe('rates', () => {
  it('connections: so many at once, then as many in a minute', () => {
    const { knock, wait } = door({ connectionsPerMinute: 6 });
    for (let n = 0; n < 6; n++) assert.equal(knock('192.0.2.1'), 'go');
    assert.match(knock('192.0.2.1'), /^421 4\.7\.0 you connect too often/);
    assert.equal(knock('192.0.2.2'), 'go');
    wait(10_000);
    assert.equal(knock('192.0.2.1'), 'go');
    assert.match(knock('192.0.2.1'), /^421 /);
    wait(MINUTE);
    for (let n = 0; n < 6; n++) assert.equal(knock('192.0.2.1'), 'go');
    assert.match(knock('192.0.2.1'), /^421 /);
  });

  for (const [what, limit] of [
    ['message', 'messagesPerMinute'],
    ['recipient', 'recipientsPerMinute'],
  ] as const) {
    it(`${what}s: counted over all sessions of a client`, () => {
      const { enter, wait } = door({ [limit]: 3 });
      const [one, two, other] = [enter('192.0.2.1'), enter('192.0.2.1'), enter('192.0.2.2')];
      for (const pass of [one, two, one]) assert.equal(pass[what]().kind, 'go');
      for (const pass of [one, two]) {
        const refusal = pass[what]();
        assert.ok(refusal.kind === 'refused');
        assert.deepEqual([refusal.code, refusal.enhanced], [450, '4.7.1']);
      }
      assert.equal(other[what]().kind, 'go');
      one.leave();
      two.leave();
      assert.equal(enter('192.0.2.1')[what]().kind, 'refused', 'a new connection changes nothing');
      wait(20_000);
      assert.equal(enter('192.0.2.1')[what]().kind, 'go');
    });
  }

  it('a clock that is put back opens nothing and closes nothing for ever', () => {
    const { knock, wait } = door({ connectionsPerMinute: 1 });
    assert.equal(knock('192.0.2.1'), 'go');
    wait(-HOUR);
    assert.match(knock('192.0.2.1'), /^421 /);
    wait(MINUTE);
    assert.equal(knock('192.0.2.1'), 'go');
  });

  it('who is known by address is bound by none of it', () => {
    const one: Limits = {
      sessions: 100,
      sessionsPerAddress: 1,
      connectionsPerMinute: 1,
      messagesPerMinute: 1,
      recipientsPerMinute: 1,
      loginFailures: 1,
    };
    const { admission } = door(one);
    for (let n = 0; n < 5; n++) {
      const pass = admission.enter('127.0.0.1', { exempt: true });
      assert.ok(pass.kind === 'go');
      pass.loginFailed();
      assert.deepEqual(
        [pass.message(), pass.recipient(), pass.login()].map(({ kind }) => kind),
        ['go', 'go', 'go'],
      );
    }
  });
});

describe('failed logins', () => {
  it('the third of three blocks the client, in its other sessions as well', () => {
    const { enter, knock, wait } = door({ loginFailures: 3 });
    const [one, two] = [enter('192.0.2.1'), enter('192.0.2.1')];
    one.loginFailed();
    two.loginFailed();
    assert.equal(one.login().kind, 'go');
    one.loginFailed();
    assert.equal(two.login().kind, 'refused');
    assert.match(knock('192.0.2.1'), /^421 4\.7\.0 too many failed logins/);
    assert.equal(knock('192.0.2.2'), 'go');
    wait(10 * MINUTE);
    assert.equal(knock('192.0.2.1'), 'go');
  });

  it('the one that blocks says until when', () => {
    const { enter } = door({ loginFailures: 2 });
    const pass = enter('192.0.2.1');
    assert.equal(pass.loginFailed(), undefined);
    assert.equal(pass.loginFailed(), 1_800_000_000_000 + 10 * MINUTE);
  });

  it('keep no mail server out: where nobody logs in the client may come', () => {
    const { admission, enter, knock } = door({ loginFailures: 1 });
    enter('192.0.2.1').loginFailed();
    assert.match(knock('192.0.2.1'), /^421 /);
    assert.equal(admission.enter('192.0.2.1', { exempt: false, asServer: true }).kind, 'go');
  });

  it('failures that lie far apart do not add up', () => {
    const { enter, knock, wait } = door({ loginFailures: 3 });
    for (let n = 0; n < 20; n++) {
      enter('192.0.2.1').loginFailed();
      wait(10 * MINUTE);
    }
    assert.equal(knock('192.0.2.1'), 'go');
  });

  it('each block is twice as long as the last, up to a day, until a day has passed in peace', () => {
    const { enter, knock, wait } = door({ loginFailures: 1 });
    for (const minutes of [10, 20, 40, 80, 160, 320, 640, 1_280, 1_440, 1_440]) {
      enter('192.0.2.1').loginFailed();
      wait(minutes * MINUTE - 1);
      assert.match(knock('192.0.2.1'), /^421 /, `${minutes} minutes`);
      wait(1);
      assert.equal(knock('192.0.2.1'), 'go', `${minutes} minutes`);
    }
    wait(24 * HOUR + 1);
    enter('192.0.2.1').loginFailed();
    wait(10 * MINUTE);
    assert.equal(knock('192.0.2.1'), 'go');
  });
});

it('strangers that connect from 100,000 networks push out no block, and no count of open sessions', () => {
  const { enter, knock } = door({ loginFailures: 1, sessionsPerAddress: 1 });
  enter('192.0.2.1').loginFailed();
  enter('192.0.2.2');
  for (let n = 0; n < 110_000; n++) {
    enter(`2001:db8:${(n >> 16).toString(16)}:${(n & 0xffff).toString(16)}::1`).leave();
  }
  assert.match(knock('192.0.2.1'), /failed logins/);
  assert.match(knock('192.0.2.2'), /too many connections/);
});

it('limits that change hold from then on, and nobody is sent away', () => {
  const { admission, enter, knock } = door({ sessions: 8, sessionsPerAddress: 4 });
  const passes = [enter('192.0.2.1'), enter('192.0.2.1')];
  admission.change({ ...unlimited, sessions: 8, sessionsPerAddress: 2, messagesPerMinute: 1 });
  assert.match(knock('192.0.2.1'), /^421 /);
  assert.equal(passes[0]?.message().kind, 'go');
  assert.equal(passes[1]?.message().kind, 'refused');
  admission.change({ ...unlimited, sessions: 8 });
  assert.equal(knock('192.0.2.1'), 'go');
});
