import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { domain, good, listener, load, mx, route } from './support.ts';

const weak = /^account\[0\].password_hash: the hash of "anna" is quick to break/;
const [salt, key] = [16, 32].map((octets) => Buffer.alloc(octets).toString('base64'));
const strong = `SCRAM-SHA-256$100000:${salt}$${key}:${key}`;

/** @param hash in full, or the head of a PHC string. */
function account(hash: string): string {
  const bare = (text = ''): string => text.replace(/=+$/, '');
  const whole = hash.startsWith('$') ? `${hash}$${bare(salt)}$${bare(key)}` : hash;
  return `[[account]]\nuser = "anna"\npassword_hash = "${whole}"\n`;
}

describe('warnings', () => {
  const cases: readonly (readonly [string, string, readonly RegExp[]])[] = [
    [
      'mail in clear',
      listener('address = "192.0.2.1:25"\nrequire_tls = false\nnetworks = ["192.0.2.0/24"]'),
      [/^listener\[0\].require_tls: .*in clear$/],
    ],
    [
      'nobody else may relay',
      listener('address = "192.0.2.1:587"'),
      [/^listener\[0\].networks: only this host may relay/],
    ],
    [
      'everyone may relay',
      listener('address = "[::]:587"\nnetworks = ["::/0"]'),
      [/^listener\[0\].networks: everyone may relay/],
    ],
    [
      'a gateway whose backend is over the network',
      '[[gateway]]\nprotocol = "imap"\nlisten = "127.0.0.1:143"\nbackend = "192.0.2.1:143"\n',
      [/^gateway\[0\]\.backend: what clients say goes on to 192\.0\.2\.1 in clear, logins too$/],
    ],
    [
      'a gateway that reaches it by TLS',
      '[[gateway]]\nprotocol = "imap"\nreverse = true\nlisten = "127.0.0.1:143"\nbackend = "192.0.2.1:143"\nserver_name = "a.test"\n',
      [],
    ],
    ['everyone on loopback is nobody', listener('address = "127.0.0.1:587"\nnetworks = ["0.0.0.0/0"]'), []],
    [
      'a route behind *',
      route('match = "*"') + route('match = "a.test"'),
      [/^route\[1\]: is never used, route\[0\]/],
    ],
    [
      'a route for one of our domains',
      mx + domain() + route('match = "example.test"') + route('match = ".example.test"'),
      [/^route\[0\]: is never used, domain\[0\] matches everything that it does$/],
    ],
    ['domains without a listener for them', domain(), [/^domain: nobody else can send mail to these/]],
    [
      'names of a backend for nothing',
      mx + domain('names = ["a.test"]'),
      [/^domain\[0\].names: is not used, the TLS level is may$/],
    ],
    ['mail in clear is what an mx listener is for', mx.replace('127.0.0.1', '192.0.2.1') + domain(), []],
    [
      'everyone may relay through an mx listener',
      `${mx.replace('127.0.0.1', '192.0.2.1')}networks = ["0.0.0.0/0"]\n${domain()}`,
      [/^listener\[0\].networks: everyone may relay/],
    ],
    ['whoever is elsewhere logs in', listener('address = "192.0.2.1:587"') + account(strong), []],
    [
      'what only counts where we validate',
      '[dns]\ndnssec = "off"\ntrust_anchor = "root.key"\nsha1 = false',
      [/^dns\.trust_anchor: is not used, dns\.dnssec is "off"$/, /^dns\.sha1: is not used/],
    ],
    [
      'trust in resolvers that nobody relies on',
      '[dns]\ntrusted = true\nresolver = ["192.0.2.53"]',
      [/^dns\.trusted: is not used, dns\.dnssec is "validate"$/],
    ],
    [
      'trust in resolvers that are not named',
      '[dns]\ntrusted = true\ndnssec = "trust"',
      [/^dns\.trusted: is said of resolvers that dns\.resolver names; it names none$/],
    ],
    ['a resolver that is trusted', '[dns]\ntrusted = true\ndnssec = "trust"\nresolver = ["192.0.2.53"]', []],
    ['argon2id as we make it', account('$argon2id$v=19$m=19456,t=2,p=1'), []],
    ['argon2id with little memory', account('$argon2id$v=19$m=4096,t=12,p=1'), [weak]],
    ['argon2id with little work', account('$argon2id$v=19$m=16384,t=1,p=1'), [weak]],
    ['scrypt as we make it', account('$scrypt$ln=15,r=8,p=3'), []],
    ['scrypt of once', account('$scrypt$ln=14,r=8,p=1'), [weak]],
    ['SCRAM as RFC 7677 has it at least', account(strong.replace('100000', '4096')), [weak]],
    [
      'a certificate for the domain itself, by MX',
      route('match = "a.test"\ntls = "authenticate"'),
      [/^route\[0\]: tls = "authenticate" by MX holds almost all mail.*; give it names, or to$/],
    ],
    ['authenticate for a suffix', route('match = ".a.test"\ntls = "authenticate"'), []],
    ['authenticate with names', route('match = "a.test"\ntls = "authenticate"\nnames = ["b.test"]'), []],
    ['authenticate with a next hop', route('match = "*"\ntls = "authenticate"\nto = "smtp://a.test"'), []],
    [
      'authenticate for everyone',
      '[relay]\ntls = "authenticate"\n',
      [/^relay.tls: tls = "authenticate" by MX holds almost all mail/],
    ],
    [
      'a route behind its suffix',
      route('match = ".test"') + route('match = ".a.test"'),
      [/^route\[1\]: is never used/],
    ],
    ['a suffix does not match itself', route('match = ".a.test"') + route('match = "a.test"'), []],
    [
      'names for nothing',
      route('match = "*"\nnames = ["a.test"]'),
      [/^route\[0\].names: is not used, the TLS level is may$/],
    ],
    [
      'names by the default level',
      `[relay]\ntls = "authenticate"\n${route('match = "*"\nnames = ["a.test"]')}`,
      [],
    ],
  ];
  for (const [why, toml, expected] of cases) {
    it(`${why}: ${expected.length}`, () => {
      const { warnings } = good(load(toml));
      assert.equal(warnings.length, expected.length, warnings.join('\n'));
      for (const [index, pattern] of expected.entries()) assert.match(warnings[index] ?? '', pattern);
    });
  }
});
