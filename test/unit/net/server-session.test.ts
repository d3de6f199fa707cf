import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { patience } from '../../../src/net/drive.ts';
import { serverPatience } from '../../../src/net/server-session.ts';

const MINUTE = 60_000;

describe('RFC 5321 §4.5.3.2: nobody is given less time than it asks for', () => {
  const waits: readonly (readonly [string, number, number])[] = [
    ['§4.5.3.2.1 the greeting: 5 minutes', patience.phases.greeting, 5 * MINUTE],
    ['§4.5.3.2.2 and .3 MAIL and RCPT: 5 minutes', patience.phases.reply, 5 * MINUTE],
    ['§4.5.3.2.4 DATA: 2 minutes', patience.phases['data-start'], 2 * MINUTE],
    ['§4.5.3.2.5 each block of data: 3 minutes', patience.dataBlock, 3 * MINUTE],
    ['§4.5.3.2.6 the end of the data: 10 minutes', patience.phases['data-end'], 10 * MINUTE],
    ['§4.5.3.2.7 a server for the next command: 5 minutes', serverPatience.command, 5 * MINUTE],
  ];
  for (const [why, given, asked] of waits) it(why, () => assert.ok(given >= asked, `${given} ms`));
});
