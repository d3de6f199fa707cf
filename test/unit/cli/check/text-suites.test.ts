import assert from 'node:assert/strict';
import { it } from 'node:test';
import { suitesOf } from '../../../../src/cli/check/suite-list.ts';
import { suiteBlocks } from '../../../../src/cli/check/text-suites.ts';
import type { SuitesSeen } from '../../../../src/findings/hello-seen.ts';
import { endpoint, host } from './samples.ts';

const look = { colour: false, unicode: true, width: 80 };

function blocks(suites: SuitesSeen): string {
  return suiteBlocks({ hosts: [host({ endpoints: [endpoint({ suites: suitesOf(suites) })] })] }, look)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

it('the newest version first, and what is to be said against a suite', () => {
  const versions = [
    { version: 0x0301, suites: [0x0005], ownOrder: null, unfinished: null },
    { version: 0x0303, suites: [0xc02f, 0x002f], ownOrder: false, unfinished: 'it sent us away' },
    { version: 0x0304, suites: [0x1302, 0x1301], ownOrder: true, unfinished: null },
  ];
  assert.equal(
    blocks({ connections: 42, versions }),
    [
      'suites of 192.0.2.1 port 25, listed by 42 connections beside the others:',
      '  TLSv1.3: 2, in the order of the server',
      '    TLS_AES_256_GCM_SHA384',
      '    TLS_AES_128_GCM_SHA256',
      '  TLSv1.2: 2; the server follows the order of the client; not to the end: it',
      '    sent us away',
      '    TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
      '    TLS_RSA_WITH_AES_128_CBC_SHA (cbc, no-fs)',
      '  TLSv1: 1',
      '    TLS_RSA_WITH_RC4_128_SHA (rc4, no-fs)',
    ].join('\n'),
  );
});

it('none, and nothing where nothing was listed', () => {
  assert.equal(
    blocks({ connections: 6, versions: [] }),
    'suites of 192.0.2.1 port 25, listed by 6 connections beside the others: none',
  );
  assert.deepEqual(suiteBlocks({ hosts: [host()] }, look), []);
});
