/** What a check tells people to paste: each line of the catalogue is given to the program that it is for. */
import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { describe } from 'node:test';
import { catalogue } from '../../src/findings/catalogue.ts';
import type { CheckEntry, Software } from '../../src/findings/check.ts';
import { certify, party, pemOf, server } from '../support/chains.ts';
import { peerTest } from './support/peer.ts';
import { openSandbox, type Sandbox } from './support/sandbox.ts';

const entries: readonly CheckEntry[] = Object.values(catalogue);

/** Every line for a program, each once; comments, which name another version, left out with what follows them. */
function linesFor(program: Software): readonly string[] {
  const all = entries.flatMap(({ fix }) => fix.flatMap(({ lines = [] }) => lines));
  const texts = all.filter((line) => line.for === program).map(({ text }) => text);
  return [...new Set(texts)].filter((text) => !text.startsWith('#'));
}

/** Gives the program a file of its own for each line. */
async function eachIn(
  sandbox: Sandbox,
  lines: readonly string[],
  configuration: (line: string) => string,
  command: readonly [string, ...string[]],
): Promise<void> {
  assert.ok(lines.length > 0);
  const [program, ...args] = command;
  for (const line of lines) {
    await writeFile(sandbox.path('/peer/configuration'), configuration(line), { mode: 0o600 });
    const { code, stdout, stderr } = await sandbox.run(program, args);
    assert.equal(code, 0, `${line}\n${stdout}${stderr}`);
  }
}

const self = party('mx.example.com');
const certificate = pemOf(certify(self, self, { notBefore: 0, extensions: server('mx.example.com') }));
const key = self.privateKey.export({ type: 'pkcs8', format: 'pem' });
const files = { '/peer/certificate.pem': certificate, '/peer/key.pem': key };
/** Paths to certificates and keys are the reader's own. */
const withFiles = (text: string): string =>
  text
    .replace(/\/etc\/[^ ,"']*(?:fullchain|cert)[^ ,"']*\.pem/g, '/peer/certificate.pem')
    .replace(/\/etc\/[^ ,"']*key[^ ,"']*/g, '/peer/key.pem');

describe('lines to paste', () => {
  peerTest('Postfix knows every parameter', ['postfix'], async ({ postfix }) => {
    const sandbox = await openSandbox(postfix, {
      files: { '/etc/postfix/main.cf': '', '/etc/postfix/master.cf': '' },
    });
    try {
      const names = linesFor('postfix').flatMap((line) =>
        [...line.matchAll(/(?:^|-o )([a-z_0-9]+) ?=/g)].map(([, name]) => name ?? ''),
      );
      assert.ok(names.length > 10);
      const { stdout } = await sandbox.run('/usr/sbin/postconf', ['-d', ...names]);
      const known = new Set(stdout.split('\n').map((line) => line.split(' = ')[0]?.replace(/ =$/, '')));
      // Parameters of newer versions, which the line before them says.
      assert.deepEqual(
        names.filter((name) => !known.has(name)),
        ['requiretls_enable'],
      );
    } finally {
      await sandbox.close();
    }
  });

  peerTest('Exim takes every line', ['exim'], async ({ exim }) => {
    const sandbox = await openSandbox(exim);
    try {
      // Debian's is built with GnuTLS, and refuses what is for OpenSSL; the line before it says so.
      const lines = linesFor('exim').filter((line) => !line.startsWith('openssl_options'));
      await eachIn(sandbox, lines, (line) => `${line}\n`, [
        '/usr/sbin/exim',
        '-C',
        '/peer/configuration',
        '-bV',
      ]);
    } finally {
      await sandbox.close();
    }
  });

  peerTest('OpenSMTPD takes every line', ['opensmtpd'], async ({ opensmtpd }) => {
    const sandbox = await openSandbox(opensmtpd, { files });
    await chmod(sandbox.path('/peer/key.pem'), 0o600);
    const pki = 'pki mx.example.com cert "/peer/certificate.pem"\npki mx.example.com key "/peer/key.pem"\n';
    const rest = 'action "local" maildir\nmatch for local action "local"\n';
    const addresses = (line: string): string =>
      line.replace('on 0.0.0.0', 'on 127.0.0.1').replace('on ::', 'on ::1');
    try {
      await eachIn(
        sandbox,
        linesFor('opensmtpd').filter((line) => !line.startsWith('pki ')),
        (line) =>
          line.startsWith('match')
            ? `${pki}action "local" maildir\n${line}\n`
            : `${pki}${addresses(line)}\n${rest}`,
        ['/usr/sbin/smtpd', '-n', '-f', '/peer/configuration'],
      );
    } finally {
      await sandbox.close();
    }
  });

  peerTest('Dovecot takes every line', ['dovecot'], async ({ dovecot }) => {
    const sandbox = await openSandbox(dovecot, { files });
    const lines = linesFor('dovecot').filter((line) => / = /.test(line) && !line.startsWith(' '));
    try {
      await eachIn(sandbox, lines, (line) => `${withFiles(line)}\n`, [
        '/usr/bin/doveconf',
        '-c',
        '/peer/configuration',
        '-n',
      ]);
    } finally {
      await sandbox.close();
    }
  });

  peerTest('slapd takes every line of its configuration', ['slapd'], async ({ slapd }) => {
    const sandbox = await openSandbox(slapd, { files });
    const lines = linesFor('slapd').filter((line) => !line.startsWith('SLAPD_'));
    const pair = 'TLSCertificateFile /peer/certificate.pem\nTLSCertificateKeyFile /peer/key.pem\n';
    try {
      await eachIn(sandbox, lines, (line) => `${pair}${withFiles(line)}\n`, [
        '/usr/sbin/slaptest',
        '-u',
        '-f',
        '/peer/configuration',
      ]);
    } finally {
      await sandbox.close();
    }
  });

  peerTest('the macros of Sendmail set what they are meant to', ['sendmail'], async ({ sendmail }) => {
    const sandbox = await openSandbox(sendmail);
    const macros = linesFor('sendmail').flatMap((line) => {
      const [, value] = /^(?:define\(`conf\w+', |DAEMON_OPTIONS\()`([^']*)'\)dnl$/.exec(line) ?? [];
      return value === undefined ? [] : [[line, value] as const];
    });
    try {
      assert.ok(macros.length > 5);
      for (const [line, value] of macros) {
        const head = "include(`/usr/share/sendmail/cf/m4/cf.m4')dnl\nOSTYPE(`debian')dnl\n";
        await writeFile(sandbox.path('/peer/sendmail.mc'), `${head}${line}\nMAILER(\`smtp')dnl\n`);
        const { stdout, stderr } = await sandbox.run('/usr/bin/m4', ['/peer/sendmail.mc']);
        const set = stdout.split('\n').some((one) => /^(?:O |Dj)/.test(one) && one.endsWith(value));
        assert.ok(set, `${line}\n${stderr}`);
      }
    } finally {
      await sandbox.close();
    }
  });

  peerTest('MariaDB knows every option', ['mariadb'], async ({ mariadb }) => {
    const sandbox = await openSandbox(mariadb);
    try {
      for (const line of linesFor('mariadb')) {
        const option = `--${line.replace(' = ', '=')}`;
        const { code, stderr } = await sandbox.run('/usr/sbin/mariadbd', [
          '--no-defaults',
          option,
          '--help',
          '--verbose',
        ]);
        assert.equal(code, 0, `${line}\n${stderr}`);
        assert.doesNotMatch(stderr, /unknown (?:variable|option)/);
      }
    } finally {
      await sandbox.close();
    }
  });

  peerTest('PostgreSQL knows every parameter', ['postgresql17'], async ({ postgresql17 }) => {
    const sandbox = await openSandbox(postgresql17);
    try {
      const { stdout } = await sandbox.run('/usr/lib/postgresql/17/bin/postgres', ['--describe-config']);
      const known = new Set(stdout.split('\n').map((line) => line.split('\t')[0]));
      const names = linesFor('postgresql').flatMap((line) => /^(\w+) = /.exec(line)?.[1] ?? []);
      assert.ok(names.length > 3);
      assert.deepEqual(
        names.filter((name) => !known.has(name)),
        [],
      );
    } finally {
      await sandbox.close();
    }
  });
});
