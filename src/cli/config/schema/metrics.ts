/** `[metrics]`: where counters can be read. */
import { z } from 'zod';
import { parseListenAddress } from '../values.ts';
import { text } from './kit.ts';

export const metrics = z
  .strictObject({
    listen: text(parseListenAddress, '127.0.0.1:9464')
      .optional()
      .describe('IP address and port for Prometheus, at /metrics. Default: nowhere.'),
  })
  .prefault({})
  .describe('Where counters can be read.');
