import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { domain, errorsOf, good, listener, load, mx, route } from './support.ts';

const account = '[[account]]\nuser = "anna"\npassword_hash_file = "anna.hash"\n';

describe('what tables ask of each other', () => {
  const cases: readonly (readonly [why: string, toml: string, path: string, message: RegExp])[] = [
    [
      'an mx listener without domains',
      mx,
      'listener[0].role',
      /^"mx" takes mail for the domains of \[\[domain\]\]/,
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
