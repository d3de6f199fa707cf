import assert from 'node:assert/strict';
import { generateKeyPairSync, KeyObject, webcrypto } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, describe, it } from 'node:test';
import type { ConfigError } from '../../../../src/cli/config/config.ts';
import {
  type FilesRead,
  readDnsFiles,
  readFiles,
  readOutgoingFiles,
} from '../../../../src/cli/config/files.ts';
import { type LoadedConfig, loadConfig } from '../../../../src/cli/config/load.ts';
import { withRsaKey } from '../../../net/net/chains.ts';
import { createAuthority } from '../../../support/certificates.ts';

// The library's dependency injection needs this to be there first.
await import('reflect-metadata');
const { X509CertificateGenerator } = await import('@peculiar/x509');

const folder = mkdtempSync(join(tmpdir(), 'waxwing-files-'));
after(() => rmSync(folder, { recursive: true }));

const START = Date.UTC(2026, 0, 1);
const END = Date.UTC(2027, 0, 1);
const NOW = Date.UTC(2026, 6, 1);

async function issue(): Promise<{ cert: string; key: string; encryptedKey: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    keys,
    name: 'CN=relay.example.test',
    notBefore: new Date(START),
    notAfter: new Date(END),
    signingAlgorithm: algorithm,
  });
  const key = KeyObject.from(keys.privateKey);
  return {
    cert: `${certificate.toString('pem')}\n`,
    key: key.export({ type: 'pkcs8', format: 'pem' }),
    encryptedKey: key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' }),
  };
}

/** Of a SCRAM verifier; what stands in it does not matter here. */
const salt = Buffer.alloc(16).toString('base64');
const secret = Buffer.alloc(32).toString('base64');

const one = await issue();
const other = await issue();

function load(toml: string): Extract<LoadedConfig, { kind: 'ok' }> {
  const file = join(folder, 'waxwing.toml');
  writeFileSync(file, toml);
  const loaded = loadConfig({ file, env: {}, flags: {} });
  assert.equal(loaded.kind, 'ok', JSON.stringify(loaded));
  return loaded;
}

/** With these files, each under its name in the folder of the configuration. */
function read(toml: string, files: Readonly<Record<string, string>>, now = NOW): Promise<FilesRead> {
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const { config, effective } = load(toml);
  return readFiles(config, effective, now);
}

function check(files: Readonly<Record<string, string | undefined>>, now = NOW): Promise<FilesRead> {
  const there = Object.entries(files).flatMap(([name, content]) =>
    content === undefined ? [] : [[`${name}.pem`, content] as const],
  );
  const lines = Object.entries(files).map(
    ([name, content]) => `${name} = "${content === undefined ? 'none' : name}.pem"`,
  );
  return read(['[tls]', ...lines].join('\n'), Object.fromEntries(there), now);
}

function assertOne([error, ...others]: readonly ConfigError[], path: string, message: RegExp): void {
  assert.equal(error?.path, path);
  assert.match(error.message, message);
  assert.match(error.origin, /waxwing\.toml:[0-9]$/);
  assert.deepEqual(others, []);
}

describe('the files of a configuration', () => {
  it('are right where the key fits the first certificate, which is in date', async () => {
    const { cert, key } = one;
    const { files } = await check({ cert: cert + other.cert, key, ca: other.cert });
    assert.deepEqual(files?.certificates, [{ certPem: cert + other.cert, keyPem: key }]);
    assert.deepEqual(files.roots, [other.cert]);
    for (const now of [START, END]) {
      const { files: found, errors, outOfDate } = await check({ cert, key }, now);
      assert.deepEqual([found?.certificates.length, errors, outOfDate], [1, [], []]);
    }
  });

  const damaged = one.cert.replace(/\n.{20}/, '\nAAAAAAAAAAAAAAAAAAAA');
  const cases: readonly (readonly [why: string, Parameters<typeof check>, path: string, message: RegExp])[] =
    [
      [
        'a key of another certificate',
        [{ cert: one.cert, key: other.key }],
        'tls.key',
        /it is not the key of the first certificate$/,
      ],
      [
        'a chain in the wrong order',
        [{ cert: other.cert + one.cert, key: one.key }],
        'tls.key',
        /it is not the key/,
      ],
      ['no certificate file', [{ cert: undefined, key: one.key }], 'tls.cert', /cannot be read: ENOENT/],
      ['no key file', [{ cert: one.cert, key: undefined }], 'tls.key', /cannot be read: ENOENT/],
      ['no file of roots', [{ ca: undefined }], 'tls.ca', /cannot be read: ENOENT/],
      ['roots that are a key', [{ ca: one.key }], 'tls.ca', /holds no PEM certificate$/],
      ['a damaged certificate', [{ ca: one.cert + damaged }], 'tls.ca', /^certificate 2 in .* is damaged$/],
      [
        'a key that is a certificate',
        [{ cert: one.cert, key: one.cert }],
        'tls.key',
        /key\.pem: there is no PEM private key$/,
      ],
      [
        'an encrypted key',
        [{ cert: one.cert, key: one.encryptedKey }],
        'tls.key',
        /key\.pem: it is encrypted with a passphrase/,
      ],
      [
        'a file too large',
        [{ ca: '\n'.repeat(4 * 1024 * 1024 + 1) }],
        'tls.ca',
        /is larger than 4194304 bytes$/,
      ],
    ];
  for (const [why, args, path, message] of cases) {
    it(`are wrong with ${why}`, async () => {
      const { files, errors, outOfDate } = await check(...args);
      assert.equal(files, undefined);
      assertOne(errors, path, message);
      assert.deepEqual(outOfDate, []);
    });
  }

  for (const [why, now, message] of [
    ['has expired', END + 1000, /expired at 2027-01-01T00:00:00.000Z$/],
    ['is not valid yet', START - 1000, /not valid before 2026-01-01/],
  ] as const) {
    it(`are out of date, which is told apart from wrong, where the certificate ${why}`, async () => {
      const { files, errors, outOfDate } = await check({ cert: one.cert, key: one.key }, now);
      assert.equal(files?.certificates.length, 1);
      assertOne(outOfDate, 'tls.cert', message);
      assert.deepEqual(errors, []);
    });
  }

  it('are reported all at once, and nothing of a key is shown', async () => {
    const broken = one.key.replace('PRIVATE KEY', 'PRIVATE KE');
    const toml = [
      '[tls]\ncert = "cert.pem"\nkey = "key.pem"\nca = "none.pem"',
      '[[certificate]]\ncert = "none.pem"\nkey = "no-key.pem"',
      '[[route]]\nmatch = "*"\nto = "smtp://a.test"\nuser = "x"\npassword_file = "no-password"',
    ].join('\n');
    const { errors } = await read(toml, { 'cert.pem': one.cert, 'key.pem': broken });
    assert.deepEqual(errors.map(({ path }) => path).toSorted(), [
      'certificate[0].cert',
      'certificate[0].key',
      'route[0].password_file',
      'tls.ca',
      'tls.key',
    ]);
    const shown = JSON.stringify(errors);
    for (const line of one.key.split('\n').slice(1, -2)) assert.ok(!shown.includes(line));
  });

  it('hold certificates in the order of the configuration, [tls] first', async () => {
    const toml = '[[certificate]]\ncert = "b.pem"\nkey = "b.key"\n[tls]\ncert = "a.pem"\nkey = "a.key"\n';
    const pairs = { 'a.pem': one.cert, 'a.key': one.key, 'b.pem': other.cert, 'b.key': other.key };
    const { files } = await read(toml, pairs);
    assert.deepEqual(
      files?.certificates.map(({ certPem }) => certPem),
      [one.cert, other.cert],
    );
  });
});

describe('two certificates with a name in common', () => {
  it('are questioned, with both files, as only the first is ever shown; the twin of the default is not', async () => {
    const authority = await createAuthority();
    const [a, b] = await Promise.all(['a.test', 'b.test'].map((name) => authority.issue({ names: [name] })));
    const [rsaA, rsaB] = await Promise.all(['a.test', 'b.test'].map(withRsaKey));
    assert.ok(a !== undefined && b !== undefined && rsaA !== undefined && rsaB !== undefined);
    const pairs = { a, 'a-rsa': rsaA, b, 'b-rsa': rsaB };
    const toml = Object.keys(pairs).map(
      (name, index) =>
        `${index === 0 ? '[tls]' : '[[certificate]]'}\ncert = "${name}.pem"\nkey = "${name}.key"\n`,
    );
    const files = Object.entries(pairs).flatMap(([name, { certPem, keyPem }]) => [
      [`${name}.pem`, certPem],
      [`${name}.key`, keyPem],
    ]);
    const { warnings, errors } = await read(toml.join(''), Object.fromEntries(files), Date.now());
    assert.deepEqual(errors, []);
    assert.deepEqual(warnings, [
      `certificate[2].cert: ${join(folder, 'b-rsa.pem')} is never shown for b.test: ${join(folder, 'b.pem')} has that too and stands before it`,
    ]);
  });
});

describe('what an operator may not have meant', () => {
  const toml = (address: string): string =>
    `[[domain]]\nname = "own.test"\nbackend = "lmtp://127.0.0.1:24"\nrecipients = ["list"]\n[[listener]]\nrole = "mx"\naddress = "127.0.0.1:0"\n[bounces]\naddresses = ["${address}"]\n`;

  it('is a bounce address that its own domain refuses', async () => {
    assert.deepEqual((await read(toml('list@own.test'), {})).warnings, []);
    assert.deepEqual((await read(toml('lists@own.test'), {})).warnings, [
      'bounces.addresses[0]: lists@own.test is no recipient of its [[domain]]: what comes back to it is refused, and never counted',
    ]);
  });

  it('is a file with accounts that is not there, or has not what is asked for', async () => {
    const path = join(folder, 'users.sqlite');
    const asking = `[account_database]\nurl = "sqlite:${path}"\nquery = "SELECT password_hash FROM users WHERE name = $1"\n`;
    const end = '; until that is mended, logins of its users are put off (454)';
    assert.deepEqual((await read(asking, {})).warnings, [
      `account_database.query: ${path}: unable to open database file${end}`,
    ]);
    const database = new DatabaseSync(path);
    assert.deepEqual((await read(asking, {})).warnings, [
      `account_database.query: ${path}: no such table: users${end}`,
    ]);
    database.exec('CREATE TABLE users (name TEXT, password_hash TEXT)');
    database.close();
    assert.deepEqual((await read(asking, {})).warnings, []);
  });
});

describe('the hash of an account', () => {
  const toml = '[[account]]\nuser = "anna"\npassword_hash_file = "anna.hash"\n';
  const [weak, strong] = ['SCRAM-SHA-256$4096:', 'SCRAM-SHA-256$100000:'].map(
    (head) => `${head}${salt}$${secret}:${secret}`,
  );

  it('is the one line of its file', async () => {
    const { files, warnings } = await read(toml, { 'anna.hash': `${strong}\n` });
    assert.deepEqual(
      files?.accounts.map((account) => [account.user, account.secret?.kind]),
      [['anna', 'scram']],
    );
    assert.deepEqual(warnings, []);
  });

  it('is questioned where it is quick to break', async () => {
    const { warnings } = await read(toml, { 'anna.hash': `${weak}` });
    assert.match(warnings.join(), /^account\[0\]\.password_hash_file: the hash of "anna" is quick to break/);
  });

  for (const [why, content, message] of [
    ['a password', 'gehe1m', /the hash of "anna": .*anna\.hash: it is no PHC string/],
    ['two lines', `${strong}\n${strong}\n`, /holds more than one line$/],
    ['nothing', '', /it is no PHC string/],
    ['octets that are no text', Buffer.from([0xff]).toString('latin1'), /it is no PHC string|is not UTF-8/],
  ] as const) {
    it(`is not ${why}, which is not repeated`, async () => {
      const { errors } = await read(toml, { 'anna.hash': content });
      assertOne(errors, 'account[0].password_hash_file', message);
      assert.ok(!JSON.stringify(errors).includes('gehe1m'));
    });
  }
});

describe('the account of a rule', () => {
  const rule = '[[rule]]\nto = "partner.example"\ntls = "encrypt"\n';
  const hash = `SCRAM-SHA-256$100000:${salt}$${secret}:${secret}`;
  const toml = [
    '[[account]]\nuser = "anna"\npassword_hash_file = "anna.hash"\n',
    '[accounts]\nfile = "users"\n',
    '[api]\nlisten = ["127.0.0.1:8025"]\n',
    `[[api_key]]\nname = "shop"\nkey_hash = "sha256:${'0a'.repeat(32)}"\n`,
  ].join('');
  const files = { 'anna.hash': hash, users: `bert:${hash}\n` };

  it('that nobody has is questioned', async () => {
    const rules = ['anna', 'ana', 'bert', 'shop'].map((user) => `${rule}account = "${user}"\n`).join('');
    const { errors, warnings } = await read(toml + rules + rule, files);
    assert.deepEqual(errors, []);
    assert.deepEqual(warnings, [
      'rule[1].account: the rule is never used: there is no [[account]], no user in accounts.file and no [[api_key]] called "ana"',
    ]);
  });
});

describe('the recipients of a domain', () => {
  const toml =
    '[[domain]]\nname = "example.test"\nbackend = "lmtp://127.0.0.1:24"\nrecipients_file = "people"\n';

  it('stand one a line, beside comments and empty lines', async () => {
    const { files } = await read(toml, { people: '# all of us\nanna\r\n\nben+x\n"a b"\n' });
    assert.deepEqual(files?.domains[0]?.recipients, {
      kind: 'table',
      locals: new Set(['anna', 'ben+x', 'a b']),
    });
  });

  for (const [why, content, message] of [
    [
      'an address',
      'anna\nben@example.test\n',
      /people:2: "ben@example\.test" is not what stands before the @/,
    ],
    ['a space at the end', 'anna \n', /people:1: /],
    ['nobody', '# nobody\n', /people names no recipient$/],
  ] as const) {
    it(`are wrong with ${why}`, async () => {
      const { errors } = await read(toml, { people: content });
      assertOne(errors, 'domain[0].recipients_file', message);
    });
  }
});

describe('the aliases of a domain', () => {
  const own = (more: string): string =>
    `[[domain]]\nname = "example.test"\nbackend = "lmtp://127.0.0.1:24"\nrecipients = ["anna"]\n${more}\n`;
  const forwarding = '[forwarding]\nsrs_domain = "example.test"\nsrs_secret_file = "srs"\n';
  const srs = 'a secret of enough octets\n';

  it('stand in the configuration or in a file', async () => {
    const sales = [{ name: 'sales', targets: ['anna'] }];
    const { files } = await read(own('aliases = ["sales: anna"]'), {});
    assert.deepEqual(files?.domains[0]?.aliases, sales);
    const { files: others } = await read(own('aliases_file = "aliases"'), {
      aliases: '# all\nsales: anna\n',
    });
    assert.deepEqual(others?.domains[0]?.aliases, sales);
  });

  for (const [why, toml, files, path, message] of [
    [
      'a circle',
      own('aliases = ["a: b", "b: a"]'),
      {},
      'domain[0].aliases',
      /the alias "a" leads in a circle, by a@example\.test/,
    ],
    [
      'a program in the file',
      own('aliases_file = "aliases"'),
      { aliases: 'a: |cat\n' },
      'domain[0].aliases_file',
      /aliases, line 1: the alias "a": "\|cat" is a program/,
    ],
    [
      'a mailbox that does not exist',
      own('aliases_file = "aliases"'),
      { aliases: 'a: b\n' },
      'domain[0].aliases_file',
      /leads to b@example\.test, which does not exist/,
    ],
    [
      'a target elsewhere, without [forwarding]',
      own('aliases = ["a: b@far.test"]'),
      {},
      'domain[0].aliases',
      /leads to b@far\.test, which is elsewhere: that needs \[forwarding\]/,
    ],
    [
      'a short secret',
      own('aliases = ["a: b@far.test"]') + forwarding,
      { srs: 'gehe1m\n' },
      'forwarding.srs_secret_file',
      /srs holds a secret of 6 octets, at least 16 are needed/,
    ],
  ] as const) {
    it(`are wrong with ${why}`, async () => {
      const { errors } = await read(toml, files);
      const [first] = errors;
      assert.equal(first?.path, path);
      assert.match(first.message, message);
      assert.ok(!JSON.stringify(errors).includes('gehe1m'));
    });
  }

  it('may lead elsewhere with [forwarding], which has a secret', async () => {
    const toml = own('aliases = ["a: b@far.test"]') + forwarding;
    const { files, errors } = await read(toml, { srs });
    assert.deepEqual(errors, []);
    const { files: others } = await read(toml, { srs: 'another secret of enough octets' });
    assert.equal(files?.forwarding?.domain, 'example.test');
    assert.ok(others?.forwarding?.secret.equals(files.forwarding.secret) === false);
  });
});

describe('the secret of bounce addresses', () => {
  const toml = `${[
    '[[domain]]\nname = "b.test"\nbackend = "lmtp://127.0.0.1:24"',
    '[bounces]\naddresses = ["a@b.test"]\nsecret_file = "bounces"',
  ].join('\n')}\n`;

  it('makes the hash that they are known by', async () => {
    const { files } = await read(toml, { bounces: 'a secret of enough octets\n' });
    const { files: others } = await read(toml, { bounces: 'another secret of enough octets\n' });
    assert.ok(files?.verpSecret);
    assert.ok(others?.verpSecret?.equals(files.verpSecret) === false);
    assert.equal((await read('', {})).files?.verpSecret, null);
  });

  it('is for nobody else of this host to read', async () => {
    await read(toml, { bounces: 'a secret of enough octets\n' });
    chmodSync(join(folder, 'bounces'), 0o644);
    const { warnings: open } = await read(toml, {});
    chmodSync(join(folder, 'bounces'), 0o600);
    assert.match(open.join('\n'), /bounces has mode 0644: every user of this host can/);
    assert.doesNotMatch((await read(toml, {})).warnings.join('\n'), /has mode/);
  });

  it('has to be long enough, and is not shown', async () => {
    const { errors } = await read(toml, { bounces: 'gehe1m\n' });
    assert.equal(errors[0]?.path, 'bounces.secret_file');
    assert.doesNotMatch(JSON.stringify(errors), /gehe1m/);
  });
});

describe('the key of a DKIM signature', () => {
  const toml =
    '[[dkim]]\ndomain = "example.test"\nselector = "mail.2026"\nkey = "dkim.pem"\nsubdomains = true\n';
  const pem = (bits: number): string =>
    generateKeyPairSync('rsa', { modulusLength: bits }).privateKey.export({ type: 'pkcs8', format: 'pem' });

  it('says how it signs, and is questioned where it is short', async () => {
    const { files, warnings } = await read(toml, { 'dkim.pem': pem(1024) });
    const [{ key, ...rest } = {}] = files?.dkim ?? [];
    assert.equal(key?.type, 'private');
    assert.deepEqual(rest, {
      domain: 'example.test',
      selector: 'mail.2026',
      subdomains: true,
      algorithm: 'rsa-sha256',
    });
    assert.match(warnings.join('\n'), /^dkim\[0\]\.key: .*dkim\.pem holds an RSA key of 1024 bits/);
  });

  it('is refused where no signature by it counts; file and key are named, what is in it is not', async () => {
    const { errors } = await read(toml, { 'dkim.pem': pem(512) });
    assertOne(errors, 'dkim[0].key', /dkim\.pem holds an RSA key of 512 bits/);
    const { errors: others } = await read(toml, { 'dkim.pem': 'gehe1m' });
    assertOne(others, 'dkim[0].key', /dkim\.pem holds no private key/);
    assert.ok(!JSON.stringify(others).includes('gehe1m'));
  });
});

describe('the password of a route', () => {
  const toml =
    '[[route]]\nmatch = "*"\nto = "smtp://a.test"\nuser = "relay"\npassword_file = "password"\n[tls]\ncert = "none"\nkey = "none"\n';

  it('is the one line of its file', async () => {
    writeFileSync(join(folder, 'password'), 'gehe1m, mit Leerzeichen \n');
    const { config, effective } = load(toml);
    const { files, errors } = await readOutgoingFiles(config, effective);
    assert.deepEqual(errors, [], 'the keys of the listeners are nothing to whoever only sends');
    assert.deepEqual(files.routes[0]?.login, { user: 'relay', password: 'gehe1m, mit Leerzeichen ' });
  });

  it('is not repeated where it cannot be one', async () => {
    writeFileSync(join(folder, 'password'), 'gehe1m\tx\n');
    const { config, effective } = load(toml);
    const { errors } = await readOutgoingFiles(config, effective);
    assertOne(errors, 'route[0].password_file', /password: is not a password: 1 to 255 octets/);
    assert.ok(!JSON.stringify(errors).includes('gehe1m'));
  });
});

describe('the trust anchors', () => {
  const toml = '[dns]\ntrust_anchor = "root.key"\n[tls]\ncert = "none"\nkey = "none"\n';
  const ds = `. IN DS 20326 8 2 ${'ab'.repeat(32)}\n`;
  const anchors = async (content: string) => {
    writeFileSync(join(folder, 'root.key'), content);
    const { config, effective } = load(toml);
    return readDnsFiles(config, effective);
  };

  it('are those of the root that are built in, where no file names others', async () => {
    const { config, effective } = load('');
    const { files, errors } = await readDnsFiles(config, effective);
    assert.deepEqual(errors, []);
    assert.deepEqual(
      files.anchors.map(({ zone, ds: digests }) => [zone, digests.map(({ keyTag }) => keyTag)]),
      [['\0', [20326, 38696]]],
    );
  });

  it('are the DS and DNSKEY records of the file, which needs no secret to be read', async () => {
    const { files, errors } = await anchors(
      `; of the lab\n${ds}test. 3600 IN DS 1 13 2 ${'cd'.repeat(32)}\n`,
    );
    assert.deepEqual(errors, []);
    assert.deepEqual(
      files.anchors.map(({ zone, ds: digests }) => [zone, digests.map(({ keyTag }) => keyTag)]),
      [
        ['\0', [20326]],
        ['\x04test\0', [1]],
      ],
    );
  });

  for (const [why, content, message] of [
    ['a record of another type', `${ds}. IN A 192.0.2.1\n`, /root\.key:2: "A" is neither DS nor DNSKEY/],
    ['a digest that is cut', `\n${ds.slice(0, -3)}\n`, /root\.key:2: its digest/],
    ['a parenthesis left open', '. IN DS ( 20326 8 2\nab\n', /root\.key:1: it has a parenthesis/],
    ['nothing', '; nothing\n', /root\.key: there is no DS or DNSKEY record/],
    ['octets that are no text', Buffer.from([0xff]), /root\.key: is not UTF-8$/],
  ] as const) {
    it(`are wrong with ${why}: file, line and what`, async () => {
      writeFileSync(join(folder, 'root.key'), content);
      const { config, effective } = load(toml);
      assertOne((await readDnsFiles(config, effective)).errors, 'dns.trust_anchor', message);
      assertOne((await readOutgoingFiles(config, effective)).errors, 'dns.trust_anchor', message);
    });
  }
});
