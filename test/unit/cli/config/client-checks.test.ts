import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { domain, errorsOf, good, listener, load } from './support.ts';

const own = '[[account]]\nuser = "anna"\ncertificates = ["anna.example.test"]\n';
const mx = (more = ''): string =>
  `[[listener]]\nrole = "mx"\naddress = "127.0.0.1:2526"\n${more}\n${domain()}`;
const submission = (more = ''): string => listener(`address = "127.0.0.1:2525"\n${more}`);
const rule = (tls: string, more = ''): string =>
  `[[inbound]]\nfrom = "partner.test"\ntls = "${tls}"\n${more}`;
const ask = 'client_certificates = "ask"';

describe('what accounts and rules ask of the listeners', () => {
  const wrong: readonly [why: string, toml: string, path: string, message: RegExp][] = [
    [
      'an account by certificate, and nobody asks for one',
      own + submission(),
      'account[0].certificates',
      /client_certificates = "ask"/,
    ],
    [
      'nor where only mx asks',
      own + submission() + mx(ask),
      'account[0].certificates',
      /role = "submission"/,
    ],
    [
      'a rule for senders without mx',
      submission() + rule('encrypt'),
      'inbound[0].from',
      /role = "mx", and there is none/,
    ],
    [
      'a rule for certificates, and nobody asks for one',
      mx() + rule('authenticate', 'certificates = [".partner.test"]'),
      'inbound[0].tls',
      /client_certificates = "ask"/,
    ],
    [
      'a file of accounts, and nowhere to log in',
      `${mx()}[accounts]\nfile = "x"\n`,
      'accounts.file',
      /nobody can log in/,
    ],
    [
      'a rule that names no certificate',
      mx(ask) + rule('authenticate'),
      'inbound[0].certificates',
      /is missing/,
    ],
    [
      'a rule that names one for nothing',
      mx(ask) + rule('encrypt', 'certificates = ["a.test"]'),
      'inbound[0].certificates',
      /of no use/,
    ],
    [
      'header fields without addresses',
      '[[account]]\nuser = "a"\npassword_hash_file = "x"\ncheck_header_from = true\n',
      'account[0].check_header_from',
      /needs senders/,
    ],
    [
      'logins of a front that is none',
      submission('xclient_login = true'),
      'listener[0].xclient_login',
      /needs role/,
    ],
    [
      'logins of a front at mx',
      mx('xclient = ["10.0.0.1"]\nxclient_login = true'),
      'listener[0].xclient_login',
      /needs role/,
    ],
    [
      'a quota without a limit',
      '[[quota]]\nnetworks = ["192.0.2.0/24"]\n',
      'quota[0].messages_per_hour',
      /nothing is limited/,
    ],
    [
      'a quota of nothing',
      '[[account]]\nuser = "a"\npassword_hash_file = "x"\nmessages_per_day = 0\n',
      'account[0].messages_per_day',
      /from 1 to/,
    ],
    [
      'a certificate that is none',
      '[[account]]\nuser = "a"\ncertificates = ["sha256:12"]\n',
      'account[0].certificates[0]',
      /64 hexadecimal digits/,
    ],
  ];
  for (const [why, toml, path, message] of wrong) {
    it(why, () => {
      const found = errorsOf(load(toml)).find((error) => error.path === path);
      assert.match(found?.message ?? 'nothing was found', message);
    });
  }

  it('are met where somebody asks', () => {
    const toml =
      own + submission(ask) + mx(ask) + rule('authenticate', `certificates = ["sha256:${'ab'.repeat(32)}"]`);
    const { config } = good(load(toml));
    assert.deepEqual(config.inbound[0]?.proofs, [{ kind: 'sha256', hex: 'ab'.repeat(32) }]);
    assert.equal(config.accounts[0]?.hash, null);
  });

  it('a file of accounts is enough for a listener without networks', () => {
    const { config } = good(load(`${submission('networks = []')}[accounts]\nfile = "x"\n`));
    assert.match(config.accountsFile?.file ?? '', /x$/);
  });
});
