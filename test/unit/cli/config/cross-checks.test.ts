import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { domain, errorsOf, good, listener, load, mx, plain, route } from './support.ts';

const account = '[[account]]\nuser = "anna"\npassword_hash_file = "anna.hash"\n';

/** The backend is elsewhere unless it is said. */
function gateway(rest: string): string {
  const backend = rest.includes('backend') ? '' : 'backend = "127.0.0.1:1143"\n';
  return `[[gateway]]\nprotocol = "imap"\n${backend}${rest}\n`;
}

describe('what tables ask of each other', () => {
  const cases: readonly (readonly [why: string, toml: string, path: string, message: RegExp])[] = [
    [
      'an mx listener without domains',
      mx,
      'listener[0].role',
      /^"mx" takes mail for the domains of \[\[domain\]\]/,
    ],
    [
      'what DMARC does where nobody evaluates it',
      mx + domain('dmarc = "reject"'),
      'domain[0].dmarc',
      /^does nothing without \[authentication\] evaluate = true$/,
    ],
    ...['dmarc = "reject"', 'spf_hard_fail = "reject"', 'trusted_sealers = ["a.test"]'].map(
      (key) =>
        [
          `${key} where nobody evaluates`,
          `[authentication]\n${key}\n`,
          `authentication.${key.split(' ')[0]}`,
          /^does nothing without evaluate = true$/,
        ] as const,
    ),
    [
      'a memory that outlasts the mail that waits for it',
      '[memory]\nmode = "enforce"\ngive_way_after = "5d"\n',
      'memory.give_way_after',
      /^has to be less than relay\.give_up_after: else mail is returned before the memory gives way$/,
    ],
    [
      'mail that is returned before the memory has three days to give way',
      '[memory]\nmode = "enforce"\ngive_way_after = "1d"\n[relay]\ngive_up_after = "2d"\n',
      'relay.give_up_after',
      /^has to be more than 2d with memory\.mode "enforce"/,
    ],
    [
      'rewritten senders in a domain to which nothing comes back',
      `${mx}${domain()}[forwarding]\nsrs_domain = "other.test"\nsrs_secret_file = "srs"\n`,
      'forwarding.srs_domain',
      /^has to be one of your \[\[domain\]\]s: what comes back comes to it$/,
    ],
    [
      'a bounce address to which nothing comes back',
      `${mx}${domain()}[bounces]\naddresses = ["a@other.test"]\n`,
      'bounces.addresses[0]',
      /^a@other\.test is in none of your \[\[domain\]\]s/,
    ],
    [
      'a listener for nobody',
      listener('address = "127.0.0.1:1"\nnetworks = []'),
      'listener[0].networks',
      /^nobody may hand in mail here/,
    ],
    [
      'an address of IPv4 beside all addresses',
      listener('address = "0.0.0.0:587"') + listener('address = "[::]:587"'),
      'listener[0].address',
      /^is taken already: \[::\]:587 is every address, those of IPv4 too$/,
    ],
    [
      'one address beside all of IPv4',
      listener('address = "0.0.0.0:587"') + listener('address = "127.0.0.1:587"'),
      'listener[1].address',
      /^is taken already: 0\.0\.0\.0:587 is every address of IPv4$/,
    ],
    [
      'accounts without a listener to log in at',
      mx + domain() + account,
      'account',
      /^nobody can log in: there is no listener with role = "submission"$/,
    ],
    [
      'a gateway where a listener is',
      listener('address = "127.0.0.1:143"') + gateway('listen = "127.0.0.1:143"'),
      'gateway[0].listen',
      /^is taken already, by listener\[0\]\.address$/,
    ],
    [
      'a gateway where all addresses are taken by another',
      gateway('tls_listen = "[::]:993"') + gateway('name = "b"\nlisten = "127.0.0.1:993"'),
      'gateway[1].listen',
      /^is taken already, by gateway\[0\]\.tls_listen$/,
    ],
    [
      'counters where a gateway is',
      `${gateway('listen = "127.0.0.1:9464"')}[metrics]\nlisten = "127.0.0.1:9464"\n`,
      'metrics.listen',
      /^is taken already, by gateway\[0\]\.listen$/,
    ],
    [
      'a gateway before itself',
      gateway('listen = "0.0.0.0:143"\nbackend = "127.0.0.1:143"'),
      'gateway[0].backend',
      /^is where this gateway itself listens$/,
    ],
    [
      'a backend that is our own listener',
      mx + domain('backend = "smtp://127.0.0.1:25"'),
      'domain[0].backend',
      /^is our own listener 127\.0\.0\.1:25: the mail would go round in circles$/,
    ],
    [
      'a backend that is our own listener by another name',
      mx + domain('backend = "smtp://localhost"'),
      'domain[0].backend',
      /is our own listener/,
    ],
    [
      'a backend that a listener on all addresses has',
      mx.replace('127.0.0.1:25', '[::]:24') + domain(),
      'domain[0].backend',
      /is our own listener \[::\]:24/,
    ],
    [
      'a route that leads to our own listener',
      listener('address = "192.0.2.1:2525"\nrequire_tls = false') +
        route('match = "*"\nto = "smtp://192.0.2.1:2525"'),
      'route[0].to',
      /is our own listener 192\.0\.2\.1:2525/,
    ],
  ];
  for (const [why, toml, path, message] of cases) {
    it(`refuses ${why}`, () => {
      const [error, ...others] = errorsOf(load(toml));
      assert.equal(error?.path, path);
      assert.match(error.message, message);
      assert.match(error.origin, /waxwing\.toml:[0-9]+$/);
      assert.deepEqual(others, []);
    });
  }

  for (const [why, toml] of [
    ['a listener for whoever logs in', listener('address = "127.0.0.1:1"\nnetworks = []') + account],
    ['a backend on another port', mx + domain('backend = "smtp://127.0.0.1:26"')],
    ['a backend on another address', mx + domain('backend = "smtp://127.0.0.2:25"')],
    ['accounts with the listeners of the default', account],
  ] as const) {
    it(`takes ${why}`, () => void good(load(toml)));
  }
});

describe('the AD bit of a resolver', () => {
  const trust = '[dns]\ndnssec = "trust"\n';
  const refused: readonly (readonly [
    why: string,
    loaded: Parameters<typeof load>,
    path: string,
    message: RegExp,
  ])[] = [
    [
      'of another host',
      [`${trust}resolver = ["127.0.0.1", "192.0.2.53"]`],
      'dns.resolver[1]',
      /^192\.0\.2\.53:53 is not on this host, .*; say dnssec = "validate", or trusted = true if /,
    ],
    [
      "of the system's resolver, were it trusted",
      [`${trust}trusted = true`, {}, { resolvers: [plain('::1'), plain('192.0.2.53')] }],
      'dns.dnssec',
      /system's resolver: 192\.0\.2\.53:53 is not on this host, .*or name the resolver in dns\.resolver/,
    ],
    [
      'of one that the file does not know, where the file trusts its own',
      [`${trust}trusted = true\nresolver = ["192.0.2.53"]`, { flags: { resolver: ['192.0.2.54'] } }],
      'dns.resolver[0]',
      /^192\.0\.2\.54:53 .*; use --dnssec validate, or name it in the configuration/,
    ],
    [
      'of another host, also where nobody is on the way to it',
      [`${trust}resolver = ["tls://192.0.2.53#dns.example"]`],
      'dns.resolver[0]',
      /^tls:\/\/192\.0\.2\.53:853 is not on this host/,
    ],
    [
      'of another host, where the mode comes with the command line',
      ['[dns]\nresolver = ["192.0.2.53"]', { flags: { dnssec: 'trust' } }],
      'dns.resolver[0]',
      /^192\.0\.2\.53:53 /,
    ],
  ];
  for (const [why, loaded, path, message] of refused) {
    it(`is not believed: ${why}`, () => {
      const [error, ...others] = errorsOf(load(...loaded));
      assert.equal(error?.path, path);
      assert.match(error.message, message);
      assert.deepEqual(others, []);
    });
  }

  const taken: readonly (readonly [why: string, loaded: Parameters<typeof load>])[] = [
    ['of this host', [`${trust}resolver = ["127.0.0.53", "[::1]:5353"]`]],
    ['of one that is named and trusted', [`${trust}trusted = true\nresolver = ["192.0.2.53"]`]],
    ['of this host, named with the command line', [trust, { flags: { resolver: ['127.0.0.1:54'] } }]],
    ["of the system's resolver on this host", [trust]],
    ['of nobody, where it does not count', ['[dns]\nresolver = ["192.0.2.53"]']],
  ];
  for (const [why, loaded] of taken) it(`is believed: ${why}`, () => void good(load(...loaded)));
});
