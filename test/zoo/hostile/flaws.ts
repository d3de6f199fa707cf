/** Servers that are wrong in a way that no real program of today is. */

import { type CertificateKind, zooCertificate } from '../certificates.ts';
import { type HostileCase, hostile } from '../hostile-case.ts';
import { smtp } from '../hostile-smtp.ts';

const noStartTls = ['PIPELINING', '8BITMIME'];

export const flawCases: readonly HostileCase[] = [
  hostile({ name: 'right', shows: 'all in order', behave: smtp() }),
  hostile({
    name: 'injection',
    shows: 'runs inside TLS what came in clear',
    behave: smtp({ leftover: 'kept' }),
  }),
  hostile({
    name: 'state-kept',
    shows: 'goes on inside TLS with what was begun in clear',
    behave: smtp({ keepsState: true }),
  }),
  hostile({
    name: 'plaintext-after-220',
    shows: 'plaintext behind the go-ahead',
    behave: smtp({
      upgrade: async (talk) => {
        talk.say('250 mx.zoo.test of somebody else\r\n');
        await talk.secure();
      },
    }),
  }),
  hostile({
    name: 'masked',
    shows: 'a firewall has written over STARTTLS',
    behave: smtp({
      offers: ['PIPELINING', 'XXXXXXXA', '8BITMIME'],
      answer: (verb) => (verb === 'STARTTLS' ? '500 5.5.1 unrecognized command\r\n' : undefined),
    }),
  }),
  hostile({
    name: 'masked-banner',
    shows: 'a firewall has written over the greeting and STARTTLS',
    behave: smtp({
      greeting: `220 ${'*'.repeat(60)}\r\n`,
      offers: ['XXXXXXXX', '8BITMIME'],
      answer: (verb) => (verb === 'STARTTLS' ? '500 5.5.1 unrecognized command\r\n' : undefined),
    }),
  }),
  hostile({ name: 'not-offered', shows: 'STARTTLS is not offered', behave: smtp({ offers: noStartTls }) }),
  hostile({
    name: 'refused-454',
    shows: 'STARTTLS is offered and refused for now',
    behave: smtp({ answer: (verb) => (verb === 'STARTTLS' ? '454 4.7.0 TLS not available\r\n' : undefined) }),
  }),
  hostile({
    name: 'refused-500',
    shows: 'STARTTLS is offered and refused for good',
    behave: smtp({ answer: (verb) => (verb === 'STARTTLS' ? '500 5.5.1 what?\r\n' : undefined) }),
  }),
  hostile({
    name: 'bad-reply',
    shows: '250 in answer to STARTTLS',
    behave: smtp({ answer: (verb) => (verb === 'STARTTLS' ? '250 2.0.0 ok\r\n' : undefined) }),
  }),
  hostile({
    name: 'closes-at-handshake',
    shows: 'says go ahead, and closes',
    behave: smtp({ upgrade: async (talk) => talk.end() }),
  }),
  hostile({
    name: 'plaintext-in-handshake',
    shows: 'says go ahead, and answers the ClientHello with an error in clear',
    behave: smtp({
      upgrade: async (talk) => {
        await talk.pause(100);
        talk.say('500 5.5.1 TLS is broken here\r\n');
        await talk.stay();
      },
    }),
  }),
  hostile({
    name: 'alert',
    shows: 'no suite and no version in common',
    behave: smtp({
      tls: { maxVersion: 'TLSv1.2', minVersion: 'TLSv1.2', ciphers: 'AES128-SHA', sigalgs: 'RSA+SHA256' },
    }),
  }),
  hostile({
    name: 'second-upgrade',
    shows: 'takes STARTTLS again inside TLS',
    behave: smtp({ upgradesTwice: true }),
  }),
  hostile({
    name: 'offered-inside',
    shows: 'offers STARTTLS inside TLS',
    behave: smtp({ inside: ['PIPELINING', 'STARTTLS'] }),
  }),
  hostile({
    name: 'hello-fails-inside',
    shows: 'refuses EHLO inside TLS',
    behave: smtp({
      answer: (verb, _, where) => (where === 'inside' && verb === 'EHLO' ? '503 5.5.1 no\r\n' : undefined),
    }),
  }),
  hostile({
    name: 'tls-demanded',
    shows: 'takes mail only inside TLS',
    behave: smtp({
      answer: (verb, _, where) =>
        where === 'clear' && verb === 'MAIL' ? '530 5.7.0 STARTTLS first\r\n' : undefined,
    }),
  }),
  hostile({
    name: 'bare-line-ends',
    shows: 'lines that end with LF alone',
    behave: async (talk) => {
      talk.say('220 mx.zoo.test ESMTP\n');
      await talk.line();
      talk.say('250-mx.zoo.test\n250 STARTTLS\n');
      await talk.stay();
    },
    timeoutMs: 600,
  }),
  hostile({
    name: 'bad-continuation',
    shows: 'the lines of an answer have different codes',
    behave: smtp({ answer: (verb) => (verb === 'EHLO' ? '250-mx.zoo.test\r\n251 STARTTLS\r\n' : undefined) }),
  }),
  hostile({
    name: 'greeting-code',
    shows: 'a greeting with 250',
    behave: smtp({ greeting: '250 mx.zoo.test ready\r\n' }),
  }),
  hostile({
    name: 'nameless-greeting',
    shows: 'a greeting with a name that nobody can look up',
    behave: smtp({ greeting: '220 localhost ESMTP\r\n' }),
  }),
  hostile({
    name: 'late-greeting',
    shows: 'greets after a while',
    behave: async (talk) => {
      await talk.pause(1_500);
      await smtp()(talk);
    },
    depth: 'quick',
  }),
  hostile({
    name: 'helo-only',
    shows: 'knows HELO and no EHLO',
    behave: smtp({ answer: (verb) => (verb === 'EHLO' ? '502 5.5.2 what?\r\n' : undefined) }),
  }),
  hostile({
    name: 'hello-refused',
    shows: 'refuses EHLO and HELO',
    behave: smtp({
      answer: (verb) => (/^(?:EHLO|HELO)$/.test(verb) ? '500 5.5.1 no such command\r\n' : undefined),
    }),
  }),
  hostile({
    name: 'hello-name-refused',
    shows: 'refuses the name that the check says of itself',
    behave: smtp({ answer: (verb) => (/^(?:EHLO|HELO)$/.test(verb) ? '501 5.5.4 bad name\r\n' : undefined) }),
  }),
  hostile({
    name: 'offers-some',
    shows: 'offers STARTTLS on every second connection',
    behave: (talk) => smtp(talk.connection % 2 === 0 ? {} : { offers: noStartTls })(talk),
  }),
  hostile({
    name: 'offers-by-name',
    shows: 'offers STARTTLS to those who say a certain name',
    behave: async (talk) => {
      talk.say('220 mx.zoo.test ESMTP\r\n');
      const hello = await talk.line();
      talk.putBack(`${hello}\r\n`);
      await smtp({ greeting: '', ...(hello.endsWith('scanner.example.test') ? {} : { offers: noStartTls }) })(
        talk,
      );
    },
  }),
  hostile({
    name: 'one-address-without',
    shows: 'the second address does not offer STARTTLS',
    doors: ['v4', 'v4'],
    behave: (talk) => smtp(talk.door === 0 ? {} : { offers: noStartTls })(talk),
  }),
  hostile({
    name: 'ipv6-without',
    shows: 'STARTTLS is offered over IPv4 and not over IPv6',
    doors: ['v4', 'v6'],
    behave: (talk) => smtp(talk.door === 0 ? {} : { offers: noStartTls })(talk),
  }),
  hostile({
    name: 'both-families',
    shows: 'the same over IPv4 and IPv6',
    doors: ['v4', 'v6'],
    behave: smtp(),
  }),
  hostile({
    name: 'two-certificates',
    shows: 'another certificate at the second address',
    doors: ['v4', 'v4'],
    behave: (talk) => smtp(talk.door === 0 ? {} : { tls: other('wrong-name') })(talk),
  }),
  hostile({
    name: 'server-name-needed',
    shows: 'no handshake without the name of the server (SNI)',
    behave: smtp({ tls: { nameless: {} } }),
  }),
  hostile({
    name: 'foreign-alpn',
    shows: 'agrees to speak HTTP (ALPN)',
    behave: smtp({ tls: { ALPNProtocols: ['http/1.1', 'smtp'] } }),
  }),
  hostile({
    name: 'two-certificates-dane',
    shows: 'the TLSA record fits the certificate at one address only',
    doors: ['v4', 'v4'],
    policy: { kind: 'dane', usage: 3, of: 'good' },
    behave: (talk) => smtp(talk.door === 0 ? {} : { tls: other('good-rsa') })(talk),
  }),
  hostile({
    name: 'server-name-dane',
    shows: 'the TLSA record fits the certificate only for those who say whom they want (SNI)',
    policy: { kind: 'dane', usage: 3, of: 'good' },
    behave: smtp({ tls: { nameless: other('good-rsa') } }),
  }),
  hostile({
    name: 'ipv6-only',
    shows: 'an address of IPv6 and none of IPv4',
    doors: ['v6'],
    behave: smtp(),
  }),
  hostile({
    name: 'ipv6-deaf',
    shows: 'nobody listens at the address of IPv6',
    doors: ['v4', 'v6-deaf'],
    behave: smtp(),
  }),
  hostile({
    name: 'late-handshake',
    shows: 'takes its time for the handshake',
    depth: 'quick',
    timeoutMs: 8_000,
    behave: smtp({
      upgrade: async (talk) => {
        await talk.pause(3_200);
        await talk.secure();
      },
    }),
  }),
  hostile({
    name: 'nameless-hello',
    shows: 'says no name in answer to EHLO',
    behave: smtp({
      answer: (verb) => (verb === 'EHLO' ? '250-localhost\r\n250-PIPELINING\r\n250 STARTTLS\r\n' : undefined),
    }),
  }),
  hostile({
    name: 'breaks-inside',
    shows: 'breaks the syntax inside TLS',
    behave: smtp({
      answer: (verb, _, where) =>
        where === 'inside' && verb === 'EHLO' ? '250-mx.zoo.test\n250 8BITMIME\n' : undefined,
    }),
  }),
  hostile({
    name: 'ccm8',
    shows: 'a suite with short tags',
    behave: smtp({
      tls: { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-CCM8:@SECLEVEL=0' },
    }),
  }),
  hostile({
    name: 'submission-in-clear',
    shows: 'takes mail and logins for submission in clear',
    protocol: 'submission',
    behave: smtp({ offers: ['STARTTLS', 'AUTH PLAIN LOGIN'] }),
  }),
  hostile({
    name: 'submission-right',
    shows: 'takes mail for submission only inside TLS',
    protocol: 'submission',
    behave: smtp({
      inside: ['AUTH PLAIN LOGIN'],
      answer: (verb, _, where) =>
        where === 'clear' && verb === 'MAIL' ? '530 5.7.0 STARTTLS first\r\n' : undefined,
    }),
  }),
  hostile({
    name: 'tls10-only',
    shows: 'TLS 1.0 and no later version',
    certificate: 'good-rsa',
    behave: smtp({ tls: { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' } }),
  }),
  hostile({
    name: 'hybrid-group',
    shows: 'a hybrid key exchange',
    behave: smtp({ tls: { ecdhCurve: 'X25519MLKEM768' } }),
  }),
];

function other(kind: CertificateKind): { readonly cert: string; readonly key: string } {
  const { certPem, keyPem } = zooCertificate(kind, 'mx.zoo.test');
  return { cert: certPem, key: keyPem };
}
