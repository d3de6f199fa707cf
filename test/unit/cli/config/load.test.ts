import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { ConfigError } from '../../../../src/cli/config/config.ts';
import { keys, variableOf } from '../../../../src/cli/config/keys.ts';
import { type LoadedConfig, type LoadRequest, loadConfig } from '../../../../src/cli/config/load.ts';
import { anyRights } from '../../../../src/relay/accounts.ts';
import {
  configOf,
  domain,
  errorsOf,
  file,
  folder,
  good,
  host,
  listener,
  load,
  mx,
  plain,
  route,
} from './support.ts';

const secret = Buffer.alloc(32).toString('base64');

function originOf(loaded: LoadedConfig, path: string): string | undefined {
  return good(loaded).effective.find((value) => value.path === path)?.origin;
}

function writeNamed(name: string): string {
  writeFileSync(join(folder, name), `hostname = "${name}.test"\n`);
  return join(folder, name);
}

describe('precedence', () => {
  it('the flag wins over the environment, the environment over the file, the file over the default', () => {
    const toml = 'data = "/file"\n[relay]\nsmtp_port = 26\n';
    const env = { WAXWING_DATA: '/env', WAXWING_RELAY_SMTP_PORT: '27' };
    const flags = { data: '/flag', smtpPort: '28' };
    const steps: readonly (readonly [LoadedConfig, string, number, string])[] = [
      [load(''), '/home/op/.local/state/waxwing', 25, 'default'],
      [load(toml), '/file', 26, `${file}:1`],
      [load(toml, { env }), '/env', 27, 'WAXWING_DATA'],
      [load(toml, { env, flags }), '/flag', 28, '--data'],
    ];
    for (const [loaded, dataFolder, smtpPort, origin] of steps) {
      const { config } = good(loaded);
      assert.deepEqual([config.dataFolder, config.relay.smtpPort], [dataFolder, smtpPort]);
      assert.equal(originOf(loaded, 'data'), origin);
    }
  });

  it('every flag reaches its key', () => {
    const flags = {
      data: '/d',
      resolver: ['192.0.2.53', '[::1]:54'],
      dnssec: 'off',
      trustAnchor: '/root.key',
      ca: '/ca.pem',
      smtpPort: '2525',
    };
    const config = configOf('[dns]\nresolver = ["127.0.0.1"]\n', { flags });
    assert.equal(config.dataFolder, '/d');
    assert.deepEqual(config.dns.resolvers, [plain('192.0.2.53'), plain('::1', 54)]);
    assert.deepEqual([config.dns.dnssec, config.dns.anchorFile], ['off', '/root.key']);
    assert.equal(config.caFile, '/ca.pem');
    assert.equal(config.relay.smtpPort, 2525);
  });

  it('the file is the one of --config, else of WAXWING_CONFIG, else that of the system', () => {
    const [flag, variable, systemFile] = [writeNamed('flag'), writeNamed('variable'), writeNamed('system')];
    const env = { WAXWING_CONFIG: variable };
    const from = (request: Partial<LoadRequest>) =>
      good(loadConfig({ env: {}, flags: {}, ...request }, { ...host, systemFile }));
    assert.equal(from({ file: flag, env }).file, flag);
    assert.equal(from({ env }).file, variable);
    assert.equal(from({}).file, systemFile);
    assert.deepEqual(from({}).config.hostname, { kind: 'domain', domain: 'system.test' });
  });

  it('a file that is named but not there is an error, unlike the one of the system', () => {
    const none = join(folder, 'none.toml');
    assert.deepEqual(errorsOf(loadConfig({ file: none, env: {}, flags: {} }, host)), [
      { path: '', origin: '--config', message: `there is no file ${JSON.stringify(none)}` },
    ]);
    assert.deepEqual(errorsOf(loadConfig({ env: { WAXWING_CONFIG: '' }, flags: {} }, host)), [
      { path: '', origin: 'WAXWING_CONFIG', message: 'there is no file ""' },
    ]);
  });

  it('a path of the file is relative to the file, any other to the working folder', () => {
    const toml = 'data = "data"\n[tls]\ncert = "c.pem"\nkey = "../k.pem"\n[events]\nfile = "log"\n';
    const config = configOf(toml, { env: { WAXWING_TLS_CERT: 'c.pem' } });
    assert.equal(config.dataFolder, join(folder, 'data'));
    assert.deepEqual(config.certificates, [
      { path: 'tls', certFile: join(process.cwd(), 'c.pem'), keyFile: join(tmpdir(), 'k.pem') },
    ]);
    assert.deepEqual(config.events.log, { kind: 'file', path: join(folder, 'log'), rotation: null });
  });
});

describe('the environment', () => {
  it('has a variable of its own for every key', () => {
    const names = keys.map(variableOf);
    assert.equal(new Set(names).size, names.length);
    assert.ok(names.includes('WAXWING_RELAY_CONNECTIONS_PER_DESTINATION'));
  });

  it('writes lists as JSON, lists of tables too, and replaces the whole list of the file', () => {
    const env = {
      WAXWING_RELAY_RETRY: '["1m", "2m"]',
      WAXWING_LISTENER: '[{"role":"submission","address":"[::1]:0"}]',
    };
    const loaded = load(listener('address = "127.0.0.1:1"\nnetworks = ["192.0.2.0/24"]'), { env });
    assert.deepEqual(good(loaded).config.relay.schedule.retryAfterMs, [60_000, 120_000]);
    assert.deepEqual(
      good(loaded).config.listeners.map(({ address, port }) => [address, port]),
      [['::1', 0]],
    );
    assert.equal(originOf(loaded, 'listener[0].address'), 'WAXWING_LISTENER');
    assert.equal(originOf(loaded, 'listener[0].networks'), 'default');
  });

  it('writes true and false as in the file', () => {
    const env = { WAXWING_DNS_TRUSTED: 'true', WAXWING_DNS_SHA1: 'false' };
    const { dns } = configOf('', { env });
    assert.deepEqual([dns.trusted, dns.sha1], [true, false]);
  });

  const mistakes: readonly (readonly [string, string, ConfigError['path'], RegExp])[] = [
    ['WAXWING_DNS_TRUSTED', 'yes', 'dns.trusted', /must be true or false/],
    ['WAXWING_DNS_TRUSTED', 'True', 'dns.trusted', /must be true or false/],
    ['WAXWING_DNS_DNSSEC', 'on', 'dns.dnssec', /must be "validate" or "trust" or "off"/],
    ['WAXWING_RELAY_RETRY', '1m,5m', 'relay.retry', /is not a JSON array such as \["1m","5m"/],
    ['WAXWING_RELAY_RETRY', '{"a":1}', 'relay.retry', /is not a JSON array/],
    ['WAXWING_RELAY_RETRY', '[5]', 'relay.retry[0]', /must be text in quotes/],
    ['WAXWING_RELAY_SMTP_PORT', '25x', 'relay.smtp_port', /must be a whole number from 1 to 65535/],
    ['WAXWING_RELAY_SMTP_PORT', '', 'relay.smtp_port', /must be a whole number/],
    [
      'WAXWING_LISTENER',
      '[{"role":"submission","adress":"127.0.0.1:1"}]',
      'listener[0].adress',
      /did you mean listener.address\?/,
    ],
    ['WAXWING_ROUTE', '[{"__proto__":1,"match":"*"}]', 'route[0].__proto__', /is not a key/],
  ];
  for (const [name, value, path, message] of mistakes) {
    it(`is blamed for ${name}=${value}`, () => {
      const error = errorsOf(load('', { env: { [name]: value } })).find((each) => each.path === path);
      assert.match(error?.message ?? '', message);
      assert.equal(error?.origin, name);
    });
  }

  it('refuses a variable of ours that means nothing, and lets all others be', () => {
    const env = { WAXWING_HOSTNAM: 'x', WAXWING_ZZZZZZZZZZZZZZZZZZ: 'x', WAXWING: 'x', HOSTNAME: 'x' };
    assert.deepEqual(errorsOf(load('', { env })), [
      {
        path: 'WAXWING_HOSTNAM',
        origin: 'environment',
        message: 'means nothing; did you mean WAXWING_HOSTNAME?',
      },
      { path: 'WAXWING_ZZZZZZZZZZZZZZZZZZ', origin: 'environment', message: 'means nothing' },
    ]);
  });
});

describe('errors', () => {
  it('are all reported at once, each with where it comes from', () => {
    const toml = 'hostname = 5\nfoo = 1\n[relay]\ntls = "x"\n\n[[listener]]\nrole = "m"\n';
    const env = { WAXWING_LIMITS_SESSIONS: '-1', WAXWING_FOO: '' };
    const found = errorsOf(load(toml, { env, flags: { smtpPort: 'x' } })).map(
      ({ path, origin }) => `${path} ${origin}`,
    );
    assert.deepEqual(found.toSorted(), [
      'WAXWING_FOO environment',
      `foo ${file}:2`,
      `hostname ${file}:1`,
      'limits.sessions WAXWING_LIMITS_SESSIONS',
      `listener[0].address ${file}:6`,
      `listener[0].role ${file}:7`,
      'relay.smtp_port --smtp-port',
      `relay.tls ${file}:4`,
    ]);
  });

  it('of the environment are reported beside a file that cannot be parsed', () => {
    const errors = errorsOf(load('a = 1\nb ==', { env: { WAXWING_HOSTNAME: '' } }));
    assert.deepEqual(
      errors.map(({ origin }) => origin),
      [`${file}:2`, 'WAXWING_HOSTNAME'],
    );
  });

  it('name the file where the section is not even a table, whatever the environment adds', () => {
    const errors = errorsOf(load('relay = 5', { env: { WAXWING_RELAY_TLS: 'may' } }));
    assert.deepEqual(errors, [{ path: 'relay', origin: `${file}:1`, message: 'must be a table' }]);
  });
});

describe('secrets', () => {
  const hash = `SCRAM-SHA-256$100000:${Buffer.alloc(16).toString('base64')}$${secret}:${secret}`;
  const login = 'match = "*"\nto = "smtp://a.test"\nuser = "x"\npassword = "gehe1m"';

  it('are hidden where the values in force are shown', () => {
    const { effective } = good(
      load(`[[account]]\nuser = "anna"\npassword_hash = "${hash}"\n${route(login)}`),
    );
    const shown = new Map(effective.map(({ path, value }) => [path, value]));
    assert.equal(shown.get('account[0].password_hash'), '(hidden)');
    assert.equal(shown.get('route[0].password'), '(hidden)');
    assert.equal(shown.get('account[0].password_hash_file'), null);
    const all = JSON.stringify(effective);
    assert.ok(!all.includes('gehe1m') && !all.includes(hash));
  });

  const mistakes: readonly (readonly [string, string, LoadRequest['env']])[] = [
    ['a password in place of its hash', '[[account]]\nuser = "anna"\npassword_hash = "gehe1m"', {}],
    ['a password with a control character', route(login.replace('gehe1m', 'gehe1m\\u0001')), {}],
    ['a variable that is no JSON', '', { WAXWING_ACCOUNT: '[{"password_hash": "gehe1m}]' }],
    ['a variable with a wrong type', '', { WAXWING_ROUTE: '[{"match":"*","password":["gehe1m"]}]' }],
    ['a key without an equals sign', 'password "gehe1m"', {}],
  ];
  for (const [why, toml, env] of mistakes) {
    it(`are not repeated in the message about ${why}`, () => {
      assert.ok(!JSON.stringify(errorsOf(load(toml, { env }))).includes('gehe1m'));
    });
  }
});

describe('the configuration', () => {
  it('has routes parsed, in their order', () => {
    const toml =
      route(
        'match = ".example.net"\nto = "smtp://[2001:db8::1]:2525"\ntls = "authenticate"\non_blocked = "bounce"\nnames = ["mx.example.net", ".b.test"]\nhello = "[192.0.2.1]"\nsource = "192.0.2.25"\nconnections = 2\nmessages_per_minute = 60000',
      ) + route('match = "*"');
    assert.deepEqual(configOf(toml).routes, [
      {
        match: { kind: 'below', domain: 'example.net' },
        to: { protocol: 'smtp', host: { kind: 'ip', address: '2001:db8::1' }, port: 2525 },
        login: null,
        tls: 'authenticate',
        requireTls: null,
        onBlocked: 'bounce',
        names: [
          { kind: 'domain', domain: 'mx.example.net' },
          { kind: 'below', domain: 'b.test' },
        ],
        hello: { kind: 'literal', address: '192.0.2.1' },
        source: '192.0.2.25',
        connections: 2,
        messagesPerMinute: 60_000,
      },
      {
        match: { kind: 'any' },
        to: null,
        login: null,
        tls: null,
        requireTls: null,
        onBlocked: null,
        names: [],
        hello: null,
        source: null,
        connections: null,
        messagesPerMinute: null,
      },
    ]);
  });

  it('takes no more messages a minute than there are milliseconds, and not none', () => {
    for (const count of ['60001', '0', '1.5']) {
      const toml = `[relay]\nmessages_per_minute = ${count}\n${route(`match = "*"\nmessages_per_minute = ${count}`)}`;
      const paths = errorsOf(load(toml)).map(({ path }) => path);
      assert.deepEqual(paths.toSorted(), ['relay.messages_per_minute', 'route[0].messages_per_minute']);
    }
  });

  it('has domains parsed, with the level and the check of recipients that hold without a word', () => {
    const toml =
      domain('recipients = ["Anna", "\\"a b\\"", "jörg"]') +
      domain('name = "B.test"\nbackend = "smtps://mail.b.test"\nnames = [".b.test"]\ntls = "authenticate"') +
      domain('name = "c.test"\nbackend = "smtp://[2001:db8::1]"\nverify = "none"');
    assert.deepEqual(configOf(toml + mx).domains, [
      {
        name: 'example.test',
        backend: { protocol: 'lmtp', host: { kind: 'ip', address: '127.0.0.1' }, port: 24 },
        tls: 'may',
        requireTls: 'opportunistic',
        actions: { dmarc: null, spfHardFail: null },
        aliases: null,
        names: [],
        recipients: { kind: 'table', locals: { kind: 'here', value: ['Anna', 'a b', 'jörg'] } },
      },
      {
        name: 'b.test',
        backend: { protocol: 'smtps', host: { kind: 'name', name: 'mail.b.test' }, port: 465 },
        tls: 'authenticate',
        requireTls: null,
        actions: { dmarc: null, spfHardFail: null },
        aliases: null,
        names: [{ kind: 'below', domain: 'b.test' }],
        recipients: { kind: 'callout' },
      },
      {
        name: 'c.test',
        backend: { protocol: 'smtp', host: { kind: 'ip', address: '2001:db8::1' }, port: 25 },
        tls: null,
        requireTls: null,
        actions: { dmarc: null, spfHardFail: null },
        aliases: null,
        names: [],
        recipients: { kind: 'any' },
      },
    ]);
  });

  it('has what REQUIRETLS and TLS-Required: No mean here: the RFC’s word, unless it says otherwise', () => {
    assert.deepEqual(configOf('').relay.demands, { requireTls: 'enforce', tlsRequiredNo: 'obey' });
    const { relay, routes, domains } = configOf(
      `[relay]\nrequiretls = "off"\ntls_required_no = "ignore"\n${route('match = "*"\nrequiretls = "starttls"')}${domain('verify = "none"\nrequiretls = "enforce"')}${mx}`,
    );
    assert.deepEqual(relay.demands, { requireTls: 'off', tlsRequiredNo: 'ignore' });
    assert.equal(routes[0]?.requireTls, 'starttls');
    assert.equal(domains[0]?.requireTls, 'enforce');
  });

  it('has files made absolute, wherever they are named', () => {
    const toml =
      '[[account]]\nuser = "a"\npassword_hash_file = "a.hash"\n' +
      domain('recipients_file = "people"') +
      route('match = "*"\nto = "smtp://b.test"\nuser = "x"\npassword_file = "secret"') +
      '[[certificate]]\ncert = "c.pem"\nkey = "k.pem"\n';
    const { config, effective } = good(load(toml));
    const at = (name: string) => ({ kind: 'file', path: join(folder, name) });
    assert.deepEqual(config.accounts, [
      { user: 'a', hash: at('a.hash'), certificates: [], rights: anyRights },
    ]);
    assert.deepEqual(config.domains[0]?.recipients, { kind: 'table', locals: at('people') });
    assert.deepEqual(config.routes[0]?.login, { user: 'x', password: at('secret') });
    assert.deepEqual(config.certificates, [
      { path: 'certificate[0]', certFile: join(folder, 'c.pem'), keyFile: join(folder, 'k.pem') },
    ]);
    const shown = new Map(effective.map(({ path, value }) => [path, value]));
    for (const [path, name] of [
      ['account[0].password_hash_file', 'a.hash'],
      ['domain[0].recipients_file', 'people'],
      ['route[0].password_file', 'secret'],
      ['certificate[0].key', 'k.pem'],
    ] as const) {
      assert.equal(shown.get(path), join(folder, name));
    }
  });

  it('logs in only over TLS that was verified, unless encrypt is asked for', () => {
    const login = 'match = "*"\nto = "smtp://a.test"\nuser = "x"\npassword = "y"';
    assert.equal(configOf(route(login)).routes[0]?.tls, 'authenticate');
    assert.equal(configOf(route(`${login}\ntls = "encrypt"`)).routes[0]?.tls, 'encrypt');
  });

  it('has smtps:// encrypted at least, and by default as everything else', () => {
    const smtps = route('match = "*"\nto = "smtps://a.test"');
    assert.equal(configOf(smtps).routes[0]?.tls, 'encrypt');
    assert.equal(configOf(`[relay]\ntls = "authenticate"\n${smtps}`).routes[0]?.tls, null);
  });

  it('has a backend at smtps:// encrypted at least, on loopback too', () => {
    for (const at of ['127.0.0.1', 'localhost', 'b.test']) {
      const smtps = domain(`backend = "smtps://${at}"`) + mx;
      assert.equal(configOf(smtps).domains[0]?.tls, 'encrypt', at);
      assert.equal(configOf(`[relay]\ntls = "authenticate"\n${smtps}`).domains[0]?.tls, null, at);
    }
    assert.equal(configOf(domain('backend = "smtp://127.0.0.1:26"') + mx).domains[0]?.tls, 'may');
  });

  it('sends events to stdout for "-"', () => {
    assert.deepEqual(configOf('[events]\nfile = "-"\n').events.log, { kind: 'stdout' });
  });

  it('may have no listener at all', () => {
    const loaded = good(load('listener = []'));
    assert.deepEqual(loaded.config.listeners, []);
    assert.deepEqual(
      loaded.effective.filter(({ path }) => path.startsWith('listener')),
      [{ path: 'listener', value: [], origin: `${file}:1` }],
    );
  });

  it('is frozen through and through', () => {
    const isFrozen = (value: unknown): boolean =>
      typeof value !== 'object' ||
      value === null ||
      (Object.isFrozen(value) && Object.values(value).every(isFrozen));
    assert.ok(isFrozen(configOf(route('match = "*"'))));
  });
});
