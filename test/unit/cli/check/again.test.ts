import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { again, calledWith, checkOptions, withoutOptions } from '../../../../src/cli/check/again.ts';

const lab = calledWith(
  {
    file: '/etc/wax wing.toml',
    flags: {
      data: '/var/lib/waxwing',
      resolver: ['127.0.0.53:5353', '9.9.9.9'],
      dnssec: 'validate',
      trustAnchor: '/tmp/anchor',
      ca: "/tmp/it's.pem",
      smtpPort: '2525',
      httpsPort: '8443',
      httpsAddress: '127.0.0.80',
    },
  },
  ['--depth', 'deep', '--allow-private'],
);

describe('a command that shows that a repair is done', () => {
  it('its options alone are those that it has', () => {
    const command = 'waxwing check example.test';
    assert.equal(`${command} ${checkOptions(lab)}`, again(command, lab));
    assert.equal(checkOptions(withoutOptions), '');
  });

  it('has every option that the check was called with', () => {
    assert.equal(
      again('waxwing check example.test --only dane', lab),
      "waxwing check example.test --only dane --config '/etc/wax wing.toml' --resolver 127.0.0.53:5353 --resolver 9.9.9.9" +
        String.raw` --dnssec validate --trust-anchor /tmp/anchor --ca '/tmp/it'\''s.pem'` +
        ' --data /var/lib/waxwing --smtp-port 2525 --https-port 8443 --https-address 127.0.0.80 --depth deep --allow-private',
    );
  });

  it('has those only that the command knows', () => {
    assert.match(again('waxwing advise example.test', lab), / --https-address 127\.0\.0\.80$/);
    assert.match(again('waxwing resolve mx.example.test A', lab), / --ca \S+$/);
    assert.equal(again('waxwing check example.test', withoutOptions), 'waxwing check example.test');
  });

  it('asks the same resolver where that is plain DNS', () => {
    const dig = (resolver: string): string =>
      again('dig +short example.test MX', calledWith({ flags: { resolver: [resolver] } }, []));
    assert.equal(dig('127.0.0.1'), 'dig @127.0.0.1 +short example.test MX');
    assert.equal(dig('127.0.0.1:53'), 'dig @127.0.0.1 -p 53 +short example.test MX');
    assert.equal(dig('2001:db8::1'), 'dig @2001:db8::1 +short example.test MX');
    assert.equal(dig('[2001:db8::1]:54'), 'dig @2001:db8::1 -p 54 +short example.test MX');
    for (const other of ['tls://9.9.9.9', 'https://dns.example.net/dns-query', '9.9.9.9; reboot'])
      assert.equal(dig(other), 'dig +short example.test MX');
    assert.equal(
      again('curl -i https://mta-sts.example.test/', lab),
      'curl -i https://mta-sts.example.test/',
    );
  });

  it('leaves every value one word of a shell', () => {
    const value = fc.string({ unit: fc.constantFrom(...Array.from(` '"\\$\`;&|*~#a-`)) });
    fc.assert(
      fc.property(value, (ca) => {
        const command = again('waxwing check a', calledWith({ flags: { ca } }, []));
        const words = execFileSync('sh', ['-c', `printf '%s\\0' ${command}`], { encoding: 'utf8' }).split(
          '\0',
        );
        assert.deepEqual(words, ['waxwing', 'check', 'a', '--ca', ca, '']);
      }),
      { numRuns: 60 },
    );
  });
});
