/** `[mta_sts]`: where the policies of others are fetched. */
import { z } from 'zod';
import { parseIpAddress } from '../values.ts';
import { count, text } from './kit.ts';

export const mtaSts = z
  .strictObject({
    https_port: count(1, 65535).default(443).describe('Port of policy hosts.'),
    https_address: text(parseIpAddress, '127.0.0.1')
      .optional()
      .describe('Address of all policy hosts, in place of what DNS says of them: for tests.'),
  })
  .prefault({})
  .describe('Where the MTA-STS policies of other domains are fetched.');
