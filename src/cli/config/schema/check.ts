/** `[check]`: how `waxwing check` introduces itself, and whom it leaves alone. */
import { z } from 'zod';
import { parseMailDomain } from '../../../names/mailbox.ts';
import { parsePath } from '../values.ts';
import { text } from './kit.ts';

export const check = z
  .strictObject({
    hello: text(parseMailDomain, 'scanner.example.test')
      .optional()
      .describe(
        'Name of this host in EHLO of checks, which has an address and leads back from it. Default: hostname.',
      ),
    opt_out: text(parsePath, 'opt-out.txt')
      .optional()
      .describe(
        'File of those who asked not to be checked: a domain (with all below it), an address, a network or a /pattern/ a line.',
      ),
  })
  .prefault({})
  .describe('How servers are visited by waxwing check.');
