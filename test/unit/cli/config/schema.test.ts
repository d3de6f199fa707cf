import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { keys } from '../../../../src/cli/config/keys.ts';
import { configJsonSchema } from '../../../../src/cli/config/schema.ts';
import { configOf, domain, errorsOf, listener, load, mx, route } from './support.ts';

const secret = Buffer.alloc(32).toString('base64');
/** Of nothing that anybody knows. */
const hash = `SCRAM-SHA-256$100000:${Buffer.alloc(16).toString('base64')}$${secret}:${secret}`;

/** A route to a next hop with these further lines. */
function login(rest: string): string {
  return route(`match = "*"\nto = "smtp://a.test"\n${rest}`);
}

function requireTls(rest: string): boolean | undefined {
  return configOf(listener(rest)).listeners[0]?.requireTls;
}

it('docs/schema/config.schema.json is what `waxwing config schema` prints', () => {
  const committed = readFileSync(
    new URL('../../../../docs/schema/config.schema.json', import.meta.url),
    'utf8',
  );
  assert.equal(committed, `${JSON.stringify(configJsonSchema(), undefined, 2)}\n`);
});

it('every key is described, and has a default or an example to show', () => {
  const all = keys.flatMap((key) => [key, ...(key.items ?? [])]);
  assert.ok(all.length > 20);
  assert.deepEqual(
    all.filter(({ description }) => !description.endsWith('.')).map(({ path }) => path),
    [],
  );
  assert.deepEqual(
    keys.filter((key) => key.default === undefined && key.example === undefined).map(({ path }) => path),
    [],
  );
});

/** A key for signatures; `given` takes the place of its own. */
function dkim(given: string): string {
  const own = ['domain = "example.test"', 'selector = "2026"', 'key = "dkim.pem"'];
  const kept = own.filter((line) => !given.startsWith(line.slice(0, line.indexOf('='))));
  return ['[[dkim]]', ...kept, given, ''].join('\n');
}

describe('unknown keys', () => {
  const known =
    'known here: hostname, data, user, workers, tls, dns, mta_sts, list, check, listener, certificate, account, accounts, account_database, quota, inbound, inbound_memory, memory, report_only, domain, authentication, route, rule, dkim, forwarding, bounces, relay, limits, gateway, advisor, api, api_key, metrics, tls_rpt, sendmail, events, webhook';
  const cases: readonly (readonly [string, string, string])[] = [
    ['hostnam = "a"', 'hostnam', 'did you mean hostname?'],
    ['[relay]\nretries = ["1m"]', 'relay.retries', 'did you mean relay.retry?'],
    ['[realy]\ntls = "may"', 'realy', 'did you mean relay?'],
    ['retry = ["1m"]', 'retry', 'did you mean relay.retry?'],
    ['[limits]\nsmtp_port = 1', 'limits.smtp_port', 'did you mean relay.smtp_port?'],
    ['[dns]\nlying = "off"', 'dns.lying', 'known here: resolver, dnssec, trusted, trust_anchor, sha1'],
    ['[dns]\ntrust_anchors = "a"', 'dns.trust_anchors', 'did you mean dns.trust_anchor?'],
    [`${'x'.repeat(200)} = 1`, JSON.stringify('x'.repeat(64)), known],
    ['__proto__ = 1', '__proto__', known],
    [route('match = "*"\n"to\\u001b" = "x"'), 'route[0]."to\\u001b"', 'did you mean route.to?'],
  ];
  for (const [toml, path, suggestion] of cases) {
    it(`${path.slice(0, 20)}: ${suggestion.slice(0, 40)}`, () => {
      const [error, ...others] = errorsOf(load(toml));
      assert.deepEqual([error?.path, error?.message], [path, `is not a key; ${suggestion}`]);
      assert.deepEqual(others, []);
    });
  }
});

describe('what a value must be', () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['hostname = 5', 'hostname', /^must be text in quotes$/],
    ['hostname = 1979-05-27', 'hostname', /^must be text in quotes$/],
    ['hostname = ""', 'hostname', /^the domain is empty$/],
    ['hostname = "a b"', 'hostname', /is not a domain label/],
    ['hostname = "192.0.2.1"', 'hostname', /is not a domain/],
    ['data = ""', 'data', /is not a path/],
    ['relay = 5', 'relay', /^must be a table$/],
    ['relay = 1979-05-27', 'relay', /^must be a table$/],
    ['listener = "127.0.0.1:25"', 'listener', /^must be a list$/],
    ['[tls]\ncert = "a"', 'tls.key', /^is missing beside tls.cert$/],
    ['[tls]\nkey = "a"', 'tls.cert', /^is missing beside tls.key$/],
    ['[dns]\nresolver = []', 'dns.resolver', /^must hold at least one resolver$/],
    ['[dns]\nresolver = ["localhost"]', 'dns.resolver[0]', /is no resolver such as "192/],
    ['[dns]\nresolver = ["127.0.0.1", "tls://dns.example"]', 'dns.resolver[1]', /is no resolver such as/],
    ['[dns]\nresolver = ["https://dns.example/"]', 'dns.resolver[0]', /does not say where dns\.example is/],
    ['[dns]\ndnssec = "on"', 'dns.dnssec', /^must be "validate" or "trust" or "off"$/],
    ['[dns]\ntrusted = "yes"', 'dns.trusted', /^must be true or false$/],
    ['[dns]\nsha1 = 1', 'dns.sha1', /^must be true or false$/],
    ['[dns]\ntrust_anchor = ""', 'dns.trust_anchor', /is not a path/],
    ['[list]\nsource = "/a"', 'list.keys', /^is missing beside list\.source/],
    ['[list]\nkeys = []', 'list.keys', /^must hold at least one key$/],
    ['[list]\nkeys = ["abc"]', 'list.keys[0]', /is not the base64 of the 32 octets/],
    ['[list]\nsource = "http://a.test/p.json"', 'list.source', /is not "https:\/\/NAME\/PATH"$/],
    ['[list]\nsource = "https://192.0.2.1/p.json"', 'list.source', /its last label is a number$/],
    ['[list]\nrefresh = "daily"', 'list.refresh', /is not a duration/],
    [listener(''), 'listener[0].address', /^is missing$/],
    ['[[listener]]\naddress = "127.0.0.1:1"', 'listener[0].role', /^must be "submission" or "mx"$/],
    [listener('address = "localhost:25"'), 'listener[0].address', /is not an IP address such as/],
    [
      listener('address = "127.0.0.1:1"\ntls = "none"'),
      'listener[0].tls',
      /^must be "starttls" or "implicit"$/,
    ],
    [
      listener('address = "127.0.0.1:1"\nrequire_tls = "no"'),
      'listener[0].require_tls',
      /^must be true or false$/,
    ],
    [
      listener('address = "127.0.0.1:1"\ntls = "implicit"\nrequire_tls = false'),
      'listener[0].require_tls',
      /^cannot be false/,
    ],
    [listener('address = "127.0.0.1:1"\nproxy = []'), 'listener[0].proxy', /at least one network/],
    [
      listener('address = "127.0.0.1:1"\nproxy = ["192.0.2.1/24"]'),
      'listener[0].proxy[0]',
      /it names a host/,
    ],
    ['[[certificate]]\ncert = "a"', 'certificate[0].key', /^is missing$/],
    [
      '[[certificate]]\ncert = "a"\nkey = "b"\n'.repeat(2),
      'certificate[1].cert',
      /^is the same as in \[0\]$/,
    ],
    ['[[account]]\nuser = ""\npassword_hash_file = "x"', 'account[0].user', /is not a user/],
    ['[[account]]\nuser = "a\\n"\npassword_hash_file = "x"', 'account[0].user', /is not a user/],
    ['[[account]]\nuser = "anna"', 'account[0].password_hash', /hash of "anna": it is missing/],
    [
      '[[account]]\nuser = "anna"\npassword_hash = "$argon2d$x"',
      'account[0].password_hash',
      /hash of "anna": it is no PHC/,
    ],
    [
      `[[account]]\nuser = "anna"\npassword_hash_file = "x"\npassword_hash = "${hash}"`,
      'account[0].password_hash_file',
      /^cannot be given beside password_hash$/,
    ],
    [
      '[[account]]\nuser = "a"\npassword_hash_file = "x"\n'.repeat(2),
      'account[1].user',
      /^is the same as in \[0\]$/,
    ],
    [domain('name = "a b"'), 'domain[0].name', /is not a domain label/],
    [domain('backend = "127.0.0.1"'), 'domain[0].backend', /is not a next hop/],
    [domain('recipients = []'), 'domain[0].recipients', /at least one recipient/],
    [
      domain('recipients = ["anna@example.test"]'),
      'domain[0].recipients[0]',
      /is not what stands before the @/,
    ],
    [
      domain('recipients = ["a"]\nrecipients_file = "x"'),
      'domain[0].recipients_file',
      /^cannot be given beside recipients$/,
    ],
    [domain('verify = "table"'), 'domain[0].verify', /^needs recipients or recipients_file/],
    [domain('verify = "callout"\nrecipients = ["a"]'), 'domain[0].verify', /^cannot be "callout" where/],
    [domain('verify = "none"\nrecipients_file = "a"'), 'domain[0].verify', /^cannot be "none" where/],
    [domain() + domain('name = "EXAMPLE.test"'), 'domain[1].name', /^is the same as in \[0\]$/],
    [login('password = "x"'), 'route[0].user', /^is missing beside the password$/],
    [login('user = "x"'), 'route[0].password', /^is missing beside user/],
    [
      login('user = "x"\npassword = "y"\npassword_file = "z"'),
      'route[0].password_file',
      /^cannot be given beside password$/,
    ],
    [login('user = "x"\npassword = ""'), 'route[0].password', /^is not a password/],
    [route('match = "*"\nuser = "x"\npassword = "y"'), 'route[0].user', /^needs to: nobody logs in at MX/],
    [login('user = "x"\npassword = "y"\ntls = "off"'), 'route[0].tls', /^cannot be "off" with a login/],
    [login('user = "x"\npassword = "y"\ntls = "may"'), 'route[0].tls', /^cannot be "may" with a login/],
    [
      route('match = "*"\nto = "smtps://a.test"\ntls = "may"'),
      'route[0].tls',
      /^cannot be "may" towards smtps:\/\//,
    ],
    [
      `${domain('backend = "smtps://127.0.0.1"\ntls = "off"')}${mx}`,
      'domain[0].tls',
      /^cannot be "off" towards smtps:\/\//,
    ],
    [
      `${domain('backend = "smtps://b.test"\ntls = "may"')}${mx}`,
      'domain[0].tls',
      /^cannot be "may" towards smtps:\/\//,
    ],
    ['[relay]\ngrace = "0s"', 'relay.grace', /is not between/],
    ['[limits]\nlogin_failures = 0', 'limits.login_failures', /^must be a whole number from 1 to/],
    [
      listener('address = "127.0.0.1:1"\nnetworks = ["192.0.2.1/24"]'),
      'listener[0].networks[0]',
      /it names a host/,
    ],
    [
      listener('address = "127.0.0.1:1"\nbare_line_ending = "keep"'),
      'listener[0].bare_line_ending',
      /^must be "refuse" or "normalize"$/,
    ],
    [
      listener('address = "127.0.0.1:1"') + listener('address = "127.0.0.1:1"'),
      'listener[1].address',
      /^is the same as in \[0\]$/,
    ],
    [route('to = "smtp://a"'), 'route[0].match', /^is missing$/],
    [route('match = "*"\nto = "mail.example.net"'), 'route[0].to', /is not a next hop such as/],
    [
      route('match = "*"\ntls = "must"'),
      'route[0].tls',
      /^must be "off" or "may" or "encrypt" or "authenticate"$/,
    ],
    [route('match = "*"\nnames = ["*.a.test"]'), 'route[0].names[0]', /is not a domain label/],
    [route('match = "*"\nhello = "a."'), 'route[0].hello', /ends in a dot/],
    [route('match = "*"\nsource = "eth0"'), 'route[0].source', /is not an IP address/],
    [route('match = "a.test"') + route('match = "A.TEST"'), 'route[1].match', /^is the same as in \[0\]$/],
    [dkim('selector = "a b"'), 'dkim[0].selector', /is not a selector such as "mail2026"/],
    [dkim('selector = ".a"'), 'dkim[0].selector', /is not a selector/],
    [dkim('') + dkim('domain = "EXAMPLE.test"'), 'dkim[1].selector', /^is the same as in \[0\]$/],
    ['[bounces]\nsecret_file = "a"', 'bounces.addresses', /^is missing beside secret_file$/],
    [
      '[bounces]\naddresses = ["a@b.test"]\nsuppress_after = 3',
      'bounces.suppress_after',
      /^needs addresses and secret_file/,
    ],
    ['[bounces]\naddresses = ["\\"a b\\"@b.test"]', 'bounces.addresses[0]', /without quotes/],
    [
      '[bounces]\naddresses = ["a@b.test", "A@b.test"]',
      'bounces.addresses[1].text',
      /^is the same as in \[0\]$/,
    ],
    [
      '[bounces]\nverp_delimiters = "+#"',
      'bounces.verp_delimiters',
      /^must be two characters of verp_delimiter_filter$/,
    ],
    [
      '[bounces]\nverp_delimiter_filter = "+=a"',
      'bounces.verp_delimiter_filter',
      /can stand in a local part/,
    ],
    ['[forwarding]\nsrs_domain = "a.test"', 'forwarding.srs_secret_file', /^is missing beside srs_domain$/],
    ['[forwarding]\nsrs_secret_file = "a"', 'forwarding.srs_domain', /^is missing beside srs_secret_file$/],
    ['[relay]\nsmtp_port = 0', 'relay.smtp_port', /^must be a whole number from 1 to 65535$/],
    ['[relay]\nsmtp_port = 2.5', 'relay.smtp_port', /^must be a whole number/],
    ['[relay]\nsmtp_port = "25"', 'relay.smtp_port', /^must be a whole number/],
    ['[relay]\nretry = []', 'relay.retry', /at least one duration/],
    ['[relay]\nretry = ["0s"]', 'relay.retry[0]', /is not between "1s" and "365d"/],
    [
      '[relay]\nhold_notice_after = "soon"',
      'relay.hold_notice_after',
      /^"soon" is neither "never" nor a duration such as/,
    ],
    ['[authentication]\nwithin = "121s"', 'authentication.within', /is more than "2m"/],
    ['[tls_rpt]\nkeep = "36h"', 'tls_rpt.keep', /^"36h" is not a number of whole days such as "10d"$/],
    ['[relay]\nhold_probe = []', 'relay.hold_probe', /at least one duration/],
    ['[relay]\non_blocked = "defer"', 'relay.on_blocked', /hold.*bounce.*drop/],
    ['[relay]\ngive_up_after = "5"', 'relay.give_up_after', /is not a duration such as/],
    ['[relay]\nmax_message_size = true', 'relay.max_message_size', /^must be a size such as/],
    ['[relay]\nmax_message_size = "50 MB"', 'relay.max_message_size', /is not a size such as/],
    [
      '[relay]\nmax_message_size = 65535',
      'relay.max_message_size',
      /^must be from "64KiB" \(RFC 5321 §4.5.3.1.7\)/,
    ],
    ['[relay]\nmax_message_size = "11GiB"', 'relay.max_message_size', /to "10GiB"$/],
    ['[relay]\nmax_recipients = 99', 'relay.max_recipients', /from 100 to/],
    ['[limits]\nsessions = inf', 'limits.sessions', /^must be a whole number/],
  ];
  for (const [toml, path, message] of cases) {
    it(`${path} in ${JSON.stringify(toml)}`, () => {
      const [error, ...others] = errorsOf(load(toml));
      assert.equal(error?.path, path);
      assert.match(error.message, message);
      assert.deepEqual(others, []);
    });
  }

  it('at its limits it is taken', () => {
    const toml =
      '[relay]\nmax_message_size = "64KiB"\nmax_recipients = 100\nsmtp_port = 65535\nkeep_final = "365d"\n';
    const { relay } = configOf(toml);
    assert.deepEqual([relay.maxMessageBytes, relay.maxRecipients, relay.smtpPort], [65_536, 100, 65_535]);
    assert.equal(configOf('[relay]\nmax_message_size = "10GiB"\n').relay.maxMessageBytes, 10 * 1024 ** 3);
  });
});

describe('require_tls', () => {
  it('is false on loopback and true elsewhere, unless the operator says otherwise', () => {
    assert.equal(requireTls('address = "127.9.9.9:587"'), false);
    assert.equal(requireTls('address = "[::1]:587"'), false);
    assert.equal(requireTls('address = "[::1]:587"\nrequire_tls = true'), true);
    assert.equal(requireTls('address = "0.0.0.0:587"'), true);
    assert.equal(requireTls('address = "[::]:587"\nrequire_tls = false'), false);
    assert.equal(requireTls('address = "127.0.0.1:465"\ntls = "implicit"'), true);
  });

  it('is false for role mx, as most senders come with the TLS that they can', () => {
    const [incoming] = configOf(mx.replace('127.0.0.1', '0.0.0.0') + domain()).listeners;
    assert.equal(incoming?.requireTls, false);
    assert.deepEqual(incoming.networks, []);
  });

  it('RFC 3207 §4: "A publicly-referenced SMTP server MUST NOT require use of the STARTTLS extension"', () => {
    for (const rest of ['', 'require_tls = true', 'tls = "implicit"']) {
      const [error] = errorsOf(load(listener(`address = "192.0.2.1:25"\n${rest}`)));
      assert.equal(error?.path, 'listener[0].require_tls');
      assert.match(error.message, /^port 25 cannot require TLS: .*RFC 3207 §4/);
    }
    for (const rest of ['require_tls = true', 'tls = "implicit"']) {
      const toml = mx.replace('127.0.0.1:25', '192.0.2.1:25');
      assert.match(
        errorsOf(load(`${toml}${rest}\n${domain()}`))[0]?.message ?? '',
        /^port 25 cannot require TLS/,
      );
    }
    assert.equal(requireTls('address = "192.0.2.1:25"\nrequire_tls = false'), false);
    assert.equal(requireTls('address = "127.0.0.1:25"\nrequire_tls = true'), true);
  });
});
