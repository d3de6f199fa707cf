import assert from 'node:assert/strict';
import { it } from 'node:test';
import { suiteListsOf, suitesOf } from '../../../../src/cli/check/suite-list.ts';
import { endpoint, host } from './samples.ts';

const seen = {
  connections: 42,
  versions: [
    { version: 0x0303, suites: [0xc02f, 0x002f], ownOrder: false, unfinished: 'it sent us away' },
    { version: 0x0304, suites: [0x1302], ownOrder: null, unfinished: null },
  ],
};

it('the newest version first, each suite by code and name, with the classes that speak against it', () => {
  assert.deepEqual(suitesOf(seen), {
    connections: 42,
    versions: [
      {
        version: 'TLSv1.3',
        suites: [{ code: '0x1302', name: 'TLS_AES_256_GCM_SHA384', against: [] }],
        ownOrder: null,
        unfinished: null,
      },
      {
        version: 'TLSv1.2',
        suites: [
          { code: '0xC02F', name: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', against: [] },
          { code: '0x002F', name: 'TLS_RSA_WITH_AES_128_CBC_SHA', against: ['cbc', 'no-fs'] },
        ],
        ownOrder: false,
        unfinished: 'it sent us away',
      },
    ],
  });
});

it('in words, one list for each door of which they were listed', () => {
  const endpoints = [endpoint(), endpoint({ suites: suitesOf({ ...seen, connections: 1 }) })];
  assert.deepEqual(suiteListsOf({ hosts: [host({ endpoints })] }), [
    {
      place: 'of 192.0.2.1 port 25, listed by 1 connection beside the others',
      versions: [
        { title: 'TLSv1.3: 1', lines: ['TLS_AES_256_GCM_SHA384'] },
        {
          title: 'TLSv1.2: 2; the server follows the order of the client; not to the end: it sent us away',
          lines: ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_RSA_WITH_AES_128_CBC_SHA (cbc, no-fs)'],
        },
      ],
    },
  ]);
});
