/** Checks of suites of TLS 1.2 and older, which hellos of our own ask for, by id. */
import type { Catalogue, PasteLine } from '../check.ts';
import { forwardSecret, program } from './remedies.ts';

const noAnonymous: readonly PasteLine[] = [
  { for: 'postfix', text: 'smtpd_tls_exclude_ciphers = aNULL' },
  ...forwardSecret.filter((line) => line.for !== 'postfix'),
];

const takeOut = (what: string): string =>
  `Take ${what} out. The lines leave only suites that are sound; whoever has nothing else has no TLS with this server either way that is worth its name.`;

export const suitesChecks = {
  'tls.suite.null': {
    title: 'suites without encryption',
    severity: 'critical',
    why: 'The server agrees to suites that protect nothing from readers. Whoever is on the path of a client that offers one reads all of it, while both sides take it for TLS.',
    fix: [program(takeOut('suites without encryption (NULL)'), forwardSecret)],
    reference: 'RFC 9325 §4.1',
  },
  'tls.suite.export': {
    title: 'suites for export, with keys of 40 or 56 bits',
    severity: 'critical',
    why: 'The server agrees to suites that were made weak by law in the nineties. Whoever is on the path can bring old clients to take one and read along (FREAK, Logjam).',
    fix: [program(takeOut('suites for export'), forwardSecret)],
    reference: 'RFC 9325 §4.1',
  },
  'tls.suite.rc4': {
    title: 'suites with RC4',
    severity: 'high',
    why: 'The server agrees to suites with RC4, whose output gives away what was encrypted when the same text, such as a password, is sent often.',
    fix: [program(takeOut('suites with RC4'), forwardSecret)],
    reference: 'RFC 7465 §2',
  },
  'tls.suite.des': {
    title: 'suites with DES or RC2',
    severity: 'high',
    why: 'The server agrees to suites with DES or RC2, whose keys are found by trying within a day.',
    fix: [program(takeOut('suites with DES and RC2'), forwardSecret)],
    reference: 'RFC 5469 §4, RFC 9325 §4.1',
  },
  'tls.suite.3des': {
    title: 'suites with 3DES or IDEA',
    severity: 'medium',
    why: 'The server agrees to suites whose blocks have 64 bits. Within one long connection so many of them are alike that parts of it can be read (SWEET32).',
    fix: [program(takeOut('suites with 3DES and IDEA'), forwardSecret)],
    reference: 'RFC 9325 §4.1, §4.2',
  },
  'tls.suite.anon': {
    title: 'suites without a certificate',
    severity: 'medium',
    why: 'The server agrees to suites in which it proves nothing of itself. Clients that look at certificates never offer them; one that does talks to whoever answers.',
    fix: [program('Take the anonymous suites out.', noAnonymous)],
    reference: 'RFC 5246 appendix F.1.1.1',
  },
  'tls.suite.no-aead': {
    title: 'suites with authenticated encryption (AEAD)',
    severity: 'medium',
    why: 'Without TLS 1.3 the server has no suite with GCM or ChaCha20-Poly1305. What is left is CBC, which has been attacked again and again.',
    fix: [program('Leave the choice to suites with GCM or ChaCha20-Poly1305.', forwardSecret)],
    reference: 'RFC 9325 §4.2',
  },
  'tls.suite.no-fs': {
    title: 'forward secrecy at all',
    severity: 'high',
    why: 'The server has no suite with keys of its own for each session. Whoever records mail today and gets hold of the key of the server some day reads all of it.',
    fix: [program('Leave the choice to suites with ECDHE.', forwardSecret)],
    reference: 'RFC 9325 §4.1, §4.2',
  },
  'tls.suite.order': {
    title: 'whose order of suites counts',
    severity: 'low',
    why: 'Of all suites that both sides have the server takes the one that the client names first, be it the weakest. A client that was set up carelessly, or is old, gets a weak one although both have better ones.',
    fix: [
      program(
        'Leave only suites that are sound, so that the order does not matter, or let that of the server count.',
        [
          { for: 'postfix', text: 'tls_preempt_cipherlist = yes' },
          ...forwardSecret.filter((line) => line.for !== 'postfix'),
        ],
      ),
    ],
    reference: 'RFC 9325 §4.2.1',
  },
  'tls.suite.count': {
    title: 'suites that are taken, version by version',
    severity: 'info',
    why: 'Each suite more is one more that may turn out to be broken, and hardly any client needs the old ones.',
    fix: [program('Leave only suites that are sound.', forwardSecret)],
    reference: 'RFC 9325 §4.2',
  },
} as const satisfies Catalogue;
